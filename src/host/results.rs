//! The result file: one JSON object a line, each dialing once.
//!
//! The store keeps what a line is made of until it is known to be safe in the file.
//! After a crash it may keep that of lines that the file already has; those are
//! found at the file's end and not written again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dialer::dialer::ResultLine;
use dialer::domain::DialingId;

use crate::ast::log;

/// How long lines may wait to be made safe (fsync) together.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How long to wait before a file that cannot be written is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Lines that may be in the file without being known as safe. Bounds what has
/// to be looked for after a crash.
const UNSAFE_LINES: usize = 2_000;

/// The result file.
pub struct ResultFile {
    path: PathBuf,
    file: Option<File>,
    /// Lines that wait for a file that can be written.
    waiting: Vec<ResultLine>,
    /// Lines of before, which the file may have already.
    unchecked: Vec<ResultLine>,
    /// Written, but not made safe yet.
    written: Vec<DialingId>,
    synced_at: Instant,
    retry_at: Instant,
    failing: bool,
}

impl ResultFile {
    /// `undelivered` is what the store does not know as safe.
    pub fn new(path: PathBuf, undelivered: Vec<ResultLine>) -> ResultFile {
        let now = Instant::now();
        let mut file = ResultFile {
            path,
            file: None,
            waiting: Vec::new(),
            unchecked: Vec::new(),
            written: Vec::new(),
            synced_at: now,
            retry_at: now,
            failing: false,
        };
        file.take_up(undelivered, &[]);
        file
    }

    /// Lines that are not known as safe: those that the file has already are only made
    /// safe, and those that are `delivered`, or in hand, are left alone.
    pub fn take_up(&mut self, mut undelivered: Vec<ResultLine>, delivered: &[DialingId]) {
        let waiting = self.waiting.iter().chain(&self.unchecked).map(|line| line.dialing);
        let in_hand: HashSet<DialingId> =
            waiting.chain(self.written.iter().copied()).chain(delivered.iter().copied()).collect();
        undelivered.retain(|line| !in_hand.contains(&line.dialing));
        if undelivered.is_empty() {
            return;
        }
        self.unchecked.extend(undelivered);
        if let Err(error) = self.check() {
            self.failed(&error, Instant::now());
        }
    }

    /// Parts lines of before into those that the file has and those that it still needs.
    fn check(&mut self) -> io::Result<()> {
        let known = match self.known(&self.unchecked) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashSet::new(),
            known => known?,
        };
        for line in self.unchecked.drain(..) {
            if known.contains(&line.dialing) {
                self.written.push(line.dialing);
            } else {
                self.waiting.push(line);
            }
        }
        Ok(())
    }

    /// Which of the dialings have a line at the end of the file.
    fn known(&self, lines: &[ResultLine]) -> io::Result<HashSet<DialingId>> {
        let mut file = File::open(&self.path)?;
        let size: u64 = lines.iter().map(|line| line.json.len() as u64 + 1).sum();
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(size * 2 + 65_536)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        // What a crash left of a last line has no end, and does not count.
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let told: HashSet<&[u8]> =
            tail[..whole].split(|byte| *byte == b'\n').filter_map(dialing).collect();
        let is_told =
            |line: &&ResultLine| dialing(line.json.as_bytes()).is_some_and(|it| told.contains(it));
        Ok(lines.iter().filter(is_told).map(|line| line.dialing).collect())
    }

    /// Where results go from now on.
    pub fn set_path(&mut self, path: PathBuf) {
        self.path = path;
    }

    /// Makes what is written safe and lets go of the file, so that one that was
    /// moved away (logrotate) is made anew. Returns the dialings whose lines are
    /// safe now.
    pub fn close(&mut self) -> Vec<DialingId> {
        let synced = self.sync();
        self.file = None;
        self.retry_at = Instant::now();
        if synced {
            std::mem::take(&mut self.written)
        } else {
            Vec::new()
        }
    }

    /// Takes more lines, writes what can be written, and returns the dialings
    /// whose lines are safe now.
    pub fn write(&mut self, lines: Vec<ResultLine>, now: Instant) -> Vec<DialingId> {
        self.waiting.extend(lines);
        if self.waiting() > 0 && now >= self.retry_at {
            match self.append() {
                Ok(()) => self.recovered(),
                Err(error) => self.failed(&error, now),
            }
        }
        let due = now.duration_since(self.synced_at) >= SYNC_EVERY;
        if self.written.is_empty() || !(due || self.written.len() >= UNSAFE_LINES) {
            return Vec::new();
        }
        self.synced_at = now;
        if self.sync() {
            std::mem::take(&mut self.written)
        } else {
            Vec::new()
        }
    }

    /// When [`Self::write`] has something to do even without new lines.
    pub fn wake_at(&self) -> Option<Instant> {
        if self.waiting() > 0 {
            Some(self.retry_at)
        } else if !self.written.is_empty() {
            Some(self.synced_at + SYNC_EVERY)
        } else {
            None
        }
    }

    /// Lines that wait, because the file cannot be written.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.unchecked.len()
    }

    fn append(&mut self) -> io::Result<()> {
        if !self.unchecked.is_empty() {
            self.check()?;
        }
        if self.file.is_none() {
            self.file = Some(self.open()?);
        }
        let Some(file) = self.file.as_mut() else { return Ok(()) };
        let mut text = Vec::new();
        for line in &self.waiting {
            text.extend_from_slice(line.json.as_bytes());
            text.push(b'\n');
        }
        let before = file.seek(SeekFrom::End(0))?;
        if let Err(error) = file.write_all(&text) {
            // Half a line would spoil the next one.
            file.set_len(before)?;
            return Err(error);
        }
        self.written.extend(self.waiting.drain(..).map(|line| line.dialing));
        Ok(())
    }

    /// Opens the file for appending, without what a crash left of a last line.
    fn open(&self) -> io::Result<File> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&self.path)?;
        let length = file.metadata()?.len();
        let start = length.saturating_sub(1_048_576);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < tail.len() && (whole > 0 || start == 0) {
            file.set_len(start + whole as u64)?;
        }
        Ok(file)
    }

    fn sync(&mut self) -> bool {
        let Some(file) = &self.file else {
            // Found in the file after a crash; make it safe by the same way.
            let synced = File::open(&self.path).and_then(|file| file.sync_data());
            return synced.is_ok();
        };
        file.sync_data().is_ok()
    }

    fn failed(&mut self, error: &io::Error, now: Instant) {
        if !self.failing {
            let path = self.path.display();
            log::error!("Result file {path}: {error}. Results are kept and written later");
        }
        self.failing = true;
        self.file = None;
        self.retry_at = now + RETRY_AFTER;
    }

    fn recovered(&mut self) {
        if self.failing {
            log::warning!("Result file {}: written again", self.path.display());
        }
        self.failing = false;
    }
}

/// Whose line it is: its first member. A line without its end is nobody's.
fn dialing(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().position(|byte| *byte == b',')?;
    line.ends_with(b"}").then(|| &line[..end])
}
