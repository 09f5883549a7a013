//! The simulator of `examples/pacing` against formulas that are exact, and the pacing on
//! short days of it.

#![allow(dead_code)]

#[path = "../examples/pacing/peers.rs"]
mod peers;
#[path = "../examples/pacing/policy.rs"]
mod policy;
#[path = "../examples/pacing/random.rs"]
mod random;
#[path = "../examples/pacing/scenario.rs"]
mod scenario;
#[path = "../examples/pacing/simulation.rs"]
mod simulation;
#[path = "../examples/pacing/summary.rs"]
mod summary;

use dialer::pacing::predictive::Decision;
use peers::{OldModule, Ratio};
use policy::{launch, Policy, Predictive, View};
use random::Random;
use scenario::{AgentEvent, Amd, Cycle, Distribution, Scenario};
use simulation::{simulate, Day};
use summary::OfDay;

/// Everybody answers at once, talks a minute and is done.
fn plain(agents: usize, hours: f64) -> Scenario {
    let none = Distribution::Fixed(0.0);
    Scenario {
        name: "plain".to_owned(),
        seed: 1,
        replications: 1,
        duration_s: hours * 3_600.0,
        start_hour: 9.0,
        target: 0.03,
        agents,
        agent_events: vec![AgentEvent { at_s: 0.0, is_login: true, agents: (0..agents).collect() }],
        live: 1.0,
        busy: 0.0,
        machine: 0.0,
        live_rate_steps: Vec::new(),
        live_rate_cycle: Cycle::default(),
        talk_cycle: Cycle::default(),
        setup_s: none.clone(),
        ring_live_s: none.clone(),
        ring_machine_s: none.clone(),
        no_answer_timeout_s: 25.0,
        amd: Amd {
            machine_verdict_s: none.clone(),
            human_verdict_s: none.clone(),
            false_positive: 0.0,
            false_negative: 0.0,
            missed_machine_talk_s: none.clone(),
            missed_machine_wrap_s: none.clone(),
        },
        talk_s: Distribution::Exponential(60.0),
        wrap_s: none,
        abandon_after_s: 0.0,
        lines: 10_000,
        calls_per_second: 1_000.0,
    }
}

/// Calls that come as they like: so many a second, whatever the agents do.
struct Arrivals {
    per_second: f64,
    random: Random,
    next_at: f64,
}

impl Arrivals {
    fn new(per_second: f64) -> Arrivals {
        Arrivals { per_second, random: Random::new(77), next_at: 0.0 }
    }
}

impl Policy for Arrivals {
    fn decide(&mut self, at: f64, _view: &View, _most: usize) -> Decision {
        let mut calls = 0;
        while self.next_at <= at {
            self.next_at += self.random.exponential(1.0 / self.per_second);
            calls += 1;
        }
        launch(calls, self.next_at)
    }
}

fn lost(day: &Day) -> f64 {
    day.abandoned as f64 / (day.connected + day.abandoned) as f64
}

#[track_caller]
fn assert_near(simulated: f64, exact: f64, part: f64) {
    let off = (simulated / exact - 1.0).abs();
    assert!(off < part, "simulated {simulated:.5}, exact {exact:.5}");
}

#[test]
fn one_line_per_agent_has_the_occupancy_of_its_cycle() {
    let mut scenario = plain(10, 40.0);
    scenario.setup_s = Distribution::Uniform(1.0, 3.0);
    scenario.ring_live_s = Distribution::Uniform(5.0, 15.0);
    scenario.talk_s = Distribution::Lognormal(60_f64.ln() - 0.5 * 0.25, 0.5);
    scenario.wrap_s = Distribution::Uniform(10.0, 20.0);
    scenario.abandon_after_s = 2.0;
    let day = simulate(&scenario, &mut Ratio(100), 1);
    let talk = 60.0;
    assert_near(day.talk_s / day.staffed_s, talk / (talk + 15.0 + 2.0 + 10.0), 0.01);
    assert_eq!(day.abandoned, 0);
}

#[test]
fn calls_without_patience_are_erlangs_loss() {
    let erlang_b = |agents: usize, load: f64| {
        (1..=agents).fold(1.0, |lost, agent| load * lost / (agent as f64 + load * lost))
    };
    for (agents, load) in [(5, 4.0), (20, 18.0)] {
        let mut scenario = plain(agents, 200.0);
        let day = simulate(&scenario, &mut Arrivals::new(load / 60.0), 2);
        assert_near(lost(&day), erlang_b(agents, load), 0.03);
        // It depends on the mean talk only.
        scenario.talk_s = Distribution::Uniform(30.0, 90.0);
        let day = simulate(&scenario, &mut Arrivals::new(load / 60.0), 3);
        assert_near(lost(&day), erlang_b(agents, load), 0.03);
    }
}

