//! What the module makes of its configuration, of a result file that cannot be
//! written, of who may do what, and of odd texts.

mod harness;

use std::fs::{self, File};
use std::time::Duration;

use harness::campaign::create;
use harness::http::{get, rawman};
use harness::result_file::read_results;
use harness::{poll_until, Ami, Asterisk, Campaign, Message, Options};
use rusqlite::Connection;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);
const CONF: &str = "res_outbound.conf";
/// The module's own word when it does not load.
const DECLINED: &str = "res_outbound is not loaded: ";

/// A value that fits the longest line that AMI takes, whatever its header.
const LONGEST: usize = 1_000;

type Headers<'a> = &'a [(&'a str, &'a str)];

const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

fn conf(general: &str, database: &str) -> String {
    format!(
        "[general]\nresult_filename = @RESULT_FILE@\n{general}\n\
         [database]\ndb_sqlite3_data = @DATABASE_FILE@\n{database}\n"
    )
}

fn is_running(asterisk: &Asterisk) -> bool {
    let shown = asterisk.rx("module show like res_outbound");
    let line = shown.lines().find(|line| line.starts_with("res_outbound.so"));
    line.is_some_and(|line| line.contains(" Running ") && !line.contains("Not Running"))
}

/// The lines of the log in which a text stands, as soon as there are so many:
/// Asterisk writes its log a little later.
#[track_caller]
fn log_of(asterisk: &Asterisk, text: &str, count: usize) -> Vec<String> {
    poll_until(SOON, &format!("{count} lines with '{text}' in the log"), || {
        let lines = asterisk.log_lines(text);
        (lines.len() >= count).then_some(lines)
    })
}

fn campaign(ami: &Ami, name: &str, plan: Headers, numbers: &[&str]) -> Campaign {
    let base: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("MaxRetry1", "1")];
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", *number)]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| target.as_slice()).collect();
    Campaign::create(ami, name, &[base, plan].concat(), HANGUP, &targets).unwrap()
}

fn reload(asterisk: &Asterisk, text: &str) {
    asterisk.write_config(CONF, text);
    let said = asterisk.ami().action(&[
        ("Action", "ModuleLoad"),
        ("Module", "res_outbound.so"),
        ("LoadType", "reload"),
    ]);
    assert!(said.is_success(), "{said}");
}

