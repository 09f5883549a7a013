//! The plan: how a campaign dials.

use super::{Change, DestinationId, Disposition, PlanId, Stamps, Timestamp, Variables};
use crate::limits::NUMBERS_PER_TARGET;
use std::time::Duration;

/// `DialMode`: who is called when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialMode {
    None = 0,
    Predictive = 1,
    Preview = 2,
    Power = 3,
    Robo = 4,
    Redirect = 5,
    Progressive = 6,
}

impl DialMode {
    pub const ALL: [DialMode; 7] = [
        DialMode::None,
        DialMode::Predictive,
        DialMode::Preview,
        DialMode::Power,
        DialMode::Robo,
        DialMode::Redirect,
        DialMode::Progressive,
    ];

    /// The mode of a number of the wire.
    pub fn from_code(code: i64) -> Option<DialMode> {
        Self::ALL.into_iter().find(|mode| *mode as i64 == code)
    }

    /// The mode's name, for messages.
    pub fn name(self) -> &'static str {
        match self {
            DialMode::None => "none",
            DialMode::Predictive => "predictive",
            DialMode::Preview => "preview",
            DialMode::Power => "power",
            DialMode::Robo => "robo",
            DialMode::Redirect => "redirect",
            DialMode::Progressive => "progressive",
        }
    }
}

/// `DlEndHandle`: what a campaign does when nothing is left to dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListEnd {
    /// Stays started and dials what is added.
    Keep = 0,
    /// Goes to stopping.
    Stop = 1,
}

impl ListEnd {
    pub fn from_code(code: i64) -> Option<ListEnd> {
        [ListEnd::Keep, ListEnd::Stop].into_iter().find(|end| *end as i64 == code)
    }
}

/// `CallForward`: what is done with a call that the far end sends elsewhere (SIP 302).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallForward {
    /// It has ended there.
    Refuse = 0,
    /// It is called where it was sent.
    Follow = 1,
}

impl CallForward {
    pub fn from_code(code: i64) -> Option<CallForward> {
        [CallForward::Refuse, CallForward::Follow].into_iter().find(|what| *what as i64 == code)
    }
}

/// How a plan calls as its agents can serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pacing {
    /// Mode power: lines per free agent, in hundredths.
    pub lines_per_agent: u32,
    /// Mode predictive: most abandoned of all live answers, in hundredths of a percent.
    pub abandon_target: u32,
    /// From the answer on: a person who has no agent by then is abandoned.
    pub abandon_after_ms: u32,
    /// Where an abandoned call goes; `None`: it goes on waiting.
    pub safe_harbour: Option<DestinationId>,
    /// How long a call rings at least before we give it up, with agents.
    pub min_ring_ms: u32,
    /// Mode preview: how long an agent may look at a target.
    pub preview_timeout_s: u32,
}

/// What a create or an update says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacingPatch {
    pub lines_per_agent: Change<u32>,
    pub abandon_target: Change<u32>,
    pub abandon_after_ms: Change<u32>,
    pub safe_harbour: Change<DestinationId>,
    pub min_ring_ms: Change<u32>,
    pub preview_timeout_s: Change<u32>,
}

impl Pacing {
    fn apply(&mut self, patch: PacingPatch) {
        let default = Pacing::default();
        patch.lines_per_agent.apply_or(&mut self.lines_per_agent, default.lines_per_agent);
        patch.abandon_target.apply_or(&mut self.abandon_target, default.abandon_target);
        patch.abandon_after_ms.apply_or(&mut self.abandon_after_ms, default.abandon_after_ms);
        patch.safe_harbour.apply_to(&mut self.safe_harbour);
        patch.min_ring_ms.apply_or(&mut self.min_ring_ms, default.min_ring_ms);
        patch.preview_timeout_s.apply_or(&mut self.preview_timeout_s, default.preview_timeout_s);
    }
}

impl Pacing {
    pub fn abandon_after(&self) -> Duration {
        Duration::from_millis(u64::from(self.abandon_after_ms))
    }
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing {
            lines_per_agent: 200,
            abandon_target: 300,
            abandon_after_ms: 2_000,
            safe_harbour: None,
            min_ring_ms: 15_000,
            preview_timeout_s: 60,
        }
    }
}

/// Whether AMD hears an answered call first, and where machines go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreeningOptions {
    pub on: bool,
    /// Arguments of the application `AMD`.
    pub data: Option<String>,
    /// Where machines go; `None`: they are hung up.
    pub machines: Option<DestinationId>,
}

