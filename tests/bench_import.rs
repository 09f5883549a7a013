//! `make bench-import`: how fast a dial list is imported, and what an import costs a
//! campaign that dials meanwhile.
//!
//! A private Asterisk with the module; the calls are Local channels that answer and
//! hang up at once. Two campaigns dial for the same time, one undisturbed and one
//! during imports, so that the two can be compared whatever the machine is.

mod harness;

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use harness::{Ami, Asterisk, Campaign, Options, Outcome};

const ROWS: usize = 200_000;
/// How long each campaign is watched at least.
const WATCHED: Duration = Duration::from_secs(5);
const CONF: &str = "[general]\nresult_filename = @RESULT_FILE@\nmax_dialings = 100\n\
                    calls_per_second = 400\n[database]\ndb_sqlite3_data = @DATABASE_FILE@\n";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("bench-import: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    println!("Starting an Asterisk of its own");
    let asterisk = Asterisk::try_start(Options::default().file("res_outbound.conf", CONF))?;
    let ami = Ami::connect(asterisk.ports.ami, "admin", &asterisk.ami_secret)?;
    write_rows(&asterisk, "rows.csv", 0)?;

    println!("Importing {ROWS} rows, nothing else going on");
    let idle = rows_per_second(&ami, &new_list(&ami)?)?;

    println!("Dialing for {} s, no import", WATCHED.as_secs());
    let campaign = campaign(&ami, &asterisk)?;
    campaign.set_status(&ami, 1)?;
    let started = Instant::now();
    let before = called(&ami, &campaign)?;
    std::thread::sleep(WATCHED);
    let alone = rate(called(&ami, &campaign)? - before, started);

    println!("Dialing and importing {ROWS} rows into other lists, again and again");
    let importer = Ami::connect(asterisk.ports.ami, "admin", &asterisk.ami_secret)?;
    let started = Instant::now();
    let before = called(&ami, &campaign)?;
    let mut busy = Vec::new();
    while started.elapsed() < WATCHED {
        busy.push(rows_per_second(&importer, &new_list(&importer)?)?);
    }
    let beside = rate(called(&ami, &campaign)? - before, started);
    campaign.set_status(&ami, 30)?;

    let busy = busy.iter().sum::<f64>() / busy.len() as f64;
    println!();
    println!("                        rows/s   calls/s");
    println!("import, idle        {idle:>10.0}         -");
    println!("campaign alone               - {alone:>9.0}");
    println!("both at once        {busy:>10.0} {beside:>9.0}");
    println!("both / alone        {:>10.2} {:>9.2}", busy / idle, beside / alone);
    Ok(())
}

fn write_rows(asterisk: &Asterisk, name: &str, first: usize) -> Outcome<()> {
    let rows: String =
        (first..first + ROWS).map(|n| format!("Person {n},k{n},7{n:08},{}\n", n % 97)).collect();
    let folder = asterisk.bulk_folder();
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join(name), format!("Name,UKey,Number1,GROUP\n{rows}")).map_err(failed)
}

fn new_list(ami: &Ami) -> Outcome<String> {
    harness::campaign::create(ami, "OutDlmaCreate", &[])
}

/// Imports the rows into a list and says how fast that was.
fn rows_per_second(ami: &Ami, list: &str) -> Outcome<f64> {
    let started = Instant::now();
    let headers = [("Action", "OutDlListImport"), ("DlmaUuid", list), ("File", "rows.csv")];
    let came = ami.try_list(&headers)?;
    let accepted = came.complete.as_ref().and_then(|end| end.number("Accepted"));
    match accepted {
        Some(accepted) if accepted == ROWS as i64 => Ok(rate(accepted, started)),
        _ => Err(format!("the import went wrong:\n{}", came.response)),
    }
}

/// A campaign with more people than it can reach in the time.
fn campaign(ami: &Ami, asterisk: &Asterisk) -> Outcome<Campaign> {
    let plan = [("TechName", "Local/"), ("TrunkName", "callee")];
    let destination = [("Type", "1"), ("Application", "NoOp")];
    let campaign = Campaign::create(ami, "bench", &plan, &destination, &[])?;
    write_rows(asterisk, "people.csv", ROWS)?;
    let list = ("DlmaUuid", campaign.list.as_str());
    ami.try_list(&[("Action", "OutDlListImport"), list, ("File", "people.csv")])?;
    Ok(campaign)
}

fn called(ami: &Ami, campaign: &Campaign) -> Outcome<i64> {
    let shown = campaign.statistics(ami)?;
    shown.number("DlCalledCount").ok_or_else(|| format!("no DlCalledCount:\n{shown}"))
}

fn rate(count: i64, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}
