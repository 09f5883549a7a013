//! Hearing of answered calls that are joined with somebody: the agent has the call.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use super::Calls;
use crate::ast::bridge::{self, Joined};
use crate::ast::Subscription;

/// Has calls told that they were joined, until this is dropped. `None`, logged, without
/// memory: nobody hears then who has which call.
pub fn watch(calls: Arc<Calls>) -> Option<Subscription> {
    bridge::watch(move |joined| tell(&calls, joined))
}

/// Whoever was there first: a call of ours is told when there is somebody else.
fn tell(calls: &Calls, joined: &Joined) {
    for id in &joined.channels {
        let Some(call) = calls.of_channel(id) else { continue };
        if let Some(other) = joined.channels.iter().find(|other| *other != id) {
            if call.joined(other) {
                calls.joins.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}
