//! Asterisk is killed again and again in the middle of dialing, as by a power
//! cut, and started on the same folders: nothing is lost, nothing done twice.

mod harness;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use harness::{poll_until, Ami, Asterisk, Campaign, Options, ResultLine, Sipp};
use rusqlite::{Connection, OpenFlags};

const KILLS: usize = 20;
const TARGETS: usize = 400;
const TRIES: i64 = 4;
const RETRY_DELAY_S: i64 = 1;
/// A life is long enough to dial, and too short to be done before the last kill.
const LIFE_MS: std::ops::Range<u64> = 50..1_200;
const CALLS_PER_SECOND: u32 = 40;
const ENDED: Duration = Duration::from_secs(60);
/// Names the seed of a run to be repeated.
const SEED: &str = "RES_OUTBOUND_SEED";

/// A dialing as the store has it.
#[derive(Debug)]
struct Row {
    uuid: String,
    target: String,
    number_index: i64,
    try_count: i64,
    disposition: Option<String>,
    claimed: i64,
    ended: Option<i64>,
}

/// A target as the store has it.
#[derive(Debug)]
struct TargetRow {
    number: String,
    tries: i64,
    state: i64,
    done_reason: Option<i64>,
    last: Option<String>,
}

#[test]
fn killed_twenty_times_nothing_is_lost_and_nothing_done_twice() {
    let mut random = Random::new();
    let sipp = Sipp::people();
    let conf = format!("calls_per_second = {CALLS_PER_SECOND}");
    let options = Options::default().trunk_to(sipp.port);
    let mut asterisk = Asterisk::start(options.file(
        "res_outbound.conf",
        &format!(
            "[general]\nresult_filename = @RESULT_FILE@\n{conf}\n\
         [database]\ndb_sqlite3_data = @DATABASE_FILE@\n"
        ),
    ));
    let ami = asterisk.ami();
    let campaigns = [local(&ami), sip(&ami)];
    for campaign in &campaigns {
        campaign.set_status(&ami, 1).unwrap();
    }
    drop(ami);

    let started = Instant::now();
    let mut interrupted_lives = 0;
    for kill in 1..=KILLS {
        let life = Duration::from_millis(random.between(LIFE_MS));
        std::thread::sleep(life);
        asterisk.kill9();
        let open = open_dialings(&asterisk.database_file());
        interrupted_lives += usize::from(open > 0);
        println!("kill {kill} after {life:?}: {open} dialings were up");
        asterisk.restart();
    }
    println!("killed {KILLS} times within {:?}", started.elapsed());
    assert!(interrupted_lives >= KILLS / 2, "only {interrupted_lives} kills hit a live dialing");

    // It goes on by itself, and ends by itself.
    let ami = asterisk.ami();
    for campaign in &campaigns {
        poll_until(ENDED, "the campaign to end by itself", || {
            let shown = ami.list(&[("Action", "OutCampaignShow"), ("Uuid", &campaign.uuid)]);
            (shown.entries[0].text("Status") == "0").then_some(())
        });
    }
    let stats: Vec<BTreeMap<String, i64>> =
        campaigns.iter().map(|campaign| statistics(&ami, campaign)).collect();
    drop(ami);
    asterisk.stop();

    let database = open(&asterisk.database_file());
    let lines = asterisk.results();
    let (dialings, targets) = (dialings(&database), targets(&database));
    println!("{} targets, {} dialings, {} lines", targets.len(), dialings.len(), lines.len());
    let mut wrong = lines_differ(&dialings, &lines);
    wrong.extend(targets_differ(&dialings, &targets));
    for (campaign, stats) in campaigns.iter().zip(&stats) {
        wrong.extend(stats_differ(campaign, stats, &targets));
    }
    let total: usize = campaigns.iter().map(|campaign| campaign.targets.len()).sum();
    if targets.len() != total {
        wrong.push(format!("{} targets of {total} are left", targets.len()));
    }
    // Lines that the file has may stand there still, others not.
    let told: HashSet<&str> = lines.iter().map(|line| line.text("dialing_uuid")).collect();
    wrong.extend(undelivered(&database).into_iter().filter_map(|uuid| {
        let is_missing = !told.contains(uuid.as_str());
        is_missing.then(|| format!("the line of dialing {uuid} was never written"))
    }));
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if check != "ok" {
        wrong.push(format!("the database is damaged: {check}"));
    }
    let first: Vec<&String> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} things are wrong: {first:#?}", wrong.len());
}

