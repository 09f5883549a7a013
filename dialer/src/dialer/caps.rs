//! The caps of plans and trunks, and what the machine has left: whether a campaign may
//! dial now, when it may, and what holds it back.

use super::{Dialer, Ready, Settings, Switch, TrunkStatus};
use crate::domain::{control, CallEnd, Dialing, DialingId, DialingStatus, Plan, PlanId, Timestamp};
use crate::pacing::{BackOff, CallMeter, Gate, Headroom, Sign, Turn};
use std::collections::HashMap;
use std::time::Duration;

/// How old a look at the machine may be.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Calls that may go out between two looks at the machine.
const CALLS_PER_LOOK: usize = 1_000;

/// A trunk, by its place among those that were ever used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrunkAt(usize);

struct Trunk {
    name: String,
    gate: Gate,
    back_off: BackOff,
    meter: CallMeter,
}

#[derive(Default)]
struct PlanCap {
    gate: Gate,
    trunk: Option<TrunkAt>,
}

/// What the caps of a plan and its trunk count.
#[derive(Default)]
pub(super) struct Caps {
    plans: HashMap<PlanId, PlanCap>,
    trunks: Vec<Trunk>,
    by_name: HashMap<String, TrunkAt>,
}

impl Caps {
    /// Takes a plan's caps over, those of its trunk as well.
    pub(super) fn put(&mut self, plan: &Plan, settings: &Settings, now: Timestamp) {
        let trunk = plan.trunk.as_deref().map(|name| self.trunk_named(name, settings, now));
        let cap = self.plans.entry(plan.id).or_default();
        cap.gate.configure(plan.max_dialings, plan.calls_per_second, now);
        cap.trunk = trunk;
    }

    pub(super) fn remove(&mut self, plan: PlanId) {
        self.plans.remove(&plan);
    }

    fn trunk_named(&mut self, name: &str, settings: &Settings, now: Timestamp) -> TrunkAt {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let mut trunk = Trunk {
            name: name.to_owned(),
            gate: Gate::default(),
            back_off: BackOff::default(),
            meter: CallMeter::default(),
        };
        trunk.configure(settings, now);
        let at = TrunkAt(self.trunks.len());
        self.trunks.push(trunk);
        self.by_name.insert(name.to_owned(), at);
        at
    }

    pub(super) fn configure(&mut self, settings: &Settings, now: Timestamp) {
        self.trunks.iter_mut().for_each(|trunk| trunk.configure(settings, now));
    }

    /// The clock was set back: rates begin anew.
    pub(super) fn restart(&mut self, now: Timestamp) {
        self.plans.values_mut().for_each(|plan| plan.gate.restart(now));
        for trunk in &mut self.trunks {
            trunk.gate.restart(now);
            trunk.back_off.restart(now);
        }
    }

    /// How many calls a plan may place now.
    pub(super) fn room(&self, plan: PlanId, now: Timestamp) -> usize {
        let Some(cap) = self.plans.get(&plan) else { return usize::MAX };
        let of_trunk = self
            .trunk(cap.trunk)
            .map_or(usize::MAX, |trunk| trunk.gate.room(now).min(trunk.back_off.room(now)));
        cap.gate.room(now).min(of_trunk)
    }

    /// From when on a plan may place a call; `None`: not before one has ended.
    pub(super) fn opens_at(&self, plan: PlanId) -> Option<Timestamp> {
        let Some(cap) = self.plans.get(&plan) else { return Some(Timestamp(i64::MIN)) };
        let own = cap.gate.opens_at()?;
        match self.trunk(cap.trunk) {
            Some(trunk) => Some(own.max(trunk.gate.opens_at()?).max(trunk.back_off.opens_at())),
            None => Some(own),
        }
    }

    /// What of a plan's caps, or those of its trunk, leaves no call now.
    pub(super) fn closed_by(&self, plan: &Plan, now: Timestamp) -> Option<String> {
        let cap = self.plans.get(&plan.id)?;
        let label = plan.name.as_deref().map_or_else(|| plan.id.to_string(), str::to_owned);
        if let (true, Some(most)) = (cap.gate.is_full(), cap.gate.max_live()) {
            return Some(format!(
                "all {most} dialings that MaxDialings of plan {label} allows are live"
            ));
        }
        let trunk = self.trunk(cap.trunk);
        if let Some(trunk) = trunk {
            let name = &trunk.name;
            if let (true, Some(most)) = (trunk.gate.is_full(), trunk.gate.max_live()) {
                return Some(format!(
                    "all {most} dialings that max_dialings of the trunk {name} allows are live"
                ));
            }
            if let Some((pace, since)) = trunk.back_off.pace() {
                return Some(format!(
                    "the trunk {name} backs off after congestion: {pace} calls per second since \
                     {since}"
                ));
            }
        }
        if let (0, Some(rate)) = (cap.gate.room(now), cap.gate.per_second()) {
            return Some(format!(
                "CallsPerSecond of plan {label}, which is {rate}, leaves no call just now"
            ));
        }
        let trunk = trunk.filter(|trunk| trunk.gate.room(now) == 0)?;
        let rate = trunk.gate.per_second()?;
        let name = &trunk.name;
        Some(format!("calls_per_second of the trunk {name}, which is {rate}, leaves none just now"))
    }

    fn trunk(&self, at: Option<TrunkAt>) -> Option<&Trunk> {
        at.and_then(|at| self.trunks.get(at.0))
    }

    /// A call goes out; tells over which trunk.
    pub(super) fn claimed(&mut self, plan: PlanId, now: Timestamp) -> Option<TrunkAt> {
        let cap = self.plans.get_mut(&plan)?;
        cap.gate.enter(now);
        let at = cap.trunk?;
        let trunk = self.trunks.get_mut(at.0)?;
        trunk.gate.enter(now);
        trunk.back_off.count(now);
        trunk.meter.count(now);
        Some(at)
    }

