//! Hearing of answered calls that are joined with somebody: the agent has the call.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use super::Calls;
use crate::ast::bridge::{self, Joined};
use crate::ast::{log, Subscription};

/// Has calls told that they were joined, until this is dropped. `None`, logged, without
/// memory, or if stasis.conf does not let it be told: nobody hears then who has which call.
pub fn watch(calls: Arc<Calls>) -> Option<Subscription> {
    // Only where the manager is off: with it, Asterisk does not even start so.
    if bridge::is_declined() {
        log::warning!(
            "stasis.conf declines {}: no call is seen to be with an agent, and where agents are \
             to take the calls, each one counts as abandoned",
            bridge::MESSAGE_TYPE
        );
        return None;
    }
    bridge::watch(move |joined| tell(&calls, joined))
}

/// Whoever was there first: a call of ours is told when there is somebody else.
fn tell(calls: &Calls, joined: &Joined) {
    for id in &joined.channels {
        let Some(call) = calls.of_channel(id) else { continue };
        let others = joined.channels.iter().filter(|other| *other != id);
        let mut others = others.map(|other| bridge::channel(other));
        // What announces to a conference, or records it, is nobody; who is gone by now was
        // somebody.
        let somebody = others.find(|other| !other.as_ref().is_some_and(|o| o.is_internal));
        if let Some(other) = somebody {
            if call.joined(other.as_ref().map(|other| other.name.as_str())) {
                calls.joins.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}
