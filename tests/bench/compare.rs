//! The floor, ours and the peers, side by side: the same calls, in turns, each
//! run on a fresh Asterisk. Only runs of the same round are compared.

use std::collections::HashMap;

use crate::harness::{Outcome, Sipp};
use crate::lab::{self, Tech};
use crate::run::{run, Plan, Run, Way};
use crate::say;
use crate::scale::Scale;
use crate::spread::Spread;

/// Where nothing was tried out.
const USUAL_WINDOW: usize = 100;
/// What is tried out, and the best of it taken.
const WINDOWS: [(Way, &[usize]); 4] = [
    (Way::Engine, &[50, 100]),
    (Way::Pbx, &[20, 100]),
    (Way::Originate, &[20, 100]),
    (Way::Files, &[20, 100]),
];
/// One round: the way, and whether a manager client listens to all events.
const ROUND: [(Way, bool); 8] = [
    (Way::Engine, false),
    (Way::Ours, false),
    (Way::Originate, false),
    (Way::Files, false),
    (Way::Pbx, false),
    (Way::Engine, true),
    (Way::Ours, true),
    (Way::Pbx, true),
];

/// What the rounds have shown for one technology.
#[derive(Debug)]
pub struct Comparison {
    pub tech: Tech,
    pub calls: usize,
    pub rounds: Vec<Vec<Run>>,
    pub windows: HashMap<Way, usize>,
    /// What the far end has used of the processors, as a part of one.
    pub far_end_load: Option<Spread>,
}

/// What is a line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The faster of the bare loops.
    Floor,
    Ours,
    Originate,
    Files,
}

/// A line of the table. Ratios are to the floor of the same round.
#[derive(Debug)]
pub struct Line {
    pub subject: Subject,
    pub name: String,
    pub rate: Spread,
    pub rate_ratio: Spread,
    pub cpu: Spread,
    pub cpu_ratio: Spread,
    pub threads: Spread,
    pub own_threads: Spread,
    pub mib: Spread,
}

pub fn compare(scale: &Scale, tech: Tech) -> Outcome<Comparison> {
    let far_end = match tech {
        Tech::Local => None,
        Tech::Pjsip => Some(lab::far_end("answers.xml")?),
    };
    let windows = best_windows(scale, tech, far_end.as_ref())?;
    let calls = scale.calls(tech);
    let (mut rounds, mut loads) = (Vec::new(), Vec::new());
    for round in 1..=scale.rounds {
        let mut runs = Vec::new();
        for (way, with_listener) in ROUND {
            let window = windows.get(&way).copied().unwrap_or(USUAL_WINDOW);
            let plan = Plan { way, tech, calls, window, with_listener };
            let before = far_end.as_ref().map(far_end_cpu);
            let ran = run(plan, far_end.as_ref())?;
            if let Some((sipp, before)) = far_end.as_ref().zip(before) {
                loads.push((far_end_cpu(sipp) - before) / ran.seconds);
            }
            tell(&ran, &format!("round {round}"));
            runs.push(ran);
        }
        rounds.push(runs);
    }
    let far_end_load = (!loads.is_empty()).then(|| Spread::of(&loads));
    Ok(Comparison { tech, calls, rounds, windows, far_end_load })
}

fn far_end_cpu(sipp: &Sipp) -> f64 {
    crate::harness::process::cpu_seconds(sipp.pid())
}

fn best_windows(scale: &Scale, tech: Tech, far_end: Option<&Sipp>) -> Outcome<HashMap<Way, usize>> {
    let mut best = HashMap::new();
    for (way, windows) in WINDOWS {
        let mut fastest = (0.0, USUAL_WINDOW);
        for &window in windows.iter().filter(|_| scale.trial_calls > 0) {
            let calls = scale.trial_calls;
            let plan = Plan { way, tech, calls, window, with_listener: false };
            let ran = run(plan, far_end)?;
            tell(&ran, &format!("trial, {window} at a time"));
            if ran.calls_per_second() > fastest.0 {
                fastest = (ran.calls_per_second(), window);
            }
        }
        best.insert(way, fastest.1);
    }
    Ok(best)
}

