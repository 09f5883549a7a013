//! How many dialings may be started now: numbers in, numbers out.

mod back_off;
mod gate;
mod headroom;
mod meter;
pub mod predictive;
mod rate;

pub use back_off::{BackOff, BackOffSettings, Sign, Turn};
pub use gate::Gate;
pub use headroom::{Ceiling, Headroom, Reserves, Vitals, FILES_PER_CALL};
pub use meter::{CallMeter, METERED_S};
pub use rate::{CallRate, Pace};

/// How many dialings one campaign may start now.
///
/// `free` is what the caps leave in all; `waiting_turns` is how many campaigns
/// still have their turn in this round, this one included, so that each gets its share.
pub fn share(free: usize, waiting_turns: usize) -> usize {
    free.div_ceil(waiting_turns.max(1))
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_use_up_what_is_free_and_no_more() {
        for free in 0..50 {
            for campaigns in 1..10 {
                let mut left = free;
                for turn in 0..campaigns {
                    let taken = share(left, campaigns - turn);
                    assert!(taken <= left);
                    left -= taken;
                }
                assert_eq!(left, 0, "{free} over {campaigns}");
            }
        }
    }
}
