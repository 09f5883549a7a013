//! Targets: create, update, delete.

use super::{Dialer, Event, Ready, Refusal, Reply, What, World};
use crate::domain::{DialListId, Target, TargetId, TargetPatch, TargetState, Timestamp};
use crate::store::Write;
use std::sync::Arc;

impl Dialer {
    pub(super) fn create_target(
        &mut self,
        list: DialListId,
        patch: TargetPatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        if !self.lists.contains_key(&list) {
            return Err(Refusal::of("DlmaUuid", "no such dlma"));
        }
        let mut target = Target::new(TargetId(self.ids.next_id(now)), list, now);
        target.apply(patch);
        let id = target.id;
        put(ready, What::Created, Arc::new(target));
        self.look_again(now, |campaign| campaign.list == Some(list));
        Ok(Reply::Created(id.0))
    }

    pub(super) fn import_targets(
        &mut self,
        list: DialListId,
        patches: Vec<TargetPatch>,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        if !self.lists.contains_key(&list) {
            return Err(Refusal::of("DlmaUuid", "no such dlma"));
        }
        let count = patches.len();
        let targets: Vec<_> = patches
            .into_iter()
            .map(|patch| {
                let mut target = Target::new(TargetId(self.ids.next_id(now)), list, now);
                target.apply(patch);
                target
            })
            .collect();
        if targets.iter().any(|target| target.state != TargetState::Ready) {
            return Err(Refusal::because("A target without a number cannot be imported"));
        }
        ready.writes.push(Write::NewTargets(targets));
        self.look_again(now, |campaign| campaign.list == Some(list));
        Ok(Reply::Imported(count))
    }

    pub(super) fn update_target(
        &mut self,
        id: TargetId,
        patch: TargetPatch,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut target = self.find_target(id, world)?;
        let now = world.now;
        target.apply(patch);
        target.stamps.update = Some(now);
        let (list, dialing) = (target.list, target.dialing());
        let target = Arc::new(target);
        if let Some(live) = dialing.and_then(|dialing| self.dialings.get_mut(&dialing)) {
            live.target = target.clone();
        }
        put(ready, What::Updated, target.clone());
        self.target_changed(&target, now, ready);
        self.look_again(now, |campaign| campaign.list == Some(list));
        Ok(Reply::Updated)
    }

    pub(super) fn delete_target(
        &mut self,
        id: TargetId,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let mut target = self.find_target(id, world)?;
        if let Some(dialing) = target.dialing() {
            let reason = format!("the dl_list is in use by live dialing {dialing}");
            return Err(Refusal::of("Uuid", reason));
        }
        target.stamps.delete = Some(world.now);
        let list = target.list;
        let target = Arc::new(target);
        put(ready, What::Deleted, target.clone());
        self.target_changed(&target, world.now, ready);
        self.look_again(world.now, |campaign| campaign.list == Some(list));
        Ok(Reply::Deleted)
    }

    pub(super) fn find_target(
        &self,
        id: TargetId,
        world: &mut World<'_>,
    ) -> Result<Target, Refusal> {
        let found = world.targets.target(id)?;
        found.ok_or_else(|| Refusal::unknown("dl_list"))
    }
}

fn put(ready: &mut Ready, what: What, target: Arc<Target>) {
    ready.writes.push(Write::Target(target.clone()));
    ready.events.push(Event::Target(what, target));
}
