//! Teams: who serves the answered calls, how many calls they can take now, and what
//! becomes of a person who answered and whom nobody takes in time.

use super::callers::Stage;
use super::pacer::Floor;
use super::{Dialer, LiveCampaign, LiveDialing, Ready, Refusal, Switch};
use crate::deadlines::Deadlines;
use crate::domain::{
    Agent, AgentState, CampaignId, Destination, DialMode, Dialing, DialingId, Plan, Route,
    TeamLook, TeamName, Timestamp, MACHINE,
};
use crate::pacing::predictive::lines;
use crate::pacing::share;
use std::collections::HashMap;
use std::time::Duration;

/// How long a person waits at most whose time to wait was by another clock.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// When to look again whether a campaign without its agents has them back.
const LOST_AGENTS_LOOK: Duration = Duration::from_secs(5);

/// A team, by its place among those that were ever used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TeamAt(usize);

/// Who serves a campaign's answered calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Staff {
    /// It has to be found out.
    Unknown,
    /// Nobody in particular: any number of calls.
    Anyone,
    Team(TeamAt),
}

/// What is known of a team, and of our calls for it.
struct Team {
    name: TeamName,
    look: TeamLook,
    looked_at: Option<Timestamp>,
    /// Calls that are not answered yet, or that AMD is listening to.
    coming: usize,
    /// Persons who have no agent yet.
    waiting: usize,
    connected: usize,
    /// Of the connected ones, those that the last look cannot have shown.
    taken: usize,
    floor: Floor,
}

/// All teams.
#[derive(Default)]
pub(super) struct Teams {
    teams: Vec<Team>,
    by_name: HashMap<TeamName, TeamAt>,
    /// When persons will have waited too long.
    deadlines: Deadlines<Timestamp, DialingId>,
    watched: Vec<TeamName>,
}

/// How a team is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamStatus {
    pub name: TeamName,
    pub free: usize,
    pub ringing: usize,
    pub busy: usize,
    pub wrapping_up: usize,
    pub paused: usize,
    pub away: usize,
    /// Our callers, and those of others, who have no agent yet.
    pub waiting: usize,
    /// Our calls that are on their way to it.
    pub coming: usize,
}

impl TeamStatus {
    /// Agents who have a call in hand: it rings, they talk, or they write it up.
    pub fn occupied(&self) -> usize {
        self.ringing + self.busy + self.wrapping_up
    }
}

impl Team {
    fn new(name: TeamName) -> Team {
        Team {
            name,
            look: TeamLook::default(),
            looked_at: None,
            coming: 0,
            waiting: 0,
            connected: 0,
            taken: 0,
            floor: Floor::default(),
        }
    }

    fn count(&self, which: impl Fn(AgentState) -> bool) -> usize {
        self.look.agents.iter().filter(|agent| which(agent.state)).count()
    }

    /// Agents who could take one more call, less the callers that wait already.
    fn free(&self) -> i64 {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        if let TeamName::Capacity(_, most) = self.name {
            return i64::from(most) - number(self.connected + self.waiting);
        }
        let callers = number(self.waiting) + i64::from(self.look.other_callers);
        // An agent whose phone rings is about to take one of the callers.
        let ringing = number(self.count(|state| state == AgentState::Ringing));
        let free = number(self.count(|state| state == AgentState::Free));
        free + ringing.min(callers) - callers - number(self.taken)
    }

    /// Callers who have no agent yet, ours and others'.
    fn callers(&self) -> usize {
        self.waiting + self.look.other_callers as usize
    }

    /// Shows the pacing how the agents are.
    fn show(&mut self, now: Timestamp) {
        match self.name {
            TeamName::Capacity(_, most) => self.floor.see_capacity(most, self.connected, now),
            _ => self.floor.see(&self.look.agents, self.callers(), now),
        }
    }

    fn status(&self) -> TeamStatus {
        let is_wrap_up = |state| matches!(state, AgentState::WrappingUp { .. });
        let of = |wanted: AgentState| self.count(|state| state == wanted);
        let mut status = TeamStatus {
            name: self.name.clone(),
            free: of(AgentState::Free),
            ringing: of(AgentState::Ringing),
            busy: of(AgentState::Busy),
            wrapping_up: self.count(is_wrap_up),
            paused: of(AgentState::Paused),
            away: of(AgentState::Away),
            waiting: self.callers(),
            coming: self.coming,
        };
        if let TeamName::Capacity(_, most) = self.name {
            status.busy = self.connected;
            status.free = (most as usize).saturating_sub(self.connected);
        }
        status
    }

    /// Whether a call that is answered is served at once by as many as can be.
    fn serves_at_once(&self) -> bool {
        matches!(self.name, TeamName::Capacity(_, most) if self.connected < most as usize)
    }
}

