//! What the far end says it did: the lines that `tests/sipp/people.xml` logs.

use std::collections::BTreeMap;

/// One call as the far end saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FarEnd {
    pub number: String,
    /// Which call to this number it was, from 1, in order of arrival.
    pub try_number: usize,
    pub call_id: String,
    /// Headers of the INVITE; empty if they were not there.
    pub from: String,
    pub asserted_identity: String,
    pub user_to_user: String,
    /// What it did; none: it has not come to an end yet.
    pub did: Option<String>,
    /// Who hung up an answered call: `us` is the far end, `them` the caller.
    pub ended: Option<String>,
}

/// Reads a log of SIPp's into calls, in order of arrival. The forms of the
/// lines are described at the head of `people.xml`.
pub fn read_calls(log: &str) -> Vec<FarEnd> {
    let mut calls: Vec<FarEnd> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut tries: BTreeMap<String, usize> = BTreeMap::new();
    // A last line without its end is still being written.
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    for line in whole.lines().filter(|line| line.starts_with("FAREND ")) {
        let call_id = field(line, "call=");
        if line.starts_with("FAREND came ") {
            let number = field(line, "number=");
            let count = tries.entry(number.clone()).or_default();
            *count += 1;
            places.insert(call_id.clone(), calls.len());
            calls.push(FarEnd { number, try_number: *count, call_id, ..FarEnd::default() });
            continue;
        }
        let Some(call) = places.get(&call_id).and_then(|place| calls.get_mut(*place)) else {
            continue;
        };
        if line.starts_with("FAREND heard ") {
            let mut headers = line.split('|').skip(1).map(|header| header.trim().to_owned());
            call.from = headers.next().unwrap_or_default();
            call.asserted_identity = headers.next().unwrap_or_default();
            call.user_to_user = headers.next().unwrap_or_default();
        } else if line.starts_with("FAREND did=") {
            call.did = Some(field(line, "did="));
        } else if line.starts_with("FAREND ended=") {
            call.ended = Some(field(line, "ended="));
        }
    }
    calls
}

fn field(line: &str, key: &str) -> String {
    let after = line.split_once(key).map_or("", |(_, after)| after);
    after.split_whitespace().next().unwrap_or_default().to_owned()
}
