//! Predictive pacing: how many calls to start now, so that agents talk as much as possible
//! while at most a given share of people who answer finds no agent in time.
//!
//! A campaign has a [`Predictor`], the agents of a queue are a [`Team`], which its
//! campaigns share. Both are told what happens and know nothing else; times are seconds
//! of any clock.
//!
//! | module | what it holds |
//! |---|---|
//! | `predictor` | what is under way, and the decision |
//! | `marginal` | what one more call would cost |
//! | `budget` | what it may cost, from what happened |
//! | `answer_rate` | live answers per dial, and when a list changes |
//! | `answer_time` | how long until an answer |
//! | `verdicts` | answered, but not yet known to be a person |
//! | `team`, `durations` | who is free, and when the others will be |
//!
//! ```
//! use dialer::pacing::predictive::*;
//!
//! let mut team = Team::new();
//! team.set(0.0, AgentId(1), AgentState::Free);
//! team.set(0.0, AgentId(2), AgentState::Talking { since: -60.0 });
//!
//! let mut predictor = Predictor::new(&Options::default(), 0.0);
//! let decision = predictor.decide(0.0, &team, &Expected::default(), 10);
//! assert!(decision.launch >= 1);
//!
//! predictor.see(0.0, Seen::Dialed { call: CallId(7) });
//! predictor.see(9.0, Seen::Answered { call: CallId(7) });
//! team.set_waiting(1);
//! predictor.see(9.4, Seen::Connected { call: CallId(7) });
//! team.set_waiting(0);
//! team.set(9.4, AgentId(1), AgentState::Talking { since: 9.4 });
//! assert_eq!(predictor.decide(9.4, &team, &Expected::default(), 0).launch, 0);
//! ```

mod answer_rate;
mod answer_time;
mod budget;
mod clock;
mod durations;
mod marginal;
mod normal;
mod predictor;
mod team;
mod verdicts;

pub use predictor::Predictor;
pub use team::Team;

/// A time or a span.
pub type Seconds = f64;

/// How many times are looked at ahead.
pub const KNOTS: usize = 14;

/// A value for each time that is looked at.
pub type Knots = [f64; KNOTS];

/// The times that are looked at: the middles of spans of two seconds from now.
pub(crate) const KNOT_S: [Seconds; KNOTS] =
    [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0, 23.0, 25.0, 27.0];

/// A call, by any number that no other call of the campaign has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// An agent, by any number that no other agent of the team has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub u64);

/// What an agent does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AgentState {
    /// Also while the phone rings for somebody who waits: that one is counted as waiting.
    Free,
    Talking {
        since: Seconds,
    },
    /// `until` is when it ends, if that is known.
    WrappingUp {
        since: Seconds,
        until: Option<Seconds>,
    },
    /// Not there, or paused.
    Away,
}

/// What a campaign asks of its pacing.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// At most this share of live answers may find no agent in time.
    pub abandon_target: f64,
    /// In time is within so long after the answer.
    pub abandon_after_s: Seconds,
    /// A call that rang so long may be hung up when nobody could take it. `None`: never.
    pub min_ring_s: Option<Seconds>,
    /// So long after the dial a call is given up.
    pub ring_timeout_s: Seconds,
    /// Live answers of the period so far, and how many of them found no agent.
    pub answers: u64,
    pub abandoned: u64,
    /// When the period ends over which the share is counted. `None`: there is none, and the
    /// last 2,000 answers or so count.
    pub period_end: Option<Seconds>,
    /// Answers are listened to first: [`Seen::Verdict`] tells people from machines. Without
    /// it, each answer is a person.
    pub amd: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            abandon_target: 0.03,
            abandon_after_s: 2.0,
            min_ring_s: None,
            ring_timeout_s: 30.0,
            answers: 0,
            abandoned: 0,
            period_end: None,
            amd: false,
        }
    }
}

