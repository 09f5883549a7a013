//! A day of calls and agents, event by event, in virtual time.

use crate::policy::{Policy, View};
use crate::random::Random;
use crate::scenario::{AgentEvent, Distribution, Scenario};
use dialer::pacing::predictive::{AgentId, AgentState, CallId, Seen};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

/// What came of a day.
#[derive(Debug, Clone, Default)]
pub struct Day {
    pub staffed_s: f64,
    /// Talks with people, with machines that were taken for people, and what follows them.
    pub talk_s: f64,
    pub machine_s: f64,
    pub wrap_s: f64,
    pub idle_s: f64,
    pub dials: u64,
    pub connected: u64,
    pub abandoned: u64,
    pub canceled: u64,
    /// Each person who answered: when, and whether no agent was found.
    pub people: Vec<(f64, bool)>,
    pub decisions: u64,
    pub deciding: Duration,
    /// One a minute.
    pub samples: Vec<Sample>,
}

/// How a minute of the day looked like at its start.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub at: f64,
    pub view: View,
}

const SAMPLE_S: f64 = 60.0;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Ringing,
    /// Off the hook; with the verdict that will come.
    Answered {
        at: f64,
    },
    Waiting {
        answered_at: f64,
        is_person: bool,
    },
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Agent {
    Away,
    Free { since: f64 },
    Talking { since: f64, call: usize, is_person: bool },
    WrappingUp { since: f64, is_person: bool },
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Rings(usize),
    OffHook {
        call: usize,
        is_person: bool,
    },
    /// What detection says, and what is true.
    Verdict {
        call: usize,
        human: bool,
        is_person: bool,
    },
    NotAnswered(usize),
    PatienceEnds(usize),
    TalkEnds(usize),
    WrapUpEnds(usize),
    AgentsChange(usize),
    Look,
    Sample,
}

/// An event in its order: by time, then as it was planned.
struct Due {
    at: f64,
    number: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest is the greatest: a heap gives it first.
    fn cmp(&self, other: &Due) -> Ordering {
        other.at.total_cmp(&self.at).then(other.number.cmp(&self.number))
    }
}

struct Simulation<'a> {
    scenario: &'a Scenario,
    policy: &'a mut dyn Policy,
    random: Random,
    now: f64,
    due: BinaryHeap<Due>,
    planned: u64,
    calls: Vec<Call>,
    agents: Vec<Agent>,
    leaves: Vec<bool>,
    free: VecDeque<usize>,
    waiting: VecDeque<usize>,
    view: View,
    /// Calls that may go out by the limit of calls per second, up to some.
    tokens: f64,
    tokens_at: f64,
    look_at: f64,
    day: Day,
}

/// Simulates a day.
pub fn simulate(scenario: &Scenario, policy: &mut dyn Policy, seed: u64) -> Day {
    let mut simulation = Simulation {
        scenario,
        policy,
        random: Random::new(seed),
        now: 0.0,
        due: BinaryHeap::new(),
        planned: 0,
        calls: Vec::new(),
        agents: vec![Agent::Away; scenario.agents],
        leaves: vec![false; scenario.agents],
        free: VecDeque::new(),
        waiting: VecDeque::new(),
        view: View::default(),
        tokens: 1.0,
        tokens_at: 0.0,
        look_at: 0.0,
        day: Day::default(),
    };
    simulation.run();
    simulation.day
}

