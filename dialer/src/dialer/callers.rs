//! Calls that agents are to take: from the claim over the answer, perhaps AMD, and the
//! wait for an agent, to the agent or to the harbour.

use super::teams::Staff;
use super::{CallOrder, Dialer, Ready};
use crate::domain::{
    CallEnd, CampaignId, Counted, DialMode, DialingId, Disposition, EndedBy, Timestamp, MACHINE,
};
use crate::pacing::predictive::Seen;
use crate::store::Write;
use std::time::Duration;

/// `AMDSTATUS` of a call that was over before AMD knew.
const GONE: &str = "HANGUP";

/// How long an agent who has accepted a call may take to pick up.
const CHOSEN_AGENT_RINGS: Duration = Duration::from_secs(30);

/// How long a person whom AMD has recognised late may still wait for an agent.
const AFTER_SCREENING: Duration = Duration::from_millis(500);

/// How far a call of a team is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not answered yet.
    Dialed,
    /// Answered; AMD is listening.
    Screening,
    /// A person who has no agent yet, with the time at which that is too long.
    Waiting(Timestamp),
    /// A person for whom it took too long, since then; an agent may still come.
    Overdue(Timestamp),
    /// With an agent, since then.
    Connected(Timestamp),
    /// Nobody's any more: a machine, or in its harbour.
    Released,
}

impl Dialer {
    /// A call goes from one stage to the next; `None`: it begins, or is over.
    pub(super) fn moves_to(&mut self, id: DialingId, to: Option<Stage>, now: Timestamp) {
        let Some(live) = self.dialings.get_mut(&id) else { return };
        let from = live.stage;
        live.stage = to.unwrap_or(from);
        let Some(team) = live.team else { return };
        self.teams.pass(team, id, Some(from), to, now);
        self.team_changed(team, now);
    }

    /// A call begins, for the team of its campaign.
    pub(super) fn coming(&mut self, id: DialingId, campaign_id: CampaignId, now: Timestamp) {
        let Some(campaign) = self.campaigns.get_mut(&campaign_id) else { return };
        let Staff::Team(team) = campaign.staff else { return };
        campaign.served.begin();
        self.pacer_begins(campaign_id, id, now);
        if let Some(live) = self.dialings.get_mut(&id) {
            live.team = Some(team);
        }
        self.teams.pass(team, id, None, Some(Stage::Dialed), now);
    }

    /// Somebody answered: AMD listens, or a person waits for an agent.
    pub(super) fn answered_for_team(&mut self, id: DialingId, now: Timestamp, ready: &mut Ready) {
        let Some(live) = self.dialings.get(&id) else { return };
        let screens = live.dialing.copy.screening.is_some();
        self.pacer_sees(live.dialing.campaign, id, now, |call| Seen::Answered { call });
        match screens {
            true => self.moves_to(id, Some(Stage::Screening), now),
            false => self.person(id, now, Duration::ZERO, ready),
        }
    }

    /// A person has answered, and waits for an agent.
    fn person(&mut self, id: DialingId, now: Timestamp, at_least: Duration, ready: &mut Ready) {
        let Some(live) = self.dialings.get(&id) else { return };
        let campaign = live.dialing.campaign;
        self.count(campaign, Counted::Answered, now, ready);
        let Some(live) = self.dialings.get(&id) else { return };
        let Some(team) = live.team else {
            return self.moves_to(id, Some(Stage::Connected(now)), now);
        };
        if self.teams.serves_at_once(team) {
            return self.connected(id, None, now, ready);
        }
        let answered_at = live.dialing.dial_ended_at.unwrap_or(now);
        let plan = self.plans.get(&live.dialing.plan);
        let after = plan.map_or(Duration::ZERO, |plan| match plan.mode {
            // The agent chose to make this call, and is rung for it only now.
            DialMode::Preview => CHOSEN_AGENT_RINGS.max(plan.pacing.abandon_after()),
            _ => plan.pacing.abandon_after(),
        });
        let until = answered_at + after;
        self.moves_to(id, Some(Stage::Waiting(until.max(now + at_least))), now);
    }

    /// AMD has heard who answered.
    pub(super) fn screened(
        &mut self,
        id: DialingId,
        amd: (String, String),
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let (is_machine, is_gone) = (amd.0 == MACHINE, amd.0 == GONE);
        let changed = self.change(id, ready, |dialing| {
            dialing.amd = Some(amd).filter(|(status, _)| !status.is_empty());
            dialing.updated_at = Some(now);
        });
        let Some(campaign) = changed.map(|dialing| dialing.campaign) else { return };
        if is_gone {
            // Nobody knows who it was.
            return self.moves_to(id, Some(Stage::Released), now);
        }
        let human = !is_machine;
        self.pacer_sees(campaign, id, now, |call| Seen::Verdict { call, human });
        match is_machine {
            true => {
                self.count(campaign, Counted::Machine, now, ready);
                self.moves_to(id, Some(Stage::Released), now);
            }
            false => self.person(id, now, AFTER_SCREENING, ready),
        }
    }

