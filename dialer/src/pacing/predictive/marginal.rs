//! What one more call would cost: how many more people would find no agent.
//!
//! The look ahead has knots, [`KNOT_S`] from now. At each of them, so many agents are
//! left over: those free now, and those who get free by then, without those whom an
//! answer of a call under way takes. A further call harms in two ways. Its own answer
//! finds nobody left; or it takes the last one, and an answer that comes later does.

use super::{normal, Knots, KNOTS};

/// Up to so many busy agents chances are summed exactly.
pub(super) const EXACT_AGENTS: usize = 40;

/// With more answers than that to come, a sum of chances is a normal distribution.
const EXACT_ANSWERS: f64 = 60.0;

/// How many of the busy agents are free by each knot.
#[derive(Debug, Clone)]
pub(super) enum Freeing {
    /// The chance of each number, from none to all.
    Exactly(Vec<[f64; EXACT_AGENTS + 1]>, usize),
    About {
        mean: Knots,
        variance: Knots,
    },
}

impl Freeing {
    /// From the chances of each busy agent.
    pub fn of(agents: &[Knots]) -> Freeing {
        if agents.len() > EXACT_AGENTS {
            let (mut mean, mut variance) = ([0.0; KNOTS], [0.0; KNOTS]);
            for chances in agents {
                for knot in 0..KNOTS {
                    mean[knot] += chances[knot];
                    variance[knot] += chances[knot] * (1.0 - chances[knot]);
                }
            }
            return Freeing::About { mean, variance };
        }
        let mut all = vec![[0.0; EXACT_AGENTS + 1]; KNOTS];
        for (knot, numbers) in all.iter_mut().enumerate() {
            numbers[0] = 1.0;
            for (before, chances) in agents.iter().enumerate() {
                let free = chances[knot];
                numbers[before + 1] = numbers[before] * free;
                for number in (1..=before).rev() {
                    numbers[number] = numbers[number] * (1.0 - free) + numbers[number - 1] * free;
                }
                numbers[0] *= 1.0 - free;
            }
        }
        Freeing::Exactly(all, agents.len())
    }

    fn moments(&self, knot: usize) -> (f64, f64) {
        match self {
            Freeing::About { mean, variance } => (mean[knot], variance[knot]),
            Freeing::Exactly(all, agents) => {
                let chances = all[knot][..=*agents].iter().enumerate();
                let (mut mean, mut square) = (0.0, 0.0);
                for (number, chance) in chances {
                    mean += number as f64 * chance;
                    square += (number * number) as f64 * chance;
                }
                (mean, (square - mean * mean).max(0.0))
            }
        }
    }
}

/// The chances of what is left over at one knot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Left {
    /// No agent: one more answer finds nobody.
    pub none: f64,
    /// One agent: one more answer takes the last one.
    pub one: f64,
}

/// What is left over at a knot with `spare` agents more than people who wait now, and
/// answers to come with this mean and variance.
pub(super) fn left(spare: i64, freeing: &Freeing, knot: usize, mean: f64, variance: f64) -> Left {
    match freeing {
        Freeing::Exactly(numbers, busy)
            if mean <= EXACT_ANSWERS && spare <= 2 * EXACT_AGENTS as i64 =>
        {
            exactly(spare, &numbers[knot][..=*busy], mean, variance)
        }
        _ => about(spare, freeing.moments(knot), mean, variance),
    }
}

/// With answers that are negative binomial: Poisson at a rate that is not known exactly.
fn exactly(spare: i64, freeing: &[f64], mean: f64, variance: f64) -> Left {
    let mut left = Left { none: 0.0, one: 0.0 };
    let mut answers = Answers::new(mean, variance);
    for (free, chance) in freeing.iter().enumerate() {
        let agents = spare + free as i64;
        if agents <= 0 {
            left.none += chance;
            continue;
        }
        while answers.number < agents - 1 {
            answers.next();
        }
        left.none += chance * (1.0 - answers.at_most).max(0.0);
        left.one += chance * answers.exactly;
    }
    left
}

