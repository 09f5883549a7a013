//! Applications of the dialplan.

use std::ffi::{c_char, c_int, CStr};
use std::fmt;

use super::channel::Current;
use super::{border, module, text};
use crate::sys;

/// An application. Each is a type of its own, because Asterisk does not say by
/// which name it was called.
pub trait Application {
    const NAME: &'static CStr;

    /// Runs on the channel's own thread, whose stack is small. `arguments` are what
    /// stands between the parentheses, with variables replaced.
    fn run(channel: &Current<'_>, arguments: &[u8]);
}

/// How the console shows an application.
#[derive(Clone, Debug)]
pub struct Help {
    /// One line for `core show applications`.
    pub synopsis: String,
    /// Text for `core show application`.
    pub description: String,
}

/// Why an application or a function was not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterError {
    pub name: String,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be registered with the dialplan", self.name)
    }
}

impl std::error::Error for RegisterError {}

/// An application that is registered until this is dropped.
#[must_use]
pub struct Registered {
    name: &'static CStr,
}

/// Registers an application.
///
/// # Errors
///
/// If there is one of that name already; Asterisk has logged why.
pub fn register<A: Application>(help: &Help) -> Result<Registered, RegisterError> {
    let synopsis = text::c_string(&help.synopsis);
    let description = text::c_string(&help.description);
    // SAFETY: the strings are copied. With a synopsis given, Asterisk does not
    // look for XML documentation and does not warn when there is none.
    let result = unsafe {
        sys::ast_register_application2(
            A::NAME.as_ptr(),
            Some(run::<A>),
            synopsis.as_ptr(),
            description.as_ptr(),
            module::self_module().cast(),
        )
    };
    match result {
        0 => Ok(Registered { name: A::NAME }),
        _ => Err(RegisterError { name: A::NAME.to_string_lossy().into_owned() }),
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: the string outlives the call.
        unsafe { sys::ast_unregister_application(self.name.as_ptr()) };
    }
}

/// Never ends the call: only a negative answer would.
extern "C" fn run<A: Application>(channel: *mut sys::ast_channel, data: *const c_char) -> c_int {
    border::guard(0, || {
        // SAFETY: Asterisk keeps the channel for the length of the call.
        let Some(channel) = (unsafe { Current::new(channel) }) else { return 0 };
        // SAFETY: null or a string that lives for the call.
        A::run(&channel, unsafe { text::bytes(data) });
        0
    })
}
