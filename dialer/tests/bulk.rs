//! Import and export of dial lists, over a dialer and a store without an Asterisk.

mod bench;

use bench::desk::Desk;
use dialer::dialer::Event;
use dialer::surface::ami::ACTIONS;
use proptest::prelude::*;
use std::fs;

/// What a client gets for an action, and the events that follow.
fn act(desk: &Desk, headers: &[(&str, &str)]) -> (String, Vec<Event>) {
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    desk.act(&headers)
}

/// The values of a header in what a client got.
fn values<'a>(came: &'a str, name: &str) -> Vec<&'a str> {
    came.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

fn new_list(desk: &Desk) -> String {
    values(&act(desk, &[("Action", "OutDlmaCreate")]).0, "Uuid")[0].to_owned()
}

/// Imports a text as a file, and gives what the client got.
fn import(desk: &Desk, list: &str, name: &str, text: &[u8], more: &[(&str, &str)]) -> String {
    fs::write(desk.folder().join(name), text).expect("a file");
    let headers = [("Action", "OutDlListImport"), ("DlmaUuid", list), ("File", name)];
    act(desk, &[&headers[..], more].concat()).0
}

/// Rows, accepted, duplicates, refused, as the end of an import says.
fn counts(came: &str) -> [&str; 4] {
    let end = came.rsplit("Event: OutDlListImportComplete").next().unwrap_or_default();
    ["Rows", "Accepted", "Duplicates", "Refused"].map(|name| values(end, name)[0])
}

fn show(desk: &Desk, list: &str) -> String {
    act(desk, &[("Action", "OutDlListShow"), ("DlmaUuid", list), ("Count", "100000")]).0
}

#[test]
fn a_file_with_everything() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let file = "\u{feff}name;Phone;number_2;ukey;UDATA;e-mail;CITY;variable:Name;out_state;\n\
                \"Ada; Countess\";+15551001;;k1;u1;ada@example.com;London;x;done;\n\
                Sven;100;101;;;;;;;\n";
    let came = import(&desk, &list, "people.csv", file.as_bytes(), &[]);
    assert!(came.starts_with("Response: Success\r\nEventList: start\r\n"), "{came}");
    assert_eq!(counts(&came), ["2", "2", "0", "0"], "{came}");
    let shown = show(&desk, &list);
    assert_eq!(values(&shown, "Name"), ["Ada; Countess", "Sven"]);
    assert_eq!(values(&shown, "Number1"), ["+15551001", "100"]);
    assert_eq!(values(&shown, "Number2"), ["<unknown>", "101"]);
    assert_eq!(values(&shown, "UKey"), ["k1", "<unknown>"]);
    assert_eq!(values(&shown, "UData"), ["u1", "<unknown>"]);
    assert_eq!(values(&shown, "Email"), ["ada@example.com", "<unknown>"]);
    assert_eq!(values(&shown, "Variable"), ["CITY=London", "Name=x", "<unknown>"]);
}

const NO_WHOLE_NUMBER: &str =
    "is no whole number of at most 64 bits; allowed is the same as a text";

#[test]
fn json_lines() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let file = concat!(
        r#"{"name": "Ada", "number_1": "100", "variables": {"a": "1", "b": "x=y,z"}, "zip": 4711}"#,
        "\n\n",
        r#"{"phone": 101, "detail": null, "out_state": "done"}"#,
        "\n",
        r#"{"phone": ["102"]}"#,
        "\n[1]\n{\n",
        r#"{"phone": "103", "Number1": "104"}"#,
        "\n",
        r#"{"phone": 155512345678901234567}"#,
        "\n",
        r#"{"phone": 5551001.0}"#,
    );
    let came = import(&desk, &list, "people.jsonl", file.as_bytes(), &[]);
    assert_eq!(counts(&came), ["8", "2", "0", "6"], "{came}");
    assert_eq!(values(&came, "Line")[..6], ["4", "5", "6", "7", "8", "9"], "{came}");
    assert_eq!(values(&came, "Reason")[4..], [NO_WHOLE_NUMBER; 2]);
    let shown = show(&desk, &list);
    assert_eq!(values(&shown, "Number1"), ["100", "101"]);
    assert_eq!(values(&shown, "Variable"), ["a=1", "b=x=y,z", "zip=4711", "<unknown>"]);
}