impl Options {
    /// With values that can be reckoned with; what is no number becomes the default.
    fn checked(&self) -> Options {
        let default = Options::default();
        let within = |value: f64, least: f64, most: f64, default: f64| {
            if value.is_nan() {
                default
            } else {
                value.clamp(least, most)
            }
        };
        let day = 86_400.0;
        Options {
            abandon_target: within(self.abandon_target, 0.0, 1.0, default.abandon_target),
            abandon_after_s: within(self.abandon_after_s, 0.0, day, default.abandon_after_s),
            min_ring_s: self.min_ring_s.map(|span| within(span, 0.0, day, day)),
            ring_timeout_s: within(self.ring_timeout_s, 1.0, day, default.ring_timeout_s),
            abandoned: self.abandoned.min(self.answers),
            period_end: self.period_end.filter(|end| end.is_finite()),
            ..self.clone()
        }
    }
}

/// What is seen of a campaign's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Dialed {
        call: CallId,
    },
    /// The far end rings. From here on [`Options::min_ring_s`] counts.
    Rings {
        call: CallId,
    },
    /// Off the hook.
    Answered {
        call: CallId,
    },
    /// What answer detection says.
    Verdict {
        call: CallId,
        human: bool,
    },
    /// A person was given an agent.
    Connected {
        call: CallId,
    },
    /// A person found no agent in time.
    Abandoned {
        call: CallId,
    },
    /// The call is over: busy, not answered, failed, or hung up after its answer.
    Ended {
        call: CallId,
    },
    /// We hung it up before it was answered, for a reason of our own.
    Withdrawn {
        call: CallId,
    },
    /// An agent was given a machine and says so, also after the end of the call.
    FalseHuman {
        call: CallId,
    },
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// So many calls are to be started.
    pub launch: usize,
    /// These calls rang long enough and are to be hung up: nobody could take them.
    pub cancel: Vec<CallId>,
    /// It should be asked again by then, also when nothing happens.
    pub again_at: Seconds,
}

/// Live answers to come of calls that are under way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// Calls that may still bring one.
    pub in_flight: usize,
    /// How many come by each knot, and the variance of that.
    pub mean: Knots,
    pub variance: Knots,
}

impl std::ops::AddAssign for Expected {
    fn add_assign(&mut self, other: Expected) {
        self.in_flight += other.in_flight;
        for knot in 0..KNOTS {
            self.mean[knot] += other.mean[knot];
            self.variance[knot] += other.variance[knot];
        }
    }
}

/// What the pacing thinks, for people to look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Live answers per dial.
    pub answer_rate: f64,
    /// How long it takes on average until somebody answers.
    pub answer_s: Seconds,
    /// How much more until a person is known to be one.
    pub verdict_s: Seconds,
    pub talk_s: Seconds,
    pub wrap_up_s: Seconds,
    /// The harm that the next live answer may bring: people who find no agent.
    pub price: f64,
    /// The share of live answers of the period that found no agent.
    pub abandonment: f64,
    /// The share of the team's time of the last half hour that was talk.
    pub occupancy: f64,
    /// Calls that may still bring a live answer, and how many they should bring.
    pub in_flight: usize,
    pub answers_to_come: f64,
}

/// How many calls a mode with a fixed number of lines per free agent starts, of which
/// `in_flight` are under way without an agent. `lines_per_agent` is in hundredths:
/// 100 is progressive, more is power dialing.
pub fn lines(free: usize, in_flight: usize, lines_per_agent: u32) -> usize {
    let wanted = free as u128 * u128::from(lines_per_agent) / 100;
    usize::try_from(wanted).unwrap_or(usize::MAX).saturating_sub(in_flight)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn fixed_lines() {
        assert_eq!((lines(5, 0, 100), lines(5, 3, 100), lines(5, 9, 100)), (5, 2, 0));
        assert_eq!((lines(5, 0, 150), lines(1, 0, 150), lines(3, 2, 250)), (7, 1, 5));
        assert_eq!((lines(0, 0, 300), lines(usize::MAX, 0, u32::MAX)), (0, usize::MAX));
    }
}
