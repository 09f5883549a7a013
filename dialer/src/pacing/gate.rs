//! One cap of a plan or a trunk: so many live dialings, so many calls a second.

use super::CallRate;
use crate::domain::Timestamp;

/// Counts live dialings and calls against what is allowed of both.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    live: usize,
    max_live: Option<usize>,
    rate: Option<CallRate>,
    per_second: Option<u32>,
}

impl Gate {
    /// Other caps; what is live stays counted, and a rate that is kept goes on.
    pub fn configure(&mut self, max_live: Option<u32>, per_second: Option<u32>, now: Timestamp) {
        self.max_live = max_live.map(|most| most as usize);
        if self.per_second != per_second {
            self.per_second = per_second;
            self.restart(now);
        }
    }

    /// Begins the rate anew, because the clock was set.
    pub fn restart(&mut self, now: Timestamp) {
        self.rate = self.per_second.map(|rate| CallRate::new(rate, now));
    }

    pub fn live(&self) -> usize {
        self.live
    }

    pub fn max_live(&self) -> Option<usize> {
        self.max_live
    }

    pub fn per_second(&self) -> Option<u32> {
        self.per_second
    }

    pub fn is_full(&self) -> bool {
        self.max_live.is_some_and(|most| self.live >= most)
    }

    /// How many calls may go out now; `usize::MAX` if there is no cap.
    pub fn room(&self, now: Timestamp) -> usize {
        let live = self.max_live.map_or(usize::MAX, |most| most.saturating_sub(self.live));
        live.min(self.rate.as_ref().map_or(usize::MAX, |rate| rate.allowance(now)))
    }

    /// From when on a call may go out; `None`: not before one has ended.
    pub fn opens_at(&self) -> Option<Timestamp> {
        match self.is_full() {
            true => None,
            false => Some(self.rate.as_ref().map_or(Timestamp(i64::MIN), CallRate::next_at)),
        }
    }

    /// A call goes out.
    pub fn enter(&mut self, now: Timestamp) {
        self.live += 1;
        if let Some(rate) = &mut self.rate {
            rate.take(1, now);
        }
    }

    /// Counts a call that is up already.
    pub fn readmit(&mut self) {
        self.live += 1;
    }

    /// A call has ended.
    pub fn leave(&mut self) {
        self.live = self.live.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    #[test]
    fn both_caps_hold_and_none_is_no_cap() {
        let mut gate = Gate::default();
        assert_eq!((gate.room(NOW), gate.is_full()), (usize::MAX, false));
        gate.configure(Some(2), Some(1), NOW);
        assert_eq!(gate.room(NOW), 1);
        gate.enter(NOW);
        assert_eq!(gate.room(NOW), 0);
        let opens = gate.opens_at().expect("a time");
        assert!(opens > NOW && gate.room(opens) == 1);
        gate.enter(opens);
        assert_eq!((gate.opens_at(), gate.is_full()), (None, true));
        gate.leave();
        assert!(gate.opens_at().is_some_and(|at| gate.room(at) == 1));
    }

    #[test]
    fn a_lower_cap_waits_for_what_is_up() {
        let mut gate = Gate::default();
        for _ in 0..5 {
            gate.enter(NOW);
        }
        gate.configure(Some(3), None, NOW);
        assert_eq!((gate.room(NOW), gate.live()), (0, 5));
        (0..3).for_each(|_| gate.leave());
        assert_eq!(gate.room(NOW), 1);
    }

    #[test]
    fn the_same_rate_again_gives_no_call_for_free() {
        let mut gate = Gate::default();
        gate.configure(None, Some(1), NOW);
        gate.enter(NOW);
        gate.configure(None, Some(1), NOW);
        assert_eq!(gate.room(NOW), 0);
    }
}
