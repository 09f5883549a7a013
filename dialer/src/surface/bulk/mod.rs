//! Whole dial lists from files and into files: CSV and JSON lines.
//!
//! [`import`] and [`export`] are what the manager actions and the console share.
//! Which files there are is the [`Files`]' to know; rows are read and written one
//! by one, so a long list takes no more memory than a short one, but for the hashes
//! by which duplicates are known.

mod columns;
mod export;
mod import;
mod rows;

pub use export::{export, Export};
pub use import::{import, Import, ImportReport, RowReport, RowResult, Told};

use super::ami::Backend;
use crate::dialer::Refusal;
use crate::domain::DialListId;
use std::io::{self, Read, Write};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header row (RFC 4180).
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// Words for it, on the wire and on the console.
    pub const WORDS: [(&'static str, Format); 2] =
        [("csv", Format::Csv), ("jsonl", Format::JsonLines)];

    /// What a file's ending says.
    pub fn of_name(name: &str) -> Option<Format> {
        let (_, ending) = name.rsplit_once('.')?;
        let known = Self::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(ending));
        known.map(|(_, format)| *format)
    }
}

/// What every order begins with: its format is known, and its list is there.
fn begin(
    format: Option<Format>,
    file: &str,
    list: DialListId,
    backend: &dyn Backend,
) -> Result<Format, Refusal> {
    let format = format.or_else(|| Format::of_name(file)).ok_or_else(|| {
        let reason = "is required, because the file's name does not end in .csv or .jsonl";
        Refusal::of("Format", reason)
    })?;
    let mut found = None;
    backend.read(&mut |reader| {
        found = reader.list(list)?;
        Ok(())
    })?;
    found.map(|_| format).ok_or_else(|| Refusal::of("DlmaUuid", "no such dlma"))
}

/// The files that may be read and written.
pub trait Files {
    /// A file to read, or why it cannot be read.
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String>;

    /// A new file, or why it cannot be made.
    fn create(&self, name: &str, overwrite: bool) -> Result<Box<dyn NewFile>, String>;

    /// Keeps other imports away from a list as long as it lives; `None`: there is one.
    fn begin_import(&self, list: DialListId) -> Option<Box<dyn Send>>;
}

/// A file under way. Dropped before its end, it leaves nothing behind.
pub trait NewFile: Write {
    /// Makes it safe, and visible under its name.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
