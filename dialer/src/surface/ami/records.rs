//! Records as header lines, and events.

use super::commands::RETRY;
use super::Block;
use crate::dialer::{CampaignFigures, Event, TeamStatus, What};
use crate::domain::{
    Campaign, DayFigures, Destination, DialList, Dialing, Offer, OfferState, Pacing, Plan, Route,
    Stamps, Target, TargetState, Variables,
};
use crate::hundredths::Hundredths;
use crate::limits::NUMBERS_PER_TARGET;
use crate::store::CampaignStat;
use crate::surface::result::dial_type;

/// Name and header lines of an event.
pub fn event(event: &Event) -> (&'static str, String) {
    let mut block = Block::default();
    let name = match event {
        Event::Campaign(what, record) => {
            campaign(&mut block, record);
            pick(*what, ["OutCampaignCreate", "OutCampaignUpdate", "OutCampaignDelete"])
        }
        Event::Plan(what, record) => {
            plan(&mut block, record);
            pick(*what, ["OutPlanCreate", "OutPlanUpdate", "OutPlanDelete"])
        }
        Event::Destination(what, record) => {
            destination(&mut block, record);
            pick(*what, ["OutDestinationCreate", "OutDestinationUpdate", "OutDestinationDelete"])
        }
        Event::List(what, record) => {
            match what {
                What::Deleted => block.line("Uuid", record.id),
                _ => list(&mut block, record),
            }
            pick(*what, ["OutDlmaCreate", "OutDlmaUpdate", "OutDlmaDelete"])
        }
        Event::Reset(record, reset) => {
            block.line("Uuid", record.id);
            block.line("Count", reset.done);
            let names: Vec<_> = reset.dispositions.iter().map(|d| d.name()).collect();
            block.optional("Disposition", (!names.is_empty()).then(|| names.join(", ")));
            block.line("Tries", if reset.clear_tries { "clear" } else { "keep" });
            "OutDlmaReset"
        }
        Event::Imported(list, imported) => {
            block.line("DlmaUuid", list);
            block.line("File", &imported.file);
            super::bulk::counts(&mut block, imported);
            "OutDlListImport"
        }
        Event::Target(what, record) => {
            match what {
                What::Deleted => block.line("Uuid", record.id),
                _ => target(&mut block, record),
            }
            pick(*what, ["OutDlListCreate", "OutDlListUpdate", "OutDlListDelete"])
        }
        Event::Preview(state, record) => {
            offer(&mut block, *state, record);
            "OutDialingPreview"
        }
        Event::Dialing(what, record) => {
            dialing(&mut block, record);
            let deleted = record.ended_at.filter(|_| *what == What::Deleted);
            block.optional("TmDelete", deleted);
            pick(*what, ["OutDialingCreate", "OutDialingUpdate", "OutDialingDelete"])
        }
    };
    (name, block.lines())
}