#[test]
fn rows_that_are_no_targets() {
    let desk = Desk::new();
    let list = new_list(&desk);
    // (row, column, part of the reason)
    let table: [(&[u8], &str, &str); 11] = [
        (b"a,100", "<unknown>", "has 2 columns; the header row has 4"),
        (b"a,100,,,", "<unknown>", "has 5 columns"),
        (b"a,,,", "Number1", "has no number"),
        (b"a,10&1,,", "Number1", "has the character '&'"),
        (b"a,4.9171E+11,,", "Number1", "allowed is a number with all its digits"),
        (b"a,1 0,,", "Number1", "has the character ' '"),
        (b"a,100,nobody,", "Email", "allowed is an address"),
        (b"\xff,100,,", "Name", "is not valid UTF-8"),
        (b"a\x07,100,,", "Name", "control character U+0007"),
        (b"\"two\nlines\",100,,", "Name", "control character U+000A"),
        (b"a,100,,\"x\ny\"", "COLOUR", "control character U+000A"),
    ];
    let mut file = b"Name,Number1,Email,COLOUR\n".to_vec();
    for (row, _, _) in table {
        file.extend_from_slice(row);
        file.push(b'\n');
    }
    file.extend_from_slice(b"good,200,,\n");
    let came = import(&desk, &list, "bad.csv", &file, &[]);
    assert_eq!(counts(&came), ["12", "1", "0", "11"], "{came}");
    let columns = values(&came, "Column");
    let reasons = values(&came, "Reason");
    for (at, (row, column, reason)) in table.iter().enumerate() {
        let row = String::from_utf8_lossy(row);
        assert_eq!(columns[at], *column, "{row}");
        assert!(reasons[at].contains(reason), "{row}: {}", reasons[at]);
    }
    // The eleventh begins one line later, because the tenth has two.
    let lines = ["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "13"];
    assert_eq!(values(&came, "Line")[..11], lines);
    let long = format!("Number1,x\n100,{}\n101,y\n", "x".repeat(5_000));
    let came = import(&desk, &list, "long.csv", long.as_bytes(), &[]);
    assert_eq!(counts(&came), ["2", "1", "0", "1"], "{came}");
    assert!(came.contains("Column: x\r\n"), "{came}");
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let rows = ["Name,Number1", "a,1", "", "b,x y", "\"c\nc\",3", "", "", "d,x y", "e,&"];
    for end in ["\n", "\r\n"] {
        for last in ["", end] {
            let file = rows.join(end) + last;
            let came = import(&desk, &list, "lines.csv", file.as_bytes(), &[("DryRun", "yes")]);
            let refused = &values(&came, "Line")[..4];
            assert_eq!(refused, ["4", "5", "9", "10"], "{file:?}: {came}");
        }
    }
    let file = "sep=|\r\nName|Number1\r\na,b|1\r\nb|&\r\n";
    let came = import(&desk, &list, "sep.csv", file.as_bytes(), &[]);
    assert_eq!(counts(&came), ["2", "1", "0", "1"], "{came}");
    assert_eq!(values(&came, "Line")[0], "4", "{came}");
    assert_eq!(values(&show(&desk, &list), "Name"), ["a,b"]);
    // A return within a line is no end of one.
    let came = import(&desk, &list, "odd.csv", b"Name,Number1\na\rb,1\nc,2", &[]);
    assert_eq!(values(&came, "Line")[0], "2", "{came}");
}

#[test]
fn a_quote_that_is_not_closed_is_told() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let file = "Name,Number1\na,1\n\"b,2\nc,3\nd,4\n";
    let came = import(&desk, &list, "quote.csv", file.as_bytes(), &[]);
    assert_eq!(counts(&came), ["2", "1", "0", "1"], "{came}");
    assert!(came.contains("is a quote not closed?"), "{came}");
}

