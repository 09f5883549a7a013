//! Campaigns that share a team: each gets as much of it as the others.

use super::teams::{Staff, TeamAt};
use super::{Dialer, LiveCampaign};
use crate::domain::{CampaignId, CampaignStatus, DialListId, PlanId, Timestamp};
use std::time::Duration;

/// So many calls ahead, a campaign leaves the next ones to others of its team, and so
/// long before it asks again.
const YIELDS_AT_CALLS: f64 = 3.0;
const YIELDS_FOR: Duration = Duration::from_millis(500);

impl Dialer {
    /// A campaign that joins others at a team does not get all that they had so far.
    pub(super) fn catch_up(&mut self, id: CampaignId, team: TeamAt) {
        let others = self.campaigns.values().filter(|other| {
            other.record.id != id
                && other.staff == Staff::Team(team)
                && other.record.status == CampaignStatus::Start
        });
        let least = others.map(|other| other.served.seconds()).min_by(f64::total_cmp);
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        if let Some(least) = least.filter(|least| campaign.served.seconds() < *least) {
            campaign.served.before_s += least - campaign.served.seconds();
        }
    }

    /// Whether a campaign leaves the next calls to another one of its team, which had less
    /// of it and could dial. Otherwise one that knows its answer rate well would leave
    /// nothing to one that has yet to learn it.
    pub(super) fn yields(&self, id: CampaignId, team: TeamAt, now: Timestamp) -> bool {
        let Some(own) = self.campaigns.get(&id).map(|campaign| campaign.served) else {
            return false;
        };
        let could_dial = |other: &LiveCampaign| {
            other.record.status == CampaignStatus::Start
                && other.look_at.is_some_and(|at| at <= now)
                && other.record.plan.is_some_and(|plan| self.caps.room(plan, now) > 0)
        };
        let mut others = self.campaigns.values().filter(|other| {
            other.record.id != id && other.staff == Staff::Team(team) && could_dial(other)
        });
        let least = own.seconds() - YIELDS_AT_CALLS * own.each_s();
        others.any(|other| other.served.seconds() < least)
    }

    pub(super) fn wait_for_rivals(&mut self, id: CampaignId, now: Timestamp) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.pace_at = now + YIELDS_FOR;
        }
    }

    /// Of campaigns that share a team, the one that had less of it comes first.
    pub(super) fn put_less_served_first(&self, turns: &mut [(CampaignId, PlanId, DialListId)]) {
        let served = |id: &CampaignId| self.campaigns.get(id).map_or(0.0, |c| c.served.seconds());
        for at in 0..turns.len() {
            let Some(team) = self.team_at(turns[at].0) else { continue };
            let of_team =
                (at..turns.len()).filter(|other| self.team_at(turns[*other].0) == Some(team));
            let less = of_team
                .min_by(|one, other| served(&turns[*one].0).total_cmp(&served(&turns[*other].0)));
            turns.swap(at, less.unwrap_or(at));
        }
    }

    /// Campaigns of the same team among those whose turn is still to come, this one included.
    pub(super) fn rivals(
        &self,
        id: CampaignId,
        turns: &[(CampaignId, PlanId, DialListId)],
    ) -> usize {
        match self.team_at(id) {
            Some(team) => turns.iter().filter(|(id, ..)| self.team_at(*id) == Some(team)).count(),
            None => 1,
        }
    }

    fn team_at(&self, id: CampaignId) -> Option<TeamAt> {
        match self.campaigns.get(&id)?.staff {
            Staff::Team(at) => Some(at),
            Staff::Unknown | Staff::Anyone => None,
        }
    }
}

/// What a campaign took of its agents' time. Calls under way count with what a call of
/// this campaign took so far on the average.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Served {
    taken_s: f64,
    ended: u32,
    open: u32,
    /// What others had taken when it began.
    before_s: f64,
}

impl Served {
    pub(super) fn begin(&mut self) {
        self.open += 1;
    }

    /// A call is over that rang and talked so long. While it rang an agent was kept for it,
    /// more or less.
    pub(super) fn end(&mut self, rang: Duration, talked: Duration) {
        self.open = self.open.saturating_sub(1);
        self.ended += 1;
        self.taken_s += talked.as_secs_f64() + 0.5 * rang.as_secs_f64();
    }

    /// What a call takes on the average, as if three calls had taken 10 s each.
    fn each_s(&self) -> f64 {
        (self.taken_s + 30.0) / (f64::from(self.ended) + 3.0)
    }

    fn seconds(&self) -> f64 {
        self.before_s + self.taken_s + f64::from(self.open) * self.each_s()
    }
}
