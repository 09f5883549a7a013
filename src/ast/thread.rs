//! Threads that Asterisk knows of (`core show threads`).

use std::ffi::{c_void, CString};
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr;

use super::{border, log, text};
use crate::sys;

/// Why a thread did not start: the operating system's error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnError {
    pub errno: i32,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = std::io::Error::from_raw_os_error(self.errno);
        write!(f, "no thread can be started: {error}")
    }
}

impl std::error::Error for SpawnError {}

/// A running thread. Dropping it waits for the thread's end, because no thread
/// may run the module's code after the module is gone.
#[must_use]
pub struct JoinHandle {
    thread: libc::pthread_t,
    name: String,
}

struct Start {
    name: CString,
    run: Box<dyn FnOnce() + Send>,
}

/// Starts a thread that runs `f` with all signals blocked (Asterisk's own
/// threads handle them). `name` shows in `core show threads`, and its first 15
/// bytes in the system's tools. `stack_bytes` of 0 is Asterisk's default.
pub fn spawn(
    name: &str,
    stack_bytes: usize,
    f: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle, SpawnError> {
    let shown = text::c_string(name);
    let start = Box::new(Start { name: shown.clone(), run: Box::new(f) });
    let data = Box::into_raw(start).cast::<c_void>();
    let mut thread: libc::pthread_t = 0;
    let place = log::place!();
    let signals = BlockedSignals::new();
    // SAFETY: `run` takes ownership of `data`; the strings are copied by the
    // call; null attributes are the defaults.
    let errno = unsafe {
        sys::ast_pthread_create_stack(
            &mut thread,
            ptr::null_mut(),
            Some(run),
            data,
            stack_bytes as _,
            place.file.as_ptr(),
            place.function.as_ptr(),
            place.line as i32,
            shown.as_ptr(),
        )
    };
    drop(signals);
    if errno != 0 {
        // SAFETY: no thread was started, so `data` is still ours.
        drop(unsafe { Box::from_raw(data.cast::<Start>()) });
        return Err(SpawnError { errno });
    }
    Ok(JoinHandle { thread, name: name.to_string() })
}

extern "C" fn run(data: *mut c_void) -> *mut c_void {
    border::guard(ptr::null_mut(), || {
        // SAFETY: `spawn` gave this thread, and no other, the box.
        let start = unsafe { Box::from_raw(data.cast::<Start>()) };
        name_thread(&start.name);
        (start.run)();
        ptr::null_mut()
    })
}

/// Best effort: a name that is too long for the system is cut.
fn name_thread(name: &CString) {
    let bytes = name.as_bytes();
    let cut = CString::new(&bytes[..bytes.len().min(15)]).unwrap_or_default();
    // SAFETY: names the calling thread; the string is NUL-terminated.
    let _ = unsafe { libc::pthread_setname_np(libc::pthread_self(), cut.as_ptr()) };
}

impl Drop for JoinHandle {
    fn drop(&mut self) {
        // SAFETY: the thread is joinable and is joined once, by this handle.
        let errno = unsafe { libc::pthread_join(self.thread, ptr::null_mut()) };
        if errno != 0 {
            log::error!("Cannot wait for thread {}: error {errno}", self.name);
        }
    }
}

/// All signals are blocked for the calling thread, and so for threads that it
/// starts, until this is dropped.
struct BlockedSignals {
    before: libc::sigset_t,
}

impl BlockedSignals {
    fn new() -> Self {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: fills the set.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        // SAFETY: `all` is filled; `before` has room for the old set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
        BlockedSignals {
            // SAFETY: zeroed is an (empty) set already, and the call above
            // cannot fail with these arguments.
            before: unsafe { before.assume_init() },
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: restores the set that was read above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, ptr::null_mut()) };
    }
}
