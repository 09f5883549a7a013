//! Many calls in one process: nothing grows, nothing is lost or told twice, and
//! no manager client is in the way. `make soak` has it make more of them.

mod harness;

use std::time::{Duration, Instant};

use harness::campaign::Headers;
use harness::listener::{login, Heard};
use harness::load::{check_events, LineCount, Results};
use harness::process::{footprint, Footprint};
use harness::{must, poll_until, Asterisk, Listener, Load, Options};

/// Calls in all; `CALLS` names others.
const CALLS: usize = 30_000;
/// Half of the campaigns have no manager client, half one that hears all events.
const CAMPAIGNS: usize = 10;
/// Calls after which nothing may grow any more, or a quarter of all if they are fewer.
const WARM: usize = 20_000;

/// What one process may grow by after that: allocators and SQLite keep what was
/// once freed, and the dialer a thread for each call that was answered lately.
const GROWS_KIB: usize = 16 * 1_024;
/// With a client, after the first campaign that it hears: Asterisk keeps each event until
/// the slowest client has read it, so that memory follows how far it lags behind.
const GROWS_WITH_CLIENT_KIB: usize = 128 * 1_024;
const GROWS_DESCRIPTORS: usize = 8;
const GROWS_THREADS: usize = 24;
/// How long calls that are over may keep their descriptors and threads.
const SETTLED: Duration = Duration::from_secs(60);

/// Calls beside a client that never reads.
const CALLS_BESIDE_THE_DEAF: usize = 5_000;

const CONF: &str = "[general]\nresult_filename = @RESULT_FILE@\nmax_dialings = 100\n\
                    calls_per_second = 10000\n[database]\ndb_sqlite3_data = @DATABASE_FILE@\n";
const LOGGER: &str = "[logfiles]\nfull => notice,warning,error\n";
const NO_RECORDS: &str = "[general]\nenable = no\n";
/// They answer and stay, and the destination hangs up at once.
const PLAN: Headers = &[("TechName", "Local/"), ("TrunkName", "patient")];
const HANGS_UP: Headers = &[("Type", "1"), ("Application", "NoOp")];

fn start() -> Asterisk {
    let options = Options::default().file("res_outbound.conf", CONF);
    let options = options.file("logger.conf", LOGGER).file("cdr.conf", NO_RECORDS);
    Asterisk::start(options.add("asterisk.conf", "verbose = 0"))
}

#[test]
fn many_calls_in_one_process_leave_nothing_behind() {
    let calls = match std::env::var("CALLS").ok().filter(|text| !text.is_empty()) {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("CALLS={text}: not a number")),
        None => CALLS,
    };
    let (each, warm) = (calls / CAMPAIGNS, WARM.min(calls / 4));
    assert!(each > 0, "CALLS={calls}: at least {CAMPAIGNS}");
    let asterisk = start();
    let mut lines = LineCount::of(asterisk.result_file());
    let mut warmed: Option<Footprint> = None;
    let mut listener: Option<Listener> = None;
    let mut loads = Vec::new();
    for number in 1..=CAMPAIGNS {
        if number == CAMPAIGNS / 2 + 1 {
            listener = Some(must(Listener::connect(&asterisk)));
        }
        let load = must(Load::make(&asterisk, PLAN, HANGS_UP, each));
        let (started, dialed) = (Instant::now(), number * each);
        must(load.dial(&asterisk, &mut lines));
        let rate = each as f64 / started.elapsed().as_secs_f64();
        must(load.wait_status(&asterisk, 0));
        let heard = (number * each).saturating_sub(CAMPAIGNS / 2 * each);
        listener.iter().for_each(|listener| must(check_events(listener, heard)));
        loads.push(load);
        let now = footprint(asterisk.pid());
        println!("campaign {number}: {dialed} calls so far, {rate:.0} calls/s; {now:?}");
        match warmed {
            Some(_) if number == CAMPAIGNS / 2 + 1 => warmed = Some(now),
            None if dialed >= warm => warmed = Some(now),
            None => {}
            Some(warmed) => settle(&asterisk, warmed, listener.is_some()),
        }
    }
    let heard = listener.map(|listener| listener.heard()).unwrap_or_default();
    let results = must(Results::by_campaign(&asterisk));
    assert_eq!(results.len(), CAMPAIGNS);
    for (at, load) in loads.iter().enumerate() {
        let of = &results[&load.campaign.uuid];
        must(load.check(of));
        let told = of.dialings.iter().filter(|dialing| heard.is_over(dialing)).count();
        let listened = at >= CAMPAIGNS / 2;
        assert_eq!(told, if listened { each } else { 0 }, "dialings with a line and events");
    }
    assert_eq!(must(lines.look()), CAMPAIGNS * each);
    let mut errors = asterisk.log_lines("ERROR");
    // Its module of call records has nothing to do here.
    errors.retain(|line| !line.contains("loader.c"));
    assert_eq!(errors, Vec::<String>::new());
}

