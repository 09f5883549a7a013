//! Calls that the far end sends elsewhere: refused, or followed there, once.

mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::far_end::read_calls;
use harness::{poll_until, Ami, Asterisk, Campaign, FarEnd, Message, Options, ResultLine};
use harness::{Shared, Sipp};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);

type Headers<'a> = &'a [(&'a str, &'a str)];

const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

/// Over this trunk a call is sent to an extension.
const TO_EXTENSION: &str = "trunk";
/// Over this one to a SIP URI.
const TO_URI: &str = "by-uri";

/// Two far ends: one sends every call elsewhere, to the other.
struct Lab {
    asterisk: Asterisk,
    forwards: Sipp,
    people: Sipp,
}

impl Lab {
    fn shared() -> Arc<Lab> {
        static LAB: Shared<Lab> = Shared::new();
        LAB.get(Lab::start)
    }

    fn start() -> Lab {
        let people = Sipp::people();
        let to_people = format!("127.0.0.1:{}", people.port);
        let forwards = Sipp::start("forwards.xml", None, &["-key", "people", &to_people]);
        let by_uri = format!(
            "\n[{TO_URI}]\ntype = endpoint\ntransport = transport-udp\ncontext = from-trunk\n\
             disallow = all\nallow = ulaw,alaw\naors = {TO_URI}\ndirect_media = no\n\
             send_connected_line = no\ntimers = no\nredirect_method = uri_core\n\n\
             [{TO_URI}]\ntype = aor\ncontact = sip:127.0.0.1:{}\nqualify_frequency = 0\n",
            forwards.port
        );
        let told = "\n[told]\nexten => s,1,UserEvent(Told,\
             Linked: ${CHANNEL(linkedid)},Forwarder: ${FORWARDERNAME},\
             From: ${REDIRECTING(from-num)},To: ${REDIRECTING(to-num)},\
             Reason: ${REDIRECTING(reason)},V1: ${V1},Dialing: ${OUTBOUND(uuid)})\n \
             same => n,Hangup(16)\n";
        let options = Options::default()
            .trunk_to(forwards.port)
            .add("pjsip.conf", &by_uri)
            .add("extensions.conf", told);
        Lab { asterisk: Asterisk::start(options), forwards, people }
    }

    /// The far ends' calls of a number: (of the one that forwards, of the people).
    fn calls(&self, number: &str) -> (usize, Vec<FarEnd>) {
        let of = |sipp: &Sipp| -> Vec<FarEnd> {
            let mut calls = read_calls(&sipp.log());
            calls.retain(|call| call.number == number);
            calls
        };
        (of(&self.forwards).len(), of(&self.people))
    }
}

fn plan<'a>(trunk: &'a str, more: Headers<'a>) -> Vec<(&'a str, &'a str)> {
    let plan = [("TechName", "PJSIP/"), ("TrunkName", trunk), ("MaxRetry1", "1")];
    [&plan, more].concat()
}

const FOLLOW: (&str, &str) = ("CallForward", "1");
const CALLEE: (&str, &str) = ("Variable", "FORWARD_CONTEXT=callee");

fn campaign(ami: &Ami, plan: Headers, to: Headers, number: &str) -> Campaign {
    let target: Headers = &[("Number1", number)];
    Campaign::create(ami, number, plan, to, &[target]).unwrap()
}

/// Runs a campaign of one call and gives its only line.
fn one_call(lab: &Lab, ami: &Ami, plan: Headers, to: Headers, number: &str) -> ResultLine {
    let campaign = campaign(ami, plan, to, number);
    campaign.run(ami, ENDED);
    only_line(&lab.asterisk, &campaign)
}

fn only_line(asterisk: &Asterisk, campaign: &Campaign) -> ResultLine {
    let mut lines = campaign.results(asterisk, 1);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.remove(0)
}

/// What a line says of the call's end.
fn end(line: &ResultLine) -> (&str, Option<i64>) {
    (line.disposition(), line.number("res_hangup"))
}

/// The names of the channels of a dialing, as its events tell them, in order.
fn channels(ami: &Ami, mark: usize, campaign: &Campaign) -> Vec<String> {
    let begun = ami.events_since(mark, "OutDialingUpdate");
    let ours = begun
        .iter()
        .filter(|event| event.text("CampUuid") == campaign.uuid && event.text("Status") == "3");
    ours.map(|event| event.text("ChannelName").to_owned()).collect()
}

