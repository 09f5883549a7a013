//! The dialplan: OutDlCreate(), OUTBOUND(), and outcomes that are set by a script
//! or over AMI.

mod harness;

use std::time::Duration;

use harness::campaign::create;
use harness::{poll_until, Ami, Asterisk, Campaign, Lab, Message, Options, ResultLine};
use rusqlite::Connection;

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);

type Headers<'a> = &'a [(&'a str, &'a str)];

/// People who answer at once and stay, dialled once.
const PLAN: Headers =
    &[("TechName", "Local/"), ("TrunkName", "patient"), ("MaxRetry1", "1"), ("RetryDelay", "1")];

/// Has a channel run an extension, and gives the UserEvent that it sends.
fn run(ami: &Ami, exten: &str, variables: Headers, event: &str) -> Message {
    let mark = ami.mark();
    let channel = format!("Local/{exten}");
    let set: Vec<String> =
        variables.iter().map(|(name, value)| format!("__{name}={value}")).collect();
    let mut action = vec![
        ("Action", "Originate"),
        ("Channel", channel.as_str()),
        ("Application", "Wait"),
        ("Data", "1"),
        ("Async", "true"),
    ];
    action.extend(set.iter().map(|variable| ("Variable", variable.as_str())));
    ami.succeed(&action);
    // The shared Asterisk runs other tests' extensions at the same time.
    let ours = |message: &Message| {
        message.text("UserEvent") == event && message.text("Channel").starts_with(&channel)
    };
    ami.wait_since(mark, SOON, event, ours).unwrap()
}

/// UserEvent ends a value at its first comma.
fn up_to_comma(reason: &str) -> &str {
    reason.split(',').next().unwrap_or(reason)
}

fn status(event: &Message) -> (&str, &str) {
    (event.text("Status"), event.text("Detail"))
}

fn shown(ami: &Ami, target: &str) -> Message {
    ami.list(&[("Action", "OutDlListShow"), ("Uuid", target)]).entries.remove(0)
}

/// Numbers that are set, name, detail, mail address and key.
fn person(target: &Message) -> (Vec<&str>, [&str; 4]) {
    let numbers = (1..=8).map(|at| target.text(&format!("Number{at}")));
    let numbers = numbers.filter(|number| *number != "<unknown>").collect();
    (numbers, ["Name", "Detail", "Email", "UKey"].map(|name| target.text(name)))
}

#[test]
fn targets_are_created_from_the_dialplan() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[("Name", "made by the dialplan")]).unwrap();
    let nothing = "<unknown>";
    let full = ["301", "302", "303", "304", "305", "306", "307", "308"];
    let details =
        ["test dl client name", "test dl client detail", "test.dl.client@test.com", "test dl ukey"];
    let sip = ["sip:301@example.com", "sip:302@example.com"];
    let cases: [(&str, &[&str], [&str; 4]); 4] = [
        ("full@dlcreate", &full, details),
        ("min@dlcreate", &["301"], [nothing; 4]),
        ("quote@dlcreate", &["301"], ["O'Hara'", nothing, nothing, nothing]),
        ("protected@dlcreate", &sip, ["O'Hara, Bea", nothing, nothing, nothing]),
    ];
    for (exten, numbers, texts) in cases {
        let mark = ami.mark();
        let event = run(&ami, exten, &[("DLMA", &list)], "OutDl");
        let (status, uuid) = status(&event);
        assert_eq!(status, "SUCCESS", "{event}");
        let is_it =
            |message: &Message| message.is_event("OutDlListCreate") && message.text("Uuid") == uuid;
        let created = ami.wait_since(mark, SOON, "the event", is_it).unwrap();
        assert_eq!(created.text("DlmaUuid"), list);
        let target = shown(&ami, uuid);
        assert_eq!(person(&target), (numbers.to_vec(), texts), "{exten}");
        if exten == "full@dlcreate" {
            let variables = ["var1=val1", "var2=val2", "var3=var3", "var4=var 4"];
            assert_eq!(target.all("Variable"), variables);
        }
    }
}

