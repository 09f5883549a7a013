//! How long it takes to tell people from machines, and who is still being listened to.

use super::{Knots, Seconds, KNOTS, KNOT_S};

const BIN_S: Seconds = 0.2;
const BINS: usize = 50;

/// From so many verdicts on, old ones are forgotten.
const MASS: f64 = 1_000.0;

/// What is thought before the first verdict.
const PRIOR_WEIGHT: f64 = 3.0;
const PRIOR_HUMAN_S: Seconds = 0.5;
const PRIOR_MACHINE_S: Seconds = 2.5;

/// Verdicts by the time that they took since the answer.
#[derive(Debug, Clone)]
pub(super) struct Verdicts {
    humans: [f64; BINS],
    machines: [f64; BINS],
    /// Those whom agents were given, and who of them were machines after all.
    given: [f64; BINS],
    wrong: [f64; BINS],
}

impl Verdicts {
    /// Without detection every answer is a person at once.
    pub fn new(amd: bool) -> Verdicts {
        let none = [0.0; BINS];
        let mut verdicts = Verdicts { humans: none, machines: none, given: none, wrong: none };
        if amd {
            verdicts.humans[bin(PRIOR_HUMAN_S)] = PRIOR_WEIGHT;
            verdicts.machines[bin(PRIOR_MACHINE_S)] = PRIOR_WEIGHT;
        } else {
            verdicts.humans[0] = PRIOR_WEIGHT;
        }
        verdicts
    }

    pub fn learn(&mut self, human: bool, after: Seconds) {
        let all = self.humans.iter().chain(&self.machines).sum::<f64>();
        let keep = if all > MASS { 0.95 } else { 1.0 };
        for mass in self.humans.iter_mut().chain(&mut self.machines) {
            *mass *= keep;
        }
        let bins = if human { &mut self.humans } else { &mut self.machines };
        bins[bin(after)] += 1.0;
    }

    /// An agent was given somebody whose verdict took so long.
    pub fn given(&mut self, after: Seconds) {
        let at = bin(after);
        if self.given[at] > MASS {
            self.given[at] *= 0.95;
            self.wrong[at] *= 0.95;
        }
        self.given[at] += 1.0;
    }

    /// It was a machine.
    pub fn wrong(&mut self, after: Seconds) {
        let at = bin(after);
        self.wrong[at] = (self.wrong[at] + 1.0).min(self.given[at]);
    }

    /// The chance that somebody who is taken for a person is one.
    pub fn is_person(&self, after: Seconds) -> f64 {
        let at = bin(after);
        1.0 - self.wrong[at] / (self.given[at] + 1.0)
    }

    /// How long it takes on average until a person is known to be one.
    pub fn human_delay(&self) -> Seconds {
        let of = |(at, mass): (usize, &f64)| at as f64 * BIN_S * mass;
        self.humans.iter().enumerate().map(of).sum::<f64>() / self.humans.iter().sum::<f64>()
    }

    /// Verdicts to come, by how long ago the answer was.
    pub fn to_come(&self) -> Pending {
        let mut pending = Pending { people: [0.0; BINS + 1], all: [0.0; BINS + 1] };
        for at in (0..BINS).rev() {
            pending.people[at] = pending.people[at + 1] + self.humans[at];
            pending.all[at] = pending.all[at + 1] + self.humans[at] + self.machines[at];
        }
        pending
    }
}

/// Verdicts that take longer than each bin: of people, and of all.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    people: [f64; BINS + 1],
    all: [f64; BINS + 1],
}

impl Pending {
    /// How likely a verdict "human" comes by each knot, so long after the answer.
    pub fn by(&self, age: Seconds) -> Knots {
        let from = bin(age);
        let mut chances = [0.0; KNOTS];
        for (chance, knot) in chances.iter_mut().zip(KNOT_S) {
            let until = (from + (knot / BIN_S) as usize).min(BINS);
            *chance = (self.people[from] - self.people[until]) / self.all[from].max(1e-6);
        }
        chances
    }
}

fn bin(time: Seconds) -> usize {
    ((time / BIN_S).max(0.0) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_verdicts_are_found_to_be_wrong() {
        let mut verdicts = Verdicts::new(true);
        assert_eq!(verdicts.is_person(2.4), 1.0);
        for _ in 0..100 {
            verdicts.given(0.3);
            verdicts.given(2.4);
            verdicts.wrong(2.4);
            verdicts.wrong(2.4);
        }
        assert_eq!(verdicts.is_person(0.3), 1.0);
        assert!((0.0..0.02).contains(&verdicts.is_person(2.4)));
    }

    #[test]
    fn whoever_is_listened_to_for_long_is_a_machine() {
        let mut verdicts = Verdicts::new(true);
        for _ in 0..300 {
            verdicts.learn(true, 0.7);
            verdicts.learn(false, 2.5);
        }
        assert!((verdicts.human_delay() - 0.6).abs() < 0.1);
        let pending = verdicts.to_come();
        assert!((pending.by(0.0)[0] - 0.5).abs() < 0.02, "{:?}", pending.by(0.0));
        assert!(pending.by(2.0)[13] < 0.01, "{:?}", pending.by(2.0));
        assert!(pending.by(1e9).iter().all(|chance| chance.is_finite()));
    }
}
