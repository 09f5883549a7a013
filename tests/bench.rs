//! `make bench`: how fast the module dials and what that costs, beside bare
//! loops that do nothing but place calls, and beside Asterisk's own ways.
//!
//! Every run has a private Asterisk on loopback, with nothing of the runs before
//! it; what is compared is measured in turns. Progress goes to stderr, tables to
//! stdout, everything to `target/bench.json`, the main figures as a picture to
//! `target/bench.svg`. The exit status says whether it could be measured, not
//! whether the goals are met.
//!
//! Environment: `QUICK` for a short one; `SECTION`, one of [`Section`]'s names,
//! for only that one.

mod harness;

#[path = "bench/compare.rs"]
mod compare;
#[path = "bench/files.rs"]
mod files;
#[path = "bench/floor.rs"]
mod floor;
#[path = "bench/goals.rs"]
mod goals;
#[path = "bench/growth.rs"]
mod growth;
#[path = "bench/import.rs"]
mod import;
#[path = "bench/lab.rs"]
mod lab;
#[path = "bench/latency.rs"]
mod latency;
#[path = "bench/machine.rs"]
mod machine;
#[path = "bench/module.rs"]
mod module;
#[path = "bench/originate.rs"]
mod originate;
#[path = "bench/picture.rs"]
mod picture;
#[path = "bench/report.rs"]
mod report;
#[path = "bench/results.rs"]
mod results;
#[path = "bench/ringing.rs"]
mod ringing;
#[path = "bench/run.rs"]
mod run;
#[path = "bench/scale.rs"]
mod scale;
#[path = "bench/spread.rs"]
mod spread;
#[path = "bench/usage.rs"]
mod usage;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use harness::rootfs::project;
use harness::signals::StopRequest;
use harness::Outcome;
use lab::Tech;
use machine::Machine;
use results::Results;
use scale::Scale;

/// Progress, for whoever waits.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => { eprintln!($($words)*) };
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Calls(Tech),
    Ringing,
    Growth,
    Import,
    Latency,
}

impl Section {
    const ALL: [(&'static str, Section); 6] = [
        ("local", Section::Calls(Tech::Local)),
        ("pjsip", Section::Calls(Tech::Pjsip)),
        ("ringing", Section::Ringing),
        ("growth", Section::Growth),
        ("import", Section::Import),
        ("latency", Section::Latency),
    ];

    fn headline(self) -> &'static str {
        match self {
            Section::Calls(Tech::Local) => {
                "Calls over Local: bare loops, ours, AMI Originate, files"
            }
            Section::Calls(Tech::Pjsip) => "Calls over PJSIP to SIPp: the same",
            Section::Ringing => "Legs that ring at the same time",
            Section::Growth => "Short and long lists",
            Section::Import => "Import and export, also while a campaign dials",
            Section::Latency => "From answer to destination",
        }
    }

    fn measure(self, scale: &Scale, results: &mut Results) -> Outcome<()> {
        match self {
            Section::Calls(tech) => results.comparisons.push(compare::compare(scale, tech)?),
            Section::Ringing => results.ringing = Some(ringing::measure(scale)?),
            Section::Growth => results.growth = Some(growth::measure(scale)?),
            Section::Import => results.imports = Some(import::measure(scale)?),
            Section::Latency => results.latency = Some(latency::measure(scale)?),
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    lab::watch(StopRequest::watch());
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("bench: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// True if all of it could be measured.
fn run() -> Outcome<bool> {
    let started = Instant::now();
    let scale = Scale::of(variable("QUICK").is_some());
    let sections = sections(variable("SECTION").as_deref())?;
    let mut results = Results::new(Machine::look()?);
    say!("{}", results.machine.words());
    for (name, section) in sections {
        say!("{} ({} s so far)", section.headline(), started.elapsed().as_secs());
        if let Err(trouble) = section.measure(&scale, &mut results) {
            say!("  {trouble}");
            results.failed.push(format!("{name}: {trouble}"));
        }
    }
    println!("\n{}", report::tables(&results));
    let json = serde_json::to_string_pretty(&results.json()).map_err(|why| why.to_string())?;
    println!("All of it: {}", write("bench.json", &(json + "\n"))?.display());
    if !results.comparisons.is_empty() {
        let picture = picture::picture(&results.comparisons);
        println!("Picture:   {}", write("bench.svg", &picture)?.display());
    }
    say!("It took {} s", started.elapsed().as_secs());
    Ok(results.failed.is_empty())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn sections(wanted: Option<&str>) -> Outcome<Vec<(&'static str, Section)>> {
    let Some(wanted) = wanted else { return Ok(Section::ALL.to_vec()) };
    let section = Section::ALL.iter().find(|(name, _)| *name == wanted);
    let names = Section::ALL.map(|(name, _)| name).join(", ");
    let section = section.ok_or_else(|| format!("SECTION={wanted}: not one of {names}"))?;
    Ok(vec![*section])
}

/// Writes a file into the target folder.
fn write(name: &str, text: &str) -> Outcome<PathBuf> {
    let folder =
        variable("CARGO_TARGET_DIR").map_or_else(|| project().join("target"), PathBuf::from);
    let path = folder.join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(&path, text).map_err(failed)?;
    Ok(path)
}