fn tell(ran: &Run, when: &str) {
    let Plan { way, tech, with_listener, .. } = ran.plan;
    let events = if with_listener { ", events on" } else { "" };
    say!(
        "  {:<6} {:<32} {:>6.0} calls/s, CPU {:.3} s per 1,000 ({when})",
        tech.name(),
        format!("{}{events}", way.name()),
        ran.calls_per_second(),
        ran.cpu_per_1000()
    );
}

impl Subject {
    pub const ALL: [Subject; 4] =
        [Subject::Floor, Subject::Ours, Subject::Originate, Subject::Files];

    fn ways(self) -> &'static [Way] {
        match self {
            Subject::Floor => &[Way::Engine, Way::Pbx],
            Subject::Ours => &[Way::Ours],
            Subject::Originate => &[Way::Originate],
            Subject::Files => &[Way::Files],
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Subject::Floor => "floor",
            Subject::Ours => "ours",
            Subject::Originate => "AMI Originate",
            Subject::Files => "call files",
        }
    }
}

impl Comparison {
    /// The lines of the table, in its order.
    pub fn lines(&self) -> Vec<Line> {
        let quiet = Subject::ALL.map(|subject| (subject, false));
        let events = [(Subject::Floor, true), (Subject::Ours, true)];
        let all = quiet.into_iter().chain(events);
        all.map(|(subject, events_on)| self.line(subject, events_on)).collect()
    }

    pub fn line(&self, subject: Subject, events_on: bool) -> Line {
        let each = |value: &dyn Fn(&Run, &Run) -> f64| {
            let of_round = |runs: &Vec<Run>| {
                let floor = fastest(runs, Subject::Floor, events_on)?;
                Some(value(fastest(runs, subject, events_on)?, floor))
            };
            Spread::of(&self.rounds.iter().filter_map(of_round).collect::<Vec<f64>>())
        };
        Line {
            subject,
            name: self.name(subject, events_on),
            rate: each(&|run, _| run.calls_per_second()),
            rate_ratio: each(&|run, floor| run.calls_per_second() / floor.calls_per_second()),
            cpu: each(&|run, _| run.cpu_per_1000()),
            cpu_ratio: each(&|run, floor| run.cpu_per_1000() / floor.cpu_per_1000()),
            threads: each(&|run, _| run.usage.peak_threads as f64),
            own_threads: each(&|run, _| run.usage.peak_own_threads as f64),
            mib: each(&|run, _| run.usage.peak_mib()),
        }
    }

    /// How much faster ours is than a peer, round by round.
    pub fn ours_to(&self, peer: Subject) -> Spread {
        let of_round = |runs: &Vec<Run>| {
            let ours = fastest(runs, Subject::Ours, false)?;
            Some(ours.calls_per_second() / fastest(runs, peer, false)?.calls_per_second())
        };
        Spread::of(&self.rounds.iter().filter_map(of_round).collect::<Vec<f64>>())
    }

    fn name(&self, subject: Subject, events_on: bool) -> String {
        let mut name = subject.name().to_owned();
        if subject == Subject::Floor {
            // Which of the two it was, mostly.
            let fastest = |runs: &Vec<Run>| Some(fastest(runs, subject, events_on)?.plan.way);
            let ways: Vec<Way> = self.rounds.iter().filter_map(fastest).collect();
            let engines = ways.iter().filter(|way| **way == Way::Engine).count();
            name.push_str(if engines * 2 > ways.len() { " (engine)" } else { " (pbx)" });
        }
        if events_on {
            name.push_str(", events on");
        }
        name
    }
}

fn fastest(runs: &[Run], subject: Subject, events_on: bool) -> Option<&Run> {
    let is_it =
        |run: &&Run| subject.ways().contains(&run.plan.way) && run.plan.with_listener == events_on;
    runs.iter().filter(is_it).max_by(|a, b| a.calls_per_second().total_cmp(&b.calls_per_second()))
}
