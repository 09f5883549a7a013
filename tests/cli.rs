//! The console of a real Asterisk, over `asterisk -rx`: the transcript word for
//! word, help, completion, and what a terminal must not get.

mod harness;

#[path = "harness/transcript.rs"]
mod transcript;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use harness::{poll_until, Asterisk, Campaign, Lab, Options, Shared};

const DEADLINE: Duration = Duration::from_secs(20);

struct AtConsole(Asterisk);

impl transcript::Peer for AtConsole {
    fn exchange(&mut self, line: &str, _answers: Option<usize>) -> String {
        self.0.rx(line.trim_end())
    }
}

#[test]
fn transcript_of_the_old_commands() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/cli.txt");
    let mut console = AtConsole(Asterisk::start(Options::default()));
    if let Err(difference) = transcript::run(&file, &mut console) {
        panic!("{difference}");
    }
}

/// An Asterisk that some tests share, each with objects of its own.
fn asterisk() -> Arc<Asterisk> {
    static ASTERISK: Shared<Asterisk> = Shared::new();
    ASTERISK.get(|| Asterisk::start(Options::default()))
}

/// Runs a create and gives the uuid that it printed.
#[track_caller]
fn made(asterisk: &Asterisk, line: &str) -> String {
    let printed = asterisk.rx(line);
    let uuid = printed.trim_end().strip_suffix(']').and_then(|text| text.rsplit_once('['));
    uuid.unwrap_or_else(|| panic!("{line}: {printed}")).1.to_owned()
}

/// Stands behind the last match (`AST_CLI_COMPLETE_EOF`).
const END: &str = "_EOF_";

/// What the remote console gets offered: all matches, the longest common
/// beginning first.
fn offered(asterisk: &Asterisk, line: &str) -> Vec<String> {
    let word = line.rsplit(' ').next().unwrap_or_default();
    let printed = asterisk.rx(&format!("_command matchesarray \"{line}\" \"{word}\""));
    let words = printed.trim_end().split(' ').take_while(|word| *word != END);
    words.skip(1).map(str::to_owned).collect()
}

#[test]
fn every_command_is_registered_with_its_usage() {
    let asterisk = asterisk();
    let all = asterisk.rx("core show help out");
    let help = asterisk.rx("out help");
    let commands: Vec<_> = help.lines().filter(|line| line.starts_with("out ")).collect();
    assert!(commands.len() > 30, "{help}");
    for line in commands {
        let words = line.split("  ").next().unwrap_or_default().trim();
        assert!(all.contains(&format!("{words} ")), "{words} is not registered:\n{all}");
        let usage = asterisk.rx(&format!("core show help {words}"));
        assert!(usage.starts_with(&format!("Usage: {words}")), "{usage}");
        assert!(usage.lines().count() > 1, "{usage}");
    }
}

#[test]
fn words_names_and_uuids_are_completed() {
    let asterisk = asterisk();
    let plain = made(&asterisk, "out create dlma Name=completed");
    made(&asterisk, "out create dlma Name=\"complete list\"");
    made(&asterisk, "out create plan Name=completing");
    let nameless = made(&asterisk, "out create dlma Detail=nameless");
    assert_eq!(offered(&asterisk, "out sho"), ["show"]);
    assert_eq!(offered(&asterisk, "out set status kil"), ["kill"]);
    let kinds = offered(&asterisk, "out show d");
    assert_eq!(
        kinds,
        ["destination", "destinations", "dialing", "dialings", "dl", "dlma", "dlmas", "dls"]
    );
    assert_eq!(offered(&asterisk, "out show dlma comp"), ["complete\\", "completed"]);
    assert_eq!(offered(&asterisk, "out show dlma list comp"), ["complete\\", "completed"]);
    assert_eq!(offered(&asterisk, "out show dlma complete li"), ["list"]);
    assert_eq!(offered(&asterisk, "out show dlma li"), ["list"]);
    assert!(offered(&asterisk, "out show dlma ").contains(&nameless));
    assert!(offered(&asterisk, &format!("out show dls {}", &plain[..34])).contains(&plain));
    assert_eq!(offered(&asterisk, "out create plan MaxRetry7"), ["MaxRetry7=", "MaxRetry7=..."]);
    assert_eq!(offered(&asterisk, "out create campaign Plan=compl"), ["Plan=completing"]);
    assert_eq!(offered(&asterisk, "core show help out explain"), ["explain"]);
    // What a name with blanks is offered as is what finds it.
    let shown = asterisk.rx("out show dlma complete\\ list");
    assert!(shown.contains("\"name\": \"complete list\""), "{shown}");
}

