//! AMI Originate, from one client that keeps so many calls under way and starts
//! another as soon as one is over.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use crate::harness::listener::login;
use crate::harness::{Asterisk, Outcome};
use crate::lab::{CONTEXT, EXTEN};
use crate::run::Plan;

/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(20);
const BUFFER_BYTES: usize = 1 << 20;
/// The client asks for no other events than it needs.
const FILTERS: [&str; 2] = ["Event: OriginateResponse", "Event: Hangup[^R]"];

/// What a call still waits for.
#[derive(Debug, Default)]
struct Open {
    answered: bool,
    over: bool,
}

/// The message that is being read.
#[derive(Debug, Default)]
struct Lines {
    event: String,
    /// `ActionID` of an answer, `Uniqueid` of a hangup.
    call: String,
    is_refused: bool,
    is_success: bool,
}

pub fn dial(asterisk: &Asterisk, plan: &Plan) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("AMI Originate: {error}");
    let mut writer = login(asterisk.ports.ami, &asterisk.ami_secret)?;
    writer.set_read_timeout(Some(SILENCE)).map_err(failed)?;
    let filters = FILTERS
        .map(|filter| format!("Action: Filter\r\nOperation: Add\r\nFilter: {filter}\r\n\r\n"));
    writer.write_all(filters.concat().as_bytes()).map_err(failed)?;
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, writer.try_clone().map_err(failed)?);
    let (mut begun, mut over) = (0, 0);
    let mut open: HashMap<String, Open> = HashMap::new();
    let mut orders = String::new();
    let mut line = Vec::new();
    let mut lines = Lines::default();
    loop {
        // Written when all that has come was read, so several at once.
        if reader.buffer().is_empty() {
            while open.len() < plan.window && begun < plan.calls {
                // As long as any other: Asterisk refuses an id with which another begins.
                let id = format!("bench-{begun:08}");
                orders.push_str(&order(plan, &id));
                open.insert(id, Open::default());
                begun += 1;
            }
            writer.write_all(orders.as_bytes()).map_err(failed)?;
            orders.clear();
        }
        if over == plan.calls {
            return Ok(());
        }
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Err("AMI Originate: the session ended".to_owned());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            lines.take(text);
            continue;
        }
        over += usize::from(lines.apply(&mut open)?);
        lines = Lines::default();
    }
}

fn order(plan: &Plan, id: &str) -> String {
    let channel = plan.tech.channel("700000000");
    format!(
        "Action: Originate\r\nActionID: {id}\r\nChannel: {channel}\r\nChannelId: {id}\r\n\
         Exten: {EXTEN}\r\nContext: {CONTEXT}\r\nPriority: 1\r\nAsync: true\r\n\r\n"
    )
}

impl Lines {
    fn take(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(": ") else { return };
        match name {
            "Event" => self.event = value.to_owned(),
            "ActionID" | "Uniqueid" if self.call.is_empty() => self.call = value.to_owned(),
            "Response" => {
                self.is_refused = value == "Error";
                self.is_success = value == "Success";
            }
            _ => {}
        }
    }

    /// Notes what it says; true if a call is over with it.
    fn apply(&self, open: &mut HashMap<String, Open>) -> Outcome<bool> {
        if self.event.is_empty() && self.is_refused {
            return Err(format!("AMI Originate: {} was refused", self.call));
        }
        let Some(call) = open.get_mut(&self.call) else { return Ok(false) };
        match self.event.as_str() {
            "OriginateResponse" if self.is_success => call.answered = true,
            "OriginateResponse" => return Err(format!("{} was not answered", self.call)),
            "Hangup" => call.over = true,
            _ => return Ok(false),
        }
        let is_done = call.answered && call.over;
        if is_done {
            open.remove(&self.call);
        }
        Ok(is_done)
    }
}
