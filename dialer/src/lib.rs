//! The dialer of res_outbound: who is called when, and what became of it.
//!
//! A pure state machine over a durable store. It knows no clock, thread,
//! socket or Asterisk type: time and ids come in as inputs, and what has to be
//! done goes out as data. The module `res_outbound` joins it to Asterisk.
//!
//! | module    | what it holds |
//! |-----------|---------------|
//! | [`domain`]  | the things that are dialled with: campaign, plan, destination, dial list, target, dialing, disposition |
//! | [`pacing`]  | how many dialings may be started now |
//! | [`dialer`]  | the state machine: [`dialer::Input`] in, [`dialer::Ready`] out |
//! | [`store`]   | where everything is kept: the trait and SQLite |
//! | [`surface`] | wire text to commands and events to wire text |
//! | [`deadlines`] | what is due when |
//! | [`limits`]  | every limit, by name |
#![forbid(unsafe_code)]

pub mod deadlines;
pub mod dialer;
pub mod domain;
mod hundredths;
mod json;
pub mod limits;
pub mod pacing;
pub mod store;
pub mod surface;
