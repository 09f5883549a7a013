//! A trunk that refuses calls for congestion gets fewer of them, for as long as it does.
//!
//! As TCP does it: the pace is halved when calls are refused, and rises by a tenth of the
//! pace before with each step in which calls go through. A call that went out before the last
//! step says nothing of the pace after it, so one burst of refusals is one step.

use super::{CallMeter, CallRate, Pace};
use crate::domain::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// At least so long lies between two steps.
const STEP: Duration = Duration::from_secs(1);

/// Refusals that are too few to mean something, of a trunk that does not back off.
const MIN_REFUSED: u32 = 5;

/// A refused call is judged by what those said that went out in so many seconds up to it.
const WINDOW_S: i64 = 5;

/// For so many seconds after a call went out it may be heard of.
const HEARD_WITHIN_S: i64 = 60;

/// The pace rises by this part of the pace before.
const RISE: u64 = 10;

/// How a trunk backs off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackOffSettings {
    pub is_on: bool,
    /// From so many refused calls of a hundred on it is the trunk, not the number.
    pub percent: u32,
    /// The slowest that it gets: one call in so long.
    pub probe_s: u32,
}

impl Default for BackOffSettings {
    fn default() -> Self {
        BackOffSettings { is_on: true, percent: 25, probe_s: 5 }
    }
}

/// What a call says of its trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The far end took it on, whatever it made of it.
    Through,
    /// It was refused for congestion.
    Refused,
}

/// What somebody should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Began(Pace),
    Normal,
}

/// How one trunk backs off.
#[derive(Debug, Clone, Default)]
pub struct BackOff {
    settings: BackOffSettings,
    /// Seconds with how many of the calls that went out in them have told how the trunk
    /// is, and how many of these were refused; oldest first.
    seconds: VecDeque<(i64, u32, u32)>,
    slow: Option<Slow>,
    /// Since when calls tell of the trunk as it is now.
    since: Option<Timestamp>,
}

/// A trunk that backs off.
#[derive(Debug, Clone)]
struct Slow {
    began: Timestamp,
    before: Pace,
    pace: Pace,
    rate: CallRate,
    /// When the pace was last changed, and what calls since then say.
    step_at: Timestamp,
    through: u32,
    refused: u32,
}

impl BackOff {
    /// Other settings. What is off forgets that it was slow.
    pub fn configure(&mut self, settings: BackOffSettings) {
        if !settings.is_on {
            self.slow = None;
            self.seconds.clear();
        }
        self.settings = settings;
    }

    /// The clock was set back: what was measured by it is forgotten, the pace is not.
    pub fn restart(&mut self, now: Timestamp) {
        self.seconds.clear();
        self.since = None;
        if let Some(slow) = &mut self.slow {
            slow.rate = CallRate::at(slow.pace, now);
            (slow.step_at, slow.through, slow.refused) = (now, 0, 0);
        }
    }

    /// The pace of a trunk that backs off, and since when it does.
    pub fn pace(&self) -> Option<(Pace, Timestamp)> {
        self.slow.as_ref().map(|slow| (slow.pace, slow.began))
    }

    /// How many calls may go out now; `usize::MAX` if it does not back off.
    pub fn room(&self, now: Timestamp) -> usize {
        self.slow.as_ref().map_or(usize::MAX, |slow| slow.rate.allowance(now))
    }

    /// From when on a call may go out.
    pub fn opens_at(&self) -> Timestamp {
        self.slow.as_ref().map_or(Timestamp(i64::MIN), |slow| slow.rate.next_at())
    }

    /// A call goes out.
    pub fn count(&mut self, now: Timestamp) {
        if let Some(slow) = &mut self.slow {
            slow.rate.take(1, now);
        }
    }

    /// A call that went out at `sent` tells how the trunk is.
    pub fn learn(
        &mut self,
        sign: Sign,
        sent: Timestamp,
        now: Timestamp,
        meter: &CallMeter,
    ) -> Option<Turn> {
        if !self.settings.is_on {
            return None;
        }
        match &mut self.slow {
            Some(slow) if sent < slow.step_at => None,
            Some(slow) => {
                slow.learn(sign, &self.settings, now);
                if slow.pace < slow.before {
                    return None;
                }
                self.slow = None;
                self.since = Some(now);
                Some(Turn::Normal)
            }
            None if self.since.is_some_and(|since| sent < since) => None,
            None => {
                self.second(sent).1 += 1;
                (sign == Sign::Refused).then(|| self.refused(sent, now, meter)).flatten()
            }
        }
    }

