//! All that was measured, and as JSON.

use serde_json::{json, Value};

use crate::compare::Comparison;
use crate::goals::{goals, Goal, Wanted};
use crate::growth::Growth;
use crate::import::Imports;
use crate::latency::Latency;
use crate::machine::Machine;
use crate::ringing::Ringing;
use crate::run::Run;
use crate::spread::Spread;
use crate::usage::Usage;

#[derive(Debug)]
pub struct Results {
    pub machine: Machine,
    pub comparisons: Vec<Comparison>,
    pub ringing: Option<Vec<Ringing>>,
    pub growth: Option<Vec<Growth>>,
    pub imports: Option<Imports>,
    pub latency: Option<Latency>,
    /// Sections that could not be measured, and why.
    pub failed: Vec<String>,
}

impl Results {
    pub fn new(machine: Machine) -> Results {
        Results {
            machine,
            comparisons: Vec::new(),
            ringing: None,
            growth: None,
            imports: None,
            latency: None,
            failed: Vec::new(),
        }
    }

    pub fn json(&self) -> Value {
        let all = |list: Option<Vec<Value>>| list.map_or(Value::Null, Value::Array);
        json!({
            "machine": self.machine.json(),
            "calls": self.comparisons.iter().map(comparison).collect::<Vec<_>>(),
            "ringing": all(self.ringing.as_ref().map(|list| list.iter().map(ringing).collect())),
            "growth": all(self.growth.as_ref().map(|list| list.iter().map(growth).collect())),
            "import": self.imports.as_ref().map(imports),
            "latency": self.latency.as_ref().map(latency),
            "goals": goals(self).iter().map(goal).collect::<Vec<_>>(),
            "failed": self.failed,
        })
    }
}

fn spread(spread: Spread) -> Value {
    json!({"median": spread.median, "min": spread.min, "max": spread.max})
}

fn comparison(comparison: &Comparison) -> Value {
    let lines = comparison.lines().into_iter().map(|line| {
        json!({
            "name": line.name,
            "calls_per_second": spread(line.rate),
            "calls_per_second_to_floor": spread(line.rate_ratio),
            "cpu_s_per_1000_calls": spread(line.cpu),
            "cpu_to_floor": spread(line.cpu_ratio),
            "peak_threads": spread(line.threads),
            "peak_own_threads": spread(line.own_threads),
            "peak_mib": spread(line.mib),
        })
    });
    let runs = |round: &Vec<Run>| round.iter().map(run).collect::<Vec<_>>();
    json!({
        "tech": comparison.tech.name(),
        "calls_per_run": comparison.calls,
        "lines": lines.collect::<Vec<_>>(),
        "rounds": comparison.rounds.iter().map(runs).collect::<Vec<_>>(),
        "far_end_cpu_load": comparison.far_end_load.map(spread),
    })
}

fn run(run: &Run) -> Value {
    json!({
        "way": run.plan.way.name(),
        "window": run.plan.way.has_window().then_some(run.plan.window),
        "events_on": run.plan.with_listener,
        "calls": run.plan.calls,
        "seconds": run.seconds,
        "usage": usage(&run.usage),
    })
}

fn usage(usage: &Usage) -> Value {
    json!({
        "cpu_seconds": usage.cpu_seconds,
        "peak_threads": usage.peak_threads,
        "peak_own_threads": usage.peak_own_threads,
        "start_kib": usage.start_kib,
        "peak_kib": usage.peak_kib,
    })
}

fn ringing(ringing: &Ringing) -> Value {
    json!({
        "legs": ringing.legs,
        "legs_asked_for": ringing.asked.unwrap_or(ringing.legs),
        "ring_seconds": ringing.ring_s,
        "out_seconds": ringing.out_s,
        "at_once": ringing.at_once,
        "seconds": ringing.seconds,
        "lost": ringing.lost,
        "timeouts_late": ringing.late.json(),
        "usage": usage(&ringing.usage),
    })
}

fn growth(growth: &Growth) -> Value {
    json!({
        "targets": growth.targets,
        "import_seconds": growth.import_s,
        "calls_per_second": spread(growth.rate),
        "calls_per_second_to_shortest": spread(growth.rate_ratio),
        "claims": growth.claims.json(),
        "commits": growth.commits.json(),
        "imported_kib": growth.imported_kib,
        "dialled_kib": growth.dialled_kib,
    })
}

fn imports(imports: &Imports) -> Value {
    let beside = imports.beside.iter().map(|beside| {
        json!({
            "calls_per_second_at_most": beside.calls_per_second,
            "calls_per_second_alone": spread(beside.alone),
            "calls_per_second_beside_imports": spread(beside.both),
            "ratio": spread(beside.ratio),
            "rows_per_second": spread(beside.rows),
        })
    });
    json!({
        "rows": imports.rows,
        "import_rows_per_second": imports.idle,
        "export_rows_per_second": imports.exported,
        "beside_a_campaign": beside.collect::<Vec<_>>(),
    })
}

fn latency(latency: &Latency) -> Value {
    json!({
        "live_calls": latency.live,
        "answered_calls": latency.answered,
        "answer_to_start": latency.delays.json(),
    })
}

fn goal(goal: &Goal) -> Value {
    let (key, wanted) = match goal.wanted {
        Wanted::AtLeast(wanted) => ("at_least", wanted),
        Wanted::AtMost(wanted) => ("at_most", wanted),
    };
    json!({"what": goal.what, "measured": goal.measured, key: wanted, "met": goal.is_met()})
}