/// What a create or an update says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreeningPatch {
    pub on: Change<bool>,
    pub data: Change<String>,
    pub machines: Change<DestinationId>,
}

impl ScreeningOptions {
    fn apply(&mut self, patch: ScreeningPatch) {
        patch.on.apply_or(&mut self.on, false);
        patch.data.apply_to(&mut self.data);
        patch.machines.apply_to(&mut self.machines);
    }
}

/// Why a dialing did not reach anybody, as far as retries differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    Busy,
    NoAnswer,
    Congestion,
    Machine,
    Abandoned,
    Failed,
}

impl FailureKind {
    pub const ALL: [FailureKind; 6] = [
        FailureKind::Busy,
        FailureKind::NoAnswer,
        FailureKind::Congestion,
        FailureKind::Machine,
        FailureKind::Abandoned,
        FailureKind::Failed,
    ];

    /// How it is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Busy => "busy",
            FailureKind::NoAnswer => "no answer",
            FailureKind::Congestion => "congestion",
            FailureKind::Machine => "machine",
            FailureKind::Abandoned => "abandoned",
            FailureKind::Failed => "failed",
        }
    }

    /// Which kind a disposition is; `None`: it is no failure, or not the call's own.
    pub fn of(disposition: Disposition) -> Option<FailureKind> {
        match disposition {
            Disposition::Busy => Some(FailureKind::Busy),
            Disposition::NoAnswer | Disposition::Unavailable => Some(FailureKind::NoAnswer),
            Disposition::Congestion => Some(FailureKind::Congestion),
            Disposition::Machine => Some(FailureKind::Machine),
            Disposition::Abandoned => Some(FailureKind::Abandoned),
            Disposition::Rejected
            | Disposition::Unallocated
            | Disposition::NoRoute
            | Disposition::NumberChanged
            | Disposition::Redirected
            | Disposition::InvalidNumber
            | Disposition::OutOfOrder
            | Disposition::Failed => Some(FailureKind::Failed),
            Disposition::Answered
            | Disposition::Canceled
            | Disposition::Interrupted
            | Disposition::CallBack
            | Disposition::DoNotCall => None,
        }
    }
}

/// How a target is tried again after one kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetryRule {
    /// `None`: the plan's `RetryDelay`.
    pub delay_s: Option<u32>,
    /// After so many of this kind the target is out of tries; `None`: no limit of its own.
    pub max_tries: Option<u32>,
}

/// One value for each [`FailureKind`], in the order of [`FailureKind::ALL`].
pub type ByFailure<T> = [T; FailureKind::ALL.len()];

impl RetryRule {
    /// Whoever was abandoned is left alone for three days.
    const AFTER_ABANDONED: RetryRule = RetryRule { delay_s: Some(259_200), max_tries: None };

    /// The rules of a plan that says nothing of them.
    pub fn defaults() -> ByFailure<RetryRule> {
        FailureKind::ALL.map(|kind| match kind {
            FailureKind::Abandoned => RetryRule::AFTER_ABANDONED,
            _ => RetryRule::default(),
        })
    }
}

/// What a create or an update says of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetryPatch {
    pub delay_s: Change<u32>,
    pub max_tries: Change<u32>,
}

impl RetryRule {
    /// An empty delay sets the kind's default again.
    fn apply(&mut self, patch: RetryPatch, default: RetryRule) {
        match patch.delay_s {
            Change::Keep => {}
            Change::Clear => self.delay_s = default.delay_s,
            Change::Set(delay_s) => self.delay_s = Some(delay_s),
        }
        patch.max_tries.apply_to(&mut self.max_tries);
    }
}

