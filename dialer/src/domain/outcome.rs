//! What somebody at the call says became of it: an agent's script, a desktop.

use super::{Change, Disposition, Timestamp};
use crate::limits::CALL_BACK_AHEAD;
use std::time::Duration;

/// What a call is to count as, whatever the network says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub disposition: Disposition,
    /// When to call back; `None`: after the plan's `RetryDelay`. Only of a call-back.
    pub call_back_at: Option<Timestamp>,
}

/// When to call back, as somebody said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallBackTime {
    At(Timestamp),
    /// From now on.
    In(Duration),
}

/// What is said of an outcome. A time implies a call-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutcomePatch {
    pub disposition: Change<Disposition>,
    pub call_back_at: Change<CallBackTime>,
}

/// Why an outcome cannot be as it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeFault {
    /// A time to call back of something that is no call-back.
    TimeWithoutCallBack(Disposition),
    /// The time is over, or too far away.
    Time(String),
}

impl Outcome {
    /// What comes of `before` when something new is said; `None`: nothing is said any more.
    pub fn after(
        before: Option<Outcome>,
        patch: &OutcomePatch,
        now: Timestamp,
    ) -> Result<Option<Outcome>, OutcomeFault> {
        let said = match patch.disposition {
            Change::Keep => before.map(|outcome| outcome.disposition),
            Change::Clear => None,
            Change::Set(disposition) => Some(disposition),
        };
        let call_back_at = match patch.call_back_at {
            Change::Set(time) => {
                let is_other = |d: &Disposition| *d != Disposition::CallBack;
                if let Some(other) = patch.disposition.value().copied().filter(is_other) {
                    return Err(OutcomeFault::TimeWithoutCallBack(other));
                }
                let call_back_at = Some(time.from(now)?);
                return Ok(Some(Outcome { disposition: Disposition::CallBack, call_back_at }));
            }
            Change::Clear => None,
            Change::Keep => before.and_then(|outcome| outcome.call_back_at),
        };
        Ok(said.map(|disposition| Outcome {
            disposition,
            call_back_at: call_back_at.filter(|_| disposition == Disposition::CallBack),
        }))
    }
}

impl CallBackTime {
    fn from(self, now: Timestamp) -> Result<Timestamp, OutcomeFault> {
        let at = match self {
            CallBackTime::At(at) => at,
            CallBackTime::In(span) => now + span,
        };
        let last = now + CALL_BACK_AHEAD;
        if at > now && at <= last {
            return Ok(at);
        }
        Err(OutcomeFault::Time(format!(
            "{at} is not allowed; allowed is a time after {now} and not after {last}"
        )))
    }

    /// `+SECONDS`, or RFC 3339 such as `2026-11-21T15:30:00+01:00`.
    pub fn parse(text: &str) -> Option<CallBackTime> {
        if let Some(seconds) = text.strip_prefix('+') {
            let is_number = seconds.bytes().all(|byte| byte.is_ascii_digit());
            let seconds = is_number.then(|| seconds.parse().ok()).flatten()?;
            return Some(CallBackTime::In(Duration::from_secs(seconds)));
        }
        let time: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok().map(|nanos| CallBackTime::At(Timestamp(nanos)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

    fn said(disposition: Change<Disposition>, call_back_at: Change<CallBackTime>) -> OutcomePatch {
        OutcomePatch { disposition, call_back_at }
    }

    fn seconds(s: u64) -> CallBackTime {
        CallBackTime::In(Duration::from_secs(s))
    }

    #[test]
    fn a_later_word_changes_an_earlier_one() {
        use Change::{Clear, Keep, Set};
        use Disposition::{CallBack, DoNotCall};
        let at = |s| Some(NOW + Duration::from_secs(s));
        let call_back = |call_back_at| Some(Outcome { disposition: CallBack, call_back_at });
        let do_not_call = Some(Outcome { disposition: DoNotCall, call_back_at: None });
        let table = [
            (None, said(Set(DoNotCall), Keep), do_not_call),
            (None, said(Set(CallBack), Keep), call_back(None)),
            (None, said(Keep, Set(seconds(60))), call_back(at(60))),
            (None, said(Set(CallBack), Set(seconds(60))), call_back(at(60))),
            (None, said(Keep, Clear), None),
            // The time stays when it is said again that it is a call-back.
            (call_back(at(60)), said(Set(CallBack), Keep), call_back(at(60))),
            (call_back(at(60)), said(Keep, Set(seconds(90))), call_back(at(90))),
            (call_back(at(60)), said(Keep, Clear), call_back(None)),
            (call_back(at(60)), said(Clear, Keep), None),
            (call_back(at(60)), said(Set(DoNotCall), Keep), do_not_call),
            (do_not_call, said(Keep, Set(seconds(60))), call_back(at(60))),
            (do_not_call, said(Clear, Keep), None),
        ];
        for (before, patch, after) in table {
            assert_eq!(Outcome::after(before, &patch, NOW), Ok(after), "{before:?} {patch:?}");
        }
        let both = said(Set(DoNotCall), Set(seconds(60)));
        let fault = OutcomeFault::TimeWithoutCallBack(DoNotCall);
        assert_eq!(Outcome::after(None, &both, NOW), Err(fault));
    }

    #[test]
    fn a_call_back_lies_ahead_and_not_too_far() {
        let days = |d: u64| seconds(d * 86_400);
        for good in [seconds(1), days(30), CallBackTime::At(Timestamp(NOW.0 + 1))] {
            let patch = said(Change::Keep, Change::Set(good));
            assert!(Outcome::after(None, &patch, NOW).is_ok(), "{good:?}");
        }
        for bad in [seconds(0), days(31), CallBackTime::At(NOW), CallBackTime::At(Timestamp(5))] {
            let patch = said(Change::Keep, Change::Set(bad));
            let fault = Outcome::after(None, &patch, NOW);
            assert!(matches!(fault, Err(OutcomeFault::Time(_))), "{bad:?}: {fault:?}");
        }
    }

    #[test]
    fn times_in_words() {
        assert_eq!(CallBackTime::parse("+90"), Some(seconds(90)));
        let at = Some(CallBackTime::At(NOW));
        assert_eq!(CallBackTime::parse("2023-11-14T22:13:20Z"), at);
        assert_eq!(CallBackTime::parse("2023-11-14T23:13:20+01:00"), at);
        for bad in
            ["", "+", "+-5", "+1.5", "90", "tomorrow", "2023-11-14", "2023-11-14T22:13:20", "+1 h"]
        {
            assert_eq!(CallBackTime::parse(bad), None, "{bad}");
        }
    }
}
