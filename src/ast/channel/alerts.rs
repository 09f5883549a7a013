//! Waiting for frames of many legs at once.

use std::collections::HashMap;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{eventfd, EventfdFlags, Timespec};

use super::leg::Leg;

/// Descriptors that one wait may report.
const EVENTS: usize = 256;

/// The key of the knocker.
const KNOCK: u64 = u64::MAX;

/// An epoll set of the alert descriptors of legs, each with a key.
pub struct Alerts {
    epoll: OwnedFd,
    knocker: Knocker,
    /// Descriptors are used again after they are closed: whose each one is now.
    keys: HashMap<RawFd, u64>,
}

/// Wakes the thread that waits, from any thread.
#[derive(Clone)]
pub struct Knocker(Arc<Knock>);

struct Knock {
    fd: OwnedFd,
    /// A knock that was not answered yet: one is enough.
    is_there: AtomicBool,
}

impl Alerts {
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let knocker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &knocker, EventData::new_u64(KNOCK), EventFlags::IN)?;
        let knock = Knock { fd: knocker, is_there: AtomicBool::new(false) };
        Ok(Alerts { epoll, knocker: Knocker(Arc::new(knock)), keys: HashMap::new() })
    }

    pub fn knocker(&self) -> Knocker {
        self.knocker.clone()
    }

    /// Watches a leg's alert descriptor, which is returned; to be called again
    /// after [`super::Moved`]. The key is not `u64::MAX`.
    pub fn watch(&mut self, leg: &Leg, key: u64) -> io::Result<RawFd> {
        let fd = leg.alert_fd().ok_or(io::ErrorKind::NotFound)?;
        // SAFETY: the leg keeps the descriptor open; epoll itself forgets it
        // when it is closed.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let data = EventData::new_u64(key);
        match epoll::add(&self.epoll, borrowed, data, EventFlags::IN) {
            Err(rustix::io::Errno::EXIST) => {
                epoll::modify(&self.epoll, borrowed, data, EventFlags::IN)?;
            }
            added => added?,
        }
        self.keys.insert(fd, key);
        Ok(fd)
    }

    /// Watches no longer what [`Self::watch`] returned for this key.
    pub fn forget(&mut self, fd: RawFd, key: u64) {
        if self.keys.get(&fd) != Some(&key) {
            return;
        }
        self.keys.remove(&fd);
        // SAFETY: the number is only compared with those of the set.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        // It fails if the descriptor is closed: then it is forgotten already.
        let _ = epoll::delete(&self.epoll, borrowed);
    }

    /// Waits until legs can be read, somebody knocks, or the deadline. Adds the
    /// keys of the legs to `readable`.
    pub fn wait(&self, deadline: Option<Instant>, readable: &mut Vec<u64>) -> io::Result<()> {
        let left = deadline.map(|deadline| timespec(deadline - Instant::now().min(deadline)));
        let mut events =
            [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
        let count = match epoll::wait(&self.epoll, &mut events, left.as_ref()) {
            Err(rustix::io::Errno::INTR) => 0,
            waited => waited?,
        };
        for event in &events[..count] {
            match event.data.u64() {
                KNOCK => self.knocker.answer(),
                key => readable.push(key),
            }
        }
        Ok(())
    }
}

impl Knocker {
    pub fn knock(&self) {
        if !self.0.is_there.swap(true, Ordering::AcqRel) {
            // It fails only if there are 2⁶⁴ - 1 unanswered knocks.
            let _ = rustix::io::write(&self.0.fd, &1_u64.to_ne_bytes());
        }
    }

    fn answer(&self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.0.fd, &mut count);
        // Whoever knocks from here on is heard by the next wait.
        self.0.is_there.store(false, Ordering::Release);
    }
}

/// Rounded up, so that the deadline has passed after the wait.
fn timespec(span: Duration) -> Timespec {
    let span = span + Duration::from_nanos(999_999);
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(span.subsec_millis()) * 1_000_000,
    }
}
