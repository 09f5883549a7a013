//! What the tests of the dialer share: a switch without an Asterisk, and a step
//! as the runtime makes it.
// Each suite uses its own part.
#![allow(dead_code)]

pub mod desk;

use dialer::dialer::{
    CallOrder, Command, Dialer, Event, Input, Ready, Refusal, Reply, Settings, Switch,
    TimeOrderedIds, World,
};
use dialer::domain::{
    CampaignId, CampaignPatch, CampaignStatus, Change, DestinationId, DestinationPatch, DialListId,
    DialListPatch, Dialing, DialingId, PlanId, PlanPatch, Route, StatusRequest, TargetPatch,
    TeamName, Timestamp,
};
use dialer::store::{Sqlite, Store};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// Has every extension, application and technology but those named `missing`.
pub struct AnySwitch;

impl Switch for AnySwitch {
    fn check_route(&self, route: &Route) -> Result<(), Refusal> {
        match route {
            Route::Extension { exten, .. } if exten == "missing" => {
                Err(Refusal::of("Exten", "there is no such extension"))
            }
            _ => Ok(()),
        }
    }

    fn has_technology(&self, tech: &str) -> bool {
        tech != "missing"
    }

    fn check_trunk(&self, _tech: &str, trunk: &str) -> Result<(), &'static str> {
        match trunk {
            "missing" => Err("trunk"),
            _ => Ok(()),
        }
    }

    fn check_team(&self, team: &TeamName) -> Result<(), &'static str> {
        match team {
            TeamName::Extension { .. } => Err("hint"),
            _ => Ok(()),
        }
    }
}

/// One step, with its writes in one transaction.
pub fn step(dialer: &mut Dialer, store: &mut Sqlite, now: Timestamp, input: Input) -> Ready {
    store.begin().expect("a transaction");
    let mut world = World { now, targets: store, switch: &AnySwitch };
    let ready = dialer.step(input, &mut world);
    write(store, &ready);
    store.commit().expect("a commit");
    ready
}

/// Makes a step's writes in the open transaction.
pub fn write(store: &mut Sqlite, ready: &Ready) {
    for write in &ready.writes {
        store.apply(write).expect("a write");
    }
}

pub const SECOND: i64 = 1_000_000_000;
pub const START: Timestamp = Timestamp(1_700_000_000 * SECOND);

fn settings() -> Settings {
    Settings { max_dialings: 100, calls_per_second: 1, ..Settings::default() }
}

/// A dialer with one started campaign over three targets.
pub struct Bench {
    pub dialer: Dialer,
    pub store: Sqlite,
    pub now: Timestamp,
    pub plan: PlanId,
    pub destination: DestinationId,
    pub list: DialListId,
    pub campaign: CampaignId,
}

impl Bench {
    pub fn new() -> Bench {
        let mut store = Sqlite::in_memory("test").expect("a store");
        let records = store.load().expect("records");
        let ids = Box::new(TimeOrderedIds::default());
        let (dialer, _) = Dialer::restore(settings(), ids, records, &HashSet::new(), START);
        let nil = Uuid::nil();
        let mut bench = Bench {
            dialer,
            store,
            now: START,
            plan: PlanId(nil),
            destination: DestinationId(nil),
            list: DialListId(nil),
            campaign: CampaignId(nil),
        };
        let plan = PlanPatch { tech: Change::Set("Local/".into()), ..PlanPatch::default() };
        bench.plan = PlanId(bench.create(Command::CreatePlan(plan)));
        let destination = DestinationPatch {
            exten: Change::Set("s".into()),
            context: Change::Set("default".into()),
            ..DestinationPatch::default()
        };
        bench.destination = DestinationId(bench.create(Command::CreateDestination(destination)));
        bench.list = bench.list_of(&["1", "2", "3"]);
        bench.campaign = bench.campaign_over(bench.list);
        bench.request(bench.campaign, StatusRequest::Start).expect("it starts");
        bench
    }

    /// A new list of targets with one number each.
    pub fn list_of(&mut self, numbers: &[&str]) -> DialListId {
        let list = DialListId(self.create(Command::CreateList(DialListPatch::default())));
        for number in numbers {
            let mut patch = TargetPatch::default();
            patch.numbers[0] = Change::Set((*number).to_owned());
            self.create(Command::CreateTarget(list, patch));
        }
        list
    }

    /// A new campaign, stopped.
    pub fn campaign_over(&mut self, list: DialListId) -> CampaignId {
        CampaignId(self.create(Command::CreateCampaign(CampaignPatch {
            plan: Change::Set(self.plan),
            list: Change::Set(list),
            destination: Change::Set(self.destination),
            ..CampaignPatch::default()
        })))
    }

    /// Asks for a status, and gives those that the campaign went through.
    pub fn request(
        &mut self,
        campaign: CampaignId,
        request: StatusRequest,
    ) -> Result<Vec<CampaignStatus>, String> {
        self.update(campaign, CampaignPatch { status: Some(request), ..CampaignPatch::default() })
    }

    pub fn update(
        &mut self,
        campaign: CampaignId,
        patch: CampaignPatch,
    ) -> Result<Vec<CampaignStatus>, String> {
        let ready = self.command(Command::UpdateCampaign(campaign, patch));
        match &ready.reply {
            Some(Reply::Updated) => Ok(statuses(&ready, campaign)),
            Some(Reply::Refused(why)) => Err(why.to_string()),
            other => panic!("{other:?}"),
        }
    }

    pub fn command(&mut self, command: Command) -> Ready {
        self.step(Input::Command(Box::new(command)))
    }

    pub fn create(&mut self, command: Command) -> Uuid {
        match self.command(command).reply {
            Some(Reply::Created(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn step(&mut self, input: Input) -> Ready {
        step(&mut self.dialer, &mut self.store, self.now, input)
    }

    /// Calls that a tick asks for.
    pub fn tick(&mut self) -> Vec<Arc<Dialing>> {
        let ready = self.step(Input::Tick);
        let placed = ready.calls.into_iter().filter_map(|order| match order {
            CallOrder::Place(dialing) => Some(dialing),
            _ => None,
        });
        placed.collect()
    }

    pub fn make_anew(&mut self, live: &[DialingId]) -> Ready {
        let records = self.store.load().expect("records");
        let live = live.iter().copied().collect();
        let ids = Box::new(TimeOrderedIds::default());
        let (dialer, ready) = Dialer::restore(settings(), ids, records, &live, self.now);
        self.dialer = dialer;
        self.store.begin().expect("a transaction");
        write(&mut self.store, &ready);
        self.store.commit().expect("a commit");
        ready
    }
}

/// What a step says that became of a campaign, in order.
pub fn statuses(ready: &Ready, campaign: CampaignId) -> Vec<CampaignStatus> {
    let of_it = ready.events.iter().filter_map(|event| match event {
        Event::Campaign(_, record) if record.id == campaign => Some(record.status),
        _ => None,
    });
    of_it.collect()
}
