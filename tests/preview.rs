//! Mode preview against a real queue: who is offered what, and who gets the call.

mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::{Ami, Asterisk, Campaign, Message, Options, Shared};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(60);

type Headers<'a> = &'a [(&'a str, &'a str)];

/// People who stay until somebody hangs up.
const PLAN: Headers =
    &[("TechName", "Local/"), ("TrunkName", "patient"), ("MaxRetry1", "1"), ("DialMode", "2")];

const QUEUES: &str = "
[pair]
strategy = rrmemory
joinempty = yes
member => Local/1@desk/n,0,Anna,Custom:anna
member => Local/2@desk/n,1,Bert,Custom:bert

[one]
joinempty = yes
member => Local/3@desk/n,0,Carl,Custom:carl
";

/// Telephones of agents, picked up at once; the agent hangs up after a second.
const DIALPLAN: &str = "
[desk]
exten => _X,1,UserEvent(Desk,Agent: ${EXTEN})
 same => n,Answer()
 same => n,Wait(1)
 same => n,Hangup(16)
";

fn lab() -> Arc<Asterisk> {
    static LAB: Shared<Asterisk> = Shared::new();
    LAB.get(|| {
        let options = Options::default().add("extensions.conf", DIALPLAN);
        Asterisk::start(options.add("queues.conf", QUEUES))
    })
}

fn device(asterisk: &Asterisk, name: &str, state: &str) {
    asterisk.rx(&format!("devstate change Custom:{name} {state}"));
}

fn campaign(ami: &Ami, queue: &str, numbers: &[&str]) -> Campaign {
    let to = [("Type", "1"), ("Application", "Queue"), ("Data", queue)];
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", *number)]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| &target[..]).collect();
    Campaign::create(ami, numbers[0], PLAN, &to, &targets).unwrap()
}

/// Waits until a number is offered to an agent, or what became of that.
#[track_caller]
fn told(ami: &Ami, mark: usize, state: &str, agent: &str, number: &str) -> Message {
    let is_it = |message: &Message| {
        message.is_event("OutDialingPreview")
            && (message.text("State"), message.text("AgentName")) == (state, agent)
            && message.text("DialAddr") == number
    };
    ami.wait_since(mark, SOON, &format!("{state} {agent} {number}"), is_it).unwrap()
}

fn calls(ami: &Ami, mark: usize, campaign: &Campaign) -> usize {
    let begun = ami.events_since(mark, "OutDialingCreate");
    begun.iter().filter(|event| event.text("CampUuid") == campaign.uuid).count()
}

fn say(ami: &Ami, what: &str, offer: &Message) -> Message {
    ami.succeed(&[("Action", "OutDialingPreview"), ("Do", what), ("Uuid", offer.text("Uuid"))])
}

#[test]
fn an_agent_gets_the_call_that_he_accepted() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "anna", "INUSE");
    device(&asterisk, "bert", "NOT_INUSE");
    let campaign = campaign(&ami, "pair", &["501", "502", "503"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let first = told(&ami, mark, "Offered", "Bert", "501");
    device(&asterisk, "anna", "NOT_INUSE");
    told(&ami, mark, "Offered", "Anna", "502");
    let listed = ami.list(&[
        ("Action", "OutDialingPreview"),
        ("Do", "list"),
        ("Campaign", &campaign.uuid),
        ("Agent", "Local/2@desk/n"),
    ]);
    let uuids: Vec<_> = listed.entries.iter().map(|entry| entry.text("Uuid")).collect();
    assert_eq!(uuids, [first.text("Uuid")]);
    assert!(asterisk.rx("out show previews").contains("Local/2@desk/n"));
    assert_eq!(calls(&ami, mark, &campaign), 0, "nobody is called yet");

    // The queue would give it to Anna, who has the lower penalty.
    let answer = say(&ami, "accept", &first);
    let line = campaign.results(&asterisk, 1).remove(0);
    assert_eq!(line.text("dialing_uuid"), answer.text("DialingUuid"));
    assert_eq!((line.dialled(), line.disposition()), ("501", "answered"));
    assert_eq!(line.text("dial_data"), "Local/2@desk/n,30");
    assert_eq!(line.text("agent"), "Local/2@desk");
    assert!(line.seconds("tm_connected") >= line.seconds("tm_dial_end"));
    let rung = ami.events_since(mark, "UserEvent");
    let rung: Vec<_> = rung.iter().map(|event| event.text("Agent")).collect();
    assert_eq!(rung, ["2"]);

    told(&ami, mark, "Offered", "Bert", "503");
    campaign.set_status(&ami, 0).unwrap();
    told(&ami, mark, "Withdrawn", "Bert", "503");
    told(&ami, mark, "Withdrawn", "Anna", "502");
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
}

#[test]
fn offers_are_skipped_and_withdrawn() {
    let (asterisk, ami) = (lab(), lab().ami());
    device(&asterisk, "carl", "NOT_INUSE");
    let campaign = campaign(&ami, "one", &["511", "512"]);
    let mark = ami.mark();
    campaign.set_status(&ami, 1).unwrap();
    let offer = told(&ami, mark, "Offered", "Carl", "511");
    say(&ami, "skip", &offer);
    told(&ami, mark, "Skipped", "Carl", "511");
    told(&ami, mark, "Offered", "Carl", "512");
    let explained = asterisk.rx(&format!("out explain dl {}", campaign.targets[1]));
    assert!(explained.contains("it is offered to the agent Local/3@desk/n"), "{explained}");

    device(&asterisk, "carl", "INUSE");
    told(&ami, mark, "Withdrawn", "Carl", "512");
    let statistics = campaign.statistics(&ami).unwrap();
    let agents = ["AgentsFree", "AgentsBusy", "AgentsPaused"].map(|name| statistics.text(name));
    assert_eq!(agents, ["0", "1", "0"], "{statistics}");
    assert_eq!(statistics.text("DlCalledCount"), "0");
    campaign.set_status(&ami, 0).unwrap();
    campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    assert_eq!(calls(&ami, mark, &campaign), 0);
}
