//! What becomes of a call: each thing that a far end can do, and what the
//! module says of it on AMI and in its result line.

mod harness;

use std::collections::BTreeMap;
use std::time::Duration;

use harness::far_end::read_calls;
use harness::{poll_until, Ami, Campaign, FarEnd, Lab, Message};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(40);
const HANGUP: &[(&str, &str)] = &[("Exten", "hangup"), ("Context", "destinations")];

/// What the module has to say of a number.
struct Case {
    number: &'static str,
    disposition: &'static str,
    res_dial: i64,
    res_hangup: i64,
    /// The technology's own code, where it gives one.
    res_tech: Option<i64>,
    /// What the far end says it did, and who hung up: only where it can say so.
    did: &'static str,
    ended: Option<&'static str>,
}

const fn case(
    number: &'static str,
    disposition: &'static str,
    [res_dial, res_hangup]: [i64; 2],
    res_tech: Option<i64>,
    did: &'static str,
    ended: Option<&'static str>,
) -> Case {
    Case { number, disposition, res_dial, res_hangup, res_tech, did, ended }
}

/// Every behaviour of `tests/sipp/people.xml`.
const PEOPLE: [Case; 16] = [
    case("1001", "answered", [4, 16], None, "answered", Some("us")),
    case("1101", "answered", [4, 16], None, "answered", Some("them")),
    case("1201", "busy", [5, 17], Some(486), "busy", None),
    case("1301", "no_answer", [3, 19], None, "rang_until_canceled", None),
    case("1401", "unallocated", [1, 1], Some(404), "not_found", None),
    case("1501", "congestion", [8, 34], Some(503), "congestion", None),
    case("1601", "unavailable", [1, 19], Some(480), "unavailable", None),
    case("1701", "rejected", [1, 21], Some(603), "declined", None),
    case("1801", "answered", [4, 16], None, "answered", Some("them")),
    case("1901", "number_changed", [1, 22], Some(410), "gone", None),
    case("2001", "invalid_number", [1, 28], Some(484), "incomplete", None),
    case("2101", "out_of_order", [1, 27], Some(502), "out_of_order", None),
    case("2201", "no_answer", [0, 19], None, "silent", None),
    case("2301", "no_answer", [3, 19], Some(480), "rang_then_unavailable", None),
    case("3001", "busy", [5, 17], Some(486), "busy", None),
    case("9901", "unallocated", [1, 1], Some(404), "not_found", None),
];

/// The people of the context `callee`, by first digit.
const LOCAL: [Case; 10] = [
    case("0001", "no_route", [1, 3], None, "", None),
    case("1001", "answered", [4, 16], None, "", None),
    case("2001", "busy", [5, 17], None, "", None),
    case("3001", "no_answer", [3, 19], None, "", None),
    case("4001", "unallocated", [1, 1], None, "", None),
    case("5001", "congestion", [8, 34], None, "", None),
    case("6001", "answered", [4, 16], None, "", None),
    case("7001", "answered", [4, 16], None, "", None),
    case("8001", "answered", [4, 16], None, "", None),
    case("9001", "rejected", [1, 21], None, "", None),
];

/// Keys of a result line in order, whatever happened; what is new stands last.
const KEYS: &[&str] = &[
    "dialing_uuid",
    "camp_uuid",
    "plan_uuid",
    "dlma_uuid",
    "dest_uuid",
    "dl_list_uuid",
    "info_camp",
    "info_plan",
    "info_dlma",
    "info_dest",
    "info_dl_list",
    "info_dial",
    "dial_exten",
    "dial_context",
    "dial_priority",
    "dest_variables",
    "dial_type",
    "uuid",
    "dial_channel",
    "dial_addr",
    "dial_index",
    "dial_trycnt",
    "dl_variables",
    "channelid",
    "otherchannelid",
    "dial_timeout",
    "plan_variables",
    "callerid",
    "variables",
    "tm_dialing",
    "channel_name",
    "res_dial",
    "tm_dial_end",
    "tm_hangup",
    "res_hangup",
    "res_hangup_detail",
    "disposition",
    "res_amd",
    "res_amd_detail",
    "res_tech",
    "tm_dial_begin",
    "dlma_variables",
    "user_to_user",
    "network_disposition",
    "call_back_at",
    "queue",
    "agent",
    "tm_connected",
    "tm_abandoned",
];