/// The second beginning of a campaign's one call: where it was forwarded to.
fn wait_followed(ami: &Ami, mark: usize, campaign: &Campaign) -> Vec<String> {
    poll_until(SOON, "the call to be followed", || {
        let channels = channels(ami, mark, campaign);
        (channels.len() == 2).then_some(channels)
    })
}

#[test]
fn a_forward_is_refused_unless_the_plan_says_otherwise() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    for (number, trunk, more) in [
        ("51100", TO_URI, &[][..]),
        ("61101", TO_URI, &[("CallForward", "0")]),
        ("51102", TO_EXTENSION, &[CALLEE]),
    ] {
        let line = one_call(&lab, &ami, &plan(trunk, more), HANGUP, number);
        assert_eq!(end(&line), ("redirected", Some(23)), "{line:?}");
        poll_until(SOON, "the far end's log", || (lab.calls(number).0 == 1).then_some(()));
        assert_eq!(lab.calls(&number[1..]).1, [], "{number}");
    }
}

#[test]
fn a_forward_to_a_uri_is_called_there() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let mark = ami.mark();
    let more =
        [FOLLOW, ("CallerId", "\"Bea\" <5550199>"), ("Variable", "V1=kept"), ("UuiField", "UData")];
    let target: Headers = &[("Number1", "61110"), ("UData", "72616e;encoding=hex")];
    let told: Headers = &[("Exten", "s"), ("Context", "told")];
    let campaign = Campaign::create(&ami, "uri", &plan(TO_URI, &more), told, &[target]).unwrap();
    campaign.run(&ami, ENDED);
    let line = only_line(&lab.asterisk, &campaign);
    assert_eq!(end(&line), ("answered", Some(16)), "{line:?}");
    assert_eq!((line.number("res_dial"), line.dialled()), (Some(4), "61110"));

    // Two channels, of which the last one is the line's.
    let channels = channels(&ami, mark, &campaign);
    assert_eq!(channels.len(), 2, "{channels:?}");
    assert_ne!(channels[0], channels[1]);
    assert_eq!(line.text("channel_name"), channels[1]);

    // The second far end sees the same caller and information.
    let (_, people) = lab.calls("1110");
    assert_eq!(people.len(), 1, "{people:?}");
    assert!(people[0].from.contains("\"Bea\" <sip:5550199@"), "{people:?}");
    assert_eq!(people[0].user_to_user, "72616e;encoding=hex");

    // The dialplan sees whose call it is, and who sent it there.
    let dialing = line.text("dialing_uuid");
    let is_ours = |message: &Message| {
        message.text("UserEvent") == "Told" && message.text("Dialing") == dialing
    };
    let told = ami.wait_for(SOON, "the destination", is_ours);
    let names = ["Uniqueid", "Linked", "Forwarder", "From", "To", "Reason", "V1"];
    let second = format!("{dialing}-1");
    let wanted = [second.as_str(), dialing, &channels[0], "61110", "1110", "cfnr", "kept"];
    assert_eq!(names.map(|name| told.text(name)), wanted, "{told}");

    // AMI hears of both dials: the first ended forwarded, the second answered.
    let ends = ami.events_since(mark, "DialEnd");
    let of = |channel: &str| {
        let end = ends.iter().find(|end| end.text("DestChannel") == channel);
        let end = end.unwrap_or_else(|| panic!("no DialEnd of {channel}: {ends:#?}"));
        (end.text("DialStatus").to_owned(), end.text("Forward").contains("sip:1110@"))
    };
    assert_eq!(of(&channels[0]), ("CANCEL".to_owned(), true));
    assert_eq!(of(&channels[1]), ("ANSWER".to_owned(), false));
}

#[test]
fn a_forward_to_an_extension_is_one_of_the_named_context() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let line = one_call(&lab, &ami, &plan(TO_EXTENSION, &[FOLLOW, CALLEE]), HANGUP, "57120");
    assert_eq!(end(&line), ("answered", Some(16)), "{line:?}");
    assert!(line.text("channel_name").starts_with("Local/7120@callee-"), "{line:?}");

    // Without a name it is the endpoint's own context, which lets nobody in.
    let line = one_call(&lab, &ami, &plan(TO_EXTENSION, &[FOLLOW]), HANGUP, "57121");
    assert_eq!(end(&line), ("rejected", Some(21)), "{line:?}");
    assert!(line.text("channel_name").starts_with("Local/7121@from-trunk-"), "{line:?}");
}

