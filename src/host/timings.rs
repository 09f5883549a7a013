//! How long things took lately.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dialer::surface::cli::Timings;

/// Times that are remembered: as many as legs that may ring at once and end together.
const REMEMBERED: usize = 5_000;

/// How often something was done, and how long the last ones took.
#[derive(Default)]
pub struct Stopwatch(Mutex<Times>);

#[derive(Default)]
struct Times {
    count: u64,
    last: VecDeque<u32>,
}

impl Stopwatch {
    pub fn add(&self, took: Duration) {
        let mut times = self.lock();
        times.count += 1;
        if times.last.len() == REMEMBERED {
            times.last.pop_front();
        }
        times.last.push_back(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn timings(&self) -> Timings {
        let times = self.lock();
        let last = times.last.iter().map(|us| Duration::from_micros(u64::from(*us)));
        Timings { count: times.count, last: last.collect() }
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
