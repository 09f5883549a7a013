//! What the module says of its own delays, in `out show status`.

use serde_json::{json, Value};

use crate::harness::{Asterisk, Outcome};

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delays {
    pub count: u64,
    pub half: f64,
    pub most: f64,
    pub all: f64,
}

/// A line `NAME  COUNT, of the last N: half within 0.1 ms, 99 % within 0.3 ms, all within 2.0 ms`.
pub fn delays(asterisk: &Asterisk, name: &str) -> Outcome<Delays> {
    let shown = asterisk.try_rx("out show status")?;
    let line = shown.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    let read = |line: &str| {
        let (count, rest) = line.split_once(',')?;
        let within: Vec<f64> = rest
            .split("within ")
            .skip(1)
            .map_while(|part| part.split_once(" ms")?.0.trim().parse().ok())
            .collect();
        match within[..] {
            [half, most, all] => {
                Some(Delays { count: count.trim().parse().ok()?, half, most, all })
            }
            _ => None,
        }
    };
    line.and_then(read).ok_or_else(|| format!("no '{name}' with delays in:\n{shown}"))
}

impl Delays {
    pub fn json(&self) -> Value {
        let Delays { count, half, most, all } = self;
        json!({"count": count, "p50_ms": half, "p99_ms": most, "max_ms": all})
    }
}
