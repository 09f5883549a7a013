//! Campaigns of thousands of calls: targets from a file, and checks that do not
//! keep what they have looked at.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::campaign::{create, Headers};
use super::result_file::each_result;
use super::{try_poll_until, Ami, Asterisk, Campaign, Listener, Outcome};

/// How long an import, or all calls of a campaign, may take.
const DEADLINE: Duration = Duration::from_secs(180);
/// How long a campaign and its events may take when its calls are over.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// Where the targets of a campaign are imported from.
const FILE: &str = "people.csv";
/// `ResDial` of a call that was answered.
const ANSWERED: i64 = 4;

/// A campaign with its list of many targets.
#[derive(Debug)]
pub struct Load {
    pub campaign: Campaign,
    pub targets: usize,
}

/// Writes a file of targets to be imported. All numbers are different and begin with 7.
pub fn write_targets(asterisk: &Asterisk, name: &str, count: usize) -> Outcome<()> {
    let mut rows = String::from("Name,UKey,Number1,GROUP\n");
    for n in 0..count {
        rows.push_str(&format!("Person {n},k{n},7{n:08},{}\n", n % 97));
    }
    let folder = asterisk.bulk_folder();
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join(name), rows).map_err(failed)
}

/// Imports a file of so many rows; all of them must be taken.
pub fn import(ami: &Ami, list: &str, file: &str, rows: usize) -> Outcome<()> {
    let mark = ami.mark();
    let id = ami.send(&[("Action", "OutDlListImport"), ("DlmaUuid", list), ("File", file)])?;
    let came = ami.wait_since(mark, DEADLINE, "the end of the import", |message| {
        let is_end = message.is_event("OutDlListImportComplete");
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

impl Load {
    /// Makes a campaign and imports its targets.
    pub fn make(
        asterisk: &Asterisk,
        plan: Headers,
        destination: Headers,
        targets: usize,
    ) -> Outcome<Load> {
        let ami = asterisk.try_ami()?;
        let campaign = Campaign::create(&ami, "load", plan, destination, &[])?;
        write_targets(asterisk, FILE, targets)?;
        import(&ami, &campaign.list, FILE, targets)?;
        Ok(Load { campaign, targets })
    }

    /// Starts it and waits for its last result line, counted from where `lines`
    /// is. No manager client is there meanwhile but those that the caller has.
    pub fn dial(&self, asterisk: &Asterisk, lines: &mut LineCount) -> Outcome<()> {
        let before = lines.look()?;
        self.campaign.set_status(&asterisk.try_ami()?, 1)?;
        lines.wait(before + self.targets)
    }

    /// Waits until the campaign has come to a status.
    pub fn wait_status(&self, asterisk: &Asterisk, status: i64) -> Outcome<()> {
        let ami = asterisk.try_ami()?;
        try_poll_until(LAST_WORDS, &format!("status {status} of the campaign"), || {
            let headers = [("Action", "OutCampaignShow"), ("Uuid", self.campaign.uuid.as_str())];
            let shown = ami.try_list(&headers).ok()?;
            (shown.entries.first()?.number("Status") == Some(status)).then_some(())
        })
    }

    /// Each target has exactly one result line, which says that it answered.
    pub fn check(&self, results: &Results) -> Outcome<()> {
        let Results { lines, answered, dialings, targets } = results;
        let counts = [*lines, *answered, dialings.len(), targets.len()];
        match counts == [self.targets; 4] {
            true => Ok(()),
            false => Err(format!(
                "{} targets, but lines, answers, dialings and targets in the result file are \
                 {counts:?}",
                self.targets
            )),
        }
    }
}

/// What the result file says of a campaign.
#[derive(Debug, Default)]
pub struct Results {
    pub lines: usize,
    pub answered: usize,
    pub dialings: HashSet<String>,
    pub targets: HashSet<String>,
}

impl Results {
    pub fn of(asterisk: &Asterisk, load: &Load) -> Outcome<Results> {
        let campaign = &load.campaign.uuid;
        Ok(Results::by_campaign(asterisk)?.remove(campaign).unwrap_or_default())
    }

    /// All of them, from one look at the file.
    pub fn by_campaign(asterisk: &Asterisk) -> Outcome<HashMap<String, Results>> {
        let mut all: HashMap<String, Results> = HashMap::new();
        each_result(&asterisk.result_file(), |line| {
            let results = all.entry(line.text("camp_uuid").to_owned()).or_default();
            results.lines += 1;
            results.answered += usize::from(line.number("res_dial") == Some(ANSWERED));
            results.dialings.insert(line.text("dialing_uuid").to_owned());
            results.targets.insert(line.text("dl_list_uuid").to_owned());
        })?;
        Ok(all)
    }
}

/// A listener has heard each dialing's events, in order and none twice; so many
/// dialings there were in all.
pub fn check_events(listener: &Listener, dialings: usize) -> Outcome<()> {
    listener.wait_deleted(dialings as u64, LAST_WORDS)?;
    listener.heard().all_in_order(dialings as u64)
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