/// Keys of the objects within.
const INFO_KEYS: &[(&str, &[&str])] = &[
    (
        "info_camp",
        &[
            "uuid",
            "detail",
            "name",
            "status",
            "in_use",
            "next_campaign",
            "plan",
            "dlma",
            "dest",
            "sc_mode",
            "sc_date_start",
            "sc_date_end",
            "sc_date_list",
            "sc_date_list_except",
            "sc_time_start",
            "sc_time_end",
            "sc_day_list",
            "tm_create",
            "tm_delete",
            "tm_update",
        ],
    ),
    (
        "info_plan",
        &[
            "uuid",
            "name",
            "detail",
            "in_use",
            "variables",
            "dial_mode",
            "dial_timeout",
            "caller_id",
            "dl_end_handle",
            "retry_delay",
            "trunk_name",
            "tech_name",
            "service_level",
            "early_media",
            "codecs",
            "max_retry_cnt_1",
            "max_retry_cnt_2",
            "max_retry_cnt_3",
            "max_retry_cnt_4",
            "max_retry_cnt_5",
            "max_retry_cnt_6",
            "max_retry_cnt_7",
            "max_retry_cnt_8",
            "tm_create",
            "tm_delete",
            "tm_update",
        ],
    ),
    (
        "info_dlma",
        &[
            "uuid",
            "name",
            "detail",
            "dl_table",
            "variables",
            "in_use",
            "tm_create",
            "tm_delete",
            "tm_update",
        ],
    ),
    (
        "info_dest",
        &[
            "uuid",
            "name",
            "detail",
            "in_use",
            "type",
            "exten",
            "context",
            "priority",
            "variables",
            "application",
            "data",
            "tm_create",
            "tm_delete",
            "tm_update",
        ],
    ),
    (
        "info_dl_list",
        &[
            "uuid",
            "dlma_uuid",
            "in_use",
            "name",
            "detail",
            "status",
            "resv_target",
            "ukey",
            "variables",
            "dialing_uuid",
            "dialing_camp_uuid",
            "dialing_plan_uuid",
            "number_1",
            "number_2",
            "number_3",
            "number_4",
            "number_5",
            "number_6",
            "number_7",
            "number_8",
            "email",
            "trycnt_1",
            "trycnt_2",
            "trycnt_3",
            "trycnt_4",
            "trycnt_5",
            "trycnt_6",
            "trycnt_7",
            "trycnt_8",
            "res_dial",
            "res_dial_detail",
            "res_hangup",
            "res_hangup_detail",
            "tm_create",
            "tm_delete",
            "tm_update",
            "tm_last_dial",
            "tm_last_hangup",
            "trycnt",
        ],
    ),
    (
        "info_dial",
        &[
            "dial_exten",
            "dial_context",
            "dial_priority",
            "dest_variables",
            "dial_type",
            "uuid",
            "dial_channel",
            "dial_addr",
            "dial_index",
            "dial_trycnt",
            "dl_variables",
            "channelid",
            "otherchannelid",
            "dial_timeout",
            "plan_variables",
            "variables",
        ],
    ),
];

/// Dials one number of each case, once, and waits for the campaign's end.
fn dial_once(lab: &Lab, ami: &Ami, name: &str, plan: &[(&str, &str)], cases: &[Case]) -> Campaign {
    let plan = [&[("MaxRetry1", "1"), ("DialTimeout", "4000")], plan].concat();
    let targets: Vec<[(&str, &str); 2]> =
        cases.iter().map(|case| [("Number1", case.number), ("Name", case.number)]).collect();
    let targets: Vec<&[(&str, &str)]> = targets.iter().map(|target| target.as_slice()).collect();
    let campaign = Campaign::create(ami, name, &plan, HANGUP, &targets).unwrap();
    campaign.run(ami, ENDED);
    assert_eq!(campaign.results(&lab.asterisk, cases.len()).len(), cases.len());
    campaign
}

