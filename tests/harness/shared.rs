//! One laboratory for all tests of a suite that run at the same time.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Made when the first test asks for it and gone, in order, with the last that
/// holds it: a plain static would never be dropped, and its processes and
/// folders would stay.
#[derive(Debug)]
pub struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub const fn new() -> Shared<T> {
        Shared(Mutex::new(Weak::new()))
    }

    /// The one that others hold, or a new one.
    pub fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = held.upgrade() {
            return shared;
        }
        let made = Arc::new(make());
        *held = Arc::downgrade(&made);
        made
    }
}
