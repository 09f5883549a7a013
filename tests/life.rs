//! The life of campaigns: schedules, what comes after them, lists that are dialled
//! again, and what a restart of Asterisk makes of each status.

mod harness;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::campaign::create;
use harness::{poll_until, Ami, Asterisk, Campaign, Lab, Message, Options};

const SOON: Duration = Duration::from_secs(20);

type Headers<'a> = &'a [(&'a str, &'a str)];

const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];
const WAIT: Headers = &[("Exten", "wait"), ("Context", "destinations")];
const LOCAL: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("RetryDelay", "3600")];

fn campaign(ami: &Ami, name: &str, to: Headers, numbers: &[&str]) -> Campaign {
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", *number)]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| target.as_slice()).collect();
    Campaign::create(ami, name, LOCAL, to, &targets).unwrap()
}

/// Updates it, and waits for the event that says so.
fn update(ami: &Ami, campaign: &Campaign, headers: Headers) {
    let mark = ami.mark();
    let action: Headers = &[("Action", "OutCampaignUpdate"), ("Uuid", &campaign.uuid)];
    ami.succeed(&[action, headers].concat());
    let is_it = |message: &Message| {
        message.is_event("OutCampaignUpdate") && message.text("Uuid") == campaign.uuid
    };
    ami.wait_since(mark, SOON, "the event of the update", is_it).unwrap();
}

fn status(ami: &Ami, campaign: &Campaign) -> i64 {
    let shown = ami.list(&[("Action", "OutCampaignShow"), ("Uuid", &campaign.uuid)]);
    shown.entries[0].number("Status").unwrap()
}

/// UTC, `seconds` from now, as hh:mm:ss.
fn clock(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let s = (now + seconds) % 86_400;
    format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

fn why(ami: &Ami, headers: Headers) -> String {
    let response = ami.action(headers);
    assert!(!response.is_success(), "{response}");
    response.text("Message").to_owned()
}

#[test]
fn a_schedule_starts_and_stops_it() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let campaign = campaign(&ami, "schedule", HANGUP, &["7001", "2001"]);
    let mark = ami.mark();
    let (opens, closes) = (clock(4), clock(9));
    let schedule: Headers =
        &[("ScMode", "1"), ("ScTimeStart", &opens), ("ScTimeEnd", &closes), ("ScTimezone", "UTC")];
    update(&ami, &campaign, schedule);
    let action: Headers =
        &[("Action", "OutCampaignUpdate"), ("Uuid", &campaign.uuid), ("Status", "1")];
    let refused = why(&ami, action);
    assert!(refused.contains("Status: cannot start: the window"), "{refused}");
    let target: Headers = &[("Action", "OutDlListShow"), ("Uuid", &campaign.targets[0])];
    assert_eq!(ami.list(target).entries[0].text("TryCnt1"), "0");
    campaign.wait_status(&ami, mark, SOON, 1).unwrap();
    campaign.wait_status(&ami, ami.mark(), SOON, 0).unwrap();
    assert_eq!(campaign.statuses(&ami, mark), [0, 11, 1, 10, 0]);
    let mut told: Vec<_> = campaign
        .results(&lab.asterisk, 2)
        .iter()
        .map(|line| (line.dialled().to_owned(), line.disposition().to_owned()))
        .collect();
    told.sort();
    let line = |number: &str, disposition: &str| (number.to_owned(), disposition.to_owned());
    assert_eq!(told, [line("2001", "busy"), line("7001", "answered")]);
    // The times that the window was named by are those of the events.
    let events = ami.events_since(mark, "OutCampaignUpdate");
    let started =
        events.iter().find(|e| e.text("Uuid") == campaign.uuid && e.text("Status") == "1");
    let started = started.unwrap().text("TmUpdate").to_owned();
    let (at, _) = started[11..].split_at(8);
    let is_within = match opens < closes {
        true => opens.as_str() <= at && at < closes.as_str(),
        false => opens.as_str() <= at || at < closes.as_str(),
    };
    assert!(is_within, "{started} is not between {opens} and {closes}");
}

#[test]
fn the_time_zone_of_the_configuration_and_of_the_campaign() {
    let asterisk = Asterisk::start(Options::default().file(
        "res_outbound.conf",
        "[general]\nresult_filename = @RESULT_FILE@\ntimezone = Asia/Kolkata\n\
         [database]\ndb_sqlite3_data = @DATABASE_FILE@\n",
    ));
    let ami = asterisk.ami();
    // India is 5 h 30 min ahead of UTC all year: a window around now there.
    const AHEAD: u64 = 19_800;
    let campaign = campaign(&ami, "zone", HANGUP, &["2001"]);
    let (opens, closes) = (clock(AHEAD - 60), clock(AHEAD + 3_600));
    let mark = ami.mark();
    update(&ami, &campaign, &[("ScMode", "1"), ("ScTimeStart", &opens), ("ScTimeEnd", &closes)]);
    campaign.wait_status(&ami, mark, SOON, 1).unwrap();
    let mark = ami.mark();
    update(&ami, &campaign, &[("ScTimezone", "UTC")]);
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    let start: Headers =
        &[("Action", "OutCampaignUpdate"), ("Uuid", &campaign.uuid), ("Status", "1")];
    let refused = why(&ami, start);
    assert!(refused.contains("+00:00[UTC]"), "{refused}");
    let unknown: Headers = &[
        ("Action", "OutCampaignUpdate"),
        ("Uuid", &campaign.uuid),
        ("ScTimezone", "Mars/Olympus"),
    ];
    let refused = why(&ami, unknown);
    assert!(refused.starts_with("ScTimezone: 'Mars/Olympus' is not allowed"), "{refused}");
}

