//! Every header of every action, with every value that has ever hurt anybody.
//!
//! The actions and their headers are taken from the manager interface's own
//! table, so a header that is added there is tried here. Each try must end in
//! one of two ways: an error whose message begins with the header and says what
//! is allowed, with nothing changed at all; or a success after which the value
//! is shown exactly as it was sent, with nothing else changed.
//!
//! Runs against the dialer alone and against a real Asterisk.

use crate::wire::{blocks, value, Block};
use dialer::limits::{TEXT_BYTES, VALUE_BYTES};
use dialer::surface::ami::{Action, ACTIONS};

/// A header as it is sent.
pub type Sent = (Vec<u8>, Vec<u8>);

/// Somebody who answers actions.
pub trait Peer {
    /// Sends one action and gives all that comes back to it, as it came, but no
    /// broadcast events.
    fn act(&mut self, headers: &[Sent]) -> String;

    /// What is left of a value on its way to the module.
    fn arrives<'v>(&self, value: &'v [u8]) -> &'v [u8];
}

/// Which headers must refuse a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// All of them.
    Always,
    /// All but those that take any text.
    ByWords,
    /// Those that it makes no sense for.
    Perhaps,
}

use Refused::{Always, ByWords, Perhaps};

/// Headers that take any printable text. All others take words, numbers, dates
/// or uuids, in which nothing below marked `ByWords` has a place.
const FREE_TEXT: [&str; 9] =
    ["ActionID", "Name", "Detail", "CallerId", "Data", "AmdData", "UKey", "UData", "Variable"];

/// Headers that take up to two decimals, which are shown without needless zeros.
const DECIMAL: [&str; 2] = ["LinesPerAgent", "AbandonTarget"];

/// Headers besides `…Uuid` that name an object.
const REFERENCES: [&str; 8] =
    ["Campaign", "Plan", "Dlma", "Dest", "After", "NextCampaign", "SafeHarbour", "MachineDest"];

const VALUES: &[(&[u8], Refused)] = &[
    (b"", Perhaps),
    (b"many", Perhaps),
    (b"-1", Perhaps),
    (b"+1", Perhaps),
    (b"1.5", Perhaps),
    (b"2.50", Perhaps),
    (b"1.005", Perhaps),
    (b"0x10", Perhaps),
    (b"1e3", Perhaps),
    (b"1 ", Perhaps),
    (b"007", Perhaps),
    (b"77", Perhaps),
    (b"4294967296", Perhaps),
    (b"99999999999999999999", Perhaps),
    (b"2016-02-30", Perhaps),
    (b"24:00:00", Perhaps),
    (b"a;b", Perhaps),
    (b"100/200", Perhaps),
    (b"a@b", Perhaps),
    (b"it's", ByWords),
    (b"\"quoted\"", ByWords),
    (b"'; DROP TABLE plan; --", ByWords),
    (b"' OR '1'='1", ByWords),
    (b"%n%s%x%99999d%%", ByWords),
    (b"100&SIP/200", ByWords),
    (b"100,200", ByWords),
    (b"100|200", ByWords),
    (b"100^200", ByWords),
    (b"${EXTEN}", ByWords),
    (b"$[1+1]", ByWords),
    (b"`id`$(id)", ByWords),
    (b"System(reboot)", ByWords),
    (b"Event: Fake", ByWords),
    (b"a\\r\\nb", ByWords),
    (b"{\"json\": [1]}", ByWords),
    (b"<b>", ByWords),
    (b"tab\there", ByWords),
    ("grüße, 日本語 🙂".as_bytes(), ByWords),
    ("line\u{2028}separator".as_bytes(), ByWords),
    ("right\u{202e}to left".as_bytes(), ByWords),
    (b"NUL\0Event", ByWords),
    (b"a\r\nEvent: Fake\r\n\r\nEvent: Fake", Always),
    (b"a\nUuid: b", Always),
    (b"a\rb", Always),
    (b"a\x01b", Always),
    (b"a\x1b[2Jb", Always),
    (b"a\x7fb", Always),
    (b"a\xc2\x85b", Always),
    (b"not UTF-8 \xff\xfe", Always),
    (b"cut short \xc3", Always),
    (b"overlong \xc0\x80", Always),
    (b"surrogate \xed\xa0\x80", Always),
];

