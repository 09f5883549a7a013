//! The agents: who is free, and when the others will be.

use super::clock::{age, Clock};
use super::durations::{Durations, Survival};
use super::marginal::Freeing;
use super::{AgentId, AgentState, Knots, Seconds, KNOTS, KNOT_S};
use std::collections::BTreeMap;

/// What was learned of talks and wrap-ups counts after so many seconds, if it is a new
/// part of what was known, and at the latest after so many more.
const TABLES_S: Seconds = 5.0;
const LATEST_S: Seconds = 60.0;
const NEW_PART: f64 = 0.05;

/// Columns of the tables: free within so many seconds.
const STEPS: usize = 32;

/// Rows of the tables: ages, fine at first.
const ROWS: usize = 72;
const FINE_ROWS: usize = 48;

/// The fine rows are so far apart.
const TALK_ROW_S: Seconds = 2.5;
const WRAP_UP_ROW_S: Seconds = 0.5;

/// The chance to come back after a wrap-up is an average of so many.
const RETURNS: f64 = 200.0;

/// How far back the share of talk is measured.
const OCCUPANCY_S: Seconds = 1_800.0;

/// The agents of one queue, whose campaigns share them.
///
/// It learns by itself how long talks and wrap-ups take, from how agents change.
#[derive(Debug, Clone)]
pub struct Team {
    clock: Clock,
    agents: BTreeMap<AgentId, Agent>,
    free: usize,
    waiting: usize,
    talks: Durations,
    wrap_ups: Durations,
    /// Of those who ended a call: how many took another one, and how many there were.
    came_back: f64,
    ended: f64,
    tables: Tables,
    tables_at: Option<Seconds>,
    /// Changes of agents since.
    changes: f64,
    version: u64,
    spent: Spent,
}

/// What an agent does, and since or until when on the team's own clock.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Agent {
    Free,
    Talking { since: Seconds },
    WrappingUp { since: Seconds, until: Option<Seconds> },
    Away,
}

impl Agent {
    /// Whether nothing new is told; times that are a little off are nothing new.
    fn is_same(&self, other: &Agent) -> bool {
        let near = |one: &Seconds, other: &Seconds| (one - other).abs() < 1.0;
        match (self, other) {
            (Agent::Talking { since: one }, Agent::Talking { since: other }) => near(one, other),
            (
                Agent::WrappingUp { since: one, until: one_until },
                Agent::WrappingUp { since: other, until: other_until },
            ) => {
                let is_same_end = match (one_until, other_until) {
                    (Some(one), Some(other)) => (one - other).abs() < 0.01,
                    (one, other) => one == other,
                };
                near(one, other) && is_same_end
            }
            (one, other) => one == other,
        }
    }
}

/// What the team's time went into, lately.
#[derive(Debug, Clone, Default)]
struct Spent {
    at: Seconds,
    talking: f64,
    staffed: f64,
}

impl Default for Team {
    fn default() -> Self {
        let (talks, wrap_ups) = (Durations::of_talks(), Durations::of_wrap_ups());
        let tables = Tables::new(
            &talks.survival(std::iter::empty()),
            &wrap_ups.survival(std::iter::empty()),
        );
        Team {
            clock: Clock::default(),
            agents: BTreeMap::new(),
            free: 0,
            waiting: 0,
            talks,
            wrap_ups,
            came_back: RETURNS / 4.0,
            ended: RETURNS / 4.0,
            tables,
            tables_at: None,
            changes: 0.0,
            version: 0,
            spent: Spent::default(),
        }
    }
}

impl Team {
    pub fn new() -> Team {
        Team::default()
    }

    /// An agent is in this state now. Times are the caller's, as `at` is.
    pub fn set(&mut self, at: Seconds, agent: AgentId, state: AgentState) {
        let now = self.see(at);
        let since = |since: Seconds| now - age(since, at);
        let next = match state {
            AgentState::Free => Agent::Free,
            AgentState::Away => Agent::Away,
            AgentState::Talking { since: began } => Agent::Talking { since: since(began) },
            AgentState::WrappingUp { since: began, until } => Agent::WrappingUp {
                since: since(began),
                until: until.filter(|until| until.is_finite()).map(|until| now + age(at, until)),
            },
        };
        if self.agents.get(&agent).is_some_and(|known| known.is_same(&next)) {
            return;
        }
        let before = self.agents.insert(agent, next);
        self.learn(before, Some(next), now);
    }

