//! All scenarios under all policies: a table, a file of results, and a chart.

use crate::chart;
use crate::rivals::{vicidial_settings, Choice};
use crate::scenario::Scenario;
use crate::simulation::simulate;
use crate::summary::{OfDay, Summary};
use serde_json::{json, Value};
use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;

/// Occupancy in percent that predictive pacing has to reach at 3 % abandonment, and what it
/// would be if agents never waited.
const GOALS: [(&str, f64, f64); 14] = [
    ("S-A5-p20-T45", 48.7, 74.2),
    ("S-A10-p8-T45", 53.7, 72.8),
    ("S-A10-p20-T180", 77.9, 92.0),
    ("S-A30-p20-T45", 65.7, 74.2),
    ("S-A30-p40-T180", 85.5, 92.2),
    ("D-A30-p20-T45", 64.5, 74.2),
    ("K-A10-p20-T180", 77.6, 92.0),
    ("K-A30-p20-T45", 65.3, 74.2),
    ("M-A30-p20-T45", 63.3, 73.4),
    ("C-A30-p20-T45", 44.3, 74.2),
    ("S-A100-p20-T180", 88.8, 92.0),
    ("D-A100-p20-T180", 88.3, 92.0),
    ("S-A300-p20-T180", 90.9, 92.0),
    ("K-A300-p20-T180", 90.8, 92.0),
];

/// Of a rule's settings the best one counts that keeps this.
const KEPT: f64 = 0.031;

/// Where to write what.
#[derive(Default)]
pub struct Outputs {
    pub json: Option<PathBuf>,
    pub chart: Option<PathBuf>,
}

/// A line of the table.
pub struct Row {
    pub scenario: String,
    pub goal: f64,
    pub ceiling: f64,
    pub progressive: Summary,
    pub old_module: Summary,
    pub ratio: Summary,
    pub vicidial: Option<Summary>,
    pub predictive: Summary,
}

/// A day to simulate, and where its outcome belongs.
struct Job {
    scenario: usize,
    choice: usize,
    seed: u64,
}

pub fn run(folder: &Path, seeds: Option<u64>, outputs: &Outputs) -> Result<(), String> {
    let scenarios = read_all(folder)?;
    let mut choices = vec![
        Choice::Predictive { cancels: true },
        Choice::Ratio(100),
        Choice::OldModule,
        Choice::Ratio(200),
        Choice::Ratio(300),
    ];
    choices.extend(vicidial_settings().into_iter().map(Choice::Vicidial));
    let summaries = simulate_all(&scenarios, &choices, seeds);
    let rows: Vec<Row> = scenarios.iter().zip(&summaries).map(row).collect();
    print!("{}", markdown(&rows));
    if let Some(path) = &outputs.json {
        let all: Vec<Value> = summaries.iter().flatten().map(Summary::json).collect();
        write(path, &format!("{:#}\n", json!(all)))?;
    }
    if let Some(path) = &outputs.chart {
        write(path, &chart::svg(&rows))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The scenarios of a folder, in the order of the goals; others come last.
fn read_all(folder: &Path) -> Result<Vec<Scenario>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut scenarios = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            scenarios.push(crate::read(&path)?);
        }
    }
    let order = |scenario: &Scenario| GOALS.iter().position(|goal| goal.0 == scenario.name);
    scenarios
        .sort_by_key(|scenario| (order(scenario).unwrap_or(usize::MAX), scenario.name.clone()));
    Ok(scenarios)
}

