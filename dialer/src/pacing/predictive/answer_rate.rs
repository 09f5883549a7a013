//! How many dials end with a live answer.
//!
//! A call that rings says something already: one of five seconds counts as so much of a
//! trial as there are answers within five seconds. So fresh calls do not make the rate
//! look small. A list that suddenly answers otherwise is noticed, and what was learned
//! before is forgotten.

use super::answer_time::{Histogram, BINS, BIN_S};
use super::Seconds;
use std::collections::VecDeque;

/// What is thought before the first call. Many answers: who thinks so dials little.
const PRIOR: Tally = Tally { answers: 2.0, trials: 4.0 };

/// Newer answers stand in so many blocks, each of about one answer.
const BLOCKS: usize = 40;

/// Of what is older so many answers are kept.
const OLDER_ANSWERS: f64 = 300.0;

/// A change is believed when the newest blocks, at least so many, are so much more
/// likely with a rate of their own (twice the logarithm of the likelihood ratio).
const FEWEST_BLOCKS: usize = 4;
const BELIEVED: f64 = 24.0;

/// A smaller rate is not believed: rather a trunk is out of order than a list so bad.
const SMALLEST: f64 = 0.005;

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    answers: f64,
    trials: f64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.answers += other.answers;
        self.trials += other.trials;
    }

    /// The logarithm of the likelihood of these answers at their own rate (Poisson),
    /// without the terms that fall out of a ratio.
    fn likelihood(self) -> f64 {
        if self.answers > 0.0 && self.trials > 0.0 {
            self.answers * (self.answers / self.trials).ln()
        } else {
            0.0
        }
    }
}

/// The estimate and how much it rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    /// Live answers per dial.
    pub rate: f64,
    /// Live answers that it rests on.
    pub answers: f64,
}

#[derive(Debug, Clone)]
pub(super) struct AnswerRate {
    /// Dials by their age in bins, as far as they may still be answered; the first bin is
    /// that of the dials since `rolled_at`.
    ages: VecDeque<f64>,
    rolled_at: Seconds,
    blocks: VecDeque<Tally>,
    open: Tally,
    older: Tally,
}

impl AnswerRate {
    pub fn new(now: Seconds) -> AnswerRate {
        AnswerRate {
            ages: vec![0.0; BINS].into(),
            rolled_at: now,
            blocks: VecDeque::new(),
            open: Tally::default(),
            older: Tally::default(),
        }
    }

    pub fn dialed(&mut self) {
        self.ages[0] += 1.0;
    }

    /// A call of this age was hung up by ourselves: nobody can answer it any more.
    pub fn withdrawn(&mut self, age: Seconds) {
        let bin = ((age / BIN_S).round().max(0.0) as usize).min(BINS - 1);
        // Ages are rounded, so the call may stand beside.
        let near = [bin, bin.saturating_sub(1), (bin + 1).min(BINS - 1)];
        if let Some(bin) = near.into_iter().find(|bin| self.ages[*bin] >= 1.0) {
            self.ages[bin] -= 1.0;
        }
    }

    pub fn answered(&mut self) {
        self.open.answers += 1.0;
    }

    /// Lets the dials grow older. `answers` is how long live answers take from the dial
    /// on, `delay` how much longer until they are known to be live.
    pub fn roll(&mut self, now: Seconds, answers: &Histogram, delay: Seconds) {
        let steps = ((now - self.rolled_at) / BIN_S) as usize;
        if steps == 0 {
            return;
        }
        self.rolled_at += steps as f64 * BIN_S;
        for _ in 0..steps.min(BINS) {
            let by = |age: f64| answers.by(age * BIN_S - delay);
            for (age, dials) in self.ages.iter().enumerate().filter(|(_, dials)| **dials > 0.0) {
                // Dials of the first bin are half a bin old.
                let age = age as f64;
                self.open.trials += dials * (by(age + 0.5) - by(age - 0.5));
            }
            self.ages.pop_back();
            self.ages.push_front(0.0);
        }
        self.close_block();
    }

