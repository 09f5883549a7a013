//! A client of Asterisk's manager interface, with everything it heard on record.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::message::{message_end, Message};
use super::{must, Outcome};

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// One session. Several may be open at once; each records on its own.
#[derive(Debug)]
pub struct Ami {
    stream: TcpStream,
    heard: Arc<Heard>,
    next_id: AtomicU64,
}

/// What came, filled by a thread that reads to the end of the session.
#[derive(Debug)]
struct Heard {
    record: Mutex<Record>,
    more: Condvar,
    start: Instant,
}

#[derive(Debug, Default)]
struct Record {
    messages: Vec<Message>,
    raw: Vec<u8>,
    closed: bool,
}

/// A list answer: the response, its entries, and the event that ends it.
#[derive(Debug, Clone)]
pub struct List {
    pub response: Message,
    pub entries: Vec<Message>,
    /// None if the response was an error.
    pub complete: Option<Message>,
}

impl Ami {
    /// Opens a session and logs in, with all events on.
    pub fn connect(port: u16, user: &str, secret: &str) -> Outcome<Ami> {
        let ami = Ami::open(port)?;
        let response = ami.try_action(&[
            ("Action", "Login"),
            ("Username", user),
            ("Secret", secret),
            ("Events", "on"),
        ])?;
        match response.is_success() {
            true => Ok(ami),
            false => Err(format!("AMI login of {user} refused: {}", response.text("Message"))),
        }
    }

    /// Opens a session and stays unknown.
    pub fn open(port: u16) -> Outcome<Ami> {
        let failed = |error: std::io::Error| format!("AMI on port {port}: {error}");
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_write_timeout(Some(DEADLINE)).map_err(failed)?;
        let reader = stream.try_clone().map_err(failed)?;
        let heard = Arc::new(Heard {
            record: Mutex::default(),
            more: Condvar::new(),
            start: Instant::now(),
        });
        let listener = Arc::clone(&heard);
        std::thread::spawn(move || listener.listen(reader));
        Ok(Ami { stream, heard, next_id: AtomicU64::new(1) })
    }

    /// Sends an action and waits for its response, whatever it says.
    #[track_caller]
    pub fn action(&self, headers: &[(&str, &str)]) -> Message {
        must(self.try_action(headers))
    }

    pub fn try_action(&self, headers: &[(&str, &str)]) -> Outcome<Message> {
        let mark = self.mark();
        let id = self.send(headers)?;
        let what = format!("the response to {headers:?}");
        self.wait_since(mark, DEADLINE, &what, |message| {
            message.is_response() && message.text("ActionID") == id
        })
    }

    /// Sends an action that must succeed.
    #[track_caller]
    pub fn succeed(&self, headers: &[(&str, &str)]) -> Message {
        let response = self.action(headers);
        assert!(response.is_success(), "{headers:?} was refused:\n{response}");
        response
    }

    /// Sends an action that answers with a list and collects all of it.
    #[track_caller]
    pub fn list(&self, headers: &[(&str, &str)]) -> List {
        must(self.try_list(headers))
    }

    pub fn try_list(&self, headers: &[(&str, &str)]) -> Outcome<List> {
        let mark = self.mark();
        let id = self.send(headers)?;
        let ours = |message: &Message| message.text("ActionID") == id;
        let what = format!("the list of {headers:?}");
        self.wait_since(mark, DEADLINE, &what, |message| {
            ours(message) && (is_complete(message) || is_without_list(message))
        })?;
        let messages = self.messages_since(mark);
        let mut ours: Vec<Message> = messages.into_iter().filter(ours).collect();
        let response = ours.remove(0);
        let complete = match ours.last() {
            Some(last) if is_complete(last) => ours.pop(),
            _ => None,
        };
        Ok(List { response, entries: ours, complete })
    }

    /// Runs a console command and gives what it printed.
    #[track_caller]
    pub fn command(&self, command: &str) -> String {
        let response = self.action(&[("Action", "Command"), ("Command", command)]);
        response.all("Output").join("\n")
    }

