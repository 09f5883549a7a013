//! Threads that run answered calls. One each, as the PBX blocks until the call
//! ends; they are kept for a while and used again. The one that was idle last is the
//! first to be used: its stack is still warm, and those beneath it end after a while.

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
}

/// Where one thread waits for its next job.
#[derive(Default)]
struct Seat {
    next: Mutex<Next>,
    changed: Condvar,
}

#[derive(Default)]
enum Next {
    #[default]
    Nothing,
    Job(Job),
    End,
}

#[derive(Default)]
struct State {
    /// Jobs of threads that are being started.
    jobs: VecDeque<Job>,
    /// Threads without a job, the last one on top.
    idle: Vec<Arc<Seat>>,
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
        if let Some(seat) = state.idle.pop() {
            drop(state);
            seat.give(Next::Job(Box::new(job)));
            return true;
        }
        state.jobs.push_back(Box::new(job));
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
        let (threads, idle, leave) = {
            let mut state = self.shared.lock();
            state.stop = true;
            state.jobs.clear();
            (std::mem::take(&mut state.threads), std::mem::take(&mut state.idle), state.leave)
        };
        for seat in idle {
            seat.give(Next::End);
        }
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
        let seat = Arc::new(Seat::default());
        while let Some(job) = self.next(&seat) {
            job();
        }
        self.lock().ended.push(number);
    }

    /// The next job; `None` if there was none for long, or the pool ends.
    fn next(&self, seat: &Arc<Seat>) -> Option<Job> {
        {
            let mut state = self.lock();
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.stop {
                return None;
            }
            state.idle.push(seat.clone());
        }
        if let Some(next) = seat.wait(Some(IDLE)) {
            return next.job();
        }
        {
            let mut state = self.lock();
            if let Some(at) = state.idle.iter().position(|idle| Arc::ptr_eq(idle, seat)) {
                state.idle.remove(at);
                return None;
            }
        }
        // Somebody has just taken the seat, and is about to give it a job.
        seat.wait(None).and_then(Next::job)
    }
}

impl Seat {
    fn give(&self, next: Next) {
        *self.lock() = next;
        self.changed.notify_one();
    }

    /// What was given; `None` if it was nothing for so long.
    fn wait(&self, limit: Option<Duration>) -> Option<Next> {
        let is_empty = |next: &mut Next| matches!(next, Next::Nothing);
        let mut next = match limit {
            Some(limit) => {
                let waited = self.changed.wait_timeout_while(self.lock(), limit, is_empty);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.changed.wait_while(self.lock(), is_empty);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        match std::mem::take(&mut *next) {
            Next::Nothing => None,
            given => Some(given),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Next {
    fn job(self) -> Option<Job> {
        match self {
            Next::Job(job) => Some(job),
            Next::Nothing | Next::End => None,
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
