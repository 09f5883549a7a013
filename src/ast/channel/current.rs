//! The channel whose dialplan has called this module.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use super::borrowed::Locked;
use super::hook::{self, Hook};
use crate::ast::text;
use crate::sys;

/// A channel that lives as long as the call from its dialplan.
pub struct Current<'a> {
    raw: NonNull<sys::ast_channel>,
    // A pointer keeps it on its thread.
    channel: PhantomData<(&'a sys::ast_channel, *mut ())>,
}

impl Current<'_> {
    /// `None` if Asterisk was asked without a channel.
    ///
    /// # Safety
    ///
    /// `raw` is null, or a channel that stays alive as long as this.
    pub(in crate::ast) unsafe fn new(raw: *mut sys::ast_channel) -> Option<Self> {
        NonNull::new(raw).map(|raw| Current { raw, channel: PhantomData })
    }

    fn lock(&self) -> Locked<'_> {
        // SAFETY: the channel is alive as long as `self`.
        unsafe { Locked::new(self.raw) }
    }

    pub fn name(&self) -> String {
        let channel = self.lock();
        // SAFETY: a string of the channel, which is locked.
        unsafe { text::copy(sys::ast_channel_name(channel.raw())) }
    }

    /// The context where its dialplan is.
    pub fn context(&self) -> String {
        let channel = self.lock();
        // SAFETY: a string of the channel, which is locked.
        unsafe { text::copy(sys::ast_channel_context(channel.raw())) }
    }

    /// The hook that is on it: of a call that this module placed.
    pub fn hook(&self) -> Option<Arc<dyn Hook>> {
        hook::find(&self.lock())
    }

    /// Sets a variable of the channel.
    pub fn set_variable(&self, name: &str, value: &str) {
        let (name, value) = (text::c_string(name), text::c_string(value));
        // SAFETY: the channel is alive; the strings are copied. It locks the
        // channel itself.
        unsafe {
            sys::pbx_builtin_setvar_helper(self.raw.as_ptr(), name.as_ptr(), value.as_ptr());
        }
    }
}
