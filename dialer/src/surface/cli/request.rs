//! Words to requests.

use super::commands::Does;
use super::{kind, Command, Kind};
use crate::dialer::Refusal;
use crate::domain::StatusRequest;
use crate::limits::{SHOW_COUNT, SHOW_COUNT_DEFAULT};
use crate::surface::ami::Action;

/// Headers of an action with their values.
pub(super) type Headers = Vec<(&'static str, String)>;

/// What somebody asks for. Objects are still called as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Help,
    Status,
    Previews,
    All(Kind),
    One(Kind, String),
    Targets { list: String, most: u32 },
    Explain(String),
    Create(Kind, Vec<(&'static str, String)>),
    Update(Kind, String, Vec<(&'static str, String)>),
    Delete(Kind, String),
    SetStatus(StatusRequest, String),
    Reset(String, Vec<(&'static str, String)>),
    Import(String, Vec<(&'static str, String)>),
    Export(String, Vec<(&'static str, String)>),
}

/// Why words are no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Too few or too many.
    Usage,
    Refused(Refusal),
}

impl From<Refusal> for Wrong {
    fn from(why: Refusal) -> Wrong {
        Wrong::Refused(why)
    }
}

type Result<T> = std::result::Result<T, Wrong>;

/// Words of `out set status`.
pub(super) const STATUSES: [(&str, StatusRequest); 7] = [
    ("start", StatusRequest::Start),
    ("starting", StatusRequest::Start),
    ("stop", StatusRequest::Stop),
    ("stopping", StatusRequest::Stop),
    ("pause", StatusRequest::Pause),
    ("pausing", StatusRequest::Pause),
    ("kill", StatusRequest::StopForcedly),
];

/// What the places of `out create campaign` stand for.
const PLACES: [&str; 5] = ["Name", "Plan", "Dlma", "Dest", "Detail"];

/// The request of a command with the words that follow its own.
///
/// # Errors
///
/// If the words are not what the command takes.
pub fn parse(command: &Command, words: &[String]) -> Result<Request> {
    let none = |request| if words.is_empty() { Ok(request) } else { Err(Wrong::Usage) };
    let one = || match words {
        [object] if !object.is_empty() => Ok(object.clone()),
        _ => Err(Wrong::Usage),
    };
    match command.does {
        Does::Help => none(Request::Help),
        Does::ShowStatus => none(Request::Status),
        Does::ShowPreviews => none(Request::Previews),
        Does::ShowAll(kind) => none(Request::All(kind)),
        Does::ShowOne(kind) => Ok(Request::One(kind, one()?)),
        Does::Explain => Ok(Request::Explain(one()?)),
        Does::Delete(kind) => Ok(Request::Delete(kind, one()?)),
        Does::ShowTargets => targets(words),
        Does::Create(kind) => create(kind, words),
        Does::Update(kind) => update(kind, words),
        Does::SetStatus => set_status(words),
        Does::Reset => reset(words),
        Does::Import => {
            let (list, headers) = bulk(command, "from", words)?;
            Ok(Request::Import(list, headers))
        }
        Does::Export => {
            let (list, headers) = bulk(command, "to", words)?;
            Ok(Request::Export(list, headers))
        }
    }
}

fn targets(words: &[String]) -> Result<Request> {
    let (list, most) = match words {
        [list] => (list, SHOW_COUNT_DEFAULT),
        [list, count] => (list, number(count)?),
        _ => return Err(Wrong::Usage),
    };
    Ok(Request::Targets { list: list.clone(), most })
}

fn number(count: &str) -> Result<u32> {
    let is_number = count.bytes().all(|byte| byte.is_ascii_digit());
    let number = count.parse().ok().filter(|number| is_number && SHOW_COUNT.contains(number));
    let allowed = || format!("{} to {}", SHOW_COUNT.start(), SHOW_COUNT.end());
    number.ok_or_else(|| not_allowed("COUNT", count, &allowed()))
}

fn not_allowed(what: &'static str, word: &str, allowed: &str) -> Wrong {
    let reason = format!("'{}' is not allowed; allowed is {allowed}", short(word));
    Wrong::Refused(Refusal::of(what, reason))
}

/// As much of a word as a message repeats.
fn short(word: &str) -> String {
    word.chars().take(40).collect()
}

fn create(kind: Kind, words: &[String]) -> Result<Request> {
    let placed = match kind {
        Kind::Campaign => words.iter().take_while(|word| !is_header(word)).count(),
        _ if words.is_empty() => return Err(Wrong::Usage),
        _ => 0,
    };
    if placed > PLACES.len() {
        return Err(Wrong::Usage);
    }
    let in_places = PLACES.into_iter().zip(words[..placed].iter().cloned());
    let mut headers: Headers = in_places.filter(|(_, value)| !value.is_empty()).collect();
    headers.extend(read_headers(kind, "Create", &words[placed..])?);
    Ok(Request::Create(kind, headers))
}

fn update(kind: Kind, words: &[String]) -> Result<Request> {
    match words {
        [object, headers @ ..] if !headers.is_empty() && !object.is_empty() => {
            Ok(Request::Update(kind, object.clone(), read_headers(kind, "Update", headers)?))
        }
        _ => Err(Wrong::Usage),
    }
}

/// Whether a word is meant as `Header=value`. Names of headers are plain words.
fn is_header(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn read_headers(kind: Kind, verb: &str, words: &[String]) -> Result<Headers> {
    headers_of(kind.action(verb).ok_or(Wrong::Usage)?, words)
}

fn headers_of(action: &'static Action, words: &[String]) -> Result<Headers> {
    let header = |word: &String| {
        let Some((name, value)) = word.split_once('=') else {
            return Err(Wrong::Refused(Refusal::because(format!(
                "'{}' is not allowed; allowed is Header=value, where Header is one of {}",
                short(word),
                kind::headers(action).collect::<Vec<_>>().join(", ")
            ))));
        };
        Ok((kind::header(action, name)?, value.to_owned()))
    };
    words.iter().map(header).collect()
}

fn set_status(words: &[String]) -> Result<Request> {
    let [word, on, object] = words else { return Err(Wrong::Usage) };
    let Some((_, status)) = STATUSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))
    else {
        let allowed = STATUSES.map(|(name, _)| name).join(", ");
        return Err(not_allowed("status", word, &allowed));
    };
    if !on.eq_ignore_ascii_case("on") || object.is_empty() {
        return Err(Wrong::Usage);
    }
    Ok(Request::SetStatus(*status, object.clone()))
}

/// Words of `out reset dlma` that say what becomes of the tries.
pub(super) const TRIES: [(&str, &str); 3] =
    [("tries", "clear"), ("tries=clear", "clear"), ("tries=keep", "keep")];

fn reset(words: &[String]) -> Result<Request> {
    let [list, rest @ ..] = words else { return Err(Wrong::Usage) };
    if list.is_empty() {
        return Err(Wrong::Usage);
    }
    let (mut headers, mut dispositions) = (Headers::new(), Vec::new());
    for word in rest {
        if let Some((_, value)) = TRIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            headers.push(("Tries", (*value).to_owned()));
        } else if word.starts_with("tries=") {
            return Err(not_allowed("tries", word, &TRIES.map(|(name, _)| name).join(", ")));
        } else {
            dispositions.push(word.as_str());
        }
    }
    if headers.len() > 1 {
        return Err(Wrong::Usage);
    }
    if !dispositions.is_empty() {
        headers.push(("Disposition", dispositions.join(",")));
    }
    Ok(Request::Reset(list.clone(), headers))
}

/// Words of `out import dlma` and `out export dlma`.
pub(super) const DRY_RUN: &str = "dryrun";

/// `X from FILE …`, as headers.
fn bulk(command: &Command, way: &str, words: &[String]) -> Result<(String, Headers)> {
    let (list, file, mut rest) = match words {
        [list, between, file, rest @ ..] if between.eq_ignore_ascii_case(way) => (list, file, rest),
        _ => return Err(Wrong::Usage),
    };
    if list.is_empty() || file.is_empty() {
        return Err(Wrong::Usage);
    }
    let mut headers = vec![("File", file.clone())];
    if let ([first, others @ ..], Does::Import) = (rest, command.does) {
        if first.eq_ignore_ascii_case(DRY_RUN) {
            headers.push(("DryRun", "yes".to_owned()));
            rest = others;
        }
    }
    headers.extend(headers_of(command.action().ok_or(Wrong::Usage)?, rest)?);
    Ok((list.clone(), headers))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
