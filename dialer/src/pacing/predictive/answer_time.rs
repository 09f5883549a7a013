//! How long calls ring until somebody answers, and until they end otherwise.

use super::{normal, Seconds};

/// The width of a bin.
pub(super) const BIN_S: Seconds = 0.5;

/// Longer times fall into the last bin.
pub(super) const BINS: usize = 128;

/// From so many calls on, old ones are forgotten.
const MASS: f64 = 2_000.0;

/// What is thought before the first call: answers are lognormal around a median, with
/// the weight of so many calls.
const PRIOR_MEDIAN_S: Seconds = 11.0;
const PRIOR_SIGMA: f64 = 0.4;
const PRIOR_WEIGHT: f64 = 20.0;

/// A distribution of times since the dial.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    bins: Vec<f64>,
    mass: f64,
    /// Share of the mass that is at most as old as the end of each bin; made by `settle`.
    cumulative: Vec<f64>,
}

impl Histogram {
    /// Answers as they are expected before the first one was seen.
    pub fn of_answers(ring_timeout_s: Seconds) -> Histogram {
        let by = |time: Seconds| normal::cdf((time / PRIOR_MEDIAN_S).ln() / PRIOR_SIGMA);
        let timeout = ring_timeout_s.clamp(5.0, BINS as f64 * BIN_S);
        let all = by(timeout);
        let by = |bin: usize| by((bin as f64 * BIN_S).min(timeout).max(1e-9)) / all;
        Histogram::from_bins((0..BINS).map(|at| PRIOR_WEIGHT * (by(at + 1) - by(at))).collect())
    }

    /// Calls that nobody answers: all time out, as long as no other one was seen.
    pub fn of_other_ends(ring_timeout_s: Seconds) -> Histogram {
        let mut bins = vec![0.0; BINS];
        bins[bin(ring_timeout_s)] = PRIOR_WEIGHT;
        Histogram::from_bins(bins)
    }

    fn from_bins(bins: Vec<f64>) -> Histogram {
        let mass = bins.iter().sum();
        let mut histogram = Histogram { cumulative: vec![0.0; bins.len()], bins, mass };
        histogram.settle();
        histogram
    }

    /// Takes note of one more time.
    pub fn add(&mut self, time: Seconds) {
        self.bins[bin(time)] += 1.0;
        self.mass += 1.0;
        self.forget();
    }

    /// Takes note of `weight` times that are longer than `time`, as those known are.
    pub fn add_beyond(&mut self, time: Seconds, weight: f64) {
        let beyond = &mut self.bins[bin(time) + 1..];
        let all: f64 = beyond.iter().sum();
        if all > 1e-6 {
            beyond.iter_mut().for_each(|mass| *mass *= 1.0 + weight / all);
            self.mass += weight;
            self.forget();
        }
    }

    fn forget(&mut self) {
        if self.mass > MASS {
            for mass in &mut self.bins {
                *mass *= 0.95;
            }
            self.mass *= 0.95;
        }
    }

    /// Makes what was added count.
    pub fn settle(&mut self) {
        let mut sum = 0.0;
        for (cumulative, mass) in self.cumulative.iter_mut().zip(&self.bins) {
            sum += mass;
            *cumulative = sum / self.mass;
        }
    }

    /// The share of all that took at most so long.
    pub fn by(&self, time: Seconds) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        let at = time / BIN_S;
        let bin = at as usize;
        if bin >= BINS {
            return 1.0;
        }
        let part = at - bin as f64;
        let before = if bin == 0 { 0.0 } else { self.cumulative[bin - 1] };
        before + part * (self.cumulative[bin] - before)
    }

    /// Nothing that was seen took longer.
    pub fn longest(&self) -> Seconds {
        let last = self.bins.iter().rposition(|mass| *mass > 0.0).unwrap_or(BINS - 1);
        (last + 1) as f64 * BIN_S
    }

    pub fn mean(&self) -> Seconds {
        let middle = |bin: usize| (bin as f64 + 0.5) * BIN_S;
        self.bins.iter().enumerate().map(|(bin, mass)| middle(bin) * mass).sum::<f64>() / self.mass
    }
}

/// The bin of a time.
pub(super) fn bin(time: Seconds) -> usize {
    ((time / BIN_S).max(0.0) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_thought_before_the_first_call() {
        let answers = Histogram::of_answers(25.0);
        assert!((answers.by(11.0) - 0.5).abs() < 0.02, "{}", answers.by(11.0));
        assert_eq!((answers.by(0.0), answers.by(25.0)), (0.0, 1.0));
        let others = Histogram::of_other_ends(25.0);
        assert_eq!((others.by(24.9), others.by(25.5)), (0.0, 1.0));
    }

    #[test]
    fn learns_and_forgets() {
        let mut answers = Histogram::of_answers(25.0);
        for _ in 0..10_000 {
            answers.add(5.2);
        }
        answers.settle();
        assert!(answers.by(5.0) < 0.01 && answers.by(5.5) > 0.99);
        assert!((answers.mean() - 5.25).abs() < 0.1);
        for _ in 0..20_000 {
            answers.add(400.0);
        }
        answers.settle();
        assert!(answers.by(6.0) < 0.01);
        assert_eq!(answers.by(1e9), 1.0);
    }
}
