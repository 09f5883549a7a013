//! Days of one scenario under one policy, added up.

use crate::simulation::Day;
use serde_json::{json, Value};

/// What is known of one day.
#[derive(Debug, Clone)]
pub struct OfDay {
    pub seed: u64,
    /// Talk with people per staffed time; and with everything that is no waiting.
    pub occupancy: f64,
    pub utilisation: f64,
    pub abandonment: f64,
    pub first_30min: f64,
    pub worst_30min: f64,
    pub idle_between_calls_s: f64,
    pub dials_per_agent_hour: f64,
    pub canceled_share: f64,
    pub decision_us: f64,
    /// People who answered, and those of them who found no agent.
    pub people: u64,
    pub abandoned: u64,
}

impl OfDay {
    pub fn new(seed: u64, day: &Day, duration_s: f64) -> OfDay {
        let staffed = day.staffed_s.max(1e-9);
        let people = day.connected + day.abandoned;
        let mut answers = day.people.clone();
        answers.sort_by(|one, other| one.0.total_cmp(&other.0));
        OfDay {
            seed,
            occupancy: day.talk_s / staffed,
            utilisation: (day.staffed_s - day.idle_s) / staffed,
            abandonment: day.abandoned as f64 / (people as f64).max(1.0),
            first_30min: share(&answers, 0.0),
            worst_30min: worst(&answers, duration_s),
            idle_between_calls_s: day.idle_s / (day.connected as f64).max(1.0),
            dials_per_agent_hour: day.dials as f64 / (staffed / 3_600.0),
            canceled_share: day.canceled as f64 / (day.dials as f64).max(1.0),
            decision_us: day.deciding.as_secs_f64() * 1e6 / (day.decisions as f64).max(1.0),
            people,
            abandoned: day.abandoned,
        }
    }

    /// Calls by which the day is over the target; negative if it is not.
    pub fn over(&self, target: f64) -> f64 {
        self.abandoned as f64 - target * self.people as f64
    }
}

const HALF_HOUR_S: f64 = 1_800.0;

/// The share of those who found no agent, of the half hour from `from` on.
fn share(answers: &[(f64, bool)], from: f64) -> f64 {
    let first = answers.partition_point(|(at, _)| *at < from);
    let last = answers.partition_point(|(at, _)| *at < from + HALF_HOUR_S);
    let lost = answers[first..last].iter().filter(|(_, is_lost)| *is_lost).count();
    lost as f64 / ((last - first) as f64).max(1.0)
}

fn worst(answers: &[(f64, bool)], duration_s: f64) -> f64 {
    let last = ((duration_s - HALF_HOUR_S) / 60.0).max(0.0) as u64;
    (0..=last).map(|minute| share(answers, minute as f64 * 60.0)).fold(0.0, f64::max)
}

/// Means over days.
#[derive(Debug, Clone)]
pub struct Summary {
    pub scenario: String,
    pub policy: String,
    pub target: f64,
    pub days: Vec<OfDay>,
}

impl Summary {
    pub fn mean(&self, of: impl Fn(&OfDay) -> f64) -> f64 {
        self.days.iter().map(of).sum::<f64>() / (self.days.len() as f64).max(1.0)
    }

    /// Days over the target.
    pub fn days_over(&self) -> usize {
        self.days.iter().filter(|day| day.over(self.target) > 0.0).count()
    }

    /// The most calls by which a day is over the target.
    pub fn worst_over(&self) -> f64 {
        self.days.iter().map(|day| day.over(self.target)).fold(0.0, f64::max)
    }

    pub fn json(&self) -> Value {
        let round = |value: f64| (value * 1e6).round() / 1e6;
        let mean = |of: fn(&OfDay) -> f64| round(self.mean(of));
        let per_seed: Vec<Value> = self
            .days
            .iter()
            .map(|day| {
                json!({
                    "seed": day.seed,
                    "occupancy": round(day.occupancy),
                    "abandonment_day": round(day.abandonment),
                    "abandonment_first_30min": round(day.first_30min),
                    "abandonment_worst_30min": round(day.worst_30min),
                    "live_answers": day.people,
                    "abandoned": day.abandoned,
                })
            })
            .collect();
        json!({
            "name": self.scenario,
            "policy": self.policy,
            "replications": self.days.len(),
            "occupancy": mean(|day| day.occupancy),
            "utilisation": mean(|day| day.utilisation),
            "abandonment_day": mean(|day| day.abandonment),
            "abandonment_first_30min": mean(|day| day.first_30min),
            "abandonment_worst_30min": mean(|day| day.worst_30min),
            "days_over_target": self.days_over(),
            "idle_between_calls_s": mean(|day| day.idle_between_calls_s),
            "dials_per_agent_hour": mean(|day| day.dials_per_agent_hour),
            "canceled_share": mean(|day| day.canceled_share),
            "decision_us": mean(|day| day.decision_us),
            "per_seed": per_seed,
        })
    }
}
