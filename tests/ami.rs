//! The manager interface over a real session: the transcripts word for word, on
//! the wire of a real Asterisk.

mod harness;

#[path = "harness/transcript.rs"]
mod transcript;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use harness::asterisk::AMI_USER;
use harness::{must, Asterisk, Options, Outcome};

/// How long the next message may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A session of which every byte counts.
struct Session {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Session {
    fn log_in(asterisk: &Asterisk) -> Outcome<Session> {
        let failed = |error: std::io::Error| format!("AMI session: {error}");
        let address = (Ipv4Addr::LOCALHOST, asterisk.ports.ami);
        let stream = TcpStream::connect(address).map_err(failed)?;
        stream.set_read_timeout(Some(DEADLINE)).map_err(failed)?;
        let mut session = Session { stream, received: Vec::new() };
        let secret = &asterisk.ami_secret;
        let login = format!(
            "Action: Login\r\nUsername: {AMI_USER}\r\nSecret: {secret}\r\nEvents: on\r\n\r\n"
        );
        session.stream.write_all(login.as_bytes()).map_err(failed)?;
        while !session.next()?.contains("Authentication accepted") {}
        Ok(session)
    }

    /// The next message of ours, with the empty line that ends it.
    fn next_of_ours(&mut self) -> Outcome<String> {
        loop {
            let message = self.next()?;
            if message.starts_with("Response: ") || message.starts_with("Event: Out") {
                return Ok(message);
            }
        }
    }

    fn next(&mut self) -> Outcome<String> {
        let end = b"\r\n\r\n";
        loop {
            let found = self.received.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                let message: Vec<u8> = self.received.drain(..at + end.len()).collect();
                return String::from_utf8(message).map_err(|error| error.to_string());
            }
            let mut piece = [0; 16_384];
            let length = self
                .stream
                .read(&mut piece)
                .map_err(|error| format!("nothing more came after {:?}: {error}", self.received))?;
            if length == 0 {
                return Err("the session ended".to_owned());
            }
            self.received.extend_from_slice(&piece[..length]);
        }
    }
}

impl transcript::Peer for Session {
    fn exchange(&mut self, action: &str, messages: Option<usize>) -> String {
        self.stream.write_all(action.as_bytes()).expect("a session that takes actions");
        // Asterisk says nothing when it has said all: a Ping marks the end.
        let mut came = String::new();
        for _ in 0..messages.unwrap_or(0) {
            came.push_str(&must(self.next_of_ours()));
        }
        self.stream.write_all(b"Action: Ping\r\n\r\n").expect("a session that takes actions");
        loop {
            let message = must(self.next_of_ours());
            if message.contains("Ping: Pong") {
                return came;
            }
            came.push_str(&message);
        }
    }
}

fn run(name: &str) {
    let asterisk = Asterisk::start(Options::default());
    let mut session = must(Session::log_in(&asterisk));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    if let Err(difference) = transcript::run(&file, &mut session) {
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
fn dialing() {
    run("dialing.txt");
}

#[test]
fn schedule() {
    run("schedule.txt");
}
