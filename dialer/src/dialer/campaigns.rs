//! Campaigns: create, update, delete, and the life of their status.

use super::fairness::Served;
use super::teams::{check_staff, Staff};
use super::{CallOrder, Dialer, Event, LiveCampaign, Ready, Refusal, Reply, Switch, What, World};
use crate::domain::{
    Campaign, CampaignId, CampaignPatch, CampaignStatus, Destination, DestinationKind, Ledger,
    ListEnd, Plan, StatusRequest, Timestamp,
};
use crate::store::Write;

impl Dialer {
    pub(super) fn create_campaign(
        &mut self,
        patch: CampaignPatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        self.check_references(&patch)?;
        let mut record = Campaign::new(CampaignId(self.ids.next_id(now)), now);
        record.apply(patch);
        record.schedule.check().map_err(|(header, why)| Refusal::of(header, why))?;
        let id = record.id;
        ready.writes.push(Write::Campaign(Box::new(record.clone())));
        ready.events.push(Event::Campaign(What::Created, Box::new(record.clone())));
        self.campaigns
            .insert(id, LiveCampaign { schedule_at: Some(now), ..LiveCampaign::new(record) });
        Ok(Reply::Created(id.0))
    }

    pub(super) fn update_campaign(
        &mut self,
        id: CampaignId,
        patch: CampaignPatch,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let known = self.campaigns.get(&id).ok_or_else(|| Refusal::unknown("campaign"))?;
        self.check_references(&patch)?;
        let request = patch.status;
        let mut record = known.record.clone();
        record.apply(patch);
        record.schedule.check().map_err(|(header, why)| Refusal::of(header, why))?;
        if !record.schedule.is_on() {
            record.window_until = None;
        }
        let moved = (record.plan, record.list, record.destination)
            != (known.record.plan, known.record.list, known.record.destination);
        if moved && known.record.status != CampaignStatus::Stop {
            self.check_startable(&record, world)?;
        }
        if record.next == Some(id) {
            return Err(Refusal::of("NextCampaign", "is the campaign itself"));
        }
        let next = match request {
            Some(request) => self.next_status(&record, request, world)?,
            None => record.status,
        };
        let now = world.now;
        // What somebody asks for within a window holds until the next one.
        let acted_on = request.and_then(|_| self.open_until(&record, now));
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return Err(Refusal::unknown("campaign"));
        };
        record.status = next;
        record.window_until = acted_on.or(record.window_until);
        campaign.record = record;
        campaign.look_at = Some(now);
        campaign.today = None;
        campaign.schedule_at = Some(now);
        put(ready, campaign, now);
        self.staff_again(|record| record.id == id);
        if next == CampaignStatus::StoppingForcedly {
            self.hang_up_all(id, ready);
        }
        self.settle(id, now, ready);
        Ok(Reply::Updated)
    }

    pub(super) fn delete_campaign(
        &mut self,
        id: CampaignId,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let campaign = self.campaigns.get(&id).ok_or_else(|| Refusal::unknown("campaign"))?;
        if campaign.record.status != CampaignStatus::Stop {
            let reason = format!(
                "the campaign has status {}; stop it before deleting it",
                campaign.record.status.name()
            );
            return Err(Refusal::of("Uuid", reason));
        }
        let mut record = campaign.record.clone();
        record.stamps.delete = Some(now);
        ready.writes.push(Write::Campaign(Box::new(record.clone())));
        ready.events.push(Event::Campaign(What::Deleted, Box::new(record)));
        self.campaigns.remove(&id);
        for campaign in self.campaigns.values_mut().filter(|c| c.record.next == Some(id)) {
            campaign.record.next = None;
            put(ready, campaign, now);
        }
        Ok(Reply::Deleted)
    }

    fn check_references(&self, patch: &CampaignPatch) -> Result<(), Refusal> {
        if patch.plan.value().is_some_and(|id| !self.plans.contains_key(id)) {
            return Err(Refusal::of("Plan", "no such plan"));
        }
        if patch.list.value().is_some_and(|id| !self.lists.contains_key(id)) {
            return Err(Refusal::of("Dlma", "no such dlma"));
        }
        if patch.destination.value().is_some_and(|id| !self.destinations.contains_key(id)) {
            return Err(Refusal::of("Dest", "no such destination"));
        }
        if patch.next.value().is_some_and(|id| !self.campaigns.contains_key(id)) {
            return Err(Refusal::of("NextCampaign", "no such campaign"));
        }
        Ok(())
    }

    /// The status that a request leads to, or why it leads to none.
    fn next_status(
        &self,
        record: &Campaign,
        request: StatusRequest,
        world: &World<'_>,
    ) -> Result<CampaignStatus, Refusal> {
        use CampaignStatus::{Pause, Pausing, Start, Starting, Stop, Stopping, StoppingForcedly};
        match (request, record.status) {
            (StatusRequest::Start, Start | Starting) => Ok(record.status),
            (StatusRequest::Start, StoppingForcedly) => {
                Err(Refusal::of("Status", "the campaign is stopping forcedly"))
            }
            (StatusRequest::Start, Stop | Pause | Pausing | Stopping) => {
                self.check_window(record, world.now)?;
                self.check_startable(record, world)?;
                Ok(Starting)
            }
            (StatusRequest::Pause, Pause | Pausing) => Ok(record.status),
            (StatusRequest::Pause, Start | Starting) => Ok(Pausing),
            (StatusRequest::Pause, Stop | Stopping | StoppingForcedly) => {
                let reason = format!(
                    "only a started campaign can pause; this one has status {}",
                    record.status.name()
                );
                Err(Refusal::of("Status", reason))
            }
            (StatusRequest::Stop, Stop | StoppingForcedly) => Ok(record.status),
            (StatusRequest::Stop, _) => Ok(Stopping),
            (StatusRequest::StopForcedly, Stop) => Ok(Stop),
            (StatusRequest::StopForcedly, _) => Ok(StoppingForcedly),
        }
    }

    /// Whether the campaign could dial: plan, list and destination are there, the
    /// mode can run, the trunk and the destination are usable.
    pub(super) fn check_startable(
        &self,
        record: &Campaign,
        world: &World<'_>,
    ) -> Result<(), Refusal> {
        let cannot = |header, reason: &str| Refusal::of(header, format!("cannot start: {reason}"));
        let plan = record.plan.and_then(|id| self.plans.get(&id));
        let plan = plan.ok_or_else(|| cannot("Plan", "the campaign has no plan"))?;
        if !record.list.is_some_and(|id| self.lists.contains_key(&id)) {
            return Err(cannot("Dlma", "the campaign has no dlma"));
        }
        let destination = record.destination.and_then(|id| self.destinations.get(&id));
        let destination =
            destination.ok_or_else(|| cannot("Dest", "the campaign has no destination"))?;

        self.check_plan(plan, world)
            .map_err(|(header, why)| cannot("Plan", &format!("its {header} {why}")))?;
        let route = destination.route().map_err(|header| {
            cannot("Dest", &format!("its {header} is not set{}", type_hint(destination)))
        })?;
        world.switch.check_route(&route).map_err(|why| cannot("Dest", &why.to_string()))?;
        check_staff(plan, destination, world.switch).map_err(|why| cannot("Dest", &why.reason))
    }

    /// Whether a plan can dial; if not, the header at fault and why.
    pub(super) fn check_plan(
        &self,
        plan: &Plan,
        world: &World<'_>,
    ) -> Result<(), (&'static str, String)> {
        plan.check()?;
        let (tech, _) = plan.route_to("").unwrap_or_default();
        if !world.switch.has_technology(&tech) {
            return Err(("TechName", format!("{tech} is no channel technology that is loaded")));
        }
        self.check_ways(plan, world.switch)?;
        let Some(trunk) = &plan.trunk else { return Ok(()) };
        world.switch.check_trunk(&tech, trunk).map_err(|kind| {
            ("TrunkName", format!("{trunk} leads nowhere: there is no such {kind}"))
        })
    }

    /// Whether calls can be sent where a plan wants them in the end.
    fn check_ways(&self, plan: &Plan, switch: &dyn Switch) -> Result<(), (&'static str, String)> {
        for (header, id) in plan.destinations() {
            let Some(destination) = id.and_then(|id| self.destinations.get(&id)) else { continue };
            let route = destination.route();
            let route = route
                .map_err(|missing| (header, format!("leads nowhere: its {missing} is not set")))?;
            switch.check_route(&route).map_err(|why| (header, format!("leads nowhere: {why}")))?;
        }
        Ok(())
    }

    fn hang_up_all(&self, id: CampaignId, ready: &mut Ready) {
        let own = self.dialings.values().filter(|live| live.dialing.campaign == id);
        let mut dialings: Vec<_> = own.map(|live| live.dialing.id).collect();
        dialings.sort();
        ready.calls.extend(dialings.into_iter().map(CallOrder::HangUp));
    }

    /// Moves a campaign on from a status that only lasts until something is over.
    pub(super) fn settle(&mut self, id: CampaignId, now: Timestamp, ready: &mut Ready) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        let next = match campaign.record.status {
            CampaignStatus::Starting => {
                campaign.staff = Staff::Unknown;
                campaign.pace_at = Timestamp(i64::MIN);
                CampaignStatus::Start
            }
            CampaignStatus::Stopping | CampaignStatus::StoppingForcedly if campaign.live == 0 => {
                CampaignStatus::Stop
            }
            CampaignStatus::Pausing if campaign.unanswered == 0 => CampaignStatus::Pause,
            _ => return,
        };
        campaign.record.status = next;
        put(ready, campaign, now);
    }

    /// Ends a campaign whose list is worked off, if its plan says so; the next one starts.
    pub(super) fn end_if_worked_off(
        &mut self,
        id: CampaignId,
        work_left: bool,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) {
        let now = world.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        let plan = campaign.record.plan.and_then(|plan| self.plans.get(&plan));
        if work_left || plan.is_none_or(|plan| plan.list_end == ListEnd::Keep) {
            return;
        }
        campaign.record.status = CampaignStatus::Stopping;
        put(ready, campaign, now);
        self.settle(id, now, ready);
        self.start_next(id, world, ready);
    }

    /// Campaigns of this kind look at their lists again.
    pub(super) fn look_again(&mut self, now: Timestamp, which: impl Fn(&Campaign) -> bool) {
        for campaign in self.campaigns.values_mut().filter(|c| which(&c.record)) {
            campaign.look_at = Some(now);
        }
    }
}

