//! Reads `res_outbound.conf` through Asterisk; what its lines say is
//! `dialer::surface::conf`'s to know.

use std::fmt;

use crate::ast::config::{self, ConfigError};
use crate::ast::{log, module};
use dialer::pacing::FILES_PER_CALL;
use dialer::surface::conf::{self, Category, Line, NoSuchKind, FILE};

pub use dialer::surface::conf::Settings;

/// Why the configuration cannot be used.
#[derive(Debug)]
pub enum SettingsError {
    Unreadable(ConfigError),
    NoSuchKind(NoSuchKind),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Unreadable(error) => write!(f, "{FILE}: {error}"),
            SettingsError::NoSuchKind(error) => write!(f, "{FILE}: {error}"),
        }
    }
}

impl std::error::Error for SettingsError {}

/// Reads the file. One that is there but may not be read is no missing one.
pub fn read() -> Result<Settings, SettingsError> {
    let categories = match config::load(FILE) {
        Ok(categories) => categories.into_iter().map(category).collect(),
        Err(ConfigError::Missing) if !module::directories().config.join(FILE).exists() => {
            log::notice!("There is no {FILE}: every option has its default");
            Vec::new()
        }
        Err(error) => return Err(SettingsError::Unreadable(error)),
    };
    let (mut settings, warnings) =
        conf::read(&categories, &module::directories().var).map_err(SettingsError::NoSuchKind)?;
    for warning in warnings {
        log::warning!("{FILE}: {warning}");
    }
    fit_open_files(&mut settings);
    fit_max_calls(&mut settings);
    Ok(settings)
}

fn category(read: config::Category) -> Category {
    let lines = read.options.into_iter().map(|option| Line {
        option: option.name,
        value: option.value,
        number: option.line,
    });
    Category { lines: lines.collect(), name: read.name }
}

/// More calls than there are descriptors for would hurt all of Asterisk.
fn fit_open_files(settings: &mut Settings) {
    let Some(open_files) = module::max_open_files() else { return };
    let calls = open_files.saturating_sub(settings.dialer.reserves.files) / FILES_PER_CALL;
    let calls = usize::try_from(calls).unwrap_or(usize::MAX).max(1);
    let max_dialings = &mut settings.dialer.max_dialings;
    if *max_dialings > calls {
        log::warning!(
            "Asterisk may open {open_files} files, which is enough for {calls} calls: \
             max_dialings is {calls}, not {max_dialings} (see ulimit -n, or LimitNOFILE of systemd)"
        );
        *max_dialings = calls;
    }
}

/// More calls than asterisk.conf allows would only be refused one by one.
fn fit_max_calls(settings: &mut Settings) {
    let Some(calls) = module::max_calls() else { return };
    let calls = usize::try_from(calls).unwrap_or(usize::MAX);
    if settings.dialer.max_dialings > calls {
        log::warning!("maxcalls of asterisk.conf is {calls}, and so is max_dialings");
        settings.dialer.max_dialings = calls;
    }
}
