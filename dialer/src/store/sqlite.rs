//! The store in an SQLite file: WAL, synchronous FULL, one writer.

use super::queries;
use super::rows::{self, state};
use super::schema::{migrate, refuse_foreign};
use super::{Records, Store, StoreError, Targets, Write};
use crate::dialer::ResultLine;
use crate::domain::{
    Campaign, Destination, DialList, DialListId, Dialing, DialingId, ListCounts, Plan, Stamps,
    Target, TargetId, TargetState, Timestamp, Variables,
};
use crate::limits::PROMOTIONS_PER_LOOK;
use rusqlite::{params, Connection, OpenFlags, OptionalExtension, Params, ToSql};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StoreError>;

/// How long a statement waits for somebody else's lock on the file.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// Statements that stay compiled; more than this file has.
const STATEMENTS: usize = 48;

/// The store in an SQLite file. See [`Store`].
pub struct Sqlite {
    connection: Connection,
    /// Who claims: the name of this Asterisk.
    node: String,
    /// Rows of the dial lists.
    list_rows: HashMap<DialListId, i64>,
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
        migrate(&mut connection)?;
        let list_rows = HashMap::new();
        Ok(Sqlite { connection, node: node.to_owned(), list_rows, _lock: None })
    }

    /// How SQLite would run a query.
    #[cfg(test)]
    pub(super) fn explain(&self, sql: &str) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = self.connection.prepare(&sql).expect("a query");
        let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        steps.map(|step| step.expect("a step")).collect::<Vec<_>>().join("; ")
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        record: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, record)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    fn list_row(&mut self, id: DialListId) -> Result<i64> {
        if let Some(row) = self.list_rows.get(&id) {
            return Ok(*row);
        }
        let sql = "SELECT id FROM dial_list WHERE uuid = ?";
        let row = self
            .connection
            .prepare_cached(sql)?
            .query_row([bytes(&id.0)], |row| row.get(0))
            .optional()?
            .ok_or_else(|| StoreError::new(format!("no such dial list: {id}")))?;
        self.list_rows.insert(id, row);
        Ok(row)
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
        self.execute(
            "INSERT OR REPLACE INTO plan (uuid, name, detail, dial_mode, dial_timeout_ms,
                 caller_id, dl_end_handle, retry_delay_s, trunk_name, tech_name, service_level,
                 call_forward, uui_field, max_tries, variables, tm_create, tm_update, tm_delete)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                serde_json::json!(plan.max_tries).to_string(),
                json(&plan.variables),
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
                 priority, variables, application, data, tm_create, tm_update, tm_delete)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

    fn put_target(&mut self, target: &Target) -> Result<()> {
        self.put_target_record(target)?;
        self.put_progress(target)
    }

    /// All but how far it is: a new one has no try and no result.
    fn put_target_record(&mut self, target: &Target) -> Result<()> {
        let row = self.list_row(target.list)?;
        let id = bytes(&target.id.0);
        let variables = (!target.variables.is_empty()).then(|| json(&target.variables));
        let mut values: Vec<&dyn ToSql> = vec![
            &id,
            &row,
            &target.name,
            &target.detail,
            &target.user_key,
            &target.user_data,
            &target.email,
            &variables,
        ];
        values.extend(target.numbers.iter().map(|number| number as &dyn ToSql));
        let (update, delete) = (nanos(target.stamps.update), nanos(target.stamps.delete));
        values.extend([&target.stamps.create.0 as &dyn ToSql, &update, &delete]);
        let state = state_columns(target);
        values.push(&state.state);
        self.execute(
            "INSERT INTO target (uuid, dial_list, name, detail, ukey, udata, email, variables,
                 number_1, number_2, number_3, number_4, number_5, number_6, number_7, number_8,
                 tm_create, tm_update, tm_delete, state)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, detail = excluded.detail,
                 ukey = excluded.ukey, udata = excluded.udata, email = excluded.email,
                 variables = excluded.variables, number_1 = excluded.number_1,
                 number_2 = excluded.number_2, number_3 = excluded.number_3,
                 number_4 = excluded.number_4, number_5 = excluded.number_5,
                 number_6 = excluded.number_6, number_7 = excluded.number_7,
                 number_8 = excluded.number_8, tm_update = excluded.tm_update,
                 tm_delete = excluded.tm_delete",
            values.as_slice(),
        )?;
        Ok(())
    }

    /// State, tries and last result of a target that is there.
    fn put_progress(&mut self, target: &Target) -> Result<()> {
        let columns = state_columns(target);
        let tries_in_all = target.tries_in_all();
        let (dialed, ended) = (nanos(target.last.dialed_at), nanos(target.last.ended_at));
        let disposition = target.last.disposition.map(|d| d.name());
        let id = bytes(&target.id.0);
        let mut values: Vec<&dyn ToSql> = vec![
            &columns.state,
            &columns.due,
            &columns.done_reason,
            &target.call_back,
            &columns.dialing[0],
            &columns.dialing[1],
            &columns.dialing[2],
            &tries_in_all,
            &target.last.res_dial,
            &target.last.res_hangup,
            &target.last.res_hangup_detail,
            &disposition,
            &dialed,
            &ended,
        ];
        values.extend(target.tries.iter().map(|tries| tries as &dyn ToSql));
        values.push(&id);
        let changed = self.execute(
            "UPDATE target SET state = ?, due = ?, done_reason = ?, call_back = ?, dialing = ?,
                 dialing_campaign = ?, dialing_plan = ?, tries = ?, res_dial = ?, res_hangup = ?,
                 res_hangup_detail = ?, disposition = ?, tm_last_dial = ?, tm_last_hangup = ?, tries_1 = ?, tries_2 = ?,
                 tries_3 = ?, tries_4 = ?, tries_5 = ?, tries_6 = ?, tries_7 = ?, tries_8 = ?
             WHERE uuid = ?",
            values.as_slice(),
        )?;
        match changed {
            1 => Ok(()),
            _ => Err(StoreError::new(format!("no such target: {}", target.id))),
        }
    }

    fn claim(&self, dialing: &Dialing) -> Result<()> {
        self.execute(
            "INSERT INTO dialing (uuid, node, status, campaign, plan, dial_list, destination,
                 target, number_index, number, try_count, caller_id, other_channel, tm_claim,
                 tm_update, call_copy)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                bytes(&dialing.id.0),
                self.node,
                dialing.status as i64,
                bytes(&dialing.campaign.0),
                bytes(&dialing.plan.0),
                bytes(&dialing.list.0),
                bytes(&dialing.destination.0),
                bytes(&dialing.target.0),
                dialing.number_index,
                dialing.number,
                dialing.try_count,
                dialing.copy.caller_id,
                bytes(&dialing.other_channel),
                dialing.claimed_at.0,
                nanos(dialing.updated_at),
                rows::copy_to_json(&dialing.copy),
            ],
        )?;
        Ok(())
    }

    fn answered(&self, dialing: &Dialing) -> Result<()> {
        self.execute(
            "UPDATE dialing SET status = ?, res_dial = ?, channel_name = ?, tm_update = ?,
                 tm_begin = ?, tm_dial_end = ?
             WHERE uuid = ?",
            params![
                dialing.status as i64,
                dialing.res_dial,
                dialing.channel_name,
                nanos(dialing.updated_at),
                nanos(dialing.begun_at),
                nanos(dialing.dial_ended_at),
                bytes(&dialing.id.0),
            ],
        )?;
        Ok(())
    }

    fn outcome(&self, dialing: &Dialing) -> Result<()> {
        self.execute(
            "UPDATE dialing SET outcome = ?, call_back_at = ?, tm_update = ? WHERE uuid = ?",
            params![
                dialing.outcome.map(|outcome| outcome.disposition.name()),
                nanos(dialing.outcome.and_then(|outcome| outcome.call_back_at)),
                nanos(dialing.updated_at),
                bytes(&dialing.id.0),
            ],
        )?;
        Ok(())
    }

    fn end(&self, dialing: &Dialing, line: &ResultLine) -> Result<()> {
        let (amd_status, amd_cause) = dialing.amd.as_ref().map(|(s, c)| (s, c)).unzip();
        self.execute(
            "UPDATE dialing SET status = ?, channel_name = ?, res_dial = ?, res_hangup = ?,
                 res_hangup_detail = ?, tech_cause = ?, amd_status = ?, amd_cause = ?,
                 disposition = ?, network = ?, tm_update = ?, tm_begin = ?, tm_dial_end = ?,
                 tm_end = ?, call_copy = NULL
             WHERE uuid = ?",
            params![
                dialing.status as i64,
                dialing.channel_name,
                dialing.res_dial,
                dialing.res_hangup,
                dialing.res_hangup_detail,
                dialing.tech_cause,
                amd_status,
                amd_cause,
                dialing.disposition.map(|d| d.name()),
                dialing.network.map(|d| d.name()),
                nanos(dialing.updated_at),
                nanos(dialing.begun_at),
                nanos(dialing.dial_ended_at),
                nanos(dialing.ended_at),
                bytes(&dialing.id.0),
            ],
        )?;
        self.execute(
            "INSERT INTO result_outbox (dialing, line) VALUES (?, ?)",
            params![bytes(&line.dialing.0), line.json],
        )?;
        Ok(())
    }

    /// Moves waiting targets whose time has come back among the ready ones.
    fn promote(&self, list: i64, now: Timestamp) -> Result<()> {
        self.execute(queries::PROMOTE, params![list, now.0, PROMOTIONS_PER_LOOK as i64])?;
        Ok(())
    }

    fn find_target(&self, id: &[u8]) -> Result<Option<Target>> {
        let (columns, from) = (rows::TARGET, rows::TARGET_FROM);
        let sql = format!("SELECT {columns} FROM {from} WHERE target.uuid = ? AND state < 4");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([id], rows::target).optional()?)
    }
}

