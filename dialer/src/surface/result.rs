//! The result line: one ended dialing as one JSON object.
//!
//! Keys and their order are those of the old module; what is new stands at the end.

use crate::domain::{
    Campaign, Destination, DialList, Dialing, DialingParts, Plan, Route, Stamps, Target, Timestamp,
    Variables,
};
use crate::json::Object;
use serde_json::{Map, Value};

/// The result line of an ended dialing, without a line's end.
pub fn line(dialing: &Dialing) -> String {
    let copy = &dialing.copy;
    let mut line = Object::new();
    line.put("dialing_uuid", dialing.id);
    line.put("camp_uuid", dialing.campaign);
    line.put("plan_uuid", dialing.plan);
    line.put("dlma_uuid", dialing.list);
    line.put("dest_uuid", dialing.destination);
    line.put("dl_list_uuid", dialing.target);
    line.members(copy.info.as_deref().map_or("", inside));
    dial(&mut line, dialing);
    line.put("tm_dialing", dialing.claimed_at);
    if let Some(name) = &dialing.channel_name {
        line.put("channel_name", name);
    }
    line.put("res_dial", dialing.res_dial);
    line.put("tm_dial_end", dialing.dial_ended_at);
    line.put("tm_hangup", dialing.ended_at);
    line.put("res_hangup", dialing.res_hangup);
    line.put("res_hangup_detail", &dialing.res_hangup_detail);

    line.put("disposition", dialing.disposition.map(|d| d.name()));
    let (status, cause) = dialing.amd.as_ref().map(|(status, cause)| (status, cause)).unzip();
    line.put("res_amd", status);
    line.put("res_amd_detail", cause);
    line.put("res_tech", dialing.tech_cause);
    line.put("tm_dial_begin", dialing.begun_at);
    line.put("dlma_variables", as_text(&copy.list_variables));
    line.put("user_to_user", &copy.user_to_user);
    line.put("network_disposition", dialing.network.map(|d| d.name()));
    line.put("call_back_at", dialing.outcome.and_then(|outcome| outcome.call_back_at));
    line.put("queue", &dialing.queue);
    line.put("agent", &dialing.agent);
    line.put("tm_connected", dialing.connected_at);
    line.put("tm_abandoned", dialing.abandoned_at);
    line.finish()
}

/// The members of an object, without its braces.
fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default()
}

/// What is dialled how: part of each line, and its `info_dial`.
fn dial(dial: &mut Object, dialing: &Dialing) {
    let copy = &dialing.copy;
    match &copy.route {
        Route::Extension { context, exten, priority } => {
            dial.put("dial_exten", exten);
            dial.put("dial_context", context);
            dial.put("dial_priority", priority.to_string());
        }
        Route::Application { name, data } => {
            dial.put("dial_application", name);
            dial.put("dial_data", data);
        }
    }
    dial.put("dest_variables", as_text(&copy.destination_variables));
    dial.put("dial_type", dial_type(&copy.route));
    dial.put("uuid", dialing.target);
    dial.put("dial_channel", copy.dial_channel());
    dial.put("dial_addr", &dialing.number);
    dial.put("dial_index", dialing.number_index);
    dial.put("dial_trycnt", dialing.try_count);
    dial.put("dl_variables", as_text(&copy.target_variables));
    dial.put("channelid", dialing.id);
    dial.put("otherchannelid", dialing.other_channel.to_string());
    dial.put("dial_timeout", copy.timeout_ms);
    dial.put("plan_variables", as_text(&copy.plan_variables));
    if let Some(caller_id) = &copy.caller_id {
        dial.put("callerid", caller_id);
    }
    dial.put("variables", copy.variables.to_json().to_string());
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
    let mut info = Object::new();
    info.put("info_camp", campaign(parts.campaign));
    info.put("info_plan", plan(parts.plan));
    info.put("info_dlma", list(parts.list));
    info.put("info_dest", destination(parts.destination));
    info.put("info_dl_list", target(parts.target));
    info.object("info_dial", |info| dial(info, dialing));
    info.finish()
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

/// The variables' own JSON, as a text; nothing if there are none.
fn as_text(variables: &Variables) -> String {
    variables_or_null(variables).unwrap_or_default()
}

fn variables_or_null(variables: &Variables) -> Option<String> {
    (!variables.is_empty()).then(|| variables.to_json().to_string())
}