fn about(spare: i64, (free, free_variance): (f64, f64), mean: f64, variance: f64) -> Left {
    let deviation = (free_variance + variance).sqrt().max(1e-3);
    let agents = spare as f64 + free - mean;
    let none = normal::cdf((0.5 - agents) / deviation);
    Left { none, one: (normal::cdf((1.5 - agents) / deviation) - none).max(0.0) }
}

/// The chances of numbers of answers, one after the other.
struct Answers {
    number: i64,
    exactly: f64,
    at_most: f64,
    /// The next number is as likely as this one × (`slope` × number + `base`) / (number + 1).
    slope: f64,
    base: f64,
}

impl Answers {
    fn new(mean: f64, variance: f64) -> Answers {
        let excess = variance - mean;
        let (exactly, slope, base) = if mean <= 0.0 {
            (1.0, 0.0, 0.0)
        } else if excess <= 1e-6 * mean {
            ((-mean).exp(), 0.0, mean)
        } else {
            let shape = mean * mean / excess;
            let odds = mean / (shape + mean);
            ((shape * (1.0 - odds).ln()).exp(), odds, odds * shape)
        };
        Answers { number: 0, exactly, at_most: exactly, slope, base }
    }

    fn next(&mut self) {
        let number = self.number as f64;
        self.exactly *= (self.slope * number + self.base) / (number + 1.0);
        self.number += 1;
        self.at_most += self.exactly;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_summed_exactly() {
        let Freeing::Exactly(all, 3) = Freeing::of(&[[0.5; KNOTS], [0.25; KNOTS], [1.0; KNOTS]])
        else {
            panic!("three agents")
        };
        assert_eq!(all[4][..4], [0.0, 0.375, 0.5, 0.125]);
    }

    #[test]
    fn answers_add_up_to_their_moments() {
        for (mean, variance) in [(0.0, 0.0), (3.0, 3.0), (3.0, 5.5), (40.0, 60.0)] {
            let mut answers = Answers::new(mean, variance);
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..400 {
                answers.next();
                let number = answers.number as f64;
                sum += number * answers.exactly;
                square += number * number * answers.exactly;
            }
            assert!((answers.at_most - 1.0).abs() < 1e-9, "{mean} {variance}");
            assert!((sum - mean).abs() < 1e-6 && (square - sum * sum - variance).abs() < 1e-5);
        }
    }

    #[test]
    fn exact_and_normal_agree_where_both_hold() {
        let few = Freeing::of(&[[0.3; KNOTS]; 40]);
        let moments = few.moments(0);
        assert!((moments.0 - 12.0).abs() < 1e-9 && (moments.1 - 8.4).abs() < 1e-9);
        for spare in [-5, 0, 5] {
            let exact = left(spare, &few, 0, 12.0, 14.0);
            let normal = about(spare, moments, 12.0, 14.0);
            assert!((exact.none - normal.none).abs() < 0.01, "{exact:?} {normal:?}");
            assert!((exact.one - normal.one).abs() < 0.01, "{exact:?} {normal:?}");
        }
    }

    #[test]
    fn plain_cases() {
        let nobody = Freeing::of(&[]);
        assert_eq!(left(0, &nobody, 0, 0.0, 0.0), Left { none: 1.0, one: 0.0 });
        assert_eq!(left(1, &nobody, 0, 0.0, 0.0), Left { none: 0.0, one: 1.0 });
        assert_eq!(left(2, &nobody, 0, 0.0, 0.0), Left { none: 0.0, one: 0.0 });
        let poisson = left(1, &nobody, 0, 1.0, 1.0);
        assert!((poisson.none - (1.0 - (-1.0_f64).exp())).abs() < 1e-12);
        assert!(left(-300, &nobody, 0, 1e6, 1e6).none > 0.9);
        assert!(left(1_000, &nobody, 0, 1.0, 1.0).none < 1e-9);
    }
}
