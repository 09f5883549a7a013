//! When a campaign may dial by itself: calling days and the daily window.
//!
//! A day is a calling day if it is not among the except-dates and either is in
//! the date list, or lies within the date range and on one of the days of the
//! week. (With a date list and neither range nor days, only the list counts.)
//! On a calling day the window opens at its start and closes at its end; an end
//! that is not after the start is on the next day.

use super::{Change, Timestamp};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// How far ahead a window is looked for.
const HORIZON_DAYS: i32 = 400;

/// `ScMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScheduleMode {
    #[default]
    Off = 0,
    On = 1,
}

impl ScheduleMode {
    pub fn from_code(code: i64) -> Option<ScheduleMode> {
        [ScheduleMode::Off, ScheduleMode::On].into_iter().find(|mode| *mode as i64 == code)
    }
}

/// The schedule's values, as they were given. Each text is one that its
/// `parse_…` takes, or it does not restrict anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    pub mode: ScheduleMode,
    pub time_start: Option<String>,
    pub time_end: Option<String>,
    pub date_start: Option<String>,
    pub date_end: Option<String>,
    pub date_list: Option<String>,
    pub date_list_except: Option<String>,
    pub day_list: Option<String>,
    /// IANA name; without it the configuration's.
    pub time_zone: Option<String>,
}

/// What a create or an update says of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchedulePatch {
    pub mode: Change<ScheduleMode>,
    pub time_start: Change<String>,
    pub time_end: Change<String>,
    pub date_start: Change<String>,
    pub date_end: Change<String>,
    pub date_list: Change<String>,
    pub date_list_except: Change<String>,
    pub day_list: Change<String>,
    pub time_zone: Change<String>,
}

/// Whether a schedule's window is open at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Until then; `None`: it does not close within the next year.
    Open(Option<Timestamp>),
    /// It opens then; `None`: not within the next year, if ever.
    Closed(Option<Timestamp>),
}

impl Window {
    /// When it will be another one.
    pub fn ends_at(self) -> Option<Timestamp> {
        match self {
            Window::Open(at) | Window::Closed(at) => at,
        }
    }
}

impl Schedule {
    pub fn apply(&mut self, patch: SchedulePatch) {
        patch.mode.apply_or(&mut self.mode, ScheduleMode::Off);
        patch.time_start.apply_to(&mut self.time_start);
        patch.time_end.apply_to(&mut self.time_end);
        patch.date_start.apply_to(&mut self.date_start);
        patch.date_end.apply_to(&mut self.date_end);
        patch.date_list.apply_to(&mut self.date_list);
        patch.date_list_except.apply_to(&mut self.date_list_except);
        patch.day_list.apply_to(&mut self.day_list);
        patch.time_zone.apply_to(&mut self.time_zone);
    }

    /// Whether its values go together; if not, the header at fault and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let date = |text: &Option<String>| text.as_deref().and_then(parse_date);
        match date(&self.date_start).zip(date(&self.date_end)) {
            Some((first, last)) if last < first => {
                Err(("ScDateEnd", format!("{last} lies before ScDateStart, {first}")))
            }
            _ => Ok(()),
        }
    }

    pub fn is_on(&self) -> bool {
        self.mode == ScheduleMode::On
    }

    /// The time zone's name: its own, or the configuration's.
    pub fn zone<'a>(&'a self, default_zone: &'a str) -> &'a str {
        self.time_zone.as_deref().unwrap_or(default_zone)
    }

    /// Whether the window is open, by the clocks of the schedule's time zone.
    /// Without a time zone that is known, it is closed.
    pub fn window(&self, default_zone: &str, now: Timestamp) -> Window {
        let Some(zone) = parse_time_zone(self.zone(default_zone)) else {
            return Window::Closed(None);
        };
        Calendar::of(self, zone).window(now)
    }
}

/// A schedule as dates and times.
struct Calendar {
    zone: TimeZone,
    first: Option<Date>,
    last: Option<Date>,
    dates: Option<Vec<Date>>,
    except: Vec<Date>,
    days: Option<Vec<Weekday>>,
    opens: Time,
    /// `None`: at midnight, when the day ends.
    closes: Option<Time>,
}

