//! Stasis, the bus on which the parts of Asterisk tell each other what happens.

use std::ffi::c_void;
use std::ptr::NonNull;

use super::{border, log};
use crate::sys;

/// A handler that is called until this is dropped, which waits for a call of it that is
/// under way: no handler may wait for whoever drops its subscription.
#[must_use]
pub struct Subscription {
    raw: NonNull<sys::stasis_subscription>,
    /// Made by `Box::into_raw`, given back when no message comes any more.
    receiver: *mut Receiver,
}

// SAFETY: Asterisk takes its own locks for the subscription; the receiver is only freed.
unsafe impl Send for Subscription {}
// SAFETY: there is nothing to be done with a shared one.
unsafe impl Sync for Subscription {}

struct Receiver {
    kind: *mut sys::stasis_message_type,
    on_message: Box<dyn Fn(*mut c_void) + Send + Sync>,
}

/// Has `on_message` called with the data of each message of one kind, on a thread of
/// Asterisk's. Messages of other kinds cost nothing. `None`, logged, without memory.
///
/// # Safety
///
/// Topic and kind are null or stay until Asterisk ends. The data stays for the length of
/// the call only, and nobody changes it.
pub(super) unsafe fn subscribe(
    topic: *mut sys::stasis_topic,
    kind: *mut sys::stasis_message_type,
    on_message: Box<dyn Fn(*mut c_void) + Send + Sync>,
) -> Option<Subscription> {
    let receiver = Box::into_raw(Box::new(Receiver { kind, on_message }));
    let place = log::place!();
    // SAFETY: the receiver stays until the subscription is joined.
    let raw = unsafe {
        sys::__stasis_subscribe_pool(
            topic,
            Some(received),
            receiver.cast(),
            place.file.as_ptr(),
            place.line as i32,
            place.function.as_ptr(),
        )
    };
    let Some(raw) = NonNull::new(raw) else {
        log::error!("No memory to subscribe to what happens in Asterisk");
        // SAFETY: nobody else has it.
        drop(unsafe { Box::from_raw(receiver) });
        return None;
    };
    // SAFETY: the subscription is ours; the kind stays.
    unsafe { sys::stasis_subscription_accept_message_type(raw.as_ptr(), kind) };
    let only = sys::STASIS_SUBSCRIPTION_FILTER_SELECTIVE;
    // SAFETY: the subscription is ours.
    unsafe { sys::stasis_subscription_set_filter(raw.as_ptr(), only) };
    Some(Subscription { raw, receiver })
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // SAFETY: unsubscribed once; returns after the last call of `received`.
        unsafe { sys::stasis_unsubscribe_and_join(self.raw.as_ptr()) };
        // SAFETY: the box of `subscribe`, which nobody uses any more.
        drop(unsafe { Box::from_raw(self.receiver) });
    }
}

extern "C" fn received(
    data: *mut c_void,
    _subscription: *mut sys::stasis_subscription,
    message: *mut sys::stasis_message,
) {
    border::guard((), || {
        // SAFETY: the box of `subscribe`, which stays until the subscription is joined.
        let receiver = unsafe { &*data.cast::<Receiver>() };
        // SAFETY: Asterisk keeps the message for the length of the call.
        let kind = unsafe { sys::stasis_message_type(message) };
        // What the subscription itself tells, such as its end, comes here as well.
        if kind != receiver.kind {
            return;
        }
        // SAFETY: as above.
        (receiver.on_message)(unsafe { sys::stasis_message_data(message) });
    });
}
