//! Arguments from the dialplan: whatever they are, there is a command or one line
//! of reason, and what is put into a list is shown in the form of the wire.
#![no_main]

#[path = "../../dialer/tests/bench/mod.rs"]
mod bench;

#[path = "../../tests/harness/wire.rs"]
mod wire;

use bench::desk::Desk;
use dialer::surface::ami::{self, Backend};
use dialer::surface::dialplan::{create_target, verdict, write_field, Place};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use uuid::Uuid;

/// What stands for the uuid of a list that is there.
const LIST: &[u8] = b"LIST";

/// Uses of one desk. Its store grows with them.
const USES: usize = 200;

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((b'=', rest)) => set_field(rest),
        _ => put_into_list(bytes),
    }
});

fn put_into_list(bytes: &[u8]) {
    thread_local! {
        static DESK: RefCell<Option<(Desk, String, usize)>> = const { RefCell::new(None) };
    }
    DESK.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|(_, _, uses)| *uses > USES) {
            *kept = Some(with_list());
        }
        let (desk, list, uses) = kept.as_mut().expect("a desk");
        *uses += 1;
        let arguments = match bytes.strip_prefix(LIST) {
            Some(rest) => [list.as_bytes(), rest].concat(),
            None => bytes.to_vec(),
        };
        let (status, detail) = match create_target(&arguments) {
            Ok(command) => verdict(desk.ask(command)),
            Err(refusal) => ("FAILURE", refusal.to_string()),
        };
        let events = desk.events();
        match status {
            "SUCCESS" => assert!(Uuid::try_parse(&detail).is_ok() && events.len() == 1, "{detail}"),
            _ => assert!(!detail.is_empty() && events.is_empty(), "{detail}"),
        }
        for event in &events {
            let (name, lines) = ami::event(event);
            wire::blocks(&format!("Event: {name}\r\n{lines}\r\n"));
        }
    });
}

fn with_list() -> (Desk, String, usize) {
    let desk = Desk::new();
    let (came, _) = desk.act(&[(b"Action", b"OutDlmaCreate")]);
    let list = wire::value(&wire::blocks(&came)[0], "Uuid").expect("a list").to_owned();
    (desk, list, 0)
}

/// `OUTBOUND(name)=value`: up to the first `=`, and behind it.
fn set_field(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'=');
    let name = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let value = parts.next().unwrap_or_default();
    let place = Place { may_redirect: true, context: "sales" };
    if let Err(refusal) = write_field(&name, value, &place) {
        assert!(!refusal.to_string().is_empty());
    }
}