    /// An agent is no longer one of the team.
    pub fn remove(&mut self, at: Seconds, agent: AgentId) {
        let now = self.see(at);
        let before = self.agents.remove(&agent);
        self.learn(before, None, now);
    }

    /// So many people have been answered and have no agent yet, ours and others'.
    pub fn set_waiting(&mut self, waiting: usize) {
        self.waiting = waiting;
    }

    /// Agents who could take a call at once.
    pub fn free(&self) -> usize {
        self.free
    }

    /// Agents who are on calls or after one.
    pub fn busy(&self) -> usize {
        self.count(is_busy)
    }

    /// Free agents without those whom the people who wait will take.
    pub(super) fn spare(&self) -> i64 {
        self.free() as i64 - i64::try_from(self.waiting).unwrap_or(i64::MAX)
    }

    pub fn talk_s(&self) -> Seconds {
        self.talks.mean()
    }

    pub fn wrap_up_s(&self) -> Seconds {
        self.wrap_ups.mean()
    }

    /// The share of the last half hour that agents talked, of the time they were there.
    pub fn occupancy(&self) -> f64 {
        if self.spent.staffed > 0.0 {
            self.spent.talking / self.spent.staffed
        } else {
            0.0
        }
    }

    /// Changes with each change of an agent.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// How many busy agents are free by each knot; a person who waits for `grace` after the
    /// knot is still in time.
    pub(super) fn freeing(&self, at: Seconds, grace: Seconds) -> Freeing {
        let now = self.clock.at(at);
        let columns = Columns::new(grace);
        let back = self.came_back / self.ended;
        let busy: Vec<Knots> = self
            .agents
            .values()
            .filter(|agent| is_busy(agent))
            .map(|agent| {
                let mut chances = match *agent {
                    Agent::WrappingUp { until: Some(until), .. } => {
                        columns.times.map(|time| if now + time >= until { 1.0 } else { 0.0 })
                    }
                    Agent::WrappingUp { since, .. } => {
                        columns.read(&self.tables.wrap_ups[row(now - since, WRAP_UP_ROW_S)])
                    }
                    Agent::Talking { since } => {
                        columns.read(&self.tables.talks[row(now - since, TALK_ROW_S)])
                    }
                    Agent::Free | Agent::Away => [0.0; KNOTS],
                };
                chances.iter_mut().for_each(|chance| *chance *= back);
                chances
            })
            .collect();
        Freeing::of(&busy)
    }

    fn count(&self, is: impl Fn(&Agent) -> bool) -> usize {
        self.agents.values().filter(|agent| is(agent)).count()
    }

    fn see(&mut self, at: Seconds) -> Seconds {
        let now = self.clock.see(at);
        let passed = now - self.spent.at;
        if passed > 0.0 {
            self.spent.at = now;
            let keep = (-passed / OCCUPANCY_S).exp();
            let weight = OCCUPANCY_S * (1.0 - keep);
            let talking = self.count(|agent| matches!(agent, Agent::Talking { .. })) as f64;
            let staffed = self.count(|agent| *agent != Agent::Away) as f64;
            self.spent.talking = self.spent.talking * keep + talking * weight;
            self.spent.staffed = self.spent.staffed * keep + staffed * weight;
        }
        let is_new = self.changes > NEW_PART * (self.talks.ends() + self.wrap_ups.ends());
        let wait = if is_new { TABLES_S } else { LATEST_S };
        if self.tables_at.is_none_or(|made| now - made >= wait) {
            self.tables_at = Some(now);
            self.changes = 0.0;
            self.make_tables(now);
        }
        now
    }

    fn make_tables(&mut self, now: Seconds) {
        let agents = || self.agents.values();
        let talks = agents().filter_map(|agent| match agent {
            Agent::Talking { since } => Some(now - since),
            _ => None,
        });
        let wrap_ups = agents().filter_map(|agent| match agent {
            Agent::WrappingUp { since, until: None } => Some(now - since),
            _ => None,
        });
        let tables = Tables::new(&self.talks.survival(talks), &self.wrap_ups.survival(wrap_ups));
        self.tables = tables;
    }

