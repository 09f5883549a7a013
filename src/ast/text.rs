//! Text on its way to and from C.

use std::borrow::Cow;
use std::ffi::{c_char, CStr, CString};

/// A C string of `text`, without the NUL bytes that C could not carry.
pub fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|foul| {
        let mut bytes = foul.into_vec();
        bytes.retain(|byte| *byte != 0);
        CString::new(bytes).unwrap_or_default()
    })
}

/// A copy of a C string; empty when `text` is null, and with U+FFFD for what is
/// not UTF-8.
///
/// # Safety
///
/// `text` is null or points to a NUL-terminated string that nobody changes
/// during the call.
pub(super) unsafe fn copy(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and the caller vouches for the rest.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

/// The bytes of a C string; none when `text` is null.
///
/// # Safety
///
/// `text` is null or points to a NUL-terminated string that nobody changes as
/// long as the bytes are used.
pub(super) unsafe fn bytes<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// `text` with control characters written as escapes, so that it can neither
/// forge a line of a log nor send orders to a terminal. Characters of `keep`
/// pass as they are.
pub fn harmless<'a>(text: &'a str, keep: &[char]) -> Cow<'a, str> {
    let harmful = |c: char| c.is_control() && !keep.contains(&c);
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmful(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
