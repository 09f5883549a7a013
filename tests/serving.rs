//! What serves an answered call: AMD first, then its destination, then where its dialplan
//! redirects it.

mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::campaign::create;
use harness::{Ami, Asterisk, Campaign, Message, Options, ResultLine, Shared};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);

type Headers<'a> = &'a [(&'a str, &'a str)];

/// Mode redirect, to people who stay until somebody hangs up.
const REDIRECT: Headers =
    &[("TechName", "Local/"), ("TrunkName", "patient"), ("MaxRetry1", "1"), ("DialMode", "5")];

/// Mode robo, with AMD, to people and machines.
const SCREENED: Headers = &[
    ("TechName", "Local/"),
    ("TrunkName", "greeting"),
    ("MaxRetry1", "1"),
    ("DialMode", "4"),
    ("Amd", "1"),
];

/// Every station tells that it has the call. TO is where it is redirected.
const DIALPLAN: &str = "
[stations]
exten => begin,1,Set(OUTBOUND(redirect)=${TO})
 same => n,UserEvent(Station,At: begin,Status: ${OUTSTATUS},Redirect: ${OUTBOUND(redirect)},Detail: ${OUTDETAIL})
exten => hangs,1,Set(OUTBOUND(redirect)=${TO})
 same => n,Hangup(16)
exten => stays,1,Set(OUTBOUND(redirect)=${TO})
 same => n,UserEvent(Station,At: stays)
 same => n,Wait(600)
exten => again,1,UserEvent(Station,At: again,Redirect: ${OUTBOUND(redirect)})
exten => here,1,UserEvent(Station,At: here)
exten => person,1,UserEvent(Station,At: person,Amd: ${AMDSTATUS})
exten => machine,1,UserEvent(Station,At: machine,Amd: ${AMDSTATUS})
exten => h,1,UserEvent(Station,At: h)

[elsewhere]
exten => last,1,UserEvent(Station,At: last,Redirect: ${OUTBOUND(redirect)})
 same => n,Set(OUTBOUND(redirect)=stations,again)
exten => third,1,UserEvent(Station,At: first of third)
exten => third,3,UserEvent(Station,At: third)
exten => h,1,UserEvent(Station,At: h elsewhere)

; Who answers: 1 says a word and waits, 8 talks on and on, 7 is gone while AMD listens.
[greeting]
exten => _1!,1,Answer()
 same => n,Playback(beep&silence/5)
 same => n,Wait(600)
exten => _8!,1,Answer()
 same => n,Playback(demo-congrats)
 same => n,Wait(600)
exten => _7!,1,Answer()
 same => n,Playback(beep)
 same => n,Hangup(16)
";

/// The Asterisk of this suite.
fn lab() -> Arc<Asterisk> {
    static LAB: Shared<Asterisk> = Shared::new();
    LAB.get(|| Asterisk::start(Options::default().add("extensions.conf", DIALPLAN)))
}

/// Runs a campaign of one call, and gives its line and what its stations told.
fn one_call(
    asterisk: &Asterisk,
    ami: &Ami,
    plan: Headers,
    to: Headers,
    number: &str,
) -> (ResultLine, Vec<Message>) {
    let mark = ami.mark();
    let campaign = Campaign::create(ami, number, plan, to, &[&[("Number1", number)]]).unwrap();
    campaign.run(ami, ENDED);
    let line = campaign.results(asterisk, 1).remove(0);
    let events = stations(ami, mark, line.text("dialing_uuid"));
    (line, events)
}

fn stations(ami: &Ami, mark: usize, dialing: &str) -> Vec<Message> {
    let mut events = ami.events_since(mark, "UserEvent");
    events
        .retain(|event| event.text("UserEvent") == "Station" && event.text("Uniqueid") == dialing);
    events
}

fn places(events: &[Message]) -> Vec<&str> {
    events.iter().map(|event| event.text("At")).collect()
}

fn extension<'a>(exten: &'a str, to: &'a str) -> [(&'a str, &'a str); 3] {
    [("Exten", exten), ("Context", "stations"), ("Variable", to)]
}

/// It may be redirected once more from there; `h` is run once, where it was last.
#[test]
fn a_call_goes_on_where_its_dialplan_redirects_it() {
    let (asterisk, ami) = (lab(), lab().ami());
    let to = extension("begin", "TO=elsewhere,last");
    let (line, events) = one_call(&asterisk, &ami, REDIRECT, &to, "301");
    assert_eq!(places(&events), ["begin", "last", "again", "h"], "{events:#?}");
    assert_eq!(events[0].text("Status"), "SUCCESS", "{}", events[0]);
    assert_eq!(events[1].text("Redirect"), "", "it is used up");
    assert_eq!(line.disposition(), "answered", "{line:?}");
}

