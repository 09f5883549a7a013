//! Time as the pacing sees it.

use super::Seconds;

/// What is told so much late is out of order; a clock that is more behind was set back.
const LATE_S: Seconds = 30.0;

/// Turns times of any clock into seconds that never run backwards. What is told late is
/// taken as now; a clock that was set back goes on from where it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    seen: Option<Seconds>,
    now: Seconds,
}

impl Clock {
    /// Takes note of a time, and tells what it is on this clock.
    pub fn see(&mut self, at: Seconds) -> Seconds {
        self.now = self.at(at);
        let is_late = |seen: Seconds| (seen - LATE_S..seen).contains(&at);
        if at.is_finite() && !self.seen.is_some_and(is_late) {
            self.seen = Some(at);
        }
        self.now
    }

    /// What a time is on this clock, were it seen now.
    pub fn at(&self, at: Seconds) -> Seconds {
        let Some(seen) = self.seen.filter(|_| at.is_finite()) else { return self.now };
        // More than a year is no time that passed.
        self.now + (at - seen).clamp(0.0, 365.0 * 86_400.0)
    }
}

/// How long ago `since` was at `at`; never negative, and never without end.
pub(super) fn age(since: Seconds, at: Seconds) -> Seconds {
    let age = at - since;
    if age.is_finite() {
        age.max(0.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_is_no_time() {
        let mut clock = Clock::default();
        let start = clock.see(1_000.0);
        assert_eq!(clock.see(1_010.0) - start, 10.0);
        assert_eq!(clock.see(400.0) - start, 10.0);
        assert_eq!(clock.see(405.0) - start, 15.0, "it goes on from there");
        assert_eq!(clock.see(390.0) - start, 15.0, "told late");
        assert_eq!(clock.see(f64::NAN) - start, 15.0);
        assert_eq!(clock.see(406.0) - start, 16.0);
        assert!(clock.see(f64::MAX).is_finite() && clock.see(f64::MIN).is_finite());
    }

    #[test]
    fn ages() {
        assert_eq!((age(3.0, 5.0), age(5.0, 3.0)), (2.0, 0.0));
        assert_eq!((age(f64::NAN, 3.0), age(f64::NEG_INFINITY, 3.0)), (0.0, 0.0));
    }
}
