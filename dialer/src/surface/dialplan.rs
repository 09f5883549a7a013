//! The dialplan: what the application `OutDlCreate` and the function `OUTBOUND`
//! are given, read into commands, and what they show.
//!
//! Values follow the rules of the manager's actions, and errors name its headers.

use super::ami::{outcome_patch, parse_change, Fields, NUMBER};
use crate::dialer::{Command, Refusal, Reply};
use crate::domain::{Dialing, Outcome, OutcomePatch, Route};
use crate::limits::NUMBERS_PER_TARGET;
use std::fmt::Display;

mod redirect;

type Result<T> = std::result::Result<T, Refusal>;

/// Channel variable that says how it went: `SUCCESS` or `FAILURE`.
pub const STATUS: &str = "OUTSTATUS";

/// Channel variable with what was made, or why nothing was.
pub const DETAIL: &str = "OUTDETAIL";

/// What [`STATUS`] and [`DETAIL`] say of a reply.
pub fn verdict(reply: Reply) -> (&'static str, String) {
    match reply {
        Reply::Created(uuid) => ("SUCCESS", uuid.to_string()),
        Reply::Updated => ("SUCCESS", String::new()),
        Reply::Refused(refusal) => ("FAILURE", refusal.to_string()),
        _ => ("FAILURE", Refusal::misunderstood().to_string()),
    }
}

/// The application that puts a target into a dial list.
pub const APPLICATION: &str = "OutDlCreate";

/// One word of the application's arguments or the function's fields.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    pub name: &'static str,
    pub text: &'static str,
}

/// The application's arguments, in their order. The first two are required.
pub const ARGUMENTS: [Word; 6] = [
    Word { name: "dlma_uuid", text: "Uuid of the dial list." },
    Word {
        name: "number1[:number2[:...]]",
        text: "Up to 8 numbers, in the order in which they are dialled.",
    },
    Word { name: "name", text: "Name." },
    Word { name: "detail", text: "Description." },
    Word { name: "email", text: "Mail address." },
    Word { name: "ukey", text: "Your own key." },
];

/// The argument behind [`ARGUMENTS`].
pub const VARIABLES: Word =
    Word { name: "var1=val1[:var2=val2[:...]]", text: "Channel variables of the target's calls." };

/// A byte of the arguments, and whether it is protected by a quote or backslash.
type Byte = (u8, bool);

/// The command of the application's arguments.
///
/// Arguments are separated by commas, numbers and variables by colons. What
/// stands in double quotes or behind a backslash is plain text. Blanks around
/// an argument, number or variable do not count, unless they are protected.
pub fn create_target(arguments: &[u8]) -> Result<Command> {
    let bytes = unprotect(arguments)?;
    let arguments: Vec<&[Byte]> = split(&bytes, b',').collect();
    if arguments.len() > ARGUMENTS.len() + 1 {
        let reason = format!(
            "{} arguments are too many, allowed are {}; a comma within an argument is written \\,",
            arguments.len(),
            ARGUMENTS.len() + 1
        );
        return Err(Refusal::because(reason));
    }
    let argument = |at: usize| arguments.get(at).copied().unwrap_or_default();

    let mut headers: Vec<(&[u8], Vec<u8>)> = Vec::new();
    for (name, at) in [("DlmaUuid", 0), ("Name", 2), ("Detail", 3), ("Email", 4), ("UKey", 5)] {
        headers.push((name.as_bytes(), plain(argument(at))));
    }
    let numbers: Vec<_> = split(argument(1), b':').collect();
    if numbers.len() > NUMBERS_PER_TARGET {
        let reason =
            format!("{} numbers are too many, allowed are {NUMBERS_PER_TARGET}", numbers.len());
        return Err(Refusal::of("Number9", reason));
    }
    for (name, piece) in NUMBER.iter().zip(&numbers) {
        headers.push((name.as_bytes(), number(name, piece)?));
    }
    if numbers.iter().all(|piece| plain(piece).is_empty()) {
        return Err(Refusal::of(NUMBER[0], "is required"));
    }
    let variables = split(argument(6), b':').map(|piece| (&b"Variable"[..], plain(piece)));
    headers.extend(variables);

    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
    parse_change("OutDlListCreate", &Fields::new(&headers)).map(|(_, command)| command)
}

