//! Caps of plans, trunks and the machine: none is ever exceeded, none keeps others from
//! dialing, and the dialer sleeps while all are used up.

mod bench;

use bench::{Bench, SECOND, START};
use dialer::dialer::{
    CallEvent, CallOrder, Command, Input, Ready, Refusal, Reply, Settings, Status, Switch,
    TrunkSettings, World,
};
use dialer::domain::{
    CallEnd, CampaignId, CampaignPatch, Change, DialListId, Dialing, DialingId, EndedBy, PlanId,
    PlanPatch, Route, StatusRequest, TargetId, TeamName, Timestamp,
};
use dialer::pacing::{Reserves, Vitals};
use dialer::store::{Store, Targets};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

const MS: i64 = 1_000_000;

/// What a plan is capped at; the trunk by its number.
#[derive(Debug, Clone)]
struct PlanOf {
    trunk: Option<usize>,
    max_dialings: Option<u32>,
    calls_per_second: Option<u32>,
}

/// Live dialings and calls per second that are allowed.
type Cap = (Option<u32>, Option<u32>);

/// A network in which each call is up for a while, then ends with its trunk's cause.
struct Network {
    bench: Bench,
    plans: Vec<PlanId>,
    campaigns: Vec<CampaignId>,
    coming: BinaryHeap<Reverse<(Timestamp, DialingId)>>,
    up: HashMap<DialingId, Arc<Dialing>>,
    placed: Vec<(Timestamp, Arc<Dialing>)>,
    notices: Vec<String>,
    ticks: usize,
    /// How long calls are up, by how many there were before.
    up_ms: fn(usize) -> i64,
    /// The cause with which a call to this address ends.
    cause: fn(&str, Timestamp) -> i32,
    vitals: Vitals,
}

struct Machine(Vitals);

impl Switch for Machine {
    fn check_route(&self, _route: &Route) -> Result<(), Refusal> {
        Ok(())
    }

    fn has_technology(&self, _tech: &str) -> bool {
        true
    }

    fn check_trunk(&self, _tech: &str, _trunk: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn check_team(&self, team: &TeamName) -> Result<(), &'static str> {
        match team {
            TeamName::Extension { .. } => Err("hint"),
            _ => Ok(()),
        }
    }

    fn vitals(&self) -> Vitals {
        self.0
    }
}

impl Network {
    fn new(settings: Settings) -> Network {
        let mut bench = Bench::new();
        bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
        bench.dialer.configure(settings, START);
        Network {
            bench,
            plans: Vec::new(),
            campaigns: Vec::new(),
            coming: BinaryHeap::new(),
            up: HashMap::new(),
            placed: Vec::new(),
            notices: Vec::new(),
            ticks: 0,
            up_ms: |_| 100,
            cause: |_, _| 17,
            vitals: Vitals::default(),
        }
    }

    fn plan(&mut self, plan: &PlanOf) -> PlanId {
        let set = |cap: Option<u32>| cap.map_or(Change::Keep, Change::Set);
        let mut patch = PlanPatch {
            tech: Change::Set("Local/".into()),
            trunk: plan.trunk.map_or(Change::Keep, |at| Change::Set(format!("trunk{at}"))),
            max_dialings: set(plan.max_dialings),
            calls_per_second: set(plan.calls_per_second),
            retry_delay_s: Change::Set(0),
            ..PlanPatch::default()
        };
        patch.max_tries[0] = Change::Set(1);
        let id = PlanId(self.bench.create(Command::CreatePlan(patch)));
        self.plans.push(id);
        id
    }

    /// A started campaign over so many targets.
    fn campaign(&mut self, plan: PlanId, targets: usize) -> (CampaignId, DialListId) {
        let numbers: Vec<String> = (0..targets).map(|at| format!("1{at:04}")).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let list = self.bench.list_of(&numbers);
        let id = self.bench.campaign_over(list);
        let patch = CampaignPatch { plan: Change::Set(plan), ..CampaignPatch::default() };
        self.bench.update(id, patch).expect("it has another plan");
        self.bench.request(id, StatusRequest::Start).expect("it starts");
        self.campaigns.push(id);
        (id, list)
    }

    fn step(&mut self, input: Input) -> Ready {
        let store = &mut self.bench.store;
        store.begin().expect("a transaction");
        let switch = Machine(self.vitals);
        let mut world = World { now: self.bench.now, targets: store, switch: &switch };
        let ready = self.bench.dialer.step(input, &mut world);
        bench::write(&mut self.bench.store, &ready);
        self.bench.store.commit().expect("a commit");
        self.notices.extend(ready.notices.iter().cloned());
        for order in &ready.calls {
            if let CallOrder::Place(dialing) = order {
                let up_ms = (self.up_ms)(self.placed.len());
                let at = Timestamp(self.bench.now.0 + up_ms * MS);
                self.coming.push(Reverse((at, dialing.id)));
                self.up.insert(dialing.id, dialing.clone());
                self.placed.push((self.bench.now, dialing.clone()));
            }
        }
        ready
    }

