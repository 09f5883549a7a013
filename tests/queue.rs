//! Agents: how they are seen, who gets a call, and where a call goes that nobody takes in
//! time.

mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::campaign::create;
use harness::process::mappings;
use harness::{
    poll_until, try_poll_until, Ami, Asterisk, Campaign, Message, Options, ResultLine, Shared,
};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(60);

type Headers<'a> = &'a [(&'a str, &'a str)];

/// One call for each free agent, to people who stay until somebody hangs up.
const PLAN: Headers =
    &[("TechName", "Local/"), ("TrunkName", "patient"), ("MaxRetry1", "1"), ("DialMode", "6")];

/// How long members wrap up, in seconds.
const WRAP_UP_S: f64 = 3.0;

const QUEUES: &str = "
[phone](!)
strategy = rrmemory
timeout = 60
retry = 1
ringinuse = no
joinempty = yes
wrapuptime = 0

[states](phone)
member => Local/1@desk/n,0,Anna,Custom:anna
member => Local/2@desk/n,0,Bert,Custom:bert
member => Local/3@desk/n,0,Carl,Custom:carl
member => Local/4@desk/n,0,Dora,Custom:dora

[wrapping](phone)
wrapuptime = 3
member => Local/11@desk/n,0,Emil

[deaf](phone)
member => Local/91@desk/n,0,Fritz

[deaf2](phone)
member => Local/92@desk/n,0,Gerd

[late](phone)
member => Local/80940@desk/n,0,Late 1
member => Local/80960@desk/n,0,Late 2
member => Local/80980@desk/n,0,Late 3
member => Local/80990@desk/n,0,Late 4
member => Local/81000@desk/n,0,Late 5
member => Local/81020@desk/n,0,Late 6

[asked](phone)
member => Local/7@desk/n,0,Lena

[hasty](phone)
member => Local/94@desk/n,0,Mila

[closed](phone)
joinempty = penalty
member => Local/95@desk/n,5,Nora

[leaving](phone)
member => Local/6@desk/n,0,Jens,Custom:jens

[power](phone)
member => Local/71@desk/n,0,Kurt,Custom:kurt
member => Local/72@desk/n,0,Lena,Custom:lena

[others](phone)
member => Local/93@desk/n,0,Hans,Custom:hans
";

const DIALPLAN: &str = "
; Agents' phones: 1 to 7 are picked up at once, 8SMMM after S.MMM seconds, 9 never.
[desk]
exten => _[1-7]!,1,Answer()
 same => n,Wait(1)
 same => n,Hangup(16)
exten => _8!,1,Ringing()
 same => n,Wait(${EXTEN:1:1}.${EXTEN:2})
 same => n,Answer()
 same => n,Wait(1)
 same => n,Hangup(16)
exten => _9!,1,Ringing()
 same => n,Wait(600)

; One agent each, whom a hint stands for.
[desks]
exten => ida,hint,Custom:ida
exten => ida,1,Dial(Local/5@desk/n)
exten => away,hint,Custom:nobody
exten => away,1,Wait(600)
exten => h,1,UserEvent(Harbour,At: h)
exten => nohint,1,Wait(1)
; A conference in which nobody else is: it is only recorded.
exten => conf,hint,Custom:conf
exten => conf,1,Set(CONFBRIDGE(bridge,record_conference)=yes)
 same => n,ConfBridge(alone)

; Whoever talked to an agent is asked how it was.
[survey]
exten => s,1,Set(OUTBOUND(redirect)=asked)
 same => n,Queue(asked)
exten => asked,1,UserEvent(Harbour,At: survey)

[harbour]
exten => s,1,UserEvent(Harbour,At: extension)
 same => n,Wait(1)

; Somebody else's caller.
[caller]
exten => s,1,Answer()
 same => n,Queue(others)
";

const CONFERENCE: &str = "
load = app_mixmonitor.so
load = bridge_softmix.so
load = app_confbridge.so
";

/// The Asterisk of this suite.
fn lab() -> Arc<Asterisk> {
    static LAB: Shared<Asterisk> = Shared::new();
    LAB.get(|| {
        let options = Options::default().add("extensions.conf", DIALPLAN);
        let options = options.add("queues.conf", QUEUES).add("modules.conf", CONFERENCE);
        Asterisk::start(options.add("confbridge.conf", "[general]"))
    })
}

fn queue(name: &str) -> [(&str, &str); 3] {
    [("Type", "1"), ("Application", "Queue"), ("Data", name)]
}

