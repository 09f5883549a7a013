//! Mode preview: each free agent is offered a target to look at, and says whether it is
//! called.
//!
//! An offered target waits, in the store too, for as long as the agent may look at it. So
//! nobody else calls it meanwhile, and if everything ends in between, it is ready again.

use super::teams::{Staff, TeamAt};
use super::{Dialer, Event, Ready, Refusal, Reply, What};
use crate::domain::{
    Agent, CampaignId, CampaignStatus, DialListId, DialMode, DialingId, Offer, OfferId, OfferState,
    Target, TargetId, TargetState, Timestamp,
};
use crate::store::Write;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Said of an offer that is not there.
const NO_OFFER: &str = "No such preview: it has ended, or there never was one";

/// All offers.
#[derive(Default)]
pub(super) struct Previews {
    offers: BTreeMap<OfferId, Arc<Offer>>,
    by_target: HashMap<TargetId, OfferId>,
    /// Offers whose agents are not free any more.
    gone: HashSet<OfferId>,
    /// Calls that agents have accepted, each with the agent's interface.
    accepted: HashMap<DialingId, String>,
    /// Agents who let an offer pass, and from when on they get one again.
    resting: HashMap<String, Timestamp>,
}

impl Previews {
    fn add(&mut self, offer: &Arc<Offer>) {
        self.by_target.insert(offer.target.id, offer.id);
        self.offers.insert(offer.id, offer.clone());
    }

    fn remove(&mut self, id: OfferId) -> Option<Arc<Offer>> {
        let offer = self.offers.remove(&id)?;
        self.by_target.remove(&offer.target.id);
        self.gone.remove(&id);
        Some(offer)
    }

    /// The clock was set back: nobody rests until a time of the other one.
    pub(super) fn rewind(&mut self) {
        self.resting.clear();
    }

    /// The offer of a target.
    pub(super) fn of_target(&self, target: TargetId) -> Option<&Arc<Offer>> {
        self.offers.get(self.by_target.get(&target)?)
    }
}

impl Dialer {
    /// How many agents of a team may be offered a target now.
    pub(super) fn offers_wanted(&self, team: TeamAt) -> usize {
        let of_team = self.previews.offers.values().filter(|o| o.team == *self.teams.name(team));
        let open = of_team.count() + self.teams.status(team).coming;
        self.teams.free(team).saturating_sub(open).min(self.agents_to_ask(team).len())
    }

    /// Free agents of a team who look at nothing yet and have no call on its way, those
    /// with the lowest penalty first.
    fn agents_to_ask(&self, team: TeamAt) -> Vec<Agent> {
        let looking = self.previews.offers.values().map(|offer| offer.agent.interface.as_str());
        let called_for = self.previews.accepted.values().map(String::as_str);
        let taken: HashSet<&str> = looking.chain(called_for).collect();
        let mut agents = self.teams.free_agents(team);
        agents.retain(|agent| {
            let name = agent.interface.as_str();
            !taken.contains(name) && !self.previews.resting.contains_key(name)
        });
        agents.sort_by_key(|agent| agent.penalty);
        agents
    }

    /// Whether a campaign offers its targets before it calls them.
    pub(super) fn previews(&self, id: CampaignId) -> bool {
        let plan = self.campaigns.get(&id).and_then(|campaign| campaign.record.plan);
        let plan = plan.and_then(|plan| self.plans.get(&plan));
        plan.is_some_and(|plan| plan.mode == DialMode::Preview)
    }

    /// Offers targets to the agents of a campaign, one each.
    pub(super) fn offer(
        &mut self,
        id: CampaignId,
        targets: Vec<Target>,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(Staff::Team(team)) = self.campaigns.get(&id).map(|campaign| campaign.staff) else {
            return;
        };
        let mut agents = self.agents_to_ask(team).into_iter();
        for mut target in targets {
            let Some(campaign) = self.campaigns.get(&id) else { return };
            let Some(plan) = campaign.record.plan.and_then(|id| self.plans.get(&id)) else {
                return;
            };
            let Some(number_at) = target.next_try(&plan.max_tries, &plan.retries) else {
                super::calls::exhaust(target, ready);
                continue;
            };
            let Some(agent) = agents.next() else { return };
            let until = now + Duration::from_secs(u64::from(plan.pacing.preview_timeout_s));
            target.state = TargetState::Waiting(until);
            let offer = Arc::new(Offer {
                id: OfferId(self.ids.next_id(now)),
                campaign: id,
                plan: plan.id,
                list: target.list,
                target: Arc::new(target),
                number_at,
                team: self.teams.name(team).clone(),
                agent,
                made_at: now,
                until,
            });
            put_target(&offer.target, ready);
            ready.events.push(Event::Preview(OfferState::Offered, offer.clone()));
            self.previews.add(&offer);
        }
    }

