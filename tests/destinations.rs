//! Where an answered call goes, what it brings along, and what is refused
//! before anybody is called.

mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::campaign::create;
use harness::far_end::read_calls;
use harness::{
    poll_until, Ami, Asterisk, Campaign, FarEnd, Message, Options, ResultLine, Shared, Sipp,
};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);

type Headers<'a> = &'a [(&'a str, &'a str)];

const SIP: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("MaxRetry1", "1")];
const LOCAL: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("MaxRetry1", "1")];
const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

struct Lab {
    asterisk: Asterisk,
    sipp: Sipp,
}

fn lab() -> Arc<Lab> {
    static LAB: Shared<Lab> = Shared::new();
    LAB.get(|| {
        let sipp = Sipp::people();
        Lab { asterisk: Asterisk::start(Options::default().trunk_to(sipp.port)), sipp }
    })
}

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
    assert_eq!(campaign.statuses(ami, mark), Vec::<i64>::new());
    response.text("Message").to_owned()
}

/// The UserEvent of the extension `reached` for one dialing.
fn reached(ami: &Ami, dialing: &str) -> Message {
    let is_it = |message: &Message| {
        message.text("UserEvent") == "Reached" && message.text("Uniqueid") == dialing
    };
    ami.wait_for(SOON, "the destination to be reached", is_it)
}

/// V1 comes from all four, V2 from three of them and so on: the last one wins.
fn four_layers(ami: &Ami, plan: Headers, destination: Headers, number: &str) -> Campaign {
    let values = |layer: &'static str| ["V1", "V2", "V3", "V4"].map(|name| format!("{name}={layer}"));
    let (own, list, dest, target) =
        (values("plan"), values("dlma"), values("dest"), values("target"));
    let headers = |base: Headers<'static>, variables: &'static str| base;
    let _ = headers;
    let with = |base: Headers, variables: &[String]| -> Vec<(String, String)> {
        let base = base.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        base.chain(variables.iter().map(|v| ("Variable".to_owned(), v.clone()))).collect()
    };
    let plan = with(plan, &own);
    let destination = with(destination, &dest[..3]);
    let target = with(&[("Number1", number), ("UData", "uui; of=it"), ("UKey", "key1")], &target[..1]);
    fn lent(headers: &[(String, String)]) -> Vec<(&str, &str)> {
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
    let campaign =
        Campaign::create(ami, number, &lent(&plan), &lent(&destination), &[&lent(&target)]).unwrap();
    let dlma = with(&[("Action", "OutDlmaUpdate"), ("Uuid", &campaign.list)], &list[..2]);
    ami.succeed(&lent(&dlma));
    campaign
}
