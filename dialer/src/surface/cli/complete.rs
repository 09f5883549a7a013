//! Which words may come next.
//!
//! Asterisk completes one blank-separated word at a time, and its remote console
//! cannot take an answer with a blank in it. So a name with blanks is offered word
//! by word, each but the last with the backslash that makes the blank after it
//! part of the name: `Sales\` and then `campaign`.

use super::commands::Does;
use super::request::{DRY_RUN, STATUSES, TRIES};
use super::{kind, names, Command, Kind};
use crate::dialer::{Command as Order, Reply};
use crate::domain::Disposition;
use crate::store::Reader;
use crate::surface::ami::{Action, Backend};
use std::ops::{ControlFlow, RangeInclusive};
use uuid::Uuid;

/// Objects that are offered at once, at most.
const OFFERED: usize = 200;

/// Words of a name that an object may have when it is told where the name ends.
const NAME_WORDS: usize = 8;

/// What somebody has typed behind a command's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// Whole words; one with blanks is several.
    before: Vec<String>,
    /// The beginning of the word to complete, as it was typed.
    word: String,
}

impl Typed {
    /// From the words as Asterisk splits a line, the one to complete included if
    /// there is a beginning of it, and from this beginning as it was typed.
    pub fn new(words: &[String], word: &str) -> Typed {
        let mut before: Vec<_> =
            words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect();
        if !word.is_empty() {
            before.pop();
        }
        Typed { before, word: word.to_owned() }
    }

    /// The beginning without what only guards blanks.
    fn plain(&self) -> String {
        self.word.trim_end_matches('\\').replace('"', "")
    }

    /// A word that may come next, as it has to be typed.
    fn answer(&self, word: String, plain: &str) -> String {
        let quotes = self.word.matches('"').count();
        if quotes == 0 {
            return word;
        }
        let rest = word.get(plain.len()..).unwrap_or_default();
        let is_open = quotes % 2 == 1 && !word.ends_with('\\');
        format!("{}{rest}{}", self.word, if is_open { "\"" } else { "" })
    }
}

/// The words that may come next.
pub fn complete(command: &Command, typed: &Typed, backend: &dyn Backend) -> Vec<String> {
    let (before, plain) = (typed.before.as_slice(), typed.plain());
    let choices = Choices { before, word: &plain, backend };
    let mut words = match command.does {
        Does::Help | Does::ShowStatus | Does::ShowPreviews | Does::ShowAll(_) => Vec::new(),
        Does::ShowOne(kind) | Does::Delete(kind) => choices.objects(kind, before),
        Does::ShowTargets => choices.objects(Kind::List, before),
        Does::Explain => choices.objects(Kind::Target, before),
        Does::SetStatus => choices.set_status(),
        Does::Create(kind) => choices.create(kind),
        Does::Update(kind) => choices.update(kind),
        Does::Reset => choices.reset(),
        Does::Import => choices.bulk(command, "from"),
        Does::Export => choices.bulk(command, "to"),
    };
    // Another command goes on with this word.
    if command.does == Does::ShowOne(Kind::List) && before.is_empty() {
        words.extend(choices.of(["list"]));
    }
    let words = words.into_iter().map(|word| typed.answer(word, &plain));
    let mut words: Vec<_> = words.collect();
    words.sort();
    words.dedup();
    words
}

/// What is there to choose from.
struct Choices<'a> {
    before: &'a [String],
    word: &'a str,
    backend: &'a dyn Backend,
}

