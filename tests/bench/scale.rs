//! How much is measured: in full, or shortly with `QUICK=1`.

use crate::lab::Tech;

#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub rounds: usize,
    pub local_calls: usize,
    pub pjsip_calls: usize,
    /// Calls of a run that only looks for the best window.
    pub trial_calls: usize,
    /// Legs that ring at a time.
    pub ringing: &'static [usize],
    /// Targets in the list.
    pub lists: &'static [usize],
    /// Of those, so many are dialled.
    pub dialled: usize,
    pub import_rows: usize,
    /// How long each campaign is watched beside imports.
    pub watched_s: u64,
    /// Calls that are up while others are answered, and how many are answered.
    pub live: usize,
    pub answered: usize,
}

const FULL: Scale = Scale {
    rounds: 3,
    local_calls: 15_000,
    pjsip_calls: 4_000,
    trial_calls: 2_000,
    ringing: &[1_000, 4_500],
    lists: &[1_000, 100_000, 1_000_000],
    dialled: 10_000,
    import_rows: 200_000,
    watched_s: 5,
    live: 500,
    answered: 5_000,
};

const QUICK: Scale = Scale {
    rounds: 1,
    local_calls: 4_000,
    pjsip_calls: 1_500,
    trial_calls: 0,
    ringing: &[500],
    lists: &[1_000, 100_000],
    dialled: 5_000,
    import_rows: 50_000,
    watched_s: 2,
    live: 200,
    answered: 1_000,
};

impl Scale {
    pub fn of(is_quick: bool) -> Scale {
        if is_quick {
            QUICK
        } else {
            FULL
        }
    }

    pub fn calls(&self, tech: Tech) -> usize {
        match tech {
            Tech::Local => self.local_calls,
            Tech::Pjsip => self.pjsip_calls,
        }
    }
}
