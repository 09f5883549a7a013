//! The module as a guest of Asterisk: it comes, stays and goes in order.

mod harness;

use std::time::Duration;

use harness::http::{get, rawman};
use harness::process::{footprint, mappings, Footprint};
use harness::{poll_until, Ami, Asterisk, Campaign, Message, Options};

const SOON: Duration = Duration::from_secs(15);
const ROUNDS: usize = 50;
/// Until then Asterisk itself still makes caches and pools of threads.
const WARM_UP_ROUNDS: usize = 10;
/// A module that leaked its image or a thread's stack would take more.
const RESIDENT_GROWTH_KIB: usize = 4 * 1024;

fn is_running(asterisk: &Asterisk) -> bool {
    let shown = asterisk.rx("module show like res_outbound");
    let line = shown.lines().find(|line| line.starts_with("res_outbound.so"));
    line.is_some_and(|line| line.contains(" Running ") && !line.contains("Not Running"))
}

fn load(ami: &Ami, kind: &str) -> Message {
    ami.action(&[("Action", "ModuleLoad"), ("Module", "res_outbound.so"), ("LoadType", kind)])
}

/// The errors that the module itself has written to the log.
fn errors(asterisk: &Asterisk) -> Vec<String> {
    let mut lines = asterisk.log_lines("ERROR[");
    lines.retain(|line| line.contains(".rs:") || line.contains("outbound"));
    lines
}

#[test]
fn it_is_running_after_a_normal_start_and_ends_with_asterisk() {
    let mut asterisk = Asterisk::start(Options::default());
    assert!(is_running(&asterisk), "{}", asterisk.rx("module show like res_outbound"));
    assert_eq!(errors(&asterisk), Vec::<String>::new());
    asterisk.restart();
    assert!(is_running(&asterisk));
    asterisk.stop();
}

#[test]
fn fifty_rounds_of_load_and_unload_leave_nothing_behind() {
    let asterisk = Asterisk::start(Options::default().module_not_loaded());
    let pid = asterisk.pid();
    let ami = asterisk.ami();
    let mut settled: Option<Footprint> = None;
    for round in 1..=ROUNDS {
        one_round(&asterisk, &ami, round);
        if round == WARM_UP_ROUNDS {
            settled = Some(settle(pid, None));
        }
    }
    let before = settled.expect("there are more rounds than those to warm up");
    let after = settle(pid, Some(before));
    assert!(after.threads <= before.threads, "threads: {before:?}, then {after:?}");
    assert!(after.descriptors <= before.descriptors, "descriptors: {before:?}, then {after:?}");
    let growth = after.resident_kib.saturating_sub(before.resident_kib);
    assert!(growth <= RESIDENT_GROWTH_KIB, "memory grew by {growth} KiB: {before:?}, {after:?}");
}

/// Loads, talks to the module over every door, unloads. Some who talked to it
/// leave before it goes, others after: their threads end without its code.
fn one_round(asterisk: &Asterisk, ami: &Ami, round: usize) {
    let stays = asterisk.ami();
    let loaded = load(ami, "load");
    assert!(loaded.is_success(), "round {round}: {loaded}");

    let leaves = asterisk.ami();
    for session in [&stays, &leaves] {
        let shown = session.list(&[("Action", "OutCampaignShow")]);
        assert!(shown.response.is_success(), "round {round}: {}", shown.response);
    }
    drop(leaves);
    assert!(is_running(asterisk), "round {round}");
    let over_http = HttpSession::open(asterisk);
    let shown = over_http.ask(&[("Action", "OutPlanShow")]);
    assert!(shown.contains("Response: Success"), "round {round}: {shown}");

    let unloaded = load(ami, "unload");
    assert!(unloaded.is_success(), "round {round}: {unloaded}");
    over_http.close();
    drop(stays);
    let left = mappings(asterisk.pid(), "res_outbound.so");
    assert!(left.is_empty(), "round {round}: still mapped: {left:?}");
}

/// A session of AMI over HTTP.
struct HttpSession {
    port: u16,
    cookie: String,
}

impl HttpSession {
    fn open(asterisk: &Asterisk) -> HttpSession {
        let login =
            [("Action", "Login"), ("Username", "admin"), ("Secret", asterisk.ami_secret.as_str())];
        let port = asterisk.ports.http;
        let answer = get(port, &rawman(&login), None).unwrap();
        let cookie = answer.session().unwrap_or_else(|| panic!("no session: {answer:?}"));
        HttpSession { port, cookie }
    }