fn campaign(ami: &Ami, plan: Headers, to: Headers, numbers: &[&str]) -> Campaign {
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", *number)]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| &target[..]).collect();
    Campaign::create(ami, numbers[0], plan, to, &targets).unwrap()
}

/// Sets the state of a device from outside.
fn device(asterisk: &Asterisk, name: &str, state: &str) {
    asterisk.rx(&format!("devstate change Custom:{name} {state}"));
}

/// Waits until a target is not dialled for this reason, of which a part is given.
#[track_caller]
fn waits(asterisk: &Asterisk, target: &str, why: &str) {
    let command = format!("out explain dl {target}");
    let mut last = String::new();
    let said = try_poll_until(SOON, why, || {
        last = asterisk.rx(&command);
        last.contains(why).then_some(())
    });
    assert!(said.is_ok(), "not said to be: {why}; but: {last}");
}

/// Waits until a number is dialled.
#[track_caller]
fn dialled(ami: &Ami, mark: usize, campaign: &Campaign, count: usize) {
    poll_until(SOON, &format!("{count} calls"), || {
        let events = ami.events_since(mark, "OutDialingCreate");
        let ours = events.iter().filter(|event| event.text("CampUuid") == campaign.uuid);
        (ours.count() >= count).then_some(())
    });
}

fn pause(ami: &Ami, interface: &str, paused: &str) {
    let headers = [
        ("Action", "QueuePause"),
        ("Interface", interface),
        ("Paused", paused),
        ("Queue", "states"),
    ];
    ami.succeed(&headers);
}

