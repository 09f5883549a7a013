//! Making the targets of a list dialable again.

use super::{Dialer, Event, ListReset, Ready, Refusal, Reply, World};
use crate::domain::{DialListId, Disposition, DoneReason, Target, TargetState};
use crate::limits::{NUMBERS_PER_TARGET, TARGETS_PER_RESET};
use crate::store::Write;
use std::sync::Arc;

impl Dialer {
    /// Resets the next targets of a list: a long list takes many steps, between
    /// which others have their turn. The last one tells the world.
    pub(super) fn reset_list(
        &mut self,
        list: DialListId,
        reset: &ListReset,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let record = self.lists.get(&list).ok_or_else(|| Refusal::unknown("dlma"))?.clone();
        let targets = world.targets.in_order(list, reset.after, TARGETS_PER_RESET)?;
        let is_last = targets.len() < TARGETS_PER_RESET;
        let next = targets.last().map(|target| target.id).filter(|_| !is_last);
        let mut done = reset.done;
        for mut target in targets {
            if reset.applies_to(&target) {
                target.state = TargetState::Ready;
                if reset.clear_tries {
                    target.tries = [0; NUMBERS_PER_TARGET];
                    target.failures = Default::default();
                }
                target.stamps.update = Some(world.now);
                let target = Arc::new(target);
                ready.writes.push(Write::Target(target.clone()));
                self.target_changed(&target, world.now, ready);
                done += 1;
            }
        }
        if is_last {
            let total = ListReset { done, ..reset.clone() };
            ready.events.push(Event::Reset(Box::new(record), Box::new(total)));
        }
        self.look_again(world.now, |campaign| campaign.list == Some(list));
        Ok(Reply::Reset { done, next })
    }
}

impl ListReset {
    /// Not to one that is being dialled, nor to one without a number; and with
    /// dispositions named, only to those with one of them. Whoever is not to be
    /// called again, or was promised a call, has to be named.
    fn applies_to(&self, target: &Target) -> bool {
        if !target.numbers.iter().any(Option::is_some) {
            return false;
        }
        let is_named = |disposition| self.dispositions.contains(&disposition);
        if target.call_back.is_some() && !is_named(Disposition::CallBack) {
            return false;
        }
        let is_wanted = self.dispositions.is_empty()
            || target.last.disposition.is_some_and(|d| self.dispositions.contains(&d));
        match target.state {
            TargetState::Dialing { .. } => false,
            TargetState::Ready if !self.clear_tries || target.tries_in_all() == 0 => false,
            TargetState::Ready | TargetState::Waiting(_) => is_wanted,
            TargetState::Done(DoneReason::DoNotCall) => is_named(Disposition::DoNotCall),
            TargetState::Done(DoneReason::Answered | DoneReason::Exhausted) => is_wanted,
        }
    }
}