    /// A trunk that does not back off has refused a call.
    fn refused(&mut self, sent: Timestamp, now: Timestamp, meter: &CallMeter) -> Option<Turn> {
        self.second(sent).2 += 1;
        let window = second(sent) - WINDOW_S..=second(sent);
        let (mut told, mut refused) = (0, 0);
        for (_, of_told, of_refused) in self.seconds.iter().filter(|s| window.contains(&s.0)) {
            told += of_told;
            refused += of_refused;
        }
        if refused < MIN_REFUSED || !self.settings.is_much(refused, told) {
            return None;
        }
        self.seconds.clear();
        let probe = self.settings.probe();
        let peak = meter.peak(sent).max(meter.peak(now));
        let before = Pace::per_second(u32::try_from(peak).unwrap_or(u32::MAX));
        let before = before.max(Pace(probe.0 * 2)).max(Pace::per_second(1));
        let pace = Pace(before.0 / 2).max(probe);
        let mut rate = CallRate::at(pace, now);
        rate.take(1, now);
        let (began, step_at) = (now, now);
        self.slow = Some(Slow { began, before, pace, rate, step_at, through: 0, refused: 0 });
        Some(Turn::Began(pace))
    }

    /// The counts of the second in which a call went out.
    fn second(&mut self, sent: Timestamp) -> &mut (i64, u32, u32) {
        let wanted = second(sent);
        let at = self.seconds.partition_point(|(second, ..)| *second < wanted);
        if self.seconds.get(at).is_none_or(|(second, ..)| *second != wanted) {
            self.seconds.insert(at, (wanted, 0, 0));
        }
        let newest = self.seconds.back().map_or(wanted, |(second, ..)| *second);
        let oldest = (newest - HEARD_WITHIN_S).min(wanted);
        let old = self.seconds.partition_point(|(second, ..)| *second < oldest);
        self.seconds.drain(..old);
        &mut self.seconds[at - old]
    }
}

fn second(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000_000)
}

impl BackOffSettings {
    fn probe(&self) -> Pace {
        Pace::one_in(Duration::from_secs(u64::from(self.probe_s)))
    }

    fn is_much(&self, refused: u32, of: u32) -> bool {
        u64::from(refused) * 100 >= u64::from(of) * u64::from(self.percent)
    }
}

