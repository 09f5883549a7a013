//! Bad input of every kind to every header, without an Asterisk: the same tries
//! that also run against a real one.

#[path = "../../tests/harness/bad_input.rs"]
mod bad_input;

#[path = "../../tests/harness/wire.rs"]
mod wire;

mod bench;

use bad_input::{try_actions, Peer, Sent};
use bench::desk::Desk;

impl Peer for Desk {
    fn act(&mut self, headers: &[Sent]) -> String {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
        Desk::act(self, &headers).0
    }

    fn arrives<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        value
    }
}

fn try_on(is_meant: impl Fn(&str) -> bool, at_least: usize) {
    let tries = try_actions(&mut Desk::new(), is_meant);
    assert!(tries >= at_least, "only {tries} tries");
}

#[test]
fn bad_input_to_creates() {
    try_on(|name| name.ends_with("Create"), 2_500);
}

#[test]
fn bad_input_to_updates() {
    try_on(|name| name.ends_with("Update"), 2_500);
}

#[test]
fn bad_input_to_all_others() {
    try_on(|name| !name.ends_with("Create") && !name.ends_with("Update"), 1_000);
}