#[test]
fn a_row_reaches_no_further_than_its_call() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let names = ["FILE(x)", "GLOBAL(a)", "SHELL(id)", "CHANNEL(hangup_handler_push)", "DB(a)"];
    for name in names {
        let file = format!("{{\"phone\": \"1\", \"variables\": {{\"{name}\": \"x\"}}}}\n");
        let came = import(&desk, &list, "f.jsonl", file.as_bytes(), &[]);
        assert_eq!(counts(&came), ["1", "0", "0", "1"], "{came}");
        assert!(came.contains("allowed is a name without parentheses"), "{came}");
        let came = import(&desk, &list, "f.csv", format!("phone,{name}\n1,x\n").as_bytes(), &[]);
        assert!(came.starts_with("Response: Error\r\nMessage: File: column 2"), "{came}");
        let variable = format!("{name}=x");
        let create = [("Action", "OutDlListCreate"), ("DlmaUuid", &list), ("Variable", &variable)];
        let came = act(&desk, &create).0;
        assert!(came.starts_with("Response: Error\r\nMessage: Variable: "), "{came}");
    }
    let good = "phone,CALLERID(num),CHANNEL(language)\n1,5550100,de\n";
    let came = import(&desk, &list, "good.csv", good.as_bytes(), &[]);
    assert_eq!(counts(&came)[1], "1", "{came}");
}

#[test]
fn header_rows_that_are_none() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let table: [(&[u8], &str); 8] = [
        (b"", "the file is empty"),
        (b"Name,Detail\na,b\n", "there is no column with a number"),
        (b"Number1,phone\n1,2\n", "column 2 ('phone') is there twice"),
        (b"Number1,a b\n1,2\n", "column 2 ('a b') has the character ' '"),
        (b"Number1,a,a\n1,2,3\n", "column 3 ('a') is there twice"),
        (b"Number1,variable:\n1,2\n", "is empty"),
        (b"\xff,Number1\n1,2\n", "is not valid UTF-8"),
        (b"100,Ada\n", "there is no column with a number"),
    ];
    for (file, reason) in table {
        let came = import(&desk, &list, "header.csv", file, &[]);
        assert!(came.starts_with("Response: Error\r\nMessage: File: "), "{came}");
        assert!(came.contains(reason), "{reason}: {came}");
    }
    let refusals: [(&[(&str, &str)], &str); 5] = [
        (&[("File", "people.txt")], "Format: is required"),
        (&[("File", "")], "File: is required"),
        (&[("File", "nothing.csv")], "File: "),
        (&[("File", "header.csv"), ("Separator", "|")], "Separator: '|' is not allowed"),
        (&[("File", "header.csv"), ("DryRun", "maybe")], "DryRun: 'maybe' is not allowed"),
    ];
    for (headers, reason) in refusals {
        let base = [("Action", "OutDlListImport"), ("DlmaUuid", list.as_str())];
        let came = act(&desk, &[&base[..], headers].concat()).0;
        assert!(came.starts_with("Response: Error\r\n") && came.contains(reason), "{came}");
    }
    assert!(show(&desk, &list).contains("ListItems: 0"));
}

#[test]
fn duplicates_by_key_or_number() {
    let desk = Desk::new();
    let list = new_list(&desk);
    act(&desk, &[("Action", "OutDlListCreate"), ("DlmaUuid", &list), ("Number3", "100")]);
    let file = "UKey,Number1,Number2\n,100,\n,,100\nk1,100,\nk1,101,\nk2,101,\n,102,\n,102,103\n";
    let came = import(&desk, &list, "people.csv", file.as_bytes(), &[]);
    assert_eq!(counts(&came), ["7", "3", "4", "0"], "{came}");
    assert_eq!(values(&came, "Line")[..4], ["2", "3", "5", "8"], "{came}");
    assert_eq!(values(&came, "Result"), ["duplicate"; 4]);
    assert_eq!(values(&came, "Column"), ["Number1", "Number1", "UKey", "Number1"]);
    // Once more: nothing is new.
    let came = import(&desk, &list, "people.csv", file.as_bytes(), &[]);
    assert_eq!(counts(&came), ["7", "0", "7", "0"], "{came}");
    let came = import(&desk, &list, "people.csv", file.as_bytes(), &[("Duplicates", "take")]);
    assert_eq!(counts(&came), ["7", "7", "0", "0"], "{came}");
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let file = "Number1\n1\n1\n&\n2\n";
    desk.events();
    let dry = import(&desk, &list, "people.csv", file.as_bytes(), &[("DryRun", "yes")]);
    assert_eq!(desk.events(), []);
    assert!(show(&desk, &list).contains("ListItems: 0"));
    assert!(dry.contains("DryRun: yes\r\n"), "{dry}");
    let real = import(&desk, &list, "people.csv", file.as_bytes(), &[]);
    assert_eq!(dry.replace("DryRun: yes", "DryRun: no"), real);
    assert!(show(&desk, &list).contains("ListItems: 2"));
}