#[test]
fn it_declines_what_it_cannot_use_in_one_clear_line() {
    let folder = TempDir::with_prefix("outbound-").unwrap();
    let place = |name: &str| folder.path().join(name);
    let foreign = Connection::open(place("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE campaign (uuid TEXT); PRAGMA user_version = 0").unwrap();
    drop(foreign);
    let newer = Connection::open(place("newer.db")).unwrap();
    newer.execute_batch("CREATE TABLE plan (uuid TEXT); PRAGMA user_version = 99").unwrap();
    drop(newer);
    fs::write(place("letter.db"), "Dear reader, this is no database.\n".repeat(99)).unwrap();
    fs::create_dir(place("folder.db")).unwrap();
    let lock = File::create(place("locked.db.lock")).unwrap();
    lock.lock().unwrap();

    let at = |name: &str| conf("", &format!("db_sqlite3_data = {}", place(name).display()));
    let cases = [
        ("not a configuration file\n".to_owned(), vec![CONF, "cannot be parsed"]),
        (conf("", "db_type = 2"), vec![CONF, "db_type = 2"]),
        (conf("result_type = 3", ""), vec![CONF, "result_type = 3"]),
        (at("folder.db"), vec!["folder.db"]),
        (at("no/such/folder/outbound.db"), vec!["no/such/folder/outbound.db"]),
        (at("foreign.db"), vec!["belongs to another program"]),
        (at("newer.db"), vec!["schema version 99"]),
        (at("letter.db"), vec!["not a database"]),
        (at("locked.db"), vec!["locked.db", "another process"]),
    ];
    let asterisk = Asterisk::start(Options::default().module_not_loaded());
    let ami = asterisk.ami();
    for (at, (text, words)) in cases.iter().enumerate() {
        let text = text
            .replace("@RESULT_FILE@", &asterisk.result_file().display().to_string())
            .replace("@DATABASE_FILE@", &asterisk.database_file().display().to_string());
        asterisk.write_config(CONF, &text);
        let said = load(&ami);
        assert!(!said.is_success(), "loaded with {text}");
        let lines = log_of(&asterisk, DECLINED, at + 1);
        assert_eq!(lines.len(), at + 1, "not one line for {text}: {lines:#?}");
        let line = lines.last().unwrap();
        assert!(line.contains("ERROR["), "{line}");
        for word in words {
            assert!(line.contains(word), "no '{word}' in {line}");
        }
        assert!(!is_running(&asterisk));
        let shown = ami.action(&[("Action", "OutCampaignShow")]);
        assert!(shown.text("Message").contains("Invalid/unknown command"), "{shown}");
        assert!(ami.action(&[("Action", "Ping")]).is_success());
    }
    let own = log_of(&asterisk, ".rs:", cases.len());
    let own: Vec<&String> = own.iter().filter(|line| line.contains("ERROR[")).collect();
    assert_eq!(own.len(), cases.len(), "{own:#?}");

    // The one that only waited for somebody else works when he is gone.
    drop(lock);
    let said = load(&ami);
    assert!(said.is_success() && is_running(&asterisk), "{said}");
}

fn load(ami: &Ami) -> Message {
    ami.action(&[("Action", "ModuleLoad"), ("Module", "res_outbound.so"), ("LoadType", "load")])
}

#[test]
fn what_it_does_not_understand_is_named_and_passed_over() {
    let odd = "flavour = sweet\nmax_dialings = many\ncalls_per_second = 0\n\
               result_info_enable = perhaps\nevent_time_fast = 100\nhistory_events_enable = yes";
    let text = conf(odd, "db_mysql_host = x\n[kitchen]\nsink = 1");
    let asterisk = Asterisk::start(Options::default().file(CONF, &text));
    assert!(is_running(&asterisk));
    let named = [
        ("line 3", "flavour"),
        ("line 4", "max_dialings = many"),
        ("line 5", "calls_per_second = 0"),
        ("line 6", "result_info_enable = perhaps"),
        ("line 7", "event_time_fast"),
        ("line 8", "history_events_enable"),
        ("line 11", "db_mysql_host"),
        ("", "[kitchen]"),
    ];
    for (line, name) in named {
        let warned = log_of(&asterisk, name, 1);
        let [warned] = warned.as_slice() else { panic!("{name}: not one line: {warned:#?}") };
        assert!(warned.contains("WARNING[") && warned.contains(line), "{warned}");
    }
    let ami = asterisk.ami();
    let campaign = campaign(&ami, "runs", &[], &["7001"]);
    campaign.run(&ami, ENDED);
    let lines = campaign.results(&asterisk, 1);
    assert!(lines[0].0.get("info_camp").is_none(), "{:?}", lines[0]);
}

#[test]
fn without_a_configuration_file_it_runs_on_its_defaults() {
    let asterisk = Asterisk::start(Options::default().module_not_loaded());
    fs::remove_file(asterisk.config_folder().join(CONF)).unwrap();
    let ami = asterisk.ami();
    assert!(load(&ami).is_success());
    let said = asterisk.wait_log(SOON, "There is no res_outbound.conf");
    assert!(said.contains("NOTICE["), "{said}");
    campaign(&ami, "defaults", &[], &["7001"]).run(&ami, ENDED);
    let variable = asterisk.folder().join("var/lib");
    poll_until(SOON, "a line in the default result file", || {
        (read_results(&variable.join("astout.result")).unwrap().len() == 1).then_some(())
    });
    assert!(variable.join("res_outbound.sqlite3").is_file());
    assert!(!asterisk.database_file().exists());
}

#[test]
fn a_reload_takes_over_caps_and_result_file() {
    let asterisk = Asterisk::start(Options::default().file(CONF, &conf("max_dialings = 1", "")));
    let ami = asterisk.ami();
    let plan: Headers = &[("DialTimeout", "60000"), ("RetryDelay", "3600")];
    let caps = campaign(&ami, "caps", plan, &["3001", "3002", "3003"]);
    let mark = ami.mark();
    caps.set_status(&ami, 1).unwrap();
    let dialing = |count: i64| {
        poll_until(SOON, &format!("{count} dialings"), || {
            let shown = caps.statistics(&ami).unwrap();
            (shown.number("DlDialingCount") == Some(count)).then_some(())
        });
        // Both are answered by the thread that dials: it had its turn twice.
        for _ in 0..2 {
            let up = ami.list(&[("Action", "OutDialingShow")]).entries.len() as i64;
            assert_eq!(up, count, "dialings at a time");
        }
        assert_eq!(ami.events_since(mark, "OutDialingCreate").len() as i64, count);
    };
    dialing(1);
    let other = asterisk.folder().join("other.json");
    let filled = |general: &str| {
        conf(general, "")
            .replace("@RESULT_FILE@", &other.display().to_string())
            .replace("@DATABASE_FILE@", &asterisk.database_file().display().to_string())
    };
    reload(&asterisk, &filled("max_dialings = 2\nresult_info_enable = yes"));
    dialing(2);
    caps.set_status(&ami, 30).unwrap();
    caps.wait_status(&ami, mark, SOON, 0).unwrap();
    poll_until(SOON, "two lines in the new file", || {
        (read_results(&other).unwrap().len() == 2).then_some(())
    });
    assert_eq!(asterisk.results(), []);

    reload(&asterisk, &filled("calls_per_second = 2"));
    let slow = campaign(&ami, "slow", &[], &["2001", "2002", "2003", "2004", "2005", "2006"]);
    slow.run(&ami, ENDED);
    let lines = poll_until(SOON, "six more lines", || {
        let mut lines = read_results(&other).unwrap();
        lines.retain(|line| line.text("camp_uuid") == slow.uuid);
        (lines.len() == 6).then_some(lines)
    });
    let mut starts: Vec<f64> = lines.iter().map(|line| line.seconds("tm_dialing")).collect();
    starts.sort_by(f64::total_cmp);
    let took = starts[5] - starts[0];
    assert!(took >= 1.5, "six calls within {took} s at 2 a second");
}

/// Root may write everywhere but below a file.
#[test]
fn results_wait_for_a_file_that_can_be_written() {
    let text = conf("", "").replace("@RESULT_FILE@", "@VAR@/blocked/results.json");
    let mut asterisk = Asterisk::start(Options::default().file(CONF, &text));
    let blocked = asterisk.folder().join("var/blocked");
    fs::write(&blocked, "in the way").unwrap();
    let mut wanted: Vec<String> = Vec::new();
    for (name, numbers) in [("before", ["2001", "4001"]), ("after", ["9001", "7001"])] {
        let ami = asterisk.ami();
        let campaign = campaign(&ami, name, &[], &numbers);
        campaign.run(&ami, ENDED);
        wanted.extend(numbers.map(str::to_owned));
        let said = asterisk.wait_log(SOON, "Results are kept and written later");
        assert!(said.contains("ERROR[") && said.contains("blocked/results.json"), "{said}");
        drop(ami);
        if name == "before" {
            asterisk.restart();
        }
    }
    fs::remove_file(&blocked).unwrap();
    fs::create_dir(&blocked).unwrap();
    let file = blocked.join("results.json");
    let dialled = || -> Vec<String> {
        let lines = read_results(&file).unwrap();
        lines.iter().map(|line| line.dialled().to_owned()).collect()
    };
    poll_until(SOON, "all lines", || (dialled().len() >= wanted.len()).then_some(()));
    // Whatever the module writes twice it writes at its next start.
    asterisk.restart();
    let ami = asterisk.ami();
    campaign(&ami, "last", &[], &["2009"]).run(&ami, ENDED);
    wanted.push("2009".to_owned());
    poll_until(SOON, "the last line", || (dialled().len() >= wanted.len()).then_some(()));
    let (mut dialled, mut wanted) = (dialled(), wanted);
    dialled.sort();
    wanted.sort();
    assert_eq!(dialled, wanted);
    assert_eq!(log_of(&asterisk, "written again", 1).len(), 1);
}

#[test]
fn who_may_do_what_and_which_headers_count() {
    let asterisk = Asterisk::start(Options::default());
    let (admin, viewer, stranger) =
        (asterisk.ami(), asterisk.ami_as("viewer"), asterisk.ami_as("stranger"));
    let campaign = campaign(&admin, "mine", &[], &["7001"]);
    let shows = [
        "OutCampaignShow",
        "OutCampaignStatShow",
        "OutPlanShow",
        "OutDestinationShow",
        "OutDlmaShow",
        "OutDlListShow",
        "OutDialingShow",
        "OutDialingSummary",
    ];
    for show in shows {
        let shown = viewer.list(&[("Action", show)]);
        assert!(shown.response.is_success(), "{show}: {}", shown.response);
        let refused = stranger.action(&[("Action", show)]);
        assert_eq!(refused.text("Message"), "Permission denied", "{show}: {refused}");
    }
    let uuids = [
        ("Campaign", &campaign.uuid),
        ("Plan", &campaign.plan),
        ("Destination", &campaign.destination),
        ("Dlma", &campaign.list),
        ("DlList", &campaign.targets[0]),
    ];
    for (kind, uuid) in uuids {
        for verb in ["Create", "Update", "Delete"] {
            let action = format!("Out{kind}{verb}");
            let headers = [("Action", action.as_str()), ("Uuid", uuid), ("Name", "stolen")];
            for user in [&viewer, &stranger] {
                let refused = user.action(&headers);
                assert_eq!(refused.text("Message"), "Permission denied", "{action}: {refused}");
            }
        }
        let odd: Headers =
            &[("Colour", "blue"), ("X-Y: Z", ""), ("TmDelete", "now"), ("InUse", "0")];
        let action = format!("Out{kind}Update");
        let update = [&[("Action", action.as_str()), ("Uuid", uuid), ("Detail", "seen")], odd];
        admin.succeed(&update.concat());
        let shown = admin.list(&[("Action", &format!("Out{kind}Show")), ("Uuid", uuid)]);
        let (entry, names) = (&shown.entries[0], shown.entries[0].names());
        assert_eq!((entry.text("Name"), entry.text("Detail")), (name_of(kind), "seen"), "{entry}");
        assert_eq!(entry.text("TmDelete"), "<unknown>");
        assert!(!names.contains(&"Colour") && !names.contains(&"InUse"), "{entry}");
    }
    assert_eq!(
        stranger.messages_since(0).iter().filter(|m| m.is_event("OutPlanCreate")).count(),
        0
    );
}

fn name_of(kind: &str) -> &'static str {
    match kind {
        "DlList" => "<unknown>",
        _ => "mine",
    }
}

