//! Rows of a file, one by one: each a new target, or what is wrong with it.

use super::columns::{self, Column};
use super::Format;
use crate::domain::TargetPatch;
use crate::surface::ami::{target_patch, Fields};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// Longest row, in bytes. A quote that is not closed would take all the rest in.
const ROW_BYTES: u64 = 1 << 20;

/// What is read at once.
const BUFFER_BYTES: usize = 1 << 16;

/// A row that is no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    pub column: Option<String>,
    pub reason: String,
}

/// A row, and the line of the file on which it begins.
pub type Row = (u64, Result<TargetPatch, BadRow>);

/// The rows of a file.
pub enum Rows {
    Csv(Box<CsvRows>),
    JsonLines(JsonRows),
}

impl Rows {
    /// Reads the header row, if the format has one; or says what is wrong with it.
    pub fn open(
        file: Box<dyn Read>,
        format: Format,
        separator: Option<u8>,
    ) -> Result<Rows, String> {
        let budget = Rc::new(Cell::new(ROW_BYTES));
        let bounded = Bounded {
            file,
            budget: budget.clone(),
            raw: vec![0; BUFFER_BYTES],
            return_waits: false,
            last: b'\n',
        };
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, bounded);
        skip_byte_order_mark(&mut reader).map_err(|error| error.to_string())?;
        match format {
            Format::Csv => Ok(Rows::Csv(Box::new(CsvRows::open(reader, separator, budget)?))),
            Format::JsonLines => Ok(Rows::JsonLines(JsonRows { reader, budget, line: 0 })),
        }
    }

    /// The next row; `None` at the end. An error ends it.
    pub fn next(&mut self) -> io::Result<Option<Row>> {
        match self {
            Rows::Csv(rows) => rows.next(),
            Rows::JsonLines(rows) => rows.next(),
        }
    }
}

type Reader = BufReader<Bounded>;

/// Gives an error when a row is longer than it may be. Every line ends with a plain
/// newline, also the last: so lines can be counted.
pub struct Bounded {
    file: Box<dyn Read>,
    /// Bytes that may be read until the next row.
    budget: Rc<Cell<u64>>,
    raw: Vec<u8>,
    /// Whether the last byte of the file so far is a carriage return.
    return_waits: bool,
    last: u8,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.budget.get() == 0 {
            let reason =
                format!("a row is longer than {ROW_BYTES} bytes (a quote that is not closed?)");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        // A carriage return that waited may come out beside all the others.
        let most = self.raw.len().min(into.len().saturating_sub(1));
        loop {
            let count = self.file.read(&mut self.raw[..most])?;
            self.budget.set(self.budget.get().saturating_sub(count as u64));
            let mut out = 0;
            let mut put = |byte| {
                into[out] = byte;
                out += 1;
            };
            for &byte in &self.raw[..count] {
                if std::mem::take(&mut self.return_waits) && byte != b'\n' {
                    put(b'\r');
                }
                match byte {
                    b'\r' => self.return_waits = true,
                    _ => put(byte),
                }
            }
            if count == 0 {
                if std::mem::take(&mut self.return_waits) {
                    put(b'\r');
                } else if self.last != b'\n' {
                    put(b'\n');
                }
            }
            if out > 0 || count == 0 {
                self.last = into[..out].last().copied().unwrap_or(self.last);
                return Ok(out);
            }
        }
    }
}

fn skip_byte_order_mark(reader: &mut Reader) -> io::Result<()> {
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(())
}

/// Rows of comma-separated values.
pub struct CsvRows {
    reader: csv::Reader<Reader>,
    record: csv::ByteRecord,
    columns: Vec<Column>,
    budget: Rc<Cell<u64>>,
    /// Lines before the header row.
    lines_before: u64,
}

impl CsvRows {
    fn open(
        mut reader: Reader,
        separator: Option<u8>,
        budget: Rc<Cell<u64>>,
    ) -> Result<CsvRows, String> {
        let buffer = reader.fill_buf().map_err(|error| error.to_string())?;
        // A line by which spreadsheets name the separator.
        let named = match buffer {
            [b's', b'e', b'p', b'=', separator, b'\n', ..] => Some(*separator),
            _ => None,
        };
        let separator = separator.or(named).unwrap_or_else(|| likely_separator(buffer));
        let lines_before = if named.is_some() {
            reader.consume(b"sep=;\n".len());
            1
        } else {
            0
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .terminator(csv::Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .from_reader(reader);
        let mut record = csv::ByteRecord::new();
        let is_there = reader.read_byte_record(&mut record).map_err(|error| error.to_string())?;
        if !is_there {
            return Err("the file is empty; its first row has to name the columns".to_owned());
        }
        let names: Result<Vec<_>, _> = record.iter().map(std::str::from_utf8).collect();
        let names = names.map_err(|_| "the header row is not valid UTF-8".to_owned())?;
        let columns = columns::of_header(names.iter().copied())?;
        Ok(CsvRows { reader, record, columns, budget, lines_before })
    }

    fn next(&mut self) -> io::Result<Option<Row>> {
        self.budget.set(ROW_BYTES);
        if !self.reader.read_byte_record(&mut self.record)? {
            return Ok(None);
        }
        // Empty lines are passed over, so it is the end that is known: the line behind.
        let newlines = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count();
        let behind = self.reader.position().line() + self.lines_before;
        Ok(Some((behind.saturating_sub(newlines as u64 + 1), self.target())))
    }

    fn target(&self) -> Result<TargetPatch, BadRow> {
        let (cells, columns) = (self.record.len(), self.columns.len());
        if cells != columns {
            let mut reason = format!("has {cells} columns; the header row has {columns}");
            if self.record.as_slice().contains(&b'\n') {
                reason += ". It has line breaks: is a quote not closed?";
            }
            return Err(BadRow { column: None, reason });
        }
        let mut row = RowFields::default();
        for (column, cell) in self.columns.iter().zip(&self.record) {
            match column {
                Column::Field(name) => row.field(name, cell),
                Column::Variable(name) if !cell.is_empty() => row.variable(name, cell),
                Column::Nameless if !cell.is_empty() => {
                    let reason = "has a value in a column without a name".to_owned();
                    return Err(BadRow { column: None, reason });
                }
                Column::Variable(_) | Column::Nameless | Column::Result => {}
            }
        }
        row.target()
    }
}

/// Which separator stands most often in the header row.
fn likely_separator(buffer: &[u8]) -> u8 {
    let header = buffer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: &u8| header.iter().filter(|byte| *byte == separator).count();
    // The comma is the last of those that stand equally often.
    *[b'\t', b';', b','].iter().max_by_key(|separator| count(separator)).unwrap_or(&b',')
}

/// Rows of JSON objects.
pub struct JsonRows {
    reader: Reader,
    budget: Rc<Cell<u64>>,
    line: u64,
}

impl JsonRows {
    fn next(&mut self) -> io::Result<Option<Row>> {
        let mut text = Vec::new();
        loop {
            self.budget.set(ROW_BYTES);
            text.clear();
            if self.reader.read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !text.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some((self.line, object(&text))));
            }
        }
    }
}

