//! Predictive and progressive dialing side by side: two queues of ten agents each, and
//! the same crowd over SIP.

mod harness;

use std::time::Duration;

use harness::campaign::create;
use harness::{Ami, Asterisk, Campaign, Options, ResultLine, Sipp};

const ENDED: Duration = Duration::from_secs(240);
const AGENTS: usize = 10;
const TARGETS: usize = 400;

const CONF: &str = "[general]\nresult_filename = @RESULT_FILE@\nmax_dialings = 200\n\
                    calls_per_second = 100\n[database]\ndb_sqlite3_data = @DATABASE_FILE@\n";

/// Agents answer at once and talk for 2 to 4 s.
const DIALPLAN: &str = "
[busy-agents]
exten => _X!,1,Answer()
 same => n,Wait($[2 + ${EPOCH} % 3])
 same => n,Hangup(16)

[harbour]
exten => sorry,1,Playback(beep)
 same => n,Hangup(16)
";

/// Of ten numbers four answer, three are busy and three are not there.
fn number(at: usize) -> String {
    let first = [1, 3, 2, 1, 3, 1, 2, 3, 1, 2][at % 10];
    format!("{first}{at:05}")
}

fn queues() -> String {
    let mut text = "[general]\nautofill = yes\n".to_owned();
    for (name, first) in [("one", 100), ("other", 200)] {
        text += &format!(
            "[{name}]\nstrategy = leastrecent\ntimeout = 10\nretry = 1\nwrapuptime = 1\n\
             ringinuse = no\n"
        );
        for agent in first..first + AGENTS {
            text += &format!("member => Local/{agent}@busy-agents/n\n");
        }
    }
    text
}

/// A campaign in this mode for the agents of this queue.
fn campaign(ami: &Ami, mode: &str, queue: &str, harbour: &str) -> Campaign {
    let plan = [
        ("TechName", "PJSIP/"),
        ("TrunkName", "trunk"),
        ("DialMode", mode),
        ("SafeHarbour", harbour),
        ("MaxRetry1", "1"),
    ];
    let destination = [("Type", "1"), ("Application", "Queue"), ("Data", queue)];
    let numbers: Vec<String> = (0..TARGETS).map(number).collect();
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", number.as_str())]).collect();
    let targets: Vec<&[(&str, &str)]> = targets.iter().map(|target| target.as_slice()).collect();
    Campaign::create(ami, mode, &plan, &destination, &targets).expect("a campaign")
}

/// What came of a campaign until a time.
#[derive(Debug)]
struct Shift {
    /// The share of their time that agents talked.
    occupancy: f64,
    people: usize,
    abandoned: usize,
}

fn shift(lines: &[ResultLine], campaign: &Campaign, from: f64, until: f64) -> Shift {
    let lines = || lines.iter().filter(|line| line.text("camp_uuid") == campaign.uuid);
    let connected = lines().filter(|line| !line.text("tm_connected").is_empty());
    let talked = |line: &ResultLine| {
        line.seconds("tm_hangup").min(until) - line.seconds("tm_connected").min(until)
    };
    let talked: f64 = connected.map(talked).sum();
    Shift {
        occupancy: talked / (AGENTS as f64 * (until - from)),
        people: lines().filter(|line| line.number("res_dial") == Some(4)).count(),
        abandoned: lines().filter(|line| line.disposition() == "abandoned").count(),
    }
}

#[test]
fn predictive_keeps_agents_busier_within_the_budget() {
    let sipp = Sipp::start("crowd.xml", None, &[]);
    let options = Options::default().trunk_to(sipp.port).file("res_outbound.conf", CONF);
    let options = options.file("queues.conf", &queues()).add("extensions.conf", DIALPLAN);
    let asterisk = Asterisk::start(options);
    let ami = asterisk.ami();
    let harbour =
        create(&ami, "OutDestinationCreate", &[("Exten", "sorry"), ("Context", "harbour")])
            .expect("a harbour");
    let progressive = campaign(&ami, "6", "other,,,,60", &harbour);
    let predictive = campaign(&ami, "1", "one,,,,60", &harbour);
    let mark = ami.mark();
    progressive.set_status(&ami, 1).expect("it starts");
    predictive.set_status(&ami, 1).expect("it starts");
    predictive.wait_status(&ami, mark, ENDED, 0).expect("it works its list off");
    progressive.set_status(&ami, 0).expect("it stops");
    progressive.wait_status(&ami, mark, ENDED, 0).expect("its calls end");

    let lines = predictive.results(&asterisk, TARGETS);
    let from = lines.iter().map(|line| line.seconds("tm_dialing")).fold(f64::MAX, f64::min);
    // From then on it had nobody to call.
    let until = lines.iter().map(|line| line.seconds("tm_dialing")).fold(0.0, f64::max);
    let all = asterisk.results();
    let one = shift(&all, &predictive, from, until);
    let other = shift(&all, &progressive, from, until);
    println!("within {:.0} s: predictive {one:?}, progressive {other:?}", until - from);

    assert_eq!(other.abandoned, 0, "one line for each agent");
    assert_eq!(one.people, TARGETS * 2 / 5, "everybody who answers is told once");
    assert!(one.occupancy > 1.2 * other.occupancy, "{one:?} against {other:?}");
    // 3 % of those who answered; so few of them are spread by chance by a call or two.
    assert!(one.abandoned * 100 <= one.people * 3 + 200, "{one:?}");

    let shown = predictive.statistics(&ami).expect("its figures");
    assert_eq!(shown.number("AnsweredToday"), i64::try_from(one.people).ok(), "{shown}");
    assert_eq!(shown.number("AbandonedToday"), i64::try_from(one.abandoned).ok(), "{shown}");
}
