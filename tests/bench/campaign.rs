//! A real campaign, everything on: the durable store, the result file, events.

use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::time::Duration;

use crate::harness::campaign::{create, Headers};
use crate::harness::{try_poll_until, Ami, Asterisk, Campaign, Listener, Outcome};
use crate::lab::{admin, write_targets, Tech, CONTEXT, EXTEN};

const DEADLINE: Duration = Duration::from_secs(180);
/// How long the events of calls that are over may take.
const EVENTS_DEADLINE: Duration = Duration::from_secs(60);

/// A destination that is over at once.
pub const HANGS_UP: Headers = &[("Exten", EXTEN), ("Context", CONTEXT)];

/// A campaign whose list is full and that has not started.
#[derive(Debug)]
pub struct Prepared {
    pub campaign: Campaign,
    pub targets: usize,
}

/// Calls that answer and hang up at once.
pub fn prepare(asterisk: &Asterisk, tech: Tech, targets: usize) -> Outcome<Prepared> {
    let technology = format!("{}/", tech.name());
    let plan = [("TechName", technology.as_str()), ("TrunkName", tech.trunk())];
    make(asterisk, &plan, HANGS_UP, targets)
}

/// Makes a campaign and imports its targets.
pub fn make(
    asterisk: &Asterisk,
    plan: Headers,
    destination: Headers,
    targets: usize,
) -> Outcome<Prepared> {
    let ami = admin(asterisk)?;
    let campaign = Campaign::create(&ami, "bench", plan, destination, &[])?;
    write_targets(asterisk, "people.csv", targets)?;
    import(&ami, &campaign.list, "people.csv", targets)?;
    Ok(Prepared { campaign, targets })
}

/// Imports a file of so many rows; all of them must be taken.
pub fn import(ami: &Ami, list: &str, file: &str, rows: usize) -> Outcome<()> {
    let headers = [("Action", "OutDlListImport"), ("DlmaUuid", list), ("File", file)];
    let id = ami.send(&headers)?;
    let mark = ami.mark();
    let came = ami.wait_since(mark, DEADLINE, "the end of the import", |message| {
        let is_end = message.event().is_some_and(|_| message.header("Accepted").is_some());
        message.text("ActionID") == id && (is_end || message.text("Response") == "Error")
    })?;
    match came.number("Accepted") {
        Some(accepted) if accepted == rows as i64 => Ok(()),
        _ => Err(format!("the import of {rows} rows went wrong:\n{came}")),
    }
}

/// An empty list.
pub fn new_list(ami: &Ami) -> Outcome<String> {
    create(ami, "OutDlmaCreate", &[])
}

impl Prepared {
    /// Starts it and waits for the last result line. No manager client is there
    /// meanwhile but those that the caller has.
    pub fn dial(&self, asterisk: &Asterisk) -> Outcome<()> {
        let mut lines = LineCount::of(asterisk.result_file());
        self.campaign.set_status(&admin(asterisk)?, 1)?;
        lines.wait(self.targets)
    }

    /// Exactly one result line a target, all answered, and the campaign is over.
    pub fn check(&self, asterisk: &Asterisk) -> Outcome<()> {
        let ami = admin(asterisk)?;
        try_poll_until(Duration::from_secs(10), "the campaign to end", || {
            let shown =
                ami.try_list(&[("Action", "OutCampaignShow"), ("Uuid", &self.campaign.uuid)]);
            let ended = shown.ok()?.entries.first()?.text("Status") == "0";
            ended.then_some(())
        })?;
        let lines = crate::harness::result_file::read_results(&asterisk.result_file())?;
        let of = |key: &str| lines.iter().map(|line| line.text(key)).collect::<HashSet<_>>().len();
        let answered = lines.iter().filter(|line| line.number("res_dial") == Some(4)).count();
        let counts = [lines.len(), of("dialing_uuid"), of("dl_list_uuid"), answered];
        match counts == [self.targets; 4] {
            true => Ok(()),
            false => Err(format!(
                "{} targets, but lines, dialings, targets and answers in the result file are \
                 {counts:?}",
                self.targets
            )),
        }
    }

    /// Each dialing's events came, in order and nothing twice.
    pub fn check_events(&self, listener: &Listener) -> Outcome<()> {
        listener.wait_deleted(self.targets as u64, EVENTS_DEADLINE)?;
        listener.heard().all_in_order(self.targets as u64)
    }
}

/// Counts the lines of a file that grows, without reading any of them twice.
#[derive(Debug)]
pub struct LineCount {
    path: PathBuf,
    file: Option<File>,
    count: usize,
    buffer: Vec<u8>,
}

impl LineCount {
    pub fn of(path: PathBuf) -> LineCount {
        LineCount { path, file: None, count: 0, buffer: vec![0; 1 << 20] }
    }

    /// Waits until there are so many lines in all.
    pub fn wait(&mut self, lines: usize) -> Outcome<()> {
        let what = format!("{lines} result lines");
        let counted = try_poll_until(DEADLINE, &what, || match self.look() {
            Ok(count) if count < lines => None,
            Ok(_) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        });
        counted.and_then(|inner| inner).map_err(|why| format!("{why} ({} came)", self.count))
    }

    /// How many lines there are now.
    pub fn look(&mut self) -> Outcome<usize> {
        let failed = |error: std::io::Error| error.to_string();
        if self.file.is_none() {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(failed(error)),
            };
        }
        while let Some(file) = &mut self.file {
            let count = file.read(&mut self.buffer).map_err(failed)?;
            if count == 0 {
                break;
            }
            self.count += self.buffer[..count].iter().filter(|byte| **byte == b'\n').count();
        }
        Ok(self.count)
    }
}