impl Slow {
    fn learn(&mut self, sign: Sign, settings: &BackOffSettings, now: Timestamp) {
        match sign {
            Sign::Through => self.through += 1,
            Sign::Refused => self.refused += 1,
        }
        if now.since(self.step_at) < STEP {
            return;
        }
        let is_much =
            self.refused > 0 && settings.is_much(self.refused, self.refused + self.through);
        self.pace = match is_much {
            true => Pace(self.pace.0 / 2).max(settings.probe()),
            false => Pace(self.pace.0 + self.before.0.div_ceil(RISE)),
        };
        self.rate.set(self.pace, now);
        (self.step_at, self.through, self.refused) = (now, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// A trunk in virtual time: `refuses` says of each call, by its number and second,
    /// what becomes of it, 100 ms later.
    struct Trunk {
        back_off: BackOff,
        meter: CallMeter,
        rate: CallRate,
        turns: Vec<(i64, Turn)>,
        sent: Vec<usize>,
    }

    impl Trunk {
        fn run(settings: BackOffSettings, per_second: u32, seconds: i64) -> Runner {
            let mut back_off = BackOff::default();
            back_off.configure(settings);
            let rate = CallRate::new(per_second, Timestamp(0));
            let meter = CallMeter::default();
            let trunk =
                Trunk { back_off, meter, rate, turns: Vec::new(), sent: vec![0; seconds as usize] };
            Runner { trunk, seconds }
        }
    }

    struct Runner {
        trunk: Trunk,
        seconds: i64,
    }

    impl Runner {
        fn over(self, refuses: impl Fn(usize, i64) -> bool) -> Trunk {
            let Runner { mut trunk, seconds } = self;
            let mut coming: VecDeque<(i64, i64, Sign)> = VecDeque::new();
            let mut calls = 0;
            for ms in (0..seconds * 1_000).step_by(5) {
                let now = Timestamp(ms * MS);
                while coming.front().is_some_and(|(at, ..)| *at <= ms) {
                    let (_, sent, sign) = coming.pop_front().expect("one");
                    let sent = Timestamp(sent * MS);
                    let turn = trunk.back_off.learn(sign, sent, now, &trunk.meter);
                    trunk.turns.extend(turn.map(|turn| (ms, turn)));
                }
                let room = trunk.rate.allowance(now).min(trunk.back_off.room(now));
                for _ in 0..room {
                    trunk.rate.take(1, now);
                    trunk.back_off.count(now);
                    trunk.meter.count(now);
                    trunk.sent[(ms / 1_000) as usize] += 1;
                    calls += 1;
                    let refused = refuses(calls, ms / 1_000);
                    let sign = if refused { Sign::Refused } else { Sign::Through };
                    coming.push_back((ms + 100, ms, sign));
                }
            }
            trunk
        }
    }

    #[test]
    fn congestion_slows_down_to_a_probe_and_comes_back() {
        let congested = |_, s| (20..60).contains(&s);
        let trunk = Trunk::run(BackOffSettings::default(), 50, 100).over(congested);
        let (began, turn) = trunk.turns[0];
        assert!((20_000..23_000).contains(&began), "{:?}", trunk.turns);
        assert!(matches!(turn, Turn::Began(Pace(20_000..=30_000))), "{turn:?}");
        let probes: usize = trunk.sent[40..60].iter().sum();
        assert!((3..=5).contains(&probes), "one in five seconds: {probes}");
        let (normal, turn) = trunk.turns[1];
        assert!(turn == Turn::Normal && (65_000..85_000).contains(&normal), "{:?}", trunk.turns);
        assert!(trunk.sent[86..].iter().all(|sent| (48..=52).contains(sent)), "{:?}", trunk.sent);
        assert_eq!(trunk.turns.len(), 2);
    }

    #[test]
    fn single_congested_numbers_do_not_slow_a_healthy_trunk() {
        for per_second in [2, 20, 500] {
            let some = |call, _| call % 10 == 3;
            let trunk = Trunk::run(BackOffSettings::default(), per_second, 60).over(some);
            assert_eq!(trunk.turns, [], "{per_second}");
        }
    }

    #[test]
    fn a_few_late_refusals_of_many_good_calls_change_nothing() {
        let second = |s: i64| Timestamp(s * 1_000 * MS);
        let (mut back_off, mut meter) = (BackOff::default(), CallMeter::default());
        for s in 0..5 {
            for _ in 0..50 {
                back_off.count(second(s));
                meter.count(second(s));
            }
        }
        let mut turns = Vec::new();
        for _ in 0..240 {
            turns.extend(back_off.learn(Sign::Through, second(4), second(6), &meter));
        }
        for at in 0..5 {
            turns.extend(back_off.learn(Sign::Refused, second(4), second(10 + at), &meter));
        }
        assert_eq!(turns, []);
    }

    #[test]
    fn late_refusals_of_all_slow_down_from_the_pace_of_then() {
        let second = |s: i64| Timestamp(s * 1_000 * MS);
        let (mut back_off, mut meter) = (BackOff::default(), CallMeter::default());
        for _ in 0..50 {
            back_off.count(second(4));
            meter.count(second(4));
        }
        let turns: Vec<_> = (0..5)
            .filter_map(|_| back_off.learn(Sign::Refused, second(4), second(30), &meter))
            .collect();
        assert_eq!(turns, [Turn::Began(Pace::per_second(25))]);
    }

    #[test]
    fn one_burst_of_refusals_is_one_step() {
        let mut back_off = BackOff::default();
        let mut meter = CallMeter::default();
        let sent = Timestamp(1_000 * MS);
        for _ in 0..100 {
            back_off.count(sent);
            meter.count(sent);
        }
        let mut turns = Vec::new();
        for at in 0..100 {
            let now = Timestamp((1_500 + at * 50) * MS);
            turns.extend(back_off.learn(Sign::Refused, sent, now, &meter));
        }
        assert_eq!(turns, [Turn::Began(Pace::per_second(50))]);
        assert_eq!(back_off.pace().map(|(pace, _)| pace), Some(Pace::per_second(50)));
    }

    #[test]
    fn a_trunk_that_is_too_small_settles_at_what_it_takes() {
        // Twenty calls a second get through, whatever comes beyond is refused.
        let seconds = std::cell::RefCell::new(vec![0; 121]);
        let over = |_, s: i64| {
            let taken = &mut seconds.borrow_mut()[s as usize];
            *taken += 1;
            *taken > 20
        };
        let trunk = Trunk::run(BackOffSettings::default(), 50, 120).over(over);
        let sent: usize = trunk.sent[20..].iter().sum();
        assert!((1_000..3_000).contains(&sent), "{:?}", trunk.sent);
    }

    #[test]
    fn off_is_off() {
        let off = BackOffSettings { is_on: false, ..BackOffSettings::default() };
        let trunk = Trunk::run(off.clone(), 50, 20).over(|_, _| true);
        assert_eq!(trunk.turns, []);
        assert!(trunk.sent.iter().all(|sent| *sent >= 49), "{:?}", trunk.sent);
        let mut slow = Trunk::run(BackOffSettings::default(), 50, 20).over(|_, _| true).back_off;
        assert!(slow.pace().is_some());
        slow.configure(off);
        assert_eq!((slow.pace(), slow.room(Timestamp(0))), (None, usize::MAX));
    }
}
