//! The Asterisk and the far end that are measured: like those of the tests, but
//! with nothing in the way that is not a call's own work.

use std::fs;
use std::sync::OnceLock;

use crate::harness::campaign::Headers;
use crate::harness::signals::StopRequest;
use crate::harness::{Asterisk, Load, Options, Outcome, Sipp};

/// Open files that Asterisk is let have; a call takes about four.
pub const OPEN_FILES: usize = 20_000;
/// So many endpoints lead to the far end: one with thousands of calls gets slow,
/// because each change of its state walks them all.
pub const TRUNKS: usize = 10;

/// No call is logged line by line, and none has a record (CDR): both cost every
/// way of dialing the same, and neither is what is compared here.
const LOGGER: &str = "[logfiles]\nfull => notice,warning,error\n";
const NO_RECORDS: &str = "[general]\nenable = no\n";
/// Two media ports a call, also for thousands of them.
const MEDIA_PORTS: &str = "[general]\nrtpstart = 4000\nrtpend = 19999\n";
/// The destination of all calls that are over at once.
pub const EXTEN: &str = "done";
pub const CONTEXT: &str = "bench";
pub const HANGS_UP: Headers = &[("Exten", EXTEN), ("Context", CONTEXT)];

/// Numbers that answer and stay; that refuse; and the destinations of calls: one
/// hangs up at once, one stays. Nobody who answers hangs up: a hangup that is there
/// before the answer was read would be no answer.
const DIALPLAN: &str = "[bench]\nexten => _X!,1,Answer()\n same => n,Wait(600)\n\
                        exten => done,1,Hangup(16)\nexten => stay,1,Wait(600)\n\
                        [bench-refuse]\nexten => _X!,1,Hangup(21)\n";

/// What is dialled, and how: `Local/NUMBER@bench` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tech {
    Local,
    Pjsip,
}

impl Tech {
    pub fn name(self) -> &'static str {
        match self {
            Tech::Local => "Local",
            Tech::Pjsip => "PJSIP",
        }
    }

    pub fn trunk(self) -> &'static str {
        match self {
            Tech::Local => "bench",
            Tech::Pjsip => "trunk",
        }
    }

    /// What one call of many dials.
    pub fn channel(self, number: &str) -> String {
        format!("{}/{number}@{}", self.name(), self.trunk())
    }
}

/// The module's caps for a run.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    pub max_dialings: usize,
    pub calls_per_second: usize,
}

impl Caps {
    /// So high that they do not bind.
    pub const OPEN: Caps = Caps { max_dialings: 500, calls_per_second: 10_000 };
}

static STOP: OnceLock<StopRequest> = OnceLock::new();

/// From now on no run begins once somebody asked us to end.
pub fn watch(stop: StopRequest) {
    let _ = STOP.set(stop);
}

/// Starts an Asterisk with the module. `far_end` is where its trunks lead.
pub fn start(caps: Caps, far_end: Option<u16>) -> Outcome<Asterisk> {
    if let Some(signal) = STOP.get().and_then(StopRequest::asked) {
        return Err(format!("signal {signal}"));
    }
    let Caps { max_dialings, calls_per_second } = caps;
    let conf = format!(
        "[general]\nresult_filename = @RESULT_FILE@\nmax_dialings = {max_dialings}\n\
         calls_per_second = {calls_per_second}\n[database]\ndb_sqlite3_data = @DATABASE_FILE@\n"
    );
    let options = Options::default()
        .file("res_outbound.conf", &conf)
        .file("logger.conf", LOGGER)
        .file("cdr.conf", NO_RECORDS)
        .file("rtp.conf", MEDIA_PORTS)
        .add("extensions.conf", DIALPLAN)
        .add("asterisk.conf", &format!("verbose = 0\nmaxfiles = {OPEN_FILES}"));
    let options = match far_end {
        Some(port) => options.trunk_to(port).add("pjsip.conf", &trunks()),
        None => options,
    };
    Asterisk::try_start(options)
}

/// SIPp with a scenario of tests/sipp that many calls go to.
pub fn far_end(scenario: &str) -> Outcome<Sipp> {
    Sipp::try_start(scenario, None, &["-l", "20000", "-nr"])
}

fn trunks() -> String {
    let trunk = |at: usize| {
        format!(
            "[trunk{at}]\ntype = endpoint\ntransport = transport-udp\ncontext = from-trunk\n\
             disallow = all\nallow = ulaw,alaw\naors = trunk{at}\ndirect_media = no\n\
             send_connected_line = no\ntimers = no\n\
             [trunk{at}]\ntype = aor\ncontact = sip:127.0.0.1:@TRUNK_PORT@\nqualify_frequency = 0\n"
        )
    };
    (1..=TRUNKS).map(trunk).collect()
}

/// Calls that are answered and over at once, in a campaign of ours.
pub fn load(asterisk: &Asterisk, tech: Tech, targets: usize) -> Outcome<Load> {
    let technology = format!("{}/", tech.name());
    let plan = [("TechName", technology.as_str()), ("TrunkName", tech.trunk())];
    Load::make(asterisk, &plan, HANGS_UP, targets)
}

/// How many files this Asterisk may really have open.
pub fn open_files(asterisk: &Asterisk) -> usize {
    let limits = fs::read_to_string(format!("/proc/{}/limits", asterisk.pid()));
    let limits = limits.unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|rest| rest.split_whitespace().next());
    soft.and_then(|text| text.parse().ok()).unwrap_or(1_024)
}
