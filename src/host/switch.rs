//! What the dialer may ask of Asterisk while it decides.

use dialer::dialer::{Refusal, Switch};
use dialer::domain::{Route, TeamName};
use dialer::pacing::Vitals;

use crate::ast::{devices, dialplan, module, pjsip, queue};

/// This Asterisk.
pub struct ThisAsterisk;

impl Switch for ThisAsterisk {
    fn check_route(&self, route: &Route) -> Result<(), Refusal> {
        match route {
            Route::Extension { context, exten, priority } => {
                if dialplan::exten_exists(context, exten, *priority) {
                    return Ok(());
                }
                let reason =
                    format!("there is no extension {exten}@{context}, priority {priority}");
                Err(Refusal::of("Exten", reason))
            }
            Route::Application { name, .. } => {
                if dialplan::application_exists(name) {
                    return Ok(());
                }
                Err(Refusal::of("Application", format!("there is no application {name}")))
            }
        }
    }

    fn has_technology(&self, tech: &str) -> bool {
        dialplan::channel_tech_exists(tech)
    }

    fn check_trunk(&self, tech: &str, trunk: &str) -> Result<(), &'static str> {
        match tech.to_ascii_uppercase().as_str() {
            "PJSIP" if pjsip::endpoint_exists(trunk) == Some(false) => Err("PJSIP endpoint"),
            "LOCAL" if !dialplan::context_exists(local_context(trunk)) => Err("dialplan context"),
            _ => Ok(()),
        }
    }

    fn check_team(&self, team: &TeamName) -> Result<(), &'static str> {
        match team {
            TeamName::Queue(name) if !queue::exists(name) => Err("queue"),
            TeamName::Extension { context, exten } if devices::hint(context, exten).is_none() => {
                Err("hint")
            }
            _ => Ok(()),
        }
    }

    fn vitals(&self) -> Vitals {
        Vitals {
            load: module::load_average().map_or(0, hundredths),
            max_load: module::max_load().map(hundredths),
            calls: module::active_calls(),
            max_calls: module::max_calls().map(|most| most as usize),
            files: module::open_files().unwrap_or(0),
            max_files: module::max_open_files(),
        }
    }
}

fn hundredths(load: f64) -> u32 {
    (load * 100.0).round() as u32
}

/// The context of what comes after the `@` of a Local channel: `context/n` has options.
fn local_context(trunk: &str) -> &str {
    trunk.split_once('/').map_or(trunk, |(context, _)| context)
}
