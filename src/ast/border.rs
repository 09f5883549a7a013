//! Where Asterisk calls into Rust: panics end here.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};

use super::log;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// A panic that was caught, with its message.
#[derive(Debug)]
pub struct Panic {
    pub message: String,
}

/// Runs `f`; a panic in it is logged and answered with `fallback`.
///
/// The whole body of every function that Asterisk calls is one `guard`.
pub fn guard<R>(fallback: R, f: impl FnOnce() -> R) -> R {
    catch(f).unwrap_or(fallback)
}

/// Runs `f`; a panic in it is logged and returned.
///
/// For bodies that have to do something after a panic, such as answering.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    // Whoever shares state with `f` has to cope with a panic half way: the
    // state is either behind a lock that a panic poisons, or not shared.
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let message = message_of(payload.as_ref()).to_string();
        discard(payload);
        Panic { message }
    })
}

/// How many panics were caught since the module was loaded.
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Logs panics from now on with their place and message, and without a
/// backtrace: making one maps the module's file again and never unmaps it.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(log_panic));
}

/// Undoes [`install_panic_hook`]; to be called before the module goes away.
pub fn remove_panic_hook() {
    drop(panic::take_hook());
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let message = message_of(info.payload());
    match info.location() {
        Some(place) => log::error!(
            "Panic at {}:{}: {message}. This is a bug in res_outbound, please report it",
            place.file(),
            place.line()
        ),
        None => log::error!("Panic: {message}. This is a bug in res_outbound, please report it"),
    }
}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(message) = payload.downcast_ref::<&str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        "(no message)"
    }
}

/// A payload may panic when it is dropped: that one is caught and leaked.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}
