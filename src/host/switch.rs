//! What the dialer may ask of Asterisk while it decides.

use dialer::dialer::{Refusal, Switch};
use dialer::domain::Route;

use crate::ast::{dialplan, pjsip};

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
}

/// The context of what comes after the `@` of a Local channel: `context/n` has options.
fn local_context(trunk: &str) -> &str {
    trunk.split_once('/').map_or(trunk, |(context, _)| context)
}