#[test]
fn members_are_seen_as_they_are() {
    let (asterisk, ami) = (lab(), lab().ami());
    for (name, state) in [("anna", "INUSE"), ("bert", "RINGING"), ("carl", "UNAVAILABLE")] {
        device(&asterisk, name, state);
    }
    device(&asterisk, "dora", "NOT_INUSE");
    pause(&ami, "Local/4@desk/n", "1");
    let campaign = campaign(&ami, PLAN, &queue("states"), &["401", "402"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let seen = "queue states: 0 free, 1 ringing, 1 busy, 0 wrapping up, 1 paused, 1 away";
    waits(&asterisk, &campaign.targets[0], seen);
    // A device that becomes idle, and a member that goes on, are seen by what they change.
    device(&asterisk, "anna", "NOT_INUSE");
    dialled(&ami, mark, &campaign, 1);
    pause(&ami, "Local/4@desk/n", "0");
    dialled(&ami, mark, &campaign, 2);
    let agents: Vec<String> = ended(&asterisk, &ami, &campaign, mark, 2);
    let mut agents: Vec<&str> = agents.iter().map(String::as_str).collect();
    agents.sort_unstable();
    assert_eq!(agents, ["Local/1@desk", "Local/4@desk"]);
}

/// Waits for the campaign's end and gives the agents of its calls.
#[track_caller]
fn ended(
    asterisk: &Asterisk,
    ami: &Ami,
    campaign: &Campaign,
    mark: usize,
    count: usize,
) -> Vec<String> {
    campaign.wait_status(ami, mark, ENDED, 0).unwrap();
    let lines = campaign.results(asterisk, count);
    lines.iter().map(|line| line.text("agent").to_owned()).collect()
}

/// Nobody is called for an agent who writes up the last call. The first wrap-up shows how
/// long that takes, which no action of the queue tells.
#[test]
fn a_wrap_up_is_waited_for() {
    let (asterisk, ami) = (lab(), lab().ami());
    let campaign = campaign(&ami, PLAN, &queue("wrapping"), &["411", "412", "413"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    waits(&asterisk, &campaign.targets[2], "0 free, 0 ringing, 0 busy, 1 wrapping up");
    let agents = ended(&asterisk, &ami, &campaign, mark, 3);
    assert_eq!(agents, ["Local/11@desk"; 3]);
    let lines = campaign.results(&asterisk, 3);
    for pair in lines.windows(2) {
        let pause_s = pair[1].seconds("tm_dialing") - pair[0].seconds("tm_hangup");
        // The queue counts whole seconds.
        assert!(pause_s > WRAP_UP_S - 1.5 && pause_s < WRAP_UP_S + 2.0, "{pause_s}: {lines:#?}");
    }
}

/// The agent's name is told while the call is up.
#[test]
fn who_has_the_call_is_told_when_it_is_joined() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "ida", "INUSE");
    let to = [("Exten", "ida"), ("Context", "desks")];
    let campaign = campaign(&ami, PLAN, &to, &["421"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    waits(&asterisk, &campaign.targets[0], "extension ida@desks: 0 free, 0 ringing, 1 busy");
    device(&asterisk, "ida", "RINGING");
    waits(&asterisk, &campaign.targets[0], "extension ida@desks: 0 free, 1 ringing, 0 busy");
    device(&asterisk, "ida", "UNAVAILABLE");
    waits(&asterisk, &campaign.targets[0], "0 wrapping up, 0 paused, 1 away");
    device(&asterisk, "ida", "NOT_INUSE");
    let is_told = |message: &Message| {
        message.is_event("OutDialingUpdate")
            && message.text("CampUuid") == campaign.uuid
            && message.text("CurrentAgent") == "Local/5@desk"
    };
    let event = ami.wait_since(mark, SOON, "the agent", is_told).unwrap();
    assert_eq!(event.text("Status"), "6", "{event}");
    assert_eq!(ended(&asterisk, &ami, &campaign, mark, 1), ["Local/5@desk"]);
}

#[test]
fn a_team_that_is_not_there_is_refused_by_name() {
    let (_asterisk, ami) = (lab(), lab().ami());
    let nohint = [("Exten", "nohint"), ("Context", "desks")];
    let cases: [(Headers, &str); 2] = [
        (&queue("nobody"), "there is no such queue: queue nobody"),
        (&nohint, "nobody can be free there"),
    ];
    for (to, why) in cases {
        let campaign = campaign(&ami, PLAN, to, &["431"]);
        let refused = campaign.set_status(&ami, 1).expect_err("no agents");
        assert!(refused.contains(why), "{refused}");
    }
}

/// A caller of somebody else is served before ours.
#[test]
fn callers_of_others_come_first() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "hans", "NOT_INUSE");
    let channel = "Local/s@caller/n";
    let call = [
        ("Action", "Originate"),
        ("Channel", channel),
        ("Application", "Wait"),
        ("Data", "600"),
        ("Async", "true"),
    ];
    let mark = ami.mark();
    ami.succeed(&call);
    let waiting = |message: &Message| {
        message.is_event("QueueCallerJoin") && message.text("Queue") == "others"
    };
    let joined = ami.wait_since(mark, SOON, "the caller", waiting).unwrap();
    let campaign = campaign(&ami, PLAN, &queue("others"), &["441"]);
    campaign.set_status(&ami, 1).unwrap();
    waits(&asterisk, &campaign.targets[0], "0 calls are on their way and 1 callers wait");
    ami.succeed(&[("Action", "Hangup"), ("Channel", joined.text("Channel"))]);
    dialled(&ami, mark, &campaign, 1);
    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
}

/// Two and a half lines for each agent, as long as nobody answers.
#[test]
fn power_has_as_many_lines_as_the_plan_says() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "kurt", "NOT_INUSE");
    device(&asterisk, "lena", "NOT_INUSE");
    let plan = [
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("MaxRetry1", "1"),
        ("DialMode", "3"),
        ("LinesPerAgent", "2.5"),
    ];
    let numbers: Vec<String> = (0..9).map(|at| format!("348{at}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let campaign = campaign(&ami, &plan, &queue("power"), &numbers);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let last = &campaign.targets[8];
    waits(
        &asterisk,
        last,
        "queue power: 2 free, 0 ringing, 0 busy, 0 wrapping up, 0 paused, 0 away; 5 calls",
    );
    device(&asterisk, "kurt", "INUSE");
    waits(
        &asterisk,
        last,
        "queue power: 1 free, 0 ringing, 1 busy, 0 wrapping up, 0 paused, 0 away; 5 calls",
    );
    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    assert_eq!(campaign.results(&asterisk, 5).len(), 5, "nobody else was called");
}

/// Their phones have rung long enough, and nobody would be there for them.
#[test]
fn calls_that_nobody_could_take_are_given_up() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "jens", "NOT_INUSE");
    let plan = [
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("MaxRetry1", "1"),
        ("DialMode", "1"),
        ("DialTimeout", "60000"),
    ];
    // Digit 3 of the people there: rings for ever.
    let campaign = campaign(&ami, &plan, &queue("leaving"), &["3471", "3472"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    dialled(&ami, mark, &campaign, 1);
    device(&asterisk, "jens", "UNAVAILABLE");
    let line = poll_until(ENDED, "a result", || campaign_results(&asterisk, &campaign).pop());
    campaign.set_status(&ami, 30).unwrap();
    assert_eq!((line.disposition(), line.number("res_hangup")), ("no_answer", Some(19)));
    let rang_s = line.seconds("tm_hangup") - line.seconds("tm_dial_begin");
    assert!((14.0..40.0).contains(&rang_s), "{rang_s}");
}

fn campaign_results(asterisk: &Asterisk, campaign: &Campaign) -> Vec<ResultLine> {
    let mut lines = asterisk.results();
    lines.retain(|line| line.text("camp_uuid") == campaign.uuid);
    lines
}

/// The harbours that a call heard, by its events.
fn harbours(ami: &Ami, mark: usize, line: &ResultLine) -> Vec<String> {
    let mut events = ami.events_since(mark, "UserEvent");
    events.retain(|event| {
        event.text("UserEvent") == "Harbour" && event.text("Uniqueid") == line.text("dialing_uuid")
    });
    events.iter().map(|event| event.text("At").to_owned()).collect()
}

/// Whatever the destination is, and whatever the harbour.
#[test]
fn a_person_whom_nobody_takes_in_time_hears_the_harbour() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "nobody", "NOT_INUSE");
    let away = [("Exten", "away"), ("Context", "desks")];
    let extension = [("Exten", "s"), ("Context", "harbour")];
    let application =
        [("Type", "1"), ("Application", "UserEvent"), ("Data", "Harbour,At: application")];
    let cases: [(&str, Headers, Headers, &[&str]); 4] = [
        ("451", &queue("deaf"), &extension, &["extension"]),
        ("452", &queue("deaf2"), &application, &["application"]),
        ("453", &away, &extension, &["extension"]),
        ("454", &away, &application, &["application", "h"]),
    ];
    for (number, to, harbour, heard) in cases {
        let harbour = create(&ami, "OutDestinationCreate", harbour).unwrap();
        let plan = [PLAN, &[("AbandonAfter", "1000"), ("SafeHarbour", harbour.as_str())]].concat();
        let campaign = campaign(&ami, &plan, to, &[number]);
        let mark = ami.mark();
        campaign.set_status(&ami, 1).unwrap();
        campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
        let line = campaign.results(&asterisk, 1).remove(0);
        assert_eq!(harbours(&ami, mark, &line), heard, "{line:?}");
        assert_eq!(line.disposition(), "abandoned", "{line:?}");
        let waited_s = line.seconds("tm_abandoned") - line.seconds("tm_dial_end");
        assert!((0.99..2.5).contains(&waited_s), "{waited_s}: {line:?}");
    }
}

