//! Transcripts of the manager interface: what is sent, and all that comes back.
//!
//! A line that begins with `> ` is sent; an empty line ends the action. Everything
//! up to the next one is what must come back, message by message. `{u1}`,
//! `{u2}`, … stand for uuids in the order in which they appear, `{time}` for a
//! point in time. `#` begins a remark.
//!
//! The same files run against the dialer alone and against a real Asterisk. With
//! `TRANSCRIPT_REWRITE=1` what comes back is written into the file, to be read
//! before it is kept.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Somebody who answers actions.
pub trait Peer {
    /// Sends one action and returns what comes back, `messages` of them if it is
    /// known how many there must be.
    fn exchange(&mut self, action: &str, messages: Option<usize>) -> String;
}

/// One action and what must come back.
#[derive(Debug, Default, Clone)]
struct Exchange {
    remarks: Vec<String>,
    action: Vec<String>,
    answer: String,
}

/// Runs a file against a peer; the error shows the first difference.
pub fn run(file: &Path, peer: &mut dyn Peer) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let rewrite = std::env::var_os("TRANSCRIPT_REWRITE").is_some();
    let mut names = Names::default();
    let mut rewritten = String::new();
    for exchange in parse(&text) {
        let mut action = String::new();
        for line in &exchange.action {
            let _ = write!(action, "{}\r\n", names.put_in(line));
        }
        action.push_str("\r\n");
        let wanted = exchange.answer.split("\n\n").filter(|message| !message.is_empty()).count();
        let answer = peer.exchange(&action, (!rewrite).then_some(wanted));
        let answer = names.take_out(&answer.replace("\r\n", "\n"));
        if !rewrite && answer.trim_end() != exchange.answer.trim_end() {
            return Err(difference(file, &exchange, answer.trim_end()));
        }
        write_exchange(&mut rewritten, &exchange, answer.trim_end());
    }
    if rewrite {
        fs::write(file, rewritten).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn parse(text: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut next = Exchange::default();
    let mut answering = false;
    for line in text.lines() {
        if line.starts_with('#') || line.starts_with("> ") {
            if answering {
                exchanges.push(std::mem::take(&mut next));
                answering = false;
            }
            match line.strip_prefix("> ") {
                Some(sent) => next.action.push(sent.to_owned()),
                None => next.remarks.push(line.to_owned()),
            }
        } else if answering || !line.is_empty() {
            answering = true;
            next.answer.push_str(line);
            next.answer.push('\n');
        } else if !next.action.is_empty() {
            answering = true;
        }
    }
    exchanges.push(next);
    exchanges.retain(|exchange| !exchange.action.is_empty());
    exchanges
}

fn write_exchange(out: &mut String, exchange: &Exchange, answer: &str) {
    for remark in &exchange.remarks {
        let _ = writeln!(out, "{remark}");
    }
    for line in &exchange.action {
        let _ = writeln!(out, "> {line}");
    }
    let _ = write!(out, "\n{answer}\n\n");
}

fn difference(file: &Path, exchange: &Exchange, answer: &str) -> String {
    let wanted: Vec<_> = exchange.answer.trim_end().lines().collect();
    let came: Vec<_> = answer.lines().collect();
    let at = wanted.iter().zip(&came).take_while(|(wanted, came)| wanted == came).count();
    format!(
        "{}: {}\n  wanted: {}\n  came:   {}\nall that came:\n{answer}",
        file.display(),
        exchange.action.join(" | "),
        wanted.get(at).unwrap_or(&"(nothing more)"),
        came.get(at).unwrap_or(&"(nothing more)"),
    )
}

/// Uuids by the order in which they appear.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn put_in(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (at, uuid) in self.0.iter().enumerate() {
            line = line.replace(&format!("{{u{}}}", at + 1), uuid);
        }
        line
    }

    fn take_out(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = if let Some(uuid) = uuid_at(rest) {
                let _ = write!(out, "{{u{}}}", self.number(uuid));
                uuid.len()
            } else if let Some(time) = time_at(rest) {
                out.push_str("{time}");
                time.len()
            } else {
                out.push(c);
                c.len_utf8()
            };
            rest = &rest[length..];
        }
        out
    }

    fn number(&mut self, uuid: &str) -> usize {
        let uuid = uuid.replace('_', "-");
        if let Some(at) = self.0.iter().position(|known| *known == uuid) {
            return at + 1;
        }
        self.0.push(uuid);
        self.0.len()
    }
}

/// A uuid, with hyphens or (as a table's name) with underscores.
fn uuid_at(text: &str) -> Option<&str> {
    shaped(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
        .or_else(|| shaped(text, "xxxxxxxx_xxxx_xxxx_xxxx_xxxxxxxxxxxx"))
}

fn time_at(text: &str) -> Option<&str> {
    shaped(text, "dddd-dd-ddTdd:dd:dd.dddddddddZ")
}

/// The start of the text if it has this shape: `x` a hexadecimal digit, `d` a digit.
fn shaped<'t>(text: &'t str, shape: &str) -> Option<&'t str> {
    let start = text.get(..shape.len())?;
    let fits = start.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
        b'x' => byte.is_ascii_hexdigit(),
        b'd' => byte.is_ascii_digit(),
        exact => byte == exact,
    });
    fits.then_some(start)
}
