//! `res_outbound.conf`: what its lines say. What is not understood is passed
//! over with a warning in words; [`OPTIONS`] has every option there is.

use crate::domain::parse_time_zone;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The file's name, in Asterisk's configuration folder.
pub const FILE: &str = "res_outbound.conf";

/// What the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub result_file: PathBuf,
    pub database: PathBuf,
    /// Where files for import and export are.
    pub bulk_folder: PathBuf,
    pub dialer: crate::dialer::Settings,
}

/// `[category]` with the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    pub name: String,
    pub lines: Vec<Line>,
}

/// `option = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub option: String,
    pub value: String,
    /// Where it stands in the file, from 1 on.
    pub number: u32,
}

/// One option.
pub struct Setting {
    pub category: &'static str,
    pub name: &'static str,
    /// The value without a line; of a path, the name of the file in Asterisk's
    /// folder for variable data.
    pub default: &'static str,
    kind: Kind,
}

/// What an option takes, and where its value goes.
enum Kind {
    Path(fn(&mut Settings) -> &mut PathBuf),
    Flag(fn(&mut Settings) -> &mut bool),
    Number(RangeInclusive<u32>, fn(&mut Settings, u32)),
    /// An IANA time zone.
    TimeZone(fn(&mut Settings) -> &mut String),
    /// A choice of one so far; with another the file cannot be used.
    OnlyOne,
    /// Taken from earlier versions; changes nothing.
    NoEffect,
    /// Taken from earlier versions; may only be off.
    NotAvailable,
}

const GENERAL: &str = "general";
const DATABASE: &str = "database";

const fn setting(
    category: &'static str,
    name: &'static str,
    default: &'static str,
    kind: Kind,
) -> Setting {
    Setting { category, name, default, kind }
}

/// Every option.
pub const OPTIONS: &[Setting] = &[
    setting(GENERAL, "result_type", "1", Kind::OnlyOne),
    setting(GENERAL, "result_filename", "astout.result", Kind::Path(|to| &mut to.result_file)),
    setting(GENERAL, "result_info_enable", "no", Kind::Flag(|to| &mut to.dialer.result_info)),
    setting(
        GENERAL,
        "max_dialings",
        "500",
        Kind::Number(1..=100_000, |to, most| to.dialer.max_dialings = most as usize),
    ),
    setting(
        GENERAL,
        "calls_per_second",
        "50",
        Kind::Number(1..=10_000, |to, rate| to.dialer.calls_per_second = rate),
    ),
    setting(GENERAL, "timezone", "UTC", Kind::TimeZone(|to| &mut to.dialer.time_zone)),
    setting(GENERAL, "bulk_folder", "outbound", Kind::Path(|to| &mut to.bulk_folder)),
    setting(GENERAL, "event_time_fast", "100000", Kind::NoEffect),
    setting(GENERAL, "event_time_slow", "3000000", Kind::NoEffect),
    setting(GENERAL, "history_events_enable", "no", Kind::NotAvailable),
    setting(GENERAL, "result_history_events_enable", "no", Kind::NotAvailable),
    setting(DATABASE, "db_type", "1", Kind::OnlyOne),
    setting(DATABASE, "db_sqlite3_data", "res_outbound.sqlite3", Kind::Path(|to| &mut to.database)),
];

/// A configuration that cannot be used: it asks for a kind of database or of
/// result that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchKind {
    pub option: &'static str,
    pub value: String,
}

impl fmt::Display for NoSuchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NoSuchKind { option, value } = self;
        write!(f, "{option} = {value} is not available; the only kind is 1")
    }
}

impl std::error::Error for NoSuchKind {}

/// What one line made of the settings.
enum Taken {
    Done,
    /// Passed over, because …
    Warning(String),
}

/// Reads a whole file: the settings, and a warning for each thing in it that is
/// passed over. `folder` is Asterisk's for variable data (`astvarlibdir`).
pub fn read(categories: &[Category], folder: &Path) -> Result<(Settings, Vec<String>), NoSuchKind> {
    let mut settings = Settings::defaults(folder);
    let mut warnings = Vec::new();
    for category in categories {
        let name = category.name.as_str();
        if !OPTIONS.iter().any(|option| option.category == name) {
            warnings.push(format!("category [{name}] is not known"));
            continue;
        }
        for line in &category.lines {
            if let Taken::Warning(why) = settings.take(name, line)? {
                warnings.push(format!("line {}: {why}", line.number));
            }
        }
    }
    Ok((settings, warnings))
}

