//! Who is dialled when, how often and in which order; and what starting,
//! pausing and stopping a campaign does to calls that are up.

mod harness;

use std::collections::BTreeMap;
use std::time::Duration;

use harness::campaign::create;
use harness::far_end::read_calls;
use harness::{poll_until, try_poll_until, Ami, Campaign, Lab, ResultLine};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);
/// How late a retry may be before it counts as forgotten.
const LATE_S: f64 = 5.0;

type Headers<'a> = &'a [(&'a str, &'a str)];

const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];
const WAIT: Headers = &[("Exten", "wait"), ("Context", "destinations")];
const LOCAL: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("RetryDelay", "0")];
const SIP: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("RetryDelay", "0")];

fn campaign(ami: &Ami, name: &str, plan: &[Headers], to: Headers, numbers: &[&str]) -> Campaign {
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", *number)]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| target.as_slice()).collect();
    Campaign::create(ami, name, &plan.concat(), to, &targets).unwrap()
}

/// Which number, which of its tries, and what came of it, in order of their starts.
fn told(lines: &[ResultLine]) -> Vec<(i64, i64, String)> {
    let mut lines: Vec<&ResultLine> = lines.iter().collect();
    lines.sort_by(|one, other| one.text("tm_dialing").cmp(other.text("tm_dialing")));
    let number = |line: &ResultLine, key| line.number(key).unwrap_or(-1);
    lines
        .iter()
        .map(|line| {
            let disposition = line.disposition().to_owned();
            (number(line, "dial_index"), number(line, "dial_trycnt"), disposition)
        })
        .collect()
}

fn triples(wanted: &[(i64, i64, &str)]) -> Vec<(i64, i64, String)> {
    wanted.iter().map(|(index, count, what)| (*index, *count, (*what).to_owned())).collect()
}

/// The lines of each target, in order.
fn by_target(lines: &[ResultLine]) -> BTreeMap<String, Vec<ResultLine>> {
    let mut targets: BTreeMap<String, Vec<ResultLine>> = BTreeMap::new();
    for line in lines {
        targets.entry(line.text("dl_list_uuid").to_owned()).or_default().push(line.clone());
    }
    for lines in targets.values_mut() {
        lines.sort_by(|one, other| one.text("tm_dialing").cmp(other.text("tm_dialing")));
    }
    targets
}

/// Waits for the counts of a campaign: total, finished, available, dialing, called.
#[track_caller]
fn wait_counts(ami: &Ami, campaign: &Campaign, wanted: [i64; 5]) {
    let names =
        ["DlTotalCount", "DlFinishedCount", "DlAvailableCount", "DlDialingCount", "DlCalledCount"];
    let mut last = [-1; 5];
    let met = try_poll_until(SOON, "the counts", || {
        let shown = campaign.statistics(ami).unwrap();
        last = names.map(|name| shown.number(name).unwrap_or(-1));
        (last == wanted).then_some(())
    });
    met.unwrap_or_else(|why| panic!("{why} {wanted:?} of {names:?}; last were {last:?}"));
}

/// How many dialings of a campaign are up.
fn live(ami: &Ami, campaign: &Campaign) -> usize {
    let shown = ami.list(&[("Action", "OutDialingShow")]).entries;
    shown.iter().filter(|entry| entry.text("CampUuid") == campaign.uuid).count()
}

fn update(ami: &Ami, action: &str, uuid: &str, header: &str, value: &str) {
    ami.succeed(&[("Action", action), ("Uuid", uuid), (header, value)]);
}

fn status(ami: &Ami, campaign: &Campaign) -> String {
    let shown = ami.list(&[("Action", "OutCampaignShow"), ("Uuid", &campaign.uuid)]);
    shown.entries[0].text("Status").to_owned()
}

#[test]
fn the_retry_delay_counts_from_the_end_and_the_tries_are_those_in_all() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // Busy at once; and one that rings for a while, so that start and end differ.
    let plan: Headers = &[
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("RetryDelay", "1"),
        ("DialTimeout", "1000"),
        ("MaxRetry1", "3"),
    ];
    let campaign = campaign(&ami, "delay", &[plan], HANGUP, &["2001", "3001", "9001"]);
    campaign.run(&ami, ENDED);
    let lines = campaign.results(&lab.asterisk, 9);
    assert_eq!(lines.len(), 9, "{lines:#?}");
    for lines in by_target(&lines).values() {
        let tries: Vec<Option<i64>> = lines.iter().map(ResultLine::try_number).collect();
        assert_eq!(tries, [Some(1), Some(2), Some(3)], "{}", lines[0].dialled());
        for two in lines.windows(2) {
            let waited = two[1].seconds("tm_dialing") - two[0].seconds("tm_hangup");
            let number = two[0].dialled();
            // Seconds as a floating number are good for a microsecond.
            assert!(waited >= 0.999_999, "{number} was dialled again after {waited} s");
            assert!(waited <= 1.0 + LATE_S, "{number} was dialled again after {waited} s");
        }
    }
    wait_counts(&ami, &campaign, [3, 3, 0, 0, 9]);
}

