//! A queue of `app_queue`: its members, and which of them could take a call.

use super::devices::device;
use super::{Agent, AgentState, TeamLook, Timestamp};

/// How a queue is, as `app_queue` tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueStatus {
    pub members: Vec<Member>,
    /// Unique ids of the channels that wait.
    pub callers: Vec<String>,
}

/// A member of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// What is rung.
    pub interface: String,
    pub name: String,
    /// Whose state is the member's; mostly the interface.
    pub state_interface: String,
    pub penalty: u32,
    /// `AST_DEVICE_*`.
    pub status: i32,
    pub is_paused: bool,
    /// Whether it has a caller of this queue.
    pub is_in_call: bool,
    /// When its last call ended, in seconds since 1970; 0: there was none.
    pub last_call_s: i64,
    /// How long it wraps up; 0: as long as the queue says.
    pub wrap_up_s: u32,
}

impl Member {
    /// Idle for `app_queue`, but for a wrap-up.
    fn is_idle(&self) -> bool {
        self.status == device::NOT_INUSE && !self.is_paused
    }

    /// When its own wrap-up ends, if the queue's does not count.
    fn own_end_s(&self) -> Option<i64> {
        (self.wrap_up_s > 0).then(|| self.last_call_s + i64::from(self.wrap_up_s))
    }
}

/// How long members of one queue wrap up that have no time of their own.
///
/// `app_queue` does not tell it, but counts the members that could take a call now. All
/// share one time, so it is those with the latest calls that are missing in the count,
/// and what is seen of each bounds the time until it is known to the second. This holds
/// wherever the queue comes from, a file or a database, and before and after a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WrapUp {
    at_least_s: i64,
    at_most_s: Option<i64>,
}

impl WrapUp {
    /// How the queue's members are at this second. `ready` of them could take a call, as
    /// `app_queue` counts them at the same time; `None`: it does not say.
    pub fn look(
        &mut self,
        status: &QueueStatus,
        ready: Option<u32>,
        now_s: i64,
        is_ours: impl Fn(&str) -> bool,
    ) -> TeamLook {
        let wraps = self.wrapping(&status.members, ready, now_s);
        let agents = status.members.iter().zip(wraps).map(|(member, wraps)| Agent {
            interface: member.interface.clone(),
            name: member.name.clone(),
            penalty: member.penalty,
            state: match wraps {
                true => AgentState::WrappingUp { until: self.end_of(member) },
                false => state(member),
            },
        });
        TeamLook {
            agents: agents.collect(),
            other_callers: status.callers.iter().filter(|id| !is_ours(id)).count() as u32,
        }
    }

    /// Which members wrap up.
    fn wrapping(&mut self, members: &[Member], ready: Option<u32>, now_s: i64) -> Vec<bool> {
        let own = |member: &Member| member.own_end_s().map(|end_s| now_s < end_s);
        let mut wraps: Vec<bool> =
            members.iter().map(|member| own(member).unwrap_or(false)).collect();
        let shares = |at: &usize| members[*at].is_idle() && members[*at].own_end_s().is_none();
        for (wraps, member) in wraps.iter_mut().zip(members) {
            // Until the count says better.
            let share = now_s - member.last_call_s < self.at_least_s;
            *wraps |= member.own_end_s().is_none() && share;
        }
        let mut sharing: Vec<usize> = (0..members.len()).filter(shares).collect();
        sharing.sort_by_key(|at| members[*at].last_call_s);
        if let Some(ready) = ready {
            let own_ready = members.iter().filter(|m| m.is_idle() && own(m) == Some(false)).count();
            let ready = (ready as usize).saturating_sub(own_ready).min(sharing.len());
            for (nth, at) in sharing.into_iter().enumerate() {
                let since_s = now_s - members[at].last_call_s;
                wraps[at] = nth >= ready;
                match nth >= ready {
                    true => self.is_at_least(since_s + 1),
                    false if members[at].last_call_s > 0 => self.is_at_most(since_s),
                    false => {}
                }
            }
        }
        for (wraps, member) in wraps.iter_mut().zip(members) {
            *wraps &= member.last_call_s > 0 && state(member) == AgentState::Free;
        }
        wraps
    }

    fn is_at_least(&mut self, s: i64) {
        self.at_least_s = self.at_least_s.max(s);
        // It was changed meanwhile.
        self.at_most_s = self.at_most_s.filter(|at_most_s| *at_most_s >= s);
    }

    fn is_at_most(&mut self, s: i64) {
        self.at_most_s = Some(self.at_most_s.map_or(s, |at_most_s| at_most_s.min(s)));
        if self.at_least_s > s {
            self.at_least_s = 0;
        }
    }

    /// When a member that wraps up is done with it, if that is known.
    fn end_of(&self, member: &Member) -> Option<Timestamp> {
        let known_s = self.at_most_s.filter(|at_most_s| *at_most_s == self.at_least_s);
        let end_s = member.own_end_s().or(known_s.map(|s| member.last_call_s + s))?;
        Some(Timestamp(end_s.saturating_mul(1_000_000_000)))
    }
}