/// Waits until no more is used than after the first calls, but for the allowance.
fn settle(asterisk: &Asterisk, warmed: Footprint, with_client: bool) {
    let grows_kib = if with_client { GROWS_WITH_CLIENT_KIB } else { GROWS_KIB };
    let mut now = warmed;
    let what = format!("no more than after the first calls ({warmed:?})");
    let settled = harness::try_poll_until(SETTLED, &what, || {
        now = footprint(asterisk.pid());
        let is_small = now.resident_kib <= warmed.resident_kib + grows_kib
            && now.descriptors <= warmed.descriptors + GROWS_DESCRIPTORS
            && now.threads <= warmed.threads + GROWS_THREADS;
        is_small.then_some(())
    });
    must(settled.map_err(|why| format!("{why}; it is {now:?}")));
}

#[test]
fn a_client_that_never_reads_stops_neither_calls_nor_the_events_of_others() {
    let asterisk = start();
    // Logged in for all events; nothing is ever read from it.
    let deaf = must(login(asterisk.ports.ami, &asterisk.ami_secret));
    let sessions = || asterisk.ami().command("manager show connected");
    poll_until(SETTLED, "the deaf client to be logged in", || {
        // Itself, and the client that asks.
        (sessions().matches("127.0.0.1").count() >= 2).then_some(())
    });
    let listener = must(Listener::connect(&asterisk));
    let load = must(Load::make(&asterisk, PLAN, HANGS_UP, CALLS_BESIDE_THE_DEAF));
    let mut lines = LineCount::of(asterisk.result_file());
    must(load.dial(&asterisk, &mut lines));
    must(load.wait_status(&asterisk, 0));
    must(Results::of(&asterisk, &load).and_then(|results| load.check(&results)));
    must(check_events(&listener, CALLS_BESIDE_THE_DEAF));
    // More came than a session holds that nobody reads: it was in the way of itself only.
    let bytes = listener.heard().bytes;
    assert!(bytes > 20_000_000, "only {bytes} bytes of events");
    drop(deaf);
}

#[test]
fn the_listener_knows_order_from_disorder() {
    let event = |what: &str, uuid: &str, status: &str| {
        format!(
            "Event: OutDialing{what}\r\nPrivilege: message,all\r\nUuid: {uuid}\r\n\
             Status: {status}\r\nCampUuid: c\r\n\r\n"
        )
    };
    let check = |events: &[(&str, &str, &str)], dialings: u64| {
        let text: String = events.iter().map(|(what, uuid, at)| event(what, uuid, at)).collect();
        Heard::of(text.as_bytes()).all_in_order(dialings)
    };
    let whole = [("Create", "a", "1"), ("Update", "a", "3"), ("Delete", "a", "7")];
    assert_eq!(check(&whole, 1), Ok(()));
    let two = [whole[0], ("Create", "b", "1"), whole[1], ("Delete", "b", "7"), whole[2]];
    assert_eq!(check(&two, 2), Ok(()));
    let wrong = [
        (&whole[..2], 1, "not ended"),
        (&whole[1..], 1, "not begun"),
        (&[whole[0], whole[2], whole[1]], 1, "goes on after its end"),
        (&[whole[1], whole[0], whole[2]], 1, "goes on before its begin"),
        (&[whole[0], whole[0], whole[2]], 1, "begun twice"),
        (&[whole[0], whole[2], whole[2]], 1, "ended twice"),
        (&[whole[0], ("Update", "a", "6"), ("Update", "a", "3"), whole[2]], 1, "status falls"),
        (&whole[..], 2, "one is missing"),
        (&two[..], 1, "one too many"),
    ];
    for (events, dialings, why) in wrong {
        assert!(check(events, dialings).is_err(), "{why}");
    }
}
