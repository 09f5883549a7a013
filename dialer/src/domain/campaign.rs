//! The campaign: plan + list + destination + schedule + status.

use super::{
    CampaignId, Change, DestinationId, DialListId, PlanId, Schedule, SchedulePatch, Stamps,
    Timestamp,
};

/// `Status` of a campaign, with the numbers of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignStatus {
    Stop = 0,
    Start = 1,
    Pause = 2,
    Stopping = 10,
    Starting = 11,
    Pausing = 12,
    StoppingForcedly = 30,
}

impl CampaignStatus {
    pub const ALL: [CampaignStatus; 7] = [
        CampaignStatus::Stop,
        CampaignStatus::Start,
        CampaignStatus::Pause,
        CampaignStatus::Stopping,
        CampaignStatus::Starting,
        CampaignStatus::Pausing,
        CampaignStatus::StoppingForcedly,
    ];

    pub fn from_code(code: i64) -> Option<CampaignStatus> {
        Self::ALL.into_iter().find(|status| *status as i64 == code)
    }

    pub fn name(self) -> &'static str {
        match self {
            CampaignStatus::Stop => "stop",
            CampaignStatus::Start => "start",
            CampaignStatus::Pause => "pause",
            CampaignStatus::Stopping => "stopping",
            CampaignStatus::Starting => "starting",
            CampaignStatus::Pausing => "pausing",
            CampaignStatus::StoppingForcedly => "stopping forcedly",
        }
    }
}

/// What may be asked of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusRequest {
    Start,
    Pause,
    Stop,
    /// Hangs up what is ringing and talking.
    StopForcedly,
}

impl StatusRequest {
    /// The request behind a status number of the wire.
    pub fn from_code(code: i64) -> Option<StatusRequest> {
        match code {
            1 | 11 => Some(StatusRequest::Start),
            2 | 12 => Some(StatusRequest::Pause),
            0 | 10 => Some(StatusRequest::Stop),
            30 => Some(StatusRequest::StopForcedly),
            _ => None,
        }
    }
}

/// Why there is dialling: plan + list + destination + schedule + status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: Option<String>,
    pub detail: Option<String>,
    pub status: CampaignStatus,
    pub plan: Option<PlanId>,
    pub list: Option<DialListId>,
    pub destination: Option<DestinationId>,
    pub schedule: Schedule,
    /// How long the window lasts whose opening was acted on already.
    pub window_until: Option<Timestamp>,
    /// What is started when this one's list is worked off.
    pub next: Option<CampaignId>,
    pub stamps: Stamps,
}

/// What a create or an update says of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CampaignPatch {
    pub name: Change<String>,
    pub detail: Change<String>,
    pub status: Option<StatusRequest>,
    pub plan: Change<PlanId>,
    pub list: Change<DialListId>,
    pub destination: Change<DestinationId>,
    pub schedule: SchedulePatch,
    /// What is started when this one's list is worked off.
    pub next: Change<CampaignId>,
}

impl Campaign {
    pub fn new(id: CampaignId, now: Timestamp) -> Campaign {
        Campaign {
            id,
            name: None,
            detail: None,
            status: CampaignStatus::Stop,
            plan: None,
            list: None,
            destination: None,
            schedule: Schedule::default(),
            window_until: None,
            next: None,
            stamps: Stamps::new(now),
        }
    }

    /// How the campaign is called in a sentence.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("campaign {name} ({})", self.id),
            None => format!("campaign {}", self.id),
        }
    }

    /// Applies all of a patch but its status request, which the dialer decides on.
    pub fn apply(&mut self, patch: CampaignPatch) {
        patch.name.apply_to(&mut self.name);
        patch.detail.apply_to(&mut self.detail);
        patch.plan.apply_to(&mut self.plan);
        patch.list.apply_to(&mut self.list);
        patch.destination.apply_to(&mut self.destination);
        patch.next.apply_to(&mut self.next);
        self.schedule.apply(patch.schedule);
    }
}
