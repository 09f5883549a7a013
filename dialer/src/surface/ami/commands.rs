//! Actions that change something, read into commands.

use super::fields::Fields;
use crate::dialer::{Command, ListReset, Refusal};
use crate::domain::{
    parse_date, parse_dates, parse_days, parse_time, parse_time_zone, ByFailure, CallBackTime,
    CallForward, CampaignId, CampaignPatch, Change, DestinationId, DestinationKind,
    DestinationPatch, DialListId, DialListPatch, DialMode, DialingId, Disposition, ListEnd,
    OutcomePatch, PacingPatch, PlanId, PlanPatch, RetryPatch, ScheduleMode, SchedulePatch,
    ScreeningPatch, StatusRequest, TargetId, TargetPatch,
};
use crate::limits::{
    ABANDON_AFTER_MS, ABANDON_TARGET, CALLS_PER_SECOND, CAPACITY, DIAL_TIMEOUT_MS, LINES_PER_AGENT,
    MAX_DIALINGS, MIN_RING_MS, NUMBERS_PER_TARGET, PREVIEW_TIMEOUT_S, PRIORITY, RETRY_DELAY_S,
    SERVICE_LEVEL, TEXT_BYTES, TRIES_PER_FAILURE, TRIES_PER_NUMBER, TRUNK_CHARACTERS, VALUE_BYTES,
};

type Result<T> = std::result::Result<T, Refusal>;

/// The command of an action, and the noun of its success message.
pub fn parse(action: &str, fields: &Fields<'_>) -> Result<(&'static str, Command)> {
    let object = |kind| fields.required_object("Uuid", kind);
    let campaign = || object("campaign").map(CampaignId);
    let plan = || object("plan").map(PlanId);
    let destination = || object("destination").map(DestinationId);
    let list = || object("dlma").map(DialListId);
    let target = || object("dl_list").map(TargetId);
    Ok(match action {
        "OutCampaignCreate" => ("Campaign", Command::CreateCampaign(campaign_patch(fields)?)),
        "OutCampaignUpdate" => {
            let status = status_request(fields)?;
            let patch = CampaignPatch { status, ..campaign_patch(fields)? };
            ("Campaign", Command::UpdateCampaign(campaign()?, patch))
        }
        "OutCampaignDelete" => ("Campaign", Command::DeleteCampaign(campaign()?)),
        "OutPlanCreate" => ("Plan", Command::CreatePlan(plan_patch(fields)?)),
        "OutPlanUpdate" => ("Plan", Command::UpdatePlan(plan()?, plan_patch(fields)?)),
        "OutPlanDelete" => ("Plan", Command::DeletePlan(plan()?)),
        "OutDestinationCreate" => {
            ("Destination", Command::CreateDestination(destination_patch(fields)?))
        }
        "OutDestinationUpdate" => {
            ("Destination", Command::UpdateDestination(destination()?, destination_patch(fields)?))
        }
        "OutDestinationDelete" => ("Destination", Command::DeleteDestination(destination()?)),
        "OutDlmaCreate" => ("Dlma", Command::CreateList(list_patch(fields)?)),
        "OutDlmaUpdate" => ("Dlma", Command::UpdateList(list()?, list_patch(fields)?)),
        "OutDlmaDelete" => ("Dlma", Command::DeleteList(list()?)),
        "OutDlListCreate" => {
            let list = match fields.reference("DlmaUuid", "dlma")? {
                Change::Set(list) => DialListId(list),
                _ => return Err(Refusal::of("DlmaUuid", "is required")),
            };
            ("Dl list", Command::CreateTarget(list, target_patch(fields)?))
        }
        "OutDlListUpdate" => ("Dl list", Command::UpdateTarget(target()?, target_patch(fields)?)),
        "OutDlListDelete" => ("Dl list", Command::DeleteTarget(target()?)),
        "OutDialingUpdate" => {
            let id = object("dialing").map(DialingId)?;
            let patch = outcome_patch(fields)?;
            if patch == OutcomePatch::default() {
                return Err(Refusal::of("Disposition", "is required, or CallBackAt"));
            }
            ("Dialing", Command::SetOutcome(id, patch))
        }
        _ => return Err(Refusal::because("Unknown action")),
    })
}