impl Teams {
    fn named(&mut self, name: TeamName) -> TeamAt {
        // Whatever number of calls it can serve: those that it serves stay the same.
        let key = match &name {
            TeamName::Capacity(destination, _) => TeamName::Capacity(*destination, 0),
            _ => name.clone(),
        };
        if let Some(at) = self.by_name.get(&key).copied() {
            self.teams[at.0].name = name;
            return at;
        }
        let at = TeamAt(self.teams.len());
        self.teams.push(Team::new(name));
        self.by_name.insert(key, at);
        at
    }

    pub(super) fn name(&self, at: TeamAt) -> &TeamName {
        &self.teams[at.0].name
    }

    /// The agents as the pacing sees them.
    pub(super) fn floor(&self, at: TeamAt) -> &crate::pacing::predictive::Team {
        &self.teams[at.0].floor.team
    }

    pub(super) fn status(&self, at: TeamAt) -> TeamStatus {
        self.teams[at.0].status()
    }

    /// How many agents could take one more call than those that wait already.
    pub(super) fn free(&self, at: TeamAt) -> usize {
        usize::try_from(self.teams[at.0].free()).unwrap_or(0)
    }

    /// Agents who could take a call now.
    pub(super) fn free_agents(&self, at: TeamAt) -> Vec<Agent> {
        let agents = &self.teams[at.0].look.agents;
        agents.iter().filter(|agent| agent.state == AgentState::Free).cloned().collect()
    }

    /// A person who has waited too long, if there is one.
    pub(super) fn overdue(&mut self, now: Timestamp) -> Option<DialingId> {
        self.deadlines.due(now)
    }

    /// Persons of ours who have no agent yet.
    pub(super) fn waiting(&self, at: TeamAt) -> usize {
        self.teams[at.0].waiting
    }

    /// Whether a call that is answered is served at once.
    pub(super) fn serves_at_once(&self, at: TeamAt) -> bool {
        self.teams[at.0].serves_at_once()
    }

    /// When a person will have waited too long.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// A call goes from one stage to the next.
    pub(super) fn pass(
        &mut self,
        at: TeamAt,
        id: DialingId,
        from: Option<Stage>,
        to: Option<Stage>,
        now: Timestamp,
    ) {
        let team = &mut self.teams[at.0];
        match from {
            Some(Stage::Dialed | Stage::Screening) => team.coming = team.coming.saturating_sub(1),
            Some(Stage::Waiting(until)) => {
                team.waiting = team.waiting.saturating_sub(1);
                self.deadlines.remove(until, id);
            }
            Some(Stage::Overdue(_)) => team.waiting = team.waiting.saturating_sub(1),
            Some(Stage::Connected(since)) => {
                team.connected = team.connected.saturating_sub(1);
                if team.looked_at.is_none_or(|at| at < since) {
                    team.taken = team.taken.saturating_sub(1);
                }
            }
            Some(Stage::Released) | None => {}
        }
        match to {
            Some(Stage::Dialed | Stage::Screening) => team.coming += 1,
            Some(Stage::Waiting(until)) => {
                team.waiting += 1;
                self.deadlines.add(until, id);
            }
            Some(Stage::Overdue(_)) => team.waiting += 1,
            Some(Stage::Connected(_)) => {
                team.connected += 1;
                team.taken += 1;
            }
            Some(Stage::Released) | None => {}
        }
        let callers = team.callers() + team.taken;
        match team.name {
            TeamName::Capacity(..) => {
                team.show(now);
                team.floor.team.set_waiting(team.waiting);
            }
            _ => team.floor.team.set_waiting(callers),
        }
    }
}

/// Which team serves the answered calls of a plan and destination; `None`: anyone.
fn team_of(plan: &Plan, destination: &Destination, switch: &dyn Switch) -> Option<TeamName> {
    match plan.mode {
        DialMode::None | DialMode::Robo | DialMode::Redirect => return None,
        DialMode::Predictive | DialMode::Preview | DialMode::Power | DialMode::Progressive => {}
    }
    // An offer needs an agent to look at it, not a number of them.
    let capacity = destination.capacity.filter(|_| plan.mode != DialMode::Preview);
    if let Some(most) = capacity {
        return Some(TeamName::Capacity(destination.id, most));
    }
    let route = destination.route().ok()?;
    if let Some(queue) = route.queue() {
        return Some(TeamName::Queue(queue.to_owned()));
    }
    match route {
        Route::Application { .. } => None,
        Route::Extension { context, exten, .. } => {
            let team = TeamName::Extension { context, exten };
            switch.check_team(&team).is_ok().then_some(team)
        }
    }
}

