//! Import and export of dial lists, in a real Asterisk.

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::ami::List;
use harness::campaign::create;
use harness::{poll_until, Ami, Asterisk, Campaign, Message, Options};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(60);

type Headers<'a> = &'a [(&'a str, &'a str)];

const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

fn write(asterisk: &Asterisk, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let folder = asterisk.bulk_folder();
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Imports a file, and gives all that the client got.
fn import(ami: &Ami, list: &str, file: &str, more: Headers) -> List {
    let base: Headers = &[("Action", "OutDlListImport"), ("DlmaUuid", list), ("File", file)];
    ami.list(&[base, more].concat())
}

fn refused(ami: &Ami, headers: Headers) -> String {
    let response = ami.action(headers);
    assert!(!response.is_success(), "{response}");
    response.text("Message").to_owned()
}

/// Rows, accepted, duplicates, refused.
fn counts(list: &List) -> [&str; 4] {
    let end = list.complete.as_ref().expect("an end");
    ["Rows", "Accepted", "Duplicates", "Refused"].map(|name| end.text(name))
}

fn statistics(ami: &Ami, campaign: &Campaign) -> (i64, i64) {
    let shown = campaign.statistics(ami).unwrap();
    let count = |name| shown.number(name).unwrap();
    (count("DlTotalCount"), count("DlFinishedCount"))
}

#[test]
fn good_rows_come_in_and_the_others_are_told() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[]).unwrap();
    write(&asterisk, "people.csv", "Name;phone;CITY\nAda;7001;Rome\nEve;70&02;\nSven;7001;\n");
    let mark = ami.mark();
    let came = import(&ami, &list, "people.csv", &[("ActionID", "i1")]);
    assert_eq!(came.response.text("Message"), "Dl List Import will follow");
    assert_eq!(came.response.text("ActionID"), "i1");
    assert_eq!(counts(&came), ["3", "1", "1", "1"]);
    let told: Vec<[&str; 3]> = came
        .entries
        .iter()
        .map(|entry| ["Line", "Column", "Result"].map(|name| entry.text(name)))
        .collect();
    assert_eq!(told, [["3", "Number1", "refused"], ["4", "Number1", "duplicate"]]);
    let event = ami.wait_since(mark, SOON, "the event", |m| m.is_event("OutDlListImport")).unwrap();
    assert_eq!(event.header("ActionID"), None);
    let told = ["DlmaUuid", "File", "Rows", "Accepted", "Duplicates", "Refused"];
    assert_eq!(told.map(|name| event.text(name)), [&list, "people.csv", "3", "1", "1", "1"]);
    assert!(ami.events_since(mark, "OutDlListCreate").is_empty());

    let shown = ami.list(&[("Action", "OutDlListShow"), ("DlmaUuid", &list)]).entries;
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].text("Name"), shown[0].text("Variable")), ("Ada", "CITY=Rome"));

    let dry = import(&ami, &list, "people.csv", &[("DryRun", "yes"), ("Duplicates", "take")]);
    assert_eq!(counts(&dry), ["3", "2", "0", "1"]);
    let shown = ami.list(&[("Action", "OutDlListShow"), ("DlmaUuid", &list)]).entries;
    assert_eq!(shown.len(), 1);
    // The same on the console.
    let said = asterisk.rx(&format!("out show dlma list {list}"));
    assert!(said.contains("Ada") && said.contains("7001"), "{said}");
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[]).unwrap();
    let inside = write(&asterisk, "good.csv", "Number1\n7001\n");
    let folder = asterisk.bulk_folder();
    let secret = folder.parent().unwrap().join("secret.csv");
    fs::write(&secret, "Number1\n666\n").unwrap();
    symlink(&secret, folder.join("link.csv")).unwrap();
    symlink(folder.parent().unwrap(), folder.join("up")).unwrap();
    symlink("good.csv", folder.join("inner.csv")).unwrap();
    fs::create_dir(folder.join("sub.csv")).unwrap();
    let made = Command::new("mkfifo").arg(folder.join("pipe.csv")).status().unwrap();
    assert!(made.success());
    let absolute = secret.display().to_string();
    let names =
        ["../secret.csv", "link.csv", "up/secret.csv", &absolute, "a/../../secret.csv", "pipe.csv"];
    for name in names.into_iter().chain(["sub.csv", "/etc/passwd.csv", "nothing.csv"]) {
        let headers: Headers =
            &[("Action", "OutDlListImport"), ("DlmaUuid", &list), ("File", name)];
        let why = refused(&ami, headers);
        assert!(why.starts_with("File: '"), "{name}: {why}");
        let headers: Headers = &[
            ("Action", "OutDlListExport"),
            ("DlmaUuid", &list),
            ("File", name),
            ("Overwrite", "yes"),
        ];
        if ["../secret.csv", "up/secret.csv", &absolute, "/etc/passwd.csv"].contains(&name) {
            let why = refused(&ami, headers);
            assert!(why.starts_with("File: '"), "{name}: {why}");
        }
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "Number1\n666\n");
    let inside = inside.display().to_string();
    assert_eq!(counts(&import(&ami, &list, &inside, &[])), ["1", "1", "0", "0"]);
    assert_eq!(counts(&import(&ami, &list, "inner.csv", &[])), ["1", "0", "1", "0"]);
    let folder_mode = fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(folder_mode & 0o002, 0);
}