impl Calendar {
    fn of(schedule: &Schedule, zone: TimeZone) -> Calendar {
        let date = |text: &Option<String>| text.as_deref().and_then(parse_date);
        let time = |text: &Option<String>| text.as_deref().and_then(parse_time);
        let dates = |text: &Option<String>| text.as_deref().and_then(parse_dates);
        let closes = time(&schedule.time_end);
        Calendar {
            zone,
            first: date(&schedule.date_start),
            last: date(&schedule.date_end),
            dates: dates(&schedule.date_list),
            except: dates(&schedule.date_list_except).unwrap_or_default(),
            days: schedule.day_list.as_deref().and_then(parse_days),
            opens: time(&schedule.time_start).unwrap_or(Time::midnight()),
            // The last second that can be written means the end of the day.
            closes: closes.filter(|end| *end != Time::constant(23, 59, 59, 0)),
        }
    }

    fn is_calling_day(&self, day: Date) -> bool {
        if self.except.contains(&day) {
            return false;
        }
        if let Some(dates) = &self.dates {
            let restricted = self.first.is_some() || self.last.is_some() || self.days.is_some();
            if dates.contains(&day) || !restricted {
                return dates.contains(&day);
            }
        }
        self.first.is_none_or(|first| first <= day)
            && self.last.is_none_or(|last| day <= last)
            && self.days.as_ref().is_none_or(|days| days.contains(&day.weekday()))
    }

    /// When the window of a calling day opens and closes. A clock time that a
    /// change to summer time leaves out is as much later; one that is there twice
    /// is the first.
    fn window_of(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.is_calling_day(day) {
            return None;
        }
        let next_day = day.checked_add(1.day()).ok()?;
        let (last_day, closes) = match self.closes {
            None => (next_day, Time::midnight()),
            Some(closes) if closes <= self.opens => (next_day, closes),
            Some(closes) => (day, closes),
        };
        Some((self.at(day, self.opens)?, self.at(last_day, closes)?))
    }

    fn at(&self, day: Date, time: Time) -> Option<Timestamp> {
        let at = day.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        i64::try_from(at.timestamp().as_nanosecond()).ok().map(Timestamp)
    }

    /// Windows that touch are one.
    fn window(&self, now: Timestamp) -> Window {
        let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(now.0)) else {
            return Window::Closed(None);
        };
        let today = instant.to_zoned(self.zone.clone()).date();
        let mut open_until = None;
        // Yesterday's window may reach into today.
        for ahead in -1..HORIZON_DAYS {
            let Ok(day) = today.checked_add(Span::new().days(ahead)) else { break };
            let window = self.window_of(day);
            match (open_until, window) {
                (None, Some((opens, _))) if opens > now => return Window::Closed(Some(opens)),
                (None, Some((_, closes))) if closes > now => open_until = Some(closes),
                (Some(until), Some((opens, closes))) if opens <= until => {
                    open_until = Some(closes.max(until));
                }
                // A window that ends after midnight may be touched by the day after the next.
                (Some(until), Some(_)) => return Window::Open(Some(until)),
                (Some(until), None)
                    if self.at(day, Time::midnight()).is_none_or(|at| at > until) =>
                {
                    return Window::Open(Some(until));
                }
                _ => {}
            }
        }
        match open_until {
            Some(_) => Window::Open(None),
            None => Window::Closed(None),
        }
    }
}

/// `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// `hh:mm:ss`, 00:00:00 to 23:59:59.
pub fn parse_time(text: &str) -> Option<Time> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text.as_bytes() else { return None };
    let two = |tens: &u8, ones: &u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| (tens - b'0') as i8 * 10 + (ones - b'0') as i8)
    };
    Time::new(two(h1, h2)?, two(m1, m2)?, two(s1, s2)?, 0).ok()
}

/// Dates, separated by commas.
pub fn parse_dates(text: &str) -> Option<Vec<Date>> {
    text.split(',').map(|date| parse_date(date.trim())).collect()
}

/// Days of the week, 0 (Sunday) to 6, separated by commas.
pub fn parse_days(text: &str) -> Option<Vec<Weekday>> {
    let day = |text: &str| match text.as_bytes() {
        [digit @ b'0'..=b'6'] => Weekday::from_sunday_zero_offset((digit - b'0') as i8).ok(),
        _ => None,
    };
    text.split(',').map(|text| day(text.trim())).collect()
}