impl Choices<'_> {
    /// Those that begin as the word does.
    fn of<T: Into<String>>(&self, words: impl IntoIterator<Item = T>) -> Vec<String> {
        let words = words.into_iter().map(T::into);
        words.filter(|word: &String| begins(word, self.word)).collect()
    }

    fn set_status(&self) -> Vec<String> {
        match self.before {
            [] => self.of(STATUSES.map(|(name, _)| name)),
            [_] => self.of(["on"]),
            [_, _, name @ ..] => self.objects(Kind::Campaign, name),
        }
    }

    fn create(&self, kind: Kind) -> Vec<String> {
        let mut words = self.headers(kind, "Create");
        let in_place = match self.before.len() {
            1 => Some(Kind::Plan),
            2 => Some(Kind::List),
            3 => Some(Kind::Destination),
            _ => None,
        };
        let has_header = self.before.iter().any(|word| word.contains('='));
        if let (Kind::Campaign, Some(of), false) = (kind, in_place, has_header) {
            words.extend(self.objects(of, &[]));
        }
        words
    }

    fn update(&self, kind: Kind) -> Vec<String> {
        let mut words = self.objects(kind, self.before);
        if !self.before.is_empty() {
            words.extend(self.headers(kind, "Update"));
        }
        words
    }

    fn reset(&self) -> Vec<String> {
        let mut words = self.objects(Kind::List, self.before);
        if self.behind_object(Kind::List).is_some() {
            words.extend(self.of(TRIES.map(|(word, _)| word)));
            words.extend(self.of(Disposition::ALL.map(Disposition::name)));
        }
        words
    }

    fn bulk(&self, command: &Command, way: &str) -> Vec<String> {
        let mut words = self.objects(Kind::List, self.before);
        match (self.behind_object(Kind::List), command.action()) {
            (Some([]), _) => words.extend(self.of([way])),
            (Some([_, _, ..]), Some(action)) => {
                words.extend(self.headers_of(action));
                if command.does == Does::Import {
                    words.extend(self.of([DRY_RUN]));
                }
            }
            _ => {}
        }
        words
    }

    /// The words behind the object that the first ones name.
    fn behind_object(&self, kind: Kind) -> Option<&[String]> {
        let most = self.before.len().min(NAME_WORDS);
        let names_one = |count: &usize| {
            names::find(kind, &self.before[..*count].join(" "), self.backend).is_ok()
        };
        let end = (1..=most).find(names_one)?;
        Some(&self.before[end..])
    }

    /// Headers of an action, or values of the header that the word begins with.
    fn headers(&self, kind: Kind, verb: &str) -> Vec<String> {
        kind.action(verb).map(|action| self.headers_of(action)).unwrap_or_default()
    }

    fn headers_of(&self, action: &'static Action) -> Vec<String> {
        if let Some((name, value)) = self.word.split_once('=') {
            let Ok(header) = kind::header(action, name) else { return Vec::new() };
            let values = self.values(header, &[], value);
            return values.into_iter().map(|value| format!("{name}={value}")).collect();
        }
        let mut words = self.rest_of_value(action);
        let is_given = |header: &str| {
            let given = self.before.iter().filter_map(|word| word.split_once('='));
            header != "Variable"
                && given.into_iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
        };
        let headers = kind::headers(action).filter(|header| !is_given(header));
        let headers: Vec<_> = headers.filter(|header| begins(header, self.word)).collect();
        match headers.as_slice() {
            // The console puts a blank behind a word that is the only one.
            [only] if words.is_empty() => {
                words = self.values(only, &[], "");
                words.extend(["".to_owned(), "...".to_owned()]);
                words = words.into_iter().map(|value| format!("{only}={value}")).collect();
            }
            several => words.extend(several.iter().map(|header| format!("{header}="))),
        }
        words
    }

    /// The next words of a value with blanks that was begun: `Plan=Sales\ `.
    fn rest_of_value(&self, action: &'static Action) -> Vec<String> {
        let Some(begun) = self.before.iter().rposition(|word| word.contains('=')) else {
            return Vec::new();
        };
        let (name, first) = self.before[begun].split_once('=').unwrap_or_default();
        let Ok(header) = kind::header(action, name) else { return Vec::new() };
        let mut words = vec![first.to_owned()];
        words.extend_from_slice(&self.before[begun + 1..]);
        match kind::referred(header) {
            Some(_) => self.values(header, &words, self.word),
            None => Vec::new(),
        }
    }

    /// Values of a header that are known: numbers that stand for something, and
    /// objects.
    fn values(&self, header: &str, before: &[String], word: &str) -> Vec<String> {
        let known: &[&str] = match header {
            "Status" => &["0", "1", "2", "30"],
            "ScMode" | "DlEndHandle" | "Type" | "CallForward" | "Amd" => &["0", "1"],
            "DialMode" => &["0", "1", "2", "3", "4", "5", "6"],
            "DryRun" | "Overwrite" => &["yes", "no"],
            "Duplicates" => &["skip", "take"],
            "Separator" => &["comma", "semicolon", "tab"],
            "Format" => &["csv", "jsonl"],
            "UuiField" => &["Name", "Detail", "UKey", "UData", "Email"],
            _ => &[],
        };
        let choices = Choices { word, ..*self };
        match kind::referred(header) {
            Some(kind) => choices.objects(kind, before),
            None => choices.of(known.iter().copied()),
        }
    }

    /// Names of objects, going on behind the words that stand there already, and
    /// uuids where one was begun or there is no name.
    fn objects(&self, kind: Kind, before: &[String]) -> Vec<String> {
        // What cannot be read is not offered.
        match kind.named() {
            Some(of) => {
                let mut words = Vec::new();
                let mut read = |reader: &Reader| {
                    reader.names(of, |uuid, name| {
                        words.extend(self.object(uuid, name, before));
                        match words.len() < OFFERED {
                            true => ControlFlow::Continue(()),
                            false => ControlFlow::Break(()),
                        }
                    })
                };
                let _ = self.backend.read(&mut read);
                words
            }
            None if !before.is_empty() => Vec::new(),
            None if kind == Kind::Dialing => self.dialings(),
            None => self.targets(),
        }
    }

    fn object(&self, uuid: Uuid, name: Option<&str>, before: &[String]) -> Option<String> {
        let words = name.and_then(typable);
        let next = words.as_ref().and_then(|words| {
            let (first, next) = words.split_at_checked(before.len())?;
            let goes_on = first.iter().zip(before).all(|(a, b)| a.eq_ignore_ascii_case(b));
            let word = next.first().filter(|word| goes_on && begins(word, self.word))?;
            let more = if next.len() > 1 { "\\" } else { "" };
            Some(format!("{word}{more}"))
        });
        next.or_else(|| {
            let uuid = uuid.to_string();
            let is_wanted = words.is_none() || !self.word.is_empty();
            (before.is_empty() && is_wanted && begins(&uuid, self.word)).then_some(uuid)
        })
    }

    fn targets(&self) -> Vec<String> {
        let Some(range) = uuids(self.word) else { return Vec::new() };
        let mut ids = Vec::new();
        let mut read = |reader: &Reader| {
            ids = reader.target_ids(range.clone(), OFFERED as u32)?;
            Ok(())
        };
        let _ = self.backend.read(&mut read);
        ids.iter().map(|id| id.to_string()).collect()
    }

    fn dialings(&self) -> Vec<String> {
        match self.backend.ask(Order::ShowDialings(None)) {
            Reply::Dialings(dialings) => {
                self.of(dialings.iter().map(|d| d.id.to_string()).take(OFFERED))
            }
            _ => Vec::new(),
        }
    }
}

