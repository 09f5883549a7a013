//! `make demo`: a real campaign over SIP, with two accounts of it compared.
//!
//! A private Asterisk with the module dials the 40 people of
//! `tests/demo/people.csv` over its PJSIP trunk; SIPp plays the people. At the
//! end stands a table: what the far end says it did beside what the module
//! recorded, call by call. The exit status is 1 if anything differs.

mod harness;
#[path = "demo/report.rs"]
mod report;

use std::fs;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use harness::far_end::read_calls;
use harness::rootfs::project;
use harness::signals::StopRequest;
use harness::{try_poll_until, Ami, Asterisk, Campaign, Options, Outcome, Sipp};
use report::{read_people, Person, Report, Tries};

const TRIES: Tries = Tries { number1: 3, number2: 2 };
const DIAL_TIMEOUT_MS: u32 = 4_000;
const RETRY_DELAY_S: u32 = 1;
/// The slowest person needs about 20 s; a campaign that takes so long hangs.
const DEADLINE: Duration = Duration::from_secs(90);
/// How long the last lines of log and result file may take.
const LAST_LINES: Duration = Duration::from_secs(5);
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
const BETWEEN_PLAIN_LINES: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let stop = StopRequest::watch();
    match run(&stop) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("demo: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(stop: &StopRequest) -> Outcome<bool> {
    let start = Instant::now();
    let csv = project().join("tests/demo/people.csv");
    let text = fs::read_to_string(&csv).map_err(|why| format!("{}: {why}", csv.display()))?;
    let people = read_people(&text)?;

    println!("Starting the people (SIPp) and an Asterisk of our own …");
    let mut sipp = Sipp::try_start("people.xml", None, &[])?;
    let mut asterisk = Asterisk::try_start(Options::default().trunk_to(sipp.port))?;
    println!("  far end: {}", sipp.keep_folder().display());
    println!("  Asterisk: {}", asterisk.keep_folders().display());
    let ami = Ami::connect(asterisk.ports.ami, harness::asterisk::AMI_USER, &asterisk.ami_secret)?;

    let campaign = set_up(&ami, &people)?;
    println!("Dialing {} people over PJSIP/…@trunk:", people.len());
    let ended = dial(&ami, &campaign, stop);
    if stop.asked().is_some() {
        return ended.map(|()| false);
    }

    let results = || asterisk.results();
    let far_end = || read_calls(&sipp.log());
    // What is not there by then is a difference, and the table says so.
    let _ = try_poll_until(LAST_LINES, "the last lines", || {
        let calls = far_end();
        let is_done = calls.iter().all(|call| call.did.is_some());
        (is_done && results().len() >= calls.len()).then_some(())
    });
    let report = Report::compare(&people, TRIES, &far_end(), &results());
    println!("\n{}", report.table());
    println!("far end's log:  {}", sipp.log_file().display());
    println!("result file:    {}", asterisk.result_file().display());
    println!("Asterisk's log: {}", asterisk.log_file().display());
    sipp.stop();
    let asterisk_ended = asterisk.try_stop();
    ended?;
    asterisk_ended?;
    let verdict = match report.agrees() {
        true => "Both accounts agree on every call",
        false => "The two accounts differ",
    };
    let seconds = start.elapsed().as_secs();
    println!("{verdict}: {} dispositions, {seconds} s in all.", report.dispositions());
    Ok(report.agrees())
}

/// Makes the plan, destination, list and campaign.
fn set_up(ami: &Ami, people: &[Person]) -> Outcome<Campaign> {
    let plan = [
        ("TechName", "PJSIP/"),
        ("TrunkName", "trunk"),
        ("DialTimeout", &DIAL_TIMEOUT_MS.to_string()),
        ("RetryDelay", &RETRY_DELAY_S.to_string()),
        ("DlEndHandle", "1"),
        ("CallerId", "\"Demo\" <5550100>"),
        ("MaxRetry1", &TRIES.number1.to_string()),
        ("MaxRetry2", &TRIES.number2.to_string()),
    ];
    // Waits 1 s and hangs up.
    let destination =
        [("Type", "0"), ("Exten", "hangup"), ("Context", "destinations"), ("Priority", "1")];
    let targets: Vec<Vec<(&str, &str)>> = people.iter().map(target).collect();
    let targets: Vec<&[(&str, &str)]> = targets.iter().map(Vec::as_slice).collect();
    Campaign::create(ami, "demo", &plan, &destination, &targets)
}

