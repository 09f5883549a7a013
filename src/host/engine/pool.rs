//! Threads that run answered calls. One each, as the PBX blocks until the call
//! ends; they are kept for a while and used again.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ast::log;
use crate::ast::thread::{self, JoinHandle};

/// How long an idle thread waits for another call.
const IDLE: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce() + Send>;

/// Threads for jobs that block.
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    idle: usize,
    threads: Vec<JoinHandle>,
    /// Numbers of threads that have ended and can be joined without waiting.
    ended: Vec<u64>,
    running: Vec<u64>,
    next: u64,
    stop: bool,
    /// Threads are left to themselves at the end.
    leave: bool,
}

impl Pool {
    pub fn new() -> Pool {
        Pool { shared: Arc::default() }
    }

    /// Runs a job on a thread of its own. False if none can be had; the job is
    /// dropped then.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> bool {
        let mut state = self.shared.lock();
        if state.stop {
            return false;
        }
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() {
            drop(state);
            self.shared.filled.notify_one();
            return true;
        }
        let number = state.next;
        state.next += 1;
        let ended = state.reap();
        drop(state);
        drop(ended);
        self.grow(number)
    }

    /// At the end, threads are not waited for: Asterisk is ending, and calls may
    /// be up that nobody hangs up any more.
    pub fn leave(&self) {
        self.shared.lock().leave = true;
    }

    fn grow(&self, number: u64) -> bool {
        let shared = self.shared.clone();
        match thread::spawn("outbound_call", 0, move || shared.work(number)) {
            Ok(thread) => {
                let mut state = self.shared.lock();
                state.threads.push(thread);
                state.running.push(number);
                true
            }
            Err(error) => {
                log::error!("An answered call cannot be served: {error}");
                // Another thread may have taken the job meanwhile: then it is served.
                let job = self.shared.lock().jobs.pop_back();
                job.is_none()
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let (threads, leave) = {
            let mut state = self.shared.lock();
            state.stop = true;
            state.jobs.clear();
            (std::mem::take(&mut state.threads), state.leave)
        };
        self.shared.filled.notify_all();
        if leave {
            std::mem::forget(threads);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, number: u64) {
        while let Some(job) = self.next() {
            job();
        }
        self.lock().ended.push(number);
    }

    /// The next job; `None` if there was none for long, or the pool ends.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.stop {
                return None;
            }
            state.idle += 1;
            let waited = self.filled.wait_timeout(state, IDLE);
            let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                return None;
            }
        }
    }
}

impl State {
    /// Threads that have ended, taken out to be joined.
    fn reap(&mut self) -> Vec<JoinHandle> {
        let mut reaped = Vec::new();
        for number in std::mem::take(&mut self.ended) {
            match self.running.iter().position(|running| *running == number) {
                Some(at) => {
                    self.running.swap_remove(at);
                    reaped.push(self.threads.swap_remove(at));
                }
                // It ended before its handle was put away.
                None => self.ended.push(number),
            }
        }
        reaped
    }
}
