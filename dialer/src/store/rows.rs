//! Rows to records.

use super::StoreError;
use crate::domain::{
    ByFailure, CallCopy, CallForward, Campaign, CampaignId, CampaignStatus, Day, DayFigures,
    Destination, DestinationId, DestinationKind, DialList, DialListId, DialMode, Dialing,
    DialingId, DialingStatus, Disposition, DoneReason, FailureKind, LastResult, ListEnd, Outcome,
    Pacing, Person, Plan, PlanId, RetryRule, Route, Schedule, ScheduleMode, Screening,
    ScreeningOptions, Stamps, Target, TargetId, TargetState, Timestamp, Variables,
};
use crate::json::Object;
use crate::limits::NUMBERS_PER_TARGET;
use rusqlite::types::{FromSql, FromSqlError, Type};
use rusqlite::Row;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

type Result<T> = rusqlite::Result<T>;

/// Columns of [`target`], in the order in which it reads them, from
/// `target JOIN dial_list AS list`.
pub const TARGET: &str = "target.uuid, list.uuid, target.name, target.detail, ukey, udata, email, \
     target.variables, \
     number_1, number_2, number_3, number_4, number_5, number_6, number_7, number_8, \
     tries_1, tries_2, tries_3, tries_4, tries_5, tries_6, tries_7, tries_8, failures, \
     state, due, target.dialing, dialing_campaign, dialing_plan, done_reason, call_back, \
     res_dial, res_hangup, res_hangup_detail, disposition, tm_last_dial, tm_last_hangup, \
     target.tm_create, target.tm_update, target.tm_delete";

/// How many they are.
pub const TARGET_COLUMNS: usize = 41;

/// The table that [`TARGET`] is read from.
pub const TARGET_FROM: &str = "target JOIN dial_list AS list ON list.id = target.dial_list";

/// `target.state` of the schema.
pub mod state {
    pub const READY: i64 = 0;
    pub const WAITING: i64 = 1;
    pub const DIALING: i64 = 2;
    pub const DONE: i64 = 3;
    pub const DELETED: i64 = 4;
}

/// Bits of `target.failures` that each kind has, and what fits into them.
pub const FAILURE_BITS: u32 = 10;
pub const FAILURES: i64 = (1 << FAILURE_BITS) - 1;

fn bad(column: &str) -> rusqlite::Error {
    let reason = format!("unreadable value in column {column}");
    rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Null,
        FromSqlError::other(StoreError::new(reason)).into(),
    )
}

fn uuid(row: &Row<'_>, column: &str) -> Result<Uuid> {
    optional_uuid(row, column)?.ok_or_else(|| bad(column))
}

fn optional_uuid(row: &Row<'_>, column: &str) -> Result<Option<Uuid>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    bytes.map(|bytes| Uuid::from_slice(&bytes).map_err(|_| bad(column))).transpose()
}

