//! Where an answered call goes, what it brings along, and what is refused
//! before anybody is called.

mod harness;

use std::time::Duration;

use harness::campaign::create;
use harness::far_end::read_calls;
use harness::{poll_until, Ami, Asterisk, Campaign, FarEnd, Lab, Message, Options, ResultLine};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);

type Headers<'a> = &'a [(&'a str, &'a str)];

const SIP: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("MaxRetry1", "1")];
const LOCAL: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("MaxRetry1", "1")];
const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

fn campaign(ami: &Ami, plan: Headers, destination: Headers, number: &str) -> Campaign {
    let target: Headers = &[("Number1", number)];
    Campaign::create(ami, number, plan, destination, &[target]).unwrap()
}

/// Runs a campaign of one call and gives its line.
fn one_call(lab: &Lab, ami: &Ami, plan: Headers, to: Headers, number: &str) -> ResultLine {
    let campaign = campaign(ami, plan, to, number);
    campaign.run(ami, ENDED);
    let mut lines = campaign.results(&lab.asterisk, 1);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.remove(0)
}

/// The far end's one call of a number, as soon as it is over.
fn heard(lab: &Lab, number: &str) -> FarEnd {
    poll_until(SOON, "the far end to be done", || {
        let mut calls = read_calls(&lab.sipp.log());
        calls.retain(|call| call.number == number && call.ended.is_some());
        calls.pop()
    })
}

/// The message of a start that must be refused; and nobody is called.
#[track_caller]
fn start_refused(ami: &Ami, campaign: &Campaign) -> String {
    let mark = ami.mark();
    let headers =
        [("Action", "OutCampaignUpdate"), ("Uuid", campaign.uuid.as_str()), ("Status", "1")];
    let response = ami.action(&headers);
    assert_eq!(response.text("Response"), "Error", "{response}");
    let statuses = campaign.statuses(ami, mark);
    assert!(statuses.iter().all(|status| *status == 0), "{statuses:?}");
    response.text("Message").to_owned()
}

/// The UserEvent of the extension `reached` for one dialing.
fn reached(ami: &Ami, dialing: &str) -> Message {
    let is_it = |message: &Message| {
        message.text("UserEvent") == "Reached" && message.text("Uniqueid") == dialing
    };
    ami.wait_for(SOON, "the destination to be reached", is_it)
}

/// Sets V1 in all four places, V2 in the first three, V3 in two, V4 in the plan
/// only: the last place wins.
fn four_layers(ami: &Ami, plan: Headers, destination: Headers, number: &str) -> Campaign {
    let place = |base: Headers, place: &str, count: usize| -> Vec<(String, String)> {
        let base = base.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variable = |name: &&str| ("Variable".to_owned(), format!("{name}={place}"));
        base.chain(["V1", "V2", "V3", "V4"][..count].iter().map(variable)).collect()
    };
    let plan = place(&[plan, &[("UuiField", "UData")]].concat(), "plan", 4);
    let destination = place(destination, "dest", 2);
    let target = place(&[("Number1", number), ("UData", "72616e646f6d;encoding=hex")], "target", 1);
    let targets: &[Headers] = &[&lent(&target)];
    let campaign = Campaign::create(ami, number, &lent(&plan), &lent(&destination), targets);
    let campaign = campaign.unwrap();
    let list = place(&[("Action", "OutDlmaUpdate"), ("Uuid", &campaign.list)], "dlma", 3);
    ami.succeed(&lent(&list));
    campaign
}

fn lent(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn an_extension_gets_variables_caller_id_and_user_to_user_information() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let to: Headers = &[("Exten", "reached"), ("Context", "destinations"), ("Priority", "1")];
    let plan = [SIP, &[("CallerId", "\"Bea O'Hara\" <5550199>")]].concat();
    let campaign = four_layers(&ami, &plan, to, "1110");
    campaign.run(&ami, ENDED);
    let line = &campaign.results(&lab.asterisk, 1)[0];
    assert_eq!(line.disposition(), "answered", "{line:?}");
    assert_eq!(line.text("user_to_user"), "72616e646f6d;encoding=hex");
    let variables = r#"{"V1":"target","V2":"dest","V3":"dlma","V4":"plan"}"#;
    assert_eq!(line.text("variables"), variables);

    let event = reached(&ami, line.text("dialing_uuid"));
    let got = ["Extension", "Uui", "V1", "V2", "V3", "V4"].map(|name| event.text(name));
    let wanted = ["reached", "72616e646f6d;encoding=hex", "target", "dest", "dlma", "plan"];
    assert_eq!(got, wanted, "{event}");

    let call = heard(&lab, "1110");
    assert!(call.from.contains("\"Bea O'Hara\" <sip:5550199@"), "{call:?}");
    assert_eq!(call.user_to_user, "72616e646f6d;encoding=hex", "{call:?}");
}