/// Lengths around the limits, and far beyond.
const LENGTHS: [(usize, Refused); 5] = [
    (TEXT_BYTES, Perhaps),
    (TEXT_BYTES + 1, Perhaps),
    (VALUE_BYTES, Perhaps),
    (VALUE_BYTES + 1, Always),
    (20_000, Always),
];

/// Kinds of objects, as actions name them, with the words of their refusal.
const KINDS: [(&str, &str); 5] = [
    ("Campaign", "campaign"),
    ("Plan", "plan"),
    ("Destination", "destination"),
    ("Dlma", "dlma"),
    ("DlList", "dl_list"),
];

/// No call is up here: it is as far as a word on one can get.
const NO_CALL: &str = "No such live dialing: it has ended, or there never was one";

const NO_OBJECT: &str = "00000000-1111-2222-3333-444444444444";

/// Tries everything on the actions that are meant. Panics at the first thing
/// that is wrong; says how many values were tried.
pub fn try_actions(peer: &mut dyn Peer, is_meant: impl Fn(&str) -> bool) -> usize {
    let mut lab = Lab::new(peer);
    let mut tries = 0;
    // Those that name files have suites of their own: bulk.rs.
    let has_no_file = |action: &&Action| action.headers().all(|header| header.name != "File");
    let meant = ACTIONS.iter().filter(|action| is_meant(action.name));
    for action in meant.filter(has_no_file) {
        for header in action.headers() {
            tries += lab.try_values(action, header.name);
            lab.try_twice(action, header.name);
            lab.try_references(action, header.name);
            lab.try_bounds(action, header.name);
        }
    }
    tries
}

/// Objects to try on, and those that are gone.
struct Lab<'p> {
    peer: &'p mut dyn Peer,
    list: String,
    gone: Vec<String>,
    /// What updates and deletes are tried on, as long as none was taken.
    subject: Option<(&'static str, String)>,
    /// Everything there is, if nothing was changed since the last look.
    known: Option<Vec<Block>>,
}

