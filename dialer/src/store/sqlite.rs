//! The store in an SQLite file: WAL, synchronous FULL, one writer.

use super::queries;
use super::rows;
use super::schema::{migrate, refuse_foreign};
use super::work::Work;
use super::{Records, Store, StoreError, Targets, Write};
use crate::dialer::ResultLine;
use crate::domain::{
    Campaign, Destination, DialList, DialListId, ListCounts, Plan, Stamps, Target, TargetId,
    Timestamp, Variables, LEDGER_DAYS,
};
use rusqlite::config::DbConfig;
use rusqlite::{params, Connection, OpenFlags, Params};
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StoreError>;

/// How long a statement waits for somebody else's lock on the file.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// Pages of the log that are moved into the file at once. Pages that change again
/// and again are moved once; a reader of a long log looks a little longer.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Statements that stay compiled; more than this file has.
const STATEMENTS: usize = 48;

/// The store in an SQLite file. See [`Store`].
pub struct Sqlite {
    pub(super) connection: Connection,
    /// Who claims: the name of this Asterisk.
    pub(super) node: String,
    pub(super) work: Work,
    /// Whether the file has result lines of an earlier version.
    pub(super) has_old_lines: bool,
    /// Held locked as long as the store is open: there is one writer.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the file, or makes it, and brings it to the newest schema.
    pub fn open(path: &Path, node: &str) -> Result<Sqlite> {
        let failed = |error: StoreError| StoreError::new(format!("{}: {error}", path.display()));
        refuse_foreign_file(path).map_err(failed)?;
        let lock = lock(path)?;
        let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
        let mut store = Sqlite::over(connection, node)?;
        store._lock = Some(lock);
        Ok(store)
    }

    /// A store that is gone when it is closed.
    pub fn in_memory(node: &str) -> Result<Sqlite> {
        Sqlite::over(Connection::open_in_memory()?, node)
    }