/// Texts that must come back as they were sent.
fn odd_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "it's",
        "\"quoted\"",
        "'; DROP TABLE plan; --",
        "%n%s%x%05d%%",
        "a: b",
        "a=b,c;d|e",
        "\\n\\r",
        "${EXTEN}",
        "$[1+1]",
        "grüße, 日本語 🙂",
        "<unknown >",
        "{\"json\": [1]}",
        "--",
        "NULL",
        "0",
        "`x`",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("x".repeat(LONGEST));
    texts
}

#[test]
fn odd_texts_come_back_as_they_were() {
    let mut asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let mut kept: Vec<(&str, String, String)> = Vec::new();
    for text in &odd_texts() {
        let dlma = create(&ami, "OutDlmaCreate", &[("Name", text), ("Detail", text)]).unwrap();
        let variable = format!("V={text}");
        let headers: Headers = &[
            ("DlmaUuid", &dlma),
            ("Name", text),
            ("Detail", text),
            ("UKey", text),
            ("UData", text),
            ("Variable", &variable),
            ("Number1", "7001"),
        ];
        kept.push((
            "OutDlListShow",
            create(&ami, "OutDlListCreate", headers).unwrap(),
            text.clone(),
        ));
        kept.push(("OutDlmaShow", dlma, text.clone()));
        let own: Headers = &[("Name", text), ("Detail", text), ("Variable", &variable)];
        let headers = [own, &[("CallerId", text)]].concat();
        kept.push(("OutPlanShow", create(&ami, "OutPlanCreate", &headers).unwrap(), text.clone()));
        let headers = [own, &[("Data", text)]].concat();
        let uuid = create(&ami, "OutDestinationCreate", &headers).unwrap();
        kept.push(("OutDestinationShow", uuid, text.clone()));
        let uuid = create(&ami, "OutCampaignCreate", &own[..2]).unwrap();
        kept.push(("OutCampaignShow", uuid, text.clone()));
    }
    all_come_back(&ami, &kept);
    whole_lines(&ami);
    drop(ami);
    asterisk.restart();
    all_come_back(&asterisk.ami(), &kept);
}