/// Whether a plan has agents for this destination, if it needs them.
pub(super) fn check_staff(
    plan: &Plan,
    destination: &Destination,
    switch: &dyn Switch,
) -> Result<(), Refusal> {
    match team_of(plan, destination, switch) {
        Some(team) => match switch.check_team(&team) {
            Ok(()) => Ok(()),
            Err(what) => Err(Refusal::of("Dest", format!("there is no such {what}: {team}"))),
        },
        None if needs_agents(plan.mode) => {
            let reason = format!(
                "nobody can be free there, which DialMode {} ({}) needs: allowed is the \
                 application Queue, an extension with a hint, or a destination with a Capacity",
                plan.mode as i64,
                plan.mode.name()
            );
            Err(Refusal::of("Dest", reason))
        }
        None => Ok(()),
    }
}

/// Modes that dial for free agents; predictive does so where it finds any.
fn needs_agents(mode: DialMode) -> bool {
    matches!(mode, DialMode::Preview | DialMode::Power | DialMode::Progressive)
}

impl Dialer {
    /// Teams that have to be watched, if they are others than the last time.
    pub fn teams_to_watch(&mut self) -> Option<Vec<TeamName>> {
        let uses = |campaign: &LiveCampaign| match campaign.staff {
            Staff::Team(at) if campaign.dials_or_talks() => Some(at),
            _ => None,
        };
        let mut used: Vec<TeamAt> = self.campaigns.values().filter_map(uses).collect();
        used.sort_unstable();
        used.dedup();
        let names: Vec<_> = used.iter().map(|at| self.teams.name(*at).clone()).collect();
        if names == self.teams.watched {
            return None;
        }
        for team in &mut self.teams.teams {
            if !names.contains(&team.name) {
                team.looked_at = None;
            }
        }
        self.teams.watched.clone_from(&names);
        Some(names)
    }

    /// A team was looked at.
    pub(super) fn see_team(&mut self, name: &TeamName, look: TeamLook, at: Timestamp) {
        let Some(team) = self.teams.by_name.get(name).copied() else { return };
        let of_team = |live: &&LiveDialing| live.team == Some(team);
        let is_newer = |stage| matches!(stage, Stage::Connected(since) if since > at);
        let taken = self.dialings.values().filter(of_team).filter(|l| is_newer(l.stage)).count();
        let known = &mut self.teams.teams[team.0];
        known.look = look;
        known.looked_at = Some(at);
        known.taken = taken;
        known.show(at);
        known.floor.team.set_waiting(known.callers() + taken);
        self.see_offers(team);
        self.team_changed(team, at);
    }

    /// Campaigns of a team find out anew how many calls they may start.
    pub(super) fn team_changed(&mut self, team: TeamAt, now: Timestamp) {
        for campaign in self.campaigns.values_mut().filter(|c| c.staff == Staff::Team(team)) {
            campaign.pace_at = campaign.pace_at.min(now);
        }
    }