#[test]
fn bad_arguments_are_refused_with_the_reason_and_the_call_goes_on() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[("Name", "stays empty")]).unwrap();
    let cases = [
        ("unknown@dlcreate", "", "DlmaUuid: no such dlma"),
        ("many@dlcreate", "", "Number9: 9 numbers are too many, allowed are 8"),
        ("nonum@dlcreate", "", "Number1: is required"),
        ("nodlma@dlcreate", "", "DlmaUuid: is required"),
        ("empty@dlcreate", "", "Number1: is required"),
        ("args@dlcreate", "301%0d%0aEvent: Forged", "Number1: has the control character U+000D"),
        ("args@dlcreate", "301%2ca%0ab", "Name: has the control character U+000A"),
        (
            "args@dlcreate",
            "301%2c%2c%2c%2c%2ca=b%0ac",
            "Variable: has the control character U+000A",
        ),
        ("args@dlcreate", "301%2c%ff%fe", "Name: is not valid UTF-8"),
        ("args@dlcreate", "301 302", "Number1: has the character ' '"),
        ("args@dlcreate", "301'; DROP TABLE target", "Number1: has the character '''"),
        ("args@dlcreate", "sip:301@example.com", "Number1: the colon of a URI"),
        ("args@dlcreate", "301%2c%2c%2cnobody", "Email: 'nobody' is not allowed"),
        ("args@dlcreate", "301%2c%22Bea", "a double quote is not closed"),
    ];
    for (exten, args, reason) in cases {
        let event = run(&ami, exten, &[("DLMA", &list), ("ARGS", args)], "OutDl");
        let (status, detail) = status(&event);
        assert_eq!(status, "FAILURE", "{args}: {event}");
        assert!(detail.starts_with(up_to_comma(reason)), "{args}: {detail}");
        assert!(!lab.asterisk.log_lines(reason).is_empty(), "{reason}");
    }
    let targets = ami.list(&[("Action", "OutDlListShow"), ("DlmaUuid", &list)]).entries;
    assert!(targets.is_empty(), "{targets:?}");
}

#[test]
fn help_is_there() {
    let lab = Lab::shared();
    let application = lab.asterisk.rx("core show application OutDlCreate");
    for text in ["Put a target into a dial list.", "dlma_uuid,number1", "OUTSTATUS", "ukey "] {
        assert!(application.contains(text), "{text}: {application}");
    }
    let function = lab.asterisk.rx("core show function OUTBOUND");
    for text in ["OUTBOUND(field)", "call_back_at ", "number_index ", "do_not_call"] {
        assert!(function.contains(text), "{text}: {function}");
    }
    let warned = lab.asterisk.log_lines("Cannot find any documentation");
    assert!(warned.is_empty(), "{warned:?}");
}

fn to(exten: &str) -> [(&str, &str); 2] {
    [("Exten", exten), ("Context", "script")]
}

/// The UserEvent of a script on the one call of a number.
fn told(ami: &Ami, mark: usize, event: &str, dialing: &str) -> Message {
    let is_it = |message: &Message| {
        message.text("UserEvent") == event && message.text("Uniqueid") == dialing
    };
    ami.wait_since(mark, SOON, event, is_it).unwrap()
}

/// The live dialing of a campaign, once it is answered.
fn answered(ami: &Ami, campaign: &Campaign) -> Message {
    poll_until(SOON, "the answer", || {
        let live = ami.list(&[("Action", "OutDialingShow")]).entries;
        live.into_iter().find(|dialing| {
            dialing.text("CampUuid") == campaign.uuid && dialing.text("Status") == "6"
        })
    })
}

const BEA: Headers = &[
    ("Number1", "7301"),
    ("Number2", "7302"),
    ("Name", "Bea O'Hara"),
    ("Detail", "gold"),
    ("UKey", "key 7"),
    ("UData", "uui"),
    ("Email", "bea@example.com"),
];

