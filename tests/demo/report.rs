//! Two accounts of one campaign, call by call: what the far end did beside
//! what the module recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::harness::{FarEnd, ResultLine};

/// One of the people of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub number1: String,
    pub number2: Option<String>,
    /// What they do when called, in words.
    pub does: String,
}

/// How often each number may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    pub number1: usize,
    pub number2: usize,
}

/// What somebody does on one call, and what the module has to make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Behaviour {
    order: u32,
    pub words: &'static str,
    /// The far end's own word (`tests/sipp/people.xml`).
    pub did: &'static str,
    pub disposition: &'static str,
}

/// By the first two digits; `people.xml` plays the same.
const BEHAVIOURS: [(&str, Behaviour); 14] = [
    ("10", behaviour(1, "answers, hangs up", "answered", "answered")),
    ("11", behaviour(2, "answers, waits for our hangup", "answered", "answered")),
    ("12", behaviour(6, "busy (486)", "busy", "busy")),
    ("13", behaviour(8, "rings for ever", "rang_until_canceled", "no_answer")),
    ("14", behaviour(12, "no such number (404)", "not_found", "unallocated")),
    ("15", behaviour(15, "network full (503)", "congestion", "congestion")),
    ("16", behaviour(11, "not there (480)", "unavailable", "unavailable")),
    ("17", behaviour(13, "does not want to (603)", "declined", "rejected")),
    ("18", behaviour(3, "early media, then answers", "answered", "answered")),
    ("19", behaviour(16, "number has changed (410)", "gone", "number_changed")),
    ("20", behaviour(17, "number is incomplete (484)", "incomplete", "invalid_number")),
    ("21", behaviour(18, "phone is broken (502)", "out_of_order", "out_of_order")),
    ("22", behaviour(10, "says nothing at all", "silent", "no_answer")),
    ("23", behaviour(9, "rings, then 480", "rang_then_unavailable", "no_answer")),
];
const SECOND_NUMBER: Behaviour = behaviour(4, "second number answers", "answered", "answered");
const THIRD_CALL: Behaviour = behaviour(5, "third call is answered", "answered", "answered");
const BEFORE_THIRD_CALL: Behaviour = behaviour(7, "busy before the third call", "busy", "busy");

const fn behaviour(
    order: u32,
    words: &'static str,
    did: &'static str,
    disposition: &'static str,
) -> Behaviour {
    Behaviour { order, words, did, disposition }
}

/// Which number, and which of its tries, from 1.
type Call = (String, usize);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub numbers: BTreeSet<String>,
    pub expected: usize,
    pub far_end: usize,
    pub recorded: usize,
    /// What does not agree, in words; empty: all is well.
    pub differences: Vec<String>,
}

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub rows: BTreeMap<Behaviour, Row>,
    /// Calls and records that nobody on the list accounts for.
    pub strays: Vec<String>,
}

/// Reads the list: `name,number1,number2,what they do` after a headline.
pub fn read_people(csv: &str) -> Result<Vec<Person>, String> {
    let mut people = Vec::new();
    for (index, line) in csv.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let fields: Vec<&str> = line.splitn(4, ',').map(str::trim).collect();
        let [name, number1, number2, does] = fields[..] else {
            return Err(format!("line {}: not four fields: {line}", index + 1));
        };
        people.push(Person {
            name: name.to_owned(),
            number1: number1.to_owned(),
            number2: (!number2.is_empty()).then(|| number2.to_owned()),
            does: does.to_owned(),
        });
    }
    Ok(people)
}

impl Report {
    pub fn compare(
        people: &[Person],
        tries: Tries,
        far_end: &[FarEnd],
        results: &[ResultLine],
    ) -> Report {
        let mut report = Report { rows: BTreeMap::new(), strays: Vec::new() };
        let heard = report.index(far_end.iter().map(|call| {
            let did = call.did.clone().unwrap_or_else(|| "(not finished)".to_owned());
            ((call.number.clone(), call.try_number), did)
        }));
        let recorded = report.index(results.iter().map(|line| {
            let count = line.try_number().and_then(|count| usize::try_from(count).ok());
            let call = (line.dialled().to_owned(), count.unwrap_or(0));
            (call, line.disposition().to_owned())
        }));
        let mut rest: BTreeSet<&Call> = heard.keys().chain(recorded.keys()).collect();
        let expected: Vec<(Call, Behaviour)> =
            people.iter().flat_map(|person| expected_calls(person, tries)).collect();
        for (call, behaviour) in &expected {
            rest.remove(call);
            let row = report.rows.entry(*behaviour).or_default();
            row.add(call, *behaviour, heard.get(call), recorded.get(call));
        }
        for call in rest {
            let (heard, recorded) = (heard.get(call), recorded.get(call));
            report.strays.push(format!(
                "{} try {}: a call too many: the far end {}, recorded {}",
                call.0,
                call.1,
                heard.map_or("heard nothing", String::as_str),
                recorded.map_or("nothing", String::as_str),
            ));
        }
        report
    }