/// M/M/s with a fixed patience: the share that is lost. The work in front of a caller who
/// has to wait has the density `p · arrivals · e^((arrivals − served) · x)` up to the
/// patience, with `p` the chance that all agents but one are busy.
fn lost_with_patience(agents: usize, arrivals: f64, talk_s: f64, patience: f64) -> f64 {
    let (load, served) = (arrivals * talk_s, agents as f64 / talk_s);
    let mut chance = 1.0;
    let mut all = 0.0;
    for busy in 0..agents {
        all += chance;
        if busy + 1 < agents {
            chance *= load / (busy as f64 + 1.0);
        }
    }
    let slope = arrivals - served;
    let waits = chance * arrivals * ((slope * patience).exp() - 1.0) / slope;
    let beyond = chance * arrivals * (slope * patience).exp() / served;
    beyond / (all + waits + beyond)
}

#[test]
fn calls_with_a_fixed_patience() {
    for (agents, load, patience) in [(5, 4.0, 10.0), (20, 19.0, 2.0)] {
        let mut scenario = plain(agents, 200.0);
        scenario.abandon_after_s = patience;
        let arrivals = load / 60.0;
        let day = simulate(&scenario, &mut Arrivals::new(arrivals), 4);
        assert_near(lost(&day), lost_with_patience(agents, arrivals, 60.0, patience), 0.03);
    }
}

fn read(name: &str) -> Scenario {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Scenario::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn all_time_of_agents_is_accounted_for() {
    let mut scenario = read("D-A30-p20-T45");
    scenario.amd = read("M-A30-p20-T45").amd;
    scenario.duration_s = 3_600.0;
    let day = simulate(&scenario, &mut Ratio(300), 5);
    let sum = day.idle_s + day.talk_s + day.wrap_s + day.machine_s;
    assert!((day.staffed_s - sum).abs() < 1e-6 * sum, "{} {sum}", day.staffed_s);
    assert!(day.machine_s > 0.0 && day.abandoned > 0);
    assert_eq!(day.people.len() as u64, day.connected + day.abandoned);
}

#[test]
fn all_scenarios_can_be_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let scenario = Scenario::read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(&*scenario.name));
        names.push(scenario.name);
    }
    assert_eq!(names.len(), 14, "{names:?}");
}

#[test]
fn bad_scenarios_are_refused_by_name() {
    let text = include_str!("../scenarios/S-A5-p20-T45.json");
    for (from, to, error) in [
        ("pacing-scenario/1", "other", "\"format\" must be \"pacing-scenario/1\""),
        ("\"login\"", "\"lunch\"", "\"do\" must be \"login\" or \"leave\""),
        ("\"to\":4", "\"to\":5", "agent 5 is more than \"count\""),
        ("\"uniform\"", "\"zipf\"", "setup_s: unknown distribution \"zipf\""),
        ("\"cps\":5.0", "\"cps\":\"5\"", "\"cps\" must be a number"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(Scenario::read(&text.replacen(from, to, 1)).unwrap_err(), error);
    }
}

/// Short days under a policy.
fn days(scenario: &Scenario, mut policy: impl FnMut() -> Box<dyn Policy>) -> Vec<OfDay> {
    let of = |seed| {
        let day = simulate(scenario, policy().as_mut(), seed);
        OfDay::new(seed, &day, scenario.duration_s)
    };
    (1..=2).map(of).collect()
}

fn mean(days: &[OfDay], of: impl Fn(&OfDay) -> f64) -> f64 {
    days.iter().map(of).sum::<f64>() / days.len() as f64
}

#[test]
fn predictive_is_far_ahead_and_keeps_its_limit() {
    for (name, hours, gain) in [("S-A10-p20-T180", 1.0, 0.10), ("S-A30-p20-T45", 0.5, 0.25)] {
        let mut scenario = read(name);
        scenario.duration_s = hours * 3_600.0;
        let ours = days(&scenario, || Box::new(Predictive::new(&scenario, true)));
        let progressive = days(&scenario, || Box::new(Ratio(100)));
        let old = days(&scenario, || Box::new(OldModule));
        let occupancy = |days| mean(days, |day| day.occupancy);
        assert!(occupancy(&ours) > occupancy(&progressive) + gain, "{name}: {ours:?}");
        assert!(occupancy(&progressive) > occupancy(&old), "{name}");
        for day in &ours {
            assert!(day.over(0.03) < 2.0, "{name}: {day:?}");
            println!("{name}: {:.1} µs a decision", day.decision_us);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    let mut scenario = read("K-A10-p20-T180");
    scenario.duration_s = 900.0;
    let day = || simulate(&scenario, &mut Predictive::new(&scenario, true), 9);
    let (one, other) = (day(), day());
    assert_eq!((one.dials, one.people), (other.dials, other.people));
}
