//! Targets and dialings in the SQLite file: what changes with every call.
//!
//! What a transaction adds up to is written once, at its end: the counts of each
//! list, what each campaign's day has come to, and answers of calls that have not ended
//! meanwhile. Rows that are under way
//! are known by their number, so that no index has to be asked for them.

use super::rows::{self, state};
use super::sqlite::{bytes, json, nanos, Sqlite};
use super::{queries, StoreError};
use crate::dialer::ResultLine;
use crate::domain::{
    ByFailure, CampaignId, Day, DayFigures, DialListId, Dialing, DialingId, ListCounts, Target,
    TargetId, TargetState, Timestamp,
};
use crate::limits::PROMOTIONS_PER_LOOK;
use rusqlite::{params, OptionalExtension, ToSql};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StoreError>;

/// Places of targets that are remembered at most; others are looked up.
const PLACES: usize = 100_000;

/// What the open transaction has not written yet, and where rows stand. Lost with
/// the transaction.
#[derive(Default)]
pub struct Work {
    lists: HashMap<DialListId, i64>,
    /// Targets that were found ready or are being dialled.
    places: HashMap<TargetId, Place>,
    /// Dialings whose result lines are not delivered.
    dialings: HashMap<DialingId, i64>,
    counts: HashMap<i64, Change>,
    answers: HashMap<DialingId, Arc<Dialing>>,
    ledger: HashMap<(CampaignId, Day), DayFigures>,
}

/// Where a target stands, in the file and in its list's counts.
#[derive(Clone, Copy)]
struct Place {
    row: i64,
    list: i64,
    state: i64,
    tries: i64,
}

/// What is to be added to a list's counts: targets by state, and tries.
#[derive(Clone, Copy, Default)]
struct Change {
    states: [i64; 4],
    tries: i64,
}

impl Change {
    /// Targets of the last state, the deleted ones, are not counted.
    fn add(&mut self, state: i64, targets: i64) {
        if let Some(count) = usize::try_from(state).ok().and_then(|at| self.states.get_mut(at)) {
            *count += targets;
        }
    }
}

impl Work {
    /// A list's counts with what is not written of them yet.
    pub(super) fn with_changes(&self, list: i64, written: ListCounts) -> ListCounts {
        let Some(change) = self.counts.get(&list) else { return written };
        let [ready, waiting, dialing, done] = change.states;
        ListCounts {
            ready: written.ready.saturating_add_signed(ready),
            waiting: written.waiting.saturating_add_signed(waiting),
            dialing: written.dialing.saturating_add_signed(dialing),
            done: written.done.saturating_add_signed(done),
            tries: written.tries.saturating_add_signed(change.tries),
        }
    }
}

impl Sqlite {
    pub(super) fn list_row(&mut self, id: DialListId) -> Result<i64> {
        if let Some(row) = self.work.lists.get(&id) {
            return Ok(*row);
        }
        let sql = "SELECT id FROM dial_list WHERE uuid = ?";
        let row = self
            .connection
            .prepare_cached(sql)?
            .query_row([bytes(&id.0)], |row| row.get(0))
            .optional()?
            .ok_or_else(|| StoreError::new(format!("no such dial list: {id}")))?;
        self.work.lists.insert(id, row);
        Ok(row)
    }