/// What `show` tells of BEA's call.
fn shows_bea(event: &Message, campaign: &Campaign, dialing: &str) {
    let ids = [
        dialing,
        &campaign.uuid,
        &campaign.plan,
        &campaign.list,
        &campaign.destination,
        &campaign.targets[0],
    ];
    assert_eq!(event.text("Ids"), ids.join(" "));
    assert_eq!(event.text("Person"), "Bea O'Hara/gold/key 7/uui/bea@example.com");
    assert_eq!(event.text("Dialled"), "7301/1/1/1");
    assert_eq!(event.text("Numbers"), "7301/7302/");
    assert_eq!(event.text("Rest"), "bea/30000/");
}

#[test]
fn a_script_sees_whom_it_talks_to() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let campaign = Campaign::create(&ami, "bea", PLAN, &to("show"), &[BEA]).unwrap();
    let mark = ami.mark();
    campaign.run(&ami, ENDED);
    let line = &campaign.results(&lab.asterisk, 1)[0];
    let dialing = line.text("dialing_uuid");
    shows_bea(&told(&ami, mark, "Call", dialing), &campaign, dialing);
}

/// Sends a live dialing's channel to the extension `show`.
fn redirect_to_show(ami: &Ami, live: &Message) {
    ami.succeed(&[
        ("Action", "Redirect"),
        ("Channel", live.text("ChannelName")),
        ("Context", "script"),
        ("Exten", "show"),
        ("Priority", "1"),
    ]);
}

#[test]
fn a_redirected_call_stays_ours() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // From an application, Asterisk moves the call to another channel structure.
    let application: Headers = &[("Type", "1"), ("Application", "Wait"), ("Data", "600")];
    for destination in [&to("wait")[..], application] {
        let campaign = Campaign::create(&ami, "bea", PLAN, destination, &[BEA]).unwrap();
        let mark = ami.mark();
        campaign.set_status(&ami, 1).unwrap();
        let live = answered(&ami, &campaign);
        redirect_to_show(&ami, &live);
        let is_it = |message: &Message| {
            message.text("UserEvent") == "Call" && message.text("Ids").contains(&campaign.uuid)
        };
        let event = ami.wait_since(mark, SOON, "the script", is_it).unwrap();
        shows_bea(&event, &campaign, live.text("Uuid"));
        campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    }
}

#[test]
fn a_script_may_speak_after_the_hangup() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let wrapup: Headers = &[("Exten", "s"), ("Context", "wrapup")];
    let campaign = Campaign::create(&ami, "wrapup", PLAN, wrapup, &[BEA]).unwrap();
    campaign.set_status(&ami, 1).unwrap();
    let line = &campaign.results(&lab.asterisk, 1)[0];
    assert_eq!(line.disposition(), "no_answer");
    assert_eq!(line.text("network_disposition"), "answered");
    campaign.set_status(&ami, 30).unwrap();
}

#[test]
fn a_foreign_channel_has_nothing() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let event = run(&ami, "show@script", &[], "Call");
    assert_eq!(event.text("Ids").trim(), "", "{event}");
    let variables: Headers = &[("FIELD", "disposition"), ("TO", "do_not_call")];
    let event = run(&ami, "set@script", variables, "Set");
    let reason = "the dialer did not place this call";
    assert_eq!(event.text("Status"), "FAILURE", "{event}");
    assert!(event.text("Detail").starts_with(reason), "{event}");
    let warned = lab.asterisk.log_lines(reason);
    assert!(warned.iter().any(|line| line.contains("OUTBOUND(uuid) on Local/")), "{warned:?}");
}

/// One call whose script sets a field; the event that tells of it, and the line.
fn set_on_a_call(
    lab: &Lab,
    ami: &Ami,
    plan: Headers,
    field: &str,
    value: &str,
) -> (Message, ResultLine) {
    let (field, value) = (format!("FIELD={field}"), format!("TO={value}"));
    let target: Headers = &[("Number1", "7301"), ("Variable", &field), ("Variable", &value)];
    let campaign = Campaign::create(ami, "set", plan, &to("set"), &[target]).unwrap();
    let mark = ami.mark();
    campaign.run(ami, ENDED);
    let mut lines = campaign.results(&lab.asterisk, 1);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line = lines.remove(0);
    let event = told(ami, mark, "Set", line.text("dialing_uuid"));
    (event, line)
}