impl Lab<'_> {
    fn new(peer: &mut dyn Peer) -> Lab<'_> {
        let mut lab =
            Lab { peer, list: String::new(), gone: Vec::new(), subject: None, known: None };
        lab.list = lab.create("Dlma");
        for (kind, _) in KINDS {
            lab.create(kind);
            let gone = lab.create(kind);
            lab.delete(kind, &gone);
            lab.gone.push(gone);
        }
        lab
    }

    fn create(&mut self, kind: &str) -> String {
        self.known = None;
        let list = self.list.clone();
        let made = self.act(&[
            ("Action", format!("Out{kind}Create").as_bytes()),
            ("DlmaUuid", list.as_bytes()),
            ("Detail", b"before"),
        ]);
        value(&made[0], "Uuid").expect("a Uuid of what was created").to_owned()
    }

    fn delete(&mut self, kind: &str, uuid: &str) {
        self.known = None;
        let action = format!("Out{kind}Delete");
        let gone = self.act(&[("Action", action.as_bytes()), ("Uuid", uuid.as_bytes())]);
        assert_eq!(value(&gone[0], "Response"), Some("Success"), "{action}: {gone:?}");
    }

    /// An object of this kind that nobody has changed.
    fn subject(&mut self, kind: &'static str) -> String {
        if let Some((known, uuid)) = &self.subject {
            if *known == kind {
                return uuid.clone();
            }
        }
        self.drop_subject();
        let uuid = self.create(kind);
        self.subject = Some((kind, uuid.clone()));
        uuid
    }

    fn drop_subject(&mut self) {
        if let Some((kind, uuid)) = self.subject.take() {
            let there = self.everything();
            if there.iter().any(|block| value(block, "Uuid") == Some(&uuid)) {
                self.delete(kind, &uuid);
            }
        }
    }

    fn act(&mut self, headers: &[(&str, &[u8])]) -> Vec<Block> {
        let owned = |(name, value): &(&str, &[u8])| (name.as_bytes().to_vec(), value.to_vec());
        let sent: Vec<Sent> = headers.iter().map(owned).collect();
        blocks(&self.peer.act(&sent))
    }

    /// Everything there is, object by object.
    fn everything(&mut self) -> Vec<Block> {
        match &self.known {
            Some(known) => known.clone(),
            None => self.look(),
        }
    }

    fn look(&mut self) -> Vec<Block> {
        let mut all = Vec::new();
        for (kind, _) in KINDS {
            let show = format!("Out{kind}Show");
            // Only targets come page by page; the others do not look at it.
            let shown = self.act(&[("Action", show.as_bytes()), ("Count", b"1000000")]);
            all.extend(shown.into_iter().filter(|block| value(block, "Uuid").is_some()));
        }
        self.known = Some(all.clone());
        all
    }

    fn try_values(&mut self, action: &Action, header: &str) -> usize {
        let lengths = LENGTHS.map(|(length, refused)| (vec![b'x'; length], refused));
        let fixed = VALUES.iter().map(|(value, refused)| (value.to_vec(), *refused));
        let mut tries = 0;
        for (bytes, refused) in fixed.chain(lengths) {
            let refused = match refused {
                // On its way it may have become another value.
                ByWords if self.peer.arrives(&bytes) != bytes => Perhaps,
                refused => refused,
            };
            self.try_value(action, header, &bytes, refused);
            tries += 1;
            if header == "Variable" {
                // What is refused as a variable may be fine as the value of one.
                self.try_value(
                    action,
                    header,
                    &[b"V=", &bytes[..]].concat(),
                    match refused {
                        Always => Always,
                        _ => Perhaps,
                    },
                );
                tries += 1;
            }
        }
        tries
    }

    fn try_value(&mut self, action: &Action, header: &str, bytes: &[u8], refused: Refused) {
        let what = format!("{} with {header}: {}", action.name, bytes.escape_ascii());
        let what = what.chars().take(200).collect::<String>();
        let trial = self.trial(action, header, &[mixed_case(header)], bytes);
        let is_right = trial.refusal.as_deref() == Some(NO_CALL);
        let Some(message) = trial.refusal.clone().filter(|_| !is_right) else {
            let is_text = FREE_TEXT.contains(&header);
            assert!(refused != Always, "{what}: was taken");
            assert!(refused != ByWords || is_text, "{what}: was taken");
            if is_right {
                assert_eq!(trial.before, trial.after, "{what}: changed something");
                return;
            }
            self.is_taken_whole(action, header, bytes, &trial, &what);
            return;
        };
        assert_eq!(
            trial.before, trial.after,
            "{what}: was refused ({message}) but changed something"
        );
        names_header(header, &message, &what);
    }

    /// A header that is no list of its own stands once.
    fn try_twice(&mut self, action: &Action, header: &str) {
        if header == "Variable" {
            return;
        }
        let names = [header.to_owned(), mixed_case(header)];
        let trial = self.trial(action, header, &names, b"1");
        let what = format!("{} with {header} twice", action.name);
        let message = trial.refusal.unwrap_or_else(|| panic!("{what}: was taken"));
        assert_eq!(trial.before, trial.after, "{what}");
        assert_eq!(message, format!("{header}: is given 2 times; allowed is once"), "{what}");
    }

    /// Uuids that name nothing, of the right kind and of others.
    fn try_references(&mut self, action: &Action, header: &str) {
        let is_reference = header.ends_with("Uuid") || REFERENCES.contains(&header);
        if !is_reference {
            return;
        }
        let alive = self.list.clone();
        let mut uuids = self.gone.clone();
        uuids.extend(
            [NO_OBJECT, &alive.replace('-', ""), &format!("{{{alive}}}")].map(str::to_owned),
        );
        uuids.push(format!("{alive} "));
        uuids.push(format!("{alive}' OR '1'='1"));
        for uuid in uuids {
            let what = format!("{} with {header}: {uuid}", action.name);
            let trial = self.trial(action, header, &[header.to_owned()], uuid.as_bytes());
            assert_eq!(trial.before, trial.after, "{what}");
            match trial.refusal {
                Some(message) => names_header(header, &message, &what),
                // A list that is not there has no targets; a place to go on
                // from may be a target that is gone.
                None => {
                    let shows = action.name == "OutDlListShow";
                    assert!(shows && header != "Uuid", "{what}: was taken");
                    assert_eq!(value(trial.came.last().unwrap(), "ListItems"), Some("0"), "{what}");
                }
            }
        }
    }

    /// A header that takes a range takes its ends, and nothing outside.
    fn try_bounds(&mut self, action: &Action, header: &str) {
        let names = [header.to_owned()];
        let told = self.trial(action, header, &names, b"no number").refusal;
        let Some((low, high)) = told.as_deref().and_then(range) else { return };
        let step = if DECIMAL.contains(&header) { 1 } else { 100 };
        let outside = [low.checked_sub(step), high.checked_add(step)];
        for (number, is_fine) in [(Some(low), true), (Some(high), true)]
            .into_iter()
            .chain(outside.map(|number| (number, false)))
        {
            let Some(number) = number else { continue };
            let number = match step {
                1 => format!("{}.{:02}", number / 100, number % 100),
                _ => (number / 100).to_string(),
            };
            let trial = self.trial(action, header, &names, number.as_bytes());
            let what = format!("{} with {header}: {number}", action.name);
            assert_eq!(trial.refusal.is_none(), is_fine, "{what}: {:?}", trial.refusal);
        }
    }
}

