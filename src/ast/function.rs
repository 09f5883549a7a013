//! Functions of the dialplan.

use std::ffi::{c_char, c_int, CStr, CString};
use std::ptr;

use super::app::RegisterError;
use super::channel::Current;
use super::{border, module, text};
use crate::sys;

/// A function. Each is a type of its own, because Asterisk passes nothing else by
/// which it could be known.
///
/// Both run on whichever thread asks, mostly the channel's own, whose stack is
/// small. There is no channel if somebody asks without one.
pub trait Function {
    const NAME: &'static CStr;

    /// Its value; `None` if there is none to be had, which has been logged.
    fn read(channel: Option<&Current<'_>>, argument: &[u8]) -> Option<String>;

    /// Sets it. False if that was refused, which has been logged.
    fn write(channel: Option<&Current<'_>>, argument: &[u8], value: &[u8]) -> bool;
}

/// How `core show function` shows a function.
#[derive(Clone, Debug)]
pub struct Help {
    pub synopsis: String,
    pub syntax: String,
    pub arguments: String,
    pub description: String,
}

/// A function that is registered until this is dropped.
#[must_use]
pub struct Registered {
    /// Made by `Box::into_raw`, given back when the function is unregistered.
    raw: *mut sys::ast_custom_function,
    // Asterisk keeps the pointers to these.
    _texts: [CString; 4],
}

// SAFETY: Asterisk takes its own lock for what the pointer points to; Rust only
// gives it back.
unsafe impl Send for Registered {}

/// Registers a function.
///
/// # Errors
///
/// If there is one of that name already; Asterisk has logged why.
pub fn register<F: Function>(help: &Help) -> Result<Registered, RegisterError> {
    let texts = [&help.synopsis, &help.syntax, &help.arguments, &help.description]
        .map(|text| text::c_string(text));
    // SAFETY: a C structure of integers and pointers, for which zero is valid.
    let mut function = unsafe { std::mem::zeroed::<sys::ast_custom_function>() };
    function.name = F::NAME.as_ptr();
    // With a synopsis given, Asterisk does not look for XML documentation, and
    // leaves these strings alone.
    function.synopsis = texts[0].as_ptr();
    function.syntax = texts[1].as_ptr();
    function.arguments = texts[2].as_ptr();
    function.desc = texts[3].as_ptr();
    function.read = Some(read::<F>);
    function.write = Some(write::<F>);
    let raw = Box::into_raw(Box::new(function));
    // SAFETY: function and texts stay until it is unregistered.
    let result = unsafe { sys::__ast_custom_function_register(raw, module::self_module()) };
    let registered = Registered { raw, _texts: texts };
    match result {
        0 => Ok(registered),
        // What is not registered is not found when it is unregistered.
        _ => Err(RegisterError { name: F::NAME.to_string_lossy().into_owned() }),
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: a function of ours; nothing happens if it is not registered.
        unsafe { sys::ast_custom_function_unregister(self.raw) };
        // SAFETY: Asterisk no longer has the pointer.
        drop(unsafe { Box::from_raw(self.raw) });
    }
}

extern "C" fn read<F: Function>(
    channel: *mut sys::ast_channel,
    _name: *const c_char,
    argument: *mut c_char,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    border::guard(-1, || {
        // SAFETY: null, or a channel that Asterisk keeps for the length of the call.
        let channel = unsafe { Current::new(channel) };
        // SAFETY: null or a string that lives for the call.
        let value = F::read(channel.as_ref(), unsafe { text::bytes(argument) });
        let result = if value.is_some() { 0 } else { -1 };
        let value = value.unwrap_or_default();
        // SAFETY: Asterisk passes a buffer of `size` bytes.
        unsafe { put(&value, buffer, size) };
        result
    })
}

/// Writes text as a C string, cut at a whole character if it is too long.
///
/// # Safety
///
/// `buffer` is null, or has room for `size` bytes.
unsafe fn put(text: &str, buffer: *mut c_char, size: usize) {
    if buffer.is_null() || size == 0 {
        return;
    }
    let mut length = text.len().min(size - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    // SAFETY: there is room for `size` bytes, and `length` is less.
    unsafe { ptr::copy_nonoverlapping(text.as_ptr().cast::<c_char>(), buffer, length) };
    // SAFETY: as above.
    unsafe { buffer.add(length).write(0) };
}

extern "C" fn write<F: Function>(
    channel: *mut sys::ast_channel,
    _name: *const c_char,
    argument: *mut c_char,
    value: *const c_char,
) -> c_int {
    border::guard(-1, || {
        // SAFETY: null, or a channel that Asterisk keeps for the length of the call.
        let channel = unsafe { Current::new(channel) };
        // SAFETY: null or a string that lives for the call.
        let argument = unsafe { text::bytes(argument) };
        // SAFETY: as above.
        let value = unsafe { text::bytes(value) };
        if F::write(channel.as_ref(), argument, value) {
            0
        } else {
            -1
        }
    })
}