#[test]
fn where_it_was_sent_decides_what_became_of_it() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let follow = plan(TO_URI, &[FOLLOW]);
    for (number, disposition, cause, res_dial) in
        [("51210", "busy", 17, 5), ("61410", "unallocated", 1, 1), ("62310", "no_answer", 19, 3)]
    {
        let line = one_call(&lab, &ami, &follow, HANGUP, number);
        assert_eq!(end(&line), (disposition, Some(cause)), "{line:?}");
        // The ringing of the first far end is not said of the second.
        assert_eq!(line.number("res_dial"), Some(res_dial), "{line:?}");
    }
    let local = plan(TO_EXTENSION, &[FOLLOW, CALLEE]);
    let line = one_call(&lab, &ami, &local, HANGUP, "52211");
    assert_eq!(line.disposition(), "busy", "{line:?}");
}

#[test]
fn a_loop_ends() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let line = one_call(&lab, &ami, &plan(TO_URI, &[FOLLOW]), HANGUP, "7130");
    assert_eq!(end(&line), ("redirected", Some(23)), "{line:?}");
    // The dialled one and its first forward.
    poll_until(SOON, "two calls", || (lab.calls("7130").0 == 2).then_some(()));
    lab.asterisk.wait_log(SOON, "was called already");
}

#[test]
fn a_chain_is_followed_so_far_and_no_further() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let follow = plan(TO_URI, &[FOLLOW]);
    let line = one_call(&lab, &ami, &follow, HANGUP, "888851140");
    assert_eq!(end(&line), ("answered", Some(16)), "{line:?}");
    assert_eq!(lab.calls("1140").1.len(), 1);

    let line = one_call(&lab, &ami, &follow, HANGUP, "8888851141");
    assert_eq!(end(&line), ("redirected", Some(23)), "{line:?}");
    poll_until(SOON, "the last call", || (lab.calls("51141").0 == 1).then_some(()));
    assert_eq!(lab.calls("1141").1, []);
    lab.asterisk.wait_log(SOON, "it was forwarded 5 times already");
}

#[test]
fn a_forward_that_cannot_be_called_ends_the_call() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let context = [FOLLOW, ("Variable", "FORWARD_CONTEXT=nowhere")];
    let line = one_call(&lab, &ami, &plan(TO_EXTENSION, &context), HANGUP, "57150");
    assert_eq!(end(&line), ("redirected", Some(23)), "{line:?}");
    assert!(line.text("channel_name").starts_with("PJSIP/trunk-"), "{line:?}");
    lab.asterisk.wait_log(SOON, "sends the call to '7150', where nobody is called");
}

/// The time limit is the dialing's, and the second far end hears of its end.
#[test]
fn a_forward_that_rings_for_ever_times_out() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let follow = plan(TO_URI, &[FOLLOW, ("DialTimeout", "2000")]);
    let line = one_call(&lab, &ami, &follow, HANGUP, "61310");
    assert_eq!(end(&line), ("no_answer", Some(19)), "{line:?}");
    assert_eq!(line.number("res_dial"), Some(3), "{line:?}");
    poll_until(SOON, "the second far end to hear of it", || {
        let (_, people) = lab.calls("1310");
        people.iter().any(|call| call.did.is_some()).then_some(())
    });

    // A Local channel gives nothing to the network; it ends as well.
    let local = plan(TO_EXTENSION, &[FOLLOW, CALLEE, ("DialTimeout", "2000")]);
    let line = one_call(&lab, &ami, &local, HANGUP, "53311");
    assert_eq!(end(&line), ("no_answer", Some(19)), "{line:?}");
}

#[test]
fn a_followed_call_is_hung_up_when_the_campaign_is() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // Ringing, and answered.
    for (number, status, end_is) in
        [("61320", "3", ("canceled", Some(16))), ("61120", "6", ("answered", Some(16)))]
    {
        let mark = ami.mark();
        let to: Headers = &[("Exten", "wait"), ("Context", "destinations")];
        let campaign = campaign(&ami, &plan(TO_URI, &[FOLLOW]), to, number);
        campaign.set_status(&ami, 1).unwrap();
        let followed = wait_followed(&ami, mark, &campaign);
        let is_there = |message: &Message| {
            message.is_event("OutDialingUpdate")
                && message.text("ChannelName") == followed[1]
                && message.text("Status") == status
        };
        ami.wait_since(mark, SOON, "the call to come so far", is_there).unwrap();
        campaign.set_status(&ami, 30).unwrap();
        campaign.wait_status(&ami, mark, SOON, 0).unwrap();
        let line = only_line(&lab.asterisk, &campaign);
        assert_eq!(end(&line), end_is, "{line:?}");
    }
}

