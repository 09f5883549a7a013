//! Identities. Each kind of object has its own type, so that a plan cannot be
//! handed over where a list belongs.

use serde::{Serialize, Serializer};
use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// As its text.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut text = Uuid::encode_buffer();
                serializer.serialize_str(self.0.hyphenated().encode_lower(&mut text))
            }
        }
    )*};
}

id! {
    /// Identity of a campaign.
    CampaignId;
    /// Identity of a plan.
    PlanId;
    /// Identity of a destination.
    DestinationId;
    /// Identity of a dial list (`Dlma`).
    DialListId;
    /// Identity of a target (`DlList`).
    TargetId;
    /// Identity of an offer of a target to an agent.
    OfferId;
    /// Identity of a dialing; also the `Uniqueid` of its channel.
    DialingId;
}