/// Simulates on all cores. For each scenario, a summary for each choice.
fn simulate_all(
    scenarios: &[Scenario],
    choices: &[Choice],
    seeds: Option<u64>,
) -> Vec<Vec<Summary>> {
    let mut jobs = VecDeque::new();
    for (at, scenario) in scenarios.iter().enumerate() {
        for choice in 0..choices.len() {
            for seed in 0..seeds.unwrap_or(scenario.replications) {
                jobs.push_back(Job { scenario: at, choice, seed: scenario.seed + seed });
            }
        }
    }
    // Large teams take longest; they begin.
    jobs.make_contiguous().sort_by_key(|job| std::cmp::Reverse(scenarios[job.scenario].agents));
    let count = jobs.len();
    let (jobs, done) = (Mutex::new(jobs), AtomicUsize::new(0));
    let days = Mutex::new(Vec::with_capacity(count));
    let is_terminal = std::io::stderr().is_terminal();
    let work = || loop {
        let job = jobs.lock().expect("no thread panicked").pop_front();
        let Some(job) = job else { return };
        let scenario = &scenarios[job.scenario];
        let mut policy = choices[job.choice].policy(scenario);
        let day = simulate(scenario, policy.as_mut(), job.seed);
        let day = OfDay::new(job.seed, &day, scenario.duration_s);
        days.lock().expect("no thread panicked").push((job.scenario, job.choice, day));
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if is_terminal {
            eprint!("\r{done} of {count} days");
            let _ = std::io::stderr().flush();
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    if is_terminal {
        eprintln!();
    }
    let mut days = days.into_inner().expect("no thread panicked");
    days.sort_by_key(|(scenario, choice, day)| (*scenario, *choice, day.seed));
    let empty = |scenario: &Scenario| -> Vec<Summary> {
        let of = |choice: &Choice| Summary {
            scenario: scenario.name.clone(),
            policy: choice.name(),
            target: scenario.target,
            days: Vec::new(),
        };
        choices.iter().map(of).collect()
    };
    let mut summaries: Vec<Vec<Summary>> = scenarios.iter().map(empty).collect();
    for (scenario, choice, day) in days {
        summaries[scenario][choice].days.push(day);
    }
    summaries
}

fn row((scenario, summaries): (&Scenario, &Vec<Summary>)) -> Row {
    let goal = GOALS.iter().find(|goal| goal.0 == scenario.name);
    let best = |of: &[Summary]| {
        let kept = of.iter().filter(|summary| summary.mean(|day| day.abandonment) <= KEPT);
        kept.max_by(|one, other| occupancy(one).total_cmp(&occupancy(other))).cloned()
    };
    Row {
        scenario: scenario.name.clone(),
        goal: goal.map_or(f64::NAN, |goal| goal.1),
        ceiling: goal.map_or(f64::NAN, |goal| goal.2),
        predictive: summaries[0].clone(),
        progressive: summaries[1].clone(),
        old_module: summaries[2].clone(),
        ratio: best(&summaries[3..5]).unwrap_or_else(|| summaries[1].clone()),
        vicidial: best(&summaries[5..]),
    }
}

/// Mean occupancy in percent.
pub fn occupancy(summary: &Summary) -> f64 {
    100.0 * summary.mean(|day| day.occupancy)
}

/// Mean abandonment in percent.
pub fn abandonment(summary: &Summary) -> f64 {
    100.0 * summary.mean(|day| day.abandonment)
}

fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "Occupancy / abandonment in percent, means over days.\n\n\
         | scenario | progressive | old module | ratio 2 or 3 | VICIdial, best setting | \
         predictive | goal | worst 30 min | days over | µs a decision |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let both =
            |summary: &Summary| format!("{:.1} / {:.1}", occupancy(summary), abandonment(summary));
        let ours = &row.predictive;
        let has = if occupancy(ours) >= row.goal && abandonment(ours) <= 3.0 {
            "reached"
        } else {
            "missed"
        };
        text += &format!(
            "| {} | {} | {} | {} | {} | **{:.1} / {:.2}** | {:.1} {has} | {:.1} | {} of {}, by {:.1} calls | {:.1} |\n",
            row.scenario,
            both(&row.progressive),
            both(&row.old_module),
            both(&row.ratio),
            row.vicidial.as_ref().map_or_else(|| "–".to_owned(), both),
            occupancy(ours),
            abandonment(ours),
            row.goal,
            100.0 * ours.mean(|day| day.worst_30min),
            ours.days_over(),
            ours.days.len(),
            ours.worst_over(),
            ours.mean(|day| day.decision_us),
        );
    }
    text
}
