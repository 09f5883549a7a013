//! Waiting for something to become true, never for time to pass.

use std::time::{Duration, Instant};

use super::{must, Outcome};

/// Between two looks.
const NAP: Duration = Duration::from_millis(5);

/// Looks until there is something to see; fails the test at the deadline.
#[track_caller]
pub fn poll_until<T>(deadline: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    must(try_poll_until(deadline, what, look))
}

/// Looks until there is something to see, or the deadline is there.
pub fn try_poll_until<T>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> Outcome<T> {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Ok(seen);
        }
        if start.elapsed() >= deadline {
            return Err(format!("waited {deadline:?} in vain: {what}"));
        }
        std::thread::sleep(NAP);
    }
}