#[test]
fn one_event_for_a_whole_import() {
    let desk = Desk::new();
    let list = new_list(&desk);
    fs::write(desk.folder().join("a.csv"), "Number1\n1\n2\n&\n").expect("a file");
    let headers = [("Action", "OutDlListImport"), ("DlmaUuid", list.as_str()), ("File", "a.csv")];
    let (_, events) = act(&desk, &headers);
    let [Event::Imported(of, imported)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(of.to_string(), list);
    assert_eq!((imported.rows, imported.accepted, imported.refused), (3, 2, 1));
}

#[test]
fn many_bad_rows_are_not_all_told() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let file = format!("Number1\n{}100\n", "&\n".repeat(2_500));
    let came = import(&desk, &list, "people.csv", file.as_bytes(), &[]);
    assert_eq!(counts(&came), ["2501", "1", "0", "2500"], "{}", &came[came.len() - 400..]);
    assert_eq!(values(&came, "Result").len(), 1_000);
    assert!(came.contains("ListItems: 1000\r\n") && came.contains("NotListed: 1500\r\n"));
}

#[test]
fn a_quote_that_is_never_closed_does_not_take_all_memory() {
    let desk = Desk::new();
    let list = new_list(&desk);
    let file = format!("Number1,Name\n100,a\n101,\"b\n{}", "102,c\n".repeat(400_000));
    let came = import(&desk, &list, "people.csv", file.as_bytes(), &[]);
    assert!(came.contains("EventList: Cancelled\r\n"), "{came}");
    assert!(came.contains("a row is longer than"), "{came}");
    assert_eq!(values(&show(&desk, &list), "Number1"), ["100"]);
    let file = format!("{{\"phone\": 1}}\n{{\"phone\": \"{}\"}}\n", "1".repeat(3 << 20));
    let came = import(&desk, &list, "people.jsonl", file.as_bytes(), &[]);
    assert!(came.contains("EventList: Cancelled\r\n"), "{came}");
}

fn export(desk: &Desk, list: &str, name: &str, more: &[(&str, &str)]) -> String {
    let headers = [("Action", "OutDlListExport"), ("DlmaUuid", list), ("File", name)];
    act(desk, &[&headers[..], more].concat()).0
}

#[test]
fn an_export_has_the_results_and_replaces_nothing_unasked() {
    let desk = Desk::new();
    let list = new_list(&desk);
    import(&desk, &list, "in.csv", b"Number1,CITY,NAME2\n100,\"a,\"\"b\"\"\",=1+1\n101,,\n", &[]);
    let came = export(&desk, &list, "out.csv", &[]);
    assert!(came.starts_with("Response: Success\r\nEventList: start\r\n"), "{came}");
    assert!(came.contains("EventList: Complete\r\n") && came.contains("Count: 2\r\n"), "{came}");
    let text = fs::read_to_string(desk.folder().join("out.csv")).expect("a file");
    let head = "Name,Detail,UKey,UData,Email,Number1,Number2,Number3,Number4,Number5,Number6,\
                Number7,Number8,CITY,NAME2,out_uuid,out_state,";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains(",100,,,,,,,,\"a,\"\"b\"\"\",=1+1,"), "{text}");
    assert!(text.contains(",ready,,,0 0 0 0 0 0 0 0,0,0,,,,,2023-11-14T"), "{text}");
    let again = export(&desk, &list, "out.csv", &[]);
    assert!(again.starts_with("Response: Error\r\nMessage: File: is there already"), "{again}");
    let again = export(&desk, &list, "out.csv", &[("Overwrite", "yes"), ("Disposition", "busy")]);
    assert!(again.contains("Count: 0\r\n"), "{again}");
    let nobody = export(&desk, "00000000-1111-2222-3333-444444444444", "x.csv", &[]);
    assert!(nobody.contains("Message: DlmaUuid: no such dlma"), "{nobody}");
}

/// What a target is, as it is shown; without what is its own (uuid, list, times).
fn told(shown: &str) -> Vec<String> {
    let entries =
        shown.split("\r\n\r\n").filter(|block| block.starts_with("Event: OutDlListEntry"));
    let is_own = |line: &&str| !["Uuid", "DlmaUuid", "Tm"].iter().any(|own| line.starts_with(own));
    entries.map(|entry| entry.lines().filter(is_own).collect::<Vec<_>>().join("\n")).collect()
}

