//! Joins Asterisk and the dialer: turns bytes and frames into commands and
//! events and back. It decides nothing.
//!
//! | file | what it holds |
//! |------|----------------|
//! | `runtime`  | the dialer thread: inputs in, writes made durable, effects out |
//! | `inbox`    | the queue into that thread, and the way back for replies |
//! | `engine`   | the call engine: places calls, reads their frames, hands answered ones over |
//! | `agents`   | the agents thread: how the teams are that the dialer wants to know of |
//! | `results`  | the result file |
//! | `settings` | `res_outbound.conf` |
//! | `switch`   | what the dialer may ask of Asterisk |
//! | `floor`    | only for `make bench`: calls without a campaign |
//! | `timings`  | how long things took lately |
//! | `files`    | the folder for imports and exports |
//! | `ami`, `cli` | manager actions and events, console commands |
//! | `dialplan` | application and function of the dialplan |

pub mod agents;
pub mod ami;
pub mod cli;
pub mod dialplan;
pub mod engine;
pub mod files;
#[cfg(feature = "bench")]
pub mod floor;
pub mod inbox;
pub mod results;
pub mod runtime;
pub mod settings;
pub mod switch;
pub mod timings;

use std::time::{SystemTime, UNIX_EPOCH};

use dialer::domain::Timestamp;

/// The time that everything is told by.
fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