/// One number. A URI that was cut at its colon is no number and the rest of it another.
fn number(name: &'static str, piece: &[Byte]) -> Result<Vec<u8>> {
    let number = plain(piece);
    if ["sip", "sips", "tel"].iter().any(|scheme| number.eq_ignore_ascii_case(scheme.as_bytes())) {
        let reason = "the colon of a URI has to be protected: \"sip:100@example.com\" with its \
                      quotes, or sip\\:100@example.com";
        return Err(Refusal::of(name, reason));
    }
    Ok(number)
}

/// Takes quotes and backslashes away and marks what they protect.
fn unprotect(text: &[u8]) -> Result<Vec<Byte>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    let mut quoted = false;
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => match rest.next() {
                Some(protected) => bytes.push((*protected, true)),
                None => {
                    let reason = "a backslash at the end protects nothing; a plain one is \\\\";
                    return Err(Refusal::because(reason));
                }
            },
            _ => bytes.push((*byte, quoted)),
        }
    }
    if quoted {
        return Err(Refusal::because("a double quote is not closed; a plain one is written \\\""));
    }
    Ok(bytes)
}

fn split(bytes: &[Byte], at: u8) -> impl Iterator<Item = &[Byte]> {
    bytes.split(move |byte| *byte == (at, false))
}

/// Without the marks, and the blanks around it that are not protected.
fn plain(bytes: &[Byte]) -> Vec<u8> {
    let is_blank = |byte: &Byte| matches!(byte, (b' ' | b'\t', false));
    let start = bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(start, |at| at + 1);
    bytes[start..end].iter().map(|(byte, _)| *byte).collect()
}

/// The function that shows and sets what belongs to a call.
pub const FUNCTION: &str = "OUTBOUND";

/// What the function knows of a call.
#[derive(Clone, Copy)]
pub struct Field {
    pub word: Word,
    pub is_settable: bool,
    read: fn(&Call<'_>) -> Option<String>,
}

/// A call as the function sees it.
pub struct Call<'a> {
    pub dialing: &'a Dialing,
    /// What somebody said that became of it.
    pub outcome: Option<Outcome>,
    /// Where it is to go on when its destination is done with it.
    pub redirect: Option<Route>,
}

/// The call whose field is set, and where its dialplan is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub may_redirect: bool,
    pub context: &'a str,
}

/// What setting a field comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// That is to count as having become of the call.
    Outcome(OutcomePatch),
    /// The call is to go on there when its destination is done with it; `None`: nowhere.
    Redirect(Option<Route>),
}

