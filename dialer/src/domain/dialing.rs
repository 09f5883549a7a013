//! The dialing: one number dialled once, from the claim to the hangup.

use super::disposition::MACHINE;
use super::{
    Agent, ByFailure, CallEnd, CallForward, Campaign, CampaignId, Destination, DestinationId,
    DialList, DialListId, DialMode, DialingId, Disposition, Outcome, Plan, PlanId, RetryRule,
    Route, Target, TargetId, Timestamp, Variables,
};
use crate::limits::NUMBERS_PER_TARGET;
use std::sync::Arc;

/// `Status` of a dialing, with the numbers of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DialingStatus {
    /// Claimed; nothing has been asked of Asterisk yet.
    None = 0,
    /// The call engine was asked to place it.
    OriginateRequested = 1,
    /// The channel exists and the call is on its way.
    DialBegin = 3,
    /// It was answered and handed over to its destination.
    OriginateResponded = 6,
    /// The channel is gone.
    Hangup = 7,
    /// It ended by an error of this side (an interruption).
    Error = 10,
    /// No channel could be had, or the call could not be sent.
    RequestFailed = 11,
    /// It was answered, but its destination could not be started.
    ResponseFailed = 13,
}

impl DialingStatus {
    pub const ALL: [DialingStatus; 8] = [
        DialingStatus::None,
        DialingStatus::OriginateRequested,
        DialingStatus::DialBegin,
        DialingStatus::OriginateResponded,
        DialingStatus::Hangup,
        DialingStatus::Error,
        DialingStatus::RequestFailed,
        DialingStatus::ResponseFailed,
    ];

    pub fn from_code(code: i64) -> Option<DialingStatus> {
        Self::ALL.into_iter().find(|status| *status as i64 == code)
    }

    pub fn name(self) -> &'static str {
        match self {
            DialingStatus::None => "none",
            DialingStatus::OriginateRequested => "originate requested",
            DialingStatus::DialBegin => "dial begin",
            DialingStatus::OriginateResponded => "answered",
            DialingStatus::Hangup => "hangup",
            DialingStatus::Error => "error",
            DialingStatus::RequestFailed => "request failed",
            DialingStatus::ResponseFailed => "response failed",
        }
    }
}

/// The call's own copy of plan, list, destination and target: what is changed
/// later does not touch a call that is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct CallCopy {
    pub tech: String,
    /// What the technology is given: `number@trunk`.
    pub address: String,
    pub timeout_ms: u32,
    pub call_forward: CallForward,
    pub caller_id: Option<String>,
    pub route: Route,
    /// Mode redirect: the dialplan may send it on when its destination is done with it.
    pub may_redirect: bool,
    /// What AMD has to hear first, if anything.
    pub screening: Option<Screening>,
    /// Where it goes if no agent is there in time.
    pub harbour: Option<Route>,
    pub plan_variables: Variables,
    pub list_variables: Variables,
    pub destination_variables: Variables,
    pub target_variables: Variables,
    /// User-to-user information, if the plan names a field for it and the target has it.
    pub user_to_user: Option<String>,
    pub retry_delay_s: u32,
    pub max_tries: [u32; NUMBERS_PER_TARGET],
    pub retries: ByFailure<RetryRule>,
    /// Whether it is a call back that was promised.
    pub promised: bool,
    pub campaign_name: Option<String>,
    pub person: Person,
    /// The whole records as one JSON object (`info_camp`, `info_plan`, …), if the
    /// configuration wants them in the results.
    pub info: Option<String>,
    /// Variables of the channel: plan < list < destination < target.
    pub variables: Variables,
}

/// What AMD has to hear first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// Arguments of the application `AMD`.
    pub data: String,
    /// Where machines go; `None`: they are hung up.
    pub machines: Option<Route>,
}

/// Whom a call is for: what its dialplan may want to know of the target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    pub name: Option<String>,
    pub detail: Option<String>,
    pub user_key: Option<String>,
    pub user_data: Option<String>,
    pub email: Option<String>,
    pub numbers: [Option<String>; NUMBERS_PER_TARGET],
    /// Tries of all numbers, with this one.
    pub tries: u32,
}

impl Person {
    /// As the target is before the call is claimed.
    fn of(target: &Target) -> Person {
        Person {
            name: target.name.clone(),
            detail: target.detail.clone(),
            user_key: target.user_key.clone(),
            user_data: target.user_data.clone(),
            email: target.email.clone(),
            numbers: target.numbers.clone(),
            tries: target.tries_in_all() + 1,
        }
    }
}