/// A queue has its own ideas of how long to keep somebody, and whether to begin with. Nobody
/// took the call, long before the plan says that it is too late.
#[test]
fn a_person_whom_the_queue_lets_go_hears_the_harbour() {
    let (asterisk, ami) = (lab(), lab().ami());
    let extension = [("Exten", "s"), ("Context", "harbour")];
    let harbour = create(&ami, "OutDestinationCreate", &extension).unwrap();
    let sheltered = [("SafeHarbour", harbour.as_str())];
    let cases: [(&str, &str, Headers, &[&str]); 4] = [
        ("511", "hasty,,,,1", &sheltered, &["extension"]),
        ("512", "hasty,,,,1", &[], &[]),
        ("513", "closed", &sheltered, &["extension"]),
        ("514", "closed", &[], &[]),
    ];
    for (number, data, harbour, heard) in cases {
        let late = [("AbandonAfter", "30000"), ("Variable", "QUEUE_MAX_PENALTY=1")];
        let plan = [PLAN, &late, harbour].concat();
        let campaign = campaign(&ami, &plan, &queue(data), &[number]);
        let mark = ami.mark();
        campaign.set_status(&ami, 1).unwrap();
        campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
        let line = campaign.results(&asterisk, 1).remove(0);
        assert_eq!(harbours(&ami, mark, &line), heard, "{line:?}");
        assert_eq!((line.disposition(), line.text("agent")), ("abandoned", ""), "{line:?}");
        let waited_s = line.seconds("tm_abandoned") - line.seconds("tm_dial_end");
        assert!(waited_s < 20.0, "{waited_s}: {line:?}");
    }
}

