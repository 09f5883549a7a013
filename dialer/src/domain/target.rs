//! The target: one person to reach, with up to eight numbers.

use super::{
    ByFailure, CampaignId, Change, DialListId, DialingId, Disposition, PlanId, RetryRule, Stamps,
    TargetId, Timestamp, Variables,
};
use crate::limits::NUMBERS_PER_TARGET;

/// Why a target is not dialled any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoneReason {
    /// A person answered.
    Answered = 1,
    /// Every try of every number is used, or there is no number.
    Exhausted = 2,
    /// The person is not to be called again.
    DoNotCall = 3,
}

impl DoneReason {
    pub const ALL: [DoneReason; 3] =
        [DoneReason::Answered, DoneReason::Exhausted, DoneReason::DoNotCall];

    pub fn from_code(code: i64) -> Option<DoneReason> {
        Self::ALL.into_iter().find(|reason| *reason as i64 == code)
    }

    pub fn name(self) -> &'static str {
        match self {
            DoneReason::Answered => "answered",
            DoneReason::Exhausted => "exhausted",
            DoneReason::DoNotCall => "do_not_call",
        }
    }
}

/// Where a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// May be dialled now.
    Ready,
    /// May be dialled from this time on.
    Waiting(Timestamp),
    /// Is being dialled.
    Dialing { dialing: DialingId, campaign: CampaignId, plan: PlanId },
    /// Is not dialled any more.
    Done(DoneReason),
}

/// What the last dialing of a target brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastResult {
    /// Last control frame (`AST_CONTROL_*`); 0: none.
    pub res_dial: i32,
    /// Q.850 cause; 0: none.
    pub res_hangup: i32,
    /// The cause in words.
    pub res_hangup_detail: Option<String>,
    pub disposition: Option<Disposition>,
    pub dialed_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// One person to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub id: TargetId,
    pub list: DialListId,
    pub name: Option<String>,
    pub detail: Option<String>,
    /// The user's own key.
    pub user_key: Option<String>,
    /// The target's user-to-user text.
    pub user_data: Option<String>,
    pub email: Option<String>,
    pub variables: Variables,
    pub numbers: [Option<String>; NUMBERS_PER_TARGET],
    /// Tries of each number so far.
    pub tries: [u32; NUMBERS_PER_TARGET],
    /// Tries so far that ended as each kind of failure.
    pub failures: ByFailure<u32>,
    pub state: TargetState,
    /// The number, 1 … 8, on which a call back was promised: it is dialled next,
    /// also if its tries are used.
    pub call_back: Option<u32>,
    pub last: LastResult,
    pub stamps: Stamps,
}

/// What a create or an update says of a target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetPatch {
    pub name: Change<String>,
    pub detail: Change<String>,
    pub user_key: Change<String>,
    pub user_data: Change<String>,
    pub email: Change<String>,
    pub variables: Change<Variables>,
    pub numbers: [Change<String>; NUMBERS_PER_TARGET],
}

impl Target {
    pub fn new(id: TargetId, list: DialListId, now: Timestamp) -> Target {
        Target {
            id,
            list,
            name: None,
            detail: None,
            user_key: None,
            user_data: None,
            email: None,
            variables: Variables::default(),
            numbers: Default::default(),
            tries: [0; NUMBERS_PER_TARGET],
            failures: Default::default(),
            state: TargetState::Done(DoneReason::Exhausted),
            call_back: None,
            last: LastResult::default(),
            stamps: Stamps::new(now),
        }
    }

    /// Applies a patch. A number that becomes another number starts with no try;
    /// a target that was out of numbers and has a fresh one is ready again.
    pub fn apply(&mut self, patch: TargetPatch) {
        patch.name.apply_to(&mut self.name);
        patch.detail.apply_to(&mut self.detail);
        patch.user_key.apply_to(&mut self.user_key);
        patch.user_data.apply_to(&mut self.user_data);
        patch.email.apply_to(&mut self.email);
        patch.variables.apply_or(&mut self.variables, Variables::default());
        let places = self.numbers.iter_mut().zip(&mut self.tries);
        for (change, (number, tries)) in patch.numbers.into_iter().zip(places) {
            let before = number.clone();
            change.apply_to(number);
            if *number != before {
                *tries = 0;
            }
        }
        let promised = self.call_back.and_then(|index| self.numbers.get(index as usize - 1));
        if !promised.is_some_and(Option::is_some) {
            self.call_back = None;
        }
        self.settle_numbers();
    }

