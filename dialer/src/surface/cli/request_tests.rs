//! Words and the requests that they are.

use super::*;
use crate::surface::cli::COMMANDS;

/// Splits a line into its command and the words behind it; `_` stands for an empty one.
fn parsed(line: &str) -> Result<Request> {
    let command = COMMANDS
        .iter()
        .filter(|command| format!("{line} ").starts_with(&format!("{} ", command.words)))
        .max_by_key(|command| command.words.len())
        .expect("a command");
    let words = line[command.words.len()..].split_whitespace();
    let words: Vec<_> = words.map(|word| word.replace('_', " ").trim().to_owned()).collect();
    parse(command, &words)
}

fn headers(of: &[(&'static str, &str)]) -> Headers {
    of.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[test]
fn words_become_requests() {
    let x = || "x".to_owned();
    let table = [
        ("out help", Request::Help),
        ("out show status", Request::Status),
        ("out show campaigns", Request::All(Kind::Campaign)),
        ("out show dialings", Request::All(Kind::Dialing)),
        ("out show plan x", Request::One(Kind::Plan, x())),
        ("out show dlma x", Request::One(Kind::List, x())),
        ("out show dl x", Request::One(Kind::Target, x())),
        ("out show dlma list x", Request::Targets { list: x(), most: 100 }),
        ("out show dls x 7", Request::Targets { list: x(), most: 7 }),
        ("out explain dl x", Request::Explain(x())),
        ("out delete destination x", Request::Delete(Kind::Destination, x())),
        ("out set status STOPPING on x", Request::SetStatus(StatusRequest::Stop, x())),
        ("out set status kill on x", Request::SetStatus(StatusRequest::StopForcedly, x())),
        ("out create campaign", Request::Create(Kind::Campaign, Headers::new())),
        (
            "out create campaign a_b p _ d text",
            Request::Create(
                Kind::Campaign,
                headers(&[("Name", "a b"), ("Plan", "p"), ("Dest", "d"), ("Detail", "text")]),
            ),
        ),
        (
            "out create campaign x PLAN=p scmode=1",
            Request::Create(
                Kind::Campaign,
                headers(&[("Name", "x"), ("Plan", "p"), ("ScMode", "1")]),
            ),
        ),
        (
            "out create dl dlma=x Number1=300 Variable=a=b=c Variable=d=",
            Request::Create(
                Kind::Target,
                headers(&[
                    ("DlmaUuid", "x"),
                    ("Number1", "300"),
                    ("Variable", "a=b=c"),
                    ("Variable", "d="),
                ]),
            ),
        ),
        (
            "out update plan x Detail= DialMode=4",
            Request::Update(Kind::Plan, x(), headers(&[("Detail", ""), ("DialMode", "4")])),
        ),
        ("out reset dlma x", Request::Reset(x(), Headers::new())),
        (
            "out reset dlma x busy tries=keep no-answer",
            Request::Reset(x(), headers(&[("Tries", "keep"), ("Disposition", "busy,no-answer")])),
        ),
    ];
    for (line, request) in table {
        assert_eq!(parsed(line), Ok(request), "{line}");
    }
}

#[test]
fn too_few_or_too_many_words_bring_the_usage() {
    let lines = [
        "out help me",
        "out show status now",
        "out show campaigns all",
        "out show campaign",
        "out show campaign a b",
        "out show dlma list",
        "out show dls",
        "out show dls x 1 2",
        "out explain dl",
        "out create plan",
        "out create campaign a b c d e f",
        "out update plan",
        "out update plan x",
        "out delete campaign",
        "out set status",
        "out set status start on",
        "out set status start off x",
        "out reset dlma",
        "out reset dlma x tries tries=keep",
        "out show campaign _",
    ];
    for line in lines {
        assert_eq!(parsed(line), Err(Wrong::Usage), "{line}");
    }
}

#[test]
fn bad_words_are_named_with_what_is_allowed() {
    let table = [
        ("out show dls x abc", "COUNT: 'abc' is not allowed; allowed is 0 to 1000000"),
        ("out show dls x -1", "COUNT: '-1' is not allowed; allowed is 0 to 1000000"),
        ("out show dls x 1000001", "COUNT: '1000001' is not allowed; allowed is 0 to 1000000"),
        (
            "out set status foo on x",
            "status: 'foo' is not allowed; allowed is start, starting, stop, stopping, pause, pausing, kill",
        ),
        (
            "out create dlma name",
            "'name' is not allowed; allowed is Header=value, where Header is one of Name, Detail, Variable",
        ),
        (
            "out create dlma Nam=x",
            "Nam: is no header of this command; allowed are Name, Detail, Variable",
        ),
        (
            "out update dlma x Dlma=y",
            "Dlma: is no header of this command; allowed are Name, Detail, Variable",
        ),
        (
            "out reset dlma x tries=maybe",
            "tries: 'tries=maybe' is not allowed; allowed is tries, tries=clear, tries=keep",
        ),
    ];
    for (line, reason) in table {
        match parsed(line) {
            Err(Wrong::Refused(why)) => assert_eq!(why.to_string(), reason, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn headers_of_the_command_itself_cannot_be_given() {
    for line in ["out update plan x Uuid=y", "out create plan ActionID=1"] {
        assert!(matches!(parsed(line), Err(Wrong::Refused(_))), "{line}");
    }
}