    fn close_block(&mut self) {
        if self.open.trials * self.estimate().rate < 1.0 {
            return;
        }
        self.blocks.push_back(std::mem::take(&mut self.open));
        if self.blocks.len() > BLOCKS {
            let block = self.blocks.pop_front().unwrap_or_default();
            self.older.add(block);
            let keep = (OLDER_ANSWERS / self.older.answers.max(1e-9)).min(1.0);
            self.older.answers *= keep;
            self.older.trials *= keep;
        }
        if let Some(newest) = self.change() {
            self.older = Tally::default();
            self.blocks.drain(..self.blocks.len() - newest);
        }
    }

    /// How many of the newest blocks have a rate of their own, if any.
    fn change(&self) -> Option<usize> {
        let mut older = self.older;
        self.blocks.iter().for_each(|block| older.add(*block));
        let all = older.likelihood();
        let mut newest = Tally::default();
        let mut best = (BELIEVED, None);
        for (at, block) in self.blocks.iter().rev().enumerate() {
            newest.add(*block);
            older.answers -= block.answers;
            older.trials -= block.trials;
            if at + 1 < FEWEST_BLOCKS || older.trials <= 1e-9 {
                continue;
            }
            let ratio = 2.0 * (newest.likelihood() + older.likelihood() - all);
            if ratio > best.0 {
                best = (ratio, Some(at + 1));
            }
        }
        best.1
    }

    pub fn estimate(&self) -> Estimate {
        let mut all = PRIOR;
        all.add(self.older);
        all.add(self.open);
        self.blocks.iter().for_each(|block| all.add(*block));
        let rate = (all.answers / all.trials.max(1e-9)).clamp(SMALLEST, 1.0);
        Estimate { rate, answers: all.answers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dials one call each tenth of a second; every `one_in`th is answered after ten seconds.
    fn run(rate: &mut AnswerRate, from: f64, seconds: usize, one_in: usize) -> f64 {
        let mut answers = Histogram::of_answers(25.0);
        for _ in 0..5_000 {
            answers.add(10.1);
        }
        answers.settle();
        for tick in 0..seconds * 10 {
            let now = from + tick as f64 / 10.0;
            rate.roll(now, &answers, 0.0);
            rate.dialed();
            if tick >= 100 && tick % one_in == 0 {
                rate.answered();
            }
        }
        from + seconds as f64
    }

    #[test]
    fn learns_the_rate_without_a_bias_of_fresh_calls() {
        let mut rate = AnswerRate::new(0.0);
        run(&mut rate, 0.0, 20, 5);
        let early = rate.estimate();
        assert!((early.rate - 0.2).abs() < 0.05, "{early:?}");
        let mut rate = AnswerRate::new(0.0);
        run(&mut rate, 0.0, 600, 5);
        let late = rate.estimate();
        assert!((late.rate - 0.2).abs() < 0.01, "{late:?}");
        assert!(late.answers > 100.0);
    }

    #[test]
    fn a_list_that_answers_twice_as_often_is_noticed() {
        let mut rate = AnswerRate::new(0.0);
        let at = run(&mut rate, 0.0, 900, 10);
        assert!((rate.estimate().rate - 0.1).abs() < 0.01);
        run(&mut rate, at, 60, 3);
        assert!(rate.estimate().rate > 0.25, "{:?}", rate.estimate());
    }

    #[test]
    fn withdrawn_calls_are_no_trials() {
        let mut rate = AnswerRate::new(0.0);
        let answers = Histogram::of_answers(25.0);
        for at in 0..200 {
            let now = at as f64;
            rate.roll(now, &answers, 0.0);
            rate.dialed();
            rate.withdrawn(0.0);
        }
        assert_eq!(rate.estimate().answers, 2.0);
        assert_eq!(rate.estimate().rate, 0.5);
    }

    #[test]
    fn a_long_pause_is_no_work_without_end() {
        let mut rate = AnswerRate::new(0.0);
        rate.dialed();
        rate.roll(1e9, &Histogram::of_answers(25.0), 0.0);
        assert!(rate.estimate().rate > 0.0);
    }
}