    fn settle_numbers(&mut self) {
        let any = self.numbers.iter().any(Option::is_some);
        let fresh = self.numbers.iter().zip(self.tries).any(|(n, tries)| n.is_some() && tries == 0);
        match self.state {
            TargetState::Done(DoneReason::Exhausted) if fresh => {
                self.state = TargetState::Ready;
                self.failures = Default::default();
            }
            TargetState::Ready | TargetState::Waiting(_) if !any => {
                self.state = TargetState::Done(DoneReason::Exhausted);
            }
            _ => {}
        }
    }

    /// The number to dial next, by its place: the one on which a call back was promised;
    /// else all tries of the first, then of the next.
    pub fn next_number(&self, max_tries: &[u32; NUMBERS_PER_TARGET]) -> Option<usize> {
        let promised = self.call_back.and_then(|index| (index as usize).checked_sub(1));
        promised.filter(|&at| self.numbers.get(at).is_some_and(Option::is_some)).or_else(|| {
            (0..NUMBERS_PER_TARGET)
                .find(|&at| self.numbers[at].is_some() && self.tries[at] < max_tries[at])
        })
    }

    /// As [`Self::next_number`], unless too many tries have ended as one kind of failure.
    pub fn next_try(
        &self,
        max_tries: &[u32; NUMBERS_PER_TARGET],
        retries: &ByFailure<RetryRule>,
    ) -> Option<usize> {
        let is_used_up =
            |(tries, rule): (&u32, &RetryRule)| rule.max_tries.is_some_and(|most| *tries >= most);
        let is_over = self.failures.iter().zip(retries).any(is_used_up);
        self.next_number(max_tries).filter(|_| !is_over || self.call_back.is_some())
    }

    /// Tries of all numbers.
    pub fn tries_in_all(&self) -> u32 {
        self.tries.iter().fold(0, |sum, tries| sum.saturating_add(*tries))
    }

    /// The dialing under way.
    pub fn dialing(&self) -> Option<DialingId> {
        match self.state {
            TargetState::Dialing { dialing, .. } => Some(dialing),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn target(numbers: &[(usize, &str)]) -> Target {
        let id = TargetId(Uuid::from_u128(1));
        let list = DialListId(Uuid::from_u128(2));
        let mut target = Target::new(id, list, Timestamp(0));
        let mut patch = TargetPatch::default();
        for (at, number) in numbers {
            patch.numbers[*at] = Change::Set((*number).to_owned());
        }
        target.apply(patch);
        target
    }

    #[test]
    fn numbers_in_their_order_with_gaps() {
        let mut target = target(&[(1, "302"), (4, "305")]);
        let max = [0, 2, 9, 9, 1, 9, 9, 9];
        assert_eq!(target.next_number(&max), Some(1));
        target.tries[1] = 2;
        assert_eq!(target.next_number(&max), Some(4));
        target.tries[4] = 1;
        assert_eq!(target.next_number(&max), None);
    }

    #[test]
    fn a_promised_number_comes_first_while_it_is_there() {
        let mut target = target(&[(0, "301"), (1, "302")]);
        let max = [2; NUMBERS_PER_TARGET];
        target.tries = [0, 2, 0, 0, 0, 0, 0, 0];
        target.call_back = Some(2);
        assert_eq!(target.next_number(&max), Some(1));
        target.numbers[1] = None;
        assert_eq!(target.next_number(&max), Some(0));
    }

    #[test]
    fn without_a_number_there_is_nothing_to_dial() {
        assert_eq!(target(&[]).state, TargetState::Done(DoneReason::Exhausted));
        assert_eq!(target(&[(0, "1")]).state, TargetState::Ready);
    }

    #[test]
    fn a_new_number_brings_an_exhausted_target_back() {
        let mut target = target(&[(0, "1")]);
        target.tries[0] = 5;
        target.state = TargetState::Done(DoneReason::Exhausted);
        let mut patch = TargetPatch::default();
        patch.numbers[0] = Change::Set("2".into());
        target.apply(patch);
        assert_eq!((target.state, target.tries[0]), (TargetState::Ready, 0));
    }

    #[test]
    fn an_answered_target_stays_done() {
        let mut target = target(&[(0, "1")]);
        target.state = TargetState::Done(DoneReason::Answered);
        let mut patch = TargetPatch::default();
        patch.numbers[1] = Change::Set("2".into());
        target.apply(patch);
        assert_eq!(target.state, TargetState::Done(DoneReason::Answered));
    }
}
