//! From a file into a dial list.

use super::rows::{BadRow, Rows};
use super::Format;
use crate::dialer::{Command, Imported, Refusal, Reply};
use crate::domain::{Change, DialListId, TargetPatch, Variables};
use crate::limits::{IMPORT_CHUNK, IMPORT_CHUNK_BYTES, IMPORT_ROWS_PER_REPORT};
use crate::surface::ami::{ask_again, Backend};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// What is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub list: DialListId,
    /// The file's name in the folder for imports.
    pub file: String,
    /// Without it, what the file's ending says.
    pub format: Option<Format>,
    /// Between the columns of a CSV file; without it, the likeliest.
    pub separator: Option<u8>,
    /// Whether everything is checked and nothing changed.
    pub dry_run: bool,
    /// Whether a row is taken although it stands in the list already.
    pub take_duplicates: bool,
}

/// What became of a row that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowResult {
    Refused,
    Duplicate,
}

impl RowResult {
    pub fn name(self) -> &'static str {
        match self {
            RowResult::Refused => "refused",
            RowResult::Duplicate => "duplicate",
        }
    }
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowReport {
    /// The line of the file on which it begins, from 1 on.
    pub line: u64,
    pub column: Option<String>,
    pub result: RowResult,
    pub reason: String,
}

/// How far an import is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub so_far: Imported,
    /// The last line that was taken care of.
    pub line: u64,
    /// Why it ended before the end of the file.
    pub fault: Option<String>,
}

/// What is told while an import goes on.
pub enum Told<'a> {
    /// The file can be read, and the list be filled: rows come now.
    Begun,
    /// A row was not taken.
    Row(&'a RowReport),
    /// So far it is.
    Progress(&'a ImportReport),
}

/// Imports a file; `tell` hears how it goes on. Rows that are refused or
/// duplicates do not keep the others from being taken. A chunk of rows is taken as a
/// whole or not at all, and is durable before the next one is read.
///
/// # Errors
///
/// Nothing was changed, because of this. What comes up later is in the report.
pub fn import(
    order: &Import,
    backend: &dyn Backend,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<ImportReport, Refusal> {
    let refused = |why: String| Refusal::of("File", why);
    let format = super::begin(order.format, &order.file, order.list, backend)?;
    let files = backend.files();
    let busy = || Refusal::of("DlmaUuid", "another import into this dlma is under way");
    let _only_one = files.begin_import(order.list).ok_or_else(busy)?;
    let file = files.open(&order.file).map_err(refused)?;
    let rows = Rows::open(file, format, order.separator).map_err(refused)?;
    let mut known = Known::default();
    if !order.take_duplicates {
        backend.read(&mut |reader| {
            known = Known::default();
            reader.target_keys(order.list, |key, number| known.add(key, number))
        })?;
    }
    tell(Told::Begun);
    let mut run = Run {
        order,
        backend,
        tell,
        known,
        chunk: Vec::with_capacity(IMPORT_CHUNK),
        chunk_bytes: 0,
        report: ImportReport {
            so_far: Imported { file: order.file.clone(), ..Imported::default() },
            ..ImportReport::default()
        },
        read: Imported::default(),
        line: 0,
    };
    run.report.fault = run.rows(rows).err();
    if !order.dry_run && run.report.so_far.rows > 0 {
        let imported = Box::new(run.report.so_far.clone());
        // The rows are in; whether the world hears of it at once changes nothing of that.
        let _ = ask_again(backend, &Command::EndImport(order.list, imported));
    }
    Ok(run.report)
}

struct Run<'a> {
    order: &'a Import,
    backend: &'a dyn Backend,
    tell: &'a mut dyn FnMut(Told<'_>),
    known: Known,
    /// Rows that were read and are not taken yet.
    chunk: Vec<TargetPatch>,
    chunk_bytes: usize,
    /// What is durable.
    report: ImportReport,
    /// Counts of rows that were read, with those of the chunk.
    read: Imported,
    line: u64,
}

