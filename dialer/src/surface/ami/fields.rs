//! The headers of an action, read by type. Each reading says what is wrong by
//! the header's name, the reason and what is allowed.

use super::{Action, Privilege};
use crate::dialer::Refusal;
use crate::domain::{Change, Variables};
use crate::hundredths::Hundredths;
use crate::limits::{TOKEN_BYTES, VALUE_BYTES, VARIABLES};
use std::fmt::Display;
use std::ops::RangeInclusive;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Refusal>;

/// The one header that may stand more than once.
const VARIABLE: &str = "Variable";

/// The headers of an action.
pub struct Fields<'a> {
    headers: &'a [(&'a [u8], &'a [u8])],
}

impl<'a> Fields<'a> {
    pub fn new(headers: &'a [(&'a [u8], &'a [u8])]) -> Fields<'a> {
        Fields { headers }
    }

    /// The first header of this name, whatever its case.
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + 'n {
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// Refuses variables where there are none.
    pub fn check_variables(&self, action: &Action) -> Result<()> {
        let takes_variables = action.headers().any(|header| header.name == VARIABLE);
        if action.privilege == Privilege::Show || takes_variables || self.raw(VARIABLE).is_none() {
            return Ok(());
        }
        let name = action.name;
        let reason = format!(
            "is not a header of {name}; allowed are plans, lists, destinations and targets"
        );
        Err(Refusal::of(VARIABLE, reason))
    }

    /// Refuses a header that stands more than once, where only one can count.
    pub fn check_once(&self, action: &Action) -> Result<()> {
        for header in action.headers().filter(|header| header.name != VARIABLE) {
            let times = self.all(header.name).count();
            if times > 1 {
                let reason = format!("is given {times} times; allowed is once");
                return Err(Refusal::of(header.name, reason));
            }
        }
        Ok(())
    }

    /// A value that `read` understands; nothing if the header is missing, `Clear` if it is empty.
    fn value<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Result<Change<T>> {
        let Some(bytes) = self.raw(name) else { return Ok(Change::Keep) };
        if bytes.is_empty() {
            return Ok(Change::Clear);
        }
        let read = printable(bytes).and_then(read);
        read.map(Change::Set).map_err(|reason| Refusal::of(name, reason))
    }

    /// Free text of at most `most` bytes.
    pub fn text(&self, name: &'static str, most: usize) -> Result<Change<String>> {
        self.value(name, |text| {
            at_most(text, most)?;
            Ok(text.to_owned())
        })
    }

    /// One word of letters, digits and `also`.
    pub fn token(&self, name: &'static str, also: &str) -> Result<Change<String>> {
        self.value(name, |text| {
            at_most(text, TOKEN_BYTES)?;
            word(text, also)?;
            Ok(text.to_owned())
        })
    }

    /// A whole number in a range.
    pub fn number(&self, name: &'static str, range: RangeInclusive<u32>) -> Result<Change<u32>> {
        self.value(name, |text| {
            let wanted = || format!("{} to {}", range.start(), range.end());
            in_range(text, &range).ok_or_else(|| wrong(text, wanted()))
        })
    }

    /// A number with at most two decimals in a range; all in hundredths.
    pub fn hundredths(
        &self,
        name: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Change<u32>> {
        self.value(name, |text| {
            let number = Hundredths::parse(text).filter(|number| range.contains(&number.0));
            let ends = (Hundredths(*range.start()), Hundredths(*range.end()));
            let wanted = || format!("{} to {} with up to two decimals", ends.0, ends.1);
            number.map(|number| number.0).ok_or_else(|| wrong(text, wanted()))
        })
    }

    /// A number that stands for something.
    pub fn code<T>(
        &self,
        name: &'static str,
        allowed: &str,
        read: impl FnOnce(i64) -> Option<T>,
    ) -> Result<Change<T>> {
        self.value(name, |text| {
            let code = in_range(text, &(0..=u32::MAX)).map(i64::from);
            code.and_then(read).ok_or_else(|| wrong(text, allowed))
        })
    }

    /// A text that stands for something.
    pub fn read<T>(
        &self,
        name: &'static str,
        allowed: impl FnOnce() -> String,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Change<T>> {
        self.value(name, |text| read(text).ok_or_else(|| wrong(text, allowed())))
    }

    /// One of some words, without regard to case.
    pub fn code_word<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let read = self.value(name, |text| {
            let word = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
            let allowed = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
            word.map(|(_, value)| *value).ok_or_else(|| wrong(text, allowed()))
        })?;
        Ok(read.value().copied())
    }

    /// Words separated by commas, each of which stands for something.
    pub fn list<T: Clone>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
        allowed: impl Fn() -> String,
    ) -> Result<Change<Vec<T>>> {
        self.value(name, |text| {
            let words = text.split(',').map(str::trim);
            words.map(|word| read(word).ok_or_else(|| wrong(word, allowed()))).collect()
        })
    }

    /// The uuid of an object of `kind`; one that is none names no object.
    pub fn reference(&self, name: &'static str, kind: &str) -> Result<Change<Uuid>> {
        self.value(name, |text| parse_uuid(text).ok_or_else(|| format!("no such {kind}")))
    }

    /// The uuid of the object that the action is about, if it is given.
    pub fn object(&self, name: &'static str, kind: &str) -> Result<Option<Uuid>> {
        let Some(bytes) = self.raw(name) else { return Ok(None) };
        let id = std::str::from_utf8(bytes).ok().and_then(parse_uuid);
        id.map(Some).ok_or_else(|| Refusal::unknown(kind))
    }

    /// The uuid of the object that the action is about; it must be given.
    pub fn required_object(&self, name: &'static str, kind: &str) -> Result<Uuid> {
        self.object(name, kind)?.ok_or_else(|| Refusal::of(name, "is required"))
    }

    /// A telephone number: E.164, a SIP URI, or digits and letters of the local plan.
    pub fn telephone(&self, name: &'static str) -> Result<Change<String>> {
        self.value(name, |text| {
            at_most(text, TOKEN_BYTES)?;
            word(text, "+*#.-_:@;=~")?;
            if is_rounded(text) {
                return Err(wrong(text, "a number with all its digits"));
            }
            Ok(text.to_owned())
        })
    }

    /// A text of at most `most` bytes that `is_right` agrees to.
    pub fn checked(
        &self,
        name: &'static str,
        most: usize,
        allowed: &str,
        is_right: impl FnOnce(&str) -> bool,
    ) -> Result<Change<String>> {
        self.value(name, |text| {
            at_most(text, most)?;
            if is_right(text) {
                Ok(text.to_owned())
            } else {
                Err(wrong(text, allowed))
            }
        })
    }

    /// As [`Self::variables`], of targets: their values may come from anywhere, so they
    /// may set no dialplan function but harmless ones.
    pub fn target_variables(&self) -> Result<Change<Variables>> {
        let variables = self.variables()?;
        let names = variables.value().into_iter().flat_map(Variables::iter).map(|(name, _)| name);
        for name in names {
            target_variable_name(name).map_err(|why| Refusal::of(VARIABLE, why))?;
        }
        Ok(variables)
    }

    /// All `Variable: name=value` headers; one empty one alone clears.
    pub fn variables(&self) -> Result<Change<Variables>> {
        let mut given = self.all(VARIABLE).peekable();
        if given.peek().is_none() {
            return Ok(Change::Keep);
        }
        let mut variables = Variables::default();
        let mut any = false;
        for bytes in given {
            any |= !bytes.is_empty();
            if !bytes.is_empty() {
                let (name, value) =
                    variable(bytes).map_err(|reason| Refusal::of(VARIABLE, reason))?;
                variables.set(name, value);
            }
        }
        if variables.len() > VARIABLES {
            let reason =
                format!("{} variables are too many; allowed are {VARIABLES}", variables.len());
            return Err(Refusal::of(VARIABLE, reason));
        }
        Ok(if any { Change::Set(variables) } else { Change::Clear })
    }
}

fn variable(bytes: &[u8]) -> std::result::Result<(&str, &str), String> {
    let text = printable(bytes)?;
    at_most(text, VALUE_BYTES)?;
    let (name, value) = text.split_once('=').ok_or_else(|| wrong(text, "name=value"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(wrong(text, "name=value with a name"));
    }
    variable_name(name)?;
    Ok((name, value))
}

/// Whether a channel variable may be named so; if not, why.
pub fn variable_name(name: &str) -> std::result::Result<(), String> {
    if name.is_empty() {
        return Err("is empty; allowed is a name of letters, digits and _-().~".to_owned());
    }
    at_most(name, TOKEN_BYTES)?;
    word(name, "_-().~")
}

/// Dialplan functions that a target may set.
const TARGET_FUNCTIONS: [&str; 7] = [
    "CALLERID(",
    "CONNECTEDLINE(",
    "CDR(",
    "CHANNEL(accountcode)",
    "CHANNEL(language)",
    "CHANNEL(musicclass)",
    "CHANNEL(userfield)",
];

/// Whether a target may have a channel variable named so; if not, why. Others,
/// such as `FILE(…)`, reach beyond the call.
pub fn target_variable_name(name: &str) -> std::result::Result<(), String> {
    variable_name(name)?;
    let is_allowed = |function: &&str| {
        name.get(..function.len()).is_some_and(|start| start.eq_ignore_ascii_case(function))
    };
    if !name.contains(['(', ')']) || TARGET_FUNCTIONS.iter().any(is_allowed) {
        return Ok(());
    }
    let allowed = TARGET_FUNCTIONS.map(|name| name.trim_end_matches('(')).join(", ");
    Err(wrong(name, format_args!("a name without parentheses, or one of the functions {allowed}")))
}

/// Text without control characters (a tab is none here).
fn printable(bytes: &[u8]) -> std::result::Result<&str, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "is not valid UTF-8; allowed is UTF-8 text".to_owned())?;
    match text.chars().find(|c| c.is_control() && *c != '\t') {
        Some(c) => {
            Err(format!("has the control character U+{:04X}; allowed is printable text", c as u32))
        }
        None => Ok(text),
    }
}

fn at_most(text: &str, most: usize) -> std::result::Result<(), String> {
    match text.len() {
        length if length > most => {
            Err(format!("is {length} bytes long; allowed are at most {most}"))
        }
        _ => Ok(()),
    }
}

fn word(text: &str, also: &str) -> std::result::Result<(), String> {
    match text.chars().find(|c| !c.is_ascii_alphanumeric() && !also.contains(*c)) {
        Some(c) => Err(format!("has the character '{c}'; allowed are letters, digits and {also}")),
        None => Ok(()),
    }
}

fn wrong(text: &str, allowed: impl Display) -> String {
    let short: String = text.chars().take(40).collect();
    format!("'{short}' is not allowed; allowed is {allowed}")
}

/// A plain whole number without sign or blanks, within the range.
fn in_range(text: &str, range: &RangeInclusive<u32>) -> Option<u32> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| range.contains(number))
}

/// `4.9171E+11`: what a spreadsheet makes of a long number.
fn is_rounded(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.split('.').all(is_number) && exponent.strip_prefix('+').is_some_and(is_number)
}

/// Hyphenated form only: what the wire shows is what it takes.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}
