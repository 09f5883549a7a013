//! `make bench`: how fast the module dials and what that costs, beside bare
//! loops that do nothing but place calls, and beside Asterisk's own ways.

mod harness;

#[path = "bench/campaign.rs"]
mod campaign;
#[path = "bench/compare.rs"]
mod compare;
#[path = "bench/files.rs"]
mod files;
#[path = "bench/floor.rs"]
mod floor;
#[path = "bench/lab.rs"]
mod lab;
#[path = "bench/originate.rs"]
mod originate;
#[path = "bench/run.rs"]
mod run;
#[path = "bench/scale.rs"]
mod scale;
#[path = "bench/spread.rs"]
mod spread;
#[path = "bench/usage.rs"]
mod usage;

use std::process::ExitCode;

use harness::Outcome;
use lab::Tech;
use scale::Scale;

/// Progress, for whoever waits; what was measured goes to stdout at the end.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => { eprintln!($($words)*) };
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("bench: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let is_set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let scale = Scale::of(is_set("QUICK"));
    let comparison = compare::compare(&scale, Tech::Local)?;
    for line in comparison.lines() {
        println!(
            "{:<28} {:>8.0} {:>6.2} {:>8.3} {:>6.2} {:>5.0} {:>5.0}",
            line.name,
            line.rate.median,
            line.rate_ratio.median,
            line.cpu.median,
            line.cpu_ratio.median,
            line.threads.median,
            line.mib.median
        );
    }
    Ok(())
}