    /// Where a target stands; `None` if there is no such target.
    fn place(&self, id: TargetId) -> Result<Option<Place>> {
        if let Some(place) = self.work.places.get(&id) {
            return Ok(Some(*place));
        }
        let sql = "SELECT id, dial_list, state, tries FROM target WHERE uuid = ?";
        let place = |row: &rusqlite::Row<'_>| {
            Ok(Place {
                row: row.get(0)?,
                list: row.get(1)?,
                state: row.get(2)?,
                tries: row.get(3)?,
            })
        };
        Ok(self.connection.prepare_cached(sql)?.query_row([bytes(&id.0)], place).optional()?)
    }

    pub(super) fn put_target(&mut self, target: &Target) -> Result<()> {
        match self.place(target.id)? {
            Some(place) => self.update_target(target, place)?,
            None => self.insert_target(target)?,
        }
        self.put_progress(target)
    }

    /// A new target; it has no try and no result.
    pub(super) fn insert_target(&mut self, target: &Target) -> Result<()> {
        let list = self.list_row(target.list)?;
        let columns = state_columns(target);
        let (id, variables) = (bytes(&target.id.0), target_variables(target));
        let mut values: Vec<&dyn ToSql> = vec![&id, &list];
        values.extend(person(target, &variables));
        let (update, delete) = (nanos(target.stamps.update), nanos(target.stamps.delete));
        values.extend([&target.stamps.create.0 as &dyn ToSql, &update, &delete, &columns.state]);
        self.execute(
            "INSERT INTO target (uuid, dial_list, name, detail, ukey, udata, email, variables,
                 number_1, number_2, number_3, number_4, number_5, number_6, number_7, number_8,
                 tm_create, tm_update, tm_delete, state)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values.as_slice(),
        )?;
        self.work.counts.entry(list).or_default().add(columns.state, 1);
        Ok(())
    }

    /// All but how far it is.
    fn update_target(&self, target: &Target, place: Place) -> Result<()> {
        let variables = target_variables(target);
        let (update, delete) = (nanos(target.stamps.update), nanos(target.stamps.delete));
        let mut values: Vec<&dyn ToSql> = person(target, &variables).collect();
        values.extend([&update as &dyn ToSql, &delete, &place.row]);
        self.execute(
            "UPDATE target SET name = ?, detail = ?, ukey = ?, udata = ?, email = ?, variables = ?,
                 number_1 = ?, number_2 = ?, number_3 = ?, number_4 = ?, number_5 = ?,
                 number_6 = ?, number_7 = ?, number_8 = ?, tm_update = ?, tm_delete = ?
             WHERE id = ?",
            values.as_slice(),
        )?;
        Ok(())
    }

    /// State, tries and last result of a target that is there.
    pub(super) fn put_progress(&mut self, target: &Target) -> Result<()> {
        let place = self
            .place(target.id)?
            .ok_or_else(|| StoreError::new(format!("no such target: {}", target.id)))?;
        let columns = state_columns(target);
        let tries = i64::from(target.tries_in_all());
        let (dialed, ended) = (nanos(target.last.dialed_at), nanos(target.last.ended_at));
        let disposition = target.last.disposition.map(|d| d.name());
        let failures = packed(&target.failures);
        let mut values: Vec<&dyn ToSql> = vec![
            &columns.state,
            &columns.due,
            &columns.done_reason,
            &target.call_back,
            &columns.dialing[0],
            &columns.dialing[1],
            &columns.dialing[2],
            &tries,
            &target.last.res_dial,
            &target.last.res_hangup,
            &target.last.res_hangup_detail,
            &disposition,
            &dialed,
            &ended,
            &failures,
        ];
        values.extend(target.tries.iter().map(|tries| tries as &dyn ToSql));
        values.push(&place.row);
        self.execute(
            "UPDATE target SET state = ?, due = ?, done_reason = ?, call_back = ?, dialing = ?,
                 dialing_campaign = ?, dialing_plan = ?, tries = ?, res_dial = ?, res_hangup = ?,
                 res_hangup_detail = ?, disposition = ?, tm_last_dial = ?, tm_last_hangup = ?,
                 failures = ?, tries_1 = ?, tries_2 = ?, tries_3 = ?, tries_4 = ?, tries_5 = ?,
                 tries_6 = ?, tries_7 = ?, tries_8 = ?
             WHERE id = ?",
            values.as_slice(),
        )?;
        self.moved(target.id, place, columns.state, tries);
        Ok(())
    }

    /// Takes note of what a target's change means for its list's counts.
    fn moved(&mut self, id: TargetId, place: Place, state: i64, tries: i64) {
        let change = self.work.counts.entry(place.list).or_default();
        change.add(place.state, -1);
        change.add(state, 1);
        change.tries += tries - place.tries;
        if state == state::DIALING {
            self.work.places.insert(id, Place { state, tries, ..place });
        } else {
            self.work.places.remove(&id);
        }
    }

    /// What transactions so far have not added to the lists' counts yet.
    pub(super) fn write_counts(&mut self) -> Result<()> {
        for (list, Change { states: [ready, waiting, dialing, done], tries }) in
            std::mem::take(&mut self.work.counts)
        {
            self.execute(
                "UPDATE dial_list SET ready = ready + ?, waiting = waiting + ?,
                     dialing = dialing + ?, done = done + ?, tries = tries + ?
                 WHERE id = ?",
                params![ready, waiting, dialing, done, tries, list],
            )?;
        }
        Ok(())
    }

    /// Written with the transaction.
    pub(super) fn figures(&mut self, campaign: CampaignId, figures: &DayFigures) {
        self.work.ledger.insert((campaign, figures.day), *figures);
    }

    pub(super) fn write_ledger(&mut self) -> Result<()> {
        for ((campaign, day), figures) in std::mem::take(&mut self.work.ledger) {
            self.execute(
                "INSERT OR REPLACE INTO ledger
                     (campaign, day, dialed, answered, machines, abandoned)
                 VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    bytes(&campaign.0),
                    day.0,
                    figures.dialed,
                    figures.answered,
                    figures.machines,
                    figures.abandoned,
                ],
            )?;
        }
        Ok(())
    }

    pub(super) fn find_target(&self, id: TargetId) -> Result<Option<Target>> {
        let (columns, from) = (rows::TARGET, rows::TARGET_FROM);
        let sql = format!("SELECT {columns} FROM {from} WHERE target.uuid = ? AND state < 4");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([bytes(&id.0)], rows::target).optional()?)
    }

    pub(super) fn ready_targets(
        &mut self,
        list: DialListId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Target>> {
        let row = self.list_row(list)?;
        self.promote(row, now)?;
        if self.work.places.len() > PLACES {
            self.work.places.clear();
        }
        let mut targets = Vec::with_capacity(most);
        for sql in [queries::promised(), queries::ready()] {
            let left = most - targets.len();
            self.look(&sql, row, left, &mut targets)?;
        }
        Ok(targets)
    }

    fn look(&mut self, sql: &str, list: i64, most: usize, into: &mut Vec<Target>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params![list, most as i64])?;
        while let Some(row) = found.next()? {
            let target = rows::target(row)?;
            let (row, tries) = (row.get(rows::TARGET_COLUMNS)?, target.tries_in_all());
            let place = Place { row, list, state: state::READY, tries: i64::from(tries) };
            self.work.places.insert(target.id, place);
            into.push(target);
        }
        Ok(())
    }

    /// Moves waiting targets whose time has come back among the ready ones.
    fn promote(&mut self, list: i64, now: Timestamp) -> Result<()> {
        let most = PROMOTIONS_PER_LOOK as i64;
        let count = self.execute(queries::PROMOTE, params![list, now.0, most])? as i64;
        if count > 0 {
            let change = self.work.counts.entry(list).or_default();
            change.add(state::WAITING, -count);
            change.add(state::READY, count);
        }
        Ok(())
    }

    pub(super) fn claim(&mut self, dialing: &Dialing) -> Result<()> {
        self.execute(
            "INSERT INTO dialing (uuid, node, status, campaign, plan, dial_list, destination,
                 target, number_index, number, try_count, caller_id, other_channel, queue, agent,
                 tm_claim, tm_update)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                dialing.queue,
                dialing.agent,
                dialing.claimed_at.0,
                nanos(dialing.updated_at),
            ],
        )?;
        let row = self.connection.last_insert_rowid();
        let copy = rows::copy_to_json(&dialing.copy);
        self.execute("INSERT INTO call_copy (dialing, copy) VALUES (?, ?)", params![row, copy])?;
        self.work.dialings.insert(dialing.id, row);
        Ok(())
    }

    fn dialing_row(&mut self, id: DialingId) -> Result<i64> {
        if let Some(row) = self.work.dialings.get(&id) {
            return Ok(*row);
        }
        let sql = "SELECT id FROM dialing WHERE uuid = ?";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row([bytes(&id.0)], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::new(format!("no such dialing: {id}")))
    }

    /// Written with the transaction, if the call does not end in it.
    pub(super) fn answered(&mut self, dialing: &Arc<Dialing>) {
        self.work.answers.insert(dialing.id, dialing.clone());
    }

    pub(super) fn write_answers(&mut self) -> Result<()> {
        for (id, dialing) in std::mem::take(&mut self.work.answers) {
            let row = self.dialing_row(id)?;
            self.execute(
                "UPDATE dialing SET status = ?, res_dial = ?, channel_name = ?, queue = ?, agent = ?,
                     tm_update = ?, tm_begin = ?, tm_dial_end = ?, tm_connected = ?,
                     tm_abandoned = ?
                 WHERE id = ?",
                params![
                    dialing.status as i64,
                    dialing.res_dial,
                    dialing.channel_name,
                    dialing.queue,
                    dialing.agent,
                    nanos(dialing.updated_at),
                    nanos(dialing.begun_at),
                    nanos(dialing.dial_ended_at),
                    nanos(dialing.connected_at),
                    nanos(dialing.abandoned_at),
                    row,
                ],
            )?;
        }
        Ok(())
    }

    pub(super) fn outcome(&mut self, dialing: &Dialing) -> Result<()> {
        let row = self.dialing_row(dialing.id)?;
        self.execute(
            "UPDATE dialing SET outcome = ?, call_back_at = ?, tm_update = ? WHERE id = ?",
            params![
                dialing.outcome.map(|outcome| outcome.disposition.name()),
                nanos(dialing.outcome.and_then(|outcome| outcome.call_back_at)),
                nanos(dialing.updated_at),
                row,
            ],
        )?;
        Ok(())
    }

    pub(super) fn end(&mut self, dialing: &Dialing) -> Result<()> {
        self.work.answers.remove(&dialing.id);
        let row = self.dialing_row(dialing.id)?;
        let (amd_status, amd_cause) = dialing.amd.as_ref().map(|(s, c)| (s, c)).unzip();
        self.execute(
            "UPDATE dialing SET status = ?, channel_name = ?, res_dial = ?, res_hangup = ?,
                 res_hangup_detail = ?, tech_cause = ?, amd_status = ?, amd_cause = ?,
                 queue = ?, agent = ?, disposition = ?, network = ?, outcome = ?,
                 call_back_at = ?, tm_update = ?, tm_begin = ?, tm_dial_end = ?,
                 tm_connected = ?, tm_abandoned = ?, tm_end = ?
             WHERE id = ?",
            params![
                dialing.status as i64,
                dialing.channel_name,
                dialing.res_dial,
                dialing.res_hangup,
                dialing.res_hangup_detail,
                dialing.tech_cause,
                amd_status,
                amd_cause,
                dialing.queue,
                dialing.agent,
                dialing.disposition.map(|d| d.name()),
                dialing.network.map(|d| d.name()),
                dialing.outcome.map(|outcome| outcome.disposition.name()),
                nanos(dialing.outcome.and_then(|outcome| outcome.call_back_at)),
                nanos(dialing.updated_at),
                nanos(dialing.begun_at),
                nanos(dialing.dial_ended_at),
                nanos(dialing.connected_at),
                nanos(dialing.abandoned_at),
                nanos(dialing.ended_at),
                row,
            ],
        )?;
        Ok(())
    }

    pub(super) fn delivered(&mut self, id: DialingId) -> Result<()> {
        if self.has_old_lines {
            self.execute("DELETE FROM result_outbox WHERE dialing = ?", [bytes(&id.0)])?;
        }
        match self.work.dialings.remove(&id) {
            Some(row) => self.execute("DELETE FROM call_copy WHERE dialing = ?", [row])?,
            None => self.execute(
                "DELETE FROM call_copy WHERE dialing = (SELECT id FROM dialing WHERE uuid = ?)",
                [bytes(&id.0)],
            )?,
        };
        Ok(())
    }

    /// Result lines of before dialings were kept for them.
    pub(super) fn old_lines(&mut self) -> Result<Vec<ResultLine>> {
        let sql = "SELECT dialing, line FROM result_outbox ORDER BY dialing";
        let lines = self.all(sql, [], |row| {
            let json: String = row.get(1)?;
            let dialing = DialingId(Uuid::from_bytes(row.get(0)?));
            Ok(ResultLine { dialing, json: json.into() })
        })?;
        self.has_old_lines = !lines.is_empty();
        Ok(lines)
    }

    /// Dialings that are open, or whose result lines are not delivered.
    pub(super) fn kept_dialings(&self, which: &str) -> Result<Vec<Dialing>> {
        let sql = format!(
            "SELECT dialing.*, call_copy.copy AS call_copy
             FROM call_copy JOIN dialing ON dialing.id = call_copy.dialing
             WHERE {which} ORDER BY call_copy.dialing"
        );
        self.all(&sql, [], rows::kept_dialing)
    }
}

/// Who a target is: the columns from `name` to `number_8`.
fn person<'a>(
    target: &'a Target,
    variables: &'a Option<String>,
) -> impl Iterator<Item = &'a dyn ToSql> {
    let texts: [&dyn ToSql; 6] = [
        &target.name,
        &target.detail,
        &target.user_key,
        &target.user_data,
        &target.email,
        variables,
    ];
    texts.into_iter().chain(target.numbers.iter().map(|number| number as &dyn ToSql))
}

fn target_variables(target: &Target) -> Option<String> {
    (!target.variables.is_empty()).then(|| json(&target.variables))
}

/// Tries by kind of failure as one number. More than fit are no more than a limit allows.
fn packed(failures: &ByFailure<u32>) -> i64 {
    let fit = |tries: &u32| i64::from(*tries).min(rows::FAILURES);
    failures.iter().rev().fold(0, |packed, tries| packed << rows::FAILURE_BITS | fit(tries))
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
