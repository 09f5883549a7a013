//! Who decides how many calls go out: ours, as it runs in the dialer.

use crate::scenario::Scenario;
use dialer::pacing::predictive::{
    AgentId, AgentState, Decision, Expected, Options, Predictor, Seen, Team,
};

/// What a dialer can count.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    pub free: usize,
    pub talking: usize,
    pub wrapping_up: usize,
    /// Calls that are dialled or answered and have no verdict yet.
    pub in_flight: usize,
    /// People who have no agent yet.
    pub waiting: usize,
    /// Of the day so far.
    pub answers: u64,
    pub abandoned: u64,
}

impl View {
    pub fn agents(&self) -> usize {
        self.free + self.talking + self.wrapping_up
    }

    /// Calls of all kinds, also those with an agent.
    pub fn calls(&self) -> usize {
        self.in_flight + self.waiting + self.talking
    }
}

/// A rule of pacing. It is told what a dialer sees, and asked after each event.
pub trait Policy {
    fn see(&mut self, _at: f64, _seen: Seen) {}

    fn agent(&mut self, _at: f64, _agent: AgentId, _state: AgentState) {}

    fn decide(&mut self, at: f64, view: &View, most: usize) -> Decision;
}

/// So many calls, and to be asked again after so long.
pub fn launch(launch: usize, again_at: f64) -> Decision {
    Decision { launch, cancel: Vec::new(), again_at }
}

/// Predictive pacing.
pub struct Predictive {
    predictor: Predictor,
    team: Team,
}

/// A call may be hung up when it rang so long.
const MIN_RING_S: f64 = 15.0;

impl Predictive {
    pub fn new(scenario: &Scenario, cancels: bool) -> Predictive {
        let options = Options {
            abandon_target: scenario.target,
            abandon_after_s: scenario.abandon_after_s,
            min_ring_s: cancels.then_some(MIN_RING_S),
            ring_timeout_s: scenario.no_answer_timeout_s,
            period_end: Some(scenario.duration_s),
            amd: true,
            ..Options::default()
        };
        Predictive { predictor: Predictor::new(&options, 0.0), team: Team::new() }
    }
}

impl Policy for Predictive {
    fn see(&mut self, at: f64, seen: Seen) {
        self.predictor.see(at, seen);
    }

    fn agent(&mut self, at: f64, agent: AgentId, state: AgentState) {
        self.team.set(at, agent, state);
    }

    fn decide(&mut self, at: f64, view: &View, most: usize) -> Decision {
        self.team.set_waiting(view.waiting);
        self.predictor.decide(at, &self.team, &Expected::default(), most)
    }
}