const fn field(
    name: &'static str,
    text: &'static str,
    read: fn(&Call<'_>) -> Option<String>,
) -> Field {
    Field { word: Word { name, text }, is_settable: false, read }
}

const fn settable(
    name: &'static str,
    text: &'static str,
    read: fn(&Call<'_>) -> Option<String>,
) -> Field {
    Field { word: Word { name, text }, is_settable: true, read }
}

fn some(value: impl Display) -> Option<String> {
    Some(value.to_string())
}

fn number_at(call: &Call<'_>, at: usize) -> Option<String> {
    call.dialing.copy.person.numbers[at].clone()
}

/// Every field of the function, in the order of its help.
pub const FIELDS: [Field; 29] = [
    field("uuid", "The dialing's uuid.", |call| some(call.dialing.id)),
    field("campaign", "The campaign's uuid.", |call| some(call.dialing.campaign)),
    field("campaign_name", "The campaign's name.", |call| call.dialing.copy.campaign_name.clone()),
    field("plan", "The plan's uuid.", |call| some(call.dialing.plan)),
    field("dlma", "The dial list's uuid.", |call| some(call.dialing.list)),
    field("destination", "The destination's uuid.", |call| some(call.dialing.destination)),
    field("target", "The target's uuid.", |call| some(call.dialing.target)),
    field("name", "The target's Name.", |call| call.dialing.copy.person.name.clone()),
    field("detail", "The target's Detail.", |call| call.dialing.copy.person.detail.clone()),
    field("ukey", "The target's UKey.", |call| call.dialing.copy.person.user_key.clone()),
    field("udata", "The target's UData.", |call| call.dialing.copy.person.user_data.clone()),
    field("email", "The target's Email.", |call| call.dialing.copy.person.email.clone()),
    field("number", "The number that was dialled.", |call| some(&call.dialing.number)),
    field("number_index", "Which of the target's numbers that is, 1 to 8.", |call| {
        some(call.dialing.number_index)
    }),
    field("try_count", "Which try of this number; 1 is the first.", |call| {
        some(call.dialing.try_count)
    }),
    field("tries", "Tries of all numbers so far, with this one.", |call| {
        some(call.dialing.copy.person.tries)
    }),
    field("number1", "The target's Number1.", |call| number_at(call, 0)),
    field("number2", "The target's Number2.", |call| number_at(call, 1)),
    field("number3", "The target's Number3.", |call| number_at(call, 2)),
    field("number4", "The target's Number4.", |call| number_at(call, 3)),
    field("number5", "The target's Number5.", |call| number_at(call, 4)),
    field("number6", "The target's Number6.", |call| number_at(call, 5)),
    field("number7", "The target's Number7.", |call| number_at(call, 6)),
    field("number8", "The target's Number8.", |call| number_at(call, 7)),
    field("timeout", "How long it might go unanswered, in milliseconds.", |call| {
        some(call.dialing.copy.timeout_ms)
    }),
    field("dialed_at", "When it was dialled, UTC.", |call| some(call.dialing.claimed_at)),
    settable(
        "disposition",
        "What the call counts as, if that was set: call_back, do_not_call, answered, machine, \
         no_answer, failed or any other disposition. An empty value leaves it to the network again.",
        |call| call.outcome.map(|outcome| outcome.disposition.to_string()),
    ),
    settable(
        "call_back_at",
        "When to call back, UTC, if that was set. Set it to +SECONDS or to a time of RFC 3339 such \
         as 2026-11-21T15:30:00+01:00, at most 30 days ahead; that makes the disposition call_back.",
        |call| call.outcome.and_then(|outcome| outcome.call_back_at).and_then(some),
    ),
    settable(
        "redirect",
        "Where the call goes on when its destination is done with it and nobody has hung up: \
         exten, or context,exten, or context,exten,priority. Only in calls of a plan with DialMode \
         5. An empty value takes it back.",
        |call| call.redirect.as_ref().map(redirect::written),
    ),
];

/// The value of a field; empty if it has none.
pub fn read_field(name: &str, call: &Call<'_>) -> Result<String> {
    let field = find(name, |_| true)?;
    Ok((field.read)(call).unwrap_or_default())
}

/// What setting a field comes to.
pub fn write_field(name: &str, value: &[u8], place: &Place<'_>) -> Result<Setting> {
    let field = find(name, |field| field.is_settable)?;
    let value = value.trim_ascii();
    let header: &[u8] = match field.word.name {
        "redirect" => return redirect::read(value, place).map(Setting::Redirect),
        "call_back_at" => b"CallBackAt",
        _ => b"Disposition",
    };
    outcome_patch(&Fields::new(&[(header, value)])).map(Setting::Outcome)
}

fn find(name: &str, is_allowed: fn(&Field) -> bool) -> Result<&'static Field> {
    let name = name.trim();
    let is_it = |field: &&Field| field.word.name.eq_ignore_ascii_case(name);
    let known = FIELDS.iter().find(is_it);
    if let Some(field) = known.filter(|field| is_allowed(field)) {
        return Ok(field);
    }
    let allowed: Vec<_> =
        FIELDS.iter().filter(|field| is_allowed(field)).map(|field| field.word.name).collect();
    let allowed = allowed.join(", ");
    let short: String = name.chars().take(40).collect();
    Err(Refusal::because(match known {
        Some(_) => format!("{short} cannot be set; what can be is {allowed}"),
        None => format!("there is no field '{short}'; allowed are {allowed}"),
    }))
}

#[cfg(test)]
mod tests;
