//! `res_outbound.conf`: what its lines say. What is not understood is passed
//! over with a warning in words; [`OPTIONS`] has every option there is.

use crate::dialer::TrunkSettings;
use crate::domain::parse_time_zone;
use crate::limits::{CALLS_PER_SECOND, MAX_DIALINGS, TOKEN_BYTES, TRUNK_CHARACTERS};
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

/// One option of a trunk's section.
struct TrunkOption {
    name: &'static str,
    /// The value without a line, for the sample.
    #[cfg_attr(not(test), expect(dead_code))]
    default: &'static str,
    kind: TrunkKind,
}

/// What an option of a trunk takes, and where its value goes.
enum TrunkKind {
    /// What makes the section one of a trunk.
    Type,
    Flag(fn(&mut TrunkSettings) -> &mut bool),
    Number(RangeInclusive<u32>, fn(&mut TrunkSettings, u32)),
}

/// What an option takes, and where its value goes.
enum Kind {
    Path(fn(&mut Settings) -> &mut PathBuf),
    Flag(fn(&mut Settings) -> &mut bool),
    Number(RangeInclusive<u32>, fn(&mut Settings, u32)),
    /// With up to two places behind the point; it goes on in hundredths.
    Decimal(RangeInclusive<u32>, fn(&mut Settings, u32)),
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
        Kind::Number(MAX_DIALINGS, |to, most| to.dialer.max_dialings = most as usize),
    ),
    setting(
        GENERAL,
        "calls_per_second",
        "50",
        Kind::Number(CALLS_PER_SECOND, |to, rate| to.dialer.calls_per_second = rate),
    ),
    setting(
        GENERAL,
        "max_load",
        "0",
        Kind::Decimal(0..=1_000, |to, load| to.dialer.reserves.max_load = some(load)),
    ),
    setting(
        GENERAL,
        "reserve_calls",
        "0",
        Kind::Number(0..=100_000, |to, calls| to.dialer.reserves.calls = calls as usize),
    ),
    setting(
        GENERAL,
        "reserve_files",
        "256",
        Kind::Number(16..=1_000_000, |to, files| to.dialer.reserves.files = u64::from(files)),
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

/// Every option of a trunk's section, which is named as plans name the trunk.
const TRUNK_OPTIONS: &[TrunkOption] = &[
    TrunkOption { name: "type", default: TRUNK, kind: TrunkKind::Type },
    TrunkOption {
        name: "max_dialings",
        default: "0",
        kind: TrunkKind::Number(0..=*MAX_DIALINGS.end(), |to, most| to.max_dialings = some(most)),
    },
    TrunkOption {
        name: "calls_per_second",
        default: "0",
        kind: TrunkKind::Number(0..=*CALLS_PER_SECOND.end(), |to, rate| {
            to.calls_per_second = some(rate);
        }),
    },
    TrunkOption {
        name: "back_off",
        default: "yes",
        kind: TrunkKind::Flag(|to| &mut to.back_off.is_on),
    },
    TrunkOption {
        name: "back_off_percent",
        default: "25",
        kind: TrunkKind::Number(1..=100, |to, percent| to.back_off.percent = percent),
    },
    TrunkOption {
        name: "back_off_probe",
        default: "5",
        kind: TrunkKind::Number(1..=3_600, |to, seconds| to.back_off.probe_s = seconds),
    },
];

const TRUNK: &str = "trunk";

/// Zero is none.
fn some(number: u32) -> Option<u32> {
    Some(number).filter(|number| *number > 0)
}

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
        if is_trunk(category) {
            settings.take_trunk(category, &mut warnings);
            continue;
        }
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

/// Whether a section's last `type` says that it is a trunk's.
fn is_trunk(category: &Category) -> bool {
    let mut types = category.lines.iter().filter(|line| line.option == "type");
    types.next_back().is_some_and(|line| line.value == TRUNK)
        && !OPTIONS.iter().any(|option| option.category == category.name)
}

/// Whether a plan can name a trunk so.
fn is_trunk_name(name: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || TRUNK_CHARACTERS.contains(c);
    name.len() <= TOKEN_BYTES && name.chars().all(is_fine)
}

impl Settings {
    fn take_trunk(&mut self, category: &Category, warnings: &mut Vec<String>) {
        let name = &category.name;
        if !is_trunk_name(name) {
            warnings.push(format!("category [{name}] is not known: no trunk can be named so"));
            return;
        }
        let trunk = self.dialer.trunks.entry(name.clone()).or_default();
        for line in &category.lines {
            let known = TRUNK_OPTIONS.iter().find(|option| option.name == line.option);
            let warning = match known {
                Some(option) => option.take(&line.value, trunk),
                None => Some(format!("option {} of [{name}] is not known", line.option)),
            };
            warnings.extend(warning.map(|why| format!("line {}: {why}", line.number)));
        }
    }

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

impl TrunkOption {
    /// Takes a value, or says why it is passed over.
    fn take(&self, value: &str, trunk: &mut TrunkSettings) -> Option<String> {
        match &self.kind {
            TrunkKind::Type => None,
            TrunkKind::Flag(place) => match flag(value) {
                Some(wanted) => {
                    *place(trunk) = wanted;
                    None
                }
                None => Some(malformed(self.name, value, YES_OR_NO)),
            },
            TrunkKind::Number(range, put) => match number(value, range) {
                Some(number) => {
                    put(trunk, number);
                    None
                }
                None => Some(malformed(self.name, value, &of_range(range))),
            },
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
                None => Some(self.malformed(value, &of_range(range))),
            },
            Kind::Decimal(range, put) => match hundredths(value, range) {
                Some(number) => {
                    put(settings, number);
                    None
                }
                None => {
                    let allowed = format!("{}, such as 1.5", of_range(range));
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
        malformed(self.name, value, allowed)
    }
}

fn malformed(name: &str, value: &str, allowed: &str) -> String {
    format!("{name} = {value} is not allowed and is passed over; allowed is {allowed}")
}

fn of_range(range: &RangeInclusive<u32>) -> String {
    format!("{} to {}", range.start(), range.end())
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

/// A plain number with at most two places behind the point, in hundredths; the range
/// is in whole ones.
fn hundredths(value: &str, range: &RangeInclusive<u32>) -> Option<u32> {
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let part = match part.len() {
        1 => number(part, &(0..=9))? * 10,
        2 => number(part, &(0..=99))?,
        _ => return None,
    };
    let number = number(whole, &(0..=*range.end()))? * 100 + part;
    (range.start() * 100..=range.end() * 100).contains(&number).then_some(number)
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

    /// The section of a trunk that the sample shows.
    const EXAMPLE: &str = "mytrunk";

    /// What a trunk's section of these lines makes of it.
    fn trunk(lines: &[(&str, &str)]) -> (TrunkSettings, Vec<String>) {
        let mut all = vec![line("type", TRUNK)];
        all.extend(lines.iter().map(|(option, value)| line(option, value)));
        let category = Category { name: EXAMPLE.to_owned(), lines: all };
        let (settings, warnings) = read(&[category], folder()).unwrap();
        (settings.dialer.trunks[EXAMPLE].clone(), warnings)
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
            let header = text.trim_start_matches(';');
            if let Some(name) = header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
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
        known.extend(
            TRUNK_OPTIONS.iter().map(|option| {
                (EXAMPLE.to_owned(), option.name.to_owned(), option.default.to_owned())
            }),
        );
        shown.sort();
        known.sort();
        assert_eq!(shown, known);
    }

    #[test]
    fn the_sample_with_all_its_options_set_is_the_default() {
        for (category, name, value) in sample() {
            if category == EXAMPLE {
                let (settings, warnings) = trunk(&[(name.as_str(), value.as_str())]);
                assert_eq!((settings, warnings), (TrunkSettings::default(), Vec::new()), "{name}");
                continue;
            }
            let (settings, warnings) = said(&category, &name, &value);
            assert_eq!(settings, Settings::defaults(folder()), "{name}");
            let is_moot = name.starts_with("event_time_");
            assert_eq!(warnings.is_empty(), !is_moot, "{name}: {warnings:?}");
        }
    }

    #[test]
    fn the_sample_names_what_numbers_are_allowed() {
        let general = OPTIONS.iter().filter_map(|option| match &option.kind {
            Kind::Number(range, _) | Kind::Decimal(range, _) => Some((option.name, range)),
            _ => None,
        });
        let trunks = TRUNK_OPTIONS.iter().filter_map(|option| match &option.kind {
            TrunkKind::Number(range, _) => Some((option.name, range)),
            _ => None,
        });
        for (name, range) in general.chain(trunks) {
            let allowed = format!("{}.", of_range(range));
            assert!(SAMPLE.contains(&allowed), "{name}: {allowed}");
        }
    }

    #[test]
    fn a_trunk_has_a_section() {
        let (settings, warnings) = trunk(&[
            ("max_dialings", "30"),
            ("calls_per_second", "5"),
            ("back_off", "no"),
            ("back_off_percent", "40"),
            ("back_off_probe", "10"),
        ]);
        let back_off = crate::pacing::BackOffSettings { is_on: false, percent: 40, probe_s: 10 };
        let wanted = TrunkSettings { max_dialings: Some(30), calls_per_second: Some(5), back_off };
        assert_eq!((settings, warnings), (wanted, Vec::new()));
        let (settings, warnings) = trunk(&[
            ("max_dialings", "many"),
            ("calls_per_second", "-1"),
            ("back_off", "perhaps"),
            ("flavour", "sweet"),
        ]);
        assert_eq!(settings, TrunkSettings::default());
        let passed = "is not allowed and is passed over; allowed is";
        let wanted = [
            format!("line 7: max_dialings = many {passed} 0 to 100000"),
            format!("line 7: calls_per_second = -1 {passed} 0 to 10000"),
            format!("line 7: back_off = perhaps {passed} yes or no"),
            format!("line 7: option flavour of [{EXAMPLE}] is not known"),
        ];
        assert_eq!(warnings, wanted);
    }

    #[test]
    fn a_section_of_another_type_is_none_of_a_trunk() {
        let of = |name: &str, kind: &str| {
            let lines = vec![line("type", kind), line("max_dialings", "3")];
            read(&[Category { name: name.to_owned(), lines }], folder()).unwrap()
        };
        let (settings, warnings) = of("kitchen", "endpoint");
        assert_eq!(warnings, ["category [kitchen] is not known"]);
        assert!(settings.dialer.trunks.is_empty());
        let (settings, warnings) = of(GENERAL, TRUNK);
        assert_eq!(warnings, ["line 7: option type of [general] is not known"]);
        assert_eq!((settings.dialer.max_dialings, settings.dialer.trunks.len()), (3, 0));
        let (settings, warnings) = of("a b", TRUNK);
        assert_eq!(warnings, ["category [a b] is not known: no trunk can be named so"]);
        assert!(settings.dialer.trunks.is_empty());
    }

    #[test]
    fn loads_are_decimal() {
        let load = |value| said(GENERAL, "max_load", value).0.dialer.reserves.max_load;
        assert_eq!(
            ["0", "0.0", "1.5", "12", "0.25"].map(load).map(|l| l.unwrap_or(0)),
            [0, 0, 150, 1_200, 25]
        );
        for wrong in ["", ".5", "1.", "1.234", "-1", "1e3", "1000.01", "1001", "many"] {
            let (_, warnings) = said(GENERAL, "max_load", wrong);
            assert!(warnings[0].ends_with("allowed is 0 to 1000, such as 1.5"), "{wrong}");
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