#[test]
fn numbers_in_their_order_with_gaps_until_one_answers() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let tries = [("MaxRetry2", "2"), ("MaxRetry5", "1"), ("MaxRetry7", "0"), ("MaxRetry8", "1")];
    let answers: Headers =
        &[("Number8", "7001"), ("Number2", "2001"), ("Number5", "4001"), ("Number7", "1001")];
    let nobody: Headers = &[("Number2", "2002"), ("Number5", "9002"), ("Number8", "5002")];
    let second: Headers = &[("Number2", "7003"), ("Number5", "2003")];
    let plan = [LOCAL, &tries].concat();
    let campaign =
        Campaign::create(&ami, "order", &plan, HANGUP, &[answers, nobody, second]).unwrap();
    campaign.run(&ami, ENDED);
    let lines = by_target(&campaign.results(&lab.asterisk, 9));
    let wanted: [&[(i64, i64, &str)]; 3] = [
        &[(2, 1, "busy"), (2, 2, "busy"), (5, 1, "unallocated"), (8, 1, "answered")],
        &[(2, 1, "busy"), (2, 2, "busy"), (5, 1, "rejected"), (8, 1, "congestion")],
        &[(2, 1, "answered")],
    ];
    for (target, wanted) in campaign.targets.iter().zip(wanted) {
        assert_eq!(told(&lines[target]), triples(wanted));
    }
    wait_counts(&ami, &campaign, [3, 3, 0, 0, 9]);
}

#[test]
fn the_third_try_and_the_second_number_over_sip() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let tries: Headers = &[("MaxRetry1", "4"), ("MaxRetry2", "2")];
    let third: Headers = &[("Number1", "3002"), ("Number2", "1002")];
    let second: Headers = &[("Number1", "1402"), ("Number2", "1003"), ("Number3", "1004")];
    let plan = [SIP, tries].concat();
    let campaign = Campaign::create(&ami, "third", &plan, HANGUP, &[third, second]).unwrap();
    campaign.run(&ami, ENDED);
    let lines = by_target(&campaign.results(&lab.asterisk, 8));
    let not_found = |count| (1, count, "unallocated");
    let wanted: [&[(i64, i64, &str)]; 2] = [
        &[(1, 1, "busy"), (1, 2, "busy"), (1, 3, "answered")],
        &[not_found(1), not_found(2), not_found(3), not_found(4), (2, 1, "answered")],
    ];
    for (target, wanted) in campaign.targets.iter().zip(wanted) {
        assert_eq!(told(&lines[target]), triples(wanted));
    }
    let heard = read_calls(&lab.sipp.log());
    for (number, calls) in [("3002", 3), ("1402", 4), ("1003", 1), ("1002", 0), ("1004", 0)] {
        let count = heard.iter().filter(|call| call.number == number).count();
        assert_eq!(count, calls, "calls that came to {number}");
    }
}

#[test]
fn the_end_of_the_list_ends_the_campaign_or_not() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let once: Headers = &[("MaxRetry1", "1")];
    let ends = campaign(&ami, "ends", &[LOCAL, once], HANGUP, &["2001", "7001"]);
    let mark = ami.mark();
    ends.run(&ami, ENDED);
    assert_eq!(ends.statuses(&ami, mark), [11, 1, 10, 0]);

    let keep: Headers = &[("DlEndHandle", "0")];
    let stays = campaign(&ami, "stays", &[LOCAL, once, keep], HANGUP, &["2002"]);
    let mark = ami.mark();
    stays.set_status(&ami, 1).unwrap();
    wait_counts(&ami, &stays, [1, 1, 0, 0, 1]);
    assert_eq!(status(&ami, &stays), "1");
    create(&ami, "OutDlListCreate", &[("DlmaUuid", &stays.list), ("Number1", "7002")]).unwrap();
    wait_counts(&ami, &stays, [2, 2, 0, 0, 2]);
    // A new number brings one back whose tries were used up.
    update(&ami, "OutDlListUpdate", &stays.targets[0], "Number1", "7003");
    wait_counts(&ami, &stays, [2, 2, 0, 0, 2]);
    let lines = stays.results(&lab.asterisk, 3);
    let dialled: Vec<&str> = lines.iter().map(ResultLine::dialled).collect();
    assert_eq!(dialled, ["2002", "7002", "7003"]);
    assert_eq!(stays.statuses(&ami, mark), [11, 1]);
    stays.set_status(&ami, 0).unwrap();
    stays.wait_status(&ami, mark, SOON, 0).unwrap();
    assert_eq!(stays.statuses(&ami, mark), [11, 1, 10, 0]);
}

