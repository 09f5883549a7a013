//! What came of each campaign's calls, day by day.

use super::teams::Staff;
use super::{Dialer, LiveCampaign, Ready, TeamStatus};
use crate::domain::{CampaignId, Counted, Day, DayFigures, Timestamp};
use crate::store::Write;

/// What a campaign's calls have come to lately, and how its agents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignFigures {
    pub campaign: CampaignId,
    pub today: DayFigures,
    /// Of the last [`crate::domain::LEDGER_DAYS`] days, today among them.
    pub thirty_days: DayFigures,
    /// Its agents, if it dials or talks and has any.
    pub team: Option<TeamStatus>,
}

impl Dialer {
    /// Counts a call of a campaign, on the day by the campaign's clocks.
    pub(super) fn count(
        &mut self,
        id: CampaignId,
        counted: Counted,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        let (day, _) = campaign.day(&self.settings.time_zone, now);
        let figures = campaign.ledger.count(day, counted);
        ready.writes.push(Write::Ledger(id, Box::new(figures)));
    }

    pub(super) fn figures(&self, only: Option<CampaignId>, now: Timestamp) -> Vec<CampaignFigures> {
        let is_meant = |campaign: &&LiveCampaign| only.is_none_or(|id| id == campaign.record.id);
        let meant = self.campaigns.values().filter(is_meant);
        meant.map(|campaign| self.figures_of(campaign, now)).collect()
    }

    pub(super) fn figures_of(&self, campaign: &LiveCampaign, now: Timestamp) -> CampaignFigures {
        let day = Day::of(now, campaign.record.schedule.zone(&self.settings.time_zone));
        CampaignFigures {
            campaign: campaign.record.id,
            today: campaign.ledger.day(day),
            thirty_days: campaign.ledger.days_up_to(day),
            team: match campaign.staff {
                Staff::Team(at) if campaign.dials_or_talks() => Some(self.teams.status(at)),
                Staff::Team(_) | Staff::Unknown | Staff::Anyone => None,
            },
        }
    }
}

impl LiveCampaign {
    /// The day by the campaign's clocks, and when it ends.
    pub(super) fn day(&mut self, default_zone: &str, now: Timestamp) -> (Day, Timestamp) {
        match self.today {
            Some((day, end)) if now < end => (day, end),
            _ => {
                let zone = self.record.schedule.zone(default_zone);
                let day = Day::of(now, zone);
                *self.today.insert((day, day.end(zone)))
            }
        }
    }
}
