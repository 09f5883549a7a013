//! A call that the far end sends elsewhere, on its way there: what Asterisk's Dial
//! application does, for a call that nobody else waits for.
//!
//! There is a new channel, and the old one is hung up. At each moment one hook says
//! the end of the call: the old channel's until the new one has its own.

use std::time::{Duration, Instant};

use dialer::domain::EndedBy;

use super::call::VARIABLES;
use super::placer::{codecs, dress};
use super::ringing::{Entrance, Ringer};
use crate::ast::channel::{cause2str, request_forwarded, HookId, Leg, Request};
use crate::ast::log;

/// A call that is to be placed where it was forwarded to: the last of its forwards.
pub struct Forwarded {
    pub ringer: Ringer,
    /// What the far end said.
    pub text: String,
}

impl Forwarded {
    /// Calls there in the time that is left, and hands the call to the event thread.
    pub fn follow(self, ringing: &Entrance) {
        let Forwarded { mut ringer, text } = self;
        if let Some(by) = ringer.call.unwanted() {
            return ringer.give_up(by);
        }
        let left = ringer.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return ringer.give_up(EndedBy::RingTimeout);
        }
        let (next, hook) = match call_next(&ringer, left) {
            Ok(called) => called,
            Err(cause) => return ringer.not_followed(NotCalled(cause), &text),
        };
        log::verbose!(3, "{} is forwarded, and goes on as {}", ringer.leg.name(), next.name());
        // From here on the new channel's hook says the end.
        ringer.call.hooked(hook, next.name());
        ringer.leg.publish_forward(&next, &text);
        ringer.hook = hook;
        std::mem::replace(&mut ringer.leg, next).hangup();
        ringer.call.begun();
        ringing.add_again(ringer);
    }
}

/// Why a channel could not be called: a Q.850 cause.
struct NotCalled(i32);

impl std::fmt::Display for NotCalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (cause {})", cause2str(self.0), self.0)
    }
}

/// A new channel, called, with all that the old one had; or the Q.850 cause.
fn call_next(ringer: &Ringer, left: Duration) -> Result<(Leg, HookId), i32> {
    let Ringer { call, leg: old, forwards, .. } = ringer;
    let copy = &call.dialing.copy;
    let (tech, address) = forwards.called(copy);
    let hop = forwards.count();
    // The old channel still has the dialing's own.
    let id = format!("{}-{hop}", call.id());
    let other = format!("{}-{hop}", call.dialing.other_channel);
    let wanted =
        Request { tech, address, uniqueid: &id, uniqueid2: Some(&other), codecs: codecs(tech) };
    let next = request_forwarded(&wanted, old).map_err(|error| error.cause)?;
    next.set_redirecting_from(old, &call.dialing.number);
    dress(&next, copy, tech);
    next.set_variables(&[("FORWARDERNAME", old.name())]);
    let hook = next.attach(call.clone(), &VARIABLES).ok_or(0)?;
    next.call(u32::try_from(left.as_millis()).unwrap_or(u32::MAX))?;
    Ok((next, hook))
}