#[test]
fn a_live_call_keeps_what_it_started_with() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan: Headers = &[("MaxRetry1", "1"), ("DialTimeout", "2000"), ("Variable", "V1=before")];
    // Rings until the time is up; rings 3 s, so it needs the longer time to answer.
    let campaign = campaign(&ami, "keeps", &[LOCAL, plan], HANGUP, &["3001"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    wait_counts(&ami, &campaign, [1, 0, 0, 1, 1]);
    update(&ami, "OutPlanUpdate", &campaign.plan, "DialTimeout", "600000");
    update(&ami, "OutPlanUpdate", &campaign.plan, "Variable", "V1=after");
    update(&ami, "OutPlanUpdate", &campaign.plan, "MaxRetry1", "3");
    update(&ami, "OutPlanUpdate", &campaign.plan, "CallerId", "123");
    update(&ami, "OutDestinationUpdate", &campaign.destination, "Exten", "wait");
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    let line = &campaign.results(&lab.asterisk, 1)[0];
    assert_eq!(told(std::slice::from_ref(line)), triples(&[(1, 1, "no_answer")]));
    assert_eq!(line.number("dial_timeout"), Some(2000), "{line:?}");
    assert_eq!(line.text("variables"), "{\"V1\":\"before\"}");
    assert_eq!(line.text("dial_exten"), "hangup");
    assert_eq!(line.text("callerid"), "");
    let rang = line.seconds("tm_hangup") - line.seconds("tm_dialing");
    assert!((2.0..2.0 + LATE_S).contains(&rang), "it rang for {rang} s");
}

#[test]
fn two_campaigns_on_two_lists_do_not_meet() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan: Headers = &[("MaxRetry1", "2")];
    let numbers = |digit: char| -> Vec<String> {
        (0..20).map(|count| format!("{digit}1{count:02}")).collect()
    };
    let (busy, rejecting) = (numbers('2'), numbers('9'));
    let make = |name, numbers: &[String]| {
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        campaign(&ami, name, &[LOCAL, plan], HANGUP, &numbers)
    };
    let (one, other) = (make("one", &busy), make("other", &rejecting));
    let mark = ami.mark();
    one.set_status(&ami, 1).unwrap();
    other.set_status(&ami, 1).unwrap();
    for (campaign, numbers, disposition) in
        [(&one, &busy, "busy"), (&other, &rejecting, "rejected")]
    {
        campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
        let lines = campaign.results(&lab.asterisk, 40);
        assert!(lines.iter().all(|line| line.text("dlma_uuid") == campaign.list), "{lines:#?}");
        let mut calls: Vec<(String, i64, String)> = lines
            .iter()
            .map(|line| {
                let count = line.try_number().unwrap_or(-1);
                (line.dialled().to_owned(), count, line.disposition().to_owned())
            })
            .collect();
        calls.sort();
        let call = |number: &String, count| (number.clone(), count, disposition.to_owned());
        let wanted: Vec<_> =
            numbers.iter().flat_map(|number| [call(number, 1), call(number, 2)]).collect();
        assert_eq!(calls, wanted);
        wait_counts(&ami, campaign, [20, 20, 0, 0, 40]);
    }
}

