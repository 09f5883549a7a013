//! `res_outbound.conf`: what it says, with a warning for each thing in it that
//! is not understood.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use dialer::domain::parse_time_zone;

use crate::ast::config::{self, Category, ConfigError, Option_};
use crate::ast::{log, module};

/// The configuration file, in Asterisk's configuration folder.
pub const FILE: &str = "res_outbound.conf";

/// What the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub result_file: PathBuf,
    pub database: PathBuf,
    pub dialer: dialer::dialer::Settings,
}

/// Why the configuration cannot be used.
#[derive(Debug)]
pub enum SettingsError {
    Unreadable(ConfigError),
    /// A kind of database or of result that there is not.
    NoSuchKind {
        option: &'static str,
        value: String,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Unreadable(error) => write!(f, "{FILE}: {error}"),
            SettingsError::NoSuchKind { option, value } => {
                write!(f, "{FILE}: {option} = {value} is not available; the only kind is 1")
            }
        }
    }
}

impl std::error::Error for SettingsError {}

/// Reads the file. One that is there but may not be read is no missing one.
pub fn read() -> Result<Settings, SettingsError> {
    let categories = match config::load(FILE) {
        Ok(categories) => categories,
        Err(ConfigError::Missing) if !module::directories().config.join(FILE).exists() => {
            log::notice!("There is no {FILE}: every option has its default");
            Vec::new()
        }
        Err(error) => return Err(SettingsError::Unreadable(error)),
    };
    let mut settings = Settings::default();
    for category in &categories {
        settings.read_category(category)?;
    }
    settings.fit_open_files();
    settings.fit_max_calls();
    Ok(settings)
}

impl Default for Settings {
    fn default() -> Self {
        let var = module::directories().var;
        Settings {
            result_file: var.join("astout.result"),
            database: var.join("res_outbound.sqlite3"),
            dialer: dialer::dialer::Settings::default(),
        }
    }
}

/// Descriptors that one call takes (PJSIP: signalling, two of RTP, alert pipe).
const FILES_PER_CALL: u64 = 4;

/// Descriptors that Asterisk needs for everything else.
const FILES_OTHERWISE: u64 = 256;

impl Settings {
    fn read_category(&mut self, category: &Category) -> Result<(), SettingsError> {
        for option in &category.options {
            match category.name.as_str() {
                "general" => self.read_general(option)?,
                "database" => self.read_database(option)?,
                name => {
                    log::warning!("{FILE}: category [{name}] is not known");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn read_general(&mut self, option: &Option_) -> Result<(), SettingsError> {
        let value = option.value.as_str();
        match option.name.as_str() {
            "result_filename" => path(option, &mut self.result_file),
            "result_info_enable" => flag(option, &mut self.dialer.result_info),
            "timezone" => time_zone(option, &mut self.dialer.time_zone),
            "result_type" => only_kind("result_type", value)?,
            "max_dialings" => number(option, 1..=100_000, &mut self.dialer.max_dialings),
            "calls_per_second" => number(option, 1..=10_000, &mut self.dialer.calls_per_second),
            "event_time_fast" | "event_time_slow" => log::warning!(
                "{FILE} line {}: {} has no effect: changes are acted on at once",
                option.line,
                option.name
            ),
            "history_events_enable" | "result_history_events_enable" => {
                let mut wanted = false;
                flag(option, &mut wanted);
                if wanted {
                    log::warning!("{FILE} line {}: {} is not available", option.line, option.name);
                }
            }
            _ => unknown("general", option),
        }
        Ok(())
    }

    fn read_database(&mut self, option: &Option_) -> Result<(), SettingsError> {
        match option.name.as_str() {
            "db_type" => only_kind("db_type", &option.value)?,
            "db_sqlite3_data" => path(option, &mut self.database),
            _ => unknown("database", option),
        }
        Ok(())
    }

    /// More calls than there are descriptors for would hurt all of Asterisk.
    fn fit_open_files(&mut self) {
        let Some(open_files) = module::max_open_files() else { return };
        let calls = open_files.saturating_sub(FILES_OTHERWISE) / FILES_PER_CALL;
        let calls = usize::try_from(calls).unwrap_or(usize::MAX).max(1);
        if self.dialer.max_dialings > calls {
            log::warning!(
                "Asterisk may open {open_files} files, which is enough for {calls} calls: \
                 max_dialings is {calls}, not {} (see ulimit -n, or LimitNOFILE of systemd)",
                self.dialer.max_dialings
            );
            self.dialer.max_dialings = calls;
        }
    }

    /// More calls than asterisk.conf allows would only be refused one by one.
    fn fit_max_calls(&mut self) {
        let Some(calls) = module::max_calls() else { return };
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        if self.dialer.max_dialings > calls {
            log::warning!("maxcalls of asterisk.conf is {calls}, and so is max_dialings");
            self.dialer.max_dialings = calls;
        }
    }
}

fn unknown(category: &str, option: &Option_) {
    log::warning!(
        "{FILE} line {}: option {} of [{category}] is not known",
        option.line,
        option.name
    );
}

fn malformed(option: &Option_, allowed: impl fmt::Display) {
    log::warning!(
        "{FILE} line {}: {} = {} is not allowed and is passed over; allowed is {allowed}",
        option.line,
        option.name,
        option.value
    );
}

fn path(option: &Option_, place: &mut PathBuf) {
    if option.value.starts_with('/') {
        *place = PathBuf::from(&option.value);
    } else {
        malformed(option, "an absolute path");
    }
}

fn flag(option: &Option_, place: &mut bool) {
    match option.value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => *place = true,
        "0" | "no" | "false" | "off" => *place = false,
        _ => malformed(option, "yes or no"),
    }
}

fn number<T>(option: &Option_, range: std::ops::RangeInclusive<T>, place: &mut T)
where
    T: FromStr + PartialOrd + fmt::Display,
{
    match option.value.parse() {
        Ok(number) if range.contains(&number) => *place = number,
        _ => malformed(option, format_args!("{} to {}", range.start(), range.end())),
    }
}

fn time_zone(option: &Option_, place: &mut String) {
    if parse_time_zone(&option.value).is_some() {
        place.clone_from(&option.value);
    } else {
        malformed(option, "a time zone of the IANA database such as Europe/Berlin");
    }
}

fn only_kind(option: &'static str, value: &str) -> Result<(), SettingsError> {
    match value {
        "1" => Ok(()),
        _ => Err(SettingsError::NoSuchKind { option, value: value.to_owned() }),
    }
}
