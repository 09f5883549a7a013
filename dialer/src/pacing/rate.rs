//! Calls per second, evenly: one call each interval, with no burst at the turn
//! of a second. (The generic cell rate algorithm of ITU-T I.371, annex A.)

use crate::domain::Timestamp;
use std::fmt;
use std::time::Duration;

/// How much may be caught up after a pause.
const TOLERANCE: Duration = Duration::from_millis(20);

/// So many calls in a thousand seconds: also less than one a second is a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace(pub u64);

impl Pace {
    pub fn per_second(calls: u32) -> Pace {
        Pace(u64::from(calls) * 1_000)
    }

    /// One call in each `span`.
    pub fn one_in(span: Duration) -> Pace {
        Pace((1_000_000 / (span.as_millis() as u64).max(1)).max(1))
    }

    fn interval(self) -> Duration {
        Duration::from_nanos(1_000_000_000_000 / self.0.max(1))
    }
}

/// Calls per second, with one place behind the point if there is less than ten.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            whole if whole >= 10_000 || whole % 1_000 == 0 => write!(f, "{}", whole / 1_000),
            part => write!(f, "{:.1}", (part as f64 / 1_000.0).max(0.1)),
        }
    }
}

/// A steady rate of calls.
#[derive(Debug, Clone)]
pub struct CallRate {
    interval: Duration,
    /// When the next call is due; it may come up to [`TOLERANCE`] early.
    due: Timestamp,
}

impl CallRate {
    /// `per_second` must be at least 1.
    pub fn new(per_second: u32, now: Timestamp) -> CallRate {
        CallRate::at(Pace::per_second(per_second), now)
    }

    pub fn at(pace: Pace, now: Timestamp) -> CallRate {
        CallRate { interval: pace.interval(), due: now }
    }

    /// Goes on at another pace. What the old one had still to wait for is waited
    /// for, but no longer than the new one asks.
    pub fn set(&mut self, pace: Pace, now: Timestamp) {
        self.interval = pace.interval();
        self.due = self.due.min(now + self.interval);
    }

    /// How many calls may go out now.
    pub fn allowance(&self, now: Timestamp) -> usize {
        let reach = now + TOLERANCE;
        if reach < self.due {
            return 0;
        }
        let behind = reach.since(self.due).min(TOLERANCE + TOLERANCE);
        (behind.as_nanos() / self.interval.as_nanos().max(1)) as usize + 1
    }

    /// Takes note of calls that go out now.
    pub fn take(&mut self, calls: usize, now: Timestamp) {
        let start = if self.due.since(now).is_zero() && now.since(self.due) > TOLERANCE {
            now
        } else {
            self.due
        };
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        self.due = start + self.interval.saturating_mul(calls);
    }

    /// The earliest time at which a call may go out.
    pub fn next_at(&self) -> Timestamp {
        Timestamp(self.due.0.saturating_sub(TOLERANCE.as_nanos() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: i64) -> Timestamp {
        Timestamp(ms * 1_000_000)
    }

    /// Calls that go out in each tenth of a second when it is asked every `step_ms`.
    fn tenths(per_second: u32, step_ms: i64, tenths: i64) -> Vec<usize> {
        let mut rate = CallRate::new(per_second, at_ms(0));
        let mut out = vec![0; tenths as usize];
        for ms in (0..tenths * 100).step_by(step_ms as usize) {
            let calls = rate.allowance(at_ms(ms));
            rate.take(calls, at_ms(ms));
            out[(ms / 100) as usize] += calls;
        }
        out
    }

    #[test]
    fn keeps_the_rate_without_bursts() {
        for (per_second, step_ms) in [(1, 1), (10, 1), (50, 1), (50, 7), (1_000, 3)] {
            let out = tenths(per_second, step_ms, 100);
            let all: usize = out.iter().sum();
            let wanted = per_second as usize * 10;
            assert!(all.abs_diff(wanted) <= wanted / 50 + 2, "{per_second}/s: {all} in 10 s");
            let most = per_second.div_ceil(10) as usize + per_second as usize * 45 / 1_000 + 2;
            assert!(out.iter().all(|calls| *calls <= most), "{per_second}/s: {out:?}");
        }
    }

    #[test]
    fn a_pause_gives_no_burst() {
        let mut rate = CallRate::new(100, at_ms(0));
        rate.take(1, at_ms(0));
        assert!(rate.allowance(at_ms(60_000)) <= 5);
    }

    #[test]
    fn another_pace_brings_no_burst() {
        let mut rate = CallRate::at(Pace(200), at_ms(0));
        rate.take(1, at_ms(0));
        rate.set(Pace::per_second(100), at_ms(1_000));
        assert_eq!(rate.allowance(at_ms(1_000)), 2);
        assert!(rate.allowance(at_ms(2_000)) <= 5);
    }

    #[test]
    fn paces() {
        assert_eq!(Pace::one_in(Duration::from_secs(5)), Pace(200));
        let shown = [Pace(200), Pace(2_500), Pace(3_000), Pace(12_345), Pace(1)];
        assert_eq!(shown.map(|pace| pace.to_string()), ["0.2", "2.5", "3", "12", "0.1"]);
    }

    #[test]
    fn next_at_is_when_one_may_go() {
        let mut rate = CallRate::new(10, at_ms(0));
        let calls = rate.allowance(at_ms(0));
        rate.take(calls, at_ms(0));
        let next = rate.next_at();
        assert!(rate.allowance(next) >= 1);
        assert_eq!(rate.allowance(Timestamp(next.0 - 1_000_000)), 0);
    }
}