/// People who answer and talk, are busy, do not exist, answer and hang up, reject.
fn local(ami: &Ami) -> Campaign {
    let digits = [1, 2, 4, 7, 9];
    let numbers = (0..TARGETS).map(|at| format!("{}{at:04}", digits[at % digits.len()])).collect();
    campaign(ami, "local", [("TechName", "Local/"), ("TrunkName", "callee")], numbers)
}

/// A far end that goes on while Asterisk is down: busy, absent, answering.
fn sip(ami: &Ami) -> Campaign {
    let numbers = (0..40).map(|at| format!("{}{at:02}", ["12", "16", "10", "17"][at % 4]));
    campaign(ami, "sip", [("TechName", "PJSIP/"), ("TrunkName", "trunk")], numbers.collect())
}

fn campaign(ami: &Ami, name: &str, trunk: [(&str, &str); 2], numbers: Vec<String>) -> Campaign {
    let (delay, tries) = (RETRY_DELAY_S.to_string(), TRIES.to_string());
    let plan = [&trunk[..], &[("RetryDelay", &delay), ("MaxRetry1", &tries)]].concat();
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", number.as_str())]).collect();
    let targets: Vec<&[(&str, &str)]> = targets.iter().map(|target| target.as_slice()).collect();
    let destination = [("Exten", "hangup"), ("Context", "destinations")];
    Campaign::create(ami, name, &plan, &destination, &targets).unwrap()
}

fn statistics(ami: &Ami, campaign: &Campaign) -> BTreeMap<String, i64> {
    let shown = campaign.statistics(ami).unwrap();
    let counts = shown.headers.iter().filter_map(|(name, value)| {
        name.starts_with("Dl").then(|| Some((name.clone(), value.parse().ok()?)))?
    });
    counts.collect()
}

/// Every dialing of the store has ended and has one line, and no line is about another.
fn lines_differ(dialings: &[Row], lines: &[ResultLine]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told: HashMap<&str, &ResultLine> = HashMap::new();
    for line in lines {
        let uuid = line.text("dialing_uuid");
        if told.insert(uuid, line).is_some() {
            wrong.push(format!("dialing {uuid} has more than one line"));
        }
    }
    for dialing in dialings {
        let uuid = &dialing.uuid;
        if dialing.ended.is_none() {
            wrong.push(format!("dialing {uuid} never ended"));
        }
        let Some(line) = told.remove(uuid.as_str()) else {
            wrong.push(format!("dialing {uuid} has no line: {dialing:?}"));
            continue;
        };
        let said = (line.disposition(), line.text("dl_list_uuid"), line.try_number());
        let disposition = dialing.disposition.as_deref().unwrap_or("");
        let stored = (disposition, dialing.target.as_str(), Some(dialing.try_count));
        if said != stored {
            wrong.push(format!("dialing {uuid}: its line says {said:?}, the store {stored:?}"));
        }
    }
    wrong.extend(told.keys().map(|uuid| format!("a line about dialing {uuid}, which is none")));
    wrong
}

/// Each target is done, within its tries, and was never dialled twice at a time.
fn targets_differ(dialings: &[Row], targets: &HashMap<String, TargetRow>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut by_target: HashMap<&str, Vec<&Row>> = HashMap::new();
    for dialing in dialings {
        by_target.entry(dialing.target.as_str()).or_default().push(dialing);
    }
    for (uuid, target) in targets {
        let own = by_target.remove(uuid.as_str()).unwrap_or_default();
        let number = &target.number;
        let mut is = |what: String| wrong.push(format!("{number}: {what}"));
        let answered = own.iter().any(|dialing| dialing.disposition.as_deref() == Some("answered"));
        match (target.state, target.done_reason) {
            (3, Some(2)) if target.tries == TRIES => {}
            (3, Some(1)) => {}
            other => is(format!("is not done, state and reason are {other:?}: {target:?}")),
        }
        if answered && target.last.as_deref() != Some("answered") {
            is(format!("was dialled after it had answered: {own:#?}"));
        }
        if target.tries != own.len() as i64 || target.tries > TRIES {
            is(format!("{} tries, {} dialings", target.tries, own.len()));
        }
        for (at, dialing) in own.iter().enumerate() {
            if (dialing.number_index, dialing.try_count) != (1, at as i64 + 1) {
                is(format!("dialing {} is not its try: {dialing:?}", at + 1));
            }
        }
        for two in own.windows(2) {
            let (end, start) = (two[0].ended.unwrap_or(i64::MAX), two[1].claimed);
            if start < end.saturating_add(RETRY_DELAY_S * 1_000_000_000) {
                is(format!("was dialled again too early: {two:#?}"));
            }
        }
        let is_known = |dialing: &&&Row| {
            let known = expected(number);
            let disposition = dialing.disposition.as_deref().unwrap_or("");
            disposition != known && disposition != "interrupted"
        };
        for dialing in own.iter().filter(is_known) {
            is(format!("became {:?}", dialing.disposition));
        }
    }
    wrong.extend(by_target.keys().map(|uuid| format!("dialings of target {uuid}, which is none")));
    wrong
}