impl CallCopy {
    /// A copy of nothing but where it goes.
    #[cfg(test)]
    pub(super) fn test(tech: &str, address: &str) -> CallCopy {
        CallCopy {
            tech: tech.to_owned(),
            address: address.to_owned(),
            timeout_ms: 30_000,
            call_forward: CallForward::Follow,
            caller_id: None,
            route: Route::Application { name: "Wait".to_owned(), data: String::new() },
            may_redirect: false,
            screening: None,
            harbour: None,
            plan_variables: Variables::default(),
            list_variables: Variables::default(),
            destination_variables: Variables::default(),
            target_variables: Variables::default(),
            user_to_user: None,
            retry_delay_s: 0,
            max_tries: [1; NUMBERS_PER_TARGET],
            retries: RetryRule::defaults(),
            promised: false,
            campaign_name: None,
            person: Person::default(),
            info: None,
            variables: Variables::default(),
        }
    }

    /// With the variables of the channel, which come of the four others.
    pub fn with_variables(mut self) -> CallCopy {
        self.variables = self.plan_variables.clone();
        self.variables.merge(&self.list_variables);
        self.variables.merge(&self.destination_variables);
        self.variables.merge(&self.target_variables);
        self
    }

    /// Technology and address as one text, as the wire shows it (`DialChannel`).
    pub fn dial_channel(&self) -> String {
        format!("{}/{}", self.tech, self.address)
    }
}

/// One number dialled once.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialing {
    pub id: DialingId,
    pub status: DialingStatus,
    pub campaign: CampaignId,
    pub plan: PlanId,
    pub list: DialListId,
    pub destination: DestinationId,
    pub target: TargetId,
    /// Which of the target's numbers: 1 … 8.
    pub number_index: u32,
    pub number: String,
    /// Which try of this number: 1 is the first.
    pub try_count: u32,
    /// Shared by all that is told of this dialing.
    pub copy: Arc<CallCopy>,
    /// `Uniqueid` of the second channel, where the technology makes two (Local).
    pub other_channel: uuid::Uuid,
    pub channel_name: Option<String>,
    pub res_dial: i32,
    pub res_hangup: i32,
    pub res_hangup_detail: Option<String>,
    pub tech_cause: Option<i32>,
    pub amd: Option<(String, String)>,
    /// The queue that it was sent into.
    pub queue: Option<String>,
    /// Who took it: the agent's channel or interface.
    pub agent: Option<String>,
    /// When an agent took it.
    pub connected_at: Option<Timestamp>,
    /// When it was abandoned: a person had answered, and no agent was free in time.
    pub abandoned_at: Option<Timestamp>,
    pub disposition: Option<Disposition>,
    /// What the network alone says that became of it.
    pub network: Option<Disposition>,
    /// What somebody at the call said that became of it.
    pub outcome: Option<Outcome>,
    pub claimed_at: Timestamp,
    pub updated_at: Option<Timestamp>,
    /// When the call was on its way.
    pub begun_at: Option<Timestamp>,
    /// When it was answered, or ended without an answer.
    pub dial_ended_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// What a dialing is made of.
pub struct DialingParts<'a> {
    pub campaign: &'a Campaign,
    pub plan: &'a Plan,
    pub list: &'a DialList,
    pub destination: &'a Destination,
    pub target: &'a Target,
    /// Which of the target's numbers, counted from 0.
    pub number_at: usize,
    /// The plan's [`Pacing::safe_harbour`](super::Pacing::safe_harbour).
    pub harbour: Option<&'a Destination>,
    /// The plan's [`ScreeningOptions::machines`](super::ScreeningOptions::machines).
    pub machines: Option<&'a Destination>,
    /// Whether it is dialled for agents.
    pub has_agents: bool,
    /// The one agent whom it is dialled for.
    pub agent: Option<&'a Agent>,
}

/// How long the telephone of an agent rings for whom a call was dialled, in seconds.
const AGENT_RINGS_S: u32 = 30;

impl DialingParts<'_> {
    /// Where it goes when it is answered. A queue could give it to anybody: with one agent
    /// in mind it goes past the queue.
    fn route(&self) -> Option<Route> {
        let route = self.destination.route().ok()?;
        Some(match (self.agent, route.queue()) {
            (Some(agent), Some(_)) => Route::Application {
                name: "Dial".to_owned(),
                data: format!("{},{AGENT_RINGS_S}", agent.interface),
            },
            _ => route,
        })
    }

    fn screening(&self) -> Option<Screening> {
        let options = &self.plan.screening;
        options.on.then(|| Screening {
            data: options.data.clone().unwrap_or_default(),
            machines: route_of(self.machines),
        })
    }
}

/// Where a destination leads, if it is complete.
fn route_of(destination: Option<&Destination>) -> Option<Route> {
    destination.and_then(|destination| destination.route().ok())
}

