//! Records as JSON, key by key as the old module shows them. What is new stands
//! before `tm_create`.

use crate::dialer::{CampaignFigures, TeamStatus};
use crate::domain::{
    Campaign, DayFigures, Destination, DialList, Dialing, FailureKind, Plan, Route, Stamps, Target,
    TargetState, Variables,
};
use crate::hundredths::Hundredths;
use crate::surface::result::dial_type;
use serde_json::{Map, Value};

/// A record under way.
struct Record(Map<String, Value>);

impl Record {
    fn new(uuid: impl ToString) -> Record {
        let mut record = Record(Map::new());
        record.put("uuid", uuid.to_string());
        record
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn text(&mut self, key: &str, value: Option<impl ToString>) {
        self.put(key, value.map(|value| value.to_string()));
    }

    fn in_use(&mut self, used: bool) {
        self.put("in_use", i32::from(used));
    }

    /// An object of strings, as a string.
    fn variables(&mut self, variables: &Variables) {
        let json = (!variables.is_empty()).then(|| variables.to_json());
        self.text("variables", json);
    }

    fn figures(&mut self, figures: Option<&CampaignFigures>) {
        let rate = |days: &DayFigures| Hundredths(days.abandon_rate()).in_full();
        self.put("answered_today", figures.map(|f| f.today.answered));
        self.put("abandoned_today", figures.map(|f| f.today.abandoned));
        self.put("abandon_rate_today", figures.map(|f| rate(&f.today)));
        self.put("abandon_rate_30_days", figures.map(|f| rate(&f.thirty_days)));
        let team = figures.and_then(|figures| figures.team.as_ref());
        self.put("agents_free", team.map(|team| team.free));
        self.put("agents_busy", team.map(TeamStatus::occupied));
        self.put("agents_paused", team.map(|team| team.paused));
    }

    fn stamps(&mut self, stamps: &Stamps) {
        self.text("tm_create", Some(stamps.create));
        self.text("tm_delete", stamps.delete);
        self.text("tm_update", stamps.update);
    }

    fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

pub(super) fn campaign(
    campaign: &Campaign,
    used: bool,
    figures: Option<&CampaignFigures>,
) -> Value {
    let schedule = &campaign.schedule;
    let mut record = Record::new(campaign.id);
    record.text("detail", campaign.detail.as_ref());
    record.text("name", campaign.name.as_ref());
    record.put("status", campaign.status as i32);
    record.in_use(used);
    record.text("next_campaign", campaign.next);
    record.text("plan", campaign.plan);
    record.text("dlma", campaign.list);
    record.text("dest", campaign.destination);
    record.put("sc_mode", schedule.mode as i32);
    record.text("sc_date_start", schedule.date_start.as_ref());
    record.text("sc_date_end", schedule.date_end.as_ref());
    record.text("sc_date_list", schedule.date_list.as_ref());
    record.text("sc_date_list_except", schedule.date_list_except.as_ref());
    record.text("sc_time_start", schedule.time_start.as_ref());
    record.text("sc_time_end", schedule.time_end.as_ref());
    record.text("sc_day_list", schedule.day_list.as_ref());
    record.text("sc_timezone", schedule.time_zone.as_ref());
    record.figures(figures);
    record.stamps(&campaign.stamps);
    record.finish()
}

pub(super) fn plan(plan: &Plan, used: bool) -> Value {
    let mut record = Record::new(plan.id);
    record.text("name", plan.name.as_ref());
    record.text("detail", plan.detail.as_ref());
    record.in_use(used);
    record.variables(&plan.variables);
    record.put("dial_mode", plan.mode as i32);
    record.put("dial_timeout", plan.dial_timeout_ms);
    record.text("caller_id", plan.caller_id.as_ref());
    record.put("dl_end_handle", plan.list_end as i32);
    record.put("retry_delay", plan.retry_delay_s);
    record.text("trunk_name", plan.trunk.as_ref());
    record.text("tech_name", plan.tech.as_ref());
    record.put("service_level", plan.service_level);
    record.put("early_media", Value::Null);
    record.put("codecs", Value::Null);
    for (at, tries) in plan.max_tries.iter().enumerate() {
        record.put(&format!("max_retry_cnt_{}", at + 1), *tries);
    }
    record.text("uui_field", plan.uui_field.as_ref());
    record.put("call_forward", plan.call_forward as i32);
    record.put("max_dialings", plan.max_dialings);
    record.put("calls_per_second", plan.calls_per_second);
    let pacing = &plan.pacing;
    record.put("lines_per_agent", Hundredths(pacing.lines_per_agent).to_string());
    record.put("abandon_target", Hundredths(pacing.abandon_target).to_string());
    record.put("abandon_after", pacing.abandon_after_ms);
    record.text("safe_harbour", pacing.safe_harbour);
    record.put("min_ring", pacing.min_ring_ms);
    record.put("preview_timeout", pacing.preview_timeout_s);
    record.put("amd", i32::from(plan.screening.on));
    record.text("amd_data", plan.screening.data.as_ref());
    record.text("machine_dest", plan.screening.machines);
    for (kind, rule) in FailureKind::ALL.into_iter().zip(&plan.retries) {
        let kind = kind.name().replace(' ', "_");
        record.put(&format!("retry_delay_{kind}"), rule.delay_s);
        record.put(&format!("max_retry_{kind}"), rule.max_tries);
    }
    record.stamps(&plan.stamps);
    record.finish()
}

pub(super) fn list(list: &DialList, used: bool) -> Value {
    let mut record = Record::new(list.id);
    record.text("name", list.name.as_ref());
    record.text("detail", list.detail.as_ref());
    record.put("dl_table", list.table_name());
    record.variables(&list.variables);
    record.in_use(used);
    record.stamps(&list.stamps);
    record.finish()
}

pub(super) fn destination(destination: &Destination, used: bool) -> Value {
    let mut record = Record::new(destination.id);
    record.text("name", destination.name.as_ref());
    record.text("detail", destination.detail.as_ref());
    record.in_use(used);
    record.put("type", destination.kind as i32);
    record.text("exten", destination.exten.as_ref());
    record.text("context", destination.context.as_ref());
    record.text("priority", destination.priority);
    record.variables(&destination.variables);
    record.text("application", destination.application.as_ref());
    record.text("data", destination.data.as_ref());
    record.put("capacity", destination.capacity);
    record.stamps(&destination.stamps);
    record.finish()
}

pub(super) fn target(target: &Target) -> Value {
    let under_way = match target.state {
        TargetState::Dialing { dialing, campaign, plan } => Some((dialing, campaign, plan)),
        _ => None,
    };
    let due = match target.state {
        TargetState::Waiting(due) => Some(due),
        _ => None,
    };
    let mut record = Record::new(target.id);
    record.text("dlma_uuid", Some(target.list));
    record.in_use(under_way.is_some());
    record.text("name", target.name.as_ref());
    record.text("detail", target.detail.as_ref());
    record.put("status", i32::from(under_way.is_some()));
    record.put("resv_target", Value::Null);
    record.text("ukey", target.user_key.as_ref());
    record.variables(&target.variables);
    record.text("dialing_uuid", under_way.map(|(dialing, _, _)| dialing));
    record.text("dialing_camp_uuid", under_way.map(|(_, campaign, _)| campaign));
    record.text("dialing_plan_uuid", under_way.map(|(_, _, plan)| plan));
    for (at, number) in target.numbers.iter().enumerate() {
        record.text(&format!("number_{}", at + 1), number.as_ref());
    }
    record.text("email", target.email.as_ref());
    for (at, tries) in target.tries.iter().enumerate() {
        record.put(&format!("trycnt_{}", at + 1), *tries);
    }
    record.put("res_dial", target.last.res_dial);
    record.text("res_dial_detail", target.last.disposition);
    record.put("res_hangup", target.last.res_hangup);
    record.text("res_hangup_detail", target.last.res_hangup_detail.as_ref());
    record.text("udata", target.user_data.as_ref());
    record.put("state", state(target));
    record.text("tm_due", due);
    record.stamps(&target.stamps);
    record.text("tm_last_dial", target.last.dialed_at);
    record.text("tm_last_hangup", target.last.ended_at);
    record.finish()
}

/// Where a target stands, in a word.
pub(super) fn state(target: &Target) -> &'static str {
    match target.state {
        TargetState::Ready => "ready",
        TargetState::Waiting(_) => "waiting",
        TargetState::Dialing { .. } => "dialing",
        TargetState::Done(reason) => reason.name(),
    }
}

pub(super) fn dialing(dialing: &Dialing) -> Value {
    let copy = &dialing.copy;
    let (exten, context, application, data) = match &copy.route {
        Route::Extension { context, exten, .. } => (Some(exten), Some(context), None, None),
        Route::Application { name, data } => {
            (None, None, Some(name), (!data.is_empty()).then_some(data))
        }
    };
    let mut record = Record::new(dialing.id);
    record.put("status", dialing.status as i32);
    record.text("camp_uuid", Some(dialing.campaign));
    record.text("plan_uuid", Some(dialing.plan));
    record.text("dlma_uuid", Some(dialing.list));
    record.text("dest_uuid", Some(dialing.destination));
    record.text("dl_list_uuid", Some(dialing.target));
    record.put("dial_index", dialing.number_index);
    record.text("dial_addr", Some(&dialing.number));
    record.put("dial_channel", copy.dial_channel());
    record.put("dial_trycnt", dialing.try_count);
    record.put("dial_timeout", copy.timeout_ms);
    record.put("dial_type", dial_type(&copy.route));
    record.text("dial_exten", exten);
    record.text("dial_context", context);
    record.text("dial_application", application);
    record.text("dial_data", data);
    record.variables(&copy.variables);
    record.text("channel_name", dialing.channel_name.as_ref());
    record.put("res_dial", dialing.res_dial);
    record.put("res_hangup", dialing.res_hangup);
    record.text("res_hangup_detail", dialing.res_hangup_detail.as_ref());
    record.text("current_queue", dialing.queue.as_ref());
    record.text("current_agent", dialing.agent.as_ref());
    record.text("tm_dial_begin", dialing.begun_at);
    record.text("tm_dial_end", dialing.dial_ended_at);
    record.text("tm_connected", dialing.connected_at);
    record.text("tm_abandoned", dialing.abandoned_at);
    record.text("tm_create", Some(dialing.claimed_at));
    record.put("tm_delete", Value::Null);
    record.text("tm_update", dialing.updated_at);
    record.finish()
}