    /// Finds out who serves the calls of a campaign that dials.
    pub(super) fn staff(&mut self, id: CampaignId, switch: &dyn Switch, ready: &mut Ready) {
        let Some(campaign) = self.campaigns.get(&id) else { return };
        if campaign.staff != Staff::Unknown {
            return;
        }
        let plan = campaign.record.plan.and_then(|id| self.plans.get(&id));
        let destination = campaign.record.destination.and_then(|id| self.destinations.get(&id));
        let (Some(plan), Some(destination)) = (plan, destination) else { return };
        let staff = match team_of(plan, destination, switch) {
            Some(name) => Staff::Team(self.teams.named(name)),
            None => Staff::Anyone,
        };
        let notice = match (staff, plan.mode) {
            (Staff::Anyone, DialMode::Predictive) => Some(
                "has no agents to be seen at its destination, so that nothing but caps limits its \
                 calls",
            ),
            (Staff::Anyone, mode) if needs_agents(mode) => Some("has lost its agents and waits"),
            _ => None,
        };
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.staff = staff;
            let is_news = std::mem::replace(&mut campaign.staff_told, notice) != notice;
            let notice = notice.filter(|_| is_news);
            ready
                .notices
                .extend(notice.map(|what| format!("The {} {what}", campaign.record.label())));
        }
        if let Staff::Team(team) = staff {
            self.catch_up(id, team);
            self.adopt(id, team);
        }
    }

    /// The clock was set back: what is planned by it, and since when somebody talks, does
    /// not lie ahead.
    pub(super) fn rewind_calls(&mut self, now: Timestamp) {
        let ahead = |live: &LiveDialing| match live.stage {
            Stage::Waiting(until) if until > now + LONGEST_WAIT => {
                Some(Stage::Waiting(now + LONGEST_WAIT))
            }
            Stage::Connected(since) if since > now => Some(Stage::Connected(now)),
            _ => None,
        };
        let moved: Vec<_> = self
            .dialings
            .values()
            .filter_map(|live| ahead(live).map(|stage| (live.dialing.id, stage)))
            .collect();
        for (id, stage) in moved {
            self.moves_to(id, Some(stage), now);
        }
        for team in &mut self.teams.teams {
            team.looked_at = team.looked_at.map(|at| at.min(now));
            team.taken = 0;
        }
        self.previews.rewind();
    }

    /// Calls of a campaign that are up already count for its team.
    fn adopt(&mut self, id: CampaignId, team: TeamAt) {
        let is_new = |live: &&mut LiveDialing| live.dialing.campaign == id && live.team.is_none();
        for live in self.dialings.values_mut().filter(is_new) {
            live.team = Some(team);
            live.stage = stage_of(&live.dialing, self.seen);
            self.teams.pass(team, live.dialing.id, None, Some(live.stage), self.seen);
        }
    }

    /// Who serves the calls of these campaigns is found out anew.
    pub(super) fn staff_again(&mut self, which: impl Fn(&crate::domain::Campaign) -> bool) {
        for campaign in self.campaigns.values_mut().filter(|c| which(&c.record)) {
            campaign.staff = Staff::Unknown;
            campaign.pace_at = Timestamp(i64::MIN);
        }
        self.ask_pacers_anew(which);
    }

    /// How many calls a campaign may start now, of at most `most`, as its agents can serve;
    /// so many campaigns as `rivals` want their share of that. With none, it is not asked
    /// again before something changes.
    pub(super) fn pace(
        &mut self,
        id: CampaignId,
        most: usize,
        rivals: usize,
        now: Timestamp,
        ready: &mut Ready,
    ) -> usize {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return 0 };
        let Some(plan) = campaign.record.plan.and_then(|id| self.plans.get(&id)) else { return 0 };
        let Staff::Team(at) = campaign.staff else {
            // Its agents have gone: a hint, for one, can be taken out of the dialplan.
            let is_lost = needs_agents(plan.mode) || campaign.staff == Staff::Unknown;
            if is_lost {
                campaign.pace_at = now + LOST_AGENTS_LOOK;
                campaign.staff = Staff::Unknown;
            }
            return if is_lost { 0 } else { most };
        };
        let (mode, per_agent) = (plan.mode, plan.pacing.lines_per_agent);
        let more = i64::from(plan.service_level);
        campaign.pace_at = Timestamp(i64::MAX);
        let team = &self.teams.teams[at.0];
        if team.looked_at.is_none() && !matches!(team.name, TeamName::Capacity(..)) {
            return 0;
        }
        let free = usize::try_from(team.free() + more).unwrap_or(0);
        let room = match mode {
            DialMode::None => 0,
            DialMode::Preview => self.offers_wanted(at),
            DialMode::Robo | DialMode::Redirect => most,
            DialMode::Power => lines(free, team.coming, per_agent),
            DialMode::Progressive => lines(free, team.coming, 100),
            DialMode::Predictive => {
                let at_least = lines(free, team.coming, 100);
                match self.yields(id, at, now) {
                    true => {
                        self.wait_for_rivals(id, now);
                        at_least
                    }
                    false => self.predict(id, at, most, now, ready).max(at_least),
                }
            }
        };
        let room = share(room, rivals).min(most);
        if let Some(campaign) = self.campaigns.get_mut(&id).filter(|_| room > 0) {
            // There may be more than its share.
            campaign.pace_at = now;
        }
        room
    }

    /// Why a campaign that dials starts no call for want of agents, if it does not.
    pub(super) fn waits_for_agents(
        &self,
        campaign: &LiveCampaign,
        plan: Option<&Plan>,
    ) -> Option<String> {
        let Staff::Team(at) = campaign.staff else { return None };
        if campaign.pace_at <= self.seen {
            return None;
        }
        let TeamStatus { name, free, ringing, busy, wrapping_up, paused, away, waiting, coming } =
            self.teams.status(at);
        if self.teams.teams[at.0].looked_at.is_none() && !matches!(name, TeamName::Capacity(..)) {
            return Some(format!("the agents of {name} have not been seen yet"));
        }
        let mode = plan.map_or("", |plan| plan.mode.name());
        Some(format!(
            "no further call in mode {mode} for the agents of {name}: {free} free, {ringing} \
             ringing, {busy} busy, {wrapping_up} wrapping up, {paused} paused, {away} away; \
             {coming} calls are on their way and {waiting} callers wait"
        ))
    }
}

/// How far a call is that was up before the dialer was there.
fn stage_of(dialing: &Dialing, now: Timestamp) -> Stage {
    let is_machine = dialing.amd.as_ref().is_some_and(|(status, _)| status == MACHINE);
    match (dialing.is_answered(), dialing.connected_at) {
        (false, _) => Stage::Dialed,
        (true, Some(since)) => Stage::Connected(since.min(now)),
        (true, None) if is_machine || dialing.abandoned_at.is_some() => Stage::Released,
        (true, None) => Stage::Waiting(now + LONGEST_WAIT),
    }
}