fn plan_patch(fields: &Fields<'_>) -> Result<PlanPatch> {
    let mut max_tries: [Change<u32>; NUMBERS_PER_TARGET] = Default::default();
    for (change, (name, shown)) in max_tries.iter_mut().zip(MAX_RETRY) {
        *change = match fields.number(name, TRIES_PER_NUMBER)? {
            Change::Keep => fields.number(shown, TRIES_PER_NUMBER)?,
            given => given,
        };
    }
    Ok(PlanPatch {
        name: fields.text("Name", TEXT_BYTES)?,
        detail: fields.text("Detail", TEXT_BYTES)?,
        mode: fields.code("DialMode", "0 to 6", DialMode::from_code)?,
        dial_timeout_ms: fields.number("DialTimeout", DIAL_TIMEOUT_MS)?,
        caller_id: fields.text("CallerId", TEXT_BYTES)?,
        list_end: fields.code("DlEndHandle", "0 or 1", ListEnd::from_code)?,
        retry_delay_s: fields.number("RetryDelay", RETRY_DELAY_S)?,
        trunk: fields.token("TrunkName", TRUNK_CHARACTERS)?,
        tech: fields.checked(
            "TechName",
            TEXT_BYTES,
            "a technology such as PJSIP/",
            is_technology,
        )?,
        service_level: fields.number("ServiceLevel", SERVICE_LEVEL)?,
        call_forward: fields.code("CallForward", "0 or 1", CallForward::from_code)?,
        uui_field: fields.token("UuiField", "_-")?,
        max_dialings: fields.number("MaxDialings", MAX_DIALINGS)?,
        calls_per_second: fields.number("CallsPerSecond", CALLS_PER_SECOND)?,
        max_tries,
        pacing: pacing_patch(fields)?,
        screening: screening_patch(fields)?,
        retries: retry_patches(fields)?,
        variables: fields.variables()?,
    })
}

fn pacing_patch(fields: &Fields<'_>) -> Result<PacingPatch> {
    Ok(PacingPatch {
        lines_per_agent: fields.hundredths("LinesPerAgent", LINES_PER_AGENT)?,
        abandon_target: fields.hundredths("AbandonTarget", ABANDON_TARGET)?,
        abandon_after_ms: fields.number("AbandonAfter", ABANDON_AFTER_MS)?,
        safe_harbour: ids(fields.reference("SafeHarbour", "destination")?, DestinationId),
        min_ring_ms: fields.number("MinRing", MIN_RING_MS)?,
        preview_timeout_s: fields.number("PreviewTimeout", PREVIEW_TIMEOUT_S)?,
    })
}