#[test]
fn the_context_may_be_left_out_and_a_priority_given() {
    let (asterisk, ami) = (lab(), lab().ami());
    let cases =
        [("here", "here", "h", "302"), ("elsewhere,third,3", "third", "h elsewhere", "303")];
    for (to, at, hangup, number) in cases {
        let to = format!("TO={to}");
        let (_, events) = one_call(&asterisk, &ami, REDIRECT, &extension("begin", &to), number);
        assert_eq!(places(&events), ["begin", at, hangup], "{events:#?}");
    }
}

/// An application is done with the call when it returns.
#[test]
fn an_application_may_redirect_too() {
    let (asterisk, ami) = (lab(), lab().ami());
    let to: Headers =
        &[("Type", "1"), ("Application", "Set"), ("Data", "OUTBOUND(redirect)=stations,here")];
    let (line, events) = one_call(&asterisk, &ami, REDIRECT, to, "304");
    assert_eq!(places(&events), ["here", "h"], "{events:#?}");
    assert_eq!(line.disposition(), "answered", "{line:?}");
}

#[test]
fn a_dialplan_that_hangs_up_means_it() {
    let (asterisk, ami) = (lab(), lab().ami());
    let to = extension("hangs", "TO=here");
    let (_, events) = one_call(&asterisk, &ami, REDIRECT, &to, "305");
    assert_eq!(places(&events), ["h"], "{events:#?}");
}

#[test]
fn an_extension_that_is_not_there_by_then_ends_the_call() {
    let (asterisk, ami) = (lab(), lab().ami());
    let to = extension("begin", "TO=elsewhere,nobody");
    let (line, events) = one_call(&asterisk, &ami, REDIRECT, &to, "306");
    assert_eq!(places(&events), ["begin", "h"], "{events:#?}");
    let dialing = line.text("dialing_uuid");
    let why = format!("Dialing {dialing} is hung up: it was to go on at nobody@elsewhere");
    asterisk.wait_log(SOON, &why);
}

#[test]
fn nobody_is_redirected_who_has_hung_up() {
    let (asterisk, ami) = (lab(), lab().ami());
    let mark = ami.mark();
    let to = extension("stays", "TO=elsewhere,last");
    let targets: &[Headers] = &[&[("Number1", "307")]];
    let campaign = Campaign::create(&ami, "307", REDIRECT, &to, targets).unwrap();
    campaign.set_status(&ami, 1).unwrap();
    let is_there =
        |message: &Message| message.text("UserEvent") == "Station" && message.text("At") == "stays";
    let event = ami.wait_since(mark, SOON, "the destination", is_there).unwrap();
    // The other half of its Local channel is the person who was called.
    let person = event.text("Channel").replace(";1", ";2");
    ami.succeed(&[("Action", "Hangup"), ("Channel", &person)]);
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    let line = campaign.results(&asterisk, 1).remove(0);
    let events = stations(&ami, mark, line.text("dialing_uuid"));
    assert_eq!(places(&events), ["stays", "h"], "{events:#?}");
}

#[test]
fn other_modes_refuse_a_redirect_by_name() {
    let (asterisk, ami) = (lab(), lab().ami());
    let plan: Vec<_> = REDIRECT.iter().copied().filter(|(name, _)| *name != "DialMode").collect();
    let plan = [&plan[..], &[("DialMode", "4")]].concat();
    let to = extension("begin", "TO=elsewhere,last");
    let (_, events) = one_call(&asterisk, &ami, &plan, &to, "308");
    assert_eq!(places(&events), ["begin", "h"], "{events:#?}");
    assert_eq!(events[0].text("Status"), "FAILURE", "{}", events[0]);
    assert_eq!(events[0].text("Redirect"), "");
    let detail = events[0].text("Detail");
    let reason = "redirect: can be set in calls of a plan with DialMode 5 (redirect) only";
    assert_eq!(detail, reason, "{}", events[0]);
}

/// What AMD has heard, as the events tell while the call is up.
fn screened(ami: &Ami, mark: usize, campaign: &str) -> Vec<(String, String)> {
    let mut events = ami.events_since(mark, "OutDialingUpdate");
    events.retain(|event| event.text("CampUuid") == campaign && event.text("Status") == "6");
    let told = events.iter().map(|event| (event.text("ResAmd"), event.text("ResAmdDetail")));
    let told = told.filter(|(status, _)| *status != "<unknown>");
    told.map(|(status, cause)| (status.to_owned(), cause.to_owned())).collect()
}

