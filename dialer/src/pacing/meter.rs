//! How many calls went out lately.

use crate::domain::Timestamp;
use std::collections::VecDeque;

/// How far back a [`CallMeter`] sees, in seconds.
pub const METERED_S: u32 = 10;

/// How far back [`CallMeter::peak`] sees, in seconds.
const PEAK_S: i64 = 5;

/// Counts the calls of the last [`METERED_S`] seconds, second by second.
#[derive(Debug, Clone, Default)]
pub struct CallMeter {
    /// Seconds since 1970 with their calls, oldest first.
    seconds: VecDeque<(i64, usize)>,
}

impl CallMeter {
    /// Takes note of a call that goes out now.
    pub fn count(&mut self, now: Timestamp) {
        let second = second(now);
        match self.seconds.back_mut() {
            Some((last, calls)) if *last == second => *calls += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        // And the second under way.
        if self.seconds.len() > METERED_S as usize + 1 {
            self.seconds.pop_front();
        }
    }

    /// Calls of the last whole seconds before `now`.
    pub fn calls(&self, now: Timestamp) -> usize {
        let now = second(now);
        let lately = now - i64::from(METERED_S)..now;
        self.seconds.iter().filter(|(second, _)| lately.contains(second)).map(|(_, n)| n).sum()
    }

    /// Calls of the busiest of the last seconds, the one under way included.
    pub fn peak(&self, now: Timestamp) -> usize {
        let now = second(now);
        let lately = now - PEAK_S..=now;
        let counts = self.seconds.iter().filter(|(second, _)| lately.contains(second));
        counts.map(|(_, calls)| *calls).max().unwrap_or(0)
    }
}

fn second(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_whole_seconds_and_forgets() {
        let at_ms = |ms: i64| Timestamp(ms * 1_000_000);
        let mut meter = CallMeter::default();
        for ms in (0..20_000).step_by(100) {
            meter.count(at_ms(ms));
        }
        assert_eq!(meter.calls(at_ms(20_000)), 100);
        assert_eq!(meter.calls(at_ms(19_999)), 100, "the second under way does not count");
        assert_eq!(meter.calls(at_ms(25_000)), 50);
        assert_eq!(meter.calls(at_ms(60_000)), 0);
        assert_eq!((meter.peak(at_ms(20_000)), meter.peak(at_ms(60_000))), (10, 0));
        assert_eq!(meter.calls(at_ms(1_000)), 0, "a clock that was set back");
    }
}
