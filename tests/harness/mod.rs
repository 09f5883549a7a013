//! A laboratory: a real Asterisk of one's own, and people who answer the phone.
//!
//! Used by the suites in `tests/`, by `make demo` and by `make sandbox`.
//! Everything listens on 127.0.0.1, keeps its files in a temporary folder and
//! is ended, by its process id, when its value is dropped.

// Each suite uses its own part of the laboratory.
#![allow(dead_code, unused_imports)]

pub mod ami;
pub mod asterisk;
pub mod campaign;
pub mod far_end;
pub mod http;
pub mod lab;
pub mod listener;
pub mod load;
pub mod message;
pub mod options;
pub mod poll;
pub mod ports;
pub mod process;
pub mod recording;
pub mod result_file;
pub mod rootfs;
pub mod shared;
pub mod signals;
pub mod sipp;

pub use ami::Ami;
pub use asterisk::Asterisk;
pub use campaign::Campaign;
pub use far_end::FarEnd;
pub use lab::Lab;
pub use listener::Listener;
pub use load::Load;
pub use message::Message;
pub use options::Options;
pub use poll::{poll_until, try_poll_until};
pub use result_file::ResultLine;
pub use rootfs::Rootfs;
pub use shared::Shared;
pub use sipp::Sipp;

/// Either it worked, or this is why not, in words.
pub type Outcome<T> = Result<T, String>;

/// What came of it, or the test fails where this was asked for.
#[track_caller]
pub fn must<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Ok(value) => value,
        Err(trouble) => panic!("{trouble}"),
    }
}