#[test]
fn the_next_campaign_starts_when_this_one_has_ended() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let first = campaign(&ami, "first", HANGUP, &["7001"]);
    let second = campaign(&ami, "second", HANGUP, &["7002"]);
    update(&ami, &first, &[("NextCampaign", &second.uuid)]);
    let mark = ami.mark();
    first.set_status(&ami, 1).unwrap();
    second.wait_status(&ami, mark, SOON, 1).unwrap();
    assert_eq!(first.statuses(&ami, mark), [11, 1, 10, 0]);
    second.wait_status(&ami, mark, SOON, 0).unwrap();
    assert_eq!(second.results(&lab.asterisk, 1)[0].dialled(), "7002");
}

#[test]
fn a_list_is_dialled_again_after_a_reset() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let campaign = campaign(&ami, "reset", HANGUP, &["7001", "7002", "2001"]);
    ami.succeed(&[("Action", "OutPlanUpdate"), ("Uuid", &campaign.plan), ("MaxRetry1", "1")]);
    campaign.run(&ami, SOON);
    campaign.results(&lab.asterisk, 3);

    let mark = ami.mark();
    let busy: Headers =
        &[("Action", "OutDlmaReset"), ("Uuid", &campaign.list), ("Disposition", "busy, no_answer")];
    let response = ami.action(busy);
    assert_eq!(response.text("Message"), "Dlma reset successfully", "{response}");
    assert_eq!(response.text("Count"), "1");
    let event = ami.wait_since(mark, SOON, "the event", |m| m.is_event("OutDlmaReset")).unwrap();
    assert_eq!((event.text("Uuid"), event.text("Count")), (campaign.list.as_str(), "1"));
    assert_eq!((event.text("Disposition"), event.text("Tries")), ("busy, no_answer", "clear"));
    campaign.run(&ami, SOON);
    let lines = campaign.results(&lab.asterisk, 4);
    assert_eq!((lines.len(), lines[3].dialled(), lines[3].try_number()), (4, "2001", Some(1)));

    // With the tries kept there is none left for who used them up.
    ami.succeed(&[("Action", "OutDlmaReset"), ("Uuid", &campaign.list), ("Tries", "keep")]);
    campaign.run(&ami, SOON);
    assert_eq!(campaign.results(&lab.asterisk, 4).len(), 4);
    ami.succeed(&[("Action", "OutDlmaReset"), ("Uuid", &campaign.list)]);
    campaign.run(&ami, SOON);
    assert_eq!(campaign.results(&lab.asterisk, 7).len(), 7);

    let nobody: Headers =
        &[("Action", "OutDlmaReset"), ("Uuid", "00000000-1111-2222-3333-444444444444")];
    assert_eq!(why(&ami, nobody), "No such dlma");
    let wrong: Headers =
        &[("Action", "OutDlmaReset"), ("Uuid", &campaign.list), ("Disposition", "busy,lazy")];
    let refused = why(&ami, wrong);
    assert!(refused.starts_with("Disposition: 'lazy' is not allowed; allowed is"), "{refused}");
}

#[test]
fn every_status_survives_a_kill() {
    let mut asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let names = ["goes on", "pauses", "stops", "is forced", "is stopped"];
    // 1…: answers and stays; 3…: rings for ever.
    let campaigns = names.map(|name| campaign(&ami, name, WAIT, &["3001", "2001"]));
    for campaign in &campaigns[..4] {
        campaign.set_status(&ami, 1).unwrap();
    }
    poll_until(SOON, "four that ring", || {
        let shown = ami.list(&[("Action", "OutDialingShow")]).entries;
        (shown.iter().filter(|entry| entry.text("ResDial") == "3").count() == 4).then_some(())
    });
    campaigns[1].set_status(&ami, 2).unwrap();
    campaigns[2].set_status(&ami, 0).unwrap();
    assert_eq!(campaigns.each_ref().map(|c| status(&ami, c)), [1, 12, 10, 1, 0]);
    drop(ami);
    asterisk.kill9();
    asterisk.restart();
    let ami = asterisk.ami();
    assert_eq!(campaigns.each_ref().map(|c| status(&ami, c)), [1, 2, 0, 1, 0]);
    // The one that goes on dials a new target at once.
    let mark = ami.mark();
    create(&ami, "OutDlListCreate", &[("DlmaUuid", &campaigns[0].list), ("Number1", "7009")])
        .unwrap();
    let what = "the call of the campaign that goes on";
    ami.wait_since(mark, SOON, what, |message| {
        message.is_event("OutDialingCreate") && message.text("DialAddr") == "7009"
    })
    .unwrap();
    for campaign in [&campaigns[0], &campaigns[3]] {
        campaign.set_status(&ami, 30).unwrap();
        campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    }
}