    /// Sends an action and does not wait. Gives the ActionID it went with.
    pub fn send(&self, headers: &[(&str, &str)]) -> Outcome<String> {
        let given = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("ActionID"));
        let id = match given {
            Some((_, id)) => (*id).to_owned(),
            None => format!("t{}", self.next_id.fetch_add(1, Ordering::Relaxed)),
        };
        let mut text = String::new();
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if given.is_none() {
            text.push_str(&format!("ActionID: {id}\r\n"));
        }
        text.push_str("\r\n");
        self.send_raw(text.as_bytes())?;
        Ok(id)
    }

    /// Sends these very bytes.
    pub fn send_raw(&self, bytes: &[u8]) -> Outcome<()> {
        (&self.stream).write_all(bytes).map_err(|error| format!("AMI session: {error}"))
    }

    /// A point in the record: what has been heard so far lies before it.
    pub fn mark(&self) -> usize {
        self.heard.lock().messages.len()
    }

    /// Everything heard since a mark (0: since the session was opened).
    pub fn messages_since(&self, mark: usize) -> Vec<Message> {
        self.heard.lock().messages[mark..].to_vec()
    }

    /// Every event so called, in order, since a mark.
    pub fn events_since(&self, mark: usize, name: &str) -> Vec<Message> {
        let mut messages = self.messages_since(mark);
        messages.retain(|message| message.is_event(name));
        messages
    }

    /// Every byte heard.
    pub fn raw(&self) -> Vec<u8> {
        self.heard.lock().raw.clone()
    }

    /// Whether the other side has closed the session.
    pub fn is_closed(&self) -> bool {
        self.heard.lock().closed
    }

    /// Waits for a message of which this is true, also if it came long ago.
    #[track_caller]
    pub fn wait_for(
        &self,
        deadline: Duration,
        what: &str,
        is_it: impl Fn(&Message) -> bool,
    ) -> Message {
        must(self.wait_since(0, deadline, what, is_it))
    }

    /// Waits for an event so called with these header values.
    #[track_caller]
    pub fn wait_event(&self, deadline: Duration, name: &str, values: &[(&str, &str)]) -> Message {
        self.wait_for(deadline, &format!("event {name} with {values:?}"), |message| {
            message.is_event(name)
                && values.iter().all(|(header, value)| message.header(header) == Some(value))
        })
    }

    /// Waits for a message after a mark of which this is true.
    pub fn wait_since(
        &self,
        mark: usize,
        deadline: Duration,
        what: &str,
        is_it: impl Fn(&Message) -> bool,
    ) -> Outcome<Message> {
        let until = Instant::now() + deadline;
        let mut looked_at = mark;
        let mut record = self.heard.lock();
        loop {
            let fresh = &record.messages[looked_at..];
            if let Some(message) = fresh.iter().find(|message| is_it(message)) {
                return Ok(message.clone());
            }
            looked_at = record.messages.len();
            let now = Instant::now();
            if record.closed {
                return Err(format!("the AMI session ended while waiting for {what}"));
            }
            if now >= until {
                let last: Vec<&str> =
                    record.messages.iter().rev().take(8).filter_map(Message::event).collect();
                return Err(format!(
                    "waited {deadline:?} in vain for {what}; last events: {last:?}"
                ));
            }
            let woken = self.heard.more.wait_timeout(record, until - now);
            record = woken.unwrap_or_else(|poison| poison.into_inner()).0;
        }
    }
}

impl Drop for Ami {
    fn drop(&mut self) {
        // Ends the reading thread as well. It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn is_complete(message: &Message) -> bool {
    message.event().is_some() && message.text("EventList").eq_ignore_ascii_case("complete")
}

/// A response that no list follows: an error, or a plain success.
fn is_without_list(message: &Message) -> bool {
    message.is_response() && message.header("EventList").is_none()
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    fn listen(&self, mut stream: TcpStream) {
        let mut pending: Vec<u8> = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let mut is_greeted = false;
        loop {
            let count = match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            pending.extend_from_slice(&buffer[..count]);
            let mut record = self.lock();
            record.raw.extend_from_slice(&buffer[..count]);
            if !is_greeted {
                // The first line is the greeting, "Asterisk Call Manager/…".
                let Some(end) = pending.windows(2).position(|two| two == b"\r\n") else {
                    continue;
                };
                pending.drain(..end + 2);
                is_greeted = true;
            }
            while let Some(end) = message_end(&pending) {
                let bytes: Vec<u8> = pending.drain(..end).collect();
                if end > 2 {
                    record.messages.push(Message::parse(&bytes, self.start.elapsed()));
                }
            }
            drop(record);
            self.more.notify_all();
        }
        self.lock().closed = true;
        self.more.notify_all();
    }
}