/// The words of a name that can be typed with single blanks between them.
fn typable(name: &str) -> Option<Vec<&str>> {
    let words: Vec<_> = name.split(' ').collect();
    let is_plain = |word: &&str| {
        !word.is_empty()
            && !word.contains(|c: char| c.is_whitespace() || c.is_control() || "\"\\".contains(c))
    };
    words.iter().all(is_plain).then_some(words)
}

fn begins(word: &str, beginning: &str) -> bool {
    word.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

/// The uuids that begin so.
fn uuids(beginning: &str) -> Option<RangeInclusive<Uuid>> {
    const FIRST: &str = "00000000-0000-0000-0000-000000000000";
    const LAST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    let with = |rest: &str| {
        let rest = rest.get(beginning.len()..)?;
        Uuid::try_parse(&format!("{beginning}{rest}")).ok()
    };
    Some(with(FIRST)?..=with(LAST)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_asterisk_splits_them() {
        let words = |of: &[&str]| of.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let typed = Typed::new(&words(&["Sales ca"]), "ca");
        assert_eq!(typed, Typed { before: words(&["Sales"]), word: "ca".to_owned() });
        let typed = Typed::new(&words(&["Sales"]), "");
        assert_eq!(typed, Typed { before: words(&["Sales"]), word: String::new() });
        assert_eq!(Typed::new(&[], "x").before, Vec::<String>::new());
    }

    #[test]
    fn uuids_of_a_beginning() {
        let range = uuids("01A1f").expect("a range");
        assert_eq!(range.start().to_string(), "01a1f000-0000-0000-0000-000000000000");
        assert_eq!(range.end().to_string(), "01a1ffff-ffff-ffff-ffff-ffffffffffff");
        assert!(uuids("").is_some() && uuids("01a1fd1d-").is_some());
        for none in ["x", "01a1fd1d0", "00000000-0000-0000-0000-0000000000000", "ü"] {
            assert_eq!(uuids(none), None, "{none}");
        }
    }

    #[test]
    fn names_that_can_be_typed() {
        assert_eq!(typable("Sales north 1"), Some(vec!["Sales", "north", "1"]));
        for name in ["", " a", "a  b", "a\tb", "say \"a\"", "a\\b"] {
            assert_eq!(typable(name), None, "{name}");
        }
    }
}