/// An action that was tried, and everything there was before and after.
struct Trial {
    came: Vec<Block>,
    /// The message of an error.
    refusal: Option<String>,
    before: Vec<Block>,
    after: Vec<Block>,
    /// The object that it was about, or that it made.
    object: Option<String>,
}

impl Lab<'_> {
    /// Carries an action out on an object that nobody has changed, with the
    /// header under all `names`.
    fn trial(&mut self, action: &Action, header: &str, names: &[String], bytes: &[u8]) -> Trial {
        let kind = kind_of(action);
        let creates = action.name.ends_with("Create");
        let subject = kind.filter(|_| !creates).map(|kind| self.subject(kind));
        let mut sent: Vec<Sent> = vec![(b"Action".to_vec(), action.name.as_bytes().to_vec())];
        let list = self.list.clone();
        for needed in action.headers().filter(|needed| needed.required && needed.name != header) {
            let good = match needed.name {
                "Uuid" => subject.as_deref().unwrap_or(NO_OBJECT),
                "DlmaUuid" => &list,
                "Do" => "list",
                name => panic!("{}: no value known for {name}", action.name),
            };
            sent.push((needed.name.as_bytes().to_vec(), good.as_bytes().to_vec()));
        }
        if action.name == "OutDialingUpdate" && !["Disposition", "CallBackAt"].contains(&header) {
            sent.push((b"Disposition".to_vec(), b"busy".to_vec()));
        }
        // Goes along, so that a half of a change would show.
        if takes(action, "Detail") && header != "Detail" {
            sent.push((b"Detail".to_vec(), b"after".to_vec()));
        }
        sent.extend(names.iter().map(|name| (name.clone().into_bytes(), bytes.to_vec())));
        let before = self.everything();
        let raw = self.peer.act(&sent);
        let after = self.look();
        let came = blocks(&raw);
        let response = came.first().unwrap_or_else(|| panic!("{}: no answer", action.name));
        let refusal = match value(response, "Response") {
            Some("Success") => None,
            Some("Error") => Some(value(response, "Message").unwrap_or_default().to_owned()),
            _ => panic!("{}: no response: {raw}", action.name),
        };
        if is_change(action) || refusal.is_some() {
            assert_eq!(came.len(), 1, "{}: more than a response: {raw}", action.name);
        }
        let made = value(response, "Uuid").map(str::to_owned);
        let object = if creates { made } else { subject };
        if refusal.is_none() {
            match (creates, kind, &object) {
                (true, Some(kind), Some(made)) => self.delete(kind, made),
                _ => self.drop_subject(),
            }
        }
        Trial { came, refusal, before, after, object }
    }

    /// What was taken is shown as it was sent, and nothing else has changed.
    fn is_taken_whole(
        &mut self,
        action: &Action,
        header: &str,
        bytes: &[u8],
        trial: &Trial,
        what: &str,
    ) {
        let bytes = self.peer.arrives(bytes).to_vec();
        let sent = String::from_utf8(bytes).expect("what is taken is UTF-8");
        if header == "ActionID" {
            let id = (!sent.is_empty()).then_some(sent.as_str());
            for block in &trial.came {
                assert_eq!(value(block, "ActionID"), id, "{what}");
            }
        }
        let is_object = |block: &&Block| value(block, "Uuid") == trial.object.as_deref();
        let others = |all: &[Block]| -> Vec<Block> {
            all.iter().filter(|block| !is_object(block)).cloned().collect()
        };
        assert_eq!(others(&trial.before), others(&trial.after), "{what}: changed other objects");
        let shown = trial.after.iter().find(is_object);
        let Some(kind) = kind_of(action).filter(|_| is_change(action)) else { return };
        if action.name.ends_with("Delete") {
            assert!(shown.is_none(), "{what}: is still there");
            return;
        }
        let shown = shown.unwrap_or_else(|| panic!("{what}: is not shown"));
        if !["Create", "Update"].iter().any(|verb| action.name.ends_with(verb)) {
            return;
        }
        let plain = trial.before.iter().find(is_object).cloned();
        let plain = plain.unwrap_or_else(|| self.plain(kind));
        let detail = if takes(action, "Detail") { "after" } else { "before" };
        let own = match header.strip_prefix("MaxRetry") {
            Some(number) if as_number(number).is_some() => format!("MaxRetryCnt{number}"),
            _ => header.to_owned(),
        };
        for ((name, now), (other, then)) in shown.iter().zip(&plain) {
            assert_eq!(name, other, "{what}: other headers");
            let differs = ["Uuid", "DlTable", "TmCreate", "TmUpdate"].contains(&name.as_str());
            if *name == own {
                let default = match name.as_str() {
                    "Detail" => "<unknown>",
                    _ => then,
                };
                let wanted = if sent.is_empty() { default } else { &sent };
                let read = if DECIMAL.contains(&header) { hundredths } else { as_number };
                let same = now == wanted || read(now).is_some_and(|n| Some(n) == read(wanted));
                assert!(same, "{what}: is shown as {now:?}");
            } else if name == "Detail" {
                assert_eq!(now, detail, "{what}");
            } else if !differs {
                assert_eq!(now, then, "{what}: {name} has changed");
            }
        }
        let is_shown = shown.iter().any(|(name, _)| *name == own);
        assert!(is_shown || header == "ActionID", "{what}: {own} is not shown");
    }

    /// An object of which nothing was said.
    fn plain(&mut self, kind: &str) -> Block {
        let uuid = self.create(kind);
        let all = self.everything();
        self.delete(kind, &uuid);
        let found = all.into_iter().find(|block| value(block, "Uuid") == Some(&uuid));
        found.expect("what was created is shown")
    }
}

