//! Predictive pacing of campaigns: tells the [`Predictor`] of a campaign what its calls
//! do, and the pacing's team what the agents do, and asks how many calls to start.

use super::teams::{Staff, TeamAt};
use super::{CallOrder, Dialer, LiveDialing, Ready, World};
use crate::domain::{Agent, AgentState, CampaignId, DialListId, DialingId, Plan, Timestamp};
use crate::pacing::predictive::{
    self, AgentId, CallId, Expected, Options, Predictor, Seconds, Seen,
};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A call that nobody could take is not given up before it rang so long, whatever the plan says.
const RINGS_AT_LEAST_S: f64 = 15.0;

/// A pacer that starts no call is left alone so long, if nothing happens.
const NOT_AGAIN_WITHIN: Duration = Duration::from_millis(20);

/// How often the targets are counted that a list has left.
const COUNTS_EVERY: Duration = Duration::from_secs(1);

/// The predictive pacing of one campaign.
pub(super) struct Pacer {
    predictor: Predictor,
    /// Until when it knows what is asked of it.
    period_end: Timestamp,
    calls: HashMap<CallId, DialingId>,
    ids: HashMap<DialingId, CallId>,
    next: u64,
    /// When its list's targets are counted again.
    count_at: Timestamp,
}

impl Pacer {
    fn new(options: &Options, now: Timestamp, period_end: Timestamp) -> Pacer {
        Pacer {
            predictor: Predictor::new(options, seconds(now)),
            period_end,
            calls: HashMap::new(),
            ids: HashMap::new(),
            next: 0,
            count_at: now,
        }
    }

    fn begin(&mut self, dialing: DialingId, now: Timestamp) {
        let call = CallId(self.next);
        self.next += 1;
        self.calls.insert(call, dialing);
        self.ids.insert(dialing, call);
        self.predictor.see(seconds(now), Seen::Dialed { call });
    }

    fn see(&mut self, dialing: DialingId, now: Timestamp, seen: impl Fn(CallId) -> Seen) {
        if let Some(call) = self.ids.get(&dialing) {
            self.predictor.see(seconds(now), seen(*call));
        }
    }

    fn end(&mut self, dialing: DialingId) {
        if let Some(call) = self.ids.remove(&dialing) {
            self.calls.remove(&call);
        }
    }
}

/// A team's agents as the pacing sees them.
#[derive(Default)]
pub(super) struct Floor {
    pub(super) team: predictive::Team,
    known: HashMap<String, Known>,
    next: u64,
    /// Of a team that is only a number of calls: those that are served, oldest first.
    served: VecDeque<AgentId>,
    idle: Vec<AgentId>,
}

struct Known {
    id: AgentId,
    state: AgentState,
    since: Timestamp,
}

impl Floor {
    /// Takes over how the agents are. Of those who ring, `taking` are about to take a caller
    /// who waits; until then they count as free, as the caller counts as waiting.
    pub(super) fn see(&mut self, agents: &[Agent], mut taking: usize, now: Timestamp) {
        let at = seconds(now);
        let gone = |name: &String| !agents.iter().any(|agent| agent.interface == *name);
        let names: Vec<String> = self.known.keys().filter(|name| gone(name)).cloned().collect();
        for known in names.iter().filter_map(|name| self.known.remove(name)) {
            self.team.remove(at, known.id);
        }
        for agent in agents {
            let next = &mut self.next;
            let known = self.known.entry(agent.interface.clone()).or_insert_with(|| {
                *next += 1;
                Known { id: AgentId(*next), state: agent.state, since: now }
            });
            if !is_same(known.state, agent.state) {
                known.since = now;
            }
            known.state = agent.state;
            let since = seconds(known.since);
            let state = match agent.state {
                AgentState::Free => predictive::AgentState::Free,
                AgentState::Ringing if taking > 0 => {
                    taking -= 1;
                    predictive::AgentState::Free
                }
                AgentState::Ringing | AgentState::Busy => predictive::AgentState::Talking { since },
                AgentState::WrappingUp { until } => {
                    predictive::AgentState::WrappingUp { since, until: until.map(seconds) }
                }
                AgentState::Paused | AgentState::Away => predictive::AgentState::Away,
            };
            self.team.set(at, known.id, state);
        }
    }

    /// As [`Self::see`], of a team that can serve `most` calls and serves so many.
    pub(super) fn see_capacity(&mut self, most: u32, served: usize, now: Timestamp) {
        let at = seconds(now);
        let most = most as usize;
        while self.idle.len() + self.served.len() < most {
            let id = AgentId(self.next);
            self.next += 1;
            self.team.set(at, id, predictive::AgentState::Free);
            self.idle.push(id);
        }
        while self.served.len() > served {
            let Some(id) = self.served.pop_front() else { break };
            self.team.set(at, id, predictive::AgentState::Free);
            self.idle.push(id);
        }
        while self.served.len() < served {
            let Some(id) = self.idle.pop() else { break };
            self.team.set(at, id, predictive::AgentState::Talking { since: at });
            self.served.push_back(id);
        }
        while self.idle.len() + self.served.len() > most {
            let Some(id) = self.idle.pop() else { break };
            self.team.remove(at, id);
        }
    }
}

fn is_same(one: AgentState, other: AgentState) -> bool {
    let is_wrap_up = |state| matches!(state, AgentState::WrappingUp { .. });
    one == other || (is_wrap_up(one) && is_wrap_up(other))
}

#[allow(clippy::cast_precision_loss)] // Far below what matters here.
fn seconds(at: Timestamp) -> Seconds {
    at.0 as f64 / 1e9
}

fn timestamp(at: Seconds) -> Timestamp {
    // Saturates at the ends of time.
    Timestamp((at * 1e9) as i64)
}

