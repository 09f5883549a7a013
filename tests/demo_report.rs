//! The demo's judgement: it must find what differs, or it is worth nothing.

mod harness;
#[path = "demo/report.rs"]
mod report;

use harness::far_end::read_calls;
use harness::ResultLine;
use report::{read_people, Report, Tries};
use serde_json::json;

const TRIES: Tries = Tries { number1: 3, number2: 2 };
const PEOPLE: &str = "name,number1,number2,what they do\n\
    Ada,1001,,answers\n\
    Ben,1201,1101,is busy and answers at work\n\
    Cid,3001,,answers the third call\n";

/// What both sides say when all goes well.
fn good() -> (String, Vec<ResultLine>) {
    let calls = [
        ("1001", 1, "answered", "answered"),
        ("1201", 1, "busy", "busy"),
        ("1201", 2, "busy", "busy"),
        ("1201", 3, "busy", "busy"),
        ("1101", 1, "answered", "answered"),
        ("3001", 1, "busy", "busy"),
        ("3001", 2, "busy", "busy"),
        ("3001", 3, "answered", "answered"),
    ];
    let mut log = String::new();
    let mut results = Vec::new();
    for (number, count, did, disposition) in calls {
        let call = format!("{number}-{count}");
        log.push_str(&format!("FAREND came number={number} call={call}\n"));
        log.push_str(&format!("FAREND heard call={call} | <sip:1@h>;tag=2||\n"));
        log.push_str(&format!("FAREND did={did} number={number} call={call}\n"));
        let line = json!({"dial_addr": number, "dial_trycnt": count, "disposition": disposition});
        results.push(ResultLine(line));
    }
    (log, results)
}

fn judge(log: &str, results: &[ResultLine]) -> Report {
    Report::compare(&read_people(PEOPLE).unwrap(), TRIES, &read_calls(log), results)
}

#[test]
fn two_equal_accounts_agree() {
    let (log, results) = good();
    let report = judge(&log, &results);
    assert!(report.agrees(), "{}", report.table());
    assert_eq!(report.dispositions(), 2);
    assert!(!report.table().contains("DIFFERS"));
}

#[test]
fn a_wrong_disposition_is_found() {
    let (log, mut results) = good();
    results[1].0["disposition"] = json!("no_answer");
    let report = judge(&log, &results);
    assert!(!report.agrees());
    assert!(report.table().contains("DIFFERS: 1201 try 1"), "{}", report.table());
}

#[test]
fn exchanged_results_are_found_although_the_sums_are_right() {
    let (log, mut results) = good();
    results[3].0["disposition"] = json!("answered");
    results[4].0["disposition"] = json!("busy");
    assert!(!judge(&log, &results).agrees());
}

#[test]
fn a_missing_or_extra_record_is_found() {
    let (log, results) = good();
    assert!(!judge(&log, &results[1..]).agrees());
    let mut more = results.clone();
    more.push(results[0].clone());
    let report = judge(&log, &more);
    assert!(report.table().contains("1001 try 1: twice"), "{}", report.table());
}

#[test]
fn a_call_too_many_or_too_few_is_found_even_if_both_sides_agree_on_it() {
    let (log, results) = good();
    let extra = "FAREND came number=1001 call=x\nFAREND did=answered number=1001 call=x\n";
    let mut more = results.clone();
    more.push(ResultLine(
        json!({"dial_addr": "1001", "dial_trycnt": 2, "disposition": "answered"}),
    ));
    let report = judge(&format!("{log}{extra}"), &more);
    assert!(report.table().contains("1001 try 2: a call too many"), "{}", report.table());

    let fewer: String = log
        .lines()
        .filter(|line| !line.contains("1201-3"))
        .map(|line| format!("{line}\n"))
        .collect();
    let results: Vec<ResultLine> = results
        .into_iter()
        .filter(|line| (line.dialled(), line.try_number()) != ("1201", Some(3)))
        .collect();
    assert!(!judge(&fewer, &results).agrees());
}

#[test]
fn a_call_that_did_not_end_is_found() {
    let (log, results) = good();
    let log = log.replace("FAREND did=busy number=1201 call=1201-2\n", "");
    assert!(judge(&log, &results).table().contains("(not finished)"));
}

#[test]
fn the_demo_has_40_people_and_at_least_9_dispositions() {
    let people = read_people(include_str!("demo/people.csv")).unwrap();
    assert_eq!(people.len(), 40);
    let report = Report::compare(&people, TRIES, &[], &[]);
    assert!(report.dispositions() >= 9, "{}", report.dispositions());
    assert!(!report.table().contains("nobody there"), "{}", report.table());
}
