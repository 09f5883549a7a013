//! `cargo run --release -p dialer --example pacing -- SCENARIO.json`: a day of calls and
//! agents in virtual time, and what came of it as JSON.
//!
//! The pacing is the code that runs in the dialer; it is told only what a dialer sees. Other
//! rules can be tried on the same day.

mod peers;
mod policy;
mod random;
mod rivals;
mod scenario;
mod simulation;
mod summary;

use rivals::Choice;
use scenario::Scenario;
use std::path::PathBuf;
use std::process::ExitCode;
use summary::{OfDay, Summary};

const USAGE: &str = "\
pacing SCENARIO.json [--policy NAME] [--seeds N] [--no-cancel]

  --policy  predictive (default), progressive, old-module, vicidial, vicidial:N, ratio:LINES
  --seeds   so many days; the scenario's own number if not given
  --no-cancel  predictive: calls ring until they are answered or time out";

struct Arguments {
    scenario: PathBuf,
    choice: Choice,
    seeds: Option<u64>,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut words = std::env::args().skip(1);
    let (mut scenario, mut seeds) = (None, None);
    let (mut choice, mut cancels) = (Choice::Predictive { cancels: true }, true);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--policy" => choice = Choice::read(&value()?)?,
            "--seeds" => {
                let count = value()?.parse().map_err(|_| "--seeds needs a number")?;
                seeds = Some(count);
            }
            "--no-cancel" => cancels = false,
            _ if word.starts_with("--") => return Err(format!("unknown option {word}")),
            _ => scenario = Some(PathBuf::from(word)),
        }
    }
    if let Choice::Predictive { cancels: of_choice } = &mut choice {
        *of_choice = cancels;
    }
    Ok(Arguments { scenario: scenario.ok_or("which scenario?")?, choice, seeds })
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let path = &arguments.scenario;
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let scenario = Scenario::read(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let seeds = arguments.seeds.unwrap_or(scenario.replications);
    let days = (0..seeds).map(|seed| {
        let seed = scenario.seed + seed;
        let mut policy = arguments.choice.policy(&scenario);
        let day = simulation::simulate(&scenario, policy.as_mut(), seed);
        OfDay::new(seed, &day, scenario.duration_s)
    });
    let summary = Summary {
        scenario: scenario.name.clone(),
        policy: arguments.choice.name(),
        target: scenario.target,
        days: days.collect(),
    };
    println!("{:#}", summary.json());
    Ok(())
}
