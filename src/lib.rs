//! An outbound campaign dialer that lives inside Asterisk.
//!
//! * `sys` is Asterisk's C interface, `ast` a safe one on top of it; only these
//!   two have unsafe code.
//! * `host` joins Asterisk and the `dialer` package, which decides.
//! * `module` is what Asterisk loads, reloads and unloads.

mod ast;
mod host;
mod module;
mod sys;
