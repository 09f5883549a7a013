//! Calls without a campaign, a store or events: what the machine can do at most.
//! Hidden console commands, only in a module that is built for `make bench`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::inbox::Inbox;
use super::wall_clock;
use crate::ast::channel::originate;
use crate::ast::cli::{self, CliResult, Command, Commands, Completion, Output, RegisterError};
use crate::ast::thread::{self, JoinHandle};
use dialer::dialer::{CallEvent, IdSource, TimeOrderedIds};
use dialer::domain::{
    Campaign, CampaignId, Destination, DestinationId, DialList, DialListId, Dialing, DialingId,
    DialingParts, Plan, PlanId, Target, TargetId, Timestamp,
};

const ENGINE: &str = "_outbound bench engine";
const PBX: &str = "_outbound bench pbx";
const RING_TIMEOUT_MS: u32 = 30_000;

/// Events that are taken at once.
const EVENTS: usize = 1_000;

/// What both commands take: `COUNT WINDOW TECH/ADDRESS EXTEN@CONTEXT`.
struct Load {
    calls: usize,
    /// Calls that are under way at once.
    window: usize,
    tech: String,
    address: String,
    exten: String,
    context: String,
}

struct Done {
    answered: usize,
    took: Duration,
}

pub fn register() -> Result<Commands, RegisterError> {
    let command = |words, summary| Command {
        words,
        summary,
        usage: format!("Usage: {words} COUNT WINDOW TECH/ADDRESS EXTEN@CONTEXT\n"),
        handler: run,
        complete: nothing,
    };
    cli::register(&[
        command(ENGINE, "Place calls with the module's own engine"),
        command(PBX, "Place calls as AMI Originate does"),
    ])
}

fn nothing(_words: &'static str, _wanted: &Completion) -> Vec<String> {
    Vec::new()
}

fn run(words: &'static str, arguments: &[String], out: &mut Output) -> CliResult {
    let Some(load) = Load::of(arguments) else { return CliResult::ShowUsage };
    let done = match words {
        ENGINE => by_engine(&load),
        _ => by_pbx(&load),
    };
    let Some(Done { answered, took }) = done else { return CliResult::Failure };
    let (calls, seconds) = (load.calls, took.as_secs_f64());
    out.print(&format!("{{\"calls\":{calls},\"answered\":{answered},\"seconds\":{seconds:.6}}}\n"));
    CliResult::Success
}

impl Load {
    fn of(arguments: &[String]) -> Option<Load> {
        let [calls, window, channel, destination] = arguments else { return None };
        let (tech, address) = channel.split_once('/')?;
        let (exten, context) = destination.split_once('@')?;
        Some(Load {
            calls: calls.parse().ok()?,
            window: window.parse().ok().filter(|window| *window > 0)?,
            tech: tech.to_owned(),
            address: address.to_owned(),
            exten: exten.to_owned(),
            context: context.to_owned(),
        })
    }

    /// A dialing that no campaign knows.
    fn dialing(&self) -> Option<Dialing> {
        let now = Timestamp(0);
        let nobody = TimeOrderedIds::default().next_id(now);
        let campaign = Campaign::new(CampaignId(nobody), now);
        let mut plan = Plan::new(PlanId(nobody), now);
        plan.tech = Some(self.tech.clone());
        plan.dial_timeout_ms = RING_TIMEOUT_MS;
        let list = DialList::new(DialListId(nobody), now);
        let mut destination = Destination::new(DestinationId(nobody), now);
        destination.exten = Some(self.exten.clone());
        destination.context = Some(self.context.clone());
        let mut target = Target::new(TargetId(nobody), list.id, now);
        target.numbers[0] = Some(self.address.clone());
        let parts = DialingParts {
            campaign: &campaign,
            plan: &plan,
            list: &list,
            destination: &destination,
            target: &target,
            number_at: 0,
            harbour: None,
            machines: None,
            has_agents: false,
            agent: None,
        };
        Dialing::claim(DialingId(nobody), nobody, &parts, now)
    }
}

/// By an engine of its own, whose events go nowhere.
fn by_engine(load: &Load) -> Option<Done> {
    let dialing = load.dialing()?;
    let inbox = Arc::new(Inbox::default());
    let engine = Engine::start(inbox.clone()).ok()?;
    let mut ids = TimeOrderedIds::default();
    let started = Instant::now();
    let (mut placed, mut ended, mut answered) = (0, 0, 0);
    while ended < load.calls {
        while placed < load.calls && placed - ended < load.window {
            let mut fresh = dialing.clone();
            fresh.claimed_at = wall_clock();
            fresh.id = DialingId(ids.next_id(fresh.claimed_at));
            fresh.other_channel = ids.next_id(fresh.claimed_at);
            engine.place(Arc::new(fresh));
            placed += 1;
        }
        for (_, event) in inbox.take(None, Instant::now(), EVENTS).events {
            match event {
                CallEvent::Answered { .. } => answered += 1,
                CallEvent::Ended { .. } => ended += 1,
                _ => {}
            }
        }
    }
    Some(Done { answered, took: started.elapsed() })
}

/// By Asterisk's own function, on one thread for each call under way.
fn by_pbx(load: &Load) -> Option<Done> {
    let started = Instant::now();
    let (left, answered) = (AtomicUsize::new(load.calls), AtomicUsize::new(0));
    let shared = Arc::new((left, answered));
    let mut threads: Vec<JoinHandle> = Vec::new();
    for _ in 0..load.window {
        let shared = shared.clone();
        let (tech, address) = (load.tech.clone(), load.address.clone());
        let (context, exten) = (load.context.clone(), load.exten.clone());
        let thread = thread::spawn("bench_originate", 0, move || {
            let (left, answered) = &*shared;
            let take = |left: usize| left.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                if originate(&tech, &address, &context, &exten, RING_TIMEOUT_MS as i32) {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        threads.push(thread.ok()?);
    }
    drop(threads);
    Some(Done { answered: shared.1.load(Ordering::Relaxed), took: started.elapsed() })
}
