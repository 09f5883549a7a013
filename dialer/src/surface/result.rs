//! The result line: one ended dialing as one JSON object.
//!
//! Keys and their order are those of the old module; what is new stands at the end.

use crate::domain::{
    Campaign, Destination, DialList, Dialing, DialingParts, Plan, Route, Stamps, Target, Timestamp,
    Variables,
};
use serde_json::{json, Map, Value};

/// The result line of an ended dialing, without a line's end.
pub fn line(dialing: &Dialing) -> String {
    let copy = &dialing.copy;
    let mut line = Map::new();
    put(&mut line, "dialing_uuid", dialing.id.to_string());
    put(&mut line, "camp_uuid", dialing.campaign.to_string());
    put(&mut line, "plan_uuid", dialing.plan.to_string());
    put(&mut line, "dlma_uuid", dialing.list.to_string());
    put(&mut line, "dest_uuid", dialing.destination.to_string());
    put(&mut line, "dl_list_uuid", dialing.target.to_string());
    let info = copy.info.as_deref().and_then(|text| serde_json::from_str(text).ok());
    if let Some(Value::Object(info)) = info {
        line.extend(info);
    }
    line.append(&mut dial(dialing));
    put(&mut line, "tm_dialing", dialing.claimed_at.to_string());
    if let Some(name) = &dialing.channel_name {
        put(&mut line, "channel_name", name.clone());
    }
    put(&mut line, "res_dial", dialing.res_dial);
    put(&mut line, "tm_dial_end", time(dialing.dial_ended_at));
    put(&mut line, "tm_hangup", time(dialing.ended_at));
    put(&mut line, "res_hangup", dialing.res_hangup);
    put(&mut line, "res_hangup_detail", dialing.res_hangup_detail.clone());

    put(&mut line, "disposition", dialing.disposition.map(|d| d.name()));
    let (status, cause) = dialing.amd.clone().unzip();
    put(&mut line, "res_amd", status);
    put(&mut line, "res_amd_detail", cause);
    put(&mut line, "res_tech", dialing.tech_cause);
    put(&mut line, "tm_dial_begin", time(dialing.begun_at));
    put(&mut line, "dlma_variables", variables_or_nothing(&copy.list_variables));
    put(&mut line, "user_to_user", copy.user_to_user.clone());
    put(&mut line, "network_disposition", dialing.network.map(|d| d.name()));
    let call_back_at = dialing.outcome.and_then(|outcome| outcome.call_back_at);
    put(&mut line, "call_back_at", time(call_back_at));
    Value::Object(line).to_string()
}

/// What is dialled how: part of each line, and its `info_dial`.
fn dial(dialing: &Dialing) -> Map<String, Value> {
    let copy = &dialing.copy;
    let mut dial = Map::new();
    match &copy.route {
        Route::Extension { context, exten, priority } => {
            put(&mut dial, "dial_exten", exten.clone());
            put(&mut dial, "dial_context", context.clone());
            put(&mut dial, "dial_priority", priority.to_string());
        }
        Route::Application { name, data } => {
            put(&mut dial, "dial_application", name.clone());
            put(&mut dial, "dial_data", data.clone());
        }
    }
    put(&mut dial, "dest_variables", variables_or_nothing(&copy.destination_variables));
    put(&mut dial, "dial_type", dial_type(&copy.route));
    put(&mut dial, "uuid", dialing.target.to_string());
    put(&mut dial, "dial_channel", copy.dial_channel());
    put(&mut dial, "dial_addr", dialing.number.clone());
    put(&mut dial, "dial_index", dialing.number_index);
    put(&mut dial, "dial_trycnt", dialing.try_count);
    put(&mut dial, "dl_variables", variables_or_nothing(&copy.target_variables));
    put(&mut dial, "channelid", dialing.id.to_string());
    put(&mut dial, "otherchannelid", dialing.other_channel.to_string());
    put(&mut dial, "dial_timeout", copy.timeout_ms);
    put(&mut dial, "plan_variables", variables_or_nothing(&copy.plan_variables));
    if let Some(caller_id) = &copy.caller_id {
        put(&mut dial, "callerid", caller_id.clone());
    }
    put(&mut dial, "variables", copy.variables().to_json().to_string());
    dial
}

/// `Type` of the destination on the wire.
pub(super) fn dial_type(route: &Route) -> u8 {
    match route {
        Route::Extension { .. } => 0,
        Route::Application { .. } => 1,
    }
}

/// The whole records behind a dialing (`info_camp`, …) as they are at its claim.
pub fn info(parts: &DialingParts<'_>, dialing: &Dialing) -> String {
    let info = json!({
        "info_camp": campaign(parts.campaign),
        "info_plan": plan(parts.plan),
        "info_dlma": list(parts.list),
        "info_dest": destination(parts.destination),
        "info_dl_list": target(parts.target),
        "info_dial": dial(dialing),
    });
    info.to_string()
}

