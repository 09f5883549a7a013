//! A queue that several threads take from until it is closed.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let state = State { items: VecDeque::new(), closed: false };
        Queue { state: Mutex::new(state), filled: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Adds an item; drops it if the queue is closed.
    pub fn push(&self, item: T) {
        self.add(item, VecDeque::push_back);
    }

    /// As [`Self::push`], before all others.
    pub fn push_first(&self, item: T) {
        self.add(item, VecDeque::push_front);
    }

    fn add(&self, item: T, add: fn(&mut VecDeque<T>, T)) {
        let mut state = self.lock();
        if state.closed {
            // What an item does when it is dropped may take a while.
            drop(state);
            return drop(item);
        }
        add(&mut state.items, item);
        drop(state);
        self.filled.notify_one();
    }

    /// Waits for the next item; `None` once the queue is closed.
    pub fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets nothing in or out any more, and gives what is left.
    pub fn close(&self) -> VecDeque<T> {
        let left = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.items)
        };
        self.filled.notify_all();
        left
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