fn time(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

fn variables(row: &Row<'_>) -> Result<Variables> {
    match row.get::<_, Option<String>>("variables")? {
        None => Ok(Variables::default()),
        Some(text) => Variables::from_json(&text).ok_or_else(|| bad("variables")),
    }
}

fn stamps(row: &Row<'_>) -> Result<Stamps> {
    Ok(Stamps {
        create: Timestamp(row.get("tm_create")?),
        update: time(row, "tm_update")?,
        delete: time(row, "tm_delete")?,
    })
}

fn code<T>(row: &Row<'_>, column: &str, from: impl FnOnce(i64) -> Option<T>) -> Result<T> {
    from(row.get(column)?).ok_or_else(|| bad(column))
}

pub fn campaign(row: &Row<'_>) -> Result<Campaign> {
    Ok(Campaign {
        id: CampaignId(uuid(row, "uuid")?),
        name: row.get("name")?,
        detail: row.get("detail")?,
        status: code(row, "status", CampaignStatus::from_code)?,
        plan: optional_uuid(row, "plan")?.map(PlanId),
        list: optional_uuid(row, "dial_list")?.map(DialListId),
        destination: optional_uuid(row, "destination")?.map(DestinationId),
        schedule: Schedule {
            time_start: row.get("sc_time_start")?,
            time_end: row.get("sc_time_end")?,
            date_start: row.get("sc_date_start")?,
            date_end: row.get("sc_date_end")?,
            date_list: row.get("sc_date_list")?,
            date_list_except: row.get("sc_date_list_except")?,
            day_list: row.get("sc_day_list")?,
            mode: code(row, "sc_mode", ScheduleMode::from_code)?,
            time_zone: row.get("sc_timezone")?,
        },
        window_until: time(row, "window_until")?,
        next: optional_uuid(row, "next_campaign")?.map(CampaignId),
        stamps: stamps(row)?,
    })
}

pub fn plan(row: &Row<'_>) -> Result<Plan> {
    let tries: String = row.get("max_tries")?;
    Ok(Plan {
        id: PlanId(uuid(row, "uuid")?),
        name: row.get("name")?,
        detail: row.get("detail")?,
        mode: code(row, "dial_mode", DialMode::from_code)?,
        dial_timeout_ms: row.get("dial_timeout_ms")?,
        caller_id: row.get("caller_id")?,
        list_end: code(row, "dl_end_handle", ListEnd::from_code)?,
        retry_delay_s: row.get("retry_delay_s")?,
        trunk: row.get("trunk_name")?,
        tech: row.get("tech_name")?,
        service_level: row.get("service_level")?,
        call_forward: code(row, "call_forward", CallForward::from_code)?,
        uui_field: row.get("uui_field")?,
        max_dialings: row.get("max_dialings")?,
        calls_per_second: row.get("calls_per_second")?,
        max_tries: serde_json::from_str(&tries).map_err(|_| bad("max_tries"))?,
        pacing: Pacing {
            lines_per_agent: row.get("lines_per_agent")?,
            abandon_target: row.get("abandon_target")?,
            abandon_after_ms: row.get("abandon_after_ms")?,
            safe_harbour: optional_uuid(row, "safe_harbour")?.map(DestinationId),
            min_ring_ms: row.get("min_ring_ms")?,
            preview_timeout_s: row.get("preview_timeout_s")?,
        },
        screening: ScreeningOptions {
            on: row.get("amd")?,
            data: row.get("amd_data")?,
            machines: optional_uuid(row, "machine_destination")?.map(DestinationId),
        },
        retries: retries(&row.get::<_, String>("retries")?).ok_or_else(|| bad("retries"))?,
        variables: variables(row)?,
        stamps: stamps(row)?,
    })
}

/// `[delay, tries]` of each kind of failure.
pub fn retries_to_json(retries: &ByFailure<RetryRule>) -> String {
    serde_json::json!(retries.map(|rule| (rule.delay_s, rule.max_tries))).to_string()
}

fn retries(text: &str) -> Option<ByFailure<RetryRule>> {
    let rules: ByFailure<(Option<u32>, Option<u32>)> = serde_json::from_str(text).ok()?;
    Some(rules.map(|(delay_s, max_tries)| RetryRule { delay_s, max_tries }))
}

pub fn destination(row: &Row<'_>) -> Result<Destination> {
    Ok(Destination {
        id: DestinationId(uuid(row, "uuid")?),
        name: row.get("name")?,
        detail: row.get("detail")?,
        kind: code(row, "type", DestinationKind::from_code)?,
        exten: row.get("exten")?,
        context: row.get("context")?,
        priority: row.get("priority")?,
        variables: variables(row)?,
        application: row.get("application")?,
        data: row.get("data")?,
        capacity: row.get("capacity")?,
        stamps: stamps(row)?,
    })
}

pub fn list(row: &Row<'_>) -> Result<DialList> {
    Ok(DialList {
        id: DialListId(uuid(row, "uuid")?),
        name: row.get("name")?,
        detail: row.get("detail")?,
        variables: variables(row)?,
        stamps: stamps(row)?,
    })
}

/// The columns of a row, one after the other: much faster than each by its name.
struct Cells<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl Cells<'_> {
    fn take<T: FromSql>(&mut self) -> Result<T> {
        let at = self.next;
        self.next += 1;
        self.row.get(at)
    }

    fn time(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp))
    }

    fn optional_id(&mut self) -> Result<Option<Uuid>> {
        Ok(self.take::<Option<[u8; 16]>>()?.map(Uuid::from_bytes))
    }

    fn id(&mut self) -> Result<Uuid> {
        Ok(Uuid::from_bytes(self.take()?))
    }

    fn state(&mut self) -> Result<TargetState> {
        let (state, due) = (self.take()?, self.time()?);
        let ids = [self.optional_id()?, self.optional_id()?, self.optional_id()?];
        let reason: Option<i64> = self.take()?;
        match (state, due, ids, reason) {
            (state::READY, ..) => Ok(TargetState::Ready),
            (state::WAITING, Some(due), ..) => Ok(TargetState::Waiting(due)),
            (state::DIALING, _, [Some(dialing), Some(campaign), Some(plan)], _) => {
                Ok(TargetState::Dialing {
                    dialing: DialingId(dialing),
                    campaign: CampaignId(campaign),
                    plan: PlanId(plan),
                })
            }
            (state::WAITING | state::DIALING, ..) => Err(bad("state")),
            // A deleted one may have none.
            (.., None) => Ok(TargetState::Done(DoneReason::Exhausted)),
            (.., Some(code)) => {
                DoneReason::from_code(code).map(TargetState::Done).ok_or_else(|| bad("done_reason"))
            }
        }
    }
}

