//! How long talks and wrap-ups go on, given how long they have gone on already.
//!
//! A piecewise constant hazard: in each bin of age, ends per second. What is under way
//! counts too: it has lived so long without an end.

use super::Seconds;

/// From so many ends on, old ones are forgotten.
const MASS: f64 = 400.0;

/// What is thought before the first end has the weight of so many.
const PRIOR_WEIGHT: f64 = 3.0;

/// Each bin is drawn to the rate of all by so many ends.
const SHRINK: f64 = 1.5;

/// Rates are kept below this, so that sums stay finite.
const FASTEST: f64 = 50.0;

/// Durations of one kind.
#[derive(Debug, Clone)]
pub(super) struct Durations {
    /// Where each bin begins; the last one has no end.
    starts: Vec<Seconds>,
    ends: Vec<f64>,
    lived: Vec<Seconds>,
    prior_mean: Seconds,
}

impl Durations {
    /// Talks: coarse, for they are long.
    pub fn of_talks() -> Durations {
        let starts = [
            0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 22, 26, 30, 36, 42, 50, 60, 72, 85, 100, 120, 145,
            175, 210, 250, 300, 360, 450, 600,
        ];
        Durations::new(starts.iter().map(|start| f64::from(*start)).collect(), 100.0)
    }

    /// Wrap-ups: fine, for many of them have the same length.
    pub fn of_wrap_ups() -> Durations {
        let fine = (0..20).map(|at| f64::from(at) * 0.5);
        let middle = (10..20).map(f64::from);
        let coarse = [20, 22, 24, 26, 28, 30, 35, 40, 50, 60, 80, 120, 180, 300].map(f64::from);
        Durations::new(fine.chain(middle).chain(coarse).collect(), 20.0)
    }

    fn new(starts: Vec<Seconds>, prior_mean: Seconds) -> Durations {
        let bins = starts.len();
        Durations { starts, ends: vec![0.0; bins], lived: vec![0.0; bins], prior_mean }
    }

    /// Takes note of one that ended.
    pub fn ended(&mut self, after: Seconds) {
        let keep = 1.0 - 1.0 / MASS;
        for at in 0..self.starts.len() {
            self.ends[at] *= keep;
            self.lived[at] *= keep;
        }
        // One that took no time lived for a moment.
        let bin = live(&self.starts, &mut self.lived, after.max(0.05));
        self.ends[bin] += 1.0;
    }

    /// How many ends it rests on.
    pub fn ends(&self) -> f64 {
        self.ends.iter().sum()
    }

    pub fn mean(&self) -> Seconds {
        let lived: f64 = self.lived.iter().sum();
        (lived + PRIOR_WEIGHT * self.prior_mean) / (self.ends() + PRIOR_WEIGHT)
    }

    /// What can be told of ends to come, with those under way at these ages.
    pub fn survival(&self, under_way: impl Iterator<Item = Seconds>) -> Survival {
        let mut lived = self.lived.clone();
        for age in under_way {
            live(&self.starts, &mut lived, age);
        }
        let ends: f64 = self.ends.iter().sum();
        let all =
            (ends + PRIOR_WEIGHT) / (lived.iter().sum::<f64>() + PRIOR_WEIGHT * self.prior_mean);
        let mut hazard = Vec::with_capacity(lived.len());
        let mut summed = Vec::with_capacity(lived.len());
        let mut sum = 0.0;
        for (at, lived) in lived.iter().enumerate() {
            let rate = ((self.ends[at] + SHRINK) / (lived + SHRINK / all)).min(FASTEST);
            summed.push(sum);
            hazard.push(rate);
            if let Some(end) = self.starts.get(at + 1) {
                sum += rate * (end - self.starts[at]);
            }
        }
        Survival { starts: self.starts.clone(), hazard, summed }
    }
}

/// Adds what one lived to each bin, and tells the bin in which it is.
fn live(starts: &[Seconds], lived: &mut [Seconds], age: Seconds) -> usize {
    let mut bin = 0;
    for (at, start) in starts.iter().enumerate() {
        if age < *start {
            break;
        }
        let end = starts.get(at + 1).copied().unwrap_or(f64::INFINITY);
        lived[at] += age.min(end) - start;
        bin = at;
    }
    bin
}

/// How many go on for how long.
#[derive(Debug, Clone)]
pub(super) struct Survival {
    starts: Vec<Seconds>,
    hazard: Vec<f64>,
    /// The hazard summed up to the start of each bin.
    summed: Vec<f64>,
}

impl Survival {
    fn summed(&self, age: Seconds) -> f64 {
        let bin = self.starts.partition_point(|start| *start <= age).max(1) - 1;
        self.summed[bin] + self.hazard[bin] * (age - self.starts[bin])
    }

    /// The chance that one of this age ends within `within`.
    pub fn ends(&self, age: Seconds, within: Seconds) -> f64 {
        if within <= 0.0 {
            return 0.0;
        }
        1.0 - (self.summed(age) - self.summed(age + within)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_known_is_exponential_around_the_prior() {
        let talks = Durations::of_talks().survival(std::iter::empty());
        for age in [0.0, 7.0, 100.0, 5_000.0] {
            let within = talks.ends(age, 20.0);
            assert!((within - (1.0 - (-0.2_f64).exp())).abs() < 1e-9, "{age}: {within}");
        }
    }

    #[test]
    fn a_fixed_length_is_found() {
        let mut wrap_ups = Durations::of_wrap_ups();
        for _ in 0..500 {
            wrap_ups.ended(10.2);
        }
        let survival = wrap_ups.survival(std::iter::empty());
        assert!(survival.ends(0.0, 9.0) < 0.1, "{}", survival.ends(0.0, 9.0));
        assert!(survival.ends(9.0, 3.0) > 0.9, "{}", survival.ends(9.0, 3.0));
        assert!((wrap_ups.mean() - 10.2).abs() < 0.2);
    }

    #[test]
    fn those_under_way_count() {
        let mut talks = Durations::of_talks();
        for _ in 0..20 {
            talks.ended(30.0);
        }
        let without = talks.survival(std::iter::empty()).ends(10.0, 20.0);
        let with = talks.survival([200.0; 50].into_iter()).ends(10.0, 20.0);
        assert!(with < without, "{with} {without}");
    }

    #[test]
    fn no_time_at_all() {
        let mut wrap_ups = Durations::of_wrap_ups();
        for _ in 0..100 {
            wrap_ups.ended(0.0);
        }
        let survival = wrap_ups.survival(std::iter::empty());
        assert!(survival.ends(0.0, 0.5) > 0.9);
        assert!(survival.ends(1e9, 1e9).is_finite());
    }
}
