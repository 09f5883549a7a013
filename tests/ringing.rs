//! Calls that are not answered yet: many whose time is up at once, and what the
//! answered channel knows of what came before.

mod harness;

use std::time::Duration;

use harness::{poll_until, Ami, Asterisk, Campaign, Message, Options, Sipp};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(60);

type Headers<'a> = &'a [(&'a str, &'a str)];

const SIP: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("MaxRetry1", "1")];
const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

/// A campaign of so many people who let it ring for ever.
fn patient(ami: &Ami, digit: u8, count: usize, timeout_ms: &str) -> Campaign {
    let numbers: Vec<String> = (0..count).map(|n| format!("13{digit}{n:05}")).collect();
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", number.as_str())]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| &target[..]).collect();
    let plan = [SIP, &[("DialTimeout", timeout_ms)]].concat();
    Campaign::create(ami, "patient", &plan, HANGUP, &targets).unwrap()
}

fn ringing(ami: &Ami, mark: usize, campaign: &Campaign) -> usize {
    let begun = ami.events_since(mark, "OutDialingUpdate");
    let ours = begun
        .iter()
        .filter(|event| event.text("CampUuid") == campaign.uuid && event.text("Status") == "3");
    ours.count()
}

/// Hundreds ring at once. Each is ended once, by its own time limit and not before it;
/// the shorter limit comes first, though those calls began later.
#[test]
fn hundreds_of_calls_time_out_each_in_its_time() {
    const LONG: usize = 250;
    const SHORT: usize = 150;
    let people = Sipp::people();
    let asterisk = Asterisk::start(Options::default().trunk_to(people.port));
    let ami = asterisk.ami();
    let mark = ami.mark();
    let long = patient(&ami, 1, LONG, "12000");
    let short = patient(&ami, 2, SHORT, "2000");
    for (campaign, count) in [(&long, LONG), (&short, SHORT)] {
        campaign.set_status(&ami, 1).unwrap();
        poll_until(SOON, "all calls to begin", || {
            (ringing(&ami, mark, campaign) == count).then_some(())
        });
    }
    short.wait_status(&ami, mark, ENDED, 0).unwrap();
    let lines = asterisk.results();
    assert_eq!(lines.len(), SHORT, "none of the long ones has ended yet");
    long.wait_status(&ami, mark, ENDED, 0).unwrap();
    for (campaign, count, limit_s) in [(&long, LONG, 12.0), (&short, SHORT, 2.0)] {
        let lines = campaign.results(&asterisk, count);
        assert_eq!(lines.len(), count);
        for line in &lines {
            let end = (line.disposition(), line.number("res_hangup"), line.number("res_dial"));
            assert_eq!(end, ("no_answer", Some(19), Some(3)), "{line:?}");
            let lasted = line.seconds("tm_hangup") - line.seconds("tm_dialing");
            assert!(lasted >= limit_s, "{lasted} s of {limit_s} s: {line:?}");
        }
    }
    // Each far end was told.
    poll_until(SOON, "the far end to hear of all", || {
        (people.log().matches("did=rang_until_canceled").count() == LONG + SHORT).then_some(())
    });
}