/// Of the columns of [`TARGET`].
pub fn target(row: &Row<'_>) -> Result<Target> {
    let cells = &mut Cells { row, next: 0 };
    Ok(Target {
        id: TargetId(cells.id()?),
        list: DialListId(cells.id()?),
        name: cells.take()?,
        detail: cells.take()?,
        user_key: cells.take()?,
        user_data: cells.take()?,
        email: cells.take()?,
        variables: match cells.take::<Option<String>>()? {
            None => Variables::default(),
            Some(text) => Variables::from_json(&text).ok_or_else(|| bad("variables"))?,
        },
        numbers: each(|| cells.take())?,
        tries: each(|| cells.take())?,
        failures: failures(cells.take()?),
        state: cells.state()?,
        call_back: cells.take()?,
        last: LastResult {
            res_dial: cells.take()?,
            res_hangup: cells.take()?,
            res_hangup_detail: cells.take()?,
            disposition: match cells.take::<Option<String>>()? {
                None => None,
                Some(name) => {
                    Some(Disposition::from_name(&name).ok_or_else(|| bad("disposition"))?)
                }
            },
            dialed_at: cells.time()?,
            ended_at: cells.time()?,
        },
        stamps: Stamps {
            create: Timestamp(cells.take()?),
            update: cells.time()?,
            delete: cells.time()?,
        },
    })
}

/// One value for each number of a target.
fn each<T: Default>(mut value: impl FnMut() -> Result<T>) -> Result<[T; NUMBERS_PER_TARGET]> {
    let mut all: [T; NUMBERS_PER_TARGET] = Default::default();
    for one in &mut all {
        *one = value()?;
    }
    Ok(all)
}

/// Tries by kind of failure of one number.
fn failures(packed: i64) -> ByFailure<u32> {
    let mut rest = packed;
    FailureKind::ALL.map(|_| {
        let tries = (rest & FAILURES) as u32;
        rest >>= FAILURE_BITS;
        tries
    })
}

pub fn ledger(row: &Row<'_>) -> Result<(CampaignId, DayFigures)> {
    let figures = DayFigures {
        day: Day(row.get("day")?),
        dialed: row.get("dialed")?,
        answered: row.get("answered")?,
        machines: row.get("machines")?,
        abandoned: row.get("abandoned")?,
    };
    Ok((CampaignId(uuid(row, "campaign")?), figures))
}

