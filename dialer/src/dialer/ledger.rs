//! What came of each campaign's calls, day by day.

use super::{Dialer, LiveCampaign, Ready};
use crate::domain::{CampaignId, Counted, Day, Timestamp};
use crate::store::Write;

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
