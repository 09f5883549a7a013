//! How many people may find no agent, and what the next call may cost of that.
//!
//! Each live answer earns a little credit, each abandoned one takes 1. What one unit of
//! expected harm costs in truth is measured, so a bad estimate of anything is corrected
//! by what happens. The price moves slowly: dialing that stops and starts wastes agents.

use super::{Options, Seconds};

/// The part of the target that is aimed at; a target is a limit.
const AIM: f64 = 0.99;

/// The harm that one live answer may bring at the start.
const FIRST_PRICE: f64 = 0.08;

/// The price never falls below this part of the first one, unless the budget is spent
/// and the period ends.
const LOWEST_PRICE: f64 = 0.05;

/// And never rises above this, however cheap harm has been: that may change.
const HIGHEST_PRICE: f64 = 0.6;

/// So many answers back the price is measured.
const WINDOW: f64 = 2_000.0;

/// What is thought of the price before the first answer has the weight of so much of it.
const PRIOR_WEIGHT: f64 = 10.0;

/// The rate that is allowed stays between these parts of the target.
const NARROWEST: f64 = 0.2;
const WIDEST: f64 = 1.6;

/// At least so many answers are thought to be left in the period.
const FEWEST_LEFT: f64 = 60.0;

/// Without an end of the period, so many answers back count, and so many lie ahead.
const OPEN_END: f64 = 2_000.0;

/// What is kept in hand: at least so much, and of many answers this times their square
/// root, for they can go wrong by more at the end of a period.
const RESERVE: f64 = 2.0;
const RESERVE_PART: f64 = 0.05;

/// How far back answers per second are measured, and from when on that is believed.
const RATE_WINDOW_S: Seconds = 1_800.0;
const RATE_KNOWN_S: Seconds = 600.0;

#[derive(Debug, Clone)]
pub(super) struct Budget {
    target: f64,
    /// On the pacing's own clock.
    period_end: Option<Seconds>,
    credit: f64,
    answers: f64,
    abandoned: f64,
    /// Of the window: harm that was granted, and people who found no agent.
    granted: f64,
    seen: f64,
    /// Answers, and seconds in which they came, of the rate's window.
    recent: f64,
    recent_s: Seconds,
    rolled_at: Seconds,
    /// Live answers that the list can still bring, if that is known.
    in_list: Option<f64>,
}

impl Budget {
    pub fn new(options: &Options, now: Seconds, period_end: Option<Seconds>) -> Budget {
        let mut budget = Budget {
            target: 0.0,
            period_end,
            credit: 0.0,
            answers: options.answers as f64,
            abandoned: options.abandoned as f64,
            granted: 0.0,
            seen: 0.0,
            recent: 0.0,
            recent_s: 0.0,
            rolled_at: now,
            in_list: None,
        };
        budget.aim(options, period_end);
        budget
    }

    /// Another target or period end; what was spent stays spent.
    pub fn aim(&mut self, options: &Options, period_end: Option<Seconds>) {
        self.target = options.abandon_target * AIM;
        self.period_end = period_end;
        self.credit = self.target * self.answers - self.abandoned;
    }

    /// A new period, with what it has seen so far. What harm costs stays known.
    pub fn begin_period(&mut self, options: &Options) {
        self.answers = options.answers as f64;
        self.abandoned = options.abandoned as f64;
    }

    pub fn answered(&mut self, granted: f64) {
        if self.period_end.is_none() {
            let keep = 1.0 - 1.0 / OPEN_END;
            self.answers *= keep;
            self.abandoned *= keep;
            self.credit *= keep;
        }
        self.answers += 1.0;
        self.recent += 1.0;
        self.credit += self.target;
        let keep = 1.0 - 1.0 / WINDOW;
        self.granted = self.granted * keep + granted;
        self.seen *= keep;
    }

    /// Somebody who answered found no agent; the chance that it was a person.
    pub fn abandoned(&mut self, is_person: f64) {
        self.abandoned += is_person;
        self.seen += is_person;
        self.credit -= is_person;
        self.take_back(1.0 - is_person);
    }

    /// An agent was given a machine: it was no live answer.
    pub fn false_human(&mut self) {
        self.take_back(1.0);
    }

    fn take_back(&mut self, answers: f64) {
        let answers = answers.min(self.answers - self.abandoned).max(0.0);
        self.answers -= answers;
        self.credit -= answers * self.target;
    }

    pub fn roll(&mut self, now: Seconds) {
        let passed = now - self.rolled_at;
        if passed <= 0.0 {
            return;
        }
        self.rolled_at = now;
        let keep = (-passed / RATE_WINDOW_S).exp();
        self.recent *= keep;
        self.recent_s = self.recent_s * keep + RATE_WINDOW_S * (1.0 - keep);
    }

