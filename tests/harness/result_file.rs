//! The module's result file: one JSON object a line, one line a dialing.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
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

    /// A time (`2016-10-22T12:45:58.068877001Z`) in seconds since 1970.
    #[track_caller]
    pub fn seconds(&self, key: &str) -> f64 {
        let text = self.text(key);
        seconds(text).unwrap_or_else(|| panic!("{key} is no time: '{text}' in {}", self.0))
    }
}

fn seconds(text: &str) -> Option<f64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some((days - 719_469) as f64 * 86_400.0 + hour * 3_600.0 + minute * 60.0 + second)
}

/// All lines so far. No file yet: no dialing has ended. A last line without
/// its line end is still being written and is left out.
pub fn read_results(path: &Path) -> Outcome<Vec<ResultLine>> {
    let mut lines = Vec::new();
    each_result(path, |line| lines.push(line))?;
    Ok(lines)
}

/// The same, one line after the other, for files that are long.
pub fn each_result(path: &Path, mut with: impl FnMut(ResultLine)) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let (mut file, mut line) = (BufReader::new(file), Vec::new());
    for number in 1.. {
        line.clear();
        file.read_until(b'\n', &mut line).map_err(failed)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        match serde_json::from_slice(&line) {
            Ok(value @ Value::Object(_)) => with(ResultLine(value)),
            Ok(_) => return Err(format!("{}:{number}: not an object", path.display())),
            Err(error) => return Err(format!("{}:{number}: {error}", path.display())),
        }
    }
    Ok(())
}
