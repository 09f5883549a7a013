//! The ledger: what came of a campaign's calls, day by day.

use super::{parse_time_zone, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;
use std::collections::BTreeMap;
use std::fmt;

/// Days over which the share of abandoned calls is watched, today among them.
pub const LEDGER_DAYS: i32 = 30;

/// Days that are remembered: more than are watched, so that none is lost to a clock
/// that was wrong for a while.
const KEPT: usize = 2 * LEDGER_DAYS as usize;

/// A day of the calendar, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Day(pub i32);

/// The day that [`Day`] counts from.
const FIRST: Date = Date::constant(1970, 1, 1);

impl Day {
    /// The day by the clocks of a time zone; of one that is not known, in UTC.
    pub fn of(at: Timestamp, zone: &str) -> Day {
        let zone = parse_time_zone(zone).unwrap_or(TimeZone::UTC);
        let instant = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default();
        let date = instant.to_zoned(zone).date();
        Day(FIRST.until(date).map_or(0, |span| span.get_days()))
    }

    /// When the day ends by the clocks of a time zone; of one that is not known, in UTC.
    pub fn end(self, zone: &str) -> Timestamp {
        let zone = parse_time_zone(zone).unwrap_or(TimeZone::UTC);
        let next = FIRST.checked_add((i64::from(self.0) + 1).days());
        let start = next.and_then(|date| date.to_zoned(zone));
        let nanos = start.map(|at| at.timestamp().as_nanosecond());
        Timestamp(nanos.ok().and_then(|nanos| i64::try_from(nanos).ok()).unwrap_or(i64::MAX))
    }
}

/// `2026-11-21`
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match FIRST.checked_add(self.0.days()) {
            Ok(date) => date.fmt(f),
            Err(_) => self.0.fmt(f),
        }
    }
}

/// What is counted of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A number was dialled.
    Dialed,
    /// A person answered.
    Answered,
    /// A machine answered.
    Machine,
    /// A person who had answered was abandoned.
    Abandoned,
    /// Who was counted as a person was a machine.
    FalsePerson,
    /// Who was counted as abandoned was not: an agent was in time, or it was a machine.
    NotAbandoned,
}

/// What came of one campaign's calls on one day, or on several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayFigures {
    /// The day, or the last one of several.
    pub day: Day,
    pub dialed: u64,
    /// People; those who were abandoned are among them.
    pub answered: u64,
    pub machines: u64,
    pub abandoned: u64,
}

impl DayFigures {
    pub fn of(day: Day) -> DayFigures {
        DayFigures { day, ..DayFigures::default() }
    }

    fn add(&mut self, other: &DayFigures) {
        self.dialed += other.dialed;
        self.answered += other.answered;
        self.machines += other.machines;
        self.abandoned += other.abandoned;
    }

    /// Abandoned of all people who answered, in hundredths of a percent, rounded.
    pub fn abandon_rate(&self) -> u32 {
        let abandoned = self.abandoned.min(self.answered);
        let rate = (u128::from(abandoned) * 20_000 + u128::from(self.answered))
            .checked_div(2 * u128::from(self.answered));
        // At most 10,000.
        rate.and_then(|rate| u32::try_from(rate).ok()).unwrap_or(0)
    }
}

/// One campaign's last [`LEDGER_DAYS`] days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    days: BTreeMap<Day, DayFigures>,
}

impl Ledger {
    /// Takes over a day's figures as they were kept.
    pub fn put(&mut self, figures: DayFigures) {
        self.days.insert(figures.day, figures);
    }

    /// Counts once, and gives what the day has come to. Days that are long past are
    /// forgotten.
    pub fn count(&mut self, day: Day, counted: Counted) -> DayFigures {
        if self.days.len() >= KEPT && !self.days.contains_key(&day) {
            let farthest = self.days.keys().max_by_key(|known| known.0.abs_diff(day.0)).copied();
            farthest.and_then(|farthest| self.days.remove(&farthest));
        }
        let figures = self.days.entry(day).or_insert(DayFigures::of(day));
        let place = match counted {
            Counted::Dialed => &mut figures.dialed,
            Counted::Answered => &mut figures.answered,
            Counted::Machine | Counted::FalsePerson => &mut figures.machines,
            Counted::Abandoned | Counted::NotAbandoned => &mut figures.abandoned,
        };
        match counted {
            Counted::NotAbandoned => *place = place.saturating_sub(1),
            _ => *place += 1,
        }
        if counted == Counted::FalsePerson {
            figures.answered = figures.answered.saturating_sub(1);
        }
        *figures
    }