#[track_caller]
fn all_come_back(ami: &Ami, kept: &[(&str, String, String)]) {
    for (show, uuid, text) in kept {
        let shown = ami.list(&[("Action", show), ("Uuid", uuid)]);
        let entry = shown.entries.first().unwrap_or_else(|| panic!("{show} {text}: {shown:?}"));
        for header in ["Name", "Detail", "UKey", "UData", "CallerId", "Data"] {
            if let Some(value) =
                entry.header(header).filter(|_| header != "Data" || *show == "OutDestinationShow")
            {
                assert_eq!(value, text, "{show}: {header}");
            }
        }
        if let Some(variable) = entry.header("Variable").filter(|_| *show != "OutDlmaShow") {
            assert_eq!(variable, format!("V={text}"), "{show}");
        }
    }
}

/// Every line of the session is `Name: value` or empty, behind the greeting.
fn whole_lines(ami: &Ami) {
    let raw = ami.raw();
    let text = String::from_utf8(raw).unwrap();
    for line in text.split("\r\n").skip(1).filter(|line| !line.is_empty()) {
        let name = line.split_once(": ").or_else(|| line.split_once(':')).map(|(name, _)| name);
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        assert!(name.is_some_and(is_name), "a line that is none: {line}");
    }
}

#[test]
fn what_cannot_come_back_is_refused_by_name() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[("Name", "list")]).unwrap();
    let number = "1".repeat(80);
    let refused: [(&str, Headers, &str); 16] = [
        ("OutPlanCreate", &[("Name", "a\u{1}b")], "Name"),
        ("OutPlanCreate", &[("Name", "a\u{1b}[2Jb")], "Name"),
        ("OutPlanCreate", &[("Variable", "novalue")], "Variable"),
        ("OutPlanCreate", &[("Variable", "a b=c")], "Variable"),
        ("OutPlanCreate", &[("TrunkName", "a&b")], "TrunkName"),
        ("OutPlanCreate", &[("TechName", "PJSIP/x/")], "TechName"),
        ("OutPlanCreate", &[("DialMode", "77")], "DialMode"),
        ("OutPlanCreate", &[("RetryDelay", "-1")], "RetryDelay"),
        ("OutPlanCreate", &[("DialTimeout", "99999999999999999999")], "DialTimeout"),
        ("OutDestinationCreate", &[("Exten", "s,1")], "Exten"),
        ("OutDestinationCreate", &[("Application", "System(reboot)")], "Application"),
        ("OutCampaignCreate", &[("Plan", "'; DROP TABLE plan; --")], "Plan"),
        ("OutDlListCreate", &[("Number1", "100&SIP/200")], "Number1"),
        ("OutDlListCreate", &[("Number1", "100,200")], "Number1"),
        ("OutDlListCreate", &[("Number1", &number)], "Number1"),
        ("OutDlListCreate", &[("Email", "no address")], "Email"),
    ];
    for (action, headers, header) in refused {
        let list: Headers = &[("Action", action), ("DlmaUuid", &list)];
        let response = ami.action(&[list, headers].concat());
        assert_eq!(response.text("Response"), "Error", "{action} {headers:?}: {response}");
        let message = response.text("Message");
        assert!(message.starts_with(&format!("{header}: ")), "{action} {headers:?}: {message}");
    }
    for action in ["OutPlanShow", "OutDlListShow", "OutCampaignShow", "OutDestinationShow"] {
        assert_eq!(ami.list(&[("Action", action)]).entries.len(), 0, "{action}");
    }
    let wrong = ami.action(&[("Action", "OutDlListUpdate"), ("Name", "no uuid")]);
    assert_eq!(wrong.text("Response"), "Error", "{wrong}");
    let quoted = ami.action(&[("Action", "OutDlListUpdate"), ("Uuid", "' OR 1=1 --")]);
    assert_eq!(quoted.text("Message"), "No such dl_list", "{quoted}");
    // More than a line of AMI may hold: Asterisk's to refuse, and the session goes on.
    let long = "y".repeat(9_000);
    let refused = ami.action(&[("Action", "OutPlanCreate"), ("Name", &long)]);
    assert!(refused.text("Message").contains("line too long"), "{refused}");
    assert!(ami.action(&[("Action", "Ping")]).is_success());
    whole_lines(&ami);
    too_long_over_http(&asterisk);
    assert!(is_running(&asterisk));
}

