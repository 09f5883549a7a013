//! The team: who serves the answered calls of a destination, and how each of them is.

use super::{DestinationId, Timestamp};
use std::fmt;

/// Which team.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TeamName {
    /// The members of a queue (`app_queue`).
    Queue(String),
    /// The devices of an extension's hint: one agent.
    Extension { context: String, exten: String },
    /// So many calls as the destination says that it can serve at a time.
    Capacity(DestinationId, u32),
}

impl fmt::Display for TeamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TeamName::Queue(queue) => write!(f, "queue {queue}"),
            TeamName::Extension { context, exten } => write!(f, "extension {exten}@{context}"),
            TeamName::Capacity(_, most) => write!(f, "Capacity {most}"),
        }
    }
}

/// How a team is, as it was found at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamLook {
    pub agents: Vec<Agent>,
    /// Callers that wait for these agents and are none of ours.
    pub other_callers: u32,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// What is rung: `PJSIP/anna`.
    pub interface: String,
    pub name: String,
    /// Of members of a queue: who has less is rung first.
    pub penalty: u32,
    pub state: AgentState,
}

/// How an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgentState {
    Free,
    /// A caller is being offered.
    Ringing,
    Busy,
    /// Writes up the last call; until then, if that is known.
    WrappingUp {
        until: Option<Timestamp>,
    },
    Paused,
    /// Not logged in, or the device is gone.
    Away,
}

impl AgentState {
    pub fn name(self) -> &'static str {
        match self {
            AgentState::Free => "free",
            AgentState::Ringing => "ringing",
            AgentState::Busy => "busy",
            AgentState::WrappingUp { .. } => "wrapping up",
            AgentState::Paused => "paused",
            AgentState::Away => "away",
        }
    }
}
