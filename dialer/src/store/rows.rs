//! Rows to records.

use super::StoreError;
use crate::domain::{
    CallCopy, CallForward, Campaign, CampaignId, CampaignStatus, Destination, DestinationId,
    DestinationKind, DialList, DialListId, DialMode, Dialing, DialingId, DialingStatus,
    Disposition, DoneReason, LastResult, ListEnd, Outcome, Pacing, Person, Plan, PlanId, Route,
    Schedule, ScheduleMode, ScreeningOptions, Stamps, Target, TargetId, TargetState, Timestamp,
    Variables,
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
     tries_1, tries_2, tries_3, tries_4, tries_5, tries_6, tries_7, tries_8, \
     state, due, target.dialing, dialing_campaign, dialing_plan, done_reason, call_back, \
     res_dial, res_hangup, res_hangup_detail, disposition, tm_last_dial, tm_last_hangup, \
     target.tm_create, target.tm_update, target.tm_delete";

/// How many they are.
pub const TARGET_COLUMNS: usize = 40;

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
        pacing: Pacing::default(),
        screening: ScreeningOptions::default(),
        retries: Default::default(),
        variables: variables(row)?,
        stamps: stamps(row)?,
    })
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
        capacity: None,
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
        queue: None,
        agent: None,
        connected_at: None,
        abandoned_at: None,
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
    json.object("route", |route| match &copy.route {
        Route::Extension { context, exten, priority } => {
            route.put("context", context);
            route.put("exten", exten);
            route.put("priority", priority);
        }
        Route::Application { name, data } => {
            route.put("application", name);
            route.put("data", data);
        }
    });
    json.put("plan_variables", &copy.plan_variables);
    json.put("list_variables", &copy.list_variables);
    json.put("destination_variables", &copy.destination_variables);
    json.put("target_variables", &copy.target_variables);
    json.put("user_to_user", &copy.user_to_user);
    json.put("retry_delay_s", copy.retry_delay_s);
    json.put("max_tries", copy.max_tries);
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

fn copy_from_json(text: &str) -> Option<CallCopy> {
    let value: Value = serde_json::from_str(text).ok()?;
    let owned = |value: &Value| value.as_str().map(str::to_owned);
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let variables = |key: &str| Variables::from_json(&value[key].to_string());
    let route = &value["route"];
    let route = match owned(&route["application"]) {
        Some(name) => Route::Application { name, data: owned(&route["data"])? },
        None => Route::Extension {
            context: owned(&route["context"])?,
            exten: owned(&route["exten"])?,
            priority: number(&route["priority"])?,
        },
    };
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
        route,
        may_redirect: false,
        screening: None,
        harbour: None,
        plan_variables: variables("plan_variables")?,
        list_variables: variables("list_variables")?,
        destination_variables: variables("destination_variables")?,
        target_variables: variables("target_variables")?,
        user_to_user: owned(&value["user_to_user"]),
        retry_delay_s: number(&value["retry_delay_s"])?,
        max_tries: serde_json::from_value(value["max_tries"].clone()).ok()?,
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
