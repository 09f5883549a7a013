//! The tables on the terminal.

use std::fmt::Write;

use crate::compare::{Comparison, Line};
use crate::goals::{goals, Wanted};
use crate::module::Delays;
use crate::results::Results;
use crate::run::Way;
use crate::spread::Spread;

pub fn tables(results: &Results) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", results.machine.words());
    calls(&mut out, &results.comparisons);
    ringing(&mut out, results);
    growth(&mut out, results);
    imports(&mut out, results);
    latency(&mut out, results);
    wanted(&mut out, results);
    for failed in &results.failed {
        let _ = writeln!(out, "\nNot measured: {failed}");
    }
    out
}

fn calls(out: &mut String, comparisons: &[Comparison]) {
    let Some(first) = comparisons.first() else { return };
    let rounds = first.rounds.len();
    let _ = writeln!(
        out,
        "\nCalls that are answered and over at once: median of {rounds} rounds (lowest - highest)"
    );
    let head = ["calls/s", "to floor", "CPU s/1,000", "to floor"];
    let [rate, rate_ratio, cpu, cpu_ratio] = head;
    let _ = writeln!(
        out,
        "{:<34}{rate:>22}{rate_ratio:>20}{cpu:>23}{cpu_ratio:>20}{:>9}{:>5}{:>6}",
        "", "threads", "own", "MB"
    );
    for comparison in comparisons {
        for line in comparison.lines() {
            let _ = writeln!(out, "{}", of_line(comparison, &line));
        }
    }
    for comparison in comparisons {
        let tech = comparison.tech.name();
        let ways = [Way::Engine, Way::Pbx, Way::Originate, Way::Files];
        let windows = ways
            .iter()
            .filter_map(|way| Some(format!("{} {}", way.name(), comparison.windows.get(way)?)));
        let windows = windows.collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "{tech}: {} calls a run; at a time: {windows}", comparison.calls);
        if let Some(load) = comparison.far_end_load {
            let _ = writeln!(out, "{tech}: the far end used {} of one processor", span(load, 2));
        }
    }
}

fn of_line(comparison: &Comparison, line: &Line) -> String {
    format!(
        "{:<7}{:<27}{:>22}{:>20}{:>23}{:>20}{:>9.0}{:>5.0}{:>6.0}",
        comparison.tech.name(),
        line.name,
        span(line.rate, 0),
        span(line.rate_ratio, 2),
        span(line.cpu, 3),
        span(line.cpu_ratio, 2),
        line.threads.max,
        line.own_threads.max,
        line.mib.max
    )
}

/// `12 (11 - 13)`
fn span(spread: Spread, decimals: usize) -> String {
    let Spread { median, min, max } = spread;
    match min == max {
        true => format!("{median:.decimals$}"),
        false => format!("{median:.decimals$} ({min:.decimals$} - {max:.decimals$})"),
    }
}

fn delays(delays: &Delays) -> String {
    let Delays { half, most, all, .. } = delays;
    format!("half within {half} ms, 99 % within {most} ms, all within {all} ms")
}

fn ringing(out: &mut String, results: &Results) {
    let Some(list) = &results.ringing else { return };
    let _ = writeln!(out, "\nLegs that ring and nobody answers, over PJSIP, through ten trunks");
    for of in list {
        let usage = &of.usage;
        let _ = writeln!(
            out,
            "{:>6} legs for {} s: out in {:.1} s, {} at a time, {} lost; {} threads, {} of them \
             the module's; {:.0} MB, CPU {:.1} s in {:.1} s",
            of.legs,
            of.ring_s,
            of.out_s,
            of.at_once,
            of.lost,
            usage.peak_threads,
            usage.peak_own_threads,
            usage.peak_mib(),
            usage.cpu_seconds,
            of.seconds
        );
        let _ = writeln!(out, "             timeouts late: {}", delays(&of.late));
        if let Some(asked) = of.asked {
            let _ = writeln!(out, "             not {asked}: the limit of open files is too low");
        }
    }
}

fn growth(out: &mut String, results: &Results) {
    let Some(list) = &results.growth else { return };
    let _ = writeln!(out, "\nThe same number of calls out of short and long lists, over Local");
    for of in list {
        let _ = writeln!(
            out,
            "{:>9} targets: {} calls/s, to the shortest {}; {:.0} MB imported, {:.0} MB dialled",
            of.targets,
            span(of.rate, 0),
            span(of.rate_ratio, 2),
            of.imported_kib as f64 / 1_024.0,
            of.dialled_kib as f64 / 1_024.0
        );
        let _ = writeln!(out, "                   claims: {}", delays(&of.claims));
        let _ = writeln!(out, "                   commits: {}", delays(&of.commits));
    }
}

fn imports(out: &mut String, results: &Results) {
    let Some(of) = &results.imports else { return };
    let _ = writeln!(out, "\nImport and export of {} targets", of.rows);
    let _ = writeln!(out, "  import {:.0} rows/s, export {:.0} rows/s", of.idle, of.exported);
    for beside in &of.beside {
        let _ = writeln!(
            out,
            "  campaign of at most {}/s: {} calls/s alone, {} beside imports ({}); import {} rows/s",
            beside.calls_per_second,
            span(beside.alone, 0),
            span(beside.both, 0),
            span(beside.ratio, 2),
            span(beside.rows, 0)
        );
    }
}

fn latency(out: &mut String, results: &Results) {
    let Some(of) = &results.latency else { return };
    let _ = writeln!(
        out,
        "\nFrom answer to start of the destination, {} calls up, {} answered\n  {}",
        of.live,
        of.answered,
        delays(&of.delays)
    );
}

fn wanted(out: &mut String, results: &Results) {
    let goals = goals(results);
    if goals.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{:<58}{:>10}  {:<12}", "Goals", "measured", "wanted");
    for goal in goals {
        let decimals = if goal.measured.abs() < 100.0 { 2 } else { 0 };
        let wanted = match goal.wanted {
            Wanted::AtLeast(wanted) => format!("at least {wanted}"),
            Wanted::AtMost(wanted) => format!("at most {wanted}"),
        };
        let _ = writeln!(
            out,
            "{:<58}{:>10.decimals$}  {wanted:<16}{}",
            goal.what,
            goal.measured,
            if goal.is_met() { "met" } else { "NOT MET" }
        );
    }
}