#[test]
fn what_is_imported_while_a_campaign_dials_is_dialled_once() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let plan: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("DlEndHandle", "0")];
    let campaign = Campaign::create(&ami, "bulk", plan, HANGUP, &[&[("Number1", "7000")]]).unwrap();
    campaign.set_status(&ami, 1).unwrap();
    let rows: String = (1..300).map(|n| format!("7{n:03}\n")).collect();
    write(&asterisk, "people.csv", format!("Number1\n{rows}"));
    let came = import(&ami, &campaign.list, "people.csv", &[]);
    assert_eq!(counts(&came), ["299", "299", "0", "0"]);
    poll_until(ENDED, "everybody to be reached", || {
        (statistics(&ami, &campaign) == (300, 300)).then_some(())
    });
    let mut dialled: BTreeMap<String, usize> = BTreeMap::new();
    for line in campaign.results(&asterisk, 300) {
        assert_eq!(line.disposition(), "answered");
        *dialled.entry(line.dialled().to_owned()).or_default() += 1;
    }
    assert_eq!(dialled.len(), 300);
    assert!(dialled.values().all(|times| *times == 1), "{dialled:?}");

    let headers: Headers =
        &[("Action", "OutDlListExport"), ("DlmaUuid", &campaign.list), ("File", "done.jsonl")];
    let came = ami.list(headers);
    assert!(came.response.is_success(), "{}", came.response);
    assert_eq!(came.complete.unwrap().text("Count"), "300");
    let path = asterisk.bulk_folder().join("done.jsonl");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let text = fs::read_to_string(&path).unwrap();
    let targets: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(targets.len(), 300);
    for target in &targets {
        assert_eq!(target["out_disposition"], "answered", "{target}");
        assert_eq!(target["out_tries"], "1 0 0 0 0 0 0 0", "{target}");
        assert_eq!((&target["out_state"], &target["out_res_dial"]), (&"done".into(), &4.into()));
    }
    let why = refused(&ami, headers);
    assert!(why.contains("is there already"), "{why}");
    let left: Vec<_> = fs::read_dir(asterisk.bulk_folder()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// A list that is long enough to be looked at while it is imported or shown.
fn long_file(asterisk: &Asterisk, rows: usize) {
    let text: String = (0..rows).map(|n| format!("9{n:07},name {n}\n")).collect();
    write(asterisk, "long.csv", format!("Number1,Name\n{text}"));
}

#[test]
fn one_import_into_a_list_at_a_time_and_a_kill_leaves_whole_chunks() {
    let mut asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[]).unwrap();
    long_file(&asterisk, 200_000);
    let headers: Headers =
        &[("Action", "OutDlListImport"), ("DlmaUuid", &list), ("File", "long.csv")];
    ami.send(headers).unwrap();
    ami.wait_for(SOON, "the import to begin", |message: &Message| {
        message.text("Message") == "Dl List Import will follow"
    });
    let other = asterisk.ami();
    let why = refused(&other, headers);
    assert_eq!(why, "DlmaUuid: another import into this dlma is under way");
    poll_until(SOON, "some rows", || {
        let shown = other.list(&[("Action", "OutDlListShow"), ("DlmaUuid", &list), ("Count", "1")]);
        (!shown.entries.is_empty()).then_some(())
    });
    asterisk.kill9();
    asterisk.restart();
    let ami = asterisk.ami();
    let there = ami.list(&[("Action", "OutDlListShow"), ("DlmaUuid", &list), ("Count", "1000000")]);
    let there = there.entries.len();
    assert!(there > 0 && there.is_multiple_of(500), "{there} rows");
    // Once more, and only the others are new.
    let came = import(&ami, &list, "long.csv", &[]);
    let [rows, accepted, duplicates, _] = counts(&came).map(|n| n.parse::<usize>().unwrap());
    assert_eq!((rows, accepted, duplicates), (200_000, 200_000 - there, there));
    let last = came.entries.last().unwrap();
    assert!(last.is_event("OutDlListImportProgress"), "{last}");
}

#[test]
fn a_hundred_thousand_entries_hold_up_nobody() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let plan: Headers = &[
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("RetryDelay", "3600"),
        ("MaxRetry1", "1"),
    ];
    let campaign = Campaign::create(&ami, "long", plan, HANGUP, &[]).unwrap();
    long_file(&asterisk, 100_000);
    assert_eq!(
        counts(&import(&ami, &campaign.list, "long.csv", &[])),
        ["100000", "100000", "0", "0"]
    );
    campaign.set_status(&ami, 1).unwrap();
    // A client that asks for everything, and reads nothing until later.
    let slow = asterisk.ami();
    let show = [("Action", "OutDlListShow"), ("DlmaUuid", &campaign.list), ("Count", "100000")];
    slow.send(&show).unwrap();
    let called = |ami: &Ami| campaign.statistics(ami).unwrap().number("DlCalledCount").unwrap();
    let before = called(&ami);
    poll_until(SOON, "dialing to go on meanwhile", || (called(&ami) > before + 20).then_some(()));
    let end = slow.wait_for(ENDED, "the end of the list", |m| m.is_event("OutDlListComplete"));
    assert_eq!((end.text("EventList"), end.text("ListItems")), ("Complete", "100000"));
    campaign.set_status(&ami, 30).unwrap();
}