#[test]
fn two_campaigns_on_one_list_share_it() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // They ring for a second, so that many are up at any time.
    let plan: Headers = &[("MaxRetry1", "2"), ("DialTimeout", "1000")];
    let numbers: Vec<String> = (0..30).map(|count| format!("3{count:03}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let one = campaign(&ami, "shared", &[LOCAL, plan], HANGUP, &numbers);
    let headers: Headers = &[("Plan", &one.plan), ("Dlma", &one.list), ("Dest", &one.destination)];
    let uuid = create(&ami, "OutCampaignCreate", headers).unwrap();
    let other = Campaign { uuid, ..one.clone() };
    let mark = ami.mark();
    one.set_status(&ami, 1).unwrap();
    other.set_status(&ami, 1).unwrap();
    for campaign in [&one, &other] {
        campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    }
    let lines = poll_until(SOON, "60 result lines of the list", || {
        let mut lines = lab.asterisk.results();
        lines.retain(|line| line.text("dlma_uuid") == one.list);
        (lines.len() >= 60).then_some(lines)
    });
    assert_eq!(lines.len(), 60, "{lines:#?}");
    for lines in by_target(&lines).values() {
        let tries: Vec<Option<i64>> = lines.iter().map(ResultLine::try_number).collect();
        assert_eq!(tries, [Some(1), Some(2)], "{}", lines[0].dialled());
        let (first, second) = (lines[0].text("tm_hangup"), lines[1].text("tm_dialing"));
        assert!(first <= second, "{}: two dialings at a time", lines[0].dialled());
    }
    wait_counts(&ami, &one, [30, 30, 0, 0, 60]);
    wait_counts(&ami, &other, [30, 30, 0, 0, 60]);
}

#[test]
fn the_counts_at_each_step_and_a_forced_stop() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan: Headers = &[("MaxRetry1", "2"), ("RetryDelay", "3600"), ("DialTimeout", "60000")];
    let local: Headers = &[("TechName", "Local/"), ("TrunkName", "callee")];
    let campaign = campaign(&ami, "counts", &[local, plan], HANGUP, &[]);
    let add = |number: &str| {
        let headers = [("DlmaUuid", campaign.list.as_str()), ("Number1", number)];
        create(&ami, "OutDlListCreate", &headers).unwrap()
    };
    let mark = ami.mark();
    wait_counts(&ami, &campaign, [0, 0, 0, 0, 0]);
    let answering = add("7001");
    add("2001");
    let ringing = add("3001");
    wait_counts(&ami, &campaign, [3, 0, 3, 0, 0]);
    campaign.set_status(&ami, 1).unwrap();
    // One has answered, one is busy and waits for its retry, one rings.
    wait_counts(&ami, &campaign, [3, 1, 1, 1, 3]);
    add("4001");
    wait_counts(&ami, &campaign, [4, 1, 2, 1, 4]);
    ami.succeed(&[("Action", "OutDlListDelete"), ("Uuid", &answering)]);
    // Calls that were made stay made.
    wait_counts(&ami, &campaign, [3, 0, 2, 1, 4]);
    let refused = ami.action(&[("Action", "OutDlListDelete"), ("Uuid", &ringing)]);
    assert!(!refused.is_success() && !refused.text("Message").is_empty(), "{refused}");
    assert_eq!(live(&ami, &campaign), 1);
    let summary = ami.list(&[("Action", "OutDialingSummary")]);
    assert!(summary.entries[0].number("Count") >= Some(1), "{}", summary.entries[0]);

    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    assert_eq!(campaign.statuses(&ami, mark), [11, 1, 30, 0]);
    wait_counts(&ami, &campaign, [3, 0, 3, 0, 4]);
    let lines = campaign.results(&lab.asterisk, 4);
    let last = lines.iter().find(|line| line.dialled() == "3001").unwrap();
    assert_eq!((last.disposition(), last.number("res_hangup")), ("canceled", Some(16)));
}

#[test]
fn a_pause_lets_live_calls_go_on_and_starts_no_new_one() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // One talks for as long as the destination lasts, one rings 2 s and may be
    // tried again at once.
    let plan: Headers = &[("MaxRetry1", "2"), ("DialTimeout", "2000")];
    let campaign = campaign(&ami, "pause", &[SIP, plan], WAIT, &["1105", "1305"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    poll_until(SOON, "one to talk and one to ring", || {
        let shown = ami.list(&[("Action", "OutDialingShow")]).entries;
        let has = |number: &str, header: &str, value: &str| {
            shown.iter().any(|e| e.text("DialAddr") == number && e.text(header) == value)
        };
        (has("1105", "Status", "6") && has("1305", "ResDial", "3")).then_some(())
    });
    campaign.set_status(&ami, 2).unwrap();
    let pausing = ami.mark();
    assert_eq!(status(&ami, &campaign), "12");
    assert_eq!(live(&ami, &campaign), 2);
    create(&ami, "OutDlListCreate", &[("DlmaUuid", &campaign.list), ("Number1", "1106")]).unwrap();
    campaign.wait_status(&ami, mark, SOON, 2).unwrap();
    assert_eq!(campaign.statuses(&ami, mark), [11, 1, 12, 2]);
    assert_eq!(live(&ami, &campaign), 1, "the talking one goes on");
    // Two could be dialled now: one that is new, one whose try failed.
    wait_counts(&ami, &campaign, [3, 0, 2, 1, 2]);
    let created: Vec<_> = ami
        .events_since(pausing, "OutDialingCreate")
        .into_iter()
        .filter(|event| event.text("CampUuid") == campaign.uuid)
        .collect();
    assert!(created.is_empty(), "dialled in a pause: {created:#?}");

    let again = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    for number in ["1305", "1106"] {
        let what = format!("{number} to be dialled");
        let is_it = |message: &harness::Message| {
            message.is_event("OutDialingCreate") && message.text("DialAddr") == number
        };
        ami.wait_since(again, SOON, &what, is_it).unwrap();
    }
    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, again, SOON, 0).unwrap();
    assert_eq!(campaign.statuses(&ami, again), [11, 1, 30, 0]);
}