impl Settings {
    /// What holds without a file.
    pub fn defaults(folder: &Path) -> Settings {
        let mut settings = Settings {
            result_file: PathBuf::new(),
            database: PathBuf::new(),
            bulk_folder: PathBuf::new(),
            dialer: crate::dialer::Settings::default(),
        };
        for option in OPTIONS {
            match &option.kind {
                Kind::Path(place) => *place(&mut settings) = folder.join(option.default),
                // Defaults are right: a test reads every one of them.
                _ => drop(option.take(option.default, &mut settings)),
            }
        }
        settings
    }

    fn take(&mut self, category: &str, line: &Line) -> Result<Taken, NoSuchKind> {
        let name = line.option.as_str();
        let known = |option: &&Setting| option.category == category && option.name == name;
        match OPTIONS.iter().find(known) {
            Some(option) => option.take(&line.value, self),
            None => Ok(Taken::Warning(format!("option {name} of [{category}] is not known"))),
        }
    }
}

impl Setting {
    fn take(&self, value: &str, settings: &mut Settings) -> Result<Taken, NoSuchKind> {
        let warning = match &self.kind {
            Kind::Path(place) if value.starts_with('/') => {
                *place(settings) = PathBuf::from(value);
                None
            }
            Kind::Path(_) => Some(self.malformed(value, "an absolute path")),
            Kind::Flag(place) => match flag(value) {
                Some(wanted) => {
                    *place(settings) = wanted;
                    None
                }
                None => Some(self.malformed(value, YES_OR_NO)),
            },
            Kind::Number(range, put) => match number(value, range) {
                Some(number) => {
                    put(settings, number);
                    None
                }
                None => {
                    let allowed = format!("{} to {}", range.start(), range.end());
                    Some(self.malformed(value, &allowed))
                }
            },
            Kind::TimeZone(place) if parse_time_zone(value).is_some() => {
                value.clone_into(place(settings));
                None
            }
            Kind::TimeZone(_) => Some(
                self.malformed(value, "a time zone of the IANA database such as Europe/Berlin"),
            ),
            Kind::OnlyOne if value == "1" => None,
            Kind::OnlyOne => {
                return Err(NoSuchKind { option: self.name, value: value.to_owned() });
            }
            Kind::NoEffect => {
                Some(format!("{} has no effect: changes are acted on at once", self.name))
            }
            Kind::NotAvailable => match flag(value) {
                Some(true) => Some(format!("{} is not available", self.name)),
                Some(false) => None,
                None => Some(self.malformed(value, YES_OR_NO)),
            },
        };
        Ok(warning.map_or(Taken::Done, Taken::Warning))
    }

    fn malformed(&self, value: &str, allowed: &str) -> String {
        let name = self.name;
        format!("{name} = {value} is not allowed and is passed over; allowed is {allowed}")
    }
}

