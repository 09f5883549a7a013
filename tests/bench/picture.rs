//! The main figures as bars (SVG).

use std::fmt::Write;

use crate::compare::{Comparison, Line, Subject};

const WIDTH: f64 = 880.0;
const PANEL_TOP: f64 = 64.0;
const LABEL: f64 = 130.0;
const BAR: f64 = 22.0;
const GAP: f64 = 8.0;
/// Half of the picture is for calls per second, half for processor time.
const HALF: f64 = WIDTH / 2.0;
/// The longest bar leaves room for its figure.
const LONGEST: f64 = HALF - LABEL - 90.0;

/// What a bar shows.
struct Measure {
    title: &'static str,
    decimals: usize,
    of: fn(&Line) -> f64,
}

const MEASURES: [Measure; 2] = [
    Measure { title: "calls per second (more is better)", decimals: 0, of: |l| l.rate.median },
    Measure { title: "CPU s per 1,000 calls (less is better)", decimals: 3, of: |l| l.cpu.median },
];

pub fn picture(comparisons: &[Comparison]) -> String {
    let panel = PANEL_TOP + Subject::ALL.len() as f64 * (BAR + GAP) + GAP;
    let height = panel * comparisons.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (at, comparison) in comparisons.iter().enumerate() {
        let top = at as f64 * panel;
        text(&mut out, 10.0, top + 24.0, &format!("{} calls", comparison.tech.name()), true);
        for (column, measure) in MEASURES.iter().enumerate() {
            bars(&mut out, comparison, measure, column as f64 * HALF, top);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn bars(out: &mut String, comparison: &Comparison, measure: &Measure, left: f64, top: f64) {
    let lines = Subject::ALL.map(|subject| comparison.line(subject, false));
    let most = lines.iter().map(measure.of).fold(f64::MIN_POSITIVE, f64::max);
    text(out, left + LABEL, top + PANEL_TOP - 14.0, measure.title, false);
    for (at, line) in lines.iter().enumerate() {
        let y = top + PANEL_TOP + at as f64 * (BAR + GAP);
        let value = (measure.of)(line);
        let length = LONGEST * value / most;
        let fill = match line.subject {
            Subject::Ours => "#1b6ca8",
            Subject::Floor => "#9aa5b1",
            Subject::Originate | Subject::Files => "#d5a353",
        };
        let x = left + LABEL;
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{fill}\"/>"
        );
        text(out, left + 10.0, y + 16.0, line.subject.name(), false);
        let decimals = measure.decimals;
        text(out, x + length + 6.0, y + 16.0, &format!("{value:.decimals$}"), false);
    }
}

fn text(out: &mut String, x: f64, y: f64, words: &str, is_bold: bool) {
    let weight = if is_bold { " font-weight=\"bold\"" } else { "" };
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\"{weight}>{words}</text>");
}