/// How a campaign dials: mode, timeout, retries, trunk, caller id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub id: PlanId,
    pub name: Option<String>,
    pub detail: Option<String>,
    pub mode: DialMode,
    /// How long a call may go unanswered.
    pub dial_timeout_ms: u32,
    /// `"Name" <number>` or a number.
    pub caller_id: Option<String>,
    pub list_end: ListEnd,
    /// From the end of a dialing to the next try of its target.
    pub retry_delay_s: u32,
    pub trunk: Option<String>,
    /// Technology with its slash: `PJSIP/`.
    pub tech: Option<String>,
    /// Dialings beyond the free agents.
    pub service_level: u32,
    pub call_forward: CallForward,
    /// Target field or variable that is delivered as user-to-user information.
    pub uui_field: Option<String>,
    /// Live dialings of all campaigns with this plan; `None`: no cap of its own.
    pub max_dialings: Option<u32>,
    /// Dialings started in a second, of all campaigns with this plan.
    pub calls_per_second: Option<u32>,
    /// Tries of each number in all.
    pub max_tries: [u32; NUMBERS_PER_TARGET],
    pub pacing: Pacing,
    pub screening: ScreeningOptions,
    pub retries: ByFailure<RetryRule>,
    pub variables: Variables,
    pub stamps: Stamps,
}

/// What a create or an update says of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanPatch {
    pub name: Change<String>,
    pub detail: Change<String>,
    pub mode: Change<DialMode>,
    pub dial_timeout_ms: Change<u32>,
    pub caller_id: Change<String>,
    pub list_end: Change<ListEnd>,
    pub retry_delay_s: Change<u32>,
    pub trunk: Change<String>,
    pub tech: Change<String>,
    pub service_level: Change<u32>,
    pub call_forward: Change<CallForward>,
    pub uui_field: Change<String>,
    pub max_dialings: Change<u32>,
    pub calls_per_second: Change<u32>,
    pub max_tries: [Change<u32>; NUMBERS_PER_TARGET],
    pub pacing: PacingPatch,
    pub screening: ScreeningPatch,
    pub retries: ByFailure<RetryPatch>,
    pub variables: Change<Variables>,
}

impl Plan {
    /// A plan of documented defaults.
    pub fn new(id: PlanId, now: Timestamp) -> Plan {
        Plan {
            id,
            name: None,
            detail: None,
            mode: DialMode::Predictive,
            dial_timeout_ms: 30_000,
            caller_id: None,
            list_end: ListEnd::Stop,
            retry_delay_s: 60,
            trunk: None,
            tech: None,
            service_level: 0,
            call_forward: CallForward::Refuse,
            uui_field: None,
            max_dialings: None,
            calls_per_second: None,
            max_tries: [5; NUMBERS_PER_TARGET],
            pacing: Pacing::default(),
            screening: ScreeningOptions::default(),
            retries: RetryRule::defaults(),
            variables: Variables::default(),
            stamps: Stamps::new(now),
        }
    }

    pub fn apply(&mut self, patch: PlanPatch) {
        let default = Plan::new(self.id, self.stamps.create);
        patch.name.apply_to(&mut self.name);
        patch.detail.apply_to(&mut self.detail);
        patch.mode.apply_or(&mut self.mode, default.mode);
        patch.dial_timeout_ms.apply_or(&mut self.dial_timeout_ms, default.dial_timeout_ms);
        patch.caller_id.apply_to(&mut self.caller_id);
        patch.list_end.apply_or(&mut self.list_end, default.list_end);
        patch.retry_delay_s.apply_or(&mut self.retry_delay_s, default.retry_delay_s);
        patch.trunk.apply_to(&mut self.trunk);
        patch.tech.apply_to(&mut self.tech);
        patch.service_level.apply_or(&mut self.service_level, default.service_level);
        patch.call_forward.apply_or(&mut self.call_forward, default.call_forward);
        patch.uui_field.apply_to(&mut self.uui_field);
        patch.max_dialings.apply_to(&mut self.max_dialings);
        patch.calls_per_second.apply_to(&mut self.calls_per_second);
        for (change, place) in patch.max_tries.into_iter().zip(&mut self.max_tries) {
            change.apply_or(place, 5);
        }
        self.pacing.apply(patch.pacing);
        self.screening.apply(patch.screening);
        for ((rule, patch), default) in
            self.retries.iter_mut().zip(patch.retries).zip(default.retries)
        {
            rule.apply(patch, default);
        }
        patch.variables.apply_or(&mut self.variables, Variables::default());
    }