fn text() -> impl Strategy<Value = String> {
    // Anything that a client can send: no control characters but tabs.
    "[^\\x00-\\x08\\x0a-\\x1f\\x7f\\u{80}-\\u{9f}]{0,12}"
}

/// Values that no header of import and export takes, but for the file's name.
#[test]
fn bad_values_are_named_and_change_nothing() {
    let desk = Desk::new();
    let list = new_list(&desk);
    fs::write(desk.folder().join("good.csv"), "Number1\n1\n").expect("a file");
    let values: [&[u8]; 9] = [
        b"many",
        b"-1",
        b"it's; DROP TABLE target; --",
        b"%n%s",
        b"a\r\nEvent: Fake\r\n\r\n",
        b"not UTF-8 \xff",
        b"NUL\0",
        b"../../etc/passwd",
        &[b'x'; 5_000],
    ];
    for action in ["OutDlListImport", "OutDlListExport"] {
        let known = ACTIONS.iter().find(|known| known.name == action).expect("an action");
        for header in known.headers().filter(|header| header.name != "ActionID") {
            for bad in values {
                let mut headers = vec![(&b"Action"[..], action.as_bytes())];
                let good: [(&str, &str); 2] = [("DlmaUuid", &list), ("File", "good.csv")];
                let others = good.iter().filter(|(name, _)| *name != header.name);
                headers.extend(others.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
                headers.push((header.name.as_bytes(), bad));
                let (came, events) = desk.act(&headers);
                let start = format!("Response: Error\r\nMessage: {}: ", header.name);
                // An ending that says nothing is the fault of Format.
                let of_format = "Response: Error\r\nMessage: Format: is required";
                let is_refused = came.starts_with(&start)
                    || header.name == "File" && came.starts_with(of_format);
                assert!(is_refused, "{action}, {}: {came}", header.name);
                assert_eq!(came.matches("\r\n\r\n").count(), 1, "{came}");
                assert_eq!(events, []);
            }
        }
    }
    assert!(show(&desk, &list).contains("ListItems: 0"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_exported_can_be_imported(
        rows in proptest::collection::vec(
            (text(), text(), "[0-9]{1,6}", proptest::option::of("[+0-9#*]{1,9}"), text()), 1..6),
        variable in "[A-Za-z_][A-Za-z0-9_]{0,8}",
    ) {
        let desk = Desk::new();
        let list = new_list(&desk);
        for (name, key, one, eight, value) in &rows {
            let variable = format!("{variable}={value}");
            let mut headers = vec![
                ("Action", "OutDlListCreate"), ("DlmaUuid", &list), ("Name", name),
                ("UKey", key), ("Number1", one),
            ];
            headers.extend(eight.as_ref().map(|eight| ("Number8", eight.as_str())));
            // An empty value and none are the same in a CSV file.
            if !value.is_empty() {
                headers.push(("Variable", &variable));
            }
            let came = act(&desk, &headers).0;
            prop_assert!(came.starts_with("Response: Success"), "{came}");
        }
        for name in ["out.csv", "out.jsonl"] {
            export(&desk, &list, name, &[]);
            let copy = new_list(&desk);
            let headers = [("Action", "OutDlListImport"), ("DlmaUuid", copy.as_str()),
                ("File", name), ("Duplicates", "take")];
            let came = act(&desk, &headers).0;
            prop_assert_eq!(counts(&came)[1], rows.len().to_string(), "{}", came);
            prop_assert_eq!(told(&show(&desk, &copy)), told(&show(&desk, &list)));
        }
    }

    #[test]
    fn no_file_is_too_odd(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        with_header in any::<bool>(),
        json in any::<bool>(),
    ) {
        let desk = Desk::new();
        let list = new_list(&desk);
        let head: &[u8] = if with_header && !json { b"Number1,Name,x\n" } else { b"" };
        let name = if json { "odd.jsonl" } else { "odd.csv" };
        let came = import(&desk, &list, name, &[head, &bytes].concat(), &[]);
        prop_assert!(came.ends_with("\r\n\r\n"));
        for block in came.split("\r\n\r\n").filter(|block| !block.is_empty()) {
            prop_assert!(block.lines().all(|line| line.contains(": ")), "{block}");
        }
    }
}