#[test]
fn values_reach_the_terminal_harmless() {
    let asterisk = asterisk();
    let uuid =
        made(&asterisk, "out create dlma Name=harmless Variable=V=\"%s %n 'x'; DROP TABLE plan\"");
    let shown = asterisk.rx("out show dlma harmless");
    assert!(shown.contains("%s %n 'x'; DROP TABLE plan"), "{shown}");
    let escape = "\u{1b}[2J";
    let printed = asterisk.rx(&format!("out update dlma {uuid} Name=a{escape}b"));
    assert!(printed.starts_with("Name: has the control character U+001B"), "{printed}");
    let printed = asterisk.rx(&format!("out show dlma a{escape}b"));
    assert!(printed.starts_with("Dlma a [2Jb not found."), "{printed:?}");
    assert!(asterisk.rx("out show dlmas").contains(" harmless "));
}

#[test]
fn a_list_goes_into_a_file_and_comes_back() {
    let asterisk = asterisk();
    made(&asterisk, "out create dlma Name=exported");
    made(&asterisk, "out create dlma Name=imported");
    made(&asterisk, "out create dl Dlma=exported Name=one Number1=100 Variable=V=x");
    let printed = asterisk.rx("out export dlma exported to list.csv");
    assert_eq!(printed.trim_end(), "1 targets are in list.csv");
    let printed = asterisk.rx("out import dlma imported from list.csv");
    assert_eq!(printed.trim_end(), "1 rows: 1 accepted, 0 duplicates, 0 refused");
    assert!(asterisk.rx("out show dls imported").contains(" one "));
}

#[test]
fn a_running_campaign_is_seen() {
    let lab = Lab::shared();
    let ami = lab.asterisk.ami();
    let campaign = Campaign::create(
        &ami,
        "watched",
        &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("DialTimeout", "60000")],
        &[("Type", "1"), ("Application", "Wait"), ("Data", "60")],
        &[&[("Number1", "1301"), ("Name", "somebody")]],
    );
    let campaign = harness::must(campaign);
    let printed = lab.asterisk.rx("out set status start on watched");
    assert!(printed.starts_with("Campaign status is start. camp-uuid["), "{printed}");
    let dialing = poll_until(DEADLINE, "a live dialing", || {
        let shown = lab.asterisk.rx("out show dialings");
        let line = shown.lines().nth(1)?.to_owned();
        line.contains("dial begin").then_some(line)
    });
    assert!(dialing.ends_with("watched watched watched watched somebody"), "{dialing}");
    let uuid = dialing.split(' ').next().unwrap_or_default();
    let record = lab.asterisk.rx(&format!("out show dialing {uuid}"));
    assert!(record.contains(&format!("\"camp_uuid\": \"{}\"", campaign.uuid)), "{record}");
    assert_eq!(offered(&lab.asterisk, "out show dialing "), [uuid]);
    let status = lab.asterisk.rx("out show status");
    assert!(status.contains("watched: start, 1 live, 0 answered"), "{status}");
    assert!(status.contains(" 1 dial begin"), "{status}");
    assert!(status.contains("half within "), "{status}");
    let reason = lab.asterisk.rx(&format!("out explain dl {}", campaign.targets[0]));
    assert!(reason.contains("dial"), "{reason}");
    assert!(lab.asterisk.rx("out delete plan watched").contains("failed."));
    let mark = ami.mark();
    let printed = lab.asterisk.rx("out set status kill on watched");
    assert!(printed.starts_with("Campaign status is "), "{printed}");
    harness::must(campaign.wait_status(&ami, mark, DEADLINE, 0));
}