fn campaign(campaign: &Campaign) -> Value {
    let schedule = &campaign.schedule;
    let mut map = Map::new();
    put(&mut map, "uuid", campaign.id.to_string());
    put(&mut map, "detail", campaign.detail.clone());
    put(&mut map, "name", campaign.name.clone());
    put(&mut map, "status", campaign.status as i32);
    put(&mut map, "in_use", 1);
    put(&mut map, "next_campaign", campaign.next.map(|id| id.to_string()));
    put(&mut map, "plan", campaign.plan.map(|id| id.to_string()));
    put(&mut map, "dlma", campaign.list.map(|id| id.to_string()));
    put(&mut map, "dest", campaign.destination.map(|id| id.to_string()));
    put(&mut map, "sc_mode", schedule.mode as i32);
    put(&mut map, "sc_date_start", schedule.date_start.clone());
    put(&mut map, "sc_date_end", schedule.date_end.clone());
    put(&mut map, "sc_date_list", schedule.date_list.clone());
    put(&mut map, "sc_date_list_except", schedule.date_list_except.clone());
    put(&mut map, "sc_time_start", schedule.time_start.clone());
    put(&mut map, "sc_time_end", schedule.time_end.clone());
    put(&mut map, "sc_day_list", schedule.day_list.clone());
    put(&mut map, "sc_timezone", schedule.time_zone.clone());
    stamps(map, &campaign.stamps)
}

fn plan(plan: &Plan) -> Value {
    let mut map = Map::new();
    put(&mut map, "uuid", plan.id.to_string());
    put(&mut map, "name", plan.name.clone());
    put(&mut map, "detail", plan.detail.clone());
    put(&mut map, "in_use", 1);
    put(&mut map, "variables", variables_or_null(&plan.variables));
    put(&mut map, "dial_mode", plan.mode as i32);
    put(&mut map, "dial_timeout", plan.dial_timeout_ms);
    put(&mut map, "caller_id", plan.caller_id.clone());
    put(&mut map, "dl_end_handle", plan.list_end as i32);
    put(&mut map, "retry_delay", plan.retry_delay_s);
    put(&mut map, "trunk_name", plan.trunk.clone());
    put(&mut map, "tech_name", plan.tech.clone());
    put(&mut map, "service_level", plan.service_level);
    put(&mut map, "early_media", Value::Null);
    put(&mut map, "codecs", Value::Null);
    for (at, tries) in plan.max_tries.iter().enumerate() {
        put(&mut map, &format!("max_retry_cnt_{}", at + 1), *tries);
    }
    stamps(map, &plan.stamps)
}

fn list(list: &DialList) -> Value {
    let mut map = Map::new();
    put(&mut map, "uuid", list.id.to_string());
    put(&mut map, "name", list.name.clone());
    put(&mut map, "detail", list.detail.clone());
    put(&mut map, "dl_table", list.table_name());
    put(&mut map, "variables", variables_or_null(&list.variables));
    put(&mut map, "in_use", 1);
    stamps(map, &list.stamps)
}

fn destination(destination: &Destination) -> Value {
    let mut map = Map::new();
    put(&mut map, "uuid", destination.id.to_string());
    put(&mut map, "name", destination.name.clone());
    put(&mut map, "detail", destination.detail.clone());
    put(&mut map, "in_use", 1);
    put(&mut map, "type", destination.kind as i32);
    put(&mut map, "exten", destination.exten.clone());
    put(&mut map, "context", destination.context.clone());
    put(&mut map, "priority", destination.priority.map(|priority| priority.to_string()));
    put(&mut map, "variables", variables_or_null(&destination.variables));
    put(&mut map, "application", destination.application.clone());
    put(&mut map, "data", destination.data.clone());
    stamps(map, &destination.stamps)
}

fn target(target: &Target) -> Value {
    let mut map = Map::new();
    put(&mut map, "uuid", target.id.to_string());
    put(&mut map, "dlma_uuid", target.list.to_string());
    put(&mut map, "in_use", 1);
    put(&mut map, "name", target.name.clone());
    put(&mut map, "detail", target.detail.clone());
    put(&mut map, "status", 0);
    put(&mut map, "resv_target", Value::Null);
    put(&mut map, "ukey", target.user_key.clone());
    put(&mut map, "udata", target.user_data.clone());
    put(&mut map, "variables", variables_or_null(&target.variables));
    put(&mut map, "dialing_uuid", Value::Null);
    put(&mut map, "dialing_camp_uuid", Value::Null);
    put(&mut map, "dialing_plan_uuid", Value::Null);
    for (at, number) in target.numbers.iter().enumerate() {
        put(&mut map, &format!("number_{}", at + 1), number.clone());
    }
    put(&mut map, "email", target.email.clone());
    for (at, tries) in target.tries.iter().enumerate() {
        put(&mut map, &format!("trycnt_{}", at + 1), *tries);
    }
    put(&mut map, "res_dial", target.last.res_dial);
    put(&mut map, "res_dial_detail", target.last.disposition.map(|d| d.name()));
    put(&mut map, "res_hangup", target.last.res_hangup);
    put(&mut map, "res_hangup_detail", target.last.res_hangup_detail.clone());
    let mut record = stamps(map, &target.stamps);
    record["tm_last_dial"] = time(target.last.dialed_at).into();
    record["tm_last_hangup"] = time(target.last.ended_at).into();
    record["trycnt"] = target.tries_in_all().into();
    record
}

fn stamps(mut map: Map<String, Value>, stamps: &Stamps) -> Value {
    put(&mut map, "tm_create", stamps.create.to_string());
    put(&mut map, "tm_delete", time(stamps.delete));
    put(&mut map, "tm_update", time(stamps.update));
    Value::Object(map)
}

fn put(map: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    map.insert(key.to_owned(), value.into());
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn variables_or_nothing(variables: &Variables) -> String {
    variables_or_null(variables).unwrap_or_default()
}

fn variables_or_null(variables: &Variables) -> Option<String> {
    (!variables.is_empty()).then(|| variables.to_json().to_string())
}
