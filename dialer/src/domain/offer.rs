//! The offer: a target that an agent looks at before it is called.

use super::{
    Agent, CampaignId, DialListId, DialingId, OfferId, PlanId, Target, TeamName, Timestamp,
};
use std::sync::Arc;

/// A target that waits for an agent to say whether it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub id: OfferId,
    pub campaign: CampaignId,
    pub plan: PlanId,
    pub list: DialListId,
    pub target: Arc<Target>,
    /// Which of the target's numbers would be dialled, counted from 0.
    pub number_at: usize,
    pub team: TeamName,
    pub agent: Agent,
    pub made_at: Timestamp,
    /// How long the agent may look at it. Until then the target is nobody else's.
    pub until: Timestamp,
}

impl Offer {
    /// The number that would be dialled.
    pub fn number(&self) -> Option<&str> {
        self.target.numbers.get(self.number_at)?.as_deref()
    }

    /// Which try of this number it would be.
    pub fn try_count(&self) -> u32 {
        self.target.tries.get(self.number_at).map_or(1, |tries| tries.saturating_add(1))
    }
}

/// How an offer is, or what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferState {
    Offered,
    /// The agent wants the call; this is its dialing.
    Accepted(DialingId),
    Skipped,
    /// The agent said nothing.
    TimedOut,
    /// The campaign stopped, the agent went, or the target is not to be called any more.
    Withdrawn,
}

impl OfferState {
    pub fn name(self) -> &'static str {
        match self {
            OfferState::Offered => "Offered",
            OfferState::Accepted(_) => "Accepted",
            OfferState::Skipped => "Skipped",
            OfferState::TimedOut => "TimedOut",
            OfferState::Withdrawn => "Withdrawn",
        }
    }
}
