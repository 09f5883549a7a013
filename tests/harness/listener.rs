//! A manager client that counts what it hears and keeps none of it: for thousands
//! of calls a second. It follows each dialing and notes what comes out of order.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::poll::try_poll_until;
use super::{Asterisk, Outcome};

const LOGIN_DEADLINE: Duration = Duration::from_secs(20);
/// What is read at once.
const BUFFER_BYTES: usize = 1 << 20;
/// Faults that are kept in words; more are only counted.
const FAULTS_IN_WORDS: usize = 20;

/// One session with all events on, read to its end by a thread.
#[derive(Debug)]
pub struct Listener {
    stream: TcpStream,
    heard: Arc<Mutex<Heard>>,
}

/// What came so far.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Events by name.
    pub events: BTreeMap<String, u64>,
    pub bytes: u64,
    /// What was wrong with the order of a dialing's events.
    pub faults: Vec<String>,
    pub fault_count: u64,
    dialings: HashMap<String, Stage>,
    greeted: bool,
    closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its latest status.
    Live(i64),
    Deleted,
}

/// The message that is being read.
#[derive(Debug, Default)]
struct Lines {
    event: String,
    uuid: String,
    status: Option<i64>,
    refused: bool,
}

impl Listener {
    /// Logs in as somebody who may hear everything.
    pub fn connect(asterisk: &Asterisk) -> Outcome<Listener> {
        let stream = login(asterisk.ports.ami, &asterisk.ami_secret)?;
        let reader = stream.try_clone().map_err(|error| error.to_string())?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listener = Listener { stream, heard: Arc::clone(&heard) };
        std::thread::spawn(move || listen(reader, &heard));
        try_poll_until(LOGIN_DEADLINE, "the listener's login", || {
            let heard = listener.lock();
            (heard.greeted || heard.closed).then_some(())
        })?;
        match listener.lock().closed {
            true => Err("the listener was not let in".to_owned()),
            false => Ok(()),
        }?;
        Ok(listener)
    }

    pub fn heard(&self) -> Heard {
        self.lock().clone()
    }

    /// How many events so called came.
    pub fn count(&self, event: &str) -> u64 {
        self.lock().count(event)
    }

    /// Waits until so many dialings are over.
    pub fn wait_deleted(&self, dialings: u64, deadline: Duration) -> Outcome<()> {
        let what = format!("{dialings} OutDialingDelete events");
        try_poll_until(deadline, &what, || {
            let heard = self.lock();
            let enough = heard.count("OutDialingDelete") >= dialings;
            (enough || heard.closed).then_some(heard.closed && !enough)
        })
        .and_then(|lost| match lost {
            true => Err(format!("the session ended before {what}")),
            false => Ok(()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Ends the reading thread as well. It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Opens a session and asks to be let in, with all events on; reads nothing.
pub fn login(port: u16, secret: &str) -> Outcome<TcpStream> {
    let failed = |error: std::io::Error| format!("AMI on port {port}: {error}");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let user = super::asterisk::AMI_USER;
    let login =
        format!("Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\nEvents: on\r\n\r\n");
    stream.write_all(login.as_bytes()).map_err(failed)?;
    Ok(stream)
}

fn listen(stream: impl Read, heard: &Mutex<Heard>) {
    let mut stream = BufReader::with_capacity(BUFFER_BYTES, stream);
    let lock = || heard.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut line, mut lines, mut bytes) = (Vec::new(), Lines::default(), 0);
    loop {
        line.clear();
        match stream.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(count) => bytes += count as u64,
        }
        let text = line.strip_suffix(b"\r\n").unwrap_or(&line);
        if !text.is_empty() {
            lines.take(text);
            continue;
        }
        let mut heard = lock();
        heard.bytes += std::mem::take(&mut bytes);
        heard.take(&lines);
        let closed = heard.closed;
        drop(heard);
        if closed {
            return;
        }
        lines = Lines::default();
    }
    lock().closed = true;
}

impl Lines {
    fn take(&mut self, line: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(name) = line.strip_prefix(b"Event: ") {
            self.event = text(name);
        } else if !self.event.starts_with("OutDialing") {
            self.refused |= line == b"Response: Error";
        } else if let Some(uuid) = line.strip_prefix(b"Uuid: ") {
            self.uuid = text(uuid);
        } else if let Some(status) = line.strip_prefix(b"Status: ") {
            self.status = text(status).parse().ok();
        }
    }
}

impl Heard {
    /// What is made of these bytes.
    pub fn of(bytes: &[u8]) -> Heard {
        let heard = Mutex::default();
        listen(bytes, &heard);
        heard.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self, event: &str) -> u64 {
        self.events.get(event).copied().unwrap_or(0)
    }

    /// Whether a dialing has begun and ended.
    pub fn is_over(&self, dialing: &str) -> bool {
        self.dialings.get(dialing) == Some(&Stage::Deleted)
    }

    /// Whether so many dialings had their Create, Update … and Delete, each in
    /// order and nothing twice.
    pub fn all_in_order(&self, dialings: u64) -> Outcome<()> {
        let (created, deleted) = (self.count("OutDialingCreate"), self.count("OutDialingDelete"));
        if created != dialings || deleted != dialings || self.dialings.len() as u64 != dialings {
            let different = self.dialings.len();
            return Err(format!(
                "{dialings} dialings, but {created} OutDialingCreate and {deleted} \
                 OutDialingDelete events of {different} dialings"
            ));
        }
        match self.fault_count {
            0 => Ok(()),
            count => Err(format!("{count} events out of order: {:#?}", self.faults)),
        }
    }

    fn take(&mut self, lines: &Lines) {
        match lines.event.as_str() {
            "" => {
                // The answer to the login.
                self.closed |= lines.refused;
                self.greeted = true;
                return;
            }
            event => match self.events.get_mut(event) {
                Some(count) => *count += 1,
                None => drop(self.events.insert(event.to_owned(), 1)),
            },
        }
        let Some(what) = lines.event.strip_prefix("OutDialing") else { return };
        let before = self.dialings.get(&lines.uuid).copied();
        let (now, status) = match (what, lines.status) {
            ("Create" | "Update", Some(status)) => (Stage::Live(status), status),
            ("Delete", Some(status)) => (Stage::Deleted, status),
            // Entries of a list that somebody asked for, not events of a dialing.
            _ => return,
        };
        let is_right = match before {
            None => what == "Create",
            Some(Stage::Live(last)) => what != "Create" && status >= last,
            Some(Stage::Deleted) => false,
        };
        if !is_right {
            self.fault_count += 1;
            if self.faults.len() < FAULTS_IN_WORDS {
                let uuid = &lines.uuid;
                self.faults.push(format!("{what} with status {status} of {uuid} after {before:?}"));
            }
        }
        self.dialings.insert(lines.uuid.clone(), now);
    }
}