fn object(text: &[u8]) -> Result<TargetPatch, BadRow> {
    let bad = |reason: String| BadRow { column: None, reason };
    let value: Value = serde_json::from_slice(text)
        .map_err(|error| bad(format!("is no JSON: {}", columns::shortened(&error.to_string()))))?;
    let Value::Object(members) = value else { return Err(bad("is no JSON object".to_owned())) };
    let mut row = RowFields::default();
    let mut seen: Vec<&'static str> = Vec::new();
    for (name, value) in &members {
        let at = |reason: String| BadRow { column: Some(columns::shortened(name)), reason };
        if let (true, Value::Object(variables)) = (name.eq_ignore_ascii_case("variables"), value) {
            for (name, value) in variables {
                if let Some(text) = plain_text(value).map_err(at)? {
                    row.variable(name, text.as_bytes());
                }
            }
            continue;
        }
        match Column::of_name(name).map_err(at)? {
            Column::Result => {}
            Column::Nameless => return Err(at("is a member without a name".to_owned())),
            Column::Field(field) if seen.contains(&field) => {
                return Err(at(format!("is {field}, which is there twice")));
            }
            Column::Field(field) => {
                seen.push(field);
                if let Some(text) = plain_text(value).map_err(at)? {
                    row.field(field, text.into_bytes());
                }
            }
            Column::Variable(variable) => {
                if let Some(text) = plain_text(value).map_err(at)? {
                    row.variable(&variable, text.as_bytes());
                }
            }
        }
    }
    row.target()
}

/// The text of a string, whole number or truth value; nothing of null. Other numbers
/// are not what the file says any more: long ones are rounded, and a telephone
/// number that was read as `5551001.0` is none.
fn plain_text(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) if number.is_f64() => {
            Err("is no whole number of at most 64 bits; allowed is the same as a text".to_owned())
        }
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Array(_) | Value::Object(_) => {
            Err("is a list or an object; allowed are texts and whole numbers".to_owned())
        }
    }
}

/// The headers that `OutDlListCreate` would have.
#[derive(Default)]
struct RowFields<'a> {
    fields: Vec<(&'static str, Cow<'a, [u8]>)>,
}

const VARIABLE: &str = "Variable";

impl<'a> RowFields<'a> {
    fn field(&mut self, name: &'static str, value: impl Into<Cow<'a, [u8]>>) {
        let value = value.into();
        if !value.is_empty() {
            self.fields.push((name, value));
        }
    }

    fn variable(&mut self, name: &str, value: &[u8]) {
        let text = [name.as_bytes(), b"=", value].concat();
        self.fields.push((VARIABLE, text.into()));
    }

    /// By the rules of the action, so that a file can hold what a client can send.
    fn target(&self) -> Result<TargetPatch, BadRow> {
        if !self.fields.iter().any(|(name, _)| name.starts_with("Number")) {
            let reason = "has no number".to_owned();
            return Err(BadRow { column: Some("Number1".to_owned()), reason });
        }
        let headers: Vec<_> =
            self.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_ref())).collect();
        target_patch(&Fields::new(&headers)).map_err(|refusal| {
            let column = match refusal.header {
                Some(VARIABLE) => self.bad_variable(),
                header => header.map(str::to_owned),
            };
            BadRow { column, reason: refusal.reason }
        })
    }

    /// Which of the variables is refused by itself.
    fn bad_variable(&self) -> Option<String> {
        let variables = self.fields.iter().filter(|(name, _)| *name == VARIABLE);
        let bad = variables
            .map(|(name, value)| (name.as_bytes(), value.as_ref()))
            .find(|header| Fields::new(std::slice::from_ref(header)).variables().is_err());
        let (_, text) = bad?;
        let name = text.split(|byte| *byte == b'=').next().unwrap_or_default();
        Some(columns::shortened(&String::from_utf8_lossy(name)))
    }
}