    /// An agent took the call.
    pub(super) fn connected(
        &mut self,
        id: DialingId,
        agent: Option<String>,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let stage = self.dialings.get(&id).map(|live| live.stage);
        if stage == Some(Stage::Released) {
            return;
        }
        // It was in time, and only heard of too late.
        let in_time = matches!(stage, Some(Stage::Overdue(until)) if now <= until);
        let was_abandoned = in_time
            && self.dialings.get(&id).is_some_and(|live| live.dialing.abandoned_at.is_some());
        let changed = self.change(id, ready, |dialing| {
            dialing.agent = agent.or(dialing.agent.take());
            dialing.connected_at.get_or_insert(now);
            dialing.abandoned_at = dialing.abandoned_at.filter(|_| !in_time);
            dialing.updated_at = Some(now);
        });
        let Some(dialing) = changed else { return };
        let campaign = dialing.campaign;
        if was_abandoned {
            self.count(campaign, Counted::NotAbandoned, now, ready);
        }
        // After a crash it decides whether the person is called again.
        ready.writes.push(Write::Answered(dialing));
        if !matches!(stage, Some(Stage::Connected(_))) {
            self.pacer_sees(campaign, id, now, |call| Seen::Connected { call });
            self.moves_to(id, Some(Stage::Connected(now)), now);
        }
    }

    /// Persons have waited too long: they go to their harbour, or have been abandoned
    /// where they are.
    pub(super) fn shelter(&mut self, now: Timestamp, ready: &mut Ready) {
        while let Some(id) = self.teams.overdue(now) {
            let Some(live) = self.dialings.get(&id) else { continue };
            let Stage::Waiting(until) = live.stage else { continue };
            self.moves_to(id, Some(Stage::Overdue(until)), now);
            let Some(live) = self.dialings.get(&id) else { continue };
            match live.dialing.copy.harbour {
                // The engine looks whether an agent has it by now.
                Some(_) => ready.calls.push(CallOrder::Shelter(id)),
                None => self.abandoned(id, now, ready),
            }
        }
    }

    /// No agent has taken it, and it is in its harbour, or is hung up without one.
    pub(super) fn sheltered(&mut self, id: DialingId, now: Timestamp, ready: &mut Ready) {
        let stage = self.dialings.get(&id).map(|live| live.stage);
        if matches!(stage, Some(Stage::Waiting(_) | Stage::Overdue(_))) {
            self.moves_to(id, Some(Stage::Released), now);
            self.abandoned(id, now, ready);
        }
    }

    /// Counts a person as abandoned, once.
    fn abandoned(&mut self, id: DialingId, now: Timestamp, ready: &mut Ready) {
        if self.dialings.get(&id).is_none_or(|live| live.dialing.abandoned_at.is_some()) {
            return;
        }
        let changed = self.change(id, ready, |dialing| {
            dialing.abandoned_at = Some(now);
            dialing.updated_at = Some(now);
        });
        let Some(dialing) = changed else { return };
        let campaign = dialing.campaign;
        ready.writes.push(Write::Answered(dialing));
        self.count(campaign, Counted::Abandoned, now, ready);
        self.pacer_sees(campaign, id, now, |call| Seen::Abandoned { call });
    }

    /// A call is over: its agent is free, and with as many as can be served at once, the
    /// one that waited longest is next.
    pub(super) fn leaves_team(
        &mut self,
        id: DialingId,
        end: &CallEnd,
        now: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(live) = self.dialings.get(&id) else { return };
        let (team, stage, campaign) = (live.team, live.stage, live.dialing.campaign);
        if matches!(stage, Stage::Overdue(_)) && !end.is_machine() {
            // The person hung up while waiting for too long.
            self.abandoned(id, now, ready);
        }
        let Some(live) = self.dialings.get(&id) else { return };
        let was_abandoned = live.dialing.abandoned_at.is_some();
        let said = live.dialing.outcome.map(|outcome| outcome.disposition);
        let is_machine = end.is_machine() || said == Some(Disposition::Machine);
        let by_us = matches!(end.by, EndedBy::Cancel | EndedBy::Interruption);
        self.pacer_sees(campaign, id, now, |call| match by_us && !end.answered {
            true => Seen::Withdrawn { call },
            false => Seen::Ended { call },
        });
        if is_person(stage) && is_machine {
            self.count(campaign, Counted::FalsePerson, now, ready);
            if was_abandoned {
                self.count(campaign, Counted::NotAbandoned, now, ready);
            }
            self.pacer_sees(campaign, id, now, |call| Seen::FalseHuman { call });
        }
        self.pacer_ends(campaign, id);
        let Some(team) = team else { return };
        let Some(live) = self.dialings.get(&id) else { return };
        let rang = live.dialing.dial_ended_at.unwrap_or(now).since(live.dialing.claimed_at);
        let talked = match stage {
            Stage::Connected(since) => now.since(since),
            _ => Duration::ZERO,
        };
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.served.end(rang, talked);
        }
        self.moves_to(id, None, now);
        if self.teams.waiting(team) == 0 || !self.teams.serves_at_once(team) {
            return;
        }
        let waiting = self.dialings.values().filter_map(|live| match live.stage {
            Stage::Waiting(until) if live.team == Some(team) => Some((until, live.dialing.id)),
            _ => None,
        });
        if let Some((_, next)) = waiting.min() {
            self.connected(next, None, now, ready);
        }
    }
}

/// Whether a call that ends now was counted as a person's.
fn is_person(stage: Stage) -> bool {
    match stage {
        Stage::Waiting(_) | Stage::Overdue(_) | Stage::Connected(_) => true,
        Stage::Dialed | Stage::Screening | Stage::Released => false,
    }
}
