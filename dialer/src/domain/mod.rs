//! The things that are dialled with. Plain values: no policy beyond their own
//! rules, no input and output.

mod campaign;
pub mod control;
mod destination;
pub mod devices;
mod dial_list;
mod dialing;
mod disposition;
mod forward;
mod id;
mod ledger;
mod offer;
mod outcome;
mod plan;
mod queue;
mod schedule;
mod target;
mod team;
mod time;
mod variables;

pub use campaign::{Campaign, CampaignPatch, CampaignStatus, StatusRequest};
pub use destination::{Destination, DestinationKind, DestinationPatch, Route};
pub use dial_list::{DialList, DialListPatch, ListCounts};
pub use dialing::{CallCopy, Dialing, DialingParts, DialingStatus, Person, Screening};
pub use disposition::{CallEnd, Disposition, EndedBy, MACHINE};
pub use forward::{Forward, Forwards, NotFollowed};
pub use id::{CampaignId, DestinationId, DialListId, DialingId, OfferId, PlanId, TargetId};
pub use ledger::{Counted, Day, DayFigures, Ledger, LEDGER_DAYS};
pub use offer::{Offer, OfferState};
pub use outcome::{CallBackTime, Outcome, OutcomeFault, OutcomePatch};
pub use plan::{
    ByFailure, CallForward, DialMode, FailureKind, ListEnd, Pacing, PacingPatch, Plan, PlanPatch,
    RetryPatch, RetryRule, ScreeningOptions, ScreeningPatch,
};
pub use queue::{Member, QueueStatus, WrapUp};
pub use schedule::{
    parse_date, parse_dates, parse_days, parse_time, parse_time_zone, Schedule, ScheduleMode,
    SchedulePatch, Window,
};
pub use target::{DoneReason, LastResult, Target, TargetPatch, TargetState};
pub use team::{Agent, AgentState, TeamLook, TeamName};
pub use time::{Stamps, Timestamp};
pub use variables::Variables;

/// What an update says of one value: nothing, take it away, or this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// Not mentioned: stays as it is.
    #[default]
    Keep,
    /// Mentioned without a value: back to unset, or to its default.
    Clear,
    /// This value.
    Set(T),
}

impl<T> Change<T> {
    /// Applies the change to a value that may be unset.
    pub fn apply_to(self, place: &mut Option<T>) {
        match self {
            Change::Keep => {}
            Change::Clear => *place = None,
            Change::Set(value) => *place = Some(value),
        }
    }

    /// Applies the change to a value that has a default.
    pub fn apply_or(self, place: &mut T, default: T) {
        match self {
            Change::Keep => {}
            Change::Clear => *place = default,
            Change::Set(value) => *place = value,
        }
    }

    /// The value that is set, if one is.
    pub fn value(&self) -> Option<&T> {
        match self {
            Change::Set(value) => Some(value),
            _ => None,
        }
    }
}
