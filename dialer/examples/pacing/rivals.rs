//! Policies by their names.

use crate::peers::{Adapt, OldModule, Ratio, Vicidial, VicidialSetting};
use crate::policy::{Policy, Predictive};
use crate::scenario::Scenario;

/// How a day is dialled.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    Predictive { cancels: bool },
    Ratio(u32),
    OldModule,
    Vicidial(VicidialSetting),
}

impl Choice {
    pub fn read(name: &str) -> Result<Choice, String> {
        match name.split_once(':') {
            None if name == "predictive" => Ok(Choice::Predictive { cancels: true }),
            None if name == "progressive" => Ok(Choice::Ratio(100)),
            None if name == "old-module" => Ok(Choice::OldModule),
            None if name == "vicidial" => Ok(Choice::Vicidial(vicidial_settings()[0])),
            Some(("vicidial", number)) => {
                let at: Option<usize> = number.parse().ok();
                let setting = at.and_then(|at| vicidial_settings().get(at).copied());
                setting.map(Choice::Vicidial).ok_or_else(|| {
                    format!("vicidial:0 to vicidial:{}", vicidial_settings().len() - 1)
                })
            }
            Some(("ratio", lines)) => match lines.parse::<f64>() {
                Ok(lines) if (0.0..=100.0).contains(&lines) => {
                    Ok(Choice::Ratio((lines * 100.0).round() as u32))
                }
                _ => Err("ratio:LINES takes 0 to 100 lines per free agent".to_owned()),
            },
            _ => Err(format!(
                "unknown policy \"{name}\": predictive, progressive, old-module, vicidial, \
                 vicidial:N or ratio:LINES"
            )),
        }
    }

    pub fn policy(&self, scenario: &Scenario) -> Box<dyn Policy> {
        match *self {
            Choice::Predictive { cancels } => Box::new(Predictive::new(scenario, cancels)),
            Choice::Ratio(lines) => Box::new(Ratio(lines)),
            Choice::OldModule => Box::new(OldModule),
            Choice::Vicidial(setting) => Box::new(Vicidial::new(setting, scenario.duration_s)),
        }
    }

    pub fn name(&self) -> String {
        match self {
            Choice::Predictive { cancels: true } => "predictive".to_owned(),
            Choice::Predictive { cancels: false } => "predictive, no cancelling".to_owned(),
            Choice::Ratio(100) => "progressive".to_owned(),
            Choice::Ratio(lines) => format!("ratio {}", f64::from(*lines) / 100.0),
            Choice::OldModule => "old module".to_owned(),
            Choice::Vicidial(setting) => {
                let adapt = match setting.adapt {
                    Adapt::HardLimit => "hard limit",
                    Adapt::Average => "average",
                    Adapt::Tapered => "tapered",
                };
                let tally = if setting.available_only { "available only" } else { "all agents" };
                format!("VICIdial {adapt}, {tally}, max {}", setting.most_level)
            }
        }
    }
}

/// Settings of VICIdial that are tried; its best one is what counts. The first is what its
/// manual advises: hard limit, all agents, 3 percent.
pub fn vicidial_settings() -> Vec<VicidialSetting> {
    let mut settings = Vec::new();
    for adapt in [Adapt::HardLimit, Adapt::Average, Adapt::Tapered] {
        for available_only in [false, true] {
            for most_level in [3.0, 10.0] {
                settings.push(VicidialSetting {
                    adapt,
                    available_only,
                    drop_percent: 3.0,
                    most_level,
                    intensity: 0.0,
                    difference_target: 0.0,
                });
            }
        }
    }
    settings
}