fn target(person: &Person) -> Vec<(&str, &str)> {
    let mut headers = vec![
        ("Name", person.name.as_str()),
        ("Detail", &person.does),
        ("Number1", &person.number1),
    ];
    headers.extend(person.number2.as_deref().map(|number| ("Number2", number)));
    headers
}

/// Starts the campaign and shows how it goes until it has ended by itself.
fn dial(ami: &Ami, campaign: &Campaign, stop: &StopRequest) -> Outcome<()> {
    let mark = ami.mark();
    campaign.set_status(ami, 1)?;
    let start = Instant::now();
    let mut line = ProgressLine::new();
    let mut was_started = false;
    while start.elapsed() < DEADLINE {
        if let Some(signal) = stop.asked() {
            line.end();
            return Err(format!("ended by signal {signal}"));
        }
        let events = ami.events_since(mark, "OutCampaignUpdate");
        let status = events.iter().rev().find(|event| event.text("Uuid") == campaign.uuid);
        let status = status.and_then(|event| event.number("Status"));
        was_started |= status.is_some_and(|status| status != 0);
        line.show(&progress(ami, mark, campaign, status, start.elapsed())?);
        if was_started && status == Some(0) {
            line.end();
            return Ok(());
        }
        // Wakes at once when the status changes.
        let _ = ami.wait_since(ami.mark(), BETWEEN_LOOKS, "a change of status", |message| {
            message.is_event("OutCampaignUpdate")
        });
    }
    line.end();
    Err(format!("the campaign did not end within {DEADLINE:?}"))
}

fn progress(
    ami: &Ami,
    mark: usize,
    campaign: &Campaign,
    status: Option<i64>,
    elapsed: Duration,
) -> Outcome<String> {
    let status = match status {
        Some(0) => "stopped",
        Some(1) => "dialing",
        Some(2) => "paused",
        Some(10) => "stopping",
        Some(11) => "starting",
        Some(12) => "pausing",
        Some(30) => "ending",
        _ => "?",
    };
    let counts = campaign.statistics(ami)?;
    let dialings = ami.events_since(mark, "OutDialingCreate").len();
    let ended = ami.events_since(mark, "OutDialingDelete").len();
    Ok(format!(
        "{:5.1} s  {status:<8}  people: {} of {} done, {} waiting  calls: {} up, {ended} ended",
        elapsed.as_secs_f64(),
        counts.text("DlFinishedCount"),
        counts.text("DlTotalCount"),
        counts.text("DlAvailableCount"),
        dialings.saturating_sub(ended),
    ))
}

/// One line that is rewritten on a terminal; elsewhere a line now and then.
struct ProgressLine {
    is_terminal: bool,
    shown: Option<Instant>,
    last: String,
}

impl ProgressLine {
    fn new() -> ProgressLine {
        let is_terminal = std::io::stdout().is_terminal();
        ProgressLine { is_terminal, shown: None, last: String::new() }
    }

    fn show(&mut self, text: &str) {
        self.last = text.to_owned();
        if self.is_terminal {
            print!("\r\x1b[K{text}");
            // A terminal that is gone is no reason to stop dialing.
            let _ = std::io::stdout().flush();
        } else if self.shown.is_none_or(|at| at.elapsed() >= BETWEEN_PLAIN_LINES) {
            println!("{text}");
            self.shown = Some(Instant::now());
        }
    }

    fn end(&mut self) {
        match self.is_terminal {
            true => println!(),
            false => println!("{}", self.last),
        }
    }
}