    /// Whether the plan can dial; if not, the header at fault and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.mode == DialMode::None {
            return Err(("DialMode", "is 0 (none)".to_owned()));
        }
        match self.tech {
            Some(_) => Ok(()),
            None => Err(("TechName", "is not set".to_owned())),
        }
    }

    /// The destinations that it refers to, by the header of each.
    pub fn destinations(&self) -> [(&'static str, Option<DestinationId>); 2] {
        [("SafeHarbour", self.pacing.safe_harbour), ("MachineDest", self.screening.machines)]
    }

    /// Takes away its references to a destination; tells whether there were any.
    pub fn forget(&mut self, destination: DestinationId) -> bool {
        let places = [&mut self.pacing.safe_harbour, &mut self.screening.machines];
        let mut had_any = false;
        for place in places {
            if *place == Some(destination) {
                *place = None;
                had_any = true;
            }
        }
        had_any
    }

    /// How long a call may go unanswered. Those who are called for agents have time to
    /// come to the telephone.
    pub fn ring_timeout_ms(&self, has_agents: bool) -> u32 {
        let least = if has_agents { self.pacing.min_ring_ms } else { 0 };
        self.dial_timeout_ms.max(least)
    }

    /// Technology and address of a call to `number`: (`PJSIP`, `number@trunk`).
    ///
    /// `sip/` means PJSIP: the channel driver of that name is gone from Asterisk.
    /// A SIP URI goes over a PJSIP trunk as `trunk/sip:user@host`.
    pub fn route_to(&self, number: &str) -> Option<(String, String)> {
        let tech = self.tech.as_deref()?.trim_end_matches('/');
        let is_sip = tech.eq_ignore_ascii_case("sip") || tech.eq_ignore_ascii_case("pjsip");
        let tech = if is_sip { "PJSIP" } else { tech };
        let is_uri = number.starts_with("sip:") || number.starts_with("sips:");
        let address = match &self.trunk {
            Some(trunk) if is_uri && tech == "PJSIP" => format!("{trunk}/{number}"),
            Some(trunk) => format!("{number}@{trunk}"),
            None => number.to_owned(),
        };
        Some((tech.to_owned(), address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn plan() -> Plan {
        Plan::new(PlanId(Uuid::from_u128(1)), Timestamp(0))
    }

    #[test]
    fn route() {
        let mut plan = plan();
        assert_eq!(plan.route_to("300"), None);
        plan.tech = Some("sip/".into());
        assert_eq!(plan.route_to("300"), Some(("PJSIP".into(), "300".into())));
        plan.tech = Some("Local/".into());
        plan.trunk = Some("callee".into());
        assert_eq!(plan.route_to("300"), Some(("Local".into(), "300@callee".into())));
    }

    #[test]
    fn route_of_a_sip_uri() {
        let mut plan = plan();
        plan.tech = Some("PJSIP/".into());
        plan.trunk = Some("trunk".into());
        let route = plan.route_to("sip:a@example.com");
        assert_eq!(route, Some(("PJSIP".into(), "trunk/sip:a@example.com".into())));
    }

    #[test]
    fn clear_goes_back_to_the_default() {
        let mut plan = plan();
        plan.apply(PlanPatch {
            name: Change::Set("a".into()),
            dial_timeout_ms: Change::Set(1_000),
            ..PlanPatch::default()
        });
        assert_eq!((plan.name.as_deref(), plan.dial_timeout_ms), (Some("a"), 1_000));
        plan.apply(PlanPatch {
            name: Change::Clear,
            dial_timeout_ms: Change::Clear,
            ..PlanPatch::default()
        });
        assert_eq!((plan.name, plan.dial_timeout_ms), (None, 30_000));
    }

    #[test]
    fn retry_rules_of_one_kind() {
        let mut plan = plan();
        let (busy, abandoned) = (FailureKind::Busy as usize, FailureKind::Abandoned as usize);
        assert_eq!(plan.retries[abandoned].delay_s, Some(72 * 3_600));
        let mut patch = PlanPatch::default();
        patch.retries[busy] = RetryPatch { delay_s: Change::Set(5), max_tries: Change::Set(2) };
        patch.retries[abandoned].delay_s = Change::Set(0);
        plan.apply(patch);
        assert_eq!(plan.retries[busy], RetryRule { delay_s: Some(5), max_tries: Some(2) });
        assert_eq!(plan.retries[abandoned].delay_s, Some(0));
        let mut patch = PlanPatch::default();
        patch.retries[busy].delay_s = Change::Clear;
        patch.retries[abandoned].delay_s = Change::Clear;
        plan.apply(patch);
        let mut wanted = RetryRule::defaults();
        wanted[busy].max_tries = Some(2);
        assert_eq!(plan.retries, wanted);
    }

    #[test]
    fn every_kind_of_failure_has_its_place() {
        for (at, kind) in FailureKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
        }
    }
}
