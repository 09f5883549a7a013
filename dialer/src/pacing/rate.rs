//! Calls per second, evenly: one call each interval, with no burst at the turn
//! of a second. (The generic cell rate algorithm of ITU-T I.371, annex A.)

use crate::domain::Timestamp;
use std::time::Duration;

/// How much may be caught up after a pause.
const TOLERANCE: Duration = Duration::from_millis(20);

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
        let interval = Duration::from_secs(1) / per_second.max(1);
        CallRate { interval, due: now }
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
    fn next_at_is_when_one_may_go() {
        let mut rate = CallRate::new(10, at_ms(0));
        let calls = rate.allowance(at_ms(0));
        rate.take(calls, at_ms(0));
        let next = rate.next_at();
        assert!(rate.allowance(next) >= 1);
        assert_eq!(rate.allowance(Timestamp(next.0 - 1_000_000)), 0);
    }
}
