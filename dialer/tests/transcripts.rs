//! The manager interface word for word, without an Asterisk: the transcripts
//! that also run against a real one.

#[path = "../../tests/harness/transcript.rs"]
mod transcript;

mod bench;

use dialer::dialer::{Command, Dialer, Input, Reply, Settings};
use dialer::dialer::{Ready, TimeOrderedIds};
use dialer::domain::Timestamp;
use dialer::store::{Reader, Sqlite, Store, StoreError};
use dialer::surface::ami::{self, Backend};
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;
use tempfile::TempDir;

/// A dialer that is stepped by hand, over a store in a file.
struct Bench {
    state: RefCell<(Dialer, Sqlite)>,
    events: RefCell<String>,
    folder: TempDir,
}

const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

impl Bench {
    fn new() -> Bench {
        let folder = TempDir::new().expect("a folder");
        let mut store = Sqlite::open(&folder.path().join("db"), "test").expect("a store");
        let settings = Settings { max_dialings: 10, calls_per_second: 10, ..Settings::default() };
        let records = store.load().expect("records");
        let ids = Box::new(TimeOrderedIds);
        let (dialer, _) = Dialer::restore(settings, ids, records, &HashSet::new(), START);
        Bench { state: RefCell::new((dialer, store)), events: RefCell::default(), folder }
    }

    fn step(&self, input: Input) -> Ready {
        let (dialer, store) = &mut *self.state.borrow_mut();
        let ready = bench::step(dialer, store, START, input);
        for event in &ready.events {
            let (name, lines) = ami::event(event);
            let text = format!("Event: {name}\r\nPrivilege: message,all\r\n{lines}\r\n");
            self.events.borrow_mut().push_str(&text);
        }
        ready
    }
}

impl Backend for Bench {
    fn ask(&self, command: Command) -> Reply {
        let ready = self.step(Input::Command(Box::new(command)));
        ready.reply.expect("a reply")
    }

    fn read(
        &self,
        with: &mut dyn FnMut(&Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        with(&Reader::open(&self.folder.path().join("db"))?)
    }
}

impl transcript::Peer for Bench {
    fn exchange(&mut self, action: &str, _messages: Option<usize>) -> String {
        let headers: Vec<(&[u8], &[u8])> = action
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.as_bytes(), value.trim_start().as_bytes()))
            .collect();
        let mut came = String::new();
        ami::answer(&headers, self, &mut |text| came.push_str(text));
        came + &std::mem::take(&mut *self.events.borrow_mut())
    }
}

fn run(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts").join(name);
    if let Err(difference) = transcript::run(&file, &mut Bench::new()) {
        panic!("{difference}");
    }
}

#[test]
fn plan() {
    run("plan.txt");
}

#[test]
fn destination() {
    run("destination.txt");
}

#[test]
fn dlma() {
    run("dlma.txt");
}

#[test]
fn dl_list() {
    run("dl_list.txt");
}

#[test]
fn campaign() {
    run("campaign.txt");
}

#[test]
fn start() {
    run("start.txt");
}

#[test]
fn dialing() {
    run("dialing.txt");
}
