//! Calls: which target is dialled now, and what becomes of each dialing.

use super::callers::Stage;
use super::caps::{is_through, sign, TrunkAt};
use super::teams::Staff;
use super::{
    CallEvent, CallOrder, Dialer, Event, LiveDialing, Ready, ResultLine, Switch, What, World,
};
use crate::domain::{
    control, Agent, CallEnd, CampaignId, CampaignStatus, Counted, DestinationId, DialListId,
    Dialing, DialingId, DialingParts, DialingStatus, Disposition, DoneReason, EndedBy, FailureKind,
    LastResult, PlanId, Target, TargetState, Timestamp,
};
use crate::limits::{PROMISE_TRIES, TARGETS_PER_LOOK};
use crate::pacing::predictive::Seen;
use crate::pacing::{share, Sign};
use crate::store::{StoreError, Write};
use crate::surface::result;
use std::sync::Arc;
use std::time::Duration;

/// How long a campaign waits after its list could not be read.
const LOOK_AFTER_FAULT: Duration = Duration::from_secs(1);

impl Dialer {
    /// Time goes on, but no call may be placed: those that are up are cared for.
    pub(super) fn wait(&mut self, now: Timestamp, ready: &mut Ready) {
        self.shelter(now, ready);
        self.end_offers(now, ready);
    }

    /// Starts and stops campaigns by their schedules, and lets each started one
    /// dial its share of what the caps and its agents leave.
    pub(super) fn tick(&mut self, world: &mut World<'_>, ready: &mut Ready) {
        self.shelter(world.now, ready);
        self.keep_schedules(world, ready);
        let now = world.now;
        // What this step changes is not in the store yet: those lists are for the next tick.
        let mut lists = self.end_offers(now, ready);
        let turns = self.turns(world.switch, now, ready);
        if turns.is_empty() {
            return;
        }
        self.look_at_machine(world.switch, now);
        for (at, (id, plan, list)) in turns.iter().enumerate() {
            // Those before it may have used up what its caps and agents had left.
            let most = self.caps.room(*plan, now).min(self.free(now));
            if most == 0 {
                continue;
            }
            let rivals = self.rivals(*id, &turns[at..]);
            self.count_targets(*id, *list, world);
            let room = self.pace(*id, most, rivals, now, ready);
            if room == 0 {
                continue;
            }
            if !lists.insert(*list) {
                continue;
            }
            let free = self.free(now).min(TARGETS_PER_LOOK);
            if free == 0 {
                return;
            }
            self.take_turn(*id);
            let most = share(free, turns.len() - at).min(room);
            self.dial(*id, *list, most, world, ready);
            if ready.fault.is_some() {
                return;
            }
        }
    }

    /// Campaigns that want to look at their list now and whose caps leave room, with
    /// plan and list; first the one that has waited longest for its turn. Of those that
    /// share a team, the one that had less of it comes first.
    fn turns(
        &mut self,
        switch: &dyn Switch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Vec<(CampaignId, PlanId, DialListId)> {
        let wants = self.campaigns.values().filter(|campaign| {
            campaign.record.status == CampaignStatus::Start
                && campaign.look_at.is_some_and(|at| at <= now)
                && campaign.pace_at <= now
        });
        let mut turns: Vec<_> = wants
            .filter_map(|c| Some((c.last_turn, c.record.id, c.record.plan?, c.record.list?)))
            .filter(|(_, _, plan, _)| self.caps.room(*plan, now) > 0)
            .collect();
        turns.sort_unstable();
        let mut turns: Vec<_> =
            turns.into_iter().map(|(_, id, plan, list)| (id, plan, list)).collect();
        for (id, ..) in &turns {
            self.staff(*id, switch, ready);
        }
        self.put_less_served_first(&mut turns);
        turns
    }

    fn take_turn(&mut self, id: CampaignId) {
        self.turns += 1;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.last_turn = self.turns;
        }
    }

    /// What the caps of all campaigns leave: live dialings, calls per second, and what
    /// the machine has left.
    fn free(&self, now: Timestamp) -> usize {
        let live = self.settings.max_dialings.saturating_sub(self.dialings.len());
        let machine = self.look.headroom.room.unwrap_or(usize::MAX);
        live.min(machine).min(self.rate.allowance(now))
    }