#[test]
fn a_refused_outcome_says_why_and_leaves_the_result_alone() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let cases = [
        ("disposition", "maybe", "Disposition: 'maybe' is not allowed; allowed is answered, "),
        ("call_back_at", "tomorrow", "CallBackAt: 'tomorrow' is not allowed"),
        ("call_back_at", "+2678400", "CallBackAt: "),
        ("call_back_at", "2020-01-01T00:00:00Z", "CallBackAt: 2020-01-01T00:00:00.000000000Z is"),
        ("name", "x", "name cannot be set; what can be is disposition, call_back_at"),
        ("colour", "x", "there is no field 'colour'; allowed are "),
    ];
    for (field, value, reason) in cases {
        let (event, line) = set_on_a_call(&lab, &ami, PLAN, field, value);
        let (status, detail) = status(&event);
        assert_eq!(status, "FAILURE", "{event}");
        assert!(detail.starts_with(up_to_comma(reason)), "{detail}");
        assert!(!lab.asterisk.log_lines(reason).is_empty(), "{reason}");
        assert_eq!(event.text("Disposition"), "");
        assert_eq!(line.disposition(), "answered");
    }
}

#[test]
fn an_outcome_is_the_result_and_decides_of_the_target() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    for disposition in ["do_not_call", "answered", "machine", "no_answer", "failed"] {
        let (event, line) = set_on_a_call(&lab, &ami, PLAN, "disposition", disposition);
        assert_eq!((event.text("Status"), event.text("Disposition")), ("SUCCESS", disposition));
        assert_eq!(line.disposition(), disposition);
        assert_eq!(line.text("network_disposition"), "answered");
        assert_eq!(line.number("res_dial"), Some(4), "{line:?}");
        let target = shown(&ami, line.text("dl_list_uuid"));
        assert_eq!(target.text("ResDialDetail"), disposition);
    }
}

#[test]
fn retries_follow_the_outcome() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let twice: Headers = &[
        ("TechName", "Local/"),
        ("TrunkName", "patient"),
        ("MaxRetry1", "2"),
        ("RetryDelay", "0"),
    ];
    let cases: [(Headers, &str, &str, &[&str]); 5] = [
        // One try in all: a promise is kept all the same, once.
        (PLAN, "disposition", "call_back", &["call_back", "answered"]),
        (PLAN, "call_back_at", "+1", &["call_back", "answered"]),
        (PLAN, "disposition", "machine", &["machine"]),
        (twice, "disposition", "machine", &["machine", "answered"]),
        (twice, "disposition", "do_not_call", &["do_not_call"]),
    ];
    for (plan, field, value, dispositions) in cases {
        let (field, to_value) = (format!("FIELD={field}"), format!("TO={value}"));
        let target: Headers = &[("Number1", "7301"), ("Variable", &field), ("Variable", &to_value)];
        let campaign = Campaign::create(&ami, "once", plan, &to("once"), &[target]).unwrap();
        campaign.run(&ami, ENDED);
        let lines = campaign.results(&lab.asterisk, dispositions.len());
        let told: Vec<&str> = lines.iter().map(ResultLine::disposition).collect();
        assert_eq!(told, dispositions, "{field} {to_value}");
        let tries: Vec<_> = lines.iter().filter_map(ResultLine::try_number).collect();
        assert_eq!(tries, (1..=dispositions.len() as i64).collect::<Vec<_>>());
    }
}