fn disposition(row: &Row<'_>, column: &str) -> Result<Option<Disposition>> {
    let name: Option<String> = row.get(column)?;
    name.map(|name| Disposition::from_name(&name).ok_or_else(|| bad(column))).transpose()
}

fn outcome(row: &Row<'_>) -> Result<Option<Outcome>> {
    let call_back_at = time(row, "call_back_at")?;
    let said = disposition(row, "outcome")?;
    Ok(said.map(|disposition| Outcome { disposition, call_back_at }))
}

/// A dialing whose call's copy is kept.
pub fn kept_dialing(row: &Row<'_>) -> Result<Dialing> {
    let text: String = row.get("call_copy")?;
    Ok(Dialing {
        id: DialingId(uuid(row, "uuid")?),
        status: code(row, "status", DialingStatus::from_code)?,
        campaign: CampaignId(uuid(row, "campaign")?),
        plan: PlanId(uuid(row, "plan")?),
        list: DialListId(uuid(row, "dial_list")?),
        destination: DestinationId(uuid(row, "destination")?),
        target: TargetId(uuid(row, "target")?),
        number_index: row.get("number_index")?,
        number: row.get("number")?,
        try_count: row.get("try_count")?,
        copy: Arc::new(copy_from_json(&text).ok_or_else(|| bad("call_copy"))?),
        other_channel: uuid(row, "other_channel")?,
        channel_name: row.get("channel_name")?,
        res_dial: row.get("res_dial")?,
        res_hangup: row.get("res_hangup")?,
        res_hangup_detail: row.get("res_hangup_detail")?,
        tech_cause: row.get("tech_cause")?,
        amd: row
            .get::<_, Option<String>>("amd_status")?
            .zip(row.get::<_, Option<String>>("amd_cause")?),
        queue: row.get("queue")?,
        agent: row.get("agent")?,
        connected_at: time(row, "tm_connected")?,
        abandoned_at: time(row, "tm_abandoned")?,
        disposition: disposition(row, "disposition")?,
        network: disposition(row, "network")?,
        outcome: outcome(row)?,
        claimed_at: Timestamp(row.get("tm_claim")?),
        updated_at: time(row, "tm_update")?,
        begun_at: time(row, "tm_begin")?,
        dial_ended_at: time(row, "tm_dial_end")?,
        ended_at: time(row, "tm_end")?,
    })
}

/// The call's copy as it is kept until its result is delivered.
pub fn copy_to_json(copy: &CallCopy) -> String {
    let person = &copy.person;
    let mut json = Object::new();
    json.put("tech", &copy.tech);
    json.put("address", &copy.address);
    json.put("timeout_ms", copy.timeout_ms);
    json.put("call_forward", copy.call_forward as u32);
    json.put("caller_id", &copy.caller_id);
    json.object("route", |json| put_route(json, &copy.route));
    put_of_mode(&mut json, copy);
    json.put("plan_variables", &copy.plan_variables);
    json.put("list_variables", &copy.list_variables);
    json.put("destination_variables", &copy.destination_variables);
    json.put("target_variables", &copy.target_variables);
    json.put("user_to_user", &copy.user_to_user);
    json.put("retry_delay_s", copy.retry_delay_s);
    json.put("max_tries", copy.max_tries);
    if copy.retries != RetryRule::defaults() {
        json.put("retries", retries_to_json(&copy.retries));
    }
    json.put("promised", copy.promised);
    json.put("campaign_name", &copy.campaign_name);
    json.object("person", |json| {
        json.put("name", &person.name);
        json.put("detail", &person.detail);
        json.put("ukey", &person.user_key);
        json.put("udata", &person.user_data);
        json.put("email", &person.email);
        json.put("numbers", &person.numbers);
        json.put("tries", person.tries);
    });
    json.put("info", &copy.info);
    json.finish()
}

