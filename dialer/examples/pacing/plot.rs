//! One day as a picture: what agents do, how many calls ring, and who finds no agent.

use crate::scenario::Scenario;
use crate::simulation::{Day, Sample};
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 20.0;
const GAP: f64 = 40.0;
const TOP: f64 = 60.0;
const PANELS: [f64; 3] = [180.0, 110.0, 130.0];

const INK: &str = "#1f2933";
const FAINT: &str = "#7b8794";
const GRID: &str = "#e4e7eb";
const TALK: &str = "#0b6e4f";
const WRAP: &str = "#8fc7b0";
const IDLE: &str = "#f0b429";
const RINGING: &str = "#4c6ef5";
const LOST: &str = "#c8553d";

/// The picture, drawn from one sample a minute.
pub fn svg(scenario: &Scenario, policy: &str, day: &Day) -> String {
    let mut plot =
        Plot { svg: String::new(), duration_s: scenario.duration_s, hour: scenario.start_hour };
    let height = TOP + PANELS.iter().map(|panel| panel + GAP).sum::<f64>();
    let _ = writeln!(
        plot.svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{}, {policy}</text>",
        scenario.name
    );
    plot.agents(&day.samples);
    plot.calls(&day.samples);
    plot.abandonment(day, scenario.target);
    plot.svg += "</svg>\n";
    plot.svg
}

struct Plot {
    svg: String,
    duration_s: f64,
    hour: f64,
}

/// Where a panel lies, and what its height stands for.
struct Panel {
    top: f64,
    height: f64,
    most: f64,
}

impl Panel {
    fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value / self.most).min(1.0))
    }
}

impl Plot {
    fn x(&self, at: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * at / self.duration_s
    }

    /// The frame of a panel with its title and scale.
    fn panel(&mut self, number: usize, title: &str, most: f64, unit: &str) -> Panel {
        let top = TOP + PANELS[..number].iter().map(|panel| panel + GAP).sum::<f64>();
        let panel = Panel { top, height: PANELS[number], most: most.max(1e-9) };
        let _ = writeln!(self.svg, "<text x=\"{LEFT}\" y=\"{:.1}\">{title}</text>", top - 8.0);
        for part in [0.0, 0.5, 1.0] {
            let (y, value) = (panel.y(part * panel.most), part * panel.most);
            let places = usize::from(panel.most < 10.0);
            let _ = writeln!(
                self.svg,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"{GRID}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{FAINT}\">{value:.places$}{unit}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            );
        }
        for hour in 0..=(self.duration_s / 3_600.0) as usize {
            let _ = writeln!(
                self.svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{FAINT}\">{:.0}:00</text>",
                self.x(hour as f64 * 3_600.0),
                top + panel.height + 16.0,
                self.hour + hour as f64
            );
        }
        panel
    }

    fn line(&mut self, panel: &Panel, color: &str, points: &[(f64, f64)]) {
        let mut path = String::new();
        for (at, value) in points {
            let _ = write!(path, "{:.1},{:.1} ", self.x(*at), panel.y(*value));
        }
        let _ = writeln!(
            self.svg,
            "<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"/>"
        );
    }

    fn agents(&mut self, samples: &[Sample]) {
        let most = samples.iter().map(|sample| sample.view.agents()).max().unwrap_or(0) as f64;
        let title = key(
            "Agents",
            &[(TALK, "talking"), (WRAP, "wrapping up"), (IDLE, "waiting for a call")],
        );
        let panel = self.panel(0, &title, most, "");
        // Each layer hides the lower part of the one before.
        for (color, layer) in [(IDLE, 0), (WRAP, 1), (TALK, 2)] {
            let of = |sample: &Sample| {
                let view = &sample.view;
                [view.agents(), view.talking + view.wrapping_up, view.talking][layer]
            };
            let mut path = format!("{LEFT},{:.1} ", panel.y(0.0));
            for sample in samples {
                let _ = write!(path, "{:.1},{:.1} ", self.x(sample.at), panel.y(of(sample) as f64));
            }
            let last = samples.last().map_or(0.0, |sample| sample.at);
            let _ = writeln!(
                self.svg,
                "<polygon points=\"{path}{:.1},{:.1}\" fill=\"{color}\"/>",
                self.x(last),
                panel.y(0.0)
            );
        }
    }

    fn calls(&mut self, samples: &[Sample]) {
        let points: Vec<(f64, f64)> =
            samples.iter().map(|sample| (sample.at, sample.view.in_flight as f64)).collect();
        let most = points.iter().map(|point| point.1).fold(1.0, f64::max);
        let title = key("Calls", &[(RINGING, "dialled or ringing")]);
        let panel = self.panel(1, &title, most, "");
        self.line(&panel, RINGING, &points);
    }

    fn abandonment(&mut self, day: &Day, target: f64) {
        let mut people = day.people.clone();
        people.sort_by(|one, other| one.0.total_cmp(&other.0));
        let share = |from: f64, until: f64| {
            let first = people.partition_point(|(at, _)| *at < from);
            let last = people.partition_point(|(at, _)| *at < until);
            let lost = people[first..last].iter().filter(|(_, is_lost)| *is_lost).count();
            100.0 * lost as f64 / ((last - first) as f64).max(1.0)
        };
        let times = || day.samples.iter().map(|sample| sample.at).skip(5);
        let so_far: Vec<(f64, f64)> = times().map(|at| (at, share(0.0, at))).collect();
        let half_hour: Vec<(f64, f64)> =
            times().filter(|at| *at >= 1_800.0).map(|at| (at, share(at - 1_800.0, at))).collect();
        let most = so_far.iter().chain(&half_hour).map(|point| point.1).fold(4.0, f64::max);
        let keys = [(LOST, "of the day so far"), (IDLE, "of the last half hour"), (FAINT, "limit")];
        let panel = self.panel(2, &key("Answers that found no agent", &keys), most, " %");
        let limit = 100.0 * target;
        self.line(&panel, FAINT, &[(0.0, limit), (self.duration_s, limit)]);
        self.line(&panel, IDLE, &half_hour);
        self.line(&panel, LOST, &so_far);
    }
}

/// A title with what its colours mean.
fn key(title: &str, colors: &[(&str, &str)]) -> String {
    let mut text = format!("<tspan font-weight=\"bold\">{title}</tspan>");
    for (color, meaning) in colors {
        let _ = write!(
            text,
            "<tspan dx=\"14\" fill=\"{color}\">■</tspan><tspan dx=\"4\">{meaning}</tspan>"
        );
    }
    text
}