    /// When offers have to be looked at; `None`: not before another input.
    pub(super) fn previews_at(&self) -> Option<Timestamp> {
        let previews = &self.previews;
        let ends_at = |offer: &Arc<Offer>| match self.stands(offer, self.seen) {
            true => offer.until,
            false => self.seen,
        };
        let offers = previews.offers.values().map(ends_at);
        offers.chain(previews.resting.values().copied()).min()
    }

    /// Whether an offer still stands, but for its time.
    fn stands(&self, offer: &Offer, now: Timestamp) -> bool {
        let Some(campaign) = self.campaigns.get(&offer.campaign) else { return false };
        let is_same_team = match campaign.staff {
            Staff::Team(at) => *self.teams.name(at) == offer.team,
            // It is about to be found out.
            Staff::Unknown => true,
            Staff::Anyone => false,
        };
        let plan = self.plans.get(&offer.plan).filter(|plan| plan.mode == DialMode::Preview);
        let number_at = plan.and_then(|p| offer.target.next_try(&p.max_tries, &p.retries));
        is_same_team
            && number_at == Some(offer.number_at)
            && campaign.record.status == CampaignStatus::Start
            && campaign.record.plan == Some(offer.plan)
            && campaign.record.list == Some(offer.list)
            && !self.previews.gone.contains(&offer.id)
            // Unless the clock was set back.
            && offer.made_at <= now
    }

    /// Ends offers whose time is up, or that do not stand any more, and gives the lists of
    /// their targets; agents who have rested are asked again.
    pub(super) fn end_offers(&mut self, now: Timestamp, ready: &mut Ready) -> HashSet<DialListId> {
        let over =
            self.previews.offers.values().filter_map(|offer| match self.stands(offer, now) {
                false => Some((offer.id, offer.list, OfferState::Withdrawn)),
                true => {
                    (offer.until <= now).then_some((offer.id, offer.list, OfferState::TimedOut))
                }
            });
        let over: Vec<_> = over.collect();
        for (id, _, state) in &over {
            self.end_offer(*id, *state, TargetState::Ready, now, ready);
        }
        let resting = self.previews.resting.len();
        self.previews.resting.retain(|_, until| *until > now);
        if self.previews.resting.len() < resting {
            self.ask_again(now);
        }
        over.into_iter().map(|(_, list, _)| list).collect()
    }

    /// Ends an offer; its target stands so from now on.
    fn end_offer(
        &mut self,
        id: OfferId,
        state: OfferState,
        target: TargetState,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(mut offer) = self.previews.remove(id) else { return };
        let ended = Arc::make_mut(&mut offer);
        Arc::make_mut(&mut ended.target).state = target;
        if state == OfferState::TimedOut {
            let timeout_s = u64::from(
                self.plans.get(&ended.plan).map_or(0, |plan| plan.pacing.preview_timeout_s),
            );
            let until = now + Duration::from_secs(timeout_s);
            self.previews.resting.insert(ended.agent.interface.clone(), until);
        }
        put_target(&offer.target, ready);
        let list = offer.list;
        ready.events.push(Event::Preview(state, offer));
        self.look_again(now, |campaign| campaign.list == Some(list));
        self.ask_again(now);
    }

    /// Campaigns find out anew how many targets they may offer.
    fn ask_again(&mut self, now: Timestamp) {
        let plans = &self.plans;
        let previews = |plan| plans.get(&plan).is_some_and(|plan| plan.mode == DialMode::Preview);
        for campaign in self.campaigns.values_mut() {
            if campaign.record.plan.is_some_and(previews) {
                campaign.pace_at = campaign.pace_at.min(now);
            }
        }
    }

    /// A call is over: the agent who accepted it, if one did, is asked again.
    pub(super) fn accepted_call_ended(&mut self, id: DialingId, now: Timestamp) {
        if self.previews.accepted.remove(&id).is_some() {
            self.ask_again(now);
        }
    }

