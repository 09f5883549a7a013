//! Plans, destinations and dial lists: create, update, delete.

use super::teams::check_staff;
use super::{Dialer, Event, Ready, Refusal, Reply, What, World};
use crate::domain::{
    Campaign, CampaignStatus, Destination, DestinationId, DestinationPatch, DialList, DialListId,
    DialListPatch, Dialing, Plan, PlanId, PlanPatch, Timestamp,
};
use crate::store::Write;

/// Said of a change that would leave a campaign without what it needs.
const IN_USE: &str = ", but a campaign that is not stopped needs it";

impl Dialer {
    pub(super) fn create_plan(
        &mut self,
        patch: PlanPatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut plan = Plan::new(PlanId(self.ids.next_id(now)), now);
        plan.apply(patch);
        self.check_destinations(&plan)?;
        put_plan(ready, What::Created, &plan);
        self.caps.put(&plan, &self.settings, now);
        let id = plan.id;
        self.plans.insert(id, plan);
        Ok(Reply::Created(id.0))
    }

    pub(super) fn update_plan(
        &mut self,
        id: PlanId,
        patch: PlanPatch,
        world: &World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let now = world.now;
        let known = self.plans.get(&id).ok_or_else(|| Refusal::unknown("plan"))?;
        let mut plan = known.clone();
        plan.apply(patch);
        self.check_destinations(&plan)?;
        let moved = (plan.mode, &plan.tech, &plan.trunk) != (known.mode, &known.tech, &known.trunk)
            || plan.destinations() != known.destinations();
        if moved && self.is_running(|campaign| campaign.plan == Some(id)) {
            self.check_plan(&plan, world)
                .map_err(|(header, why)| Refusal::of(header, why + IN_USE))?;
            for campaign in self.running(|campaign| campaign.plan == Some(id)) {
                let destination = campaign.destination.and_then(|id| self.destinations.get(&id));
                let Some(destination) = destination else { continue };
                check_staff(&plan, destination, world.switch)
                    .map_err(|why| Refusal::of("DialMode", why.reason + IN_USE))?;
            }
        }
        plan.stamps.update = Some(now);
        put_plan(ready, What::Updated, &plan);
        self.caps.put(&plan, &self.settings, now);
        self.plans.insert(id, plan);
        self.staff_again(|campaign| campaign.plan == Some(id));
        self.look_again(now, |campaign| campaign.plan == Some(id));
        Ok(Reply::Updated)
    }

    pub(super) fn delete_plan(
        &mut self,
        id: PlanId,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut plan = self.plans.get(&id).ok_or_else(|| Refusal::unknown("plan"))?.clone();
        self.check_unused("plan", |c| c.plan == Some(id), |d| d.plan == id)?;
        plan.stamps.delete = Some(now);
        put_plan(ready, What::Deleted, &plan);
        self.plans.remove(&id);
        self.caps.remove(id);
        self.take_reference(now, ready, |c| c.plan == Some(id), |c| c.plan = None);
        Ok(Reply::Deleted)
    }

    pub(super) fn create_destination(
        &mut self,
        patch: DestinationPatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut destination = Destination::new(DestinationId(self.ids.next_id(now)), now);
        destination.apply(patch);
        put_destination(ready, What::Created, &destination);
        let id = destination.id;
        self.destinations.insert(id, destination);
        Ok(Reply::Created(id.0))
    }

    pub(super) fn update_destination(
        &mut self,
        id: DestinationId,
        patch: DestinationPatch,
        world: &World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let now = world.now;
        let known = self.destinations.get(&id).ok_or_else(|| Refusal::unknown("destination"))?;
        let mut destination = known.clone();
        destination.apply(patch);
        if self.is_running(|campaign| self.leads_to(campaign, id)) {
            let missing = |header| Refusal::of(header, format!("is not set{IN_USE}"));
            destination.route().map_err(missing)?;
        }
        for campaign in self.running(|campaign| campaign.destination == Some(id)) {
            let plan = campaign.plan.and_then(|id| self.plans.get(&id));
            let Some(plan) = plan else { continue };
            check_staff(plan, &destination, world.switch).map_err(|why| {
                let header = destination.header_of_route();
                Refusal::of(header, why.reason + IN_USE)
            })?;
        }
        destination.stamps.update = Some(now);
        put_destination(ready, What::Updated, &destination);
        self.destinations.insert(id, destination);
        self.staff_again(|campaign| campaign.destination == Some(id));
        self.look_again(now, |campaign| campaign.destination == Some(id));
        Ok(Reply::Updated)
    }

    pub(super) fn delete_destination(
        &mut self,
        id: DestinationId,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let known = self.destinations.get(&id).ok_or_else(|| Refusal::unknown("destination"))?;
        let mut destination = known.clone();
        self.check_unused(
            "destination",
            |campaign| self.leads_to(campaign, id),
            |dialing| dialing.destination == id || self.plan_leads_to(Some(dialing.plan), id),
        )?;
        destination.stamps.delete = Some(now);
        put_destination(ready, What::Deleted, &destination);
        self.destinations.remove(&id);
        self.take_reference(now, ready, |c| c.destination == Some(id), |c| c.destination = None);
        self.forget_destination(id, now, ready);
        Ok(Reply::Deleted)
    }

