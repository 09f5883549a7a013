//! Caps of plans and trunks, and a trunk that backs off, over Local channels and SIP.

mod harness;

use std::time::Duration;

use harness::{poll_until, Ami, Asterisk, Campaign, Options, ResultLine, Sipp};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(60);
/// Until a trunk that backed off is back.
const BACK: Duration = Duration::from_secs(120);
const CONF: &str = "res_outbound.conf";

type Headers<'a> = &'a [(&'a str, &'a str)];

const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];
const LOCAL: Headers = &[("TechName", "Local/"), ("TrunkName", "callee"), ("MaxRetry1", "1")];

/// A PJSIP trunk to the people of the far end, besides the usual one.
const NORTH: &str = "
[north]
type = endpoint
transport = transport-udp
context = from-trunk
disallow = all
allow = ulaw
aors = north

[north]
type = aor
contact = sip:127.0.0.1:@TRUNK_PORT@
qualify_frequency = 0
";

fn conf(general: &str, trunks: &str) -> String {
    format!(
        "[general]\nresult_filename = @RESULT_FILE@\n{general}\n\
         [database]\ndb_sqlite3_data = @DATABASE_FILE@\n{trunks}\n"
    )
}

fn campaign(ami: &Ami, name: &str, plan: &[Headers], numbers: &[String]) -> Campaign {
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", number.as_str())]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| target.as_slice()).collect();
    Campaign::create(ami, name, &plan.concat(), HANGUP, &targets).unwrap()
}

fn numbers(first: &str, count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{first}{at:03}")).collect()
}

/// The most dialings that were live at once.
fn most_live(lines: &[ResultLine]) -> usize {
    let starts = lines.iter().map(|line| (line.seconds("tm_dialing"), 1));
    let ends = lines.iter().map(|line| (line.seconds("tm_hangup"), -1));
    let mut changes: Vec<(f64, i64)> = starts.chain(ends).collect();
    // One that ends as another begins has made room for it.
    changes.sort_by(|one, other| one.partial_cmp(other).expect("times"));
    let live = changes.iter().scan(0, |live, (_, change)| {
        *live += change;
        Some(*live)
    });
    live.max().unwrap_or(0) as usize
}

/// No call came earlier than the rate allows; how late they were is the machine's affair.
#[track_caller]
fn assert_rate(lines: &[ResultLine], per_second: usize) {
    let mut times: Vec<f64> = lines.iter().map(|line| line.seconds("tm_dialing")).collect();
    times.sort_by(f64::total_cmp);
    for calls in times.windows(per_second + 1) {
        let span = calls[per_second] - calls[0];
        assert!(span >= 0.9, "{} calls in {span} s at {per_second} a second", calls.len());
    }
}

#[test]
fn plans_and_trunks_have_caps_of_their_own() {
    let sipp = Sipp::people();
    let trunks = "[trunk]\ntype = trunk\nmax_dialings = 2\n\
                  [north]\ntype = trunk\ncalls_per_second = 5\n";
    let options = Options::default().trunk_to(sipp.port).add("pjsip.conf", NORTH);
    let asterisk = Asterisk::start(options.file(CONF, &conf("", trunks)));
    let ami = asterisk.ami();

    let few: Headers = &[("MaxDialings", "3")];
    let slow: Headers = &[("CallsPerSecond", "4")];
    let sip: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("MaxRetry1", "1")];
    let north: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "north"), ("MaxRetry1", "1")];
    let campaigns = [
        campaign(&ami, "few", &[LOCAL, few], &numbers("1", 9)),
        campaign(&ami, "slow", &[LOCAL, slow], &numbers("7", 16)),
        campaign(&ami, "trunk", &[sip], &numbers("10", 6)),
        campaign(&ami, "north", &[north], &numbers("12", 20)),
    ];
    let mark = ami.mark();
    for campaign in &campaigns {
        campaign.set_status(&ami, 1).unwrap();
    }
    for campaign in &campaigns {
        campaign.wait_status(&ami, mark, ENDED, 0).unwrap();
    }
    let [few, slow, trunk, north] = &campaigns;
    let (few, trunk) = (few.results(&asterisk, 9), trunk.results(&asterisk, 6));
    assert_eq!((most_live(&few), most_live(&trunk)), (3, 2));
    assert_rate(&slow.results(&asterisk, 16), 4);
    assert_rate(&north.results(&asterisk, 20), 5);
}