impl Run<'_> {
    /// Takes all rows; or says why it ended before the last.
    fn rows(&mut self, mut rows: Rows) -> Result<(), String> {
        loop {
            let row = rows.next().map_err(|error| {
                format!("the file cannot be read behind line {}: {error}", self.line)
            });
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    self.take_chunk()?;
                    return Err(why);
                }
            };
            let Some((line, target)) = row else { return self.take_chunk() };
            self.line = line;
            self.read.rows += 1;
            match target {
                Ok(target) => self.target(target),
                Err(BadRow { column, reason }) => {
                    self.read.refused += 1;
                    self.not_taken(column, RowResult::Refused, reason);
                }
            }
            // Long stretches of bad rows make progress too.
            if self.chunk.len() >= IMPORT_CHUNK
                || self.chunk_bytes >= IMPORT_CHUNK_BYTES
                || self.read.rows.is_multiple_of(4 * IMPORT_CHUNK as u64)
            {
                self.take_chunk()?;
            }
        }
    }

    fn target(&mut self, target: TargetPatch) {
        if !self.order.take_duplicates {
            let key = target.user_key.value().map(String::as_str);
            let number = target.numbers.iter().find_map(Change::value).map(String::as_str);
            if let Some((column, value)) = self.known.find(key, number) {
                let reason = format!("{value} stands in the list already, or on a line before");
                self.read.duplicates += 1;
                self.not_taken(Some(column.to_owned()), RowResult::Duplicate, reason);
                return;
            }
            self.known.add(key, number);
        }
        self.read.accepted += 1;
        self.chunk_bytes += bytes_of(&target);
        self.chunk.push(target);
    }

    fn not_taken(&mut self, column: Option<String>, result: RowResult, reason: String) {
        let told = self.read.refused + self.read.duplicates;
        if told <= IMPORT_ROWS_PER_REPORT {
            (self.tell)(Told::Row(&RowReport { line: self.line, column, result, reason }));
        }
    }

    /// Has the dialer take the rows that were read so far.
    fn take_chunk(&mut self) -> Result<(), String> {
        let chunk = std::mem::take(&mut self.chunk);
        self.chunk_bytes = 0;
        if !chunk.is_empty() && !self.order.dry_run {
            match ask_again(self.backend, &Command::ImportTargets(self.order.list, chunk)) {
                Reply::Imported(_) => {}
                Reply::Refused(why) => {
                    return Err(format!("behind line {}: {why}", self.report.line));
                }
                _ => return Err(Refusal::misunderstood().to_string()),
            }
        }
        let file = std::mem::take(&mut self.report.so_far.file);
        self.report.so_far = Imported { file, ..self.read.clone() };
        self.report.line = self.line;
        (self.tell)(Told::Progress(&self.report));
        Ok(())
    }
}

/// The text of a target, nearly.
fn bytes_of(target: &TargetPatch) -> usize {
    let texts = [&target.name, &target.detail, &target.user_key, &target.user_data, &target.email];
    let texts = texts.into_iter().chain(&target.numbers).filter_map(Change::value);
    let variables = target.variables.value().into_iter().flat_map(Variables::iter);
    texts.map(String::len).sum::<usize>()
        + variables.map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

/// What stands in the list, by hashes of 128 bits: 16 bytes for each user key and
/// number. Two different ones are taken for the same once in 10^26 lists of a million.
#[derive(Default)]
struct Known {
    one: RandomState,
    other: RandomState,
    hashes: HashSet<(u64, u64)>,
}

impl Known {
    fn hash(&self, kind: char, text: &str) -> (u64, u64) {
        (self.one.hash_one((kind, text)), self.other.hash_one((kind, text)))
    }

    fn add(&mut self, key: Option<&str>, number: Option<&str>) {
        for (kind, text) in [('k', key), ('n', number)] {
            if let Some(text) = text {
                self.hashes.insert(self.hash(kind, text));
            }
        }
    }

    /// The column by which it is known: the user's own key, or without one the number.
    fn find<'a>(
        &self,
        key: Option<&'a str>,
        number: Option<&'a str>,
    ) -> Option<(&'static str, &'a str)> {
        let (kind, column, text) = match (key, number) {
            (Some(key), _) => ('k', "UKey", key),
            (None, number) => ('n', "Number1", number?),
        };
        self.hashes.contains(&self.hash(kind, text)).then_some((column, text))
    }
}