impl LiveCampaign {
    pub(super) fn new(record: Campaign) -> LiveCampaign {
        LiveCampaign {
            record,
            live: 0,
            unanswered: 0,
            look_at: None,
            last_turn: 0,
            schedule_at: None,
            start_refused: None,
            staff: Staff::Unknown,
            staff_told: None,
            pace_at: Timestamp(i64::MIN),
            served: Served::default(),
            pacer: None,
            today: None,
            ledger: Ledger::default(),
        }
    }

    /// Whether agents are needed for it.
    pub(super) fn dials_or_talks(&self) -> bool {
        self.record.status != CampaignStatus::Stop || self.live > 0
    }
}

/// Writes a changed campaign and tells of it.
pub(super) fn put(ready: &mut Ready, campaign: &mut LiveCampaign, now: Timestamp) {
    campaign.record.stamps.update = Some(now);
    ready.writes.push(Write::Campaign(Box::new(campaign.record.clone())));
    ready.events.push(Event::Campaign(What::Updated, Box::new(campaign.record.clone())));
}

/// For those who give an application and forget to say that it is one.
fn type_hint(destination: &Destination) -> &'static str {
    match destination.kind {
        DestinationKind::Extension if destination.application.is_some() => {
            " (its Type is 0, an extension; 1 is an application)"
        }
        _ => "",
    }
}