fn pick(what: What, [created, updated, deleted]: [&'static str; 3]) -> &'static str {
    match what {
        What::Created => created,
        What::Updated => updated,
        What::Deleted => deleted,
    }
}

pub fn campaign(block: &mut Block, campaign: &Campaign) {
    let schedule = &campaign.schedule;
    block.line("Uuid", campaign.id);
    block.optional("Name", campaign.name.as_deref());
    block.optional("Detail", campaign.detail.as_deref());
    block.line("Status", campaign.status as i32);
    block.optional("Plan", campaign.plan);
    block.optional("Dlma", campaign.list);
    block.optional("Dest", campaign.destination);
    block.line("ScMode", schedule.mode as i32);
    block.optional("ScTimeStart", schedule.time_start.as_deref());
    block.optional("ScTimeEnd", schedule.time_end.as_deref());
    block.optional("ScDateStart", schedule.date_start.as_deref());
    block.optional("ScDateEnd", schedule.date_end.as_deref());
    block.optional("ScDateList", schedule.date_list.as_deref());
    block.optional("ScDateListExcept", schedule.date_list_except.as_deref());
    block.optional("ScDayList", schedule.day_list.as_deref());
    block.optional("ScTimezone", schedule.time_zone.as_deref());
    block.optional("NextCampaign", campaign.next);
    stamps(block, &campaign.stamps);
}

/// With figures that only the dialer knows, if it could be asked.
pub fn stat(block: &mut Block, stat: &CampaignStat, figures: Option<&CampaignFigures>) {
    block.line("Uuid", stat.campaign);
    block.line("DlTotalCount", stat.counts.total());
    block.line("DlFinishedCount", stat.counts.done);
    block.line("DlAvailableCount", stat.counts.available());
    block.line("DlDialingCount", stat.counts.dialing);
    block.line("DlCalledCount", stat.counts.tries);
    let rate = |days: &DayFigures| Hundredths(days.abandon_rate()).in_full();
    block.optional("AnsweredToday", figures.map(|f| f.today.answered));
    block.optional("AbandonedToday", figures.map(|f| f.today.abandoned));
    block.optional("AbandonRateToday", figures.map(|f| rate(&f.today)));
    block.optional("AbandonRate30Days", figures.map(|f| rate(&f.thirty_days)));
    let team = figures.and_then(|figures| figures.team.as_ref());
    block.optional("AgentsFree", team.map(|team| team.free));
    block.optional("AgentsBusy", team.map(TeamStatus::occupied));
    block.optional("AgentsPaused", team.map(|team| team.paused));
}

pub fn plan(block: &mut Block, plan: &Plan) {
    block.line("Uuid", plan.id);
    block.optional("Name", plan.name.as_deref());
    block.optional("Detail", plan.detail.as_deref());
    block.line("DialMode", plan.mode as i32);
    block.line("DialTimeout", plan.dial_timeout_ms);
    block.optional("CallerId", plan.caller_id.as_deref());
    block.line("DlEndHandle", plan.list_end as i32);
    block.line("RetryDelay", plan.retry_delay_s);
    block.optional("TrunkName", plan.trunk.as_deref());
    block.optional("TechName", plan.tech.as_deref());
    variables(block, &plan.variables);
    for (at, tries) in plan.max_tries.iter().enumerate() {
        block.line(&format!("MaxRetryCnt{}", at + 1), tries);
    }
    block.optional("UuiField", plan.uui_field.as_deref());
    block.line("ServiceLevel", plan.service_level);
    block.line("CallForward", plan.call_forward as i32);
    block.optional("MaxDialings", plan.max_dialings);
    block.optional("CallsPerSecond", plan.calls_per_second);
    pacing(block, &plan.pacing);
    block.line("Amd", i32::from(plan.screening.on));
    block.optional("AmdData", plan.screening.data.as_deref());
    block.optional("MachineDest", plan.screening.machines);
    for ((delay, _), rule) in RETRY.iter().zip(&plan.retries) {
        block.optional(delay, rule.delay_s);
    }
    for ((_, tries), rule) in RETRY.iter().zip(&plan.retries) {
        block.optional(tries, rule.max_tries);
    }
    stamps(block, &plan.stamps);
}

fn pacing(block: &mut Block, pacing: &Pacing) {
    block.line("LinesPerAgent", Hundredths(pacing.lines_per_agent));
    block.line("AbandonTarget", Hundredths(pacing.abandon_target));
    block.line("AbandonAfter", pacing.abandon_after_ms);
    block.optional("SafeHarbour", pacing.safe_harbour);
    block.line("MinRing", pacing.min_ring_ms);
    block.line("PreviewTimeout", pacing.preview_timeout_s);
}

pub fn destination(block: &mut Block, destination: &Destination) {
    block.line("Uuid", destination.id);
    block.optional("Name", destination.name.as_deref());
    block.optional("Detail", destination.detail.as_deref());
    block.line("Type", destination.kind as i32);
    block.optional("Exten", destination.exten.as_deref());
    block.optional("Context", destination.context.as_deref());
    block.optional("Priority", destination.priority);
    variables(block, &destination.variables);
    block.optional("Application", destination.application.as_deref());
    block.optional("Data", destination.data.as_deref());
    block.optional("Capacity", destination.capacity);
    stamps(block, &destination.stamps);
}

pub fn list(block: &mut Block, list: &DialList) {
    block.line("Uuid", list.id);
    block.optional("Name", list.name.as_deref());
    block.optional("Detail", list.detail.as_deref());
    block.line("DlTable", list.table_name());
    variables(block, &list.variables);
    stamps(block, &list.stamps);
}

const TRIES: [&str; NUMBERS_PER_TARGET] =
    ["TryCnt1", "TryCnt2", "TryCnt3", "TryCnt4", "TryCnt5", "TryCnt6", "TryCnt7", "TryCnt8"];

pub fn target(block: &mut Block, target: &Target) {
    let under_way = match target.state {
        TargetState::Dialing { dialing, campaign, plan } => Some((dialing, campaign, plan)),
        _ => None,
    };
    block.line("Uuid", target.id);
    block.line("DlmaUuid", target.list);
    block.optional("Name", target.name.as_deref());
    block.optional("Detail", target.detail.as_deref());
    block.line("Status", i32::from(under_way.is_some()));
    block.optional("UKey", target.user_key.as_deref());
    variables(block, &target.variables);
    block.optional("DialingUuid", under_way.map(|(dialing, _, _)| dialing));
    block.optional("DialingCampUuid", under_way.map(|(_, campaign, _)| campaign));
    block.optional("DialingPlanUuid", under_way.map(|(_, _, plan)| plan));
    for (name, number) in super::commands::NUMBER.iter().zip(&target.numbers) {
        block.optional(name, number.as_deref());
    }
    block.optional("Email", target.email.as_deref());
    for (name, tries) in TRIES.iter().zip(&target.tries) {
        block.line(name, tries);
    }
    block.line("ResDial", target.last.res_dial);
    block.optional("ResDialDetail", target.last.disposition);
    block.line("ResHangup", target.last.res_hangup);
    block.optional("ResHangupDetail", target.last.res_hangup_detail.as_deref());
    block.optional("UData", target.user_data.as_deref());
    stamps(block, &target.stamps);
}

/// All but `TmDelete`, the last line: a live dialing has none.
pub fn dialing(block: &mut Block, dialing: &Dialing) {
    let copy = &dialing.copy;
    let (exten, context, application, data) = match &copy.route {
        Route::Extension { context, exten, .. } => (Some(exten), Some(context), None, None),
        Route::Application { name, data } => {
            (None, None, Some(name), (!data.is_empty()).then_some(data))
        }
    };
    block.line("Uuid", dialing.id);
    block.line("Status", dialing.status as i32);
    block.line("CampUuid", dialing.campaign);
    block.line("PlanUuid", dialing.plan);
    block.line("DlmaUuid", dialing.list);
    block.line("DestUuid", dialing.destination);
    block.line("DlListUuid", dialing.target);
    block.optional("CurrentQueue", dialing.queue.as_deref());
    block.optional("CurrentAgent", dialing.agent.as_deref());
    block.line("DialIndex", dialing.number_index);
    block.line("DialAddr", &dialing.number);
    block.line("DialChannel", copy.dial_channel());
    block.line("DialTryCnt", dialing.try_count);
    block.line("DialTimeout", copy.timeout_ms);
    block.line("DialType", dial_type(&copy.route));
    block.optional("DialExten", exten);
    block.optional("DialContext", context);
    block.optional("DialApplication", application);
    block.optional("DialData", data);
    variables(block, &copy.variables);
    block.optional("ChannelName", dialing.channel_name.as_deref());
    block.line("ResDial", dialing.res_dial);
    block.optional("ResAmd", dialing.amd.as_ref().map(|(status, _)| status));
    block.optional("ResAmdDetail", dialing.amd.as_ref().map(|(_, cause)| cause));
    block.line("ResHangup", dialing.res_hangup);
    block.optional("ResHangupDetail", dialing.res_hangup_detail.as_deref());
    let said = dialing.outcome.map(|outcome| outcome.disposition);
    block.optional("Disposition", dialing.disposition.or(said));
    block.optional("CallBackAt", dialing.outcome.and_then(|outcome| outcome.call_back_at));
    block.line("TmCreate", dialing.claimed_at);
    block.optional("TmUpdate", dialing.updated_at);
}

/// A target that an agent looks at.
pub fn offer(block: &mut Block, state: OfferState, offer: &Offer) {
    let target = &offer.target;
    block.line("Uuid", offer.id);
    block.line("State", state.name());
    block.line("CampUuid", offer.campaign);
    block.line("PlanUuid", offer.plan);
    block.line("DlmaUuid", offer.list);
    block.line("DlListUuid", target.id);
    block.line("Agent", &offer.agent.interface);
    block.line("AgentName", &offer.agent.name);
    block.line("DialIndex", offer.number_at + 1);
    block.optional("DialAddr", offer.number());
    block.line("DialTryCnt", offer.try_count());
    block.optional("Name", target.name.as_deref());
    block.optional("Detail", target.detail.as_deref());
    block.optional("UKey", target.user_key.as_deref());
    block.optional("UData", target.user_data.as_deref());
    block.optional("Email", target.email.as_deref());
    variables(block, &target.variables);
    let dialing = match state {
        OfferState::Accepted(dialing) => Some(dialing),
        _ => None,
    };
    block.optional("DialingUuid", dialing);
    block.line("TmOffer", offer.made_at);
    block.line("TmUntil", offer.until);
}

fn variables(block: &mut Block, variables: &Variables) {
    if variables.is_empty() {
        block.optional("Variable", None::<&str>);
    }
    for (name, value) in variables.iter() {
        block.line("Variable", format_args!("{name}={value}"));
    }
}

fn stamps(block: &mut Block, stamps: &Stamps) {
    block.line("TmCreate", stamps.create);
    block.optional("TmDelete", stamps.delete);
    block.optional("TmUpdate", stamps.update);
}