    /// Goes on until this time, or until nothing more happens; `check` after each step.
    fn run_until(&mut self, end: Timestamp, check: impl Fn(&Network)) {
        loop {
            let call = self.coming.peek().map(|Reverse((at, _))| *at);
            let wake = self.bench.dialer.wake_at();
            let next = [call, wake].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.bench.now = self.bench.now.max(next);
            if wake.is_some_and(|at| at <= self.bench.now) {
                self.ticks += 1;
                self.step(Input::Tick);
            } else if let Some(Reverse((at, id))) = self.coming.pop() {
                let dialing = self.up.remove(&id).expect("a call that is up");
                let cause = (self.cause)(&dialing.copy.address, self.bench.now);
                let event = CallEvent::Ended { dialing: id, end: refused(cause) };
                self.step(Input::Call { at, event });
            }
            check(self);
        }
    }

    fn of_trunk(&self, trunk: usize) -> Vec<Timestamp> {
        let end = format!("@trunk{trunk}");
        let of = |(_, dialing): &&(Timestamp, Arc<Dialing>)| dialing.copy.address.ends_with(&end);
        self.placed.iter().filter(of).map(|(at, _)| *at).collect()
    }

    fn status(&mut self) -> Status {
        match self.step(Input::Command(Box::new(Command::ShowStatus))).reply {
            Some(Reply::Status(status)) => status,
            other => panic!("{other:?}"),
        }
    }