    /// Plans lose their references to a deleted destination, each with its event.
    fn forget_destination(&mut self, id: DestinationId, now: Timestamp, ready: &mut Ready) {
        let mut changed: Vec<_> =
            self.plans.values_mut().filter_map(|plan| plan.forget(id).then_some(plan)).collect();
        changed.sort_by_key(|plan| plan.id);
        for plan in changed {
            plan.stamps.update = Some(now);
            put_plan(ready, What::Updated, plan);
        }
    }

    /// Refuses a plan that refers to a destination that is not there.
    fn check_destinations(&self, plan: &Plan) -> Result<(), Refusal> {
        let is_gone =
            |id: Option<DestinationId>| id.is_some_and(|id| !self.destinations.contains_key(&id));
        match plan.destinations().into_iter().find(|(_, id)| is_gone(*id)) {
            Some((header, _)) => Err(Refusal::of(header, "no such destination")),
            None => Ok(()),
        }
    }

    /// Whether calls of a campaign may go to a destination: its own, or one of its plan.
    fn leads_to(&self, campaign: &Campaign, id: DestinationId) -> bool {
        campaign.destination == Some(id) || self.plan_leads_to(campaign.plan, id)
    }

    fn plan_leads_to(&self, plan: Option<PlanId>, id: DestinationId) -> bool {
        let plan = plan.and_then(|plan| self.plans.get(&plan));
        plan.is_some_and(|plan| plan.destinations().iter().any(|(_, known)| *known == Some(id)))
    }

    pub(super) fn create_list(
        &mut self,
        patch: DialListPatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut list = DialList::new(DialListId(self.ids.next_id(now)), now);
        list.apply(patch);
        put_list(ready, What::Created, &list);
        let id = list.id;
        self.lists.insert(id, list);
        Ok(Reply::Created(id.0))
    }

    pub(super) fn update_list(
        &mut self,
        id: DialListId,
        patch: DialListPatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let list = self.lists.get_mut(&id).ok_or_else(|| Refusal::unknown("dlma"))?;
        list.apply(patch);
        list.stamps.update = Some(now);
        put_list(ready, What::Updated, list);
        Ok(Reply::Updated)
    }

    pub(super) fn delete_list(
        &mut self,
        id: DialListId,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut list = self.lists.get(&id).ok_or_else(|| Refusal::unknown("dlma"))?.clone();
        self.check_unused("dlma", |c| c.list == Some(id), |d| d.list == id)?;
        list.stamps.delete = Some(now);
        put_list(ready, What::Deleted, &list);
        self.lists.remove(&id);
        self.take_reference(now, ready, |c| c.list == Some(id), |c| c.list = None);
        Ok(Reply::Deleted)
    }

    /// Whether such a campaign is not stopped.
    fn is_running(&self, which: impl Fn(&Campaign) -> bool) -> bool {
        self.running(which).next().is_some()
    }

    /// Such campaigns that are not stopped.
    fn running<'a>(
        &'a self,
        which: impl Fn(&Campaign) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Campaign> {
        let records = self.campaigns.values().map(|campaign| &campaign.record);
        records.filter(move |record| record.status != CampaignStatus::Stop && which(record))
    }

    /// Refuses if a live dialing, or a campaign that is not stopped, uses the object.
    fn check_unused(
        &self,
        kind: &str,
        in_campaign: impl Fn(&Campaign) -> bool,
        in_dialing: impl Fn(&Dialing) -> bool,
    ) -> Result<(), Refusal> {
        let running = |c: &Campaign| c.status != CampaignStatus::Stop && in_campaign(c);
        if let Some(user) = self.campaigns.values().find(|c| running(&c.record)) {
            let (id, status) = (user.record.id, user.record.status.name());
            let reason =
                format!("the {kind} is in use by campaign {id}, which has status {status}");
            return Err(Refusal::of("Uuid", reason));
        }
        if let Some(user) = self.dialings.values().find(|live| in_dialing(&live.dialing)) {
            let reason = format!("the {kind} is in use by live dialing {}", user.dialing.id);
            return Err(Refusal::of("Uuid", reason));
        }
        Ok(())
    }

    /// Stopped campaigns lose their reference to a deleted object, each with its event.
    fn take_reference(
        &mut self,
        now: Timestamp,
        ready: &mut Ready,
        has: impl Fn(&Campaign) -> bool,
        take: impl Fn(&mut Campaign),
    ) {
        for campaign in self.campaigns.values_mut().filter(|c| has(&c.record)) {
            take(&mut campaign.record);
            super::campaigns::put(ready, campaign, now);
        }
    }
}

fn put_plan(ready: &mut Ready, what: What, plan: &Plan) {
    ready.writes.push(Write::Plan(Box::new(plan.clone())));
    ready.events.push(Event::Plan(what, Box::new(plan.clone())));
}

fn put_destination(ready: &mut Ready, what: What, destination: &Destination) {
    ready.writes.push(Write::Destination(Box::new(destination.clone())));
    ready.events.push(Event::Destination(what, Box::new(destination.clone())));
}

fn put_list(ready: &mut Ready, what: What, list: &DialList) {
    ready.writes.push(Write::List(Box::new(list.clone())));
    ready.events.push(Event::List(what, Box::new(list.clone())));
}