impl Simulation<'_> {
    fn run(&mut self) {
        for (at, event) in self.scenario.agent_events.iter().enumerate() {
            self.plan(event.at_s, Event::AgentsChange(at));
        }
        self.plan(0.0, Event::Look);
        self.plan(0.0, Event::Sample);
        while let Some(Due { at, event, .. }) = self.due.pop() {
            if at >= self.scenario.duration_s {
                break;
            }
            self.now = at;
            self.happen(event);
            // What happens at the same moment is decided about once.
            if self.due.peek().is_none_or(|next| next.at > at) {
                self.decide();
            }
        }
        self.close();
    }

    /// The end of the day: what is under way counts until now.
    fn close(&mut self) {
        self.now = self.scenario.duration_s;
        for agent in 0..self.agents.len() {
            self.account(agent);
        }
    }

    fn plan(&mut self, at: f64, event: Event) {
        self.planned += 1;
        self.due.push(Due { at, number: self.planned, event });
    }

    fn plan_in(&mut self, after: f64, event: Event) {
        self.plan(self.now + after, event);
    }

    fn sample(&mut self, distribution: &Distribution) -> f64 {
        distribution.sample(&mut self.random)
    }

    fn see(&mut self, seen: Seen) {
        self.policy.see(self.now, seen);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Rings(call) if self.calls[call] == Call::Ringing => {
                self.see(Seen::Rings { call: id(call) });
            }
            Event::OffHook { call, is_person } if self.calls[call] == Call::Ringing => {
                self.off_hook(call, is_person);
            }
            Event::Verdict { call, human, is_person } => self.verdict(call, human, is_person),
            Event::NotAnswered(call) if self.calls[call] == Call::Ringing => {
                self.end(call);
                self.see(Seen::Ended { call: id(call) });
            }
            Event::PatienceEnds(call) => self.patience_ends(call),
            Event::TalkEnds(agent) => self.talk_ends(agent),
            Event::WrapUpEnds(agent) => self.gets_free(agent),
            Event::AgentsChange(at) => {
                let scenario = self.scenario;
                self.agents_change(&scenario.agent_events[at]);
            }
            Event::Sample => {
                self.day.samples.push(Sample { at: self.now, view: self.view });
                self.plan_in(SAMPLE_S, Event::Sample);
            }
            Event::Rings(_) | Event::OffHook { .. } | Event::NotAnswered(_) | Event::Look => {}
        }
    }

    // --- Calls.

    fn dial(&mut self) {
        let scenario = self.scenario;
        let call = self.calls.len();
        self.calls.push(Call::Ringing);
        self.day.dials += 1;
        self.view.in_flight += 1;
        self.see(Seen::Dialed { call: id(call) });
        let setup = self.sample(&scenario.setup_s);
        let outcome = self.random.uniform();
        let live = scenario.live_at(self.now);
        if outcome < live {
            let ring = self.sample(&scenario.ring_live_s);
            self.plan_in(setup, Event::Rings(call));
            self.plan_in(setup + ring, Event::OffHook { call, is_person: true });
        } else if outcome < live + scenario.busy {
            self.plan_in(setup, Event::NotAnswered(call));
        } else if outcome < live + scenario.busy + scenario.machine {
            let ring = self.sample(&scenario.ring_machine_s);
            self.plan_in(setup, Event::Rings(call));
            self.plan_in(setup + ring, Event::OffHook { call, is_person: false });
        } else {
            self.plan_in(setup, Event::Rings(call));
            self.plan_in(setup + scenario.no_answer_timeout_s, Event::NotAnswered(call));
        }
    }

    fn off_hook(&mut self, call: usize, is_person: bool) {
        let amd = &self.scenario.amd;
        self.calls[call] = Call::Answered { at: self.now };
        self.see(Seen::Answered { call: id(call) });
        let wrong = if is_person { amd.false_positive } else { amd.false_negative };
        let human = is_person != (self.random.uniform() < wrong);
        let after = if is_person { &amd.human_verdict_s } else { &amd.machine_verdict_s };
        let after = self.sample(after);
        self.plan_in(after, Event::Verdict { call, human, is_person });
    }

    fn verdict(&mut self, call: usize, human: bool, is_person: bool) {
        let Call::Answered { at: answered_at } = self.calls[call] else { return };
        self.see(Seen::Verdict { call: id(call), human });
        if !human {
            self.end(call);
            self.see(Seen::Ended { call: id(call) });
            return;
        }
        self.view.in_flight -= 1;
        self.view.waiting += 1;
        self.view.answers += 1;
        self.calls[call] = Call::Waiting { answered_at, is_person };
        self.waiting.push_back(call);
        self.match_up();
        if self.calls[call] != Call::Gone {
            let patience = answered_at + self.scenario.abandon_after_s;
            self.plan(patience.max(self.now), Event::PatienceEnds(call));
        }
    }

    fn patience_ends(&mut self, call: usize) {
        let Call::Waiting { answered_at, is_person } = self.calls[call] else { return };
        self.calls[call] = Call::Gone;
        self.waiting.retain(|waits| *waits != call);
        self.view.waiting -= 1;
        self.view.abandoned += 1;
        if is_person {
            self.day.abandoned += 1;
            self.day.people.push((answered_at, true));
        }
        self.see(Seen::Abandoned { call: id(call) });
        self.see(Seen::Ended { call: id(call) });
    }

    /// A call that never got to a person is over.
    fn end(&mut self, call: usize) {
        self.calls[call] = Call::Gone;
        self.view.in_flight -= 1;
    }

    // --- Agents.

    /// Those who wait get agents, in turn.
    fn match_up(&mut self) {
        while let (Some(call), Some(agent)) =
            (self.waiting.front().copied(), self.free.front().copied())
        {
            self.waiting.pop_front();
            self.free.pop_front();
            let Call::Waiting { answered_at, is_person } = self.calls[call] else { continue };
            self.calls[call] = Call::Gone;
            self.view.waiting -= 1;
            self.view.free -= 1;
            self.view.talking += 1;
            self.account(agent);
            self.agents[agent] = Agent::Talking { since: self.now, call, is_person };
            let scenario = self.scenario;
            let talk = if is_person {
                self.day.connected += 1;
                self.day.people.push((answered_at, false));
                self.sample(&scenario.talk_s) * scenario.talk_cycle.at(self.now)
            } else {
                self.sample(&scenario.amd.missed_machine_talk_s)
            };
            self.plan_in(talk, Event::TalkEnds(agent));
            self.see(Seen::Connected { call: id(call) });
            self.tell(agent);
        }
    }

    fn talk_ends(&mut self, agent: usize) {
        let Agent::Talking { call, is_person, .. } = self.agents[agent] else { return };
        self.account(agent);
        self.agents[agent] = Agent::WrappingUp { since: self.now, is_person };
        self.view.talking -= 1;
        self.view.wrapping_up += 1;
        let scenario = self.scenario;
        let wrap = if is_person {
            self.sample(&scenario.wrap_s)
        } else {
            self.see(Seen::FalseHuman { call: id(call) });
            self.sample(&scenario.amd.missed_machine_wrap_s)
        };
        self.plan_in(wrap, Event::WrapUpEnds(agent));
        self.tell(agent);
    }

    fn gets_free(&mut self, agent: usize) {
        self.account(agent);
        self.view.wrapping_up -= 1;
        if self.leaves[agent] {
            self.agents[agent] = Agent::Away;
        } else {
            self.agents[agent] = Agent::Free { since: self.now };
            self.view.free += 1;
            self.free.push_back(agent);
        }
        self.tell(agent);
        self.match_up();
    }

    fn agents_change(&mut self, event: &AgentEvent) {
        for agent in event.agents.iter().copied() {
            self.leaves[agent] = !event.is_login;
            match self.agents[agent] {
                Agent::Away if event.is_login => {
                    self.view.wrapping_up += 1;
                    self.gets_free(agent);
                }
                Agent::Free { .. } if !event.is_login => {
                    self.account(agent);
                    self.agents[agent] = Agent::Away;
                    self.view.free -= 1;
                    self.free.retain(|free| *free != agent);
                    self.tell(agent);
                }
                // Whoever is on a call leaves after it.
                _ => {}
            }
        }
    }

    /// Adds up what an agent did until now.
    fn account(&mut self, agent: usize) {
        let since = match self.agents[agent] {
            Agent::Away => return,
            Agent::Free { since } => {
                self.day.idle_s += self.now - since;
                since
            }
            Agent::Talking { since, is_person, .. } => {
                let sum = if is_person { &mut self.day.talk_s } else { &mut self.day.machine_s };
                *sum += self.now - since;
                since
            }
            Agent::WrappingUp { since, is_person } => {
                let sum = if is_person { &mut self.day.wrap_s } else { &mut self.day.machine_s };
                *sum += self.now - since;
                since
            }
        };
        self.day.staffed_s += self.now - since;
    }

    fn tell(&mut self, agent: usize) {
        let state = match self.agents[agent] {
            Agent::Away => AgentState::Away,
            Agent::Free { .. } => AgentState::Free,
            Agent::Talking { since, .. } => AgentState::Talking { since },
            Agent::WrappingUp { since, .. } => AgentState::WrappingUp { since, until: None },
        };
        self.policy.agent(self.now, AgentId(agent as u64), state);
    }

    // --- The decision.

    fn decide(&mut self) {
        let cps = self.scenario.calls_per_second;
        self.tokens = (self.tokens + cps * (self.now - self.tokens_at)).min(cps.max(1.0));
        self.tokens_at = self.now;
        let lines = self.scenario.lines.saturating_sub(self.view.calls());
        let most = lines.min((self.tokens + 1e-9) as usize);

        let began = Instant::now();
        let decision = self.policy.decide(self.now, &self.view, most);
        self.day.deciding += began.elapsed();
        self.day.decisions += 1;

        assert!(decision.launch <= most, "{} of {most} calls", decision.launch);
        for CallId(call) in &decision.cancel {
            self.cancel(*call as usize);
        }
        for _ in 0..decision.launch {
            self.tokens -= 1.0;
            self.dial();
        }
        // When it wants to, and when the next call may go out if that held it back.
        let mut look_at = decision.again_at;
        if decision.launch == most && most < lines {
            look_at = look_at.min(self.now + (1.0 - self.tokens).max(1e-6) / cps);
        }
        if self.look_at <= self.now || look_at < self.look_at {
            self.look_at = look_at.max(self.now + 1e-6);
            self.plan(self.look_at, Event::Look);
        }
    }

    fn cancel(&mut self, call: usize) {
        if self.calls[call] == Call::Ringing {
            self.day.canceled += 1;
            self.end(call);
            self.see(Seen::Ended { call: id(call) });
        }
    }
}

fn id(call: usize) -> CallId {
    CallId(call as u64)
}