    fn explain(&mut self, target: TargetId) -> String {
        match self.step(Input::Command(Box::new(Command::Explain(target)))).reply {
            Some(Reply::Explained(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    /// A target of this list that waits for its turn.
    fn waiting(&mut self, list: DialListId) -> TargetId {
        let now = self.bench.now;
        let ready = self.bench.store.ready(list, now, 100).expect("targets");
        ready.last().expect("one that waits").id
    }
}

fn refused(cause: i32) -> CallEnd {
    CallEnd {
        by: EndedBy::Call,
        answered: false,
        last_control: 0,
        cause,
        cause_text: String::new(),
        tech_cause: None,
        amd: None,
    }
}

/// Most calls of any span of so long.
fn most_within(times: &[Timestamp], span_ms: i64) -> usize {
    let ends = times.iter().enumerate();
    ends.map(|(at, end)| times[..=at].iter().filter(|time| time.0 > end.0 - span_ms * MS).count())
        .max()
        .unwrap_or(0)
}

fn assert_smooth(times: &[Timestamp], per_second: u32, what: &str) {
    let per_second = per_second as usize;
    for (span_ms, most) in [(1_000, per_second), (100, per_second.div_ceil(10))] {
        // What a call may come early, and be caught up.
        let most = most + per_second * 45 / 1_000 + 2;
        let found = most_within(times, span_ms);
        assert!(found <= most, "{what}: {found} calls in {span_ms} ms at {per_second} a second");
    }
}

fn cap() -> impl Strategy<Value = Cap> {
    (proptest::option::of(1_u32..6), proptest::option::of(1_u32..30))
}

fn plan() -> impl Strategy<Value = PlanOf> {
    (proptest::option::of(0_usize..3), cap()).prop_map(
        |(trunk, (max_dialings, calls_per_second))| PlanOf {
            trunk,
            max_dialings,
            calls_per_second,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_cap_is_exceeded_and_nobody_starves(
        all in (1_usize..12, 1_u32..60),
        trunks in proptest::collection::vec(cap(), 3),
        plans in proptest::collection::vec(plan(), 1..4),
        campaigns in proptest::collection::vec((0_usize..4, 1_usize..12), 1..6),
    ) {
        let named = trunks.iter().enumerate().map(|(at, (max_dialings, calls_per_second))| {
            let (max_dialings, calls_per_second) = (*max_dialings, *calls_per_second);
            let trunk = TrunkSettings { max_dialings, calls_per_second, ..Default::default() };
            (format!("trunk{at}"), trunk)
        });
        let mut network = Network::new(Settings {
            max_dialings: all.0,
            calls_per_second: all.1,
            trunks: named.collect(),
            ..Settings::default()
        });
        network.up_ms = |at| 50 + (at as i64 * 7_919) % 3_000;
        let ids: Vec<PlanId> = plans.iter().map(|plan| network.plan(plan)).collect();
        let mut targets = 0;
        for (plan, count) in &campaigns {
            network.campaign(ids[plan % ids.len()], *count);
            targets += count;
        }
        let by_id: BTreeMap<_, _> = ids.iter().zip(&plans).collect();
        network.run_until(Timestamp(START.0 + 3_600 * SECOND), |network| {
            assert!(network.up.len() <= all.0);
            for (id, plan) in &by_id {
                let live = network.up.values().filter(|call| call.plan == **id).count();
                assert!(plan.max_dialings.is_none_or(|most| live <= most as usize), "{plan:?}");
            }
            for (at, (most, _)) in trunks.iter().enumerate() {
                let end = format!("@trunk{at}");
                let live =
                    network.up.values().filter(|call| call.copy.address.ends_with(&end)).count();
                assert!(most.is_none_or(|most| live <= most as usize), "trunk{at}");
            }
        });
        prop_assert_eq!(network.placed.len(), targets, "somebody was never dialled");
        let times: Vec<_> = network.placed.iter().map(|(at, _)| *at).collect();
        assert_smooth(&times, all.1, "all");
        for (at, (_, rate)) in trunks.iter().enumerate() {
            rate.inspect(|rate| assert_smooth(&network.of_trunk(at), *rate, "trunk"));
        }
        for (id, plan) in &by_id {
            let of = network.placed.iter().filter(|(_, call)| call.plan == **id);
            let times: Vec<_> = of.map(|(at, _)| *at).collect();
            plan.calls_per_second.inspect(|rate| assert_smooth(&times, *rate, "plan"));
        }
        // One for each call, one for each end that opens a cap, a few for lists that are dry.
        let most = 3 * targets + 4 * campaigns.len() + 10;
        prop_assert!(network.ticks <= most, "{} ticks for {targets} calls", network.ticks);
    }
}

fn fast() -> Settings {
    Settings { max_dialings: 1_000, calls_per_second: 200, ..Settings::default() }
}

const OVER: fn(usize) -> PlanOf =
    |trunk| PlanOf { trunk: Some(trunk), max_dialings: None, calls_per_second: None };

#[test]
fn campaigns_of_one_slow_trunk_take_turns_beside_one_of_a_fast_trunk() {
    let trunk = TrunkSettings { calls_per_second: Some(2), ..TrunkSettings::default() };
    let trunks = [("trunk0".to_owned(), trunk)].into();
    let mut network = Network::new(Settings { trunks, ..fast() });
    let (slow, fast) = (network.plan(&OVER(0)), network.plan(&OVER(1)));
    let (one, _) = network.campaign(slow, 100);
    let (two, _) = network.campaign(slow, 100);
    network.campaign(fast, 1_500);
    network.run_until(Timestamp(START.0 + 10 * SECOND), |_| {});
    let of = |id| network.placed.iter().filter(|(_, call)| call.campaign == id).count();
    assert!((9..=12).contains(&of(one)) && of(one).abs_diff(of(two)) <= 1);
    assert_eq!(network.of_trunk(1).len(), 1_500, "the fast trunk waits for nobody");
}

#[test]
fn a_congested_trunk_backs_off_alone_and_comes_back() {
    let mut network = Network::new(Settings { calls_per_second: 40, ..fast() });
    network.cause = |address, now| {
        let is_congested = (START.0 + 10 * SECOND..START.0 + 40 * SECOND).contains(&now.0);
        match address.ends_with("@trunk0") && is_congested {
            true => 34,
            false => 17,
        }
    };
    let plans = [network.plan(&OVER(0)), network.plan(&OVER(1))];
    let (_, list) = network.campaign(plans[0], 2_000);
    network.campaign(plans[1], 4_000);
    network.run_until(Timestamp(START.0 + 35 * SECOND), |_| {});

    let status = network.status();
    let of = |name: &str| status.trunks.iter().find(|trunk| trunk.name == name).cloned();
    let (pace, _) = of("trunk0").and_then(|trunk| trunk.back_off).expect("it backs off");
    assert_eq!(pace.to_string(), "0.2");
    assert_eq!(of("trunk1").expect("it is in use").back_off, None);
    let target = network.waiting(list);
    let why = network.explain(target);
    assert!(why.starts_with("the trunk trunk0 backs off after congestion: 0.2 calls"), "{why}");

    network.run_until(Timestamp(START.0 + 70 * SECOND), |_| {});
    let second = |trunk, from: i64, to: i64| {
        let times = network.of_trunk(trunk);
        let span = START.0 + from * SECOND..START.0 + to * SECOND;
        times.iter().filter(|at| span.contains(&at.0)).count()
    };
    assert!(second(0, 25, 40) <= 5, "one call in five seconds");
    assert!(second(1, 25, 40) >= 15 * 36, "the other one goes on, with what is left");
    assert!(second(0, 65, 70) >= 80, "it is back: {}", second(0, 65, 70));
    let began = "The trunk trunk0 refuses calls for congestion and backs off: ";
    let notices = network.notices.iter().filter(|notice| notice.starts_with("The trunk "));
    let notices: Vec<_> = notices.collect();
    assert!(notices[0].starts_with(began), "{notices:?}");
    assert_eq!(notices[1..], ["The trunk trunk0 takes calls again: it is back to normal"]);
    // Refused calls are tries like others.
    assert!(network.placed.iter().all(|(_, call)| call.try_count == 1));
}

#[test]
fn each_cap_has_its_reason() {
    let trunk = TrunkSettings { max_dialings: Some(1), ..TrunkSettings::default() };
    let slow = TrunkSettings { calls_per_second: Some(1), ..TrunkSettings::default() };
    let trunks = [("trunk0".to_owned(), trunk), ("trunk1".to_owned(), slow)].into();
    let mut network = Network::new(Settings { trunks, ..fast() });
    network.up_ms = |_| 60_000;
    let of = |max_dialings, calls_per_second| PlanOf { max_dialings, calls_per_second, ..OVER(2) };
    let cases = [
        (OVER(0), "all 1 dialings that max_dialings of the trunk trunk0 allows are live"),
        (OVER(1), "calls_per_second of the trunk trunk1, which is 1, leaves none just now"),
        (of(Some(2), None), "all 2 dialings that MaxDialings of plan"),
        (of(None, Some(1)), "CallsPerSecond of plan"),
    ];
    let lists = cases.clone().map(|(plan, _)| {
        let plan = network.plan(&plan);
        network.campaign(plan, 8).1
    });
    network.run_until(Timestamp(START.0 + SECOND / 10), |_| {});
    for ((_, wanted), list) in cases.iter().zip(lists) {
        let target = network.waiting(list);
        let why = network.explain(target);
        assert!(why.starts_with(wanted), "{why}");
    }
}

#[test]
fn a_plan_without_its_cap_goes_on_at_once_and_live_calls_stay() {
    let mut network = Network::new(fast());
    network.up_ms = |_| 60_000;
    let plan = network.plan(&PlanOf { max_dialings: Some(2), ..OVER(0) });
    network.campaign(plan, 20);
    network.run_until(Timestamp(START.0 + SECOND), |_| {});
    assert_eq!((network.up.len(), network.bench.dialer.wake_at()), (2, None), "it sleeps");
    let patch = PlanPatch { max_dialings: Change::Clear, ..PlanPatch::default() };
    network.step(Input::Command(Box::new(Command::UpdatePlan(plan, patch))));
    network.run_until(Timestamp(START.0 + 2 * SECOND), |_| {});
    assert_eq!(network.up.len(), 20);
    let trunk = TrunkSettings { max_dialings: Some(5), ..TrunkSettings::default() };
    let trunks = [("trunk0".to_owned(), trunk)].into();
    network.bench.dialer.configure(Settings { trunks, ..fast() }, network.bench.now);
    network.campaign(plan, 3);
    network.run_until(Timestamp(START.0 + 3 * SECOND), |_| {});
    assert_eq!(network.up.len(), 20, "none is hung up, and none goes out");
}

#[test]
fn a_busy_machine_holds_dialing_back_until_it_is_free() {
    let reserves = Reserves { max_load: Some(200), calls: 2, ..Reserves::default() };
    let mut network = Network::new(Settings { reserves, ..fast() });
    network.up_ms = |_| 600_000;
    network.vitals = Vitals { load: 310, max_calls: Some(10), ..Vitals::default() };
    let plan = network.plan(&OVER(0));
    let (_, list) = network.campaign(plan, 50);
    network.run_until(Timestamp(START.0 + 10 * SECOND), |_| {});
    assert_eq!(network.placed.len(), 0);
    assert!(network.ticks <= 12, "it looks once a second: {}", network.ticks);
    let held = "max_load: the load is 3.10, allowed is 2.00";
    assert_eq!(network.status().ceiling.map(|c| c.to_string()), Some(held.to_owned()));
    let target = network.waiting(list);
    assert_eq!(network.explain(target), format!("nothing is dialled just now because of {held}"));

    // Three others talk, two are kept for them: five are left, counted while they ring.
    network.vitals = Vitals { load: 100, calls: 3, ..network.vitals };
    network.run_until(Timestamp(START.0 + 20 * SECOND), |_| {});
    assert_eq!(network.placed.len(), 5);
    network.vitals = Vitals { max_calls: None, ..network.vitals };
    network.run_until(Timestamp(START.0 + 30 * SECOND), |_| {});
    assert_eq!((network.placed.len(), network.status().ceiling), (50, None));
}