fn screening_patch(fields: &Fields<'_>) -> Result<ScreeningPatch> {
    let is_on = |code| match code {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    Ok(ScreeningPatch {
        on: fields.code("Amd", "0 or 1", is_on)?,
        data: fields.text("AmdData", TEXT_BYTES)?,
        machines: ids(fields.reference("MachineDest", "destination")?, DestinationId),
    })
}

fn retry_patches(fields: &Fields<'_>) -> Result<ByFailure<RetryPatch>> {
    let mut patches: ByFailure<RetryPatch> = Default::default();
    for (patch, (delay, tries)) in patches.iter_mut().zip(RETRY) {
        patch.delay_s = fields.number(delay, RETRY_DELAY_S)?;
        patch.max_tries = fields.number(tries, TRIES_PER_FAILURE)?;
    }
    Ok(patches)
}

/// Delay and tries after each kind of failure.
pub const RETRY: ByFailure<(&str, &str)> = [
    ("RetryDelayBusy", "MaxRetryBusy"),
    ("RetryDelayNoAnswer", "MaxRetryNoAnswer"),
    ("RetryDelayCongestion", "MaxRetryCongestion"),
    ("RetryDelayMachine", "MaxRetryMachine"),
    ("RetryDelayAbandoned", "MaxRetryAbandoned"),
    ("RetryDelayFailed", "MaxRetryFailed"),
];

/// Names on input, and those of the output, which are taken too.
const MAX_RETRY: [(&str, &str); NUMBERS_PER_TARGET] = [
    ("MaxRetry1", "MaxRetryCnt1"),
    ("MaxRetry2", "MaxRetryCnt2"),
    ("MaxRetry3", "MaxRetryCnt3"),
    ("MaxRetry4", "MaxRetryCnt4"),
    ("MaxRetry5", "MaxRetryCnt5"),
    ("MaxRetry6", "MaxRetryCnt6"),
    ("MaxRetry7", "MaxRetryCnt7"),
    ("MaxRetry8", "MaxRetryCnt8"),
];

pub const NUMBER: [&str; NUMBERS_PER_TARGET] =
    ["Number1", "Number2", "Number3", "Number4", "Number5", "Number6", "Number7", "Number8"];

fn is_technology(text: &str) -> bool {
    let name = text.strip_suffix('/').unwrap_or(text);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn destination_patch(fields: &Fields<'_>) -> Result<DestinationPatch> {
    Ok(DestinationPatch {
        name: fields.text("Name", TEXT_BYTES)?,
        detail: fields.text("Detail", TEXT_BYTES)?,
        kind: fields.code("Type", "0 or 1", DestinationKind::from_code)?,
        exten: fields.token("Exten", "_-+*#.")?,
        context: fields.token("Context", "_-.")?,
        priority: fields.number("Priority", PRIORITY)?,
        variables: fields.variables()?,
        application: fields.token("Application", "_")?,
        data: fields.text("Data", VALUE_BYTES)?,
        capacity: fields.number("Capacity", CAPACITY)?,
    })
}

fn list_patch(fields: &Fields<'_>) -> Result<DialListPatch> {
    Ok(DialListPatch {
        name: fields.text("Name", TEXT_BYTES)?,
        detail: fields.text("Detail", TEXT_BYTES)?,
        variables: fields.variables()?,
    })
}

/// What an action, or a row of a file, says of a target.
pub fn target_patch(fields: &Fields<'_>) -> Result<TargetPatch> {
    let mut numbers: [Change<String>; NUMBERS_PER_TARGET] = Default::default();
    for (change, name) in numbers.iter_mut().zip(NUMBER) {
        *change = fields.telephone(name)?;
    }
    let has_at = |text: &str| text.contains('@') && !text.contains(char::is_whitespace);
    Ok(TargetPatch {
        name: fields.text("Name", TEXT_BYTES)?,
        detail: fields.text("Detail", TEXT_BYTES)?,
        user_key: fields.text("UKey", TEXT_BYTES)?,
        user_data: fields.text("UData", TEXT_BYTES)?,
        email: fields.checked(
            "Email",
            TEXT_BYTES,
            "an address such as name@example.com",
            has_at,
        )?,
        variables: fields.target_variables()?,
        numbers,
    })
}

/// `Status` is a header of the update only: a campaign is created stopped.
fn status_request(fields: &Fields<'_>) -> Result<Option<StatusRequest>> {
    const ALLOWED: &str = "0, 1, 2, 10, 11, 12 or 30";
    match fields.code("Status", ALLOWED, StatusRequest::from_code)? {
        Change::Keep => Ok(None),
        Change::Clear => Err(Refusal::of("Status", format!("is empty; allowed is {ALLOWED}"))),
        Change::Set(request) => Ok(Some(request)),
    }
}

fn campaign_patch(fields: &Fields<'_>) -> Result<CampaignPatch> {
    Ok(CampaignPatch {
        name: fields.text("Name", TEXT_BYTES)?,
        detail: fields.text("Detail", TEXT_BYTES)?,
        status: None,
        plan: ids(fields.reference("Plan", "plan")?, PlanId),
        list: ids(fields.reference("Dlma", "dlma")?, DialListId),
        destination: ids(fields.reference("Dest", "destination")?, DestinationId),
        schedule: schedule_patch(fields)?,
        next: ids(fields.reference("NextCampaign", "campaign")?, CampaignId),
    })
}

fn schedule_patch(fields: &Fields<'_>) -> Result<SchedulePatch> {
    let date = |name| {
        fields.checked(name, TEXT_BYTES, "a date YYYY-MM-DD", |text| parse_date(text).is_some())
    };
    let time = |name| {
        let allowed = "a time hh:mm:ss, 00:00:00 to 23:59:59";
        fields.checked(name, TEXT_BYTES, allowed, |text| parse_time(text).is_some())
    };
    let dates = |name| {
        let allowed = "dates YYYY-MM-DD, separated by commas";
        fields.checked(name, VALUE_BYTES, allowed, |text| parse_dates(text).is_some())
    };
    Ok(SchedulePatch {
        mode: fields.code("ScMode", "0 (off) or 1 (on)", ScheduleMode::from_code)?,
        time_start: time("ScTimeStart")?,
        time_end: time("ScTimeEnd")?,
        date_start: date("ScDateStart")?,
        date_end: date("ScDateEnd")?,
        date_list: dates("ScDateList")?,
        date_list_except: dates("ScDateListExcept")?,
        day_list: fields.checked(
            "ScDayList",
            TEXT_BYTES,
            "days 0 (Sunday) to 6 (Saturday), separated by commas",
            |text| parse_days(text).is_some(),
        )?,
        time_zone: fields.checked(
            "ScTimezone",
            TEXT_BYTES,
            "a time zone of the IANA database such as Europe/Berlin",
            |name| parse_time_zone(name).is_some(),
        )?,
    })
}

/// What a call is to count as.
pub fn outcome_patch(fields: &Fields<'_>) -> Result<OutcomePatch> {
    let time = || "+SECONDS, or a time of RFC 3339 such as 2026-11-21T15:30:00+01:00".to_owned();
    Ok(OutcomePatch {
        disposition: fields.read("Disposition", Disposition::names, Disposition::from_name)?,
        call_back_at: fields.read("CallBackAt", time, CallBackTime::parse)?,
    })
}

/// Which targets of a list are to be reset.
pub fn reset(fields: &Fields<'_>) -> Result<(DialListId, ListReset)> {
    let list = DialListId(fields.required_object("Uuid", "dlma")?);
    let clear_tries = fields.code_word("Tries", &[("clear", true), ("keep", false)])?;
    let reset = ListReset {
        dispositions: fields.dispositions("Disposition")?,
        clear_tries: clear_tries.unwrap_or(true),
        ..ListReset::default()
    };
    Ok((list, reset))
}

fn ids<T, U>(change: Change<T>, id: impl FnOnce(T) -> U) -> Change<U> {
    match change {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(value) => Change::Set(id(value)),
    }
}