/// What does not agree with the result lines of a campaign, in words.
fn differences(lab: &Lab, campaign: &Campaign, cases: &[Case]) -> Vec<String> {
    let lines = campaign.results(&lab.asterisk, cases.len());
    let mut differences = Vec::new();
    for case in cases {
        let mut own = lines.iter().filter(|line| line.dialled() == case.number);
        let (Some(line), None) = (own.next(), own.next()) else {
            differences.push(format!("{}: not exactly one line", case.number));
            continue;
        };
        let said = (
            line.disposition(),
            line.number("res_dial"),
            line.number("res_hangup"),
            line.number("res_tech"),
            line.try_number(),
        );
        let wanted =
            (case.disposition, Some(case.res_dial), Some(case.res_hangup), case.res_tech, Some(1));
        if said != wanted {
            differences.push(format!("{}: {said:?} instead of {wanted:?}", case.number));
        }
    }
    differences
}

#[test]
fn both_sides_tell_the_same_of_every_call_over_sip() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan = [
        ("TechName", "PJSIP/"),
        ("TrunkName", "trunk"),
        ("CallerId", "\"Ada L\" <5550123>"),
        ("Variable", "A=1"),
    ];
    let mark = ami.mark();
    let campaign = dial_once(&lab, &ami, "people", &plan, &PEOPLE);

    let mut wrong = differences(&lab, &campaign, &PEOPLE);
    let heard = far_end_of(&lab, &PEOPLE);
    for case in &PEOPLE {
        match heard.get(case.number) {
            None => wrong.push(format!("{}: the far end was not called", case.number)),
            Some(call) => wrong.extend(far_end_differences(case, call)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    told_on_ami(&ami, mark, &campaign, &lab);
    for line in campaign.results(&lab.asterisk, PEOPLE.len()) {
        whole_line(&line.0);
    }
}

/// The far end's calls, as soon as it is done with all of them.
fn far_end_of(lab: &Lab, cases: &[Case]) -> BTreeMap<String, FarEnd> {
    poll_until(SOON, "the far end to be done", || {
        let calls = read_calls(&lab.sipp.log());
        let is_ours = |call: &FarEnd| cases.iter().any(|case| case.number == call.number);
        let ours: BTreeMap<String, FarEnd> =
            calls.into_iter().filter(is_ours).map(|call| (call.number.clone(), call)).collect();
        let is_done = |call: &FarEnd| {
            call.did.is_some() && (call.did.as_deref() != Some("answered") || call.ended.is_some())
        };
        (ours.len() == cases.len() && ours.values().all(is_done)).then_some(ours)
    })
}

fn far_end_differences(case: &Case, call: &FarEnd) -> Vec<String> {
    let mut wrong = Vec::new();
    let number = case.number;
    if call.try_number != 1 {
        wrong.push(format!("{number}: was called {} times", call.try_number));
    }
    if call.did.as_deref() != Some(case.did) || call.ended.as_deref() != case.ended {
        let (did, ended) = (&call.did, &call.ended);
        wrong.push(format!("{number}: the far end did {did:?}, ended by {ended:?}"));
    }
    for (what, identity) in [("From", &call.from), ("asserted", &call.asserted_identity)] {
        if !identity.contains("\"Ada L\"") || !identity.contains("sip:5550123@") {
            wrong.push(format!("{number}: caller id in {what}: {identity}"));
        }
    }
    wrong
}

/// The story of each dialing on AMI: from Create to Delete, and Asterisk's own
/// events of its channel.
fn told_on_ami(ami: &Ami, mark: usize, campaign: &Campaign, lab: &Lab) {
    let lines = campaign.results(&lab.asterisk, PEOPLE.len());
    for line in &lines {
        let (uuid, number) = (line.text("dialing_uuid"), line.dialled());
        for (name, key) in
            [("Hangup", "Uniqueid"), ("DialBegin", "DestUniqueid"), ("DialEnd", "DestUniqueid")]
        {
            ami.wait_event(SOON, name, &[(key, uuid)]);
            let told = ami.events_since(mark, name);
            let count = told.iter().filter(|event| event.text(key) == uuid).count();
            assert_eq!(count, 1, "{number}: {name} with {key} {uuid}");
        }
        let messages = ami.messages_since(mark);
        let story: Vec<&Message> = messages
            .iter()
            .filter(|message| message.text("Uuid") == uuid)
            .filter(|message| message.event().is_some())
            .collect();
        let told: Vec<(&str, i64)> = story
            .iter()
            .map(|event| (event.text("Event"), event.number("Status").unwrap_or(-1)))
            .collect();
        let (create, update, delete) = ("OutDialingCreate", "OutDialingUpdate", "OutDialingDelete");
        let mut wanted = vec![(create, 0), (update, 1), (update, 3)];
        if line.disposition() == "answered" {
            wanted.push((update, 6));
        }
        wanted.extend([(update, 7), (delete, 7)]);
        assert_eq!(told, wanted, "{number}: the events of dialing {uuid}");

        let last = story.last().unwrap();
        for (header, key) in [("ResDial", "res_dial"), ("ResHangup", "res_hangup")] {
            assert_eq!(last.number(header), line.number(key), "{number}: {header}\n{last}");
        }
        assert_eq!(last.text("Disposition"), line.disposition(), "{number}\n{last}");
        assert_eq!(last.text("ChannelName"), line.text("channel_name"), "{number}");
        assert_eq!(last.text("TmDelete"), line.text("tm_hangup"), "{number}");

        let target = line.text("dl_list_uuid");
        let target_told: Vec<&Message> = messages
            .iter()
            .filter(|event| event.is_event("OutDlListUpdate") && event.text("Uuid") == target)
            .collect();
        let [first, last] = target_told[..] else {
            panic!("{number}: not two updates of the target: {target_told:#?}");
        };
        let under_way = (first.text("Status"), first.text("DialingUuid"), first.text("TryCnt1"));
        assert_eq!(under_way, ("1", uuid, "1"), "{number}\n{first}");
        let over = (last.text("Status"), last.text("DialingUuid"), last.text("TryCnt1"));
        assert_eq!(over, ("0", "<unknown>", "1"), "{number}\n{last}");
        assert_eq!(last.number("ResDial"), line.number("res_dial"), "{number}\n{last}");
        assert_eq!(last.number("ResHangup"), line.number("res_hangup"), "{number}\n{last}");
        let detail = line.text("res_hangup_detail");
        assert_eq!(last.text("ResHangupDetail"), detail, "{number}\n{last}");
        assert!(!detail.is_empty(), "{number}");
        assert_eq!(last.text("ResDialDetail"), line.disposition(), "{number}\n{last}");
    }
}

/// All keys, in their order, also in the objects within.
fn whole_line(line: &Value) {
    assert_eq!(keys(line), KEYS, "{line}");
    for (name, wanted) in INFO_KEYS {
        let mut found = keys(&line[name]);
        // New ones may stand between the old ones here.
        found.retain(|key| wanted.contains(key));
        assert_eq!(&found, wanted, "{name} of {line}");
    }
    for key in ["info_plan", "info_dlma", "info_dest", "info_dl_list", "info_camp"] {
        assert!(line[key]["name"].is_string(), "{key} of {line}");
    }
    for (uuid, info) in [
        ("camp_uuid", "info_camp"),
        ("plan_uuid", "info_plan"),
        ("dlma_uuid", "info_dlma"),
        ("dest_uuid", "info_dest"),
        ("dl_list_uuid", "info_dl_list"),
        ("uuid", "info_dial"),
    ] {
        assert_eq!(line[uuid], line[info]["uuid"], "{uuid}");
    }
    assert_eq!(line["uuid"], line["dl_list_uuid"], "{line}");
    assert_eq!(line["channelid"], line["dialing_uuid"], "{line}");
    assert_ne!(line["otherchannelid"], line["dialing_uuid"], "{line}");
    assert_eq!(line["plan_variables"], "{\"A\":\"1\"}", "{line}");
    assert_eq!(line["variables"], "{\"A\":\"1\"}", "{line}");
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn people_of_the_dialplan_by_first_digit() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let plan = [("TechName", "Local/"), ("TrunkName", "callee")];
    let campaign = dial_once(&lab, &ami, "local", &plan, &LOCAL);
    let wrong = differences(&lab, &campaign, &LOCAL);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_technology_that_does_not_exist_keeps_the_campaign_from_starting() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let table = [
        ("Smoke/", "", "TechName Smoke is no channel technology that is loaded"),
        ("", "", "TechName is not set"),
        (
            "PJSIP/",
            "nosuchtrunk",
            "TrunkName nosuchtrunk leads nowhere: there is no such PJSIP endpoint",
        ),
        ("Local/", "nosuchcontext/n", "there is no such dialplan context"),
    ];
    for (tech, trunk, reason) in table {
        let plan = [("TechName", tech), ("TrunkName", trunk)];
        let target: &[(&str, &str)] = &[("Number1", "1001")];
        let campaign = Campaign::create(&ami, "smoke", &plan, HANGUP, &[target]).unwrap();
        let mark = ami.mark();
        let refused = campaign.set_status(&ami, 1).unwrap_err();
        assert!(refused.contains("Plan: cannot start") && refused.contains(reason), "{refused}");
        let shown = ami.list(&[("Action", "OutCampaignShow"), ("Uuid", &campaign.uuid)]);
        assert_eq!(shown.entries[0].text("Status"), "0", "{}", shown.entries[0]);
        assert_eq!(campaign.statuses(&ami, mark), Vec::<i64>::new());
    }
}

/// No channel can be had, or no one is there who could take the call: each try
/// is told like any other, and the next one waits for its RetryDelay.
#[test]
fn a_trunk_that_leads_nowhere() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    // (technology, trunk, disposition, last status of the dialing). Without a trunk,
    // the number itself would be the endpoint, or stand in the default context.
    let trunks = [
        ("PJSIP/", "", "no_route", 11),
        ("Local/", "", "failed", 11),
        ("PJSIP/", "unreachable", "no_answer", 7),
    ];
    for (tech, trunk, disposition, status) in trunks {
        let plan = [
            ("TechName", tech),
            ("TrunkName", trunk),
            ("MaxRetry1", "2"),
            ("RetryDelay", "1"),
            ("DialTimeout", "4000"),
        ];
        let target: &[(&str, &str)] = &[("Number1", "1999")];
        let campaign = Campaign::create(&ami, tech, &plan, HANGUP, &[target]).unwrap();
        let mark = ami.mark();
        campaign.run(&ami, ENDED);
        let lines = campaign.results(&lab.asterisk, 2);
        let told: Vec<(&str, Option<i64>)> =
            lines.iter().map(|line| (line.disposition(), line.try_number())).collect();
        assert_eq!(told, [(disposition, Some(1)), (disposition, Some(2))], "{trunk}: {lines:#?}");
        let waited = lines[1].seconds("tm_dialing") - lines[0].seconds("tm_hangup");
        assert!(waited >= 0.999_999, "{trunk}: tried again after {waited} s");
        let deletes = ami.events_since(mark, "OutDialingDelete");
        let last: Vec<(&str, Option<i64>)> = deletes
            .iter()
            .filter(|event| event.text("CampUuid") == campaign.uuid)
            .map(|event| (event.text("Uuid"), event.number("Status")))
            .collect();
        let wanted: Vec<(&str, Option<i64>)> =
            lines.iter().map(|line| (line.text("dialing_uuid"), Some(status))).collect();
        assert_eq!(last, wanted, "{trunk}");
    }
}
