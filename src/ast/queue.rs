//! What `app_queue` tells of its queues. It exports nothing that other modules could call,
//! but answers dialplan functions and manager actions.

use std::cell::Cell;
use std::ffi::{c_char, c_int, CStr};
use std::ptr;

use super::border;
use super::text::{self, c_string};
use crate::sys;

/// Room for the value of a function, which is a number.
const VALUE_BYTES: usize = 80;

/// Whether there is a queue of this name, also one from a database; false if `app_queue`
/// is not loaded.
pub fn exists(queue: &str) -> bool {
    is_name(queue) && function(c"QUEUE_EXISTS", &format!("QUEUE_EXISTS({queue})")) == Some(1)
}

/// How many members could take a call now: their devices are idle, and they neither pause
/// nor wrap up. `None` without `app_queue`.
pub fn ready_members(queue: &str) -> Option<u32> {
    is_name(queue)
        .then(|| function(c"QUEUE_MEMBER", &format!("QUEUE_MEMBER({queue},ready)")))
        .flatten()
}

/// Whether the name can be told to `app_queue` without being taken for something else.
fn is_name(queue: &str) -> bool {
    !queue.is_empty() && !queue.contains(|c: char| c.is_control() || c == ',')
}

/// The number that a dialplan function gives; `None` if it is not there.
fn function(name: &CStr, call: &str) -> Option<u32> {
    // SAFETY: the string outlives the call; the answer is not dereferenced.
    if unsafe { sys::ast_custom_function_find(name.as_ptr()) }.is_null() {
        return None;
    }
    let call = c_string(call);
    let mut value = [0; VALUE_BYTES];
    // SAFETY: there is no channel, which these functions do not need; the buffer has the
    // size that is said.
    let result = unsafe {
        sys::ast_func_read(ptr::null_mut(), call.as_ptr(), value.as_mut_ptr(), VALUE_BYTES)
    };
    // SAFETY: Asterisk ends what it writes with NUL, and the buffer was zeros before.
    let value = unsafe { text::copy(value.as_ptr()) };
    (result == 0).then(|| value.trim().parse().ok()).flatten()
}

thread_local! {
    /// Where what the calling thread's action answers is put: Asterisk passes nothing by
    /// which [`answered`] could know.
    static ANSWER: Cell<*mut String> = const { Cell::new(ptr::null_mut()) };
}

/// The events of the manager's action `QueueStatus` for one queue, with its members and
/// callers: blocks of `Name: value` lines, an empty line behind each. Empty if there is no
/// such queue.
pub fn status(queue: &str) -> String {
    if !is_name(queue) {
        return String::new();
    }
    let mut answer = String::new();
    let mut file = *b"res_outbound\0";
    let mut hook = sys::manager_custom_hook {
        file: file.as_mut_ptr().cast(),
        helper: Some(answered),
        list: sys::manager_custom_hook__bindgen_ty_1 { next: ptr::null_mut() },
    };
    let action = c_string(&format!("Action: QueueStatus\r\nQueue: {queue}\r\n"));
    ANSWER.set(&mut answer);
    // SAFETY: the hook, which is not registered, is used until the call returns, on this
    // thread only; the action is copied. Nothing happens if there is no such action.
    unsafe { sys::ast_hook_send_action(&mut hook, action.as_ptr()) };
    ANSWER.set(ptr::null_mut());
    answer
}

extern "C" fn answered(_category: c_int, _event: *const c_char, body: *mut c_char) -> c_int {
    border::guard(0, || {
        // SAFETY: null, or the text of `status`, which waits on this thread.
        if let Some(answer) = unsafe { ANSWER.get().as_mut() } {
            // SAFETY: null or a string that lives for the call.
            answer.push_str(&unsafe { text::copy(body) });
        }
        0
    })
}

/// The time in seconds since 1970 by the clock that `app_queue` reads, which lags a little
/// behind the system's.
pub fn clock_s() -> i64 {
    // SAFETY: nothing is to be filled.
    unsafe { libc::time(ptr::null_mut()) }
}