    /// What a change of an agent tells.
    fn learn(&mut self, before: Option<Agent>, after: Option<Agent>, now: Seconds) {
        self.version += 1;
        self.changes += 1.0;
        self.free -= usize::from(before == Some(Agent::Free));
        self.free += usize::from(after == Some(Agent::Free));
        let is_there = !matches!(after, None | Some(Agent::Away));
        match (before, after) {
            // A phone that rang counted as a talk, or an end was missed: of unknown length.
            (Some(Agent::Talking { .. }), Some(Agent::Talking { .. })) => {}
            // Its end is known better now.
            (Some(Agent::WrappingUp { .. }), Some(Agent::WrappingUp { .. })) => {}
            (Some(Agent::Talking { since }), Some(Agent::WrappingUp { .. })) => {
                self.talks.ended(now - since);
            }
            (Some(Agent::Talking { since }), _) => {
                self.talks.ended(now - since);
                if is_there {
                    self.wrap_ups.ended(0.0);
                }
                self.call_ended(is_there);
            }
            (Some(Agent::WrappingUp { since, .. }), _) => {
                if is_there {
                    self.wrap_ups.ended(now - since);
                }
                self.call_ended(is_there);
            }
            (Some(Agent::Free | Agent::Away) | None, _) => {}
        }
    }

    fn call_ended(&mut self, is_there: bool) {
        let keep = 1.0 - 1.0 / RETURNS;
        self.came_back = self.came_back * keep + f64::from(u8::from(is_there));
        self.ended = self.ended * keep + 1.0;
    }
}

fn is_busy(agent: &Agent) -> bool {
    matches!(agent, Agent::Talking { .. } | Agent::WrappingUp { .. })
}

/// How likely an agent is free within each number of seconds, by how long the talk or the
/// wrap-up has gone on.
#[derive(Debug, Clone)]
struct Tables {
    talks: Vec<[f64; STEPS]>,
    wrap_ups: Vec<[f64; STEPS]>,
}

impl Tables {
    fn new(talks: &Survival, wrap_ups: &Survival) -> Tables {
        // Talks end in the middle of a second, so wrap-ups begin there.
        let mut wrapped = [0.0; STEPS];
        for (step, wrapped) in wrapped.iter_mut().enumerate() {
            *wrapped = wrap_ups.ends(0.0, step as f64 + 0.5);
        }
        let talk_row = |row| free_after_talk(&ends(talks, age_of(row, TALK_ROW_S)), &wrapped);
        Tables {
            talks: (0..ROWS).map(talk_row).collect(),
            wrap_ups: (0..ROWS).map(|row| ends(wrap_ups, age_of(row, WRAP_UP_ROW_S))).collect(),
        }
    }
}

/// The chances to end within each number of seconds.
fn ends(survival: &Survival, age: Seconds) -> [f64; STEPS] {
    let mut ends = [0.0; STEPS];
    for (step, ends) in ends.iter_mut().enumerate() {
        *ends = survival.ends(age, step as f64);
    }
    ends
}

/// A talk ends in some second, and the wrap-up takes of what is left.
fn free_after_talk(ends: &[f64; STEPS], wrapped: &[f64; STEPS]) -> [f64; STEPS] {
    let mut free = [0.0; STEPS];
    for second in 1..STEPS {
        let chance = ends[second] - ends[second - 1];
        for (free, wrapped) in free[second..].iter_mut().zip(wrapped) {
            *free += chance * wrapped;
        }
    }
    free
}

/// The row of an age, when the fine rows are `fine` apart.
fn row(age: Seconds, fine: Seconds) -> usize {
    let rows = age / fine;
    if rows < FINE_ROWS as f64 {
        return rows.max(0.0) as usize;
    }
    let coarse = ((rows / FINE_ROWS as f64).log2() * 6.0) as usize;
    (FINE_ROWS + coarse).min(ROWS - 1)
}

/// An age in the middle of a row.
fn age_of(row: usize, fine: Seconds) -> Seconds {
    if row < FINE_ROWS {
        return (row as f64 + 0.5) * fine;
    }
    FINE_ROWS as f64 * fine * (((row - FINE_ROWS) as f64 + 0.5) / 6.0).exp2()
}

/// Where the knots, and the grace after them, lie in a table.
struct Columns {
    times: Knots,
    at: [(usize, f64); KNOTS],
}

impl Columns {
    fn new(grace: Seconds) -> Columns {
        let times = KNOT_S.map(|knot| knot + grace);
        let at = times.map(|time| {
            let time = time.clamp(0.0, (STEPS - 1) as f64 - 1e-9);
            (time as usize, time.fract())
        });
        Columns { times, at }
    }

