//! Files of dial lists: whatever stands in one, every row is taken, refused or a
//! duplicate; what was taken can be exported, and what was exported is taken again.
#![no_main]

#[path = "../../dialer/tests/bench/mod.rs"]
mod bench;

mod fresh;

#[path = "../../tests/harness/wire.rs"]
mod wire;

use bench::desk::Desk;
use libfuzzer_sys::fuzz_target;
use std::fs;
use wire::Block;

/// What the first byte of the input chooses.
const KINDS: [(&str, Option<&str>); 5] = [
    ("csv", None),
    ("csv", Some("comma")),
    ("csv", Some("semicolon")),
    ("csv", Some("tab")),
    ("jsonl", None),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (format, separator) = KINDS[usize::from(*first) % KINDS.len()];
    let desk = fresh::desk();
    fs::write(desk.folder().join("in"), rest).expect("a file");
    let list = new_list(&desk);
    let mut headers = vec![("Format", format)];
    headers.extend(separator.map(|separator| ("Separator", separator)));
    let Some([rows, accepted, duplicates, refused]) = import(&desk, &list, "in", &headers) else {
        return;
    };
    assert_eq!(rows, accepted + duplicates + refused);
    for format in ["csv", "jsonl"] {
        let file = format!("out.{format}");
        let headers = [("Action", "OutDlListExport"), ("DlmaUuid", &list), ("File", &file)];
        let came = act(&desk, &headers);
        assert_eq!(number(came.last().expect("an end"), "Count"), accepted, "{came:?}");
        let again = new_list(&desk);
        let counts = import(&desk, &again, &file, &[("Duplicates", "take")]);
        assert_eq!(counts, Some([accepted, accepted, 0, 0]), "{file}");
    }
});

fn act(desk: &Desk, headers: &[(&str, &str)]) -> Vec<Block> {
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    wire::blocks(&desk.act(&headers).0)
}

fn new_list(desk: &Desk) -> String {
    let made = act(desk, &[("Action", "OutDlmaCreate")]);
    wire::value(&made[0], "Uuid").expect("a list").to_owned()
}

/// Rows, accepted, duplicates, refused; nothing if the file is none.
fn import(desk: &Desk, list: &str, file: &str, more: &[(&str, &str)]) -> Option<[u64; 4]> {
    let headers = [("Action", "OutDlListImport"), ("DlmaUuid", list), ("File", file)];
    let came = act(desk, &[&headers[..], more].concat());
    if wire::value(&came[0], "Response") == Some("Error") {
        return None;
    }
    let end = came.last().expect("an end");
    assert_eq!(wire::value(end, "Event"), Some("OutDlListImportComplete"), "{came:?}");
    Some(["Rows", "Accepted", "Duplicates", "Refused"].map(|name| number(end, name)))
}

fn number(block: &Block, name: &str) -> u64 {
    wire::value(block, name).and_then(|value| value.parse().ok()).expect("a count")
}
