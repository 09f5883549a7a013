//! `cargo run --release -p dialer --example pacing -- SCENARIO.json`: a day of calls and
//! agents in virtual time, and what came of it as JSON.
//!
//! The pacing is the code that runs in the dialer; it is told only what a dialer sees. Other
//! rules can be tried on the same day.

mod chart;
mod peers;
mod plot;
mod policy;
mod random;
mod rivals;
mod scenario;
mod simulation;
mod summary;
mod table;

use rivals::Choice;
use scenario::Scenario;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use summary::{OfDay, Summary};
use table::Outputs;

const USAGE: &str = "\
pacing SCENARIO.json [--policy NAME] [--seeds N] [--no-cancel] [--plot FILE.svg]
pacing FOLDER [--seeds N] [--json FILE] [--chart FILE.svg]

A file is one scenario: its days as JSON. A folder is all of its scenarios under all
policies: a table.

  --policy     predictive (default), progressive, old-module, vicidial, vicidial:N, ratio:LINES
  --seeds      so many days; the scenario's own number if not given
  --no-cancel  predictive: calls ring until they are answered or time out
  --plot       draws the first day
  --json       all results
  --chart      draws all policies";

#[derive(Default)]
struct Arguments {
    input: Option<PathBuf>,
    policy: Option<String>,
    seeds: Option<u64>,
    no_cancel: bool,
    plot: Option<PathBuf>,
    outputs: Outputs,
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
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--policy" => arguments.policy = Some(value()?),
            "--seeds" => {
                let seeds = value()?.parse().ok().filter(|seeds| *seeds > 0);
                arguments.seeds = Some(seeds.ok_or("--seeds needs a number from 1 on")?);
            }
            "--no-cancel" => arguments.no_cancel = true,
            "--plot" => arguments.plot = Some(value()?.into()),
            "--json" => arguments.outputs.json = Some(value()?.into()),
            "--chart" => arguments.outputs.chart = Some(value()?.into()),
            _ if word.starts_with('-') => return Err(format!("unknown option {word}")),
            _ if arguments.input.is_some() => {
                return Err(format!("one input only, not {word} too"))
            }
            _ => arguments.input = Some(word.into()),
        }
    }
    Ok(arguments)
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let input = arguments.input.as_deref().ok_or("which scenario?")?;
    let one_only = arguments.policy.is_some() || arguments.no_cancel || arguments.plot.is_some();
    let all_only = arguments.outputs.json.is_some() || arguments.outputs.chart.is_some();
    match input.is_dir() {
        true if one_only => {
            Err("--policy, --no-cancel and --plot are for one scenario, not for a folder"
                .to_owned())
        }
        true => table::run(input, arguments.seeds, &arguments.outputs),
        false if all_only => Err("--json and --chart are for a folder of scenarios".to_owned()),
        false => run_one(input, arguments),
    }
}

fn run_one(path: &Path, arguments: &Arguments) -> Result<(), String> {
    let mut choice = Choice::read(arguments.policy.as_deref().unwrap_or("predictive"))?;
    match &mut choice {
        Choice::Predictive { cancels } => *cancels = !arguments.no_cancel,
        _ if arguments.no_cancel => return Err("--no-cancel is for predictive".to_owned()),
        _ => {}
    }
    let scenario = read(path)?;
    let mut days = Vec::new();
    for seed in 0..arguments.seeds.unwrap_or(scenario.replications) {
        let seed = scenario.seed + seed;
        let day = simulation::simulate(&scenario, choice.policy(&scenario).as_mut(), seed);
        if let Some(path) = arguments.plot.as_ref().filter(|_| days.is_empty()) {
            let svg = plot::svg(&scenario, &choice.name(), &day);
            std::fs::write(path, svg).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        days.push(OfDay::new(seed, &day, scenario.duration_s));
    }
    let summary = Summary {
        scenario: scenario.name.clone(),
        policy: choice.name(),
        target: scenario.target,
        days,
    };
    println!("{:#}", summary.json());
    Ok(())
}

fn read(path: &Path) -> Result<Scenario, String> {
    let in_file = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
    Scenario::read(&text).map_err(in_file)
}
