//! The manager interface word for word, without an Asterisk: the transcripts
//! that also run against a real one.

#[path = "../../tests/harness/transcript.rs"]
mod transcript;

mod bench;

use bench::desk::Desk;
use dialer::surface::ami;
use std::path::Path;

impl transcript::Peer for Desk {
    fn exchange(&mut self, action: &str, _messages: Option<usize>) -> String {
        let headers: Vec<(&[u8], &[u8])> = action
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.as_bytes(), value.trim_start().as_bytes()))
            .collect();
        let (mut came, events) = self.act(&headers);
        for event in &events {
            let (name, lines) = ami::event(event);
            came.push_str(&format!("Event: {name}\r\nPrivilege: message,all\r\n{lines}\r\n"));
        }
        came
    }
}

fn run(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts").join(name);
    if let Err(difference) = transcript::run(&file, &mut Desk::new()) {
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
fn schedule() {
    run("schedule.txt");
}

#[test]
fn start() {
    run("start.txt");
}

#[test]
fn dialing() {
    run("dialing.txt");
}