#[test]
fn an_application_gets_the_variables_too() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let to: Headers = &[("Type", "1"), ("Application", "Wait"), ("Data", "20")];
    let campaign = four_layers(&ami, LOCAL, to, "1111");
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let is_answer = |message: &Message| {
        message.is_event("OutDialingUpdate")
            && message.text("CampUuid") == campaign.uuid
            && message.text("Status") == "6"
    };
    let answered = ami.wait_since(mark, SOON, "the answer", is_answer).unwrap();
    let got = ["OUTBOUND_UUI", "V1", "V2", "V3", "V4"].map(|name| {
        let channel = answered.text("ChannelName");
        let got = ami.succeed(&[("Action", "Getvar"), ("Channel", channel), ("Variable", name)]);
        got.text("Value").to_owned()
    });
    assert_eq!(got, ["72616e646f6d;encoding=hex", "target", "dest", "dlma", "plan"]);
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    let line = &campaign.results(&lab.asterisk, 1)[0];
    assert_eq!((line.disposition(), line.number("res_hangup")), ("answered", Some(16)), "{line:?}");
    assert_eq!((line.text("dial_application"), line.text("dial_data")), ("Wait", "20"));
    assert_eq!(line.number("dial_type"), Some(1));
}

#[test]
fn applications_last_as_long_as_their_data_says() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let seconds = |line: &ResultLine| line.seconds("tm_hangup") - line.seconds("tm_dial_end");
    let wait: Headers = &[("Type", "1"), ("Application", "Wait"), ("Data", "1.5")];
    let line = one_call(&lab, &ami, SIP, wait, "1112");
    assert_eq!((line.disposition(), line.number("res_hangup")), ("answered", Some(16)), "{line:?}");
    assert!((1.4..6.5).contains(&seconds(&line)), "Wait(1.5) lasted {} s", seconds(&line));
    assert_eq!(heard(&lab, "1112").ended.as_deref(), Some("them"));

    // The far end hangs up first, in the middle of it.
    let playback: Headers =
        &[("Type", "1"), ("Application", "Playback"), ("Data", "demo-congrats")];
    let line = one_call(&lab, &ami, SIP, playback, "1012");
    assert_eq!((line.disposition(), line.number("res_hangup")), ("answered", Some(16)), "{line:?}");
    assert!(seconds(&line) < 6.0, "it lasted {} s", seconds(&line));
    assert_eq!(heard(&lab, "1012").ended.as_deref(), Some("us"));
}

#[test]
fn either_side_may_hang_up_first() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let wait: Headers = &[("Exten", "wait"), ("Context", "destinations")];
    for (number, to, ended) in [("1013", wait, "us"), ("1113", HANGUP, "them")] {
        let line = one_call(&lab, &ami, SIP, to, number);
        let told = (line.disposition(), line.number("res_dial"), line.number("res_hangup"));
        assert_eq!(told, ("answered", Some(4), Some(16)), "{number}: {line:?}");
        assert_eq!(heard(&lab, number).ended.as_deref(), Some(ended), "{number}");
    }
}