/// A zone of the IANA time zone database, such as `Europe/Berlin`.
pub fn parse_time_zone(name: &str) -> Option<TimeZone> {
    // Known without a look into the database, which stays in memory.
    if name.eq_ignore_ascii_case("UTC") {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().expect("a time");
        Timestamp(at.as_nanosecond() as i64)
    }

    fn schedule(values: &[(&str, &str)]) -> Schedule {
        let mut schedule = Schedule { mode: ScheduleMode::On, ..Schedule::default() };
        for (name, value) in values {
            let place = match *name {
                "from" => &mut schedule.time_start,
                "to" => &mut schedule.time_end,
                "first" => &mut schedule.date_start,
                "last" => &mut schedule.date_end,
                "dates" => &mut schedule.date_list,
                "except" => &mut schedule.date_list_except,
                "days" => &mut schedule.day_list,
                "zone" => &mut schedule.time_zone,
                other => panic!("{other}"),
            };
            *place = Some((*value).to_owned());
        }
        schedule
    }

    fn open(until: &str) -> Window {
        Window::Open(Some(at(until)))
    }

    fn closed(until: &str) -> Window {
        Window::Closed(Some(at(until)))
    }

    #[test]
    fn windows() {
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, Window);
        let office: &[_] = &[("from", "09:00:00"), ("to", "17:00:00")];
        let night: &[_] = &[("from", "22:00:00"), ("to", "06:00:00")];
        let table: &[Row] = &[
            // No restriction at all.
            (&[], "2026-11-21T12:00:00Z", Window::Open(None)),
            // The daily window; its end is no part of it.
            (office, "2026-11-21T08:59:59Z", closed("2026-11-21T09:00:00Z")),
            (office, "2026-11-21T09:00:00Z", open("2026-11-21T17:00:00Z")),
            (office, "2026-11-21T16:59:59Z", open("2026-11-21T17:00:00Z")),
            (office, "2026-11-21T17:00:00Z", closed("2026-11-22T09:00:00Z")),
            // Only one end of it.
            (&[("from", "09:00:00")], "2026-11-21T23:59:59Z", open("2026-11-22T00:00:00Z")),
            (&[("to", "06:00:00")], "2026-11-21T07:00:00Z", closed("2026-11-22T00:00:00Z")),
            (
                &[("from", "09:00:00"), ("to", "23:59:59")],
                "2026-11-21T23:59:59Z",
                open("2026-11-22T00:00:00Z"),
            ),
            (
                &[("from", "00:00:00"), ("to", "23:59:59")],
                "2026-11-21T12:00:00Z",
                Window::Open(None),
            ),
            // Over midnight: the day that counts is the one on which it opens.
            (night, "2026-11-21T23:00:00Z", open("2026-11-22T06:00:00Z")),
            (night, "2026-11-21T05:00:00Z", open("2026-11-21T06:00:00Z")),
            (night, "2026-11-21T12:00:00Z", closed("2026-11-21T22:00:00Z")),
            (
                &[("from", "22:00:00"), ("to", "06:00:00"), ("dates", "2026-11-21")],
                "2026-11-22T05:00:00Z",
                open("2026-11-22T06:00:00Z"),
            ),
            (
                &[("from", "22:00:00"), ("to", "06:00:00"), ("dates", "2026-11-21")],
                "2026-11-21T05:00:00Z",
                closed("2026-11-21T22:00:00Z"),
            ),
            // The same time at both ends: a whole day.
            (
                &[("from", "08:00:00"), ("to", "08:00:00"), ("dates", "2026-11-21")],
                "2026-11-22T07:59:59Z",
                open("2026-11-22T08:00:00Z"),
            ),
            // A date range.
            (&[("first", "2026-11-22")], "2026-11-21T12:00:00Z", closed("2026-11-22T00:00:00Z")),
            (&[("last", "2026-11-21")], "2026-11-21T12:00:00Z", open("2026-11-22T00:00:00Z")),
            (&[("last", "2026-11-20")], "2026-11-21T12:00:00Z", Window::Closed(None)),
            // Days of the week: 2026-11-21 is a Saturday.
            (&[("days", "1,2,3,4,5")], "2026-11-21T12:00:00Z", closed("2026-11-23T00:00:00Z")),
            (&[("days", "6, 0")], "2026-11-21T12:00:00Z", open("2026-11-23T00:00:00Z")),
            // A list alone is all there is.
            (
                &[("dates", "2026-11-21, 2026-11-23")],
                "2026-11-21T12:00:00Z",
                open("2026-11-22T00:00:00Z"),
            ),
            (
                &[("dates", "2026-11-21, 2026-11-23")],
                "2026-11-22T12:00:00Z",
                closed("2026-11-23T00:00:00Z"),
            ),
            // With days or a range it adds to them, and the daily window holds for it as well.
            (
                &[("dates", "2026-11-21"), ("days", "1"), ("from", "09:00:00"), ("to", "10:00:00")],
                "2026-11-21T09:30:00Z",
                open("2026-11-21T10:00:00Z"),
            ),
            (
                &[("dates", "2026-11-21"), ("days", "1"), ("from", "09:00:00"), ("to", "10:00:00")],
                "2026-11-21T10:30:00Z",
                closed("2026-11-23T09:00:00Z"),
            ),
            // Except-dates win over everything.
            (
                &[("dates", "2026-11-21"), ("except", "2026-11-21")],
                "2026-11-21T12:00:00Z",
                Window::Closed(None),
            ),
            (&[("except", "2026-11-21")], "2026-11-21T12:00:00Z", closed("2026-11-22T00:00:00Z")),
        ];
        for (values, now, window) in table {
            assert_eq!(schedule(values).window("UTC", at(now)), *window, "{values:?} at {now}");
        }
    }

    #[test]
    fn clocks_of_the_time_zone() {
        let office: &[_] = &[("from", "09:00:00"), ("to", "17:00:00"), ("zone", "Europe/Berlin")];
        // The clocks go forward on 2026-03-29 and back on 2026-10-25.
        let table = [
            ("2026-03-28T07:59:59Z", closed("2026-03-28T08:00:00Z")),
            ("2026-03-28T20:00:00Z", closed("2026-03-29T07:00:00Z")),
            ("2026-03-29T07:00:00Z", open("2026-03-29T15:00:00Z")),
            ("2026-10-24T20:00:00Z", closed("2026-10-25T08:00:00Z")),
            ("2026-10-25T08:00:00Z", open("2026-10-25T16:00:00Z")),
        ];
        for (now, window) in table {
            assert_eq!(schedule(office).window("UTC", at(now)), window, "{now}");
        }
        let utc = schedule(&office[..2]);
        assert_eq!(utc.window("UTC", at("2026-03-29T08:30:00Z")), closed("2026-03-29T09:00:00Z"));
        let by_default = utc.window("America/New_York", at("2026-03-29T15:00:00Z"));
        assert_eq!(by_default, open("2026-03-29T21:00:00Z"));
    }

    #[test]
    fn hours_that_are_left_out_or_there_twice() {
        // 02:30 is not there on 2026-03-29, and there twice on 2026-10-25.
        let night: &[_] = &[("from", "02:30:00"), ("to", "04:00:00"), ("zone", "Europe/Berlin")];
        let table = [
            ("2026-03-29T00:00:00Z", closed("2026-03-29T01:30:00Z")),
            ("2026-03-29T01:30:00Z", open("2026-03-29T02:00:00Z")),
            ("2026-10-25T00:00:00Z", closed("2026-10-25T00:30:00Z")),
            ("2026-10-25T01:30:00Z", open("2026-10-25T03:00:00Z")),
        ];
        for (now, window) in table {
            assert_eq!(schedule(night).window("UTC", at(now)), window, "{now}");
        }
        // One that lies within what is left out keeps its length.
        let moved =
            schedule(&[("from", "02:10:00"), ("to", "02:10:01"), ("zone", "Europe/Berlin")]);
        assert_eq!(moved.window("UTC", at("2026-03-29T01:10:00Z")), open("2026-03-29T01:10:01Z"));
    }

    #[test]
    fn a_time_zone_that_is_not_known_is_never_open() {
        let nowhere = schedule(&[("zone", "Mars/Olympus")]);
        assert_eq!(nowhere.window("UTC", at("2026-11-21T12:00:00Z")), Window::Closed(None));
    }

    #[test]
    fn texts() {
        assert!(parse_time("23:59:59").is_some());
        for text in ["24:00:00", "9:00:00", "09:00", "09:00:60", "09:00:0a", "+9:00:00", ""] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert!(parse_date("2024-02-29").is_some());
        for text in ["2026-02-29", "2026-2-1", "20260201", "2026-02-01 ", "", "2026-02-01T"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(parse_days("0, 6").map(|days| days.len()), Some(2));
        for text in ["", "7", "1,,2", "-1", "12"] {
            assert_eq!(parse_days(text), None, "{text}");
        }
        assert!(parse_time_zone("Europe/Berlin").is_some());
        for name in ["", "Berlin", "../etc/passwd", "Etc/Unknown"] {
            assert_eq!(parse_time_zone(name), None, "{name}");
        }
    }
}
