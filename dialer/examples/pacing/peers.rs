//! Rules of others, to compare with.

use crate::policy::{launch, Policy, View};
use dialer::pacing::predictive::{lines, Decision};
use std::collections::VecDeque;

/// A fixed number of lines per free agent, in hundredths; 100 is progressive.
pub struct Ratio(pub u32);

impl Policy for Ratio {
    fn decide(&mut self, at: f64, view: &View, most: usize) -> Decision {
        let free = view.free.saturating_sub(view.waiting);
        launch(lines(free, view.in_flight, self.0).min(most), at + 5.0)
    }
}

/// Free agents without all calls, also those that have an agent.
pub struct OldModule;

impl Policy for OldModule {
    fn decide(&mut self, at: f64, view: &View, most: usize) -> Decision {
        launch(view.free.saturating_sub(view.calls()).min(most), at + 5.0)
    }
}

/// What VICIdial does when more people are lost than allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Adapt {
    /// The level goes to 1.
    HardLimit,
    /// The level is halved.
    Average,
    /// The level is cut by the part of ten hours that is left of the shift.
    Tapered,
}

/// A setting of VICIdial's campaigns.
#[derive(Debug, Clone, Copy)]
pub struct VicidialSetting {
    pub adapt: Adapt,
    /// The level counts for agents who wait, not for all.
    pub available_only: bool,
    pub drop_percent: f64,
    pub most_level: f64,
    /// In percent; 0 is the default.
    pub intensity: f64,
    /// Agents who should wait, if negative; calls, if positive.
    pub difference_target: f64,
}

/// VICIdial's pacing, after what AST_VDauto_dial.pl and AST_VDadapt.pl compute: a level of
/// lines per agent, which follows the difference of agents and calls that wait.
pub struct Vicidial {
    setting: VicidialSetting,
    shift_end: f64,
    level: f64,
    /// Agents who wait, calls that wait, and all agents, second by second.
    samples: VecDeque<(f64, f64, f64)>,
    sample_at: f64,
    adapt_at: f64,
    tally_at: f64,
    dial_at: f64,
    /// Calls of the last look that could not go out yet.
    owed: usize,
    drop_percent: f64,
    /// Answers and drops of each tally of the last minute.
    before: (u64, u64),
    last_minute: (u64, u64),
}

impl Vicidial {
    pub fn new(setting: VicidialSetting, shift_end: f64) -> Vicidial {
        Vicidial {
            setting,
            shift_end,
            level: 1.0,
            samples: VecDeque::new(),
            sample_at: 0.0,
            adapt_at: 15.0,
            tally_at: 60.0,
            dial_at: 0.0,
            owed: 0,
            drop_percent: 0.0,
            before: (0, 0),
            last_minute: (0, 0),
        }
    }

    fn sample(&mut self, view: &View) {
        let agents = view.agents() as f64;
        self.samples.push_back((view.free as f64, view.waiting as f64, agents));
        if self.samples.len() > 15 {
            self.samples.pop_front();
        }
    }

    fn tally(&mut self, view: &View) {
        self.drop_percent = 100.0 * view.abandoned as f64 / view.answers.max(1) as f64;
        let (answers, drops) = self.before;
        self.last_minute = (view.answers - answers, view.abandoned - drops);
        self.before = (view.answers, view.abandoned);
    }

    fn adapt(&mut self, at: f64, view: &View) {
        let count = self.samples.len().max(1) as f64;
        let (ready, waiting, agents) = self
            .samples
            .iter()
            .fold((0.0, 0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2));
        if agents == 0.0 {
            return;
        }
        let difference = (ready - waiting) / count + self.setting.difference_target;
        let part = difference / (agents / count);
        let intensity = self.setting.intensity / 100.0;
        let part =
            if part < 0.0 { part * (intensity - 1.0).abs() } else { part * (intensity + 1.0) };
        let mut level = (self.level * (part + 1.0)).min(self.setting.most_level).max(1.0);
        let (answers, drops) = self.last_minute;
        if answers > 20 && drops * 2 > answers {
            level /= 2.0;
        }
        if view.answers > 50 && self.drop_percent > self.setting.drop_percent {
            level = match self.setting.adapt {
                Adapt::HardLimit => 1.0,
                Adapt::Average => level / 2.0,
                Adapt::Tapered => level * ((self.shift_end - at) / 36_000.0).clamp(0.0, 1.0),
            };
        }
        self.level = (level.max(1.0) * 1_000.0).round() / 1_000.0;
    }

    fn wanted(&self, view: &View) -> usize {
        // Those who wrap up are paused; they do not count.
        let goal = if self.setting.available_only {
            let ready = (view.free as f64 + self.setting.difference_target).max(0.0);
            self.level * ready + view.talking as f64
        } else {
            let agents = (view.free + view.talking) as f64 + self.setting.difference_target;
            self.level * agents.max(0.0)
        };
        (goal.round() as usize).saturating_sub(view.calls())
    }
}

impl Policy for Vicidial {
    fn decide(&mut self, at: f64, view: &View, most: usize) -> Decision {
        if at >= self.sample_at {
            self.sample_at = at + 1.0;
            self.sample(view);
        }
        if at >= self.tally_at {
            self.tally_at = at + 60.0;
            self.tally(view);
        }
        if at >= self.adapt_at {
            self.adapt_at = at + 15.0;
            self.adapt(at, view);
        }
        if at >= self.dial_at {
            self.dial_at = at + 2.5;
            self.owed = self.wanted(view);
        }
        let calls = self.owed.min(most);
        self.owed -= calls;
        launch(calls, self.sample_at.min(self.dial_at))
    }
}
