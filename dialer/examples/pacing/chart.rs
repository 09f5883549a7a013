//! The chart that compares policies: a line for each scenario, a mark for each policy.

use crate::table::{occupancy, Row};
use std::fmt::Write;

const WIDTH: f64 = 920.0;
const LEFT: f64 = 275.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 112.0;
const ROW: f64 = 30.0;

const INK: &str = "#1f2933";
const FAINT: &str = "#7b8794";
const GRID: &str = "#e4e7eb";
const OURS: &str = "#0b6e4f";
const VICIDIAL: &str = "#c8553d";
const PROGRESSIVE: &str = "#4c6ef5";
const OLD: &str = "#9aa5b1";

pub fn svg(rows: &[Row]) -> String {
    let bottom = TOP + ROW * rows.len() as f64;
    let height = bottom + 46.0;
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"{INK}\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"17\" font-weight=\"bold\">How much of their time \
         agents talk</text>\n\
         <text x=\"20\" y=\"48\" fill=\"{FAINT}\">Percent of staffed time, at no more than 3 % \
         abandoned calls (VICIdial: best setting that keeps 3.1 %).</text>\n\
         <text x=\"20\" y=\"65\" fill=\"{FAINT}\">A line is a simulated day: agents, calls that \
         people answer, mean talk.</text>"
    );
    legend(&mut svg);
    for percent in (0..=100).step_by(20) {
        let x = x(f64::from(percent));
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"{GRID}\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{FAINT}\">{percent} %</text>",
            bottom + 20.0
        );
    }
    for (at, row) in rows.iter().enumerate() {
        line(&mut svg, row, TOP + ROW * (at as f64 + 0.5));
    }
    svg += "</svg>\n";
    svg
}

fn x(percent: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * percent / 100.0
}

fn legend(svg: &mut String) {
    let entries = [
        (OLD, "old module", 20.0),
        (PROGRESSIVE, "progressive", 125.0),
        (VICIDIAL, "VICIdial", 235.0),
        (OURS, "predictive", 325.0),
    ];
    for (color, name, x) in entries {
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"90\" r=\"6\" fill=\"{color}\"/>\
             <text x=\"{:.1}\" y=\"94.5\">{name}</text>",
            x + 6.0,
            x + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<line x1=\"430\" y1=\"83\" x2=\"430\" y2=\"97\" stroke=\"{INK}\" stroke-width=\"2\"/>\
         <text x=\"438\" y=\"94.5\">if agents never waited</text>"
    );
}

fn line(svg: &mut String, row: &Row, y: f64) {
    let ours = occupancy(&row.predictive);
    let vicidial = row.vicidial.as_ref().map(occupancy);
    let others = [
        (OLD, Some(occupancy(&row.old_module))),
        (PROGRESSIVE, Some(occupancy(&row.progressive))),
        (VICIDIAL, vicidial),
    ];
    let least = others.iter().filter_map(|other| other.1).fold(ours, f64::min);
    let most = others.iter().filter_map(|other| other.1).fold(ours, f64::max);
    let _ = writeln!(
        svg,
        "<text x=\"20\" y=\"{:.1}\">{}</text>\
         <line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"{GRID}\" stroke-width=\"5\"/>",
        y + 4.5,
        words(&row.scenario),
        x(least),
        x(most)
    );
    if row.ceiling.is_finite() {
        let x = x(row.ceiling);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"{INK}\" stroke-width=\"2\"/>",
            y - 8.0,
            y + 8.0
        );
    }
    for (color, value) in others {
        if let Some(value) = value {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"{color}\"/>",
                x(value)
            );
        }
    }
    let _ =
        writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"7.5\" fill=\"{OURS}\"/>", x(ours));
}

/// `S-A30-p20-T45` for people.
fn words(name: &str) -> String {
    let mut parts = name.split('-');
    let kind = match parts.next() {
        Some("S") => "",
        Some("D") => ", drifting",
        Some("K") => ", with shocks",
        Some("M") => ", poor AMD",
        Some("C") => ", few lines",
        _ => return name.to_owned(),
    };
    let mut number = || parts.next().and_then(|part| part.get(1..)).unwrap_or("?");
    let (agents, percent, talk) = (number(), number(), number());
    format!("{agents} agents, {percent} %, {talk} s{kind}")
}