#[test]
fn a_person_comes_to_the_destination() {
    let (asterisk, ami) = (lab(), lab().ami());
    let mark = ami.mark();
    let (line, events) = one_call(&asterisk, &ami, SCREENED, &extension("person", "V=1"), "1301");
    assert_eq!(places(&events), ["person", "h"], "{events:#?}");
    assert_eq!(events[0].text("Amd"), "HUMAN", "{}", events[0]);
    assert_eq!((line.disposition(), line.text("res_amd")), ("answered", "HUMAN"), "{line:?}");
    let told = screened(&ami, mark, line.text("camp_uuid"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.starts_with("HUMAN-"), "{told:?}");
}

#[test]
fn a_machine_is_hung_up() {
    let (asterisk, ami) = (lab(), lab().ami());
    let (line, events) = one_call(&asterisk, &ami, SCREENED, &extension("person", "V=1"), "8301");
    assert!(events.is_empty(), "{events:#?}");
    assert_eq!((line.disposition(), line.text("res_amd")), ("machine", "MACHINE"), "{line:?}");
}

#[test]
fn a_machine_goes_where_the_plan_wants_machines() {
    let (asterisk, ami) = (lab(), lab().ami());
    let to = [("Exten", "machine"), ("Context", "stations")];
    let machines = create(&ami, "OutDestinationCreate", &to).unwrap();
    let plan = [SCREENED, &[("MachineDest", machines.as_str())]].concat();
    let (line, events) = one_call(&asterisk, &ami, &plan, &extension("person", "V=1"), "8302");
    assert_eq!(places(&events), ["machine", "h"], "{events:#?}");
    assert_eq!(events[0].text("Amd"), "MACHINE", "{}", events[0]);
    assert_eq!(line.disposition(), "machine", "{line:?}");
}

#[test]
fn who_is_gone_while_amd_listens_comes_nowhere() {
    let (asterisk, ami) = (lab(), lab().ami());
    let (line, events) = one_call(&asterisk, &ami, SCREENED, &extension("person", "V=1"), "7301");
    assert!(events.is_empty(), "{events:#?}");
    assert_eq!(line.text("res_amd"), "HANGUP", "{line:?}");
}

/// The arguments of AMD are the plan's: after so short a time it is sure of nothing.
#[test]
fn amd_is_told_what_the_plan_says_and_what_it_is_not_sure_of_is_a_person() {
    let (asterisk, ami) = (lab(), lab().ami());
    let plan = [SCREENED, &[("AmdData", "5000,5000,5000,300")]].concat();
    let (line, events) = one_call(&asterisk, &ami, &plan, &extension("person", "V=1"), "8303");
    assert_eq!(places(&events), ["person", "h"], "{events:#?}");
    assert_eq!(line.text("res_amd"), "NOTSURE", "{line:?}");
    assert_eq!(line.disposition(), "answered", "{line:?}");
}

/// AMD is sure of nothing after three seconds, and meanwhile the application goes away.
#[test]
fn a_destination_that_is_gone_after_amd_is_as_bad_as_without_amd() {
    let asterisk = Asterisk::start(Options::default().add("extensions.conf", DIALPLAN));
    let ami = asterisk.ami();
    let plan = [SCREENED, &[("AmdData", "5000,5000,5000,3000,100,50,100")]].concat();
    let to = [("Type", "1"), ("Application", "Echo")];
    let campaign = Campaign::create(&ami, "8305", &plan, &to, &[&[("Number1", "8305")]]).unwrap();
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let is_answered = |message: &Message| {
        message.is_event("OutDialingUpdate")
            && message.text("CampUuid") == campaign.uuid
            && message.text("Status") == "6"
    };
    ami.wait_since(mark, SOON, "the answer", is_answered).unwrap();
    asterisk.rx("module unload app_echo.so");
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    let line = campaign.results(&asterisk, 1).remove(0);
    assert_eq!((line.disposition(), line.text("res_amd")), ("failed", "NOTSURE"), "{line:?}");
    let dialing = line.text("dialing_uuid");
    asterisk.wait_log(SOON, &format!("Dialing {dialing}: there is no such application"));
}

/// It is logged, and the call goes on.
#[test]
fn without_amd_nobody_is_screened() {
    let asterisk = Asterisk::start(
        Options::default()
            .add("extensions.conf", DIALPLAN)
            .add("modules.conf", "noload = app_amd.so"),
    );
    let ami = asterisk.ami();
    let (line, events) = one_call(&asterisk, &ami, SCREENED, &extension("person", "V=1"), "8304");
    assert_eq!(places(&events), ["person", "h"], "{events:#?}");
    assert_eq!((line.disposition(), line.text("res_amd")), ("answered", ""), "{line:?}");
    let dialing = line.text("dialing_uuid");
    let why = format!("Dialing {dialing} is not screened by AMD: there is no such application");
    asterisk.wait_log(SOON, &why);
}