#[test]
fn a_campaign_that_could_not_dial_does_not_start() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let no_such_extension: Headers = &[("Exten", "nowhere"), ("Context", "destinations")];
    let no_such_context: Headers = &[("Exten", "s"), ("Context", "moon")];
    let no_such_priority: Headers =
        &[("Exten", "s"), ("Context", "destinations"), ("Priority", "77")];
    let no_application: Headers = &[("Type", "1"), ("Application", "Teleport")];
    let queue: Headers = &[("Type", "1"), ("Application", "Queue"), ("Data", "nobody,r,,,60")];
    let destinations: [(Headers, &[&str]); 7] = [
        (no_such_extension, &["Dest", "nowhere@destinations"]),
        (no_such_context, &["Dest", "s@moon"]),
        (no_such_priority, &["Dest", "s@destinations", "77"]),
        (no_application, &["Dest", "Teleport"]),
        (queue, &["Dest", "no such queue", "nobody"]),
        (&[("Exten", "s")], &["Dest", "Context"]),
        (&[("Type", "1")], &["Dest", "Application"]),
    ];
    for (to, words) in destinations {
        let message = start_refused(&ami, &campaign(&ami, LOCAL, to, "7100"));
        for word in words {
            assert!(message.contains(word), "{to:?}: no '{word}' in: {message}");
        }
    }
    // Nobody could be seen to be free there.
    for (mode, name) in [("0", "none"), ("2", "preview"), ("3", "power"), ("6", "progressive")] {
        let plan = [LOCAL, &[("DialMode", mode)]].concat();
        let message = start_refused(&ami, &campaign(&ami, &plan, HANGUP, "7101"));
        assert!(message.contains("DialMode") && message.contains(name), "{message}");
    }
    for header in ["Plan", "Dlma", "Dest"] {
        let campaign = campaign(&ami, LOCAL, HANGUP, "7102");
        ami.succeed(&[("Action", "OutCampaignUpdate"), ("Uuid", &campaign.uuid), (header, "")]);
        let message = start_refused(&ami, &campaign);
        assert!(message.starts_with(header), "without {header}: {message}");
    }
    // Robo is a mode that can run.
    let plan = [LOCAL, &[("DialMode", "4")]].concat();
    assert_eq!(one_call(&lab, &ami, &plan, HANGUP, "7103").disposition(), "answered");
}

#[test]
fn what_is_in_use_stays() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let campaign = campaign(&ami, LOCAL, HANGUP, "3100");
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let rings = |message: &Message| {
        message.is_event("OutDialingUpdate")
            && message.text("CampUuid") == campaign.uuid
            && message.text("Status") == "3"
    };
    ami.wait_since(mark, SOON, "the call to begin", rings).unwrap();
    let deletes = [
        ("OutPlanDelete", &campaign.plan),
        ("OutDestinationDelete", &campaign.destination),
        ("OutDlmaDelete", &campaign.list),
        ("OutDlListDelete", &campaign.targets[0]),
        ("OutCampaignDelete", &campaign.uuid),
    ];
    for (action, uuid) in deletes {
        let refused = ami.action(&[("Action", action), ("Uuid", uuid)]);
        assert_eq!(refused.text("Response"), "Error", "{action}: {refused}");
        assert!(refused.text("Message").starts_with("Uuid: "), "{action}: {refused}");
    }
    let refused =
        ami.action(&[("Action", "OutPlanUpdate"), ("Uuid", &campaign.plan), ("TechName", "")]);
    assert_eq!(refused.text("Response"), "Error", "{refused}");
    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();

    // A stopped campaign loses what is deleted, and says so.
    let mark = ami.mark();
    for (action, uuid) in &deletes[..4] {
        ami.succeed(&[("Action", action), ("Uuid", uuid)]);
    }
    let updates: Vec<Message> = poll_until(SOON, "three events", || {
        let mut updates = ami.events_since(mark, "OutCampaignUpdate");
        updates.retain(|event| event.text("Uuid") == campaign.uuid);
        (updates.len() >= 3).then_some(updates)
    });
    assert_eq!(updates.len(), 3, "{updates:#?}");
    let last = ["Plan", "Dlma", "Dest"].map(|header| updates[2].text(header));
    assert_eq!(last, ["<unknown>"; 3], "{}", updates[2]);
    ami.succeed(&[("Action", "OutCampaignDelete"), ("Uuid", &campaign.uuid)]);
    for (action, uuid) in deletes {
        let gone = ami.action(&[("Action", action), ("Uuid", uuid)]);
        assert!(gone.text("Message").starts_with("No such "), "{action}: {gone}");
    }
}

