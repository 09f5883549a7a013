//! What somebody at the call says became of it.

use super::{CallOrder, Dialer, Event, Ready, Refusal, Reply, What};
use crate::domain::{DialingId, Outcome, OutcomeFault, OutcomePatch, Timestamp};
use crate::store::Write;
use std::sync::Arc;

impl Dialer {
    /// Notes what a live dialing is to count as when it ends.
    pub(super) fn set_outcome(
        &mut self,
        id: DialingId,
        patch: &OutcomePatch,
        now: Timestamp,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let Some(live) = self.dialings.get_mut(&id) else {
            let reason = "No such live dialing: it has ended, or there never was one";
            return Err(Refusal::because(reason));
        };
        let outcome = Outcome::after(live.dialing.outcome, patch, now).map_err(refusal)?;
        let dialing = Arc::make_mut(&mut live.dialing);
        dialing.outcome = outcome;
        dialing.updated_at = Some(now);
        ready.writes.push(Write::Outcome(live.dialing.clone()));
        ready.calls.push(CallOrder::Note(id, outcome));
        ready.events.push(Event::Dialing(What::Updated, live.dialing.clone()));
        Ok(Reply::Updated)
    }
}

fn refusal(fault: OutcomeFault) -> Refusal {
    match fault {
        OutcomeFault::TimeWithoutCallBack(disposition) => Refusal::of(
            "CallBackAt",
            format!("goes with the disposition call_back only, not with {disposition}"),
        ),
        OutcomeFault::Time(reason) => Refusal::of("CallBackAt", reason),
    }
}
