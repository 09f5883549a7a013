//! Calls that this module places.
//!
//! [`request`] makes a [`Leg`], a channel that is ours alone. It is called,
//! read until it is answered or refused, and then handed to the PBX or hung up.
//! A [`Hook`] on it hears of the final hangup, whoever owns the channel by then.

mod alerts;
mod borrowed;
mod current;
mod hook;
mod leg;
#[cfg(feature = "bench")]
mod originate;
mod parties;
mod request;

pub use alerts::{Alerts, Knocker};
pub use current::Current;
pub use hook::{break_off, is_up, soft_hangup, variable_of, EndOfCall, Hook, HookId, Moved};
pub use leg::{ControlFrame, Leg, PbxError, Read};
#[cfg(feature = "bench")]
pub use originate::originate;
pub use parties::parse_callerid;
pub use request::{request, request_forwarded, Request};

use super::text;
use crate::sys;

/// Asterisk's words for a Q.850 hangup cause, such as `User busy` for 17.
pub fn cause2str(cause: i32) -> String {
    // SAFETY: returns a constant string for every number.
    unsafe { text::copy(sys::ast_cause2str(cause)) }
}