#[test]
fn a_desktop_sets_the_outcome_of_a_live_call() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let campaign = Campaign::create(&ami, "desktop", PLAN, &to("wait"), &[BEA]).unwrap();
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let live = answered(&ami, &campaign);
    let update = |header: &str, value: &str| {
        let headers =
            [("Action", "OutDialingUpdate"), ("Uuid", live.text("Uuid")), (header, value)];
        ami.action(&headers)
    };
    for (header, value, reason) in [
        ("Disposition", "maybe", "Disposition: 'maybe' is not allowed"),
        ("CallBackAt", "+99999999", "CallBackAt: "),
        ("Other", "x", "Disposition: is required, or CallBackAt"),
    ] {
        let response = update(header, value);
        assert!(
            !response.is_success() && response.text("Message").starts_with(reason),
            "{response}"
        );
    }
    let response = update("CallBackAt", "+3600");
    assert_eq!(response.text("Message"), "Dialing updated successfully", "{response}");
    let is_it = |message: &Message| {
        message.is_event("OutDialingUpdate")
            && message.text("Uuid") == live.text("Uuid")
            && message.text("Disposition") == "call_back"
    };
    let event = ami.wait_since(mark, SOON, "the outcome", is_it).unwrap();
    assert!(event.text("CallBackAt").ends_with('Z'), "{event}");
    // The call's own script sees it too.
    redirect_to_show(&ami, &live);
    let event = told(&ami, mark, "Call", live.text("Uuid"));
    assert_eq!(event.text("Rest"), "desktop/30000/call_back");
    let line = &campaign.results(&lab.asterisk, 1)[0];
    assert_eq!(line.disposition(), "call_back");
    assert!(line.seconds("call_back_at") - line.seconds("tm_hangup") > 3_500.0, "{line:?}");
    let response = update("Disposition", "do_not_call");
    let reason = "No such live dialing: it has ended, or there never was one";
    assert_eq!(response.text("Message"), reason);
    campaign.set_status(&ami, 0).unwrap();
}

#[test]
fn an_outcome_survives_a_power_cut() {
    let mut asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let set: Headers =
        &[("Number1", "7301"), ("Variable", "FIELD=disposition"), ("Variable", "TO=do_not_call")];
    let promised: Headers =
        &[("Number1", "7302"), ("Variable", "FIELD=call_back_at"), ("Variable", "TO=+3600")];
    let targets = [set, promised];
    let campaign = Campaign::create(&ami, "stay", PLAN, &to("stay"), &targets).unwrap();
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    poll_until(SOON, "both scripts to have set it", || {
        let events = ami.events_since(mark, "UserEvent");
        let set = events.iter().filter(|event| event.text("Status") == "SUCCESS");
        (set.count() == 2).then_some(())
    });
    drop(ami);
    asterisk.kill9();
    asterisk.restart();
    let mut lines = campaign.results(&asterisk, 2);
    lines.sort_by(|one, other| one.dialled().cmp(other.dialled()));
    let told: Vec<&str> = lines.iter().map(ResultLine::disposition).collect();
    assert_eq!(told, ["do_not_call", "call_back"]);
    assert!(lines.iter().all(|line| line.text("network_disposition") == "interrupted"));
    let ami = asterisk.ami();
    let shown = campaign.statistics(&ami).unwrap();
    let counts = ["DlFinishedCount", "DlAvailableCount"].map(|name| shown.number(name));
    assert_eq!(counts, [Some(1), Some(1)], "{shown}");
}

#[test]
fn the_module_stays_while_a_channel_waits_in_it() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[("Name", "locked")]).unwrap();
    let database = Connection::open(asterisk.database_file()).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mark = ami.mark();
    ami.succeed(&[
        ("Action", "Originate"),
        ("Channel", "Local/min@dlcreate"),
        ("Application", "Wait"),
        ("Data", "1"),
        ("Async", "true"),
        ("Variable", &format!("__DLMA={list}")),
    ]);
    poll_until(SOON, "the channel to be in the application", || {
        let channels = asterisk.rx("core show channels concise");
        channels.contains("!OutDlCreate!").then_some(())
    });
    let refused = asterisk.rx("module unload res_outbound.so");
    assert!(refused.contains("Unable to unload"), "{refused}");
    database.execute_batch("ROLLBACK").unwrap();
    let is_it = |message: &Message| message.text("UserEvent") == "OutDl";
    let event = ami.wait_since(mark, SOON, "the end of the application", is_it).unwrap();
    assert_eq!(event.text("Status"), "SUCCESS", "{event}");
    poll_until(SOON, "the module to be unloaded", || {
        asterisk.rx("module unload res_outbound.so").contains("Unloaded").then_some(())
    });
    let gone = asterisk.rx("core show application OutDlCreate");
    assert!(gone.contains("not registered"), "{gone}");
}