    /// Agents of a team were looked at: who is not free any more is offered nothing.
    pub(super) fn see_offers(&mut self, team: TeamAt) {
        let name = self.teams.name(team);
        if !self.previews.offers.values().any(|offer| offer.team == *name) {
            return;
        }
        let free = self.teams.free_agents(team);
        let free: HashSet<&str> = free.iter().map(|agent| agent.interface.as_str()).collect();
        let is_gone = |offer: &&Arc<Offer>| {
            offer.team == *name && !free.contains(offer.agent.interface.as_str())
        };
        let gone = self.previews.offers.values().filter(is_gone).map(|offer| offer.id);
        let gone: Vec<_> = gone.collect();
        self.previews.gone.extend(gone);
    }

    /// A target was changed by somebody: its offer shows it so, or ends.
    pub(super) fn target_changed(
        &mut self,
        target: &Arc<Target>,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(offer) = self.previews.of_target(target.id) else { return };
        let plan = self.plans.get(&offer.plan);
        let number_at = plan.and_then(|plan| target.next_try(&plan.max_tries, &plan.retries));
        let is_kept =
            target.stamps.delete.is_none() && target.state == TargetState::Waiting(offer.until);
        let mut offer = offer.clone();
        match number_at.filter(|_| is_kept) {
            Some(number_at) => {
                let changed = Arc::make_mut(&mut offer);
                (changed.target, changed.number_at) = (target.clone(), number_at);
                self.previews.add(&offer);
                ready.events.push(Event::Preview(OfferState::Offered, offer));
            }
            None => {
                self.previews.remove(offer.id);
                ready.events.push(Event::Preview(OfferState::Withdrawn, offer));
                self.ask_again(now);
            }
        }
    }

    pub(super) fn show_offers(
        &self,
        campaign: Option<CampaignId>,
        agent: Option<&str>,
    ) -> Result<Reply, Refusal> {
        if campaign.is_some_and(|id| !self.campaigns.contains_key(&id)) {
            return Err(Refusal::of("Campaign", "no such campaign"));
        }
        let is_meant = |offer: &&Arc<Offer>| {
            campaign.is_none_or(|id| id == offer.campaign)
                && agent.is_none_or(|agent| agent == offer.agent.interface)
        };
        Ok(Reply::Offers(self.previews.offers.values().filter(is_meant).cloned().collect()))
    }

    /// An offer that an agent may still say something to.
    fn open_offer(&self, id: OfferId, now: Timestamp) -> Result<Arc<Offer>, Refusal> {
        let offer = self.previews.offers.get(&id);
        let is_open = |offer: &&Arc<Offer>| self.stands(offer, now) && now < offer.until;
        offer.filter(is_open).cloned().ok_or_else(|| Refusal::because(NO_OFFER))
    }

    /// The agent wants the call: it is placed at once.
    pub(super) fn accept_offer(
        &mut self,
        id: OfferId,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let offer = self.open_offer(id, now)?;
        if let Some((why, _)) = self.held_back(offer.plan, now) {
            return Err(Refusal::because(format!("No call can be placed just now: {why}")));
        }
        let target = (*offer.target).clone();
        let dialing = self.claim(offer.campaign, target, Some(&offer.agent), now, ready);
        let dialing: DialingId = dialing.ok_or_else(|| {
            Refusal::because("The call cannot be placed: its plan or destination is not complete")
        })?;
        self.previews.remove(id);
        self.previews.accepted.insert(dialing, offer.agent.interface.clone());
        ready.events.push(Event::Preview(OfferState::Accepted(dialing), offer));
        Ok(Reply::Created(dialing.0))
    }

    /// The agent does not want the call: others may have it later. No try is counted.
    pub(super) fn skip_offer(
        &mut self,
        id: OfferId,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let offer = self.open_offer(id, now)?;
        let delay_s = self.plans.get(&offer.plan).map_or(0, |plan| plan.retry_delay_s);
        let state = match delay_s {
            0 => TargetState::Ready,
            delay_s => TargetState::Waiting(now + Duration::from_secs(u64::from(delay_s))),
        };
        self.end_offer(id, OfferState::Skipped, state, now, ready);
        Ok(Reply::Updated)
    }
}

/// Writes where an offered target stands, and tells of it.
fn put_target(target: &Arc<Target>, ready: &mut Ready) {
    ready.writes.push(Write::Progress(target.clone()));
    ready.events.push(Event::Target(What::Updated, target.clone()));
}
