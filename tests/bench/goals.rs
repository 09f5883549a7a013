//! What the module is meant to reach, beside what was measured.

use crate::compare::{Comparison, Subject};
use crate::growth::Growth;
use crate::import::Imports;
use crate::lab::Tech;
use crate::results::Results;
use crate::ringing::Ringing;

const OWN_THREADS: f64 = 16.0;
const LATE_MS: f64 = 50.0;
const MOST_LEGS: usize = 4_500;
const GROWTH_MIB: f64 = 64.0;

#[derive(Debug)]
pub struct Goal {
    pub what: String,
    pub measured: f64,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub fn is_met(&self) -> bool {
        match self.wanted {
            Wanted::AtLeast(wanted) => self.measured >= wanted,
            Wanted::AtMost(wanted) => self.measured <= wanted,
        }
    }
}

fn at_least(what: impl Into<String>, measured: f64, wanted: f64) -> Goal {
    Goal { what: what.into(), measured, wanted: Wanted::AtLeast(wanted) }
}

fn at_most(what: impl Into<String>, measured: f64, wanted: f64) -> Goal {
    Goal { what: what.into(), measured, wanted: Wanted::AtMost(wanted) }
}

/// The goals of which something was measured.
pub fn goals(results: &Results) -> Vec<Goal> {
    let mut goals: Vec<Goal> = results.comparisons.iter().flat_map(of_calls).collect();
    goals.extend(
        results
            .ringing
            .iter()
            .flatten()
            .max_by_key(|of| of.legs)
            .map(of_ringing)
            .into_iter()
            .flatten(),
    );
    goals.extend(results.growth.as_deref().map(of_growth).into_iter().flatten());
    goals.extend(results.imports.as_ref().map(of_imports).into_iter().flatten());
    goals
}

fn of_calls(comparison: &Comparison) -> Vec<Goal> {
    let tech = comparison.tech.name();
    let rate = if comparison.tech == Tech::Local { 0.90 } else { 0.95 };
    let mut goals = Vec::new();
    for events_on in [false, true] {
        let line = comparison.line(Subject::Ours, events_on);
        let events = if events_on { ", events on" } else { "" };
        let what = format!("{tech}{events}: calls/s, ours to floor");
        goals.push(at_least(what, line.rate_ratio.median, rate));
        let what = format!("{tech}{events}: CPU per call, ours to floor");
        goals.push(at_most(what, line.cpu_ratio.median, 1.15));
    }
    if comparison.tech == Tech::Local {
        let to = |peer| comparison.ours_to(peer).median;
        goals.push(at_least("Local: calls/s, ours to AMI Originate", to(Subject::Originate), 2.0));
        goals.push(at_least("Local: calls/s, ours to call files", to(Subject::Files), 1.3));
    }
    goals
}

fn of_ringing(ringing: &Ringing) -> Vec<Goal> {
    let threads = ringing.usage.peak_own_threads as f64;
    let legs = format!("{} legs ringing", ringing.legs);
    vec![
        at_least("Legs ringing at a time", ringing.at_once as f64, MOST_LEGS as f64),
        at_most(format!("{legs}: threads of the module"), threads, OWN_THREADS),
        at_most(format!("{legs}: legs lost"), ringing.lost as f64, 0.0),
        at_most(format!("{legs}: latest timeout, ms"), ringing.late.all, LATE_MS),
    ]
}

fn of_growth(growth: &[Growth]) -> Vec<Goal> {
    let (Some(short), Some(long)) = (growth.first(), growth.last()) else { return Vec::new() };
    let between = format!("{} targets to {}", long.targets, short.targets);
    vec![
        at_least(format!("{between}: calls/s"), long.rate_ratio.median, 0.95),
        at_most(
            format!("{between}: claim, 99 % within"),
            long.claims.most / short.claims.most,
            2.0,
        ),
        at_most(format!("{between}: memory, MiB more"), long.mib_more_than(short), GROWTH_MIB),
    ]
}

fn of_imports(imports: &Imports) -> Vec<Goal> {
    let mut goals = vec![at_least("Import: targets/s", imports.idle, 50_000.0)];
    for beside in &imports.beside {
        let cap = beside.calls_per_second;
        let what = format!("Campaign (at most {cap}/s) beside imports, to alone");
        goals.push(at_least(what, beside.ratio.median, 0.8));
    }
    goals
}
