//! Channels that others own, and channels that are locked.

use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::ast::text::c_string;
use crate::sys;

/// A channel of which we hold a counted reference.
pub(super) struct Borrowed(NonNull<sys::ast_channel>);

impl Borrowed {
    /// Names are what Asterisk finds channels by at once. For a unique id, or a name
    /// that no channel has, it looks at one channel after the other.
    pub(super) fn by_name(name: &str) -> Option<Borrowed> {
        let name = c_string(name);
        // SAFETY: the string outlives the call; the answer is null or a
        // counted reference for us.
        NonNull::new(unsafe { sys::ast_channel_get_by_name(name.as_ptr()) }).map(Borrowed)
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        // SAFETY: the reference keeps the channel alive as long as the guard.
        unsafe { Locked::new(self.0) }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        // SAFETY: gives back our one reference.
        unsafe { sys::shim_channel_unref(self.0.as_ptr()) };
    }
}

/// All channels, one after the other.
pub(super) struct AllChannels(*mut sys::ast_channel_iterator);

impl AllChannels {
    pub(super) fn new() -> Self {
        // SAFETY: makes an iterator or returns null.
        AllChannels(unsafe { sys::ast_channel_iterator_all_new() })
    }
}

impl Iterator for AllChannels {
    type Item = Borrowed;

    fn next(&mut self) -> Option<Borrowed> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: an iterator of ours; the answer is null or a counted
        // reference for us.
        NonNull::new(unsafe { sys::ast_channel_iterator_next(self.0) }).map(Borrowed)
    }
}

impl Drop for AllChannels {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by us and destroyed once.
            unsafe { sys::ast_channel_iterator_destroy(self.0) };
        }
    }
}

/// A locked channel; unlocked on drop, by the thread that locked it.
///
/// No thread may hold two of these, and none while it hangs up a channel.
pub(super) struct Locked<'a> {
    raw: NonNull<sys::ast_channel>,
    // A pointer keeps the guard on its thread.
    channel: PhantomData<(&'a sys::ast_channel, *mut ())>,
}

impl Locked<'_> {
    /// # Safety
    ///
    /// The channel stays alive as long as the guard.
    pub(super) unsafe fn new(raw: NonNull<sys::ast_channel>) -> Self {
        // SAFETY: the channel is alive, by the caller's word.
        unsafe { sys::shim_channel_lock(raw.as_ptr()) };
        Locked { raw, channel: PhantomData }
    }

    /// The channel, locked as long as the guard lives.
    pub(super) fn raw(&self) -> *mut sys::ast_channel {
        self.raw.as_ptr()
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: locked by `new` on this thread.
        unsafe { sys::shim_channel_unlock(self.raw.as_ptr()) };
    }
}