/// Its own Asterisk, because the module goes.
#[test]
fn the_module_stays_while_a_call_is_up_and_goes_after_it() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let plan = [LOCAL, &[("DlEndHandle", "0")]].concat();
    let campaign = campaign(&ami, &plan, HANGUP, "3101");
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    ami.wait_event(SOON, "DialBegin", &[]);
    let said = asterisk.rx("module unload res_outbound.so");
    // Asterisk may know the reason by its own count and not ask the module.
    poll_until(SOON, &format!("a reason in the log after: {said}"), || {
        let lines = [
            asterisk.log_lines("res_outbound.so' has use count"),
            asterisk.log_lines("calls are up"),
        ];
        lines.concat().pop()
    });

    // Dialing goes on as if nobody had asked.
    create(&ami, "OutDlListCreate", &[("DlmaUuid", &campaign.list), ("Number1", "7104")]).unwrap();
    let answered = &campaign.results(&asterisk, 1)[0];
    assert_eq!((answered.dialled(), answered.disposition()), ("7104", "answered"));

    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    poll_until(SOON, "the module to be unloaded", || {
        asterisk.rx("module unload res_outbound.so");
        asterisk.rx("module show like res_outbound").contains("0 modules loaded").then_some(())
    });
    let unknown = ami.action(&[("Action", "OutCampaignShow")]);
    assert_eq!(unknown.text("Response"), "Error", "{unknown}");
    asterisk.rx("module load res_outbound.so");
    let shown = ami.list(&[("Action", "OutCampaignShow"), ("Uuid", &campaign.uuid)]);
    assert_eq!(shown.entries[0].text("Status"), "0", "{}", shown.entries[0]);
}

/// A Local call is made at the codecs' own rate: nothing has to be resampled to be
/// heard.
#[test]
fn an_answered_local_call_hears_what_is_played() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let playback: Headers = &[("Exten", "playback"), ("Context", "destinations")];
    let campaign = campaign(&ami, LOCAL, playback, "1801");
    campaign.run(&ami, ENDED);
    assert_eq!(campaign.results(&asterisk, 1)[0].disposition(), "answered");
    assert_eq!(asterisk.log_lines("translation path"), Vec::<String>::new());
    assert_eq!(asterisk.log_lines("Playback failed"), Vec::<String>::new());
}

/// Starts a campaign of one number, takes its call away to an extension while it
/// rings, and gives the lines of the whole campaign.
fn redirected_while_it_rings(
    lab: &Lab,
    ami: &Ami,
    campaign: &Campaign,
    number: &str,
) -> Vec<ResultLine> {
    let mark = ami.mark();
    campaign.set_status(ami, 1).unwrap();
    let begun = ami
        .wait_since(mark, SOON, "the call to be on its way", |message| {
            message.is_event("OutDialingUpdate")
                && message.text("DialAddr") == number
                && message.text("Status") == "3"
        })
        .unwrap();
    ami.succeed(&[
        ("Action", "Redirect"),
        ("Channel", begun.text("ChannelName")),
        ("Context", "destinations"),
        ("Exten", "wait"),
        ("Priority", "1"),
    ]);
    campaign.wait_status(ami, mark, ENDED, 0).unwrap();
    campaign.results(&lab.asterisk, 1)
}

/// Somebody takes the ringing call away to an extension; there it is answered, so
/// nobody calls that person again.
#[test]
fn a_ringing_call_that_is_redirected_is_followed_to_its_answer() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan: Headers = &[
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("MaxRetry1", "3"),
        ("RetryDelay", "0"),
        ("DialTimeout", "20000"),
    ];
    let campaign = campaign(&ami, plan, HANGUP, "6801");
    let lines = redirected_while_it_rings(&lab, &ami, &campaign, "6801");
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!((lines[0].disposition(), lines[0].number("res_dial")), ("answered", Some(4)));
}

/// A ringing call that was taken away does not ring for ever.
#[test]
fn a_ringing_call_that_is_redirected_keeps_its_time_limit() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan: Headers = &[
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("MaxRetry1", "1"),
        ("DialTimeout", "2000"),
    ];
    let campaign = campaign(&ami, plan, HANGUP, "3801");
    let lines = redirected_while_it_rings(&lab, &ami, &campaign, "3801");
    assert_eq!((lines[0].disposition(), lines[0].number("res_hangup")), ("no_answer", Some(19)));
}