#[test]
fn a_stop_waits_for_the_live_call() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // Talks for 2 s, then the far end hangs up.
    let campaign = campaign(&ami, "stop", &[LOCAL, &[("MaxRetry1", "5")]], WAIT, &["1001"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let answered = |message: &harness::Message| {
        message.is_event("OutDialingUpdate")
            && message.text("CampUuid") == campaign.uuid
            && message.text("Status") == "6"
    };
    ami.wait_since(mark, SOON, "the answer", answered).unwrap();
    campaign.set_status(&ami, 0).unwrap();
    assert_eq!(status(&ami, &campaign), "10");
    create(&ami, "OutDlListCreate", &[("DlmaUuid", &campaign.list), ("Number1", "7001")]).unwrap();
    let refused = ami.action(&[("Action", "OutCampaignDelete"), ("Uuid", &campaign.uuid)]);
    assert!(refused.text("Message").contains("stopping"), "{refused}");
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    assert_eq!(campaign.statuses(&ami, mark), [11, 1, 10, 0]);
    let lines = campaign.results(&lab.asterisk, 1);
    assert_eq!(told(&lines), triples(&[(1, 1, "answered")]));
    assert_eq!((lines[0].dialled(), lines[0].number("res_hangup")), ("1001", Some(16)));
    let talked = lines[0].seconds("tm_hangup") - lines[0].seconds("tm_dial_end");
    assert!(talked > 1.0, "the call lasted {talked} s");
}

#[test]
fn a_forced_stop_hangs_up_who_rings_and_who_talks() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan: Headers = &[("MaxRetry1", "5"), ("DialTimeout", "60000"), ("RetryDelay", "3600")];
    let sip: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk")];
    let campaign = campaign(&ami, "forced", &[sip, plan], WAIT, &["1107", "1307"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    poll_until(SOON, "one to talk and one to ring", || {
        let shown = ami.list(&[("Action", "OutDialingShow")]).entries;
        let is = |number: &str, res_dial: &str| {
            shown.iter().any(|e| e.text("DialAddr") == number && e.text("ResDial") == res_dial)
        };
        (is("1107", "4") && is("1307", "3")).then_some(())
    });
    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    assert_eq!(campaign.statuses(&ami, mark), [11, 1, 30, 0]);
    assert_eq!(live(&ami, &campaign), 0);
    let mut told: Vec<(String, String, Option<i64>)> = campaign
        .results(&lab.asterisk, 2)
        .iter()
        .map(|line| {
            let (number, disposition) = (line.dialled(), line.disposition());
            (number.to_owned(), disposition.to_owned(), line.number("res_hangup"))
        })
        .collect();
    told.sort();
    let wanted =
        |number: &str, disposition: &str| (number.to_owned(), disposition.to_owned(), Some(16));
    assert_eq!(told, [wanted("1107", "answered"), wanted("1307", "canceled")]);
    poll_until(SOON, "the far end to hear of both ends", || {
        let calls = read_calls(&lab.sipp.log());
        let call = |number: &str| calls.iter().find(|call| call.number == number);
        let hung_up = call("1107").is_some_and(|call| call.ended.as_deref() == Some("them"));
        let canceled =
            call("1307").is_some_and(|call| call.did.as_deref() == Some("rang_until_canceled"));
        (hung_up && canceled).then_some(())
    });
    // Who rang may be called again, who answered not.
    wait_counts(&ami, &campaign, [2, 1, 1, 0, 2]);
}
