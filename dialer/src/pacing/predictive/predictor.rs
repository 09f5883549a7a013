//! What is under way, what was learned of it, and the decision.

use super::answer_rate::{AnswerRate, Estimate};
use super::answer_time::{bin, Histogram, BINS, BIN_S};
use super::budget::Budget;
use super::clock::{age, Clock};
use super::marginal::{left, Freeing};
use super::verdicts::{Pending, Verdicts};
use super::{
    lines, CallId, Decision, Expected, Figures, Knots, Options, Seconds, Seen, Team, KNOTS, KNOT_S,
};
use std::collections::BTreeMap;

/// What was learned counts after so many seconds.
const TABLES_S: Seconds = 1.0;

/// When agents get free is looked at anew after so many seconds, or when one changes.
const FREEING_S: Seconds = 0.25;

/// So often it should be asked while there is something under way, and while there is not.
const AGAIN_S: Seconds = 0.5;
const IDLE_S: Seconds = 5.0;

/// So much of the time in which an agent is in time is counted on.
const GRACE: f64 = 0.75;

/// A call is hung up when an answer finds no agent with this chance.
const HOPELESS: f64 = 0.2;

/// What may be hung up in time harms only so much.
const LATE_HARM: f64 = 0.4;

/// So many of those whom agents were given are remembered, in case they are machines.
const GIVEN: usize = 4_096;

/// The pacing of one running campaign. See [the module](super).
#[derive(Debug, Clone)]
pub struct Predictor {
    clock: Clock,
    options: Options,
    legs: BTreeMap<CallId, Leg>,
    /// People who answered and have no agent yet, and how long their verdicts took.
    people: BTreeMap<CallId, Seconds>,
    /// The last ones whom agents were given.
    given: BTreeMap<CallId, Seconds>,
    answers: Histogram,
    other_ends: Histogram,
    answer_rate: AnswerRate,
    verdicts: Verdicts,
    budget: Budget,
    tables: Tables,
    freeing: Option<TeamAhead>,
    price: f64,
    /// The harm that is granted to the calls of the last decision.
    granted: f64,
}

/// A call without an agent.
#[derive(Debug, Clone, Copy)]
struct Leg {
    dialed_at: Seconds,
    rings_at: Option<Seconds>,
    state: LegState,
    /// The harm that was granted to it.
    granted: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LegState {
    Calling,
    Answered {
        at: Seconds,
    },
    /// It is to be hung up.
    Canceled,
}

/// When the busy agents get free, as it was looked at last.
#[derive(Debug, Clone)]
struct TeamAhead {
    at: Seconds,
    version: u64,
    freeing: Freeing,
}

/// What follows from what was learned.
#[derive(Debug, Clone)]
struct Tables {
    made_at: Seconds,
    estimate: Estimate,
    delay: Seconds,
    /// For each age, how likely a call that rings is answered by each knot.
    ringing: Vec<Knots>,
    pending: Pending,
    /// A live answer of a new call comes by each knot, and in each knot's span.
    by: Knots,
    within: Knots,
}

impl Tables {
    fn new(
        now: Seconds,
        estimate: Estimate,
        answers: &Histogram,
        other_ends: &Histogram,
        verdicts: &Verdicts,
    ) -> Tables {
        let delay = verdicts.human_delay();
        let rows = bin(other_ends.longest()) + 1;
        let age = |row: usize| (row as f64 + 0.5) * BIN_S;
        // Knots lie whole rows apart.
        let ahead = |knot: Seconds| (knot / BIN_S) as usize;
        let last = rows + ahead(KNOT_S[KNOTS - 1]);
        let known: Vec<f64> = (0..last).map(|row| answers.by(age(row) - delay)).collect();
        let ringing = |row: usize| {
            let answered = answers.by(age(row));
            let rings =
                1.0 - estimate.rate * answered - (1.0 - estimate.rate) * other_ends.by(age(row));
            let scale = estimate.rate / rings.max(1e-6);
            let mut chances = [0.0; KNOTS];
            for (chance, knot) in chances.iter_mut().zip(KNOT_S) {
                *chance = (scale * (known[row + ahead(knot)] - answered)).clamp(0.0, 1.0);
            }
            // What comes later than is looked ahead is thought to come at the last moment.
            chances[KNOTS - 1] = (scale * (1.0 - answered)).clamp(0.0, 1.0);
            chances
        };
        let by = |time: Seconds| answers.by(time - delay);
        let (mut until, mut within) =
            (KNOT_S.map(by), KNOT_S.map(|knot| by(knot + 1.0) - by(knot - 1.0)));
        until[KNOTS - 1] = 1.0;
        within[KNOTS - 1] = 1.0 - by(KNOT_S[KNOTS - 1] - 1.0);
        Tables {
            made_at: now,
            estimate,
            delay,
            ringing: (0..rows).map(ringing).collect(),
            pending: verdicts.to_come(),
            by: until,
            within,
        }
    }

