//! SIGINT, SIGTERM and SIGHUP as a question that can be asked.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// Whether we were asked to end.
#[derive(Debug, Clone)]
pub struct StopRequest {
    signal: Arc<AtomicI32>,
}

impl StopRequest {
    /// Call it before any thread is started, so that all of them leave these
    /// signals to the one that waits for them.
    pub fn watch() -> StopRequest {
        // SAFETY: the set is initialised by sigemptyset before it is used.
        let set = unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::sigaddset(&mut set, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            set
        };
        let signal = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&signal);
        std::thread::spawn(move || loop {
            let mut number = 0;
            // SAFETY: both point to live values of the right types.
            if unsafe { libc::sigwait(&set, &mut number) } == 0 {
                seen.store(number, Ordering::SeqCst);
            }
        });
        StopRequest { signal }
    }

    /// The signal that asked us to end.
    pub fn asked(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => Some(number),
        }
    }

    /// Waits until we are asked to end, or `watch` finds another reason.
    pub fn wait<T>(&self, mut watch: impl FnMut() -> Option<T>) -> Result<i32, T> {
        loop {
            if let Some(number) = self.asked() {
                return Ok(number);
            }
            if let Some(reason) = watch() {
                return Err(reason);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