    /// What a day has come to.
    pub fn day(&self, day: Day) -> DayFigures {
        self.days.get(&day).copied().unwrap_or(DayFigures::of(day))
    }

    /// What the [`LEDGER_DAYS`] days up to this one have come to.
    pub fn days_up_to(&self, last: Day) -> DayFigures {
        let first = Day(last.0.saturating_sub(LEDGER_DAYS - 1));
        let mut sum = DayFigures::of(last);
        self.days.range(first..=last).for_each(|(_, figures)| sum.add(figures));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    #[test]
    fn days_are_those_of_the_time_zone() {
        let late = Timestamp(1_795_217_400_000_000_000);
        assert_eq!(late.to_string(), "2026-11-20T23:30:00.000000000Z");
        assert_eq!(Day::of(late, "UTC").to_string(), "2026-11-20");
        assert_eq!(Day::of(late, "Europe/Berlin").to_string(), "2026-11-21");
        assert_eq!(Day::of(late, "America/New_York").to_string(), "2026-11-20");
        assert_eq!(Day::of(late, "Nowhere/City"), Day::of(late, "UTC"));
        assert_eq!(Day::of(Timestamp(0), "UTC"), Day(0));
        assert_eq!(Day::of(Timestamp(-HOUR), "UTC"), Day(-1));
        assert_eq!(Day(-1).to_string(), "1969-12-31");
    }

    #[test]
    fn a_day_ends_at_midnight_also_when_clocks_change() {
        let at = Timestamp(1_792_800_000_000_000_000);
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"] {
            for day in 0..5 {
                let at = Timestamp(at.0 + day * 24 * HOUR);
                let day = Day::of(at, zone);
                let end = day.end(zone);
                assert_eq!(Day::of(end, zone), Day(day.0 + 1), "{zone}");
                assert_eq!(Day::of(Timestamp(end.0 - 1), zone), day, "{zone}");
            }
        }
    }

    fn answered_and_abandoned(ledger: &mut Ledger, day: i32, answered: u64, abandoned: u64) {
        for _ in 0..answered {
            ledger.count(Day(day), Counted::Answered);
        }
        for _ in 0..abandoned {
            ledger.count(Day(day), Counted::Abandoned);
        }
    }

    #[test]
    fn rates_of_a_day_and_of_thirty() {
        let mut ledger = Ledger::default();
        answered_and_abandoned(&mut ledger, 100, 3, 1);
        answered_and_abandoned(&mut ledger, 129, 97, 2);
        assert_eq!(ledger.day(Day(100)).abandon_rate(), 3_333);
        assert_eq!(ledger.day(Day(129)).abandon_rate(), 206);
        assert_eq!(ledger.days_up_to(Day(129)).abandon_rate(), 300);
        assert_eq!(ledger.days_up_to(Day(130)).answered, 97, "the first day is too old");
        assert_eq!(ledger.days_up_to(Day(128)).answered, 3, "what comes later does not count");
        assert_eq!(ledger.day(Day(101)), DayFigures::of(Day(101)));
        assert_eq!(ledger.day(Day(101)).abandon_rate(), 0);
    }

    #[test]
    fn old_days_are_forgotten_but_none_because_the_clock_was_wrong() {
        let mut ledger = Ledger::default();
        ledger.put(DayFigures { dialed: 7, ..DayFigures::of(Day(100)) });
        for day in [9_000, 100, 101] {
            ledger.count(Day(day), Counted::Dialed);
        }
        assert_eq!(ledger.days_up_to(Day(101)).dialed, 9);
        for day in 102..200 {
            ledger.count(Day(day), Counted::Machine);
        }
        assert_eq!(ledger.days.len(), KEPT);
        assert_eq!(ledger.days.first_key_value().map(|(day, _)| *day), Some(Day(140)));
        assert_eq!(ledger.days_up_to(Day(199)).machines, 30);
    }

    #[test]
    fn a_rate_is_never_more_than_all() {
        let figures = DayFigures { answered: 1, abandoned: 2, ..DayFigures::default() };
        assert_eq!(figures.abandon_rate(), 10_000);
        let figures = DayFigures { answered: u64::MAX, abandoned: 1, ..DayFigures::default() };
        assert_eq!(figures.abandon_rate(), 0);
    }
}
