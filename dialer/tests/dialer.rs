//! The dialer in situations that are rare: a clock that is set back, and a
//! dialer that is made anew while its calls are up.

mod bench;

use dialer::dialer::{
    CallEvent, CallOrder, Command, Dialer, Input, Ready, Reply, Settings, TimeOrderedIds,
};
use dialer::domain::{
    control, CallEnd, CampaignId, CampaignPatch, Change, DestinationId, DestinationPatch,
    DialListId, DialListPatch, Dialing, DialingId, EndedBy, PlanId, PlanPatch, StatusRequest,
    TargetPatch, Timestamp,
};
use dialer::store::{Sqlite, Store, Targets};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

const SECOND: i64 = 1_000_000_000;
const START: Timestamp = Timestamp(1_700_000_000 * SECOND);

fn settings() -> Settings {
    Settings { max_dialings: 100, calls_per_second: 1, ..Settings::default() }
}

/// A dialer with one started campaign over three targets.
struct Bench {
    dialer: Dialer,
    store: Sqlite,
    now: Timestamp,
    list: DialListId,
}

impl Bench {
    fn new() -> Bench {
        let mut store = Sqlite::in_memory("test").expect("a store");
        let records = store.load().expect("records");
        let ids = Box::new(TimeOrderedIds);
        let (dialer, _) = Dialer::restore(settings(), ids, records, &HashSet::new(), START);
        let mut bench = Bench { dialer, store, now: START, list: DialListId(Uuid::from_u128(0)) };
        let plan = PlanPatch { tech: Change::Set("Local/".into()), ..PlanPatch::default() };
        let plan = PlanId(bench.create(Command::CreatePlan(plan)));
        let destination = DestinationPatch {
            exten: Change::Set("s".into()),
            context: Change::Set("default".into()),
            ..DestinationPatch::default()
        };
        let destination = DestinationId(bench.create(Command::CreateDestination(destination)));
        bench.list = DialListId(bench.create(Command::CreateList(DialListPatch::default())));
        for number in ["1", "2", "3"] {
            let mut patch = TargetPatch::default();
            patch.numbers[0] = Change::Set(number.to_owned());
            bench.create(Command::CreateTarget(bench.list, patch));
        }
        let campaign = CampaignPatch {
            plan: Change::Set(plan),
            list: Change::Set(bench.list),
            destination: Change::Set(destination),
            ..CampaignPatch::default()
        };
        let campaign = CampaignId(bench.create(Command::CreateCampaign(campaign)));
        let start =
            CampaignPatch { status: Some(StatusRequest::Start), ..CampaignPatch::default() };
        bench.step(Input::Command(Box::new(Command::UpdateCampaign(campaign, start))));
        bench
    }

    fn create(&mut self, command: Command) -> Uuid {
        match self.step(Input::Command(Box::new(command))).reply {
            Some(Reply::Created(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn step(&mut self, input: Input) -> Ready {
        bench::step(&mut self.dialer, &mut self.store, self.now, input)
    }

    /// Calls that a tick asks for.
    fn tick(&mut self) -> Vec<Arc<Dialing>> {
        let ready = self.step(Input::Tick);
        let placed = ready.calls.into_iter().filter_map(|order| match order {
            CallOrder::Place(dialing) => Some(dialing),
            CallOrder::HangUp(_) => None,
        });
        placed.collect()
    }

    fn make_anew(&mut self, live: &[DialingId]) -> Ready {
        let records = self.store.load().expect("records");
        let live = live.iter().copied().collect();
        let ids = Box::new(TimeOrderedIds);
        let (dialer, ready) = Dialer::restore(settings(), ids, records, &live, self.now);
        self.dialer = dialer;
        self.store.begin().expect("a transaction");
        bench::write(&mut self.store, &ready);
        self.store.commit().expect("a commit");
        ready
    }
}

#[test]
fn a_clock_set_back_does_not_stop_dialing() {
    let mut bench = Bench::new();
    assert_eq!(bench.tick().len(), 1);
    assert_eq!(bench.tick().len(), 0, "one call a second");
    bench.now = Timestamp(START.0 - 3_600 * SECOND);
    assert_eq!(bench.tick().len(), 1);
    assert_eq!(bench.tick().len(), 0, "one call a second");
    bench.now = Timestamp(bench.now.0 + SECOND);
    assert_eq!(bench.tick().len(), 1);
}

#[test]
fn live_calls_outlive_their_dialer_and_the_others_are_closed() {
    let mut bench = Bench::new();
    let lost = bench.tick()[0].id;
    bench.now = Timestamp(bench.now.0 + SECOND);
    let kept = bench.tick()[0].id;
    let (at, event) = (bench.now, CallEvent::Answered { dialing: kept });
    bench.step(Input::Call { at, event });

    let ready = bench.make_anew(&[kept]);
    let closed: Vec<_> = ready.results.iter().map(|line| line.dialing).collect();
    assert_eq!(closed, [lost]);
    assert!(ready.results[0].json.contains("\"disposition\":\"interrupted\""));
    assert_eq!(bench.store.counts(bench.list).expect("counts").dialing, 1);

    let end = CallEnd {
        by: EndedBy::Call,
        answered: true,
        last_control: control::ANSWER,
        cause: 16,
        cause_text: "Normal Clearing".into(),
        tech_cause: None,
        amd: None,
    };
    let ready = bench.step(Input::Call { at, event: CallEvent::Ended { dialing: kept, end } });
    assert!(ready.results[0].json.contains("\"disposition\":\"answered\""));
    assert_eq!(bench.store.counts(bench.list).expect("counts").done, 1);
}