const YES_OR_NO: &str = "yes or no";

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// A plain whole number: no sign, no blanks.
fn number(value: &str, range: &RangeInclusive<u32>) -> Option<u32> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| is_plain && range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../conf/res_outbound.conf.sample");

    fn folder() -> &'static Path {
        Path::new("/var/lib/asterisk")
    }

    fn line(option: &str, value: &str) -> Line {
        Line { option: option.to_owned(), value: value.to_owned(), number: 7 }
    }

    fn said(category: &str, option: &str, value: &str) -> (Settings, Vec<String>) {
        let lines = vec![line(option, value)];
        read(&[Category { name: category.to_owned(), lines }], folder()).unwrap()
    }

    /// The sample's options, which stand in it as comments: category, name, value.
    fn sample() -> Vec<(String, String, String)> {
        let mut category = String::new();
        let mut options = Vec::new();
        for text in SAMPLE.lines() {
            if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                category = name.to_owned();
            }
            // An option has no blank behind the semicolon; a sentence has one.
            let option = text.strip_prefix(';').filter(|rest| !rest.starts_with(' '));
            if let Some((name, value)) = option.and_then(|text| text.split_once(" = ")) {
                options.push((category.clone(), name.to_owned(), value.to_owned()));
            }
        }
        options
    }

    #[test]
    fn the_sample_has_every_option_with_its_default() {
        let mut shown: Vec<_> = sample();
        let mut known: Vec<_> = OPTIONS
            .iter()
            .map(|option| {
                let default = match option.kind {
                    Kind::Path(_) => folder().join(option.default).display().to_string(),
                    _ => option.default.to_owned(),
                };
                (option.category.to_owned(), option.name.to_owned(), default)
            })
            .collect();
        shown.sort();
        known.sort();
        assert_eq!(shown, known);
    }

    #[test]
    fn the_sample_with_all_its_options_set_is_the_default() {
        for (category, name, value) in sample() {
            let (settings, warnings) = said(&category, &name, &value);
            assert_eq!(settings, Settings::defaults(folder()), "{name}");
            let is_moot = name.starts_with("event_time_");
            assert_eq!(warnings.is_empty(), !is_moot, "{name}: {warnings:?}");
        }
    }

    #[test]
    fn the_sample_names_what_numbers_are_allowed() {
        for option in OPTIONS {
            let Kind::Number(range, _) = &option.kind else { continue };
            let allowed = format!("{} to {}.", range.start(), range.end());
            assert!(SAMPLE.contains(&allowed), "{}: {allowed}", option.name);
        }
    }

    #[test]
    fn without_a_line_every_default_holds() {
        let (settings, warnings) = read(&[], folder()).unwrap();
        assert_eq!(settings, Settings::defaults(folder()));
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(settings.result_file, Path::new("/var/lib/asterisk/astout.result"));
        assert_eq!(settings.database, Path::new("/var/lib/asterisk/res_outbound.sqlite3"));
        let dialer = &settings.dialer;
        assert_eq!((dialer.max_dialings, dialer.calls_per_second), (500, 50));
        assert!(!dialer.result_info);
    }

    #[test]
    fn a_line_sets_its_option() {
        let general = |option, value| {
            let (settings, warnings) = said(GENERAL, option, value);
            assert_eq!(warnings, Vec::<String>::new());
            settings
        };
        assert_eq!(general("max_dialings", "1").dialer.max_dialings, 1);
        assert_eq!(general("calls_per_second", "10000").dialer.calls_per_second, 10_000);
        assert!(general("result_info_enable", "Yes").dialer.result_info);
        assert_eq!(general("result_filename", "/a b").result_file, Path::new("/a b"));
        let (settings, _) = said(DATABASE, "db_sqlite3_data", "/x");
        assert_eq!(settings.database, Path::new("/x"));
    }

    #[test]
    fn the_last_of_two_lines_holds_and_one_that_is_wrong_changes_nothing() {
        let lines =
            ["2", "3", "none", "100001", "0", "-1", "+4", " 4", "4.0", "", "9".repeat(99).as_str()]
                .map(|value| line("max_dialings", value));
        let category = Category { name: GENERAL.to_owned(), lines: lines.to_vec() };
        let (settings, warnings) = read(&[category], folder()).unwrap();
        assert_eq!(settings.dialer.max_dialings, 3);
        assert_eq!(warnings.len(), 9);
        for warning in warnings {
            assert!(warning.starts_with("line 7: max_dialings = "), "{warning}");
            assert!(warning.ends_with("allowed is 1 to 100000"), "{warning}");
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        let warned = |category, option, value| said(category, option, value).1;
        assert_eq!(warned("kitchen", "sink", "1"), ["category [kitchen] is not known"]);
        let wrong = "line 7: option db_type of [general] is not known";
        assert_eq!(warned(GENERAL, "db_type", "1"), [wrong]);
        let relative = "line 7: db_sqlite3_data = x is not allowed and is passed over; \
                        allowed is an absolute path";
        assert_eq!(warned(DATABASE, "db_sqlite3_data", "x"), [relative]);
        let perhaps = "line 7: history_events_enable = perhaps is not allowed and is passed \
                       over; allowed is yes or no";
        assert_eq!(warned(GENERAL, "history_events_enable", "perhaps"), [perhaps]);
        let history = ["line 7: history_events_enable is not available"];
        assert_eq!(warned(GENERAL, "history_events_enable", "on"), history);
    }

    #[test]
    fn another_kind_cannot_be_used() {
        for option in OPTIONS.iter().filter(|option| matches!(option.kind, Kind::OnlyOne)) {
            let lines = vec![line(option.name, "2")];
            let category = Category { name: option.category.to_owned(), lines };
            let refused = read(&[category], folder()).unwrap_err().to_string();
            let wanted = format!("{} = 2 is not available; the only kind is 1", option.name);
            assert_eq!(refused, wanted);
        }
    }
}
