//! Teams: who serves the answered calls, and how many calls they can take.

use super::{Dialer, Ready};
use crate::domain::{DialingId, TeamLook, TeamName, Timestamp};

impl Dialer {
    /// A team was looked at.
    pub(super) fn see_team(&mut self, team: TeamName, look: TeamLook, at: Timestamp) {
        let _ = (team, look, at);
    }

    /// AMD has heard who answered.
    pub(super) fn screened(
        &mut self,
        id: DialingId,
        amd: (String, String),
        now: Timestamp,
        ready: &mut Ready,
    ) {
        self.change(id, ready, |dialing| {
            dialing.amd = Some(amd);
            dialing.updated_at = Some(now);
        });
    }

    /// An agent took the call.
    pub(super) fn connected(
        &mut self,
        id: DialingId,
        agent: Option<String>,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        self.change(id, ready, |dialing| {
            dialing.agent = agent;
            dialing.connected_at = Some(now);
            dialing.updated_at = Some(now);
        });
    }

    /// No agent was there in time.
    pub(super) fn sheltered(&mut self, id: DialingId, now: Timestamp, ready: &mut Ready) {
        self.change(id, ready, |dialing| {
            dialing.abandoned_at = Some(now);
            dialing.updated_at = Some(now);
        });
    }
}
