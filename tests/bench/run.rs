//! One run: so many calls in one way, on an Asterisk of its own.

use std::time::Instant;

use crate::harness::load::{check_events, LineCount, Results};
use crate::harness::{Asterisk, Listener, Outcome, Sipp};
use crate::lab::{self, Caps, Tech};
use crate::usage::{Meter, Usage};
use crate::{files, floor, originate};

/// A way to have calls placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A bare loop around the module's own engine.
    Engine,
    /// A bare loop around `ast_pbx_outgoing_exten`.
    Pbx,
    /// A campaign, with all that belongs to it.
    Ours,
    /// AMI Originate.
    Originate,
    /// Files in Asterisk's spool folder.
    Files,
}

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub way: Way,
    pub tech: Tech,
    pub calls: usize,
    /// Calls that are under way at a time; a campaign has its own caps.
    pub window: usize,
    /// Whether a manager client listens to all events.
    pub with_listener: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub plan: Plan,
    pub seconds: f64,
    pub usage: Usage,
}

impl Way {
    /// A campaign keeps its own caps.
    pub fn has_window(self) -> bool {
        self != Way::Ours
    }

    pub fn name(self) -> &'static str {
        match self {
            Way::Engine => "bare loop, engine",
            Way::Pbx => "bare loop, pbx",
            Way::Ours => "ours",
            Way::Originate => "AMI Originate",
            Way::Files => "call files",
        }
    }
}

impl Run {
    pub fn calls_per_second(&self) -> f64 {
        self.plan.calls as f64 / self.seconds
    }

    pub fn cpu_per_1000(&self) -> f64 {
        self.usage.cpu_seconds * 1_000.0 / self.plan.calls as f64
    }
}

/// Starts an Asterisk, has the calls placed, and ends it.
pub fn run(plan: Plan, far_end: Option<&Sipp>) -> Outcome<Run> {
    let mut asterisk = lab::start(Caps::OPEN, far_end.map(|sipp| sipp.port))?;
    let ran = place(&asterisk, plan);
    // What is up, if anything is, is of no use any more.
    asterisk.kill9();
    ran
}

fn place(asterisk: &Asterisk, plan: Plan) -> Outcome<Run> {
    let load = match plan.way {
        Way::Ours => Some(lab::load(asterisk, plan.tech, plan.calls)?),
        _ => None,
    };
    let listener = match plan.with_listener {
        true => Some(Listener::connect(asterisk)?),
        false => None,
    };
    let mut lines = LineCount::of(asterisk.result_file());
    let meter = Meter::start(asterisk.pid());
    let started = Instant::now();
    let seconds = match (&load, plan.way) {
        (Some(load), _) => load.dial(asterisk, &mut lines).map(|()| None),
        (None, Way::Originate) => originate::dial(asterisk, &plan).map(|()| None),
        (None, Way::Files) => files::dial(asterisk, &plan).map(|()| None),
        (None, _) => floor::dial(asterisk, &plan).map(Some),
    };
    let elapsed = started.elapsed().as_secs_f64();
    let usage = meter.stop();
    let seconds = seconds?.unwrap_or(elapsed);
    if let Some(load) = &load {
        load.wait_status(asterisk, 0)?;
        load.check(&Results::of(asterisk, load)?)?;
        listener.map_or(Ok(()), |listener| check_events(&listener, plan.calls))?;
    }
    Ok(Run { plan, seconds, usage })
}
