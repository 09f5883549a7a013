//! The floor: bare loops without campaign, store and events, inside of Asterisk.
//! Console commands of a module that was built with `--features bench`.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::harness::process::{ending, run};
use crate::harness::{Asterisk, Outcome};
use crate::lab::{CONTEXT, EXTEN};
use crate::run::{Plan, Way};

const DEADLINE: Duration = Duration::from_secs(120);
const NUMBER: &str = "700000000";

/// Gives the seconds that the loop itself has taken.
pub fn dial(asterisk: &Asterisk, plan: &Plan) -> Outcome<f64> {
    let kind = if plan.way == Way::Engine { "engine" } else { "pbx" };
    let (calls, window) = (plan.calls, plan.window);
    let to = plan.tech.channel(NUMBER);
    let words = asterisk.rx_words();
    let mut program = Command::new(&words[0]);
    let command = format!("_outbound bench {kind} {calls} {window} {to} {EXTEN}@{CONTEXT}");
    program.args(&words[1..]).arg(command);
    let (status, output) = run(program, DEADLINE)?;
    let wrong = |why: &str| Err(format!("_outbound bench {kind}: {why}: {}", output.trim()));
    if !status.success() {
        return wrong(&ending(status));
    }
    let line = output.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    let Ok(answer) = serde_json::from_str::<Value>(line) else {
        return wrong("the module has no such command; `make bench` builds one that has");
    };
    let all = Some(calls as u64);
    match (answer["calls"].as_u64(), answer["answered"].as_u64(), answer["seconds"].as_f64()) {
        (placed, answered, Some(seconds)) if placed == all && answered == all => Ok(seconds),
        _ => wrong("not all calls were answered"),
    }
}
