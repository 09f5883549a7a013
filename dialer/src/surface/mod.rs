//! Wire text to commands, and replies and events to wire text.

pub mod ami;
pub mod bulk;
pub mod cli;
pub mod conf;
pub mod dialplan;
pub mod help;
pub mod queue;
pub mod reset;
pub mod result;
