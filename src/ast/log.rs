//! Asterisk's logger.
//!
//! ```ignore
//! log::notice!("Campaign {} started", name);
//! log::verbose!(3, "Dialing {address}");
//! ```
//!
//! Text is never taken for a format, and control characters in it are escaped.

use std::ffi::CStr;
use std::fmt;

use super::text;
use crate::sys;

/// Where in the source a message comes from.
#[derive(Clone, Copy)]
pub struct Place {
    pub file: &'static CStr,
    pub line: u32,
    pub function: &'static CStr,
}

/// The levels of Asterisk's logger that are not filtered by a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Notice,
}

/// Writes one message. The macros of this module fill in the place.
pub fn write(level: Level, place: Place, message: fmt::Arguments<'_>) {
    let level = match level {
        Level::Error => sys::__LOG_ERROR,
        Level::Warning => sys::__LOG_WARNING,
        Level::Notice => sys::__LOG_NOTICE,
    };
    log(level, place, message);
}

/// Writes a verbose message if the console or a log file asks for `level`.
pub fn write_verbose(level: i32, place: Place, message: fmt::Arguments<'_>) {
    // SAFETY: reads an integer of the core.
    if unsafe { sys::shim_verbosity_at_least(level) } == 0 {
        return;
    }
    let message = line(message);
    // SAFETY: all strings are NUL-terminated and outlive the call; the format
    // takes exactly one string.
    unsafe {
        sys::__ast_verbose(
            place.file.as_ptr(),
            place.line as i32,
            place.function.as_ptr(),
            level,
            c"%s\n".as_ptr(),
            message.as_ptr(),
        );
    }
}

/// Writes a debug message if `core set debug` asks for `level`, for all of
/// Asterisk or for this module.
pub fn write_debug(level: i32, place: Place, message: fmt::Arguments<'_>) {
    // SAFETY: reads integers of the core.
    if unsafe { sys::shim_debug_at_least(level) } != 0 {
        log(sys::__LOG_DEBUG, place, message);
    }
}

fn log(level: u32, place: Place, message: fmt::Arguments<'_>) {
    let message = line(message);
    // SAFETY: all strings are NUL-terminated and outlive the call; the format
    // takes exactly one string.
    unsafe {
        sys::ast_log(
            level as i32,
            place.file.as_ptr(),
            place.line as i32,
            place.function.as_ptr(),
            c"%s\n".as_ptr(),
            message.as_ptr(),
        );
    }
}

fn line(message: fmt::Arguments<'_>) -> std::ffi::CString {
    text::c_string(&text::harmless(&message.to_string(), &['\t']))
}

/// The place where the macro is used, as a [`Place`].
macro_rules! place {
    () => {
        $crate::ast::log::Place {
            file: $crate::ast::log::static_text(concat!(file!(), "\0")),
            line: line!(),
            function: $crate::ast::log::static_text(concat!(module_path!(), "\0")),
        }
    };
}

/// A literal that ends with NUL as a C string; for the macros of this module.
pub const fn static_text(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"",
    }
}

/// Logs an error: something is lost or refused and an operator has to act.
macro_rules! error {
    ($($message:tt)*) => {
        $crate::ast::log::write(
            $crate::ast::log::Level::Error,
            $crate::ast::log::place!(),
            format_args!($($message)*),
        )
    };
}

/// Logs a warning: something is wrong and was worked around.
macro_rules! warning {
    ($($message:tt)*) => {
        $crate::ast::log::write(
            $crate::ast::log::Level::Warning,
            $crate::ast::log::place!(),
            format_args!($($message)*),
        )
    };
}

/// Logs a notice: rare, and of interest to an operator.
#[allow(unused_macros)] // as below
macro_rules! notice {
    ($($message:tt)*) => {
        $crate::ast::log::write(
            $crate::ast::log::Level::Notice,
            $crate::ast::log::place!(),
            format_args!($($message)*),
        )
    };
}

/// Logs a verbose message of a level: `verbose!(3, "Dialing {address}")`.
macro_rules! verbose {
    ($level:expr, $($message:tt)*) => {
        $crate::ast::log::write_verbose(
            $level,
            $crate::ast::log::place!(),
            format_args!($($message)*),
        )
    };
}

/// Logs a debug message of a level: `debug!(1, "Frame {subclass}")`.
macro_rules! debug {
    ($level:expr, $($message:tt)*) => {
        $crate::ast::log::write_debug(
            $level,
            $crate::ast::log::place!(),
            format_args!($($message)*),
        )
    };
}

#[allow(unused_imports)] // the set is complete, whatever of it is used
pub(crate) use {debug, error, notice, place, verbose, warning};
