//! Recordings of the manager interface of the module that this one takes the
//! place of: what clients in the field are used to.
//!
//! `# …` names the step that follows. Lines with `> ` were sent, lines with `< `
//! came back, one message each up to an empty line. Behind `# result lines`
//! stands what was written into the result file.

use std::fs;
use std::path::Path;

use super::Outcome;

/// Header lines of one message, in order.
pub type Lines = Vec<(String, String)>;

/// One action and all that came until the next one.
#[derive(Debug, Clone)]
pub struct Step {
    pub name: String,
    pub sent: Lines,
    pub came: Vec<Lines>,
}

#[derive(Debug)]
pub struct Recording {
    pub name: String,
    pub steps: Vec<Step>,
    /// JSON, one object each.
    pub results: Vec<String>,
}

impl Recording {
    /// Of `tests/recordings`.
    pub fn read(name: &str) -> Outcome<Recording> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(parse(name, &text))
    }
}

fn parse(name: &str, text: &str) -> Recording {
    let mut recording = Recording { name: name.to_owned(), steps: Vec::new(), results: Vec::new() };
    let mut title = String::new();
    let mut is_open = false;
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("# ") {
            title = said.to_owned();
        } else if let Some(sent) = line.strip_prefix("> ") {
            if !is_open {
                let (name, sent, came) = (title.clone(), Vec::new(), Vec::new());
                recording.steps.push(Step { name, sent, came });
            }
            let step = recording.steps.last_mut().expect("a step");
            step.sent.push(header(sent));
        } else if let Some(came) = line.strip_prefix("< ") {
            let step = recording.steps.last_mut().expect("something was sent first");
            if !is_open {
                step.came.push(Vec::new());
            }
            step.came.last_mut().expect("a message").push(header(came));
        } else if line.starts_with('{') {
            recording.results.push(line.to_owned());
        }
        is_open = !line.is_empty();
    }
    recording
}

fn header(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    (name.to_owned(), value.to_owned())
}

pub fn value<'l>(lines: &'l Lines, name: &str) -> Option<&'l str> {
    lines.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
