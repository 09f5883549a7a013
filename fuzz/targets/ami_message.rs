//! Manager sessions: any bytes as messages, against a real dialer over a real
//! store. Whatever is sent, answers and events keep their form, refusals change
//! nothing, and result lines are JSON.
#![no_main]

#[path = "../../dialer/tests/bench/mod.rs"]
mod bench;

#[path = "../../tests/harness/wire.rs"]
mod wire;

use bench::desk::Desk;
use dialer::dialer::{CallEvent, CallOrder, Event, Input};
use dialer::domain::{control, CallEnd, EndedBy, Timestamp};
use dialer::surface::ami::{self, Privilege, ACTIONS};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Messages of one session; more would only be slower.
const MESSAGES: usize = 24;

fuzz_target!(|bytes: &[u8]| {
    let mut session = Session { desk: desk(), uuids: Vec::new() };
    for message in messages(bytes).into_iter().take(MESSAGES) {
        session.exchange(&message);
    }
});

/// A dialer over an empty store, copied from one that was made once.
fn desk() -> Desk {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    let empty = EMPTY.get_or_init(|| {
        let folder = folder();
        let file = folder.path().join(Desk::STORE);
        drop(dialer::store::Sqlite::open(&file, "test").expect("a store"));
        fs::read(&file).expect("a store's file")
    });
    let folder = folder();
    fs::write(folder.path().join(Desk::STORE), empty).expect("a store's file");
    Desk::over(folder)
}

/// In memory where the system has a folder for that.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a folder")
}

/// As Asterisk reads a session: lines up to an empty one, `{u1}` … left for the
/// uuids of what the session has made.
fn messages(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.split(|byte| *byte == 0).next().unwrap_or_default()
    });
    let mut messages = vec![Vec::new()];
    for line in lines {
        match messages.last_mut() {
            Some(message) if !line.is_empty() => message.push(line),
            _ => messages.push(Vec::new()),
        }
    }
    messages.retain(|message| !message.is_empty());
    messages
}

struct Session {
    desk: Desk,
    /// Of everything that was created, in order.
    uuids: Vec<String>,
}

impl Session {
    fn exchange(&mut self, lines: &[&[u8]]) {
        let headers: Vec<(Vec<u8>, Vec<u8>)> =
            lines.iter().filter_map(|line| self.header(line)).collect();
        let headers: Vec<(&[u8], &[u8])> =
            headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        let (came, events) = self.desk.act(&headers);
        let blocks = wire::blocks(&came);
        let response = wire::value(&blocks[0], "Response").expect("a response first");
        let changes = events.len();
        let is_change = changes_something(&headers);
        match response {
            "Success" if is_change => assert!(changes > 0 && blocks.len() == 1, "{came}"),
            "Success" => assert!(changes == 0 && blocks.len() > 1, "{came}"),
            "Error" => assert!(changes == 0 && blocks.len() == 1, "{came}"),
            other => panic!("Response: {other}"),
        }
        if let Some(uuid) = wire::value(&blocks[0], "Uuid") {
            self.uuids.push(uuid.to_owned());
        }
        whole(&events);
        self.go_on();
    }

    /// One line as a header, with the uuids that it speaks of.
    fn header(&self, line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let mut value = line[colon + 1..].trim_ascii_start().to_vec();
        let number = value.strip_prefix(b"{u").and_then(|rest| rest.strip_suffix(b"}"));
        let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let Some(uuid) = number.and_then(|number: usize| self.uuids.get(number.wrapping_sub(1))) {
            value = uuid.clone().into_bytes();
        }
        Some((line[..colon].to_vec(), value))
    }

    /// Time goes on, and every call that is placed is answered and hung up.
    fn go_on(&mut self) {
        let ready = self.desk.step(Input::Tick);
        for order in &ready.calls {
            let CallOrder::Place(call) = order else { continue };
            let dialing = call.id;
            let end = CallEnd {
                by: EndedBy::Peer,
                answered: true,
                last_control: control::ANSWER,
                cause: 16,
                cause_text: "Normal Clearing".to_owned(),
                tech_cause: None,
                amd: None,
            };
            for event in [
                CallEvent::Begun { dialing, channel_name: call.copy.dial_channel() },
                CallEvent::Answered { dialing },
                CallEvent::Ended { dialing, end },
            ] {
                let at = Timestamp(1_700_000_000_000_000_000);
                for line in self.desk.step(Input::Call { at, event }).results {
                    assert!(!line.json.contains('\n'), "{}", line.json);
                    serde_json::from_str::<serde_json::Value>(&line.json).expect("JSON");
                }
            }
        }
        whole(&self.desk.events());
    }
}

fn changes_something(headers: &[(&[u8], &[u8])]) -> bool {
    let named = |(name, _): &&(&[u8], &[u8])| name.eq_ignore_ascii_case(b"Action");
    let Some((_, name)) = headers.iter().find(named) else { return false };
    let meant = ACTIONS.iter().find(|action| action.name.as_bytes().eq_ignore_ascii_case(name));
    meant.is_some_and(|action| action.privilege == Privilege::Change)
}

fn whole(events: &[Event]) {
    for event in events {
        let (name, lines) = ami::event(event);
        let blocks = wire::blocks(&format!("Event: {name}\r\n{lines}\r\n"));
        assert_eq!(blocks.len(), 1, "{lines}");
    }
}