/// What the people of these numbers do, unless a kill comes between.
fn expected(number: &str) -> &'static str {
    let is_local = number.len() == 5;
    match (is_local, &number[..1], &number[..2]) {
        (true, "1" | "7", _) | (false, _, "10") => "answered",
        (true, "2", _) | (false, _, "12") => "busy",
        (true, "4", _) => "unallocated",
        (false, _, "16") => "unavailable",
        _ => "rejected",
    }
}

fn stats_differ(
    campaign: &Campaign,
    stats: &BTreeMap<String, i64>,
    targets: &HashMap<String, TargetRow>,
) -> Option<String> {
    let own: HashSet<&str> = campaign.targets.iter().map(String::as_str).collect();
    let own = targets.iter().filter(|(uuid, _)| own.contains(uuid.as_str()));
    let tries: i64 = own.map(|(_, target)| target.tries).sum();
    let total = campaign.targets.len() as i64;
    let wanted = [
        ("DlAvailableCount", 0),
        ("DlCalledCount", tries),
        ("DlDialingCount", 0),
        ("DlFinishedCount", total),
        ("DlTotalCount", total),
    ];
    let wanted: BTreeMap<String, i64> =
        wanted.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    (*stats != wanted).then(|| format!("the statistics are {stats:?}, the table says {wanted:?}"))
}

fn open(database: &Path) -> Connection {
    Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap()
}

fn open_dialings(database: &Path) -> usize {
    let sql = "SELECT count(*) FROM dialing WHERE tm_end IS NULL";
    let count: i64 = open(database).query_row(sql, [], |row| row.get(0)).unwrap();
    count as usize
}

fn dialings(database: &Connection) -> Vec<Row> {
    let sql = "SELECT uuid, target, number_index, try_count, disposition, tm_claim, tm_end \
               FROM dialing ORDER BY id";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok(Row {
            uuid: uuid(&row.get::<_, Vec<u8>>(0)?),
            target: uuid(&row.get::<_, Vec<u8>>(1)?),
            number_index: row.get(2)?,
            try_count: row.get(3)?,
            disposition: row.get(4)?,
            claimed: row.get(5)?,
            ended: row.get(6)?,
        })
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn targets(database: &Connection) -> HashMap<String, TargetRow> {
    let sql = "SELECT uuid, number_1, tries_1, tries, state, done_reason, disposition FROM target";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let (tries, in_all): (i64, i64) = (row.get(2)?, row.get(3)?);
        assert_eq!(tries, in_all);
        let target = TargetRow {
            number: row.get(1)?,
            tries,
            state: row.get(4)?,
            done_reason: row.get(5)?,
            last: row.get(6)?,
        };
        Ok((uuid(&row.get::<_, Vec<u8>>(0)?), target))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Dialings whose lines are not known to be safe in the file.
fn undelivered(database: &Connection) -> Vec<String> {
    let sql = "SELECT uuid FROM call_copy JOIN dialing ON dialing.id = call_copy.dialing
               WHERE tm_end IS NOT NULL";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok(uuid(&row.get::<_, Vec<u8>>(0)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// As the wire spells it.
fn uuid(bytes: &[u8]) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for place in [20, 16, 12, 8] {
        text.insert(place, '-');
    }
    text
}

/// Xorshift: the same moments again for the same seed.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
        let seed = given.unwrap_or_else(clock);
        println!("{SEED}={seed}");
        Random(seed)
    }

    fn between(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        range.start + self.0 % (range.end - range.start)
    }
}