impl Dialer {
    /// How many calls a predictive campaign may start now, of at most `most`; calls that
    /// have rung long enough and that nobody could take are given up.
    pub(super) fn predict(
        &mut self,
        id: CampaignId,
        team: TeamAt,
        most: usize,
        now: Timestamp,
        ready: &mut Ready,
    ) -> usize {
        self.keep_pacer(id, now);
        let mut rivals = Expected::default();
        let others = self.campaigns.values().filter(|other| {
            other.record.id != id && other.live > 0 && other.staff == Staff::Team(team)
        });
        for pacer in others.filter_map(|other| other.pacer.as_ref()) {
            rivals += pacer.predictor.expected(seconds(now));
        }
        let Some(campaign) = self.campaigns.get_mut(&id) else { return 0 };
        let Some(pacer) = &mut campaign.pacer else { return 0 };
        let floor = self.teams.floor(team);
        let decision = pacer.predictor.decide(seconds(now), floor, &rivals, most);
        campaign.pace_at = timestamp(decision.again_at).max(now + NOT_AGAIN_WITHIN);
        let given_up = decision.cancel.iter().filter_map(|call| pacer.calls.get(call));
        ready.calls.extend(given_up.map(|dialing| CallOrder::GiveUp(*dialing)));
        decision.launch
    }

    /// Tells a campaign's pacer now and then how many targets its list has left.
    pub(super) fn count_targets(
        &mut self,
        id: CampaignId,
        list: DialListId,
        world: &mut World<'_>,
    ) {
        let pacer = self.campaigns.get_mut(&id).and_then(|campaign| campaign.pacer.as_mut());
        let Some(pacer) = pacer.filter(|pacer| pacer.count_at <= world.now) else { return };
        pacer.count_at = world.now + COUNTS_EVERY;
        // If they cannot be counted, the next look into the list says why.
        if let Ok(counts) = world.targets.counts(list) {
            pacer.predictor.expect_dials(counts.available());
        }
    }

    /// Makes a campaign's pacer, and tells it what is asked of it when that changes: with
    /// another plan, and with each day or calling window.
    fn keep_pacer(&mut self, id: CampaignId, now: Timestamp) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        if campaign.pacer.as_ref().is_some_and(|pacer| now < pacer.period_end) {
            return;
        }
        let Some(plan) = campaign.record.plan.and_then(|id| self.plans.get(&id)) else { return };
        let (day, day_end) = campaign.day(&self.settings.time_zone, now);
        let window_end = campaign.record.window_until.filter(|end| *end > now);
        let period_end = window_end.map_or(day_end, |end| end.min(day_end));
        let figures = campaign.ledger.day(day);
        let options = Options {
            answers: figures.answered,
            abandoned: figures.abandoned,
            period_end: Some(seconds(period_end)),
            ..options(plan)
        };
        match &mut campaign.pacer {
            Some(pacer) => {
                pacer.predictor.configure(seconds(now), &options);
                pacer.period_end = period_end;
            }
            None => {
                let mut pacer = Pacer::new(&options, now, period_end);
                // Those that are under way already are expected as well.
                let of = |live: &&LiveDialing| live.dialing.campaign == id;
                let calls = self.dialings.values().filter(of).map(|live| &live.dialing);
                for dialing in calls.filter(|dialing| !dialing.is_answered()) {
                    pacer.begin(dialing.id, dialing.claimed_at);
                }
                campaign.pacer = Some(Box::new(pacer));
            }
        }
    }

    /// What is asked of the pacers of these campaigns has changed.
    pub(super) fn ask_pacers_anew(&mut self, which: impl Fn(&crate::domain::Campaign) -> bool) {
        for campaign in self.campaigns.values_mut().filter(|c| which(&c.record)) {
            if let Some(pacer) = &mut campaign.pacer {
                pacer.period_end = Timestamp(i64::MIN);
            }
        }
    }

    /// A call of a campaign begins.
    pub(super) fn pacer_begins(&mut self, id: CampaignId, dialing: DialingId, now: Timestamp) {
        let pacer = self.campaigns.get_mut(&id).and_then(|campaign| campaign.pacer.as_mut());
        if let Some(pacer) = pacer {
            pacer.begin(dialing, now);
        }
    }

    /// Something is seen of a call.
    pub(super) fn pacer_sees(
        &mut self,
        id: CampaignId,
        dialing: DialingId,
        now: Timestamp,
        seen: impl Fn(CallId) -> Seen,
    ) {
        let pacer = self.campaigns.get_mut(&id).and_then(|campaign| campaign.pacer.as_mut());
        if let Some(pacer) = pacer {
            pacer.see(dialing, now, seen);
        }
    }

    /// A call is over; nothing more is seen of it.
    pub(super) fn pacer_ends(&mut self, id: CampaignId, dialing: DialingId) {
        let pacer = self.campaigns.get_mut(&id).and_then(|campaign| campaign.pacer.as_mut());
        if let Some(pacer) = pacer {
            pacer.end(dialing);
        }
    }
}

/// What a plan asks of its pacing.
fn options(plan: &Plan) -> Options {
    let span = |ms: u32| Duration::from_millis(u64::from(ms)).as_secs_f64();
    let ring_timeout_s = span(plan.ring_timeout_ms(true));
    Options {
        abandon_target: f64::from(plan.pacing.abandon_target) / 10_000.0,
        abandon_after_s: span(plan.pacing.abandon_after_ms),
        min_ring_s: Some(span(plan.pacing.min_ring_ms).max(RINGS_AT_LEAST_S)),
        ring_timeout_s,
        amd: plan.screening.on,
        ..Options::default()
    }
}