/// A refusal begins with the header, or says which kind of object there is not,
/// and says what would be right.
fn names_header(header: &str, message: &str, what: &str) {
    let no_such = KINDS.iter().any(|(_, kind)| message == format!("No such {kind}"))
        || ["No such dialing", NO_CALL].contains(&message);
    if no_such && (header.ends_with("Uuid") || header == "After") {
        return;
    }
    let Some(reason) = message.strip_prefix(header).and_then(|rest| rest.strip_prefix(": ")) else {
        panic!("{what}: the refusal names another header: {message}");
    };
    let says = ["allowed", "is required", "no such "].iter().any(|word| reason.contains(word));
    assert!(says, "{what}: the refusal does not say what is allowed: {message}");
}

fn takes(action: &Action, header: &str) -> bool {
    action.headers().any(|known| known.name == header)
}

/// Whether it changes something, and answers by a response alone.
fn is_change(action: &Action) -> bool {
    let lists = action.name == "OutDialingPreview";
    action.privilege == dialer::surface::ami::Privilege::Change && !lists
}

/// The kind of object that an action changes.
fn kind_of(action: &Action) -> Option<&'static str> {
    let is_of = |kind: &str| {
        let verb = action.name.strip_prefix("Out").and_then(|rest| rest.strip_prefix(kind));
        verb.is_some_and(|verb| ["Create", "Update", "Delete", "Reset", "Explain"].contains(&verb))
    };
    KINDS.iter().map(|(kind, _)| *kind).find(|kind| is_of(kind))
}

/// `fOo`: names of headers may be written in any case.
fn mixed_case(name: &str) -> String {
    let odd = |(at, c): (usize, char)| match at % 2 {
        0 => c.to_ascii_lowercase(),
        _ => c.to_ascii_uppercase(),
    };
    name.chars().enumerate().map(odd).collect()
}

/// `… allowed is 1 to 100`, in hundredths.
fn range(message: &str) -> Option<(u64, u64)> {
    let (_, range) = message.split_once("allowed is ")?;
    let (low, high) = range.split_once(" to ")?;
    let high = high.trim_end_matches(" with up to two decimals");
    Some((hundredths(low)?, hundredths(high)?))
}

fn hundredths(text: &str) -> Option<u64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "00"));
    let places = if places.len() == 1 { as_number(places)? * 10 } else { as_number(places)? };
    Some(as_number(whole)? * 100 + places)
}

fn as_number(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}