fn put_route(json: &mut Object, route: &Route) {
    match route {
        Route::Extension { context, exten, priority } => {
            json.put("context", context);
            json.put("exten", exten);
            json.put("priority", priority);
        }
        Route::Application { name, data } => {
            json.put("application", name);
            json.put("data", data);
        }
    }
}

/// What most calls do without.
fn put_of_mode(json: &mut Object, copy: &CallCopy) {
    if copy.may_redirect {
        json.put("may_redirect", true);
    }
    if let Some(screening) = &copy.screening {
        json.object("screening", |json| {
            json.put("data", &screening.data);
            if let Some(route) = &screening.machines {
                json.object("machines", |json| put_route(json, route));
            }
        });
    }
    if let Some(route) = &copy.harbour {
        json.object("harbour", |json| put_route(json, route));
    }
}

fn route_from_json(route: &Value) -> Option<Route> {
    let owned = |key: &str| route[key].as_str().map(str::to_owned);
    Some(match owned("application") {
        Some(name) => Route::Application { name, data: owned("data")? },
        None => Route::Extension {
            context: owned("context")?,
            exten: owned("exten")?,
            priority: route["priority"].as_u64().and_then(|n| u32::try_from(n).ok())?,
        },
    })
}

fn screening_from_json(value: &Value) -> Option<Screening> {
    let data = value["data"].as_str()?.to_owned();
    Some(Screening { data, machines: route_from_json(&value["machines"]) })
}

fn copy_from_json(text: &str) -> Option<CallCopy> {
    let value: Value = serde_json::from_str(text).ok()?;
    let owned = |value: &Value| value.as_str().map(str::to_owned);
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let variables = |key: &str| Variables::from_json(&value[key].to_string());
    let copy = CallCopy {
        tech: owned(&value["tech"])?,
        address: owned(&value["address"])?,
        timeout_ms: number(&value["timeout_ms"])?,
        // Calls that were claimed before this could be chosen were not followed.
        call_forward: value["call_forward"]
            .as_i64()
            .and_then(CallForward::from_code)
            .unwrap_or(CallForward::Refuse),
        caller_id: owned(&value["caller_id"]),
        route: route_from_json(&value["route"])?,
        may_redirect: value["may_redirect"].as_bool().unwrap_or(false),
        screening: screening_from_json(&value["screening"]),
        harbour: route_from_json(&value["harbour"]),
        plan_variables: variables("plan_variables")?,
        list_variables: variables("list_variables")?,
        destination_variables: variables("destination_variables")?,
        target_variables: variables("target_variables")?,
        user_to_user: owned(&value["user_to_user"]),
        retry_delay_s: number(&value["retry_delay_s"])?,
        max_tries: serde_json::from_value(value["max_tries"].clone()).ok()?,
        retries: match &value["retries"] {
            Value::Null => RetryRule::defaults(),
            given => retries(given.as_str()?)?,
        },
        promised: value["promised"].as_bool().unwrap_or(false),
        campaign_name: owned(&value["campaign_name"]),
        person: person_from_json(&value["person"]),
        info: owned(&value["info"]),
        variables: Variables::default(),
    };
    Some(copy.with_variables())
}

/// Of a call that was claimed before persons were kept, nothing is known.
fn person_from_json(value: &Value) -> Person {
    let owned = |key: &str| value[key].as_str().map(str::to_owned);
    Person {
        name: owned("name"),
        detail: owned("detail"),
        user_key: owned("ukey"),
        user_data: owned("udata"),
        email: owned("email"),
        numbers: serde_json::from_value(value["numbers"].clone()).unwrap_or_default(),
        tries: value["tries"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
    }
}

/// Ready, waiting, dialing, done and tries of a list, in this order.
pub fn counts(row: &Row<'_>) -> Result<crate::domain::ListCounts> {
    Ok(crate::domain::ListCounts {
        ready: row.get(0)?,
        waiting: row.get(1)?,
        dialing: row.get(2)?,
        done: row.get(3)?,
        tries: row.get(4)?,
    })
}