    fn over(mut connection: Connection, node: &str) -> Result<Sqlite> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        migrate(&mut connection)?;
        // No statement is compiled anew because of a value that is bound to it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let work = Work::default();
        Ok(Sqlite { connection, node: node.to_owned(), work, has_old_lines: false, _lock: None })
    }

    /// How SQLite would run a query.
    #[cfg(test)]
    pub(super) fn explain(&self, sql: &str) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = self.connection.prepare(&sql).expect("a query");
        let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        steps.map(|step| step.expect("a step")).collect::<Vec<_>>().join("; ")
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        record: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, record)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    fn put_campaign(&self, campaign: &Campaign) -> Result<()> {
        let Stamps { create, update, delete } = campaign.stamps;
        let schedule = &campaign.schedule;
        self.execute(
            "INSERT OR REPLACE INTO campaign (uuid, name, detail, status, plan, dial_list,
                 destination, sc_time_start, sc_time_end, sc_date_start, sc_date_end,
                 sc_date_list, sc_date_list_except, sc_day_list, sc_mode, sc_timezone,
                 window_until, next_campaign, tm_create, tm_update, tm_delete)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                bytes(&campaign.id.0),
                campaign.name,
                campaign.detail,
                campaign.status as i64,
                campaign.plan.as_ref().map(|id| bytes(&id.0)),
                campaign.list.as_ref().map(|id| bytes(&id.0)),
                campaign.destination.as_ref().map(|id| bytes(&id.0)),
                schedule.time_start,
                schedule.time_end,
                schedule.date_start,
                schedule.date_end,
                schedule.date_list,
                schedule.date_list_except,
                schedule.day_list,
                schedule.mode as i64,
                schedule.time_zone,
                nanos(campaign.window_until),
                campaign.next.as_ref().map(|id| bytes(&id.0)),
                create.0,
                nanos(update),
                nanos(delete),
            ],
        )?;
        Ok(())
    }

    fn put_plan(&self, plan: &Plan) -> Result<()> {
        let Stamps { create, update, delete } = plan.stamps;
        let (pacing, screening) = (&plan.pacing, &plan.screening);
        self.execute(
            "INSERT OR REPLACE INTO plan (uuid, name, detail, dial_mode, dial_timeout_ms,
                 caller_id, dl_end_handle, retry_delay_s, trunk_name, tech_name, service_level,
                 call_forward, uui_field, max_dialings, calls_per_second, max_tries, variables,
                 lines_per_agent, abandon_target, abandon_after_ms, safe_harbour, min_ring_ms,
                 preview_timeout_s, amd, amd_data, machine_destination, retries,
                 tm_create, tm_update, tm_delete)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                 ?, ?, ?, ?)",
            params![
                bytes(&plan.id.0),
                plan.name,
                plan.detail,
                plan.mode as i64,
                plan.dial_timeout_ms,
                plan.caller_id,
                plan.list_end as i64,
                plan.retry_delay_s,
                plan.trunk,
                plan.tech,
                plan.service_level,
                plan.call_forward as i64,
                plan.uui_field,
                plan.max_dialings,
                plan.calls_per_second,
                serde_json::json!(plan.max_tries).to_string(),
                json(&plan.variables),
                pacing.lines_per_agent,
                pacing.abandon_target,
                pacing.abandon_after_ms,
                pacing.safe_harbour.as_ref().map(|id| bytes(&id.0)),
                pacing.min_ring_ms,
                pacing.preview_timeout_s,
                screening.on,
                screening.data,
                screening.machines.as_ref().map(|id| bytes(&id.0)),
                rows::retries_to_json(&plan.retries),
                create.0,
                nanos(update),
                nanos(delete),
            ],
        )?;
        Ok(())
    }

    fn put_destination(&self, destination: &Destination) -> Result<()> {
        let Stamps { create, update, delete } = destination.stamps;
        self.execute(
            "INSERT OR REPLACE INTO destination (uuid, name, detail, type, exten, context,
                 priority, variables, application, data, capacity, tm_create, tm_update,
                 tm_delete)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                bytes(&destination.id.0),
                destination.name,
                destination.detail,
                destination.kind as i64,
                destination.exten,
                destination.context,
                destination.priority,
                json(&destination.variables),
                destination.application,
                destination.data,
                destination.capacity,
                create.0,
                nanos(update),
                nanos(delete),
            ],
        )?;
        Ok(())
    }

    fn put_list(&mut self, list: &DialList) -> Result<()> {
        let Stamps { create, update, delete } = list.stamps;
        self.execute(
            "INSERT INTO dial_list (uuid, name, detail, variables, tm_create, tm_update, tm_delete)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, detail = excluded.detail,
                 variables = excluded.variables, tm_update = excluded.tm_update,
                 tm_delete = excluded.tm_delete",
            params![
                bytes(&list.id.0),
                list.name,
                list.detail,
                json(&list.variables),
                create.0,
                nanos(update),
                nanos(delete),
            ],
        )?;
        Ok(())
    }
}

impl Targets for Sqlite {
    fn target(&mut self, id: TargetId) -> Result<Option<Target>> {
        self.find_target(id)
    }

    fn ready(&mut self, list: DialListId, now: Timestamp, most: usize) -> Result<Vec<Target>> {
        self.ready_targets(list, now, most)
    }

    fn in_order(
        &mut self,
        list: DialListId,
        after: Option<TargetId>,
        most: usize,
    ) -> Result<Vec<Target>> {
        let list = self.list_row(list)?;
        let after = after.as_ref().map(|id| bytes(&id.0));
        self.all(&queries::in_order(), params![list, after, most as i64], rows::target)
    }

    fn counts(&mut self, list: DialListId) -> Result<ListCounts> {
        let list = self.list_row(list)?;
        let sql = "SELECT ready, waiting, dialing, done, tries FROM dial_list WHERE id = ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let written = statement.query_row([list], rows::counts)?;
        Ok(self.work.with_changes(list, written))
    }