    /// So many live answers can the list still bring.
    pub fn expect(&mut self, answers: f64) {
        self.in_list = Some(answers);
    }

    /// Live answers that are still to be expected in the period.
    fn left(&self) -> f64 {
        let rate = self.recent / self.recent_s.max(60.0);
        let in_period =
            self.period_end.map_or(OPEN_END, |end| rate * (end - self.rolled_at).max(0.0));
        self.in_list.map_or(in_period, |in_list| in_list.min(in_period))
    }

    /// The harm that one more live answer may bring.
    pub fn price(&self) -> f64 {
        if self.target <= 0.0 {
            return 0.0;
        }
        let left = self.left();
        let is_over = left < FEWEST_LEFT && self.recent_s > RATE_KNOWN_S;
        if is_over && self.credit < 1.0 {
            return 0.0;
        }
        let reserve = RESERVE.max(RESERVE_PART * self.answers.max(0.0).sqrt());
        let rate = self.target + (self.credit - reserve) / left.max(FEWEST_LEFT);
        let rate = rate.clamp(NARROWEST * self.target, WIDEST * self.target);
        let lowest = LOWEST_PRICE * FIRST_PRICE;
        (rate / self.cost()).clamp(lowest.min(self.target), HIGHEST_PRICE)
    }

    /// People who find no agent per unit of harm that was granted.
    fn cost(&self) -> f64 {
        let first = 0.03 * AIM / FIRST_PRICE;
        (self.seen + PRIOR_WEIGHT * first) / (self.granted + PRIOR_WEIGHT)
    }

    /// The share of live answers that found no agent so far.
    pub fn share(&self) -> f64 {
        if self.answers > 0.0 {
            (self.abandoned / self.answers).min(1.0)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(period_end: Option<Seconds>) -> Budget {
        Budget::new(&Options::default(), 0.0, period_end)
    }

    #[test]
    fn begins_cautiously() {
        let price = budget(Some(28_800.0)).price();
        assert!(price > 0.01 && price <= FIRST_PRICE, "{price}");
        assert!(budget(None).price() > price);
    }

    #[test]
    fn the_price_falls_when_people_are_lost_and_rises_again() {
        let mut budget = budget(None);
        for _ in 0..1_000 {
            budget.answered(0.08);
        }
        let rich = budget.price();
        for _ in 0..60 {
            budget.abandoned(1.0);
        }
        let poor = budget.price();
        assert!(poor < rich / 2.0, "{poor} {rich}");
        for _ in 0..3_000 {
            budget.answered(0.01);
        }
        assert!(budget.price() > poor);
    }

    #[test]
    fn the_tap_closes_at_the_end_of_a_period_without_credit() {
        let mut budget = budget(Some(28_800.0));
        for second in 0..28_790 {
            budget.roll(f64::from(second));
            if second % 20 == 0 {
                budget.answered(0.05);
            }
            if second % 600 == 0 {
                budget.abandoned(1.0);
            }
        }
        assert!(budget.share() > 0.03);
        assert_eq!(budget.price(), 0.0);
    }

    #[test]
    fn a_short_list_is_dialled_more_carefully() {
        let mut long = budget(None);
        long.answered(0.05);
        let mut short = long.clone();
        long.expect(1e9);
        short.expect(150.0);
        assert!(short.price() < long.price() && short.price() > 0.0);
    }

    #[test]
    fn without_a_period_what_is_long_ago_is_forgotten() {
        let mut budget = budget(None);
        for _ in 0..2_000 {
            budget.answered(0.05);
            budget.abandoned(1.0);
        }
        assert!(budget.share() > 0.9);
        for _ in 0..20_000 {
            budget.answered(0.05);
        }
        assert!(budget.share() < 0.001 && budget.price() > 0.05, "{budget:?}");
    }

    #[test]
    fn after_a_restart_in_a_day_with_credit_it_goes_on() {
        let options = Options { answers: 1_000, abandoned: 20, ..Options::default() };
        let with_credit = Budget::new(&options, 0.0, Some(3_600.0)).price();
        let options = Options { answers: 1_000, abandoned: 40, ..Options::default() };
        let without = Budget::new(&options, 0.0, Some(3_600.0)).price();
        assert!(with_credit > without && without > 0.0, "{with_credit} {without}");
    }

    #[test]
    fn machines_are_no_answers() {
        let mut budget = budget(None);
        for _ in 0..100 {
            budget.answered(0.05);
        }
        budget.abandoned(1.0);
        let before = budget.share();
        for _ in 0..200 {
            budget.false_human();
        }
        assert!(budget.share() > before && budget.share() <= 1.0 && budget.credit.is_finite());
        budget.abandoned(0.0);
        assert!(budget.share() <= 1.0);
    }
}