/// Over HTTP there is room for values that the module has to refuse.
fn too_long_over_http(asterisk: &Asterisk) {
    let port = asterisk.ports.http;
    let login = [("Action", "Login"), ("Username", "admin"), ("Secret", &asterisk.ami_secret)];
    let session = get(port, &rawman(&login), None).unwrap().session().unwrap();
    for (length, is_fine) in [(1_024, true), (1_025, false)] {
        let text = "z".repeat(length);
        let create = [("Action", "OutDlmaCreate"), ("Name", text.as_str())];
        let said = get(port, &rawman(&create), Some(&session)).unwrap().body;
        let wanted = if is_fine { "Response: Success" } else { "Message: Name: is 1025 bytes" };
        assert!(said.contains(wanted), "{length} bytes: {said}");
    }
}
/// A result file that is moved away while Asterisk is down stays moved away.
#[test]
fn a_line_is_not_written_again_after_an_orderly_end() {
    let mut asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let first = campaign(&ami, "first", &[], &["2001", "2002", "4001"]);
    first.run(&ami, ENDED);
    first.results(&asterisk, 3);
    drop(ami);
    asterisk.stop();
    fs::rename(asterisk.result_file(), asterisk.folder().join("moved.json")).unwrap();
    asterisk.restart();
    let ami = asterisk.ami();
    let second = campaign(&ami, "second", &[], &["9001"]);
    second.run(&ami, ENDED);
    second.results(&asterisk, 1);
    let lines = asterisk.results();
    let dialled: Vec<&str> = lines.iter().map(|line| line.dialled()).collect();
    assert_eq!(dialled, ["9001"]);
}