    fn read(&self, row: &[f64; STEPS]) -> Knots {
        let mut chances = [0.0; KNOTS];
        for (chance, (step, part)) in chances.iter_mut().zip(self.at) {
            *chance = row[step] + part * (row[step + 1] - row[step]);
        }
        chances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free_by(team: &Team, at: Seconds, knot: usize) -> f64 {
        match team.freeing(at, 0.0) {
            Freeing::Exactly(all, agents) => {
                (0..=agents).map(|number| number as f64 * all[knot][number]).sum()
            }
            Freeing::About { mean, .. } => mean[knot],
        }
    }

    #[test]
    fn a_known_end_of_a_wrap_up_is_used_exactly() {
        let mut team = Team::new();
        let state = AgentState::WrappingUp { since: 100.0, until: Some(110.0) };
        team.set(102.0, AgentId(1), state);
        assert_eq!(free_by(&team, 102.0, 3), 0.0, "7 s from now");
        assert_eq!(free_by(&team, 102.0, 4), 1.0, "9 s from now");
        assert_eq!(free_by(&team, 107.0, 1), 1.0);
        assert_eq!((team.free(), team.busy()), (0, 1));
    }

    #[test]
    fn learns_talks_from_how_agents_change() {
        let mut team = Team::new();
        let mut at = 0.0;
        for _ in 0..300 {
            team.set(at, AgentId(1), AgentState::Talking { since: at });
            at += 30.5;
            team.set(at, AgentId(1), AgentState::WrappingUp { since: at, until: None });
            at += 5.2;
            team.set(at, AgentId(1), AgentState::Free);
        }
        assert!((team.talk_s() - 30.5).abs() < 1.0 && (team.wrap_up_s() - 5.2).abs() < 0.5);
        let occupancy = 30.5 / 35.7;
        assert!((team.occupancy() - occupancy).abs() < 0.02, "{}", team.occupancy());
        team.set(at, AgentId(1), AgentState::Talking { since: at });
        at += 26.0;
        team.set(at, AgentId(2), AgentState::Free);
        assert!(free_by(&team, at, 2) < 0.2 && free_by(&team, at, 8) > 0.8);
    }

    #[test]
    fn what_is_told_again_is_nothing_new() {
        let mut team = Team::new();
        team.set(10.0, AgentId(1), AgentState::Talking { since: 5.0 });
        let version = team.version();
        team.set(20.0, AgentId(1), AgentState::Talking { since: 5.000_1 });
        assert_eq!(team.version(), version);
        // The phone rang for ten seconds, and was taken then.
        team.set(20.0, AgentId(1), AgentState::Talking { since: 15.0 });
        assert_ne!(team.version(), version);
        assert_eq!(team.talk_s(), Team::new().talk_s(), "no talk has ended");
    }

    #[test]
    fn those_who_go_home_are_not_counted_on() {
        let mut team = Team::new();
        for call in 0..400 {
            let at = f64::from(call) * 20.0;
            team.set(at, AgentId(1), AgentState::Talking { since: at });
            team.set(at + 10.0, AgentId(1), AgentState::Away);
            team.set(at + 15.0, AgentId(1), AgentState::Free);
        }
        team.set(9_000.0, AgentId(1), AgentState::Talking { since: 8_900.0 });
        assert!(free_by(&team, 9_000.0, 13) < 0.2);
        team.remove(9_001.0, AgentId(1));
        assert_eq!(free_by(&team, 9_001.0, 13), 0.0);
    }

    #[test]
    fn rows_of_ages() {
        for fine in [TALK_ROW_S, WRAP_UP_ROW_S] {
            for row_at in 0..ROWS {
                assert_eq!(row(age_of(row_at, fine), fine), row_at);
            }
            assert_eq!((row(-1.0, fine), row(1e12, fine)), (0, ROWS - 1));
        }
    }

    #[test]
    fn odd_times() {
        let mut team = Team::new();
        for time in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300, 1e300, 0.0] {
            team.set(time, AgentId(1), AgentState::Talking { since: time });
            team.set(5.0, AgentId(2), AgentState::WrappingUp { since: time, until: Some(time) });
            team.set(time, AgentId(3), AgentState::WrappingUp { since: 5.0, until: None });
            for knot in 0..KNOTS {
                assert!((0.0..=3.0).contains(&free_by(&team, time, knot)));
            }
        }
        assert!(team.talk_s().is_finite() && team.occupancy().is_finite());
    }
}
