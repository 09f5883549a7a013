//! Thousands of legs that ring at a time, on few threads.

use std::time::{Duration, Instant};

use crate::harness::load::LineCount;
use crate::harness::result_file::read_results;
use crate::harness::{try_poll_until, Asterisk, Load, Outcome, ResultLine, Sipp};
use crate::lab::{self, Caps, HANGS_UP, TRUNKS};
use crate::module::{delays, Delays};
use crate::say;
use crate::scale::Scale;
use crate::usage::{Meter, Usage};

/// How long each leg rings (`DialTimeout`). Many of them take longer to get out.
const RINGS_S: u32 = 10;
const MANY: usize = 2_000;
const MANY_RING_S: u32 = 20;
/// A call takes so many open files; so many are left for everything else.
const FILES_PER_CALL: usize = 4;
const OTHER_FILES: usize = 256;
/// SIPp writes its counts once a second.
const FAR_END_COUNTS: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Ringing {
    /// Legs that were asked for, if there are not files enough for them.
    pub asked: Option<usize>,
    pub legs: usize,
    pub ring_s: u32,
    /// From the first claim to the last leg that was called.
    pub out_s: f64,
    /// Most legs that were called and not over at one time.
    pub at_once: usize,
    pub usage: Usage,
    /// From start to the last result line.
    pub seconds: f64,
    /// Legs that do not stand in the result file exactly once as not answered.
    pub lost: usize,
    pub late: Delays,
}

pub fn measure(scale: &Scale) -> Outcome<Vec<Ringing>> {
    scale.ringing.iter().map(|legs| ring(*legs)).collect()
}

fn ring(asked: usize) -> Outcome<Ringing> {
    let sipp = lab::far_end("rings.xml")?;
    let caps = Caps { max_dialings: asked, ..Caps::OPEN };
    let mut asterisk = lab::start(caps, Some(sipp.port))?;
    let may = lab::open_files(&asterisk).saturating_sub(OTHER_FILES) / FILES_PER_CALL;
    // As many through each trunk.
    let each = asked.min(may) / TRUNKS;
    let legs = each * TRUNKS;
    if legs < asked {
        say!("  only {legs} legs instead of {asked}: the limit of open files is too low");
    }
    let ring_s = if legs > MANY { MANY_RING_S } else { RINGS_S };
    let campaigns = campaigns(&asterisk, each, ring_s)?;
    let meter = Meter::start(asterisk.pid());
    let started = Instant::now();
    let ami = asterisk.try_ami()?;
    for load in &campaigns {
        load.campaign.set_status(&ami, 1)?;
    }
    drop(ami);
    LineCount::of(asterisk.result_file()).wait(legs)?;
    let seconds = started.elapsed().as_secs_f64();
    let usage = meter.stop();
    let late = delays(&asterisk, "Timeouts late")?;
    let lines = read_results(&asterisk.result_file())?;
    let lost = legs - counted_once(&lines).min(legs);
    far_end_agrees(&sipp, legs)?;
    asterisk.kill9();
    let (out_s, at_once) = overlap(&lines);
    say!(
        "  {legs} legs out in {out_s:.1} s, {at_once} at a time, {} threads of the module, {:.0} MB",
        usage.peak_own_threads,
        usage.peak_mib()
    );
    let asked = (legs < asked).then_some(asked);
    Ok(Ringing { asked, legs, ring_s, out_s, at_once, usage, seconds, lost, late })
}

/// A campaign for each trunk, each with as many targets, dialled once.
fn campaigns(asterisk: &Asterisk, each: usize, ring_s: u32) -> Outcome<Vec<Load>> {
    let timeout = format!("{ring_s}000");
    let of_trunk = |at: usize| {
        let trunk = format!("trunk{at}");
        let plan = [
            ("TechName", "PJSIP/"),
            ("TrunkName", &trunk),
            ("DialTimeout", &timeout),
            ("MaxRetry1", "1"),
        ];
        Load::make(asterisk, &plan, HANGS_UP, each)
    };
    (1..=TRUNKS).map(of_trunk).collect()
}

/// Targets with exactly one line, which says that nobody answered.
fn counted_once(lines: &[ResultLine]) -> usize {
    let mut targets: Vec<&str> = lines
        .iter()
        .filter(|line| line.disposition() == "no_answer")
        .map(|line| line.text("dl_list_uuid"))
        .collect();
    targets.sort_unstable();
    targets.chunk_by(|a, b| a == b).filter(|same| same.len() == 1).count()
}

/// The far end has heard of each leg, and of no other.
fn far_end_agrees(sipp: &Sipp, legs: usize) -> Outcome<()> {
    let mut heard = String::new();
    try_poll_until(FAR_END_COUNTS, "SIPp's counts", || {
        heard = sipp.statistics().get("TotalCallCreated").cloned().unwrap_or_default();
        (heard == legs.to_string()).then_some(())
    })
    .map_err(|why| format!("{why}: {legs} legs, but SIPp says {heard}"))
}

/// How long it took to get all legs out, and how many were out at one time.
fn overlap(lines: &[ResultLine]) -> (f64, usize) {
    let times = |key: &str| lines.iter().map(|line| line.seconds(key)).collect::<Vec<f64>>();
    let (claimed, begun) = (times("tm_dialing"), times("tm_dial_begin"));
    let first = claimed.iter().copied().fold(f64::INFINITY, f64::min);
    let last = begun.iter().copied().fold(0.0, f64::max);
    let begins = begun.into_iter().map(|at| (at, 1_i64));
    let mut changes: Vec<(f64, i64)> =
        begins.chain(times("tm_dial_end").into_iter().map(|at| (at, -1))).collect();
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let most = changes.iter().scan(0, |up, (_, by)| {
        *up += by;
        Some(*up)
    });
    (last - first, most.max().unwrap_or(0).max(0) as usize)
}
