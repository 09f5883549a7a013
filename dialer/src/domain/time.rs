//! Points in time: whole nanoseconds since 1970, UTC.

use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// A point in time, in nanoseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How long from `earlier` to this; nothing if it lies before.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Timestamp {
    /// With the clocks of a time zone: `2026-11-21T09:00:00+01:00[Europe/Berlin]`; of
    /// one that is not known, in UTC.
    pub fn in_zone(self, zone: &str) -> String {
        let zoned = jiff::Timestamp::from_nanosecond(i128::from(self.0))
            .and_then(|time| time.in_tz(zone))
            .map(|time| time.to_string());
        zoned.unwrap_or_else(|_| self.to_string())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        let nanos = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(nanos))
    }
}

/// `2016-10-22T12:45:58.068877001Z`: RFC 3339 in UTC with nine digits. Written digit
/// by digit, because there is hardly a message without one.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(time) = jiff::Timestamp::from_nanosecond(i128::from(self.0)) else {
            return write!(f, "{}", self.0);
        };
        let time = jiff::tz::Offset::UTC.to_datetime(time);
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let mut put = |at: std::ops::Range<usize>, mut number: i64| {
            for digit in text[at].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(0..4, time.year().into());
        put(5..7, time.month().into());
        put(8..10, time.day().into());
        put(11..13, time.hour().into());
        put(14..16, time.minute().into());
        put(17..19, time.second().into());
        put(20..29, time.subsec_nanosecond().into());
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// As its text.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// When an object was made, last changed and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    pub create: Timestamp,
    pub update: Option<Timestamp>,
    pub delete: Option<Timestamp>,
}

impl Stamps {
    /// Of an object that is made now.
    pub fn new(now: Timestamp) -> Stamps {
        Stamps { create: now, update: None, delete: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_nine_digits() {
        assert_eq!(
            Timestamp(1_477_140_358_068_877_001).to_string(),
            "2016-10-22T12:45:58.068877001Z"
        );
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(Timestamp(1).to_string(), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Timestamp(i64::MAX).to_string(), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(Timestamp(i64::MIN).to_string(), "1677-09-21T00:12:43.145224192Z");
    }

    #[test]
    fn sums_do_not_overflow() {
        assert_eq!(Timestamp(i64::MAX) + Duration::from_secs(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
