//! What the dialplan and the loaded modules offer.

use std::ptr;

use super::text::c_string;
use crate::sys;

/// Whether the dialplan has this extension, patterns and includes considered.
/// Never true before the dialplan is loaded. `priority` counts from 1.
pub fn exten_exists(context: &str, exten: &str, priority: u32) -> bool {
    let (context, exten) = (c_string(context), c_string(exten));
    let Ok(priority) = i32::try_from(priority) else {
        return false;
    };
    // SAFETY: no channel is given; the strings outlive the call.
    let found = unsafe {
        sys::ast_exists_extension(
            ptr::null_mut(),
            context.as_ptr(),
            exten.as_ptr(),
            priority,
            ptr::null(),
        )
    };
    found != 0
}

/// Whether the dialplan has a context of this name.
pub fn context_exists(name: &str) -> bool {
    let name = c_string(name);
    // SAFETY: the string outlives the call; the answer is not dereferenced.
    let found = unsafe { sys::ast_context_find(name.as_ptr()) };
    !found.is_null()
}

/// Whether a dialplan application of this name is registered, in any case.
pub fn application_exists(name: &str) -> bool {
    let name = c_string(name);
    // SAFETY: the string outlives the call; the answer is not dereferenced.
    let found = unsafe { sys::pbx_findapp(name.as_ptr()) };
    !found.is_null()
}

/// Whether a channel technology of this name (`PJSIP`, `Local`) is registered,
/// in any case.
pub fn channel_tech_exists(name: &str) -> bool {
    let name = c_string(name);
    // SAFETY: the string outlives the call; the answer is not dereferenced.
    let found = unsafe { sys::ast_get_channel_tech(name.as_ptr()) };
    !found.is_null()
}