    /// Counts a call that was up before. Its trunk is the plan's of today.
    pub(super) fn readmit(&mut self, plan: PlanId) -> Option<TrunkAt> {
        let cap = self.plans.get_mut(&plan)?;
        cap.gate.readmit();
        let trunk = self.trunks.get_mut(cap.trunk?.0)?;
        trunk.gate.readmit();
        cap.trunk
    }

    pub(super) fn ended(&mut self, plan: PlanId, trunk: Option<TrunkAt>) {
        if let Some(cap) = self.plans.get_mut(&plan) {
            cap.gate.leave();
        }
        if let Some(trunk) = trunk.and_then(|at| self.trunks.get_mut(at.0)) {
            trunk.gate.leave();
        }
    }

    /// What a call tells of its trunk.
    pub(super) fn learn(
        &mut self,
        at: Option<TrunkAt>,
        sign: Sign,
        sent: Timestamp,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(trunk) = at.and_then(|at| self.trunks.get_mut(at.0)) else { return };
        let Some(turn) = trunk.back_off.learn(sign, sent, now, &trunk.meter) else { return };
        let name = &trunk.name;
        ready.notices.push(match turn {
            Turn::Began(pace) => format!(
                "The trunk {name} refuses calls for congestion and backs off: {pace} calls per \
                 second"
            ),
            Turn::Normal => format!("The trunk {name} takes calls again: it is back to normal"),
        });
    }

    /// Trunks that have calls, had some lately, or back off.
    pub(super) fn status(&self, now: Timestamp) -> Vec<TrunkStatus> {
        let of = |trunk: &Trunk| TrunkStatus {
            name: trunk.name.clone(),
            live: trunk.gate.live(),
            max_live: trunk.gate.max_live(),
            calls_lately: trunk.meter.calls(now),
            calls_per_second: trunk.gate.per_second(),
            back_off: trunk.back_off.pace(),
        };
        let is_used = |trunk: &TrunkStatus| {
            trunk.live > 0 || trunk.calls_lately > 0 || trunk.back_off.is_some()
        };
        let mut used: Vec<_> = self.trunks.iter().map(of).filter(is_used).collect();
        used.sort_by(|one, other| one.name.cmp(&other.name));
        used
    }
}

impl Trunk {
    fn configure(&mut self, settings: &Settings, now: Timestamp) {
        let wanted = settings.trunks.get(&self.name).cloned().unwrap_or_default();
        self.gate.configure(wanted.max_dialings, wanted.calls_per_second, now);
        self.back_off.configure(wanted.back_off);
    }
}

/// The last look at the machine.
#[derive(Default)]
pub(super) struct Look {
    at: Option<Timestamp>,
    calls_since: usize,
    pub(super) headroom: Headroom,
}

impl Look {
    /// The next look is a new one.
    pub(super) fn forget(&mut self) {
        self.at = None;
    }

    pub(super) fn take(&mut self) {
        self.calls_since += 1;
        self.headroom.take();
    }

    /// When the machine is to be looked at because there is no room left.
    pub(super) fn opens_at(&self) -> Timestamp {
        match (self.headroom.ceiling(), self.at) {
            (Some(_), Some(at)) => at + LOOK_EVERY,
            _ => Timestamp(i64::MIN),
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let is_young = self.at.is_some_and(|at| now < at + LOOK_EVERY);
        is_young && self.calls_since < CALLS_PER_LOOK
    }
}

impl Dialer {
    /// Looks at the machine, if the last look is too old.
    pub(super) fn look_at_machine(&mut self, switch: &dyn Switch, now: Timestamp) {
        if self.look.is_fresh(now) {
            return;
        }
        let (mut ringing, mut unplaced) = (0, 0);
        for live in self.dialings.values().filter(|live| !live.dialing.is_answered()) {
            ringing += 1;
            unplaced += usize::from(live.dialing.status < DialingStatus::DialBegin);
        }
        let headroom = Headroom::of(&switch.vitals(), &self.settings.reserves, ringing, unplaced);
        self.look = Look { at: Some(now), calls_since: 0, headroom };
    }

    /// A call begins. If it has begun before, the far end has sent it elsewhere: its
    /// trunk took it on, and what becomes of it now says nothing of that trunk.
    pub(super) fn sent_elsewhere(&mut self, id: DialingId, now: Timestamp, ready: &mut Ready) {
        let Some(live) = self.dialings.get_mut(&id) else { return };
        if live.dialing.begun_at.is_some() {
            live.is_forwarded = true;
            let dialing = live.dialing.clone();
            self.went_through(&dialing, now, ready);
        }
    }

    /// A call went through as far as its network: that is good news of its trunk.
    pub(super) fn went_through(&mut self, dialing: &Dialing, now: Timestamp, ready: &mut Ready) {
        let Some(live) = self.dialings.get_mut(&dialing.id) else { return };
        if !std::mem::replace(&mut live.has_told, true) {
            self.caps.learn(live.trunk, Sign::Through, dialing.claimed_at, now, ready);
        }
    }
}

/// Whether a control frame says that the far end has taken the call on.
pub(super) fn is_through(frame: i32) -> bool {
    matches!(frame, control::RINGING | control::PROGRESS | control::ANSWER)
}

/// What the end of a call says of its trunk, if anything.
pub(super) fn sign(end: &CallEnd) -> Option<Sign> {
    match end.is_congestion() {
        true => Some(Sign::Refused),
        false => end.is_of_network().then_some(Sign::Through),
    }
}