    /// The row of `ringing` for an age.
    fn row(&self, age: Seconds) -> usize {
        bin(age).min(self.ringing.len() - 1)
    }

    fn ringing_for(&self, age: Seconds) -> &Knots {
        &self.ringing[self.row(age)]
    }
}

impl Predictor {
    pub fn new(options: &Options, at: Seconds) -> Predictor {
        let options = &options.checked();
        let mut clock = Clock::default();
        let now = clock.see(at);
        let answers = Histogram::of_answers(options.ring_timeout_s);
        let other_ends = Histogram::of_other_ends(options.ring_timeout_s);
        let answer_rate = AnswerRate::new(now);
        let verdicts = Verdicts::new(options.amd);
        let budget = Budget::new(options, now, period_end(options, at, now));
        let tables = Tables::new(now, answer_rate.estimate(), &answers, &other_ends, &verdicts);
        Predictor {
            clock,
            options: options.clone(),
            legs: BTreeMap::new(),
            people: BTreeMap::new(),
            given: BTreeMap::new(),
            answers,
            other_ends,
            answer_rate,
            verdicts,
            price: budget.price(),
            granted: budget.price(),
            budget,
            tables,
            freeing: None,
        }
    }

    /// Takes over other options. What was learned stays. With another end of the period,
    /// answers and abandoned ones are those of the new period.
    pub fn configure(&mut self, at: Seconds, options: &Options) {
        let options = &options.checked();
        let now = self.roll(at);
        if options.period_end != self.options.period_end {
            self.budget.begin_period(options);
        }
        if options.amd != self.options.amd {
            self.verdicts = Verdicts::new(options.amd);
        }
        self.budget.aim(options, period_end(options, at, now));
        self.options = options.clone();
        self.freeing = None;
    }

    /// So many calls can still be started: the share of abandoned ones has to be right by
    /// the time that the list is worked off.
    pub fn expect_dials(&mut self, left: u64) {
        self.budget.expect(left as f64 * self.tables.estimate.rate);
    }

    /// Takes note of what happened. What is unknown, doubled or out of order tells nothing.
    pub fn see(&mut self, at: Seconds, seen: Seen) {
        let now = self.roll(at);
        match seen {
            Seen::Dialed { call } => self.dialed(call, now),
            Seen::Rings { call } => {
                if let Some(leg) = self.legs.get_mut(&call) {
                    leg.rings_at.get_or_insert(now);
                }
            }
            Seen::Answered { call } => {
                match self.legs.get_mut(&call) {
                    Some(leg) if matches!(leg.state, LegState::Answered { .. }) => return,
                    Some(leg) => leg.state = LegState::Answered { at: now },
                    None => return,
                }
                if !self.options.amd {
                    self.verdict(call, true, now);
                }
            }
            Seen::Verdict { call, human } => self.verdict(call, human, now),
            Seen::Connected { call } => self.connected(call),
            Seen::Abandoned { call } => {
                if let Some(after) = self.people.remove(&call) {
                    self.budget.abandoned(self.verdicts.is_person(after));
                }
            }
            Seen::Ended { call } => self.ended(call, now),
            Seen::Withdrawn { call } => {
                if let Some(leg) = self.legs.remove(&call) {
                    self.withdrawn(&leg, now);
                }
            }
            Seen::FalseHuman { call } => {
                if let Some(after) = self.given.remove(&call) {
                    self.verdicts.wrong(after);
                    self.budget.false_human();
                }
            }
        }
    }

    fn dialed(&mut self, call: CallId, now: Seconds) {
        if self.legs.contains_key(&call) || self.people.contains_key(&call) {
            return;
        }
        let leg =
            Leg { dialed_at: now, rings_at: None, state: LegState::Calling, granted: self.granted };
        self.legs.insert(call, leg);
        self.answer_rate.dialed();
    }

    fn verdict(&mut self, call: CallId, human: bool, now: Seconds) {
        let Some(leg) = self.legs.remove(&call) else { return };
        // Without word of the answer, that was now.
        let answered_at = match leg.state {
            LegState::Answered { at } => at,
            LegState::Calling | LegState::Canceled => now,
        };
        if self.options.amd {
            self.verdicts.learn(human, now - answered_at);
        }
        let after = answered_at - leg.dialed_at;
        if human {
            self.answers.add(after);
            self.answer_rate.answered();
            self.budget.answered(leg.granted);
            self.people.insert(call, now - answered_at);
        } else {
            self.other_ends.add(after);
        }
    }