    /// Dials up to `most` targets of a campaign.
    fn dial(
        &mut self,
        id: CampaignId,
        list: DialListId,
        most: usize,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) {
        let now = world.now;
        let targets = match world.targets.ready(list, now, most) {
            Ok(targets) => targets,
            Err(error) => return self.pause(id, error, now, ready),
        };
        let list_is_dry = targets.is_empty();
        match self.previews(id) {
            true => self.offer(id, targets, now, ready),
            false => targets.into_iter().for_each(|target| {
                self.claim(id, target, None, now, ready);
            }),
        }
        if list_is_dry {
            self.rest(id, list, world, ready);
        }
    }

    /// The list has nothing to dial just now: when will it have, if ever?
    fn rest(&mut self, id: CampaignId, list: DialListId, world: &mut World<'_>, ready: &mut Ready) {
        let read = world
            .targets
            .counts(list)
            .and_then(|counts| world.targets.next_due(list).map(|due| (counts, due)));
        let (counts, due) = match read {
            Ok(read) => read,
            Err(error) => return self.pause(id, error, world.now, ready),
        };
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.look_at = due;
        }
        let work_left = counts.available() + counts.dialing > 0;
        self.end_if_worked_off(id, work_left, world, ready);
    }

    /// The list could not be read: it is looked at again after a while.
    fn pause(&mut self, id: CampaignId, error: StoreError, now: Timestamp, ready: &mut Ready) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.look_at = Some(now + LOOK_AFTER_FAULT);
        }
        ready.fault = Some(error);
    }

    /// Claims a target and asks for its call; or finds that no try is left.
    pub(super) fn claim(
        &mut self,
        id: CampaignId,
        mut target: Target,
        agent: Option<&Agent>,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Option<DialingId> {
        let campaign = self.campaigns.get(&id)?;
        let record = &campaign.record;
        let plan = record.plan.and_then(|id| self.plans.get(&id))?;
        let destination = record.destination.and_then(|id| self.destinations.get(&id))?;
        let list = record.list.and_then(|id| self.lists.get(&id))?;
        let Some(number_at) = target.next_try(&plan.max_tries, &plan.retries) else {
            exhaust(target, ready);
            return None;
        };

        let find = |id: Option<DestinationId>| id.and_then(|id| self.destinations.get(&id));
        let parts = DialingParts {
            campaign: record,
            plan,
            list,
            destination,
            target: &target,
            number_at,
            harbour: find(plan.pacing.safe_harbour),
            machines: find(plan.screening.machines),
            has_agents: matches!(campaign.staff, Staff::Team(_)),
            agent,
        };
        let (new_id, other) = (self.ids.next_id(now), self.ids.next_id(now));
        let Some(mut dialing) = Dialing::claim(DialingId(new_id), other, &parts, now) else {
            let why = StoreError::new(format!(
                "campaign {id} has a plan or destination that cannot dial"
            ));
            self.pause(id, why, now, ready);
            return None;
        };
        let claimed = dialing.id;
        if self.settings.result_info {
            let info = result::info(&parts, &dialing);
            Arc::make_mut(&mut dialing.copy).info = Some(info);
        }
        target.tries[number_at] += 1;
        target.call_back = None;
        target.state = TargetState::Dialing { dialing: dialing.id, campaign: id, plan: plan.id };
        target.last.dialed_at = Some(now);

        let plan = plan.id;
        self.rate.take(1, now);
        self.meter.count(now);
        self.look.take();
        self.count(id, Counted::Dialed, now, ready);
        let trunk = self.caps.claimed(plan, now);
        let campaign = self.campaigns.get_mut(&id).expect("it was found above");
        campaign.live += 1;
        campaign.unanswered += 1;
        self.announce_claim(dialing, target, trunk, now, ready);
        Some(claimed)
    }

    fn announce_claim(
        &mut self,
        dialing: Dialing,
        target: Target,
        trunk: Option<TrunkAt>,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let created = Arc::new(dialing);
        let mut dialing = (*created).clone();
        dialing.status = DialingStatus::OriginateRequested;
        dialing.updated_at = Some(dialing.claimed_at);
        let (dialing, target) = (Arc::new(dialing), Arc::new(target));
        ready.writes.push(Write::Claim(dialing.clone(), target.clone()));
        ready.events.push(Event::Dialing(What::Created, created));
        ready.events.push(Event::Target(What::Updated, target.clone()));
        ready.events.push(Event::Dialing(What::Updated, dialing.clone()));
        ready.calls.push(CallOrder::Place(dialing.clone()));
        let (id, campaign) = (dialing.id, dialing.campaign);
        self.dialings.insert(id, LiveDialing::new(dialing, target, trunk));
        self.coming(id, campaign, now);
    }

    /// A call went on.
    pub(super) fn call_event(&mut self, event: CallEvent, now: Timestamp, ready: &mut Ready) {
        match event {
            CallEvent::Begun { dialing, channel_name } => {
                self.sent_elsewhere(dialing, now, ready);
                self.change(dialing, ready, |dialing| {
                    dialing.status = DialingStatus::DialBegin;
                    dialing.channel_name = Some(channel_name);
                    // A call that was forwarded begins once more, on another channel.
                    dialing.begun_at.get_or_insert(now);
                    dialing.updated_at = Some(now);
                });
            }
            CallEvent::Progress { dialing, control: frame } => {
                // Visible in OutDialingShow; Asterisk itself tells it to AMI (DialState).
                if let Some(live) = self.dialings.get_mut(&dialing) {
                    Arc::make_mut(&mut live.dialing).res_dial = frame;
                    let told = live.dialing.clone();
                    if is_through(frame) {
                        self.went_through(&told, now, ready);
                    }
                    if frame == control::RINGING {
                        self.pacer_sees(told.campaign, told.id, now, |call| Seen::Rings { call });
                    }
                }
            }
            CallEvent::Answered { dialing } => self.answered(dialing, now, ready),
            CallEvent::Screened { dialing, status, cause } => {
                self.screened(dialing, (status, cause), now, ready);
            }
            CallEvent::Connected { dialing, agent } => self.connected(dialing, agent, now, ready),
            CallEvent::Sheltered { dialing } => self.sheltered(dialing, now, ready),
            CallEvent::Ended { dialing, end } => self.ended(dialing, end, now, ready),
        }
    }

    fn answered(&mut self, id: DialingId, now: Timestamp, ready: &mut Ready) {
        let changed = self.change(id, ready, |dialing| {
            dialing.status = DialingStatus::OriginateResponded;
            dialing.res_dial = control::ANSWER;
            dialing.dial_ended_at = Some(now);
            dialing.updated_at = Some(now);
        });
        let Some(dialing) = changed else { return };
        self.went_through(&dialing, now, ready);
        ready.writes.push(Write::Answered(dialing.clone()));
        if let Some(campaign) = self.campaigns.get_mut(&dialing.campaign) {
            campaign.unanswered = campaign.unanswered.saturating_sub(1);
        }
        self.answered_for_team(id, now, ready);
        self.settle(dialing.campaign, now, ready);
    }

    /// Changes a live dialing and tells of it.
    pub(super) fn change(
        &mut self,
        id: DialingId,
        ready: &mut Ready,
        change: impl FnOnce(&mut Dialing),
    ) -> Option<Arc<Dialing>> {
        let live = self.dialings.get_mut(&id)?;
        change(Arc::make_mut(&mut live.dialing));
        ready.events.push(Event::Dialing(What::Updated, live.dialing.clone()));
        Some(live.dialing.clone())
    }

    fn ended(&mut self, id: DialingId, end: CallEnd, now: Timestamp, ready: &mut Ready) {
        self.leaves_team(id, &end, now, ready);
        self.accepted_call_ended(id, now);
        let Some(live) = self.dialings.remove(&id) else { return };
        let was_answered = live.dialing.is_answered();
        let (campaign, list) = (live.dialing.campaign, live.dialing.list);
        self.caps.ended(live.dialing.plan, live.trunk);
        let tells = |sign: &Sign| !live.is_forwarded && (*sign == Sign::Refused || !live.has_told);
        if let Some(sign) = sign(&end).filter(tells) {
            self.caps.learn(live.trunk, sign, live.dialing.claimed_at, now, ready);
        }
        close(live, end, now, ready);
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.live = campaign.live.saturating_sub(1);
            if !was_answered {
                campaign.unanswered = campaign.unanswered.saturating_sub(1);
            }
        }
        self.look_again(now, |record| record.list == Some(list));
        self.settle(campaign, now, ready);
    }
}