    /// By call. The same call twice is a stray.
    fn index(&mut self, calls: impl Iterator<Item = (Call, String)>) -> BTreeMap<Call, String> {
        let mut indexed = BTreeMap::new();
        for (call, what) in calls {
            if let Some(first) = indexed.insert(call.clone(), what.clone()) {
                let (number, count) = call;
                self.strays.push(format!("{number} try {count}: twice: {first}, {what}"));
            }
        }
        indexed
    }

    pub fn agrees(&self) -> bool {
        self.strays.is_empty() && self.rows.values().all(|row| row.differences.is_empty())
    }

    /// How many different dispositions were to come out.
    pub fn dispositions(&self) -> usize {
        self.rows.keys().map(|behaviour| behaviour.disposition).collect::<BTreeSet<_>>().len()
    }

    /// The table, and below it what differs.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<30} {:<15} {:>7} {:>8} {:>8} {:>8}\n",
            "what they did", "disposition", "numbers", "expected", "far end", "recorded"
        );
        let mut sums = [0; 4];
        for (behaviour, row) in &self.rows {
            let counts = [row.numbers.len(), row.expected, row.far_end, row.recorded];
            let verdict = if row.differences.is_empty() { "OK" } else { "DIFFERS" };
            line(&mut text, behaviour.words, behaviour.disposition, counts, verdict);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let verdict = if self.agrees() { "OK" } else { "DIFFERS" };
        line(&mut text, "all", "", sums, verdict);
        let differences = self.rows.values().flat_map(|row| &row.differences);
        for difference in differences.chain(&self.strays) {
            let _ = writeln!(text, "DIFFERS: {difference}");
        }
        text
    }
}

fn line(text: &mut String, words: &str, disposition: &str, counts: [usize; 4], verdict: &str) {
    let [numbers, expected, far_end, recorded] = counts;
    let _ = writeln!(
        text,
        "{words:<30} {disposition:<15} {numbers:>7} {expected:>8} {far_end:>8} {recorded:>8}  {verdict}"
    );
}

impl Row {
    fn add(
        &mut self,
        (number, count): &Call,
        behaviour: Behaviour,
        heard: Option<&String>,
        recorded: Option<&String>,
    ) {
        self.numbers.insert(number.clone());
        self.expected += 1;
        let heard_well = heard.is_some_and(|did| did == behaviour.did);
        let recorded_well = recorded.is_some_and(|what| what == behaviour.disposition);
        self.far_end += usize::from(heard_well);
        self.recorded += usize::from(recorded_well);
        if !heard_well || !recorded_well {
            self.differences.push(format!(
                "{number} try {count}: expected {} as {}, the far end says {}, recorded is {}",
                behaviour.did,
                behaviour.disposition,
                heard.map_or("nothing", String::as_str),
                recorded.map_or("nothing", String::as_str),
            ));
        }
    }
}

/// Every call that somebody has to get: all tries of the first number, then
/// all of the second, until one is answered.
fn expected_calls(person: &Person, tries: Tries) -> Vec<(Call, Behaviour)> {
    let first = (&person.number1, tries.number1, false);
    let second = person.number2.as_ref().map(|number| (number, tries.number2, true));
    let mut calls = Vec::new();
    for (number, tries, is_second) in [Some(first), second].into_iter().flatten() {
        for count in 1..=tries {
            let behaviour = expected_behaviour(number, count, is_second);
            calls.push(((number.clone(), count), behaviour));
            if behaviour.disposition == "answered" {
                return calls;
            }
        }
    }
    calls
}

fn expected_behaviour(number: &str, count: usize, is_second: bool) -> Behaviour {
    if number.starts_with("30") {
        return if count < 3 { BEFORE_THIRD_CALL } else { THIRD_CALL };
    }
    let known = BEHAVIOURS.iter().find(|(prefix, _)| number.starts_with(prefix));
    match known {
        Some((_, behaviour)) if is_second && behaviour.did == "answered" => SECOND_NUMBER,
        Some((_, behaviour)) => *behaviour,
        None => behaviour(99, "nobody there", "not_found", "unallocated"),
    }
}
