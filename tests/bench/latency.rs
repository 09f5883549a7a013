//! From the answer to the start of the destination, while hundreds of answered
//! calls are up.

use std::time::Duration;

use crate::harness::load::LineCount;
use crate::harness::{try_poll_until, Load, Outcome};
use crate::lab::{self, Caps, Tech, CONTEXT};
use crate::module::{delays, Delays};
use crate::say;
use crate::scale::Scale;

const ALL_UP: Duration = Duration::from_secs(60);
const STAYS: [(&str, &str); 2] = [("Exten", "stay"), ("Context", CONTEXT)];

#[derive(Debug)]
pub struct Latency {
    /// Answered calls that are up meanwhile.
    pub live: usize,
    /// Calls that are answered meanwhile.
    pub answered: usize,
    pub delays: Delays,
}

pub fn measure(scale: &Scale) -> Outcome<Latency> {
    let Scale { live, answered, .. } = *scale;
    let max_dialings = live + Caps::OPEN.max_dialings;
    let mut asterisk = lab::start(Caps { max_dialings, ..Caps::OPEN }, None)?;
    let plan = [("TechName", "Local/"), ("TrunkName", Tech::Local.trunk())];
    let stays = Load::make(&asterisk, &plan, &STAYS, live)?;
    stays.campaign.set_status(&asterisk.try_ami()?, 1)?;
    let of_them = format!("{live} of them answered");
    try_poll_until(ALL_UP, &format!("{live} answered calls"), || {
        let shown = asterisk.try_rx("out show status").ok()?;
        shown.contains(&of_them).then_some(())
    })?;
    let others = lab::load(&asterisk, Tech::Local, answered)?;
    others.dial(&asterisk, &mut LineCount::of(asterisk.result_file()))?;
    let delays = delays(&asterisk, "Answer to start")?;
    asterisk.kill9();
    say!(
        "  {live} calls up, {answered} answered: half within {} ms, 99 % within {} ms",
        delays.half,
        delays.most
    );
    Ok(Latency { live, answered, delays })
}