impl LiveDialing {
    pub(super) fn new(
        dialing: Arc<Dialing>,
        target: Arc<Target>,
        trunk: Option<TrunkAt>,
    ) -> LiveDialing {
        LiveDialing {
            dialing,
            target,
            trunk,
            has_told: false,
            is_forwarded: false,
            team: None,
            stage: Stage::Dialed,
        }
    }
}

/// A target of which no try is left.
pub(super) fn exhaust(mut target: Target, ready: &mut Ready) {
    target.state = TargetState::Done(DoneReason::Exhausted);
    target.call_back = None;
    let target = Arc::new(target);
    ready.writes.push(Write::Progress(target.clone()));
    ready.events.push(Event::Target(What::Updated, target));
}

/// Closes a dialing: its result, what it means for its target, and the events of both.
pub(super) fn close(live: LiveDialing, end: CallEnd, now: Timestamp, ready: &mut Ready) {
    let LiveDialing { mut dialing, mut target, .. } = live;
    let (by, answered) = (end.by, end.answered);
    Arc::make_mut(&mut dialing).end(end, now);
    let reached = answered && !dialing.is_lost();

    let failure = dialing.disposition.and_then(FailureKind::of);
    let record = Arc::make_mut(&mut target);
    let is_call_back = dialing.outcome.is_some_and(|o| o.disposition == Disposition::CallBack);
    let is_promised = is_call_back || is_still_promised(&dialing, by, reached);
    if let Some(kind) = failure {
        let tries = &mut record.failures[kind as usize];
        *tries = tries.saturating_add(1);
    }
    record.call_back = is_promised.then_some(dialing.number_index);
    record.state = state_after(&dialing, record, reached, failure, now);
    record.last = LastResult {
        res_dial: dialing.res_dial,
        res_hangup: dialing.res_hangup,
        res_hangup_detail: dialing.res_hangup_detail.clone(),
        disposition: dialing.disposition,
        dialed_at: Some(dialing.claimed_at),
        ended_at: Some(now),
    };

    let line = ResultLine::of(&dialing);
    ready.writes.push(Write::End(dialing.clone(), target.clone()));
    ready.events.push(Event::Dialing(What::Updated, dialing.clone()));
    ready.events.push(Event::Target(What::Updated, target));
    ready.events.push(Event::Dialing(What::Deleted, dialing));
    ready.results.push(line);
}