    fn next_due(&mut self, list: DialListId) -> Result<Option<Timestamp>> {
        let list = self.list_row(list)?;
        let mut statement = self.connection.prepare_cached(queries::NEXT_DUE)?;
        let due: Option<i64> = statement.query_row([list], |row| row.get(0))?;
        Ok(due.map(Timestamp))
    }
}

impl Store for Sqlite {
    fn load(&mut self) -> Result<Records> {
        let open = self.kept_dialings("tm_end IS NULL")?;
        let mut open_dialings = Vec::with_capacity(open.len());
        for dialing in open {
            let target = self.find_target(dialing.target)?.ok_or_else(|| {
                StoreError::new(format!("dialing {} has no target {}", dialing.id, dialing.target))
            })?;
            open_dialings.push((dialing, target));
        }
        let kept = "WHERE tm_delete IS NULL";
        Ok(Records {
            campaigns: self.all(&format!("SELECT * FROM campaign {kept}"), [], rows::campaign)?,
            plans: self.all(&format!("SELECT * FROM plan {kept}"), [], rows::plan)?,
            destinations: self.all(
                &format!("SELECT * FROM destination {kept}"),
                [],
                rows::destination,
            )?,
            lists: self.all(&format!("SELECT * FROM dial_list {kept}"), [], rows::list)?,
            open_dialings,
            ledger: self.all(queries::LEDGER, [LEDGER_DAYS], rows::ledger)?,
        })
    }

    fn begin(&mut self) -> Result<()> {
        self.execute("BEGIN IMMEDIATE", [])?;
        Ok(())
    }

    fn apply(&mut self, write: &Write) -> Result<()> {
        match write {
            Write::Campaign(campaign) => self.put_campaign(campaign),
            Write::Plan(plan) => self.put_plan(plan),
            Write::Destination(destination) => self.put_destination(destination),
            Write::List(list) => self.put_list(list),
            Write::Target(target) => self.put_target(target),
            Write::NewTargets(targets) => {
                targets.iter().try_for_each(|target| self.insert_target(target).map(drop))
            }
            Write::Progress(target) => self.put_progress(target),
            Write::Claim(dialing, target) => {
                self.claim(dialing)?;
                self.put_progress(target)
            }
            Write::Answered(dialing) => {
                self.answered(dialing);
                Ok(())
            }
            Write::Outcome(dialing) => self.outcome(dialing),
            Write::End(dialing, target) => {
                self.end(dialing)?;
                self.put_progress(target)
            }
            Write::Delivered(dialings) => {
                dialings.iter().try_for_each(|dialing| self.delivered(*dialing))
            }
            Write::Ledger(campaign, figures) => {
                self.figures(*campaign, figures);
                Ok(())
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.write_answers()?;
        self.write_counts()?;
        self.write_ledger()?;
        self.execute("COMMIT", [])?;
        Ok(())
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // A failed rollback leaves a broken file, which the next statement reports.
            let _ = self.execute("ROLLBACK", []);
        }
        // Rows that the lost transaction made are gone again.
        self.work = Work::default();
    }

    fn undelivered(&mut self) -> Result<Vec<ResultLine>> {
        let mut lines = self.old_lines()?;
        let ended = self.kept_dialings("tm_end IS NOT NULL")?;
        lines.extend(ended.iter().map(ResultLine::of));
        Ok(lines)
    }
}

/// Somebody else's database is not even opened for writing.
fn refuse_foreign_file(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    refuse_foreign(&Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// Locks the file beside the database that says who writes to it.
fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed =
        |error: std::io::Error| StoreError::new(format!("{}: {error}", Path::new(&name).display()));
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StoreError::new(format!("{}: another process uses this database", path.display())))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

pub(super) fn bytes(id: &Uuid) -> &[u8] {
    id.as_bytes().as_slice()
}

pub(super) fn nanos(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}

pub(super) fn json(variables: &Variables) -> String {
    variables.to_json().to_string()
}
