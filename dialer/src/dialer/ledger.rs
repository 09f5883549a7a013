//! What came of each campaign's calls, day by day.

use super::{Dialer, Ready};
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
        let zone = campaign.record.schedule.zone(&self.settings.time_zone);
        let figures = campaign.ledger.count(Day::of(now, zone), counted);
        ready.writes.push(Write::Ledger(id, Box::new(figures)));
    }
}
