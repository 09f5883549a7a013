//! How fast a list is imported and exported, and what an import costs a campaign
//! that dials meanwhile.

use std::time::{Duration, Instant};

use crate::harness::load::{import, new_list, write_targets, LineCount};
use crate::harness::{Ami, Asterisk, Outcome};
use crate::lab::{self, Caps, Tech};
use crate::say;
use crate::scale::Scale;
use crate::spread::Spread;

/// Undisturbed and during imports, in turns.
const TURNS: usize = 2;
/// What a careful campaign is capped at.
const CAPPED: usize = 400;

#[derive(Debug)]
pub struct Imports {
    pub rows: usize,
    /// Rows per second with nothing else going on.
    pub idle: f64,
    pub exported: f64,
    pub beside: Vec<Beside>,
}

/// A campaign, alone and beside imports.
#[derive(Debug)]
pub struct Beside {
    pub calls_per_second: usize,
    pub alone: Spread,
    pub both: Spread,
    /// Speed beside an import to that alone.
    pub ratio: Spread,
    pub rows: Spread,
}

pub fn measure(scale: &Scale) -> Outcome<Imports> {
    let rows = scale.import_rows;
    let asterisk = lab::start(Caps::OPEN, None)?;
    let ami = asterisk.try_ami()?;
    write_targets(&asterisk, "rows.csv", rows)?;
    let list = new_list(&ami)?;
    let idle = rows_per_second(rows, || import(&ami, &list, "rows.csv", rows))?;
    let exported = rows_per_second(rows, || export(&ami, &list, rows))?;
    say!("  import {idle:.0} rows/s, export {exported:.0} rows/s, nothing else going on");
    drop((ami, asterisk));
    let caps = [Caps::OPEN.calls_per_second, CAPPED];
    let beside = caps.into_iter().map(|cap| beside(scale, cap)).collect::<Outcome<_>>()?;
    Ok(Imports { rows, idle, exported, beside })
}

fn rows_per_second(rows: usize, work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let started = Instant::now();
    work()?;
    Ok(rows as f64 / started.elapsed().as_secs_f64())
}

fn export(ami: &Ami, list: &str, rows: usize) -> Outcome<()> {
    let headers = [("Action", "OutDlListExport"), ("DlmaUuid", list), ("File", "out.jsonl")];
    let came = ami.try_list(&headers)?;
    match came.complete.as_ref().and_then(|end| end.number("Count")) {
        Some(count) if count == rows as i64 => Ok(()),
        _ => Err(format!("the export went wrong:\n{}", came.response)),
    }
}

fn beside(scale: &Scale, calls_per_second: usize) -> Outcome<Beside> {
    let asterisk = lab::start(Caps { calls_per_second, ..Caps::OPEN }, None)?;
    let rows = scale.import_rows;
    let load = lab::load(&asterisk, Tech::Local, rows)?;
    write_targets(&asterisk, "rows.csv", rows)?;
    let mut lines = LineCount::of(asterisk.result_file());
    load.campaign.set_status(&asterisk.try_ami()?, 1)?;
    lines.wait(calls_per_second.min(rows / 100))?;
    let (mut alone, mut both, mut ratios, mut imported) = (vec![], vec![], vec![], vec![]);
    for _ in 0..TURNS {
        let watched = Duration::from_secs(scale.watched_s);
        let undisturbed = watch(&mut lines, || {
            std::thread::sleep(watched);
            Ok(())
        })?;
        let disturbed = watch(&mut lines, || {
            let until = Instant::now() + watched;
            while Instant::now() < until {
                imported.push(import_anew(&asterisk, rows)?);
            }
            Ok(())
        })?;
        alone.push(undisturbed);
        both.push(disturbed);
        ratios.push(disturbed / undisturbed);
    }
    if lines.look()? >= rows {
        return Err(format!("{rows} targets were too few for this machine"));
    }
    let [alone, both, ratio, rows] = [alone, both, ratios, imported].map(|all| Spread::of(&all));
    say!(
        "  at most {calls_per_second} calls/s: {:.0} alone, {:.0} beside imports of {:.0} rows/s",
        alone.median,
        both.median,
        rows.median
    );
    Ok(Beside { calls_per_second, alone, both, ratio, rows })
}

/// Result lines per second while something goes on.
fn watch(lines: &mut LineCount, work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let (before, started) = (lines.look()?, Instant::now());
    work()?;
    let (after, elapsed) = (lines.look()?, started.elapsed());
    Ok((after - before) as f64 / elapsed.as_secs_f64())
}

fn import_anew(asterisk: &Asterisk, rows: usize) -> Outcome<f64> {
    let ami = asterisk.try_ami()?;
    let list = new_list(&ami)?;
    rows_per_second(rows, || import(&ami, &list, "rows.csv", rows))
}