/// A promised call that never reached the network, or that we broke off, is still owed;
/// but not for ever.
fn is_still_promised(dialing: &Dialing, by: EndedBy, reached: bool) -> bool {
    let at = dialing.number_index.saturating_sub(1) as usize;
    let allowed = dialing.copy.max_tries.get(at).copied().unwrap_or(0);
    dialing.copy.promised
        && !reached
        && dialing.outcome.is_none()
        && matches!(by, EndedBy::NotPlaced | EndedBy::Interruption | EndedBy::Cancel)
        && dialing.try_count < allowed.saturating_add(PROMISE_TRIES)
}

/// Where a target stands after a dialing: reached, to be tried again, or out of tries.
/// What somebody at the call said comes before what the network says.
fn state_after(
    dialing: &Dialing,
    target: &Target,
    reached: bool,
    failure: Option<FailureKind>,
    now: Timestamp,
) -> TargetState {
    let said = dialing.outcome.map(|outcome| outcome.disposition);
    match said {
        Some(Disposition::DoNotCall) => return TargetState::Done(DoneReason::DoNotCall),
        Some(Disposition::Answered) => return TargetState::Done(DoneReason::Answered),
        None if reached => return TargetState::Done(DoneReason::Answered),
        _ => {}
    }
    if let Some(at) = dialing.outcome.and_then(|outcome| outcome.call_back_at) {
        return if at > now { TargetState::Waiting(at) } else { TargetState::Ready };
    }
    let copy = &dialing.copy;
    if target.next_try(&copy.max_tries, &copy.retries).is_none() {
        return TargetState::Done(DoneReason::Exhausted);
    }
    let own_delay_s = failure.and_then(|kind| copy.retries[kind as usize].delay_s);
    match own_delay_s.unwrap_or(copy.retry_delay_s) {
        0 => TargetState::Ready,
        delay_s => TargetState::Waiting(now + Duration::from_secs(u64::from(delay_s))),
    }
}