    fn connected(&mut self, call: CallId) {
        let Some(after) = self.people.remove(&call) else { return };
        self.verdicts.given(after);
        self.given.insert(call, after);
        if self.given.len() > GIVEN {
            self.given.pop_first();
        }
    }

    fn ended(&mut self, call: CallId, now: Seconds) {
        self.people.remove(&call);
        let Some(leg) = self.legs.remove(&call) else { return };
        match leg.state {
            LegState::Canceled => self.withdrawn(&leg, now),
            LegState::Calling => self.other_ends.add(now - leg.dialed_at),
            LegState::Answered { at } => self.other_ends.add(at - leg.dialed_at),
        }
    }

    /// A call that we ended ourselves: what it would have told is thought to be what others
    /// tell that rang as long.
    fn withdrawn(&mut self, leg: &Leg, now: Seconds) {
        let age = now - leg.dialed_at;
        let rate = self.tables.estimate.rate;
        let live = rate * (1.0 - self.answers.by(age));
        let other = (1.0 - rate) * (1.0 - self.other_ends.by(age));
        if live + other > 1e-6 {
            self.answers.add_beyond(age, live / (live + other));
            self.other_ends.add_beyond(age, other / (live + other));
        }
        self.answer_rate.withdrawn(age);
    }

    /// Live answers that are still to come, for other campaigns of the same team.
    pub fn expected(&self, at: Seconds) -> Expected {
        let now = self.clock.at(at);
        let mut expected = Expected::default();
        let mut ages = [0_u32; BINS];
        for leg in self.legs.values() {
            expected.in_flight += usize::from(leg.state != LegState::Canceled);
            match leg.state {
                LegState::Calling => ages[self.tables.row(now - leg.dialed_at)] += 1,
                LegState::Answered { at } => {
                    add(&mut expected.mean, &self.tables.pending.by(now - at), 1.0);
                }
                LegState::Canceled => {}
            }
        }
        for (row, legs) in self.tables.ringing.iter().zip(ages).filter(|(_, legs)| *legs > 0) {
            add(&mut expected.mean, row, f64::from(legs));
        }
        self.set_variance(&mut expected);
        expected
    }

    /// Not to know the rate exactly is variance too.
    fn set_variance(&self, expected: &mut Expected) {
        let doubt = 1.0 / (self.tables.estimate.answers + 1.0);
        for (variance, mean) in expected.variance.iter_mut().zip(expected.mean) {
            *variance = mean + mean * mean * doubt;
        }
    }

    /// What is to be done now, when at most `most` calls may start. `rivals` are the answers
    /// to come of other campaigns on the same team.
    pub fn decide(&mut self, at: Seconds, team: &Team, rivals: &Expected, most: usize) -> Decision {
        let now = self.roll(at);
        let ahead = self.ahead(at, now, team);
        let mut outlook = Outlook {
            spare: team.spare(),
            freeing: &ahead.freeing,
            mine: self.expected(at),
            rivals,
        };
        let cancel = self.hopeless(now, &mut outlook);

        let free = usize::try_from(outlook.spare).unwrap_or(0);
        let in_flight = outlook.mine.in_flight.saturating_add(rivals.in_flight);
        let mut launch = lines(free, in_flight, 100).min(most);
        self.launch(launch, &mut outlook);
        let mut harm = self.harm(&outlook);
        while launch < most && harm <= self.price {
            launch += 1;
            self.launch(1, &mut outlook);
            harm = self.harm(&outlook);
        }
        // What is held back by something else does not use up what it may.
        self.granted = harm.min(self.price);
        let is_idle = outlook.mine.in_flight == 0 && team.busy() == 0;
        let again_at = at + if is_idle { IDLE_S } else { AGAIN_S };
        self.freeing = Some(ahead);
        for call in &cancel {
            if let Some(leg) = self.legs.get_mut(call) {
                leg.state = LegState::Canceled;
            }
        }
        Decision { launch, cancel, again_at }
    }

    /// When the busy agents get free.
    fn ahead(&mut self, at: Seconds, now: Seconds, team: &Team) -> TeamAhead {
        let known = self.freeing.take();
        let is_new =
            |ahead: &TeamAhead| ahead.version == team.version() && now - ahead.at < FREEING_S;
        known.filter(is_new).unwrap_or_else(|| TeamAhead {
            at: now,
            version: team.version(),
            freeing: team.freeing(at, self.grace()),
        })
    }