    fn ask(&self, headers: &[(&str, &str)]) -> String {
        get(self.port, &rawman(headers), Some(&self.cookie)).unwrap().body
    }

    fn close(self) {
        self.ask(&[("Action", "Logoff")]);
    }
}

/// Sessions that were closed end a moment later: waits for the count of threads
/// and descriptors to stand still, or to be back where it was.
fn settle(pid: u32, target: Option<Footprint>) -> Footprint {
    let mut last = footprint(pid);
    let mut unchanged = 0;
    let what = "threads and descriptors to stand still";
    poll_until(SOON, what, || {
        let now = footprint(pid);
        let is_same = (now.threads, now.descriptors) == (last.threads, last.descriptors);
        unchanged = if is_same { unchanged + 1 } else { 0 };
        last = now;
        let is_back =
            target.is_some_and(|to| now.threads <= to.threads && now.descriptors <= to.descriptors);
        (is_back || unchanged >= 200).then_some(now)
    })
}

#[test]
fn it_declines_a_database_that_cannot_be_used_in_one_clear_line() {
    let conf = "[general]\nresult_filename = @RESULT_FILE@\n\
                [database]\ndb_type = 1\ndb_sqlite3_data = /proc/nowhere/outbound.db\n";
    let asterisk = Asterisk::start(Options::default().file("res_outbound.conf", conf));
    assert!(!is_running(&asterisk));
    asterisk.wait_log(SOON, "/proc/nowhere/outbound.db");
    let errors = errors(&asterisk);
    let named: Vec<&String> =
        errors.iter().filter(|line| line.contains("/proc/nowhere/outbound.db")).collect();
    assert_eq!(named.len(), 1, "{errors:?}");
    assert_eq!(asterisk.ami().action(&[("Action", "OutCampaignShow")]).text("Response"), "Error");
}

#[test]
fn it_declines_a_configuration_that_makes_no_sense_in_one_clear_line() {
    let conf = "[general]\nresult_filename = @RESULT_FILE@\n\
                [database]\ndb_type = stonetablet\ndb_sqlite3_data = @DATABASE_FILE@\n";
    let asterisk = Asterisk::start(Options::default().file("res_outbound.conf", conf));
    assert!(!is_running(&asterisk));
    asterisk.wait_log(SOON, "stonetablet");
    let errors = errors(&asterisk);
    let named: Vec<&String> = errors.iter().filter(|line| line.contains("stonetablet")).collect();
    assert_eq!(named.len(), 1, "{errors:?}");
}

#[test]
fn an_unknown_option_is_named_in_a_warning_at_start_and_at_reload() {
    let asterisk = Asterisk::start(Options::default().add("res_outbound.conf", "colour = blue"));
    assert!(is_running(&asterisk));
    let warned = asterisk.wait_log(SOON, "colour");
    assert!(warned.contains("WARNING"), "{warned}");

    let path = asterisk.config_folder().join("res_outbound.conf");
    let conf = std::fs::read_to_string(path).unwrap().replace("colour", "flavour");
    asterisk.write_config("res_outbound.conf", &conf);
    let reloaded = load(&asterisk.ami(), "reload");
    assert!(reloaded.is_success(), "{reloaded}");
    let warned = asterisk.wait_log(SOON, "flavour");
    assert!(warned.contains("WARNING"), "{warned}");
    assert!(is_running(&asterisk));
}

#[test]
fn unload_is_refused_while_a_call_is_up() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let campaign = Campaign::create(
        &ami,
        "unload",
        &[("TechName", "Local/"), ("TrunkName", "callee"), ("MaxRetry1", "1")],
        &[("Type", "0"), ("Exten", "wait"), ("Context", "destinations"), ("Priority", "1")],
        &[&[("Number1", "3001")]],
    )
    .unwrap();
    campaign.set_status(&ami, 1).unwrap();
    ami.wait_event(SOON, "DialBegin", &[]);

    let refused = load(&ami, "unload");
    assert_eq!(refused.text("Response"), "Error", "{refused}");
    assert!(is_running(&asterisk));

    let mark = ami.mark();
    campaign.set_status(&ami, 30).unwrap();
    campaign.wait_status(&ami, mark, SOON, 0).unwrap();
    // The last reference goes with the channel, which may take a moment more.
    poll_until(SOON, "the module to be unloaded", || {
        load(&ami, "unload").is_success().then_some(())
    });
    assert!(mappings(asterisk.pid(), "res_outbound.so").is_empty());
}