impl Dialing {
    /// A claim on one number of a target. The try counts already: `target` is as
    /// it was before.
    pub fn claim(
        id: DialingId,
        other_channel: uuid::Uuid,
        parts: &DialingParts<'_>,
        now: Timestamp,
    ) -> Option<Dialing> {
        let DialingParts { campaign, plan, list, destination, target, number_at, .. } = *parts;
        let number = target.numbers[number_at].clone()?;
        let (tech, address) = plan.route_to(&number)?;
        let route = parts.route()?;
        let queue = route.queue().map(str::to_owned);
        let mut copy = CallCopy {
            tech,
            address,
            timeout_ms: plan.ring_timeout_ms(parts.has_agents),
            call_forward: plan.call_forward,
            caller_id: plan.caller_id.clone(),
            route,
            may_redirect: plan.mode == DialMode::Redirect,
            screening: parts.screening(),
            harbour: route_of(parts.harbour),
            plan_variables: plan.variables.clone(),
            list_variables: list.variables.clone(),
            destination_variables: destination.variables.clone(),
            target_variables: target.variables.clone(),
            user_to_user: None,
            retry_delay_s: plan.retry_delay_s,
            max_tries: plan.max_tries,
            retries: plan.retries,
            promised: target.call_back == Some(number_at as u32 + 1),
            campaign_name: campaign.name.clone(),
            person: Person::of(target),
            info: None,
            variables: Variables::default(),
        }
        .with_variables();
        copy.user_to_user =
            plan.uui_field.as_deref().and_then(|field| target_field(target, &copy, field));
        Some(Dialing {
            id,
            status: DialingStatus::None,
            campaign: campaign.id,
            plan: plan.id,
            list: list.id,
            destination: destination.id,
            target: target.id,
            number_index: number_at as u32 + 1,
            number,
            try_count: target.tries[number_at] + 1,
            copy: Arc::new(copy),
            other_channel,
            channel_name: None,
            res_dial: 0,
            res_hangup: 0,
            res_hangup_detail: None,
            tech_cause: None,
            amd: None,
            queue,
            agent: parts.agent.map(|agent| agent.interface.clone()),
            connected_at: None,
            abandoned_at: None,
            disposition: None,
            network: None,
            outcome: None,
            claimed_at: now,
            updated_at: None,
            begun_at: None,
            dial_ended_at: None,
            ended_at: None,
        })
    }

    /// Takes over how the call ended. Whoever was left without an agent was abandoned,
    /// whatever the network says.
    pub fn end(&mut self, mut end: CallEnd, now: Timestamp) {
        end.amd = end.amd.or(self.amd.take());
        let network = Disposition::of(&end);
        let is_abandoned = self.abandoned_at.is_some()
            && self.connected_at.is_none()
            && network != Disposition::Machine;
        let heard = if is_abandoned { Disposition::Abandoned } else { network };
        // What only an answered call can be is not said of one that nobody answered.
        self.outcome = self.outcome.filter(|o| end.answered || !o.disposition.needs_answer());
        self.status = match network {
            Disposition::Interrupted => DialingStatus::Error,
            _ if end.by == super::EndedBy::NotPlaced => DialingStatus::RequestFailed,
            _ if end.by == super::EndedBy::NotHandedOver => DialingStatus::ResponseFailed,
            _ => DialingStatus::Hangup,
        };
        self.res_dial = end.res_dial();
        self.res_hangup = end.cause;
        self.res_hangup_detail = Some(match network {
            Disposition::Interrupted => "Asterisk ended during the call".to_owned(),
            _ => end.cause_text,
        });
        self.tech_cause = end.tech_cause;
        self.amd = end.amd;
        self.network = Some(network);
        self.disposition = Some(self.outcome.map_or(heard, |outcome| outcome.disposition));
        self.dial_ended_at.get_or_insert(now);
        self.ended_at = Some(now);
        self.updated_at = Some(now);
    }

    /// Whether it was answered by nobody who was then reached: a machine, or a person
    /// who was abandoned.
    pub fn is_lost(&self) -> bool {
        let is_machine = self.amd.as_ref().is_some_and(|(status, _)| status == MACHINE);
        is_machine || (self.abandoned_at.is_some() && self.connected_at.is_none())
    }

    /// Whether it was answered and has not ended.
    pub fn is_answered(&self) -> bool {
        self.status == DialingStatus::OriginateResponded
    }
}

/// A field of the target by its header's name, else one of the call's variables.
fn target_field(target: &Target, copy: &CallCopy, field: &str) -> Option<String> {
    let fields = [
        ("Name", &target.name),
        ("Detail", &target.detail),
        ("UKey", &target.user_key),
        ("UData", &target.user_data),
        ("Email", &target.email),
    ];
    match fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(field)) {
        Some((_, value)) => value.clone(),
        None => copy.variables.value(field).map(str::to_owned),
    }
}
