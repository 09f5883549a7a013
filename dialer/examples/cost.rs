//! `cargo run --release -p dialer --example cost -- [TARGETS [CALLS [BATCH]]]`: what a
//! call costs the dialer thread, part by part, with no Asterisk in the way.
//!
//! A campaign dials a list in a database file of its own; every call is answered and
//! ends at once. Each round takes what the calls of the round before told, and claims
//! as many again, in one transaction, as the runtime does.

use dialer::dialer::{
    CallEvent, CallOrder, Command, Dialer, Event, Input, Ready, Refusal, Reply, Settings, Switch,
    TimeOrderedIds, World,
};
use dialer::domain::{
    control, CallEnd, CampaignId, CampaignPatch, Change, DestinationId, DestinationKind,
    DestinationPatch, DialListId, DialListPatch, DialingId, EndedBy, PlanId, PlanPatch, Route,
    StatusRequest, TargetPatch, TeamName, Timestamp,
};
use dialer::store::{Records, Sqlite, Store, Write};
use dialer::surface::ami;
use std::collections::HashSet;
use std::time::{Duration, Instant};

struct AnySwitch;

impl Switch for AnySwitch {
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
}

/// What took how long.
#[derive(Default)]
struct Spent {
    steps: Duration,
    writes: Duration,
    commits: Duration,
    wording: Duration,
}

struct Run {
    dialer: Dialer,
    store: Sqlite,
    now: Timestamp,
    spent: Spent,
    delivered: Vec<DialingId>,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let targets: usize = arguments.next().unwrap_or(100_000);
    let calls: usize = arguments.next().unwrap_or(50_000).min(targets);
    let batch: usize = arguments.next().unwrap_or(50);
    let folder = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(&folder.path().join("cost.sqlite3"), "cost").expect("a store");
    let settings =
        Settings { max_dialings: batch, calls_per_second: 1_000_000, ..Settings::default() };
    let now = Timestamp(1_700_000_000_000_000_000);
    let (dialer, _) = Dialer::restore(
        settings,
        Box::new(TimeOrderedIds::default()),
        Records::default(),
        &HashSet::new(),
        now,
    );
    let mut run = Run { dialer, store, now, spent: Spent::default(), delivered: Vec::new() };
    run.prepare(targets);
    let Spent { steps, writes, commits, .. } = std::mem::take(&mut run.spent);
    let imported = (steps + writes + commits).as_secs_f64() * 1e6 / targets as f64;
    println!("Importing a target: {imported:.2} microseconds");
    let done = run.dial(calls);
    let Spent { steps, writes, commits, wording } = run.spent;
    println!("{done} calls of {targets} targets, {batch} at once; microseconds a call:");
    for (name, took) in [
        ("deciding (with reads)", steps),
        ("writing", writes),
        ("committing", commits),
        ("wording events", wording),
        ("all", steps + writes + commits + wording),
    ] {
        println!("  {name:<22} {:8.2}", took.as_secs_f64() * 1e6 / done as f64);
    }
}

impl Run {
    fn prepare(&mut self, targets: usize) {
        let patch = PlanPatch {
            tech: Change::Set("Local/".to_owned()),
            trunk: Change::Set("callee".to_owned()),
            ..PlanPatch::default()
        };
        let plan = PlanId(self.create(Command::CreatePlan(patch)));
        let patch = DestinationPatch {
            kind: Change::Set(DestinationKind::Extension),
            exten: Change::Set("s".to_owned()),
            context: Change::Set("bench".to_owned()),
            ..DestinationPatch::default()
        };
        let destination = DestinationId(self.create(Command::CreateDestination(patch)));
        let list = DialListId(self.create(Command::CreateList(DialListPatch::default())));
        for first in (0..targets).step_by(500) {
            let people = (first..targets.min(first + 500)).map(person).collect();
            self.ask(Command::ImportTargets(list, people));
        }
        let patch = CampaignPatch {
            plan: Change::Set(plan),
            list: Change::Set(list),
            destination: Change::Set(destination),
            ..CampaignPatch::default()
        };
        let campaign = CampaignId(self.create(Command::CreateCampaign(patch)));
        let start =
            CampaignPatch { status: Some(StatusRequest::Start), ..CampaignPatch::default() };
        self.ask(Command::UpdateCampaign(campaign, start));
    }

    fn create(&mut self, command: Command) -> uuid::Uuid {
        match self.ask(command) {
            Reply::Created(id) => id,
            other => panic!("not created: {other:?}"),
        }
    }

    fn ask(&mut self, command: Command) -> Reply {
        let ready = self.round(vec![Input::Command(Box::new(command))]);
        ready.into_iter().find_map(|ready| ready.reply).expect("a reply")
    }

    fn dial(&mut self, calls: usize) -> usize {
        let mut placed: Vec<DialingId> = Vec::new();
        let mut done = 0;
        while done < calls {
            let mut inputs: Vec<Input> =
                placed.drain(..).flat_map(|id| life(id, self.now)).collect();
            done += inputs.len() / LIFE;
            inputs.push(Input::Tick);
            for ready in self.round(inputs) {
                placed.extend(ready.calls.iter().filter_map(|order| match order {
                    CallOrder::Place(dialing) => Some(dialing.id),
                    _ => None,
                }));
            }
        }
        done
    }

    fn round(&mut self, inputs: Vec<Input>) -> Vec<Ready> {
        self.now.0 += 50_000_000;
        self.store.begin().expect("a transaction");
        if !self.delivered.is_empty() {
            let delivered = std::mem::take(&mut self.delivered);
            self.write(&Write::Delivered(delivered));
        }
        let mut all = Vec::new();
        for input in inputs {
            let started = Instant::now();
            let mut world = World { now: self.now, targets: &mut self.store, switch: &AnySwitch };
            let ready = self.dialer.step(input, &mut world);
            self.spent.steps += started.elapsed();
            for write in &ready.writes {
                self.write(write);
            }
            self.delivered.extend(ready.results.iter().map(|line| line.dialing));
            all.push(ready);
        }
        let started = Instant::now();
        self.store.commit().expect("a commit");
        self.spent.commits += started.elapsed();
        let started = Instant::now();
        all.iter().flat_map(|ready| &ready.events).for_each(word);
        self.spent.wording += started.elapsed();
        all
    }

    fn write(&mut self, write: &Write) {
        let started = Instant::now();
        self.store.apply(write).expect("a write");
        self.spent.writes += started.elapsed();
    }
}

fn word(event: &Event) {
    std::hint::black_box(ami::event(event));
}

fn person(at: usize) -> TargetPatch {
    let mut patch = TargetPatch {
        name: Change::Set(format!("Person {at}")),
        user_key: Change::Set(format!("k{at}")),
        ..TargetPatch::default()
    };
    patch.numbers[0] = Change::Set(format!("7{at:08}"));
    patch
}

/// Inputs of one call's [`life`].
const LIFE: usize = 3;

/// What a call tells that is answered and ends at once.
fn life(dialing: DialingId, at: Timestamp) -> [Input; LIFE] {
    let end = CallEnd {
        by: EndedBy::Call,
        answered: true,
        last_control: control::ANSWER,
        cause: 16,
        cause_text: "Normal Clearing".to_owned(),
        tech_cause: None,
        amd: None,
    };
    [
        CallEvent::Begun { dialing, channel_name: "Local/70000000@callee-00000001;1".to_owned() },
        CallEvent::Answered { dialing },
        CallEvent::Ended { dialing, end },
    ]
    .map(|event| Input::Call { at, event })
}
