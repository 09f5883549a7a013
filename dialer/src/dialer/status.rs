//! How the dialer is, for people to look at.

use super::{CampaignFigures, Dialer, LiveCampaign};
use crate::domain::{CampaignId, CampaignStatus, DialingStatus, Timestamp};
use crate::pacing::{Ceiling, Pace};

/// How the dialer is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    pub campaigns: usize,
    /// Those that are not stopped.
    pub running: Vec<RunningCampaign>,
    /// Live dialings by their status, of those that there are.
    pub by_status: Vec<(DialingStatus, usize)>,
    /// Calls that went out in the last [`crate::pacing::METERED_S`] whole seconds.
    pub calls_lately: usize,
    pub dialings: usize,
    /// Of these, answered and talking.
    pub answered: usize,
    pub max_dialings: usize,
    pub calls_per_second: u32,
    /// Trunks in use, by name.
    pub trunks: Vec<TrunkStatus>,
    /// What of the machine or its Asterisk holds all dialing back.
    pub ceiling: Option<Ceiling>,
}

/// How a trunk is that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkStatus {
    pub name: String,
    pub live: usize,
    pub max_live: Option<usize>,
    /// As [`Status::calls_lately`].
    pub calls_lately: usize,
    pub calls_per_second: Option<u32>,
    /// Its pace, and since when, if it backs off.
    pub back_off: Option<(Pace, Timestamp)>,
}

/// How a campaign is that is not stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningCampaign {
    pub id: CampaignId,
    pub name: Option<String>,
    pub status: CampaignStatus,
    pub dialings: usize,
    /// Of these, answered and talking.
    pub answered: usize,
    pub figures: CampaignFigures,
}

impl Dialer {
    pub(super) fn status(&self, now: Timestamp) -> Status {
        let with = |status| self.dialings.values().filter(|l| l.dialing.status == status).count();
        let by_status = DialingStatus::ALL.map(|status| (status, with(status)));
        let running = |c: &&LiveCampaign| c.record.status != CampaignStatus::Stop;
        Status {
            campaigns: self.campaigns.len(),
            running: self
                .campaigns
                .values()
                .filter(running)
                .map(|campaign| running_campaign(campaign, self.figures_of(campaign, now)))
                .collect(),
            by_status: by_status.into_iter().filter(|(_, count)| *count > 0).collect(),
            calls_lately: self.meter.calls(now),
            dialings: self.dialings.len(),
            answered: self.dialings.values().filter(|live| live.dialing.is_answered()).count(),
            max_dialings: self.settings.max_dialings,
            calls_per_second: self.settings.calls_per_second,
            trunks: self.caps.status(now),
            ceiling: self.dial_at().and_then(|_| self.look.headroom.ceiling()),
        }
    }
}

fn running_campaign(campaign: &LiveCampaign, figures: CampaignFigures) -> RunningCampaign {
    RunningCampaign {
        id: campaign.record.id,
        name: campaign.record.name.clone(),
        status: campaign.record.status,
        dialings: campaign.live,
        answered: campaign.live.saturating_sub(campaign.unanswered),
        figures,
    }
}
