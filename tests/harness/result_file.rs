//! The module's result file: one JSON object a line, one line a dialing.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::Outcome;

/// One ended dialing.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultLine(pub Value);

impl ResultLine {
    /// A text field; empty if it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or("")
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        self.0.get(key).and_then(Value::as_i64)
    }

    /// The number that was dialled.
    pub fn dialled(&self) -> &str {
        self.text("dial_addr")
    }

    pub fn disposition(&self) -> &str {
        self.text("disposition")
    }

    /// Which try of this number it was, from 1.
    pub fn try_number(&self) -> Option<i64> {
        self.number("dial_trycnt")
    }
}

/// All lines so far. No file yet: no dialing has ended. A last line without
/// its line end is still being written and is left out.
pub fn read_results(path: &Path) -> Outcome<Vec<ResultLine>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .enumerate()
        .map(|(index, line)| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => Ok(ResultLine(value)),
            Ok(_) => Err(format!("{}:{}: not an object", path.display(), index + 1)),
            Err(error) => Err(format!("{}:{}: {error}", path.display(), index + 1)),
        })
        .collect()
}