/// How a member is that does not wrap up.
fn state(member: &Member) -> AgentState {
    match AgentState::of_device(member.status) {
        AgentState::Away => AgentState::Away,
        _ if member.is_paused => AgentState::Paused,
        // Its device does not tell: it has none, as many Local channels.
        AgentState::Free if member.is_in_call => AgentState::Busy,
        state => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(interface: &str, status: i32, last_call_s: i64) -> Member {
        Member { interface: interface.to_owned(), status, last_call_s, ..Member::default() }
    }

    fn at(s: i64) -> Timestamp {
        Timestamp(s * 1_000_000_000)
    }

    fn states(wrap_up: &mut WrapUp, members: &[Member], ready: u32, s: i64) -> Vec<AgentState> {
        let status = QueueStatus { members: members.to_vec(), callers: Vec::new() };
        let look = wrap_up.look(&status, Some(ready), s, |_| false);
        look.agents.into_iter().map(|agent| agent.state).collect()
    }

    fn until(s: i64) -> AgentState {
        AgentState::WrappingUp { until: Some(at(s)) }
    }

    const UNKNOWN: AgentState = AgentState::WrappingUp { until: None };

    #[test]
    fn those_with_the_latest_calls_are_missing_in_the_count() {
        let members = [
            member("a", device::NOT_INUSE, 100),
            member("b", device::NOT_INUSE, 0),
            member("c", device::NOT_INUSE, 103),
            member("d", device::INUSE, 104),
        ];
        let mut wrap_up = WrapUp::default();
        let seen = states(&mut wrap_up, &members, 2, 106);
        assert_eq!(seen, [AgentState::Free, AgentState::Free, UNKNOWN, AgentState::Busy]);
    }

    #[test]
    fn the_time_is_known_when_somebody_was_seen_to_be_done_with_it() {
        let mut wrap_up = WrapUp::default();
        let one = [member("a", device::NOT_INUSE, 100)];
        assert_eq!(states(&mut wrap_up, &one, 0, 101), [UNKNOWN]);
        assert_eq!(states(&mut wrap_up, &one, 0, 104), [UNKNOWN]);
        assert_eq!(states(&mut wrap_up, &one, 1, 105), [AgentState::Free]);
        let again = [member("a", device::NOT_INUSE, 200)];
        assert_eq!(states(&mut wrap_up, &again, 0, 200), [until(205)]);
    }

    #[test]
    fn a_time_that_was_changed_is_learned_anew() {
        let mut wrap_up = WrapUp { at_least_s: 5, at_most_s: Some(5) };
        let one = [member("a", device::NOT_INUSE, 100)];
        assert_eq!(states(&mut wrap_up, &one, 1, 102), [AgentState::Free]);
        assert_eq!(wrap_up, WrapUp { at_least_s: 0, at_most_s: Some(2) });
        assert_eq!(states(&mut wrap_up, &one, 0, 109), [UNKNOWN]);
        assert_eq!(states(&mut wrap_up, &one, 1, 110), [AgentState::Free]);
        let again = [member("a", device::NOT_INUSE, 200)];
        assert_eq!(states(&mut wrap_up, &again, 0, 201), [until(210)]);
    }

    #[test]
    fn a_members_own_time_is_known_at_once_and_teaches_nothing() {
        let mut wrap_up = WrapUp::default();
        let own = Member { wrap_up_s: 30, ..member("a", device::NOT_INUSE, 100) };
        let shared = member("b", device::NOT_INUSE, 100);
        let members = [own, shared];
        assert_eq!(states(&mut wrap_up, &members, 0, 101), [until(130), UNKNOWN]);
        assert_eq!(states(&mut wrap_up, &members, 1, 110), [until(130), AgentState::Free]);
        assert_eq!(states(&mut wrap_up, &members, 2, 130), [AgentState::Free, AgentState::Free]);
    }

    #[test]
    fn a_device_comes_before_a_pause_and_both_before_a_wrap_up() {
        let mut wrap_up = WrapUp { at_least_s: 10, at_most_s: Some(10) };
        let paused = |status| Member { is_paused: true, ..member("a", status, 100) };
        let in_call = Member { is_in_call: true, ..member("e", device::UNKNOWN, 0) };
        let members = [
            paused(device::NOT_INUSE),
            paused(device::UNAVAILABLE),
            paused(device::INUSE),
            member("d", device::UNKNOWN, 101),
            in_call,
        ];
        let seen = states(&mut wrap_up, &members, 0, 105);
        let expected = [
            AgentState::Paused,
            AgentState::Away,
            AgentState::Paused,
            until(111),
            AgentState::Busy,
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn callers_of_others_are_counted() {
        let callers = ["ours".to_owned(), "1700000000.1".to_owned()];
        let status = QueueStatus { members: Vec::new(), callers: callers.to_vec() };
        let look = WrapUp::default().look(&status, None, 1, |id| id == "ours");
        assert_eq!(look, TeamLook { agents: Vec::new(), other_callers: 1 });
    }
}