    fn grace(&self) -> Seconds {
        GRACE * age(self.tables.delay, self.options.abandon_after_s)
    }

    /// Calls that rang long enough, while an answer would find nobody.
    fn hopeless(&self, now: Seconds, outlook: &mut Outlook<'_>) -> Vec<CallId> {
        let mut hopeless = Vec::new();
        let Some(min_ring) = self.options.min_ring_s else { return hopeless };
        for (call, leg) in &self.legs {
            let Some(rings_at) = leg.rings_at else { continue };
            if leg.state != LegState::Calling || now - rings_at < min_ring {
                continue;
            }
            if outlook.left(0).none <= HOPELESS {
                break;
            }
            add(&mut outlook.mine.mean, self.tables.ringing_for(now - leg.dialed_at), -1.0);
            outlook.mine.mean.iter_mut().for_each(|mean| *mean = mean.max(0.0));
            outlook.mine.in_flight -= 1;
            self.set_variance(&mut outlook.mine);
            hopeless.push(*call);
        }
        hopeless
    }

    fn launch(&self, calls: usize, outlook: &mut Outlook<'_>) {
        add(&mut outlook.mine.mean, &self.tables.by, calls as f64 * self.tables.estimate.rate);
        outlook.mine.in_flight = outlook.mine.in_flight.saturating_add(calls);
        self.set_variance(&mut outlook.mine);
    }

    /// How many more people find no agent per live answer of one more call.
    fn harm(&self, outlook: &Outlook<'_>) -> f64 {
        let mut harm = 0.0;
        let mut before = 0.0;
        let late = self.options.min_ring_s.unwrap_or(f64::INFINITY);
        for (knot, after) in KNOT_S.into_iter().enumerate() {
            let until = outlook.answers_until_end(knot);
            let weight = if after > late { LATE_HARM } else { 1.0 };
            let left = outlook.left(knot);
            let own = self.tables.within[knot] * left.none;
            let other = (until - before) * left.one * self.tables.by[knot];
            harm += weight * (own + other);
            before = until;
        }
        harm
    }

    pub fn figures(&self, at: Seconds, team: &Team) -> Figures {
        let expected = self.expected(at);
        Figures {
            answer_rate: self.tables.estimate.rate,
            answer_s: self.answers.mean(),
            verdict_s: self.tables.delay,
            talk_s: team.talk_s(),
            wrap_up_s: team.wrap_up_s(),
            price: self.price,
            abandonment: self.budget.share(),
            occupancy: team.occupancy(),
            in_flight: expected.in_flight,
            answers_to_come: expected.mean[KNOTS - 1],
        }
    }

    /// Lets time go by, and what was learned count.
    fn roll(&mut self, at: Seconds) -> Seconds {
        let now = self.clock.see(at);
        self.answer_rate.roll(now, &self.answers, self.tables.delay);
        self.budget.roll(now);
        self.price = self.budget.price();
        if now - self.tables.made_at >= TABLES_S {
            self.answers.settle();
            self.other_ends.settle();
            let estimate = self.answer_rate.estimate();
            let (answers, other_ends) = (&self.answers, &self.other_ends);
            self.tables = Tables::new(now, estimate, answers, other_ends, &self.verdicts);
        }
        now
    }
}

/// What is to be expected of agents and answers.
struct Outlook<'a> {
    /// Agents free now, without those whom people who wait will take.
    spare: i64,
    freeing: &'a Freeing,
    mine: Expected,
    rivals: &'a Expected,
}

impl Outlook<'_> {
    fn left(&self, knot: usize) -> super::marginal::Left {
        let mean = self.mine.mean[knot] + self.rivals.mean[knot];
        let variance = self.mine.variance[knot] + self.rivals.variance[knot];
        left(self.spare, self.freeing, knot, mean, variance)
    }

    /// Answers by the end of a knot's span, which lies between two knots.
    fn answers_until_end(&self, knot: usize) -> f64 {
        let by = |knot: usize| self.mine.mean[knot] + self.rivals.mean[knot];
        match knot + 1 {
            KNOTS => by(knot) + (by(knot) - by(knot - 1)) / 2.0,
            next => (by(knot) + by(next)) / 2.0,
        }
    }
}

fn add(sum: &mut Knots, row: &Knots, times: f64) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += times * value;
    }
}

/// The end of the period on the pacing's own clock.
fn period_end(options: &Options, at: Seconds, now: Seconds) -> Option<Seconds> {
    options.period_end.map(|end| now + age(at, end))
}