#[test]
fn a_reload_changes_a_trunk_and_leaves_its_calls() {
    let trunks = "[callee]\ntype = trunk\nmax_dialings = 2\n";
    let asterisk = Asterisk::start(Options::default().file(CONF, &conf("", trunks)));
    let ami = asterisk.ami();
    let campaign = campaign(&ami, "ringing", &[LOCAL], &numbers("3", 5));
    campaign.set_status(&ami, 1).unwrap();
    let live = |wanted: usize| {
        poll_until(SOON, &format!("{wanted} live dialings"), || {
            let shown = ami.list(&[("Action", "OutDialingShow")]).entries;
            (shown.len() == wanted).then_some(())
        });
    };
    live(2);
    let why = ami.succeed(&[
        ("Action", "OutDlListExplain"),
        ("Uuid", campaign.targets.last().expect("a target")),
    ]);
    let wanted = "all 2 dialings that max_dialings of the trunk callee allows are live";
    assert!(why.to_string().contains(wanted), "{why}");
    let shown = asterisk.rx("out show status");
    assert!(shown.contains("callee: 2 live of at most 2, "), "{shown}");

    asterisk.write_config(CONF, &conf("", "[callee]\ntype = trunk\nmax_dialings = 4\n"));
    let reload: Headers =
        &[("Action", "ModuleLoad"), ("Module", "res_outbound.so"), ("LoadType", "reload")];
    ami.succeed(reload);
    live(4);
    asterisk.write_config(CONF, &conf("max_load = 0.01", ""));
    ami.succeed(reload);
    let shown = asterisk.rx("out show status");
    assert!(shown.contains("callee: 4 live, "), "{shown}");
    campaign.set_status(&ami, 30).unwrap();
    live(0);
}

#[test]
fn a_trunk_that_refuses_backs_off_alone_and_comes_back() {
    let sipp = Sipp::people();
    let general = "calls_per_second = 40\nmax_dialings = 500";
    let trunks = "[north]\ntype = trunk\nback_off_probe = 1\n";
    let options = Options::default().trunk_to(sipp.port).add("pjsip.conf", NORTH);
    let asterisk = Asterisk::start(options.file(CONF, &conf(general, trunks)));
    let ami = asterisk.ami();
    let north: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "north"), ("MaxRetry1", "1")];
    let south: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("MaxRetry1", "1")];
    // 15…: 503. 12…: 486, which is the person's affair and not the trunk's.
    let full = campaign(&ami, "full", &[north], &numbers("15", 400));
    let fine = campaign(&ami, "fine", &[south], &numbers("12", 300));
    full.set_status(&ami, 1).unwrap();
    asterisk.wait_log(SOON, "The trunk north refuses calls for congestion and backs off");
    let mark = ami.mark();
    fine.set_status(&ami, 1).unwrap();
    poll_until(SOON, "the slowest pace", || {
        let shown = asterisk.rx("out show status");
        let line = shown.lines().find(|line| line.contains("north: "))?;
        line.ends_with(": 1 calls per second").then_some(())
    });
    let why = ami.succeed(&[
        ("Action", "OutDlListExplain"),
        ("Uuid", full.targets.last().expect("a target")),
    ]);
    let wanted = "the trunk north backs off after congestion";
    assert!(why.to_string().contains(wanted), "{why}");

    // The other trunk's list is worked off while this one hardly moves.
    fine.wait_status(&ami, mark, ENDED, 0).unwrap();
    let tried = full.statistics(&ami).unwrap().number("DlCalledCount").unwrap();
    assert!(tried < 150, "{tried} calls over a trunk that refuses them");
    full.set_status(&ami, 0).unwrap();

    let again = campaign(&ami, "again", &[north], &numbers("12", 400));
    again.set_status(&ami, 1).unwrap();
    asterisk.wait_log(BACK, "The trunk north takes calls again: it is back to normal");
    again.set_status(&ami, 30).unwrap();
    assert_eq!(asterisk.log_lines("backs off:").len(), 1, "one line, not one a call");
}
