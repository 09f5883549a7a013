//! A safe interface to Asterisk. It knows nothing of campaigns.
//!
//! Rules that hold in every module here:
//!
//! * A function that Asterisk calls is one [`border::guard`]: no panic unwinds
//!   into C.
//! * Text goes to Asterisk as data (`"%s"`), never as a format.
//! * What Asterisk frees comes from Asterisk's allocator; what Rust frees comes
//!   from Rust's.
//! * No Rust lock is held while Asterisk is called.

pub mod app;
pub mod border;
pub mod bridge;
pub mod channel;
pub mod cli;
pub mod config;
pub mod devices;
pub mod dialplan;
pub mod function;
pub mod log;
pub mod manager;
pub mod module;
pub mod pjsip;
pub mod queue;
mod stasis;
pub mod text;
pub mod thread;

pub use stasis::Subscription;
