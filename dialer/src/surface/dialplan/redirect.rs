//! Where a call's dialplan wants it to go on: `OUTBOUND(redirect)`.

use super::{Place, Result};
use crate::dialer::Refusal;
use crate::domain::{Change, Route};
use crate::limits::PRIORITY;
use crate::surface::ami::Fields;

/// What a value has to be.
const FORMS: &str = "exten, or context,exten, or context,exten,priority";

/// Reads where to; `None` for an empty value, which takes it back.
pub fn read(value: &[u8], place: &Place<'_>) -> Result<Option<Route>> {
    if !place.may_redirect {
        let reason = "can be set in calls of a plan with DialMode 5 (redirect) only";
        return Err(Refusal::of("redirect", reason));
    }
    if value.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
    let here = place.context.as_bytes();
    let (context, exten, priority) = match parts[..] {
        [exten] => (here, exten, &b"1"[..]),
        [context, exten] => (context, exten, &b"1"[..]),
        [context, exten, priority] => (context, exten, priority),
        _ => {
            let reason = format!("{} parts are too many; allowed is {FORMS}", parts.len());
            return Err(Refusal::of("redirect", reason));
        }
    };
    let headers = [(&b"Context"[..], context), (b"Exten", exten), (b"Priority", priority)];
    let fields = Fields::new(&headers);
    let missing = |name| Refusal::of(name, format!("is missing; allowed is {FORMS}"));
    let token = |name, also| match fields.token(name, also)? {
        Change::Set(text) => Ok(text),
        _ => Err(missing(name)),
    };
    let (context, exten) = (token("Context", "_-.")?, token("Exten", "_-+*#.")?);
    match fields.number("Priority", PRIORITY)? {
        Change::Set(priority) => Ok(Some(Route::Extension { context, exten, priority })),
        _ => Err(missing("Priority")),
    }
}

/// As [`read`] takes it.
pub fn written(route: &Route) -> String {
    match route {
        Route::Extension { context, exten, priority } => format!("{context},{exten},{priority}"),
        Route::Application { .. } => String::new(),
    }
}
