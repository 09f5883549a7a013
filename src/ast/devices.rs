//! States of devices (`PJSIP/anna`), and of extensions that have a hint of some.

use std::marker::PhantomData;
use std::ptr;

use super::stasis::{self, Subscription};
use super::text::{self, c_string};
use crate::sys;

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceState(pub i32);

impl DeviceState {
    pub const UNKNOWN: Self = Self(sys::AST_DEVICE_UNKNOWN as i32);
    pub const NOT_INUSE: Self = Self(sys::AST_DEVICE_NOT_INUSE as i32);
    pub const INUSE: Self = Self(sys::AST_DEVICE_INUSE as i32);
    pub const BUSY: Self = Self(sys::AST_DEVICE_BUSY as i32);
    pub const INVALID: Self = Self(sys::AST_DEVICE_INVALID as i32);
    pub const UNAVAILABLE: Self = Self(sys::AST_DEVICE_UNAVAILABLE as i32);
    pub const RINGING: Self = Self(sys::AST_DEVICE_RINGING as i32);
    pub const RINGINUSE: Self = Self(sys::AST_DEVICE_RINGINUSE as i32);
    pub const ONHOLD: Self = Self(sys::AST_DEVICE_ONHOLD as i32);
}

/// How an extension is by the devices of its hint: bits, several may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionState(pub i32);

impl ExtensionState {
    pub const INUSE: Self = Self(sys::AST_EXTENSION_INUSE);
    pub const BUSY: Self = Self(sys::AST_EXTENSION_BUSY);
    pub const UNAVAILABLE: Self = Self(sys::AST_EXTENSION_UNAVAILABLE);
    pub const RINGING: Self = Self(sys::AST_EXTENSION_RINGING);
    pub const ONHOLD: Self = Self(sys::AST_EXTENSION_ONHOLD);
}

/// Has `on_change` called with the name of each device whose state changed, on a thread of
/// Asterisk's. `None`, logged, without memory.
pub fn watch(on_change: impl Fn(&str) + Send + Sync + 'static) -> Option<Subscription> {
    let on_message = move |data: *mut std::ffi::c_void| {
        // SAFETY: messages of this kind carry this structure.
        let change = unsafe { &*data.cast::<sys::ast_device_state_message>() };
        // One server's view of a device that several have is not its state.
        if change.eid.is_null() {
            // SAFETY: a string of the message.
            on_change(&unsafe { text::copy(change.device) });
        }
    };
    // SAFETY: gives what the core keeps until its end.
    let topic = unsafe { sys::ast_device_state_topic_all() };
    // SAFETY: as above.
    let kind = unsafe { sys::ast_device_state_message_type() };
    // SAFETY: both stay; `on_message` keeps nothing of the message.
    unsafe { stasis::subscribe(topic, kind, Box::new(on_message)) }
}

/// Room for the devices of a hint.
const HINT_BYTES: usize = 1024;

/// The devices of an extension's hint, such as `PJSIP/anna&PJSIP/anna-mobile`; `None` if
/// it has no hint.
pub fn hint(context: &str, exten: &str) -> Option<String> {
    let (context, exten) = (c_string(context), c_string(exten));
    let mut hint = vec![0; HINT_BYTES];
    let _contexts = Contexts::lock();
    // SAFETY: there is no channel and no room for a name; the strings outlive the call,
    // and the buffer has the size that is said.
    let found = unsafe {
        sys::ast_get_hint(
            hint.as_mut_ptr(),
            HINT_BYTES as i32,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            context.as_ptr(),
            exten.as_ptr(),
        )
    };
    // SAFETY: Asterisk ends what it writes with NUL, and the buffer was zeros before.
    (found != 0).then(|| unsafe { text::copy(hint.as_ptr()) })
}

/// While this lives, no extension of the dialplan goes away. Asterisk copies a hint without
/// this lock, and would read one that a reload has just freed. The lock is recursive, and
/// Asterisk holds it itself while it looks for a hint: nothing is locked in a new order.
struct Contexts(PhantomData<*mut ()>);

impl Contexts {
    fn lock() -> Contexts {
        // SAFETY: unlocked on drop, by the same thread.
        unsafe { sys::ast_rdlock_contexts() };
        Contexts(PhantomData)
    }
}

impl Drop for Contexts {
    fn drop(&mut self) {
        // SAFETY: locked by `lock` on this thread.
        unsafe { sys::ast_unlock_contexts() };
    }
}

/// How an extension is by the devices of its hint; `None` if it has no hint.
pub fn extension_state(context: &str, exten: &str) -> Option<ExtensionState> {
    let (context, exten) = (c_string(context), c_string(exten));
    // SAFETY: there is no channel; the strings outlive the call.
    let state =
        unsafe { sys::ast_extension_state(ptr::null_mut(), context.as_ptr(), exten.as_ptr()) };
    (state >= 0).then_some(ExtensionState(state))
}