impl Targets for Sqlite {
    fn target(&mut self, id: TargetId) -> Result<Option<Target>> {
        self.find_target(bytes(&id.0))
    }

    fn ready(&mut self, list: DialListId, now: Timestamp, most: usize) -> Result<Vec<Target>> {
        let list = self.list_row(list)?;
        self.promote(list, now)?;
        let look = |sql: &str, most: usize| self.all(sql, params![list, most as i64], rows::target);
        let mut targets = look(&queries::promised(), most)?;
        targets.extend(look(&queries::ready(), most - targets.len())?);
        Ok(targets)
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
        Ok(statement.query_row([list], rows::counts)?)
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
        let open = self.all(
            "SELECT * FROM dialing WHERE tm_end IS NULL ORDER BY id",
            [],
            rows::open_dialing,
        )?;
        let mut open_dialings = Vec::with_capacity(open.len());
        for dialing in open {
            let target = self.find_target(bytes(&dialing.target.0))?.ok_or_else(|| {
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
                targets.iter().try_for_each(|target| self.put_target_record(target))
            }
            Write::Progress(target) => self.put_progress(target),
            Write::Claim(dialing, target) => {
                self.claim(dialing)?;
                self.put_progress(target)
            }
            Write::Answered(dialing) => self.answered(dialing),
            Write::Outcome(dialing) => self.outcome(dialing),
            Write::End(dialing, target, line) => {
                self.end(dialing, line)?;
                self.put_progress(target)
            }
            Write::Delivered(dialings) => {
                for dialing in dialings {
                    let sql = "DELETE FROM result_outbox WHERE dialing = ?";
                    self.execute(sql, [bytes(&dialing.0)])?;
                }
                Ok(())
            }
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.execute("COMMIT", [])?;
        Ok(())
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // A failed rollback leaves a broken file, which the next statement reports.
            let _ = self.execute("ROLLBACK", []);
        }
        // Rows that the lost transaction made are gone again.
        self.list_rows.clear();
    }

    fn undelivered(&mut self, most: usize) -> Result<Vec<ResultLine>> {
        let sql = "SELECT dialing, line FROM result_outbox ORDER BY dialing LIMIT ?";
        self.all(sql, [most as i64], |row| {
            let line: String = row.get(1)?;
            let id: [u8; 16] = row.get(0)?;
            Ok(ResultLine { dialing: DialingId(Uuid::from_bytes(id)), json: line.into() })
        })
    }
}

/// Columns that say where a target stands.
struct StateColumns<'a> {
    state: i64,
    due: Option<i64>,
    done_reason: Option<i64>,
    dialing: [Option<&'a [u8]>; 3],
}

fn state_columns(target: &Target) -> StateColumns<'_> {
    let mut columns =
        StateColumns { state: state::READY, due: None, done_reason: None, dialing: [None; 3] };
    match &target.state {
        TargetState::Ready => {}
        TargetState::Waiting(due) => {
            columns.state = state::WAITING;
            columns.due = Some(due.0);
        }
        TargetState::Dialing { dialing, campaign, plan } => {
            columns.state = state::DIALING;
            columns.dialing =
                [Some(bytes(&dialing.0)), Some(bytes(&campaign.0)), Some(bytes(&plan.0))];
        }
        TargetState::Done(reason) => {
            columns.state = state::DONE;
            columns.done_reason = Some(*reason as i64);
        }
    }
    if target.stamps.delete.is_some() {
        columns.state = state::DELETED;
    }
    columns
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

fn bytes(id: &Uuid) -> &[u8] {
    id.as_bytes().as_slice()
}

fn nanos(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}

fn json(variables: &Variables) -> String {
    variables.to_json().to_string()
}