/// A conference is joined with the channel that records it.
#[test]
fn what_records_a_conference_is_no_agent() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "conf", "NOT_INUSE");
    let to = [("Exten", "conf"), ("Context", "desks")];
    // Digit 6 of the people there: stays for two seconds.
    let plan = [("TechName", "Local/"), ("TrunkName", "callee"), ("MaxRetry1", "1")];
    let plan = [&plan[..], &[("DialMode", "6"), ("AbandonAfter", "1000")]].concat();
    let campaign = campaign(&ami, &plan, &to, &["6521"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    let line = campaign.results(&asterisk, 1).remove(0);
    assert_eq!((line.disposition(), line.text("agent")), ("abandoned", ""), "{line:?}");
    let recorders = asterisk.log_lines("CBRec/");
    assert!(!recorders.is_empty(), "it was recorded");
}

#[test]
fn a_queue_that_is_removed_has_no_agents_and_comes_back() {
    let options = Options::default().add("extensions.conf", DIALPLAN);
    let asterisk = Asterisk::start(options.file("queues.conf", QUEUES));
    let ami = asterisk.ami();
    device(&asterisk, "hans", "INUSE");
    let campaign = campaign(&ami, PLAN, &queue("others"), &["531"]);
    campaign.set_status(&ami, 1).unwrap();
    let seen = |busy: &str| {
        let team = format!("queue others: 0 free, 0 ringing, {busy} busy");
        waits(&asterisk, &campaign.targets[0], &team);
    };
    seen("1");
    let without = QUEUES.split("[others]").next().unwrap();
    for (text, busy) in [(without, "0"), (QUEUES, "1"), (without, "0"), (QUEUES, "1")] {
        asterisk.write_config("queues.conf", text);
        asterisk.rx("queue reload all");
        seen(busy);
    }
    let warnings = asterisk.log_lines("others was not found");
    assert!(warnings.is_empty(), "{warnings:?}");
}

/// The agent has hung up, and the caller is still there.
#[test]
fn a_redirected_call_goes_on_when_its_agent_is_done() {
    let (asterisk, ami) = (lab(), lab().ami());
    let plan: Vec<_> = PLAN.iter().copied().filter(|(name, _)| *name != "DialMode").collect();
    let plan = [&plan[..], &[("DialMode", "5")]].concat();
    let to = [("Exten", "s"), ("Context", "survey")];
    let campaign = campaign(&ami, &plan, &to, &["491"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    assert_eq!(ended(&asterisk, &ami, &campaign, mark, 1), ["Local/7@desk"]);
    let line = campaign.results(&asterisk, 1).remove(0);
    assert_eq!(harbours(&ami, mark, &line), ["survey"]);
}

/// Agents pick up at just the time at which it is too late: each call is either theirs or
/// the harbour's.
#[test]
fn either_an_agent_has_a_call_or_its_harbour() {
    const CALLS: usize = 24;
    let (asterisk, ami) = (lab(), lab().ami());
    let harbour = [("Exten", "s"), ("Context", "harbour")];
    let harbour = create(&ami, "OutDestinationCreate", &harbour).unwrap();
    let plan = [PLAN, &[("AbandonAfter", "1000"), ("SafeHarbour", harbour.as_str())]].concat();
    let numbers: Vec<String> = (0..CALLS).map(|n| format!("46{n:02}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let campaign = campaign(&ami, &plan, &queue("late"), &numbers);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    let lines = campaign.results(&asterisk, CALLS);
    for line in &lines {
        let is_sheltered = harbours(&ami, mark, line) == ["extension"];
        let has_agent = !line.text("agent").is_empty();
        assert_ne!(is_sheltered, has_agent, "{line:?}");
        let expected = if is_sheltered { "abandoned" } else { "answered" };
        assert_eq!(line.disposition(), expected, "{line:?}");
    }
}

/// Rounds of unloading while a team is watched.
const ROUNDS: usize = 5;

#[test]
fn the_module_goes_while_agents_are_watched_and_comes_back_to_them() {
    let options = Options::default().add("extensions.conf", DIALPLAN);
    let asterisk = Asterisk::start(options.add("queues.conf", QUEUES));
    let ami = asterisk.ami();
    device(&asterisk, "hans", "INUSE");
    let campaign = campaign(&ami, PLAN, &queue("others"), &["481"]);
    campaign.set_status(&ami, 1).unwrap();
    for round in 1..=ROUNDS {
        waits(&asterisk, &campaign.targets[0], "queue others: 0 free, 0 ringing, 1 busy");
        module(&ami, "unload");
        let left = mappings(asterisk.pid(), "res_outbound.so");
        assert!(left.is_empty(), "round {round}: still mapped: {left:?}");
        let threads = asterisk.rx("core show threads");
        assert!(!threads.contains("outbound_"), "round {round}: {threads}");
        // Whoever would still listen is gone.
        for state in ["RINGING", "INUSE"] {
            device(&asterisk, "hans", state);
        }
        module(&ami, "load");
    }
    let mark = ami.mark();
    device(&asterisk, "hans", "NOT_INUSE");
    dialled(&ami, mark, &campaign, 1);
}

fn module(ami: &Ami, kind: &str) {
    ami.succeed(&[("Action", "ModuleLoad"), ("Module", "res_outbound.so"), ("LoadType", kind)]);
}