/// Hung up at whatever moment of being followed, each call ends once.
#[test]
fn each_of_many_that_are_hung_up_while_they_are_followed_ends_once() {
    const CALLS: usize = 40;
    let lab = Lab::start();
    let ami = lab.asterisk.ami();
    for round in 0..4 {
        let numbers: Vec<String> = (0..CALLS).map(|n| format!("5132{round}{n:03}")).collect();
        let targets: Vec<[(&str, &str); 1]> =
            numbers.iter().map(|number| [("Number1", number.as_str())]).collect();
        let targets: Vec<Headers> = targets.iter().map(|target| &target[..]).collect();
        let mark = ami.mark();
        let plan = plan(TO_URI, &[FOLLOW]);
        let campaign = Campaign::create(&ami, "many", &plan, HANGUP, &targets).unwrap();
        campaign.set_status(&ami, 1).unwrap();
        // Some ring at the second far end by then, some are on their way there.
        let some = round * 10 + 1;
        poll_until(SOON, "some calls to begin", || {
            (channels(&ami, mark, &campaign).len() >= some).then_some(())
        });
        campaign.set_status(&ami, 30).unwrap();
        campaign.wait_status(&ami, mark, SOON, 0).unwrap();

        let deleted = ami.events_since(mark, "OutDialingDelete");
        let claimed = ami.events_since(mark, "OutDialingCreate").len();
        assert_eq!(deleted.len(), claimed, "round {round}");
        let lines = campaign.results(&lab.asterisk, claimed);
        assert_eq!(lines.len(), claimed, "round {round}");
        for line in &lines {
            assert_eq!(line.disposition(), "canceled", "{line:?}");
        }
    }
    poll_until(SOON, "no channel to be left", || {
        lab.asterisk.rx("core show channels count").contains("0 active channels").then_some(())
    });
}

/// Asterisk ends while calls are followed: at the next start each is closed, once.
#[test]
fn what_is_followed_when_asterisk_ends_is_closed_once() {
    let mut lab = Lab::start();
    const CALLS: usize = 4;
    let campaign = {
        let ami = lab.asterisk.ami();
        let mark = ami.mark();
        let plan = plan(TO_URI, &[FOLLOW]);
        let target = |number| [("Number1", number)];
        let targets = ["51330", "51331", "61332", "61333"].map(target);
        let targets: Vec<Headers> = targets.iter().map(|target| &target[..]).collect();
        let campaign = Campaign::create(&ami, "ends", &plan, HANGUP, &targets).unwrap();
        campaign.set_status(&ami, 1).unwrap();
        poll_until(SOON, "calls to be followed", || {
            let claimed = ami.events_since(mark, "OutDialingCreate").len();
            (claimed == CALLS && channels(&ami, mark, &campaign).len() > CALLS).then_some(())
        });
        campaign
    };
    lab.asterisk.restart();
    let lines = campaign.results(&lab.asterisk, CALLS);
    assert_eq!(lines.len(), CALLS, "{lines:#?}");
    for line in &lines {
        assert_eq!(line.disposition(), "interrupted", "{line:?}");
    }
}

#[test]
fn what_a_plan_may_say_of_it() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    for wrong in ["2", "yes", "-1"] {
        let refused = ami.action(&[("Action", "OutPlanCreate"), ("CallForward", wrong)]);
        assert_eq!(refused.text("Response"), "Error", "{refused}");
        let message = format!("CallForward: '{wrong}' is not allowed; allowed is 0 or 1");
        assert_eq!(refused.text("Message"), message);
    }
    let made = ami.succeed(&[("Action", "OutPlanCreate"), FOLLOW]);
    let uuid = made.text("Uuid");
    let shown = |wanted: &str| {
        let list = ami.list(&[("Action", "OutPlanShow"), ("Uuid", uuid)]);
        assert_eq!(list.entries[0].text("CallForward"), wanted, "{}", list.entries[0]);
    };
    shown("1");
    ami.succeed(&[("Action", "OutPlanUpdate"), ("Uuid", uuid), ("CallForward", "")]);
    shown("0");
}
