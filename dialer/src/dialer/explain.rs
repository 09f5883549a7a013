//! Why a target is not being dialled now, in one sentence.

use super::{Dialer, LiveCampaign, Refusal, Reply, World};
use crate::domain::{
    CampaignStatus, DoneReason, FailureKind, Plan, PlanId, Target, TargetId, TargetState,
    Timestamp, Window,
};

/// Said of a target whose turn has not come.
const OTHERS_FIRST: &str = "targets with fewer tries, and those before it in the list, come first";

/// Campaigns of which it is said why they do not dial.
const EXPLAINED: usize = 3;

impl Dialer {
    pub(super) fn explain(&self, id: TargetId, world: &mut World<'_>) -> Result<Reply, Refusal> {
        let target = self.find_target(id, world)?;
        let users = || self.campaigns.values().filter(|c| c.record.list == Some(target.list));
        let now = world.now;
        let why = match target.state {
            TargetState::Dialing { .. } => self.explain_dialing(&target, now),
            TargetState::Done(reason) => done(&target, reason),
            TargetState::Waiting(_) if self.previews.of_target(id).is_some() => {
                self.explain_offer(id, now)
            }
            _ if users().next().is_none() => "no campaign uses its list".to_owned(),
            state => {
                // A campaign that dials says more than one that does not.
                let dials = |c: &&LiveCampaign| c.record.status == CampaignStatus::Start;
                match users().find(dials) {
                    Some(campaign) => self.explain_waiting(&target, state, campaign, now),
                    None => {
                        let told = users().take(EXPLAINED).map(|c| self.explain_idle(c, now));
                        let told = told.collect::<Vec<_>>().join("; ");
                        match users().count().saturating_sub(EXPLAINED) {
                            0 => told,
                            more => format!("{told}; and {more} more campaigns do not dial"),
                        }
                    }
                }
            }
        };
        Ok(Reply::Explained(why))
    }

    fn explain_dialing(&self, target: &Target, now: Timestamp) -> String {
        let Some(live) = target.dialing().and_then(|id| self.dialings.get(&id)) else {
            return "it is being dialled".to_owned();
        };
        let dialing = &live.dialing;
        format!(
            "it is being dialled: number {} ({}), try {}, for {}, {}",
            dialing.number_index,
            dialing.number,
            dialing.try_count,
            span(dialing.claimed_at, now),
            dialing.status.name()
        )
    }

    fn explain_offer(&self, id: TargetId, now: Timestamp) -> String {
        let Some(offer) = self.previews.of_target(id) else { return String::new() };
        let (agent, left) = (&offer.agent.interface, span(now, offer.until));
        format!("it is offered to the agent {agent}, who has {left} left to accept it")
    }

    /// Of a target that may be dialled, now or later, by a campaign that dials.
    fn explain_waiting(
        &self,
        target: &Target,
        state: TargetState,
        campaign: &LiveCampaign,
        now: Timestamp,
    ) -> String {
        let plan = campaign.record.plan.and_then(|id| self.plans.get(&id));
        let is_over = |plan: &Plan| target.next_try(&plan.max_tries, &plan.retries).is_none();
        if plan.is_some_and(is_over) {
            return format!(
                "it is over the tries that the plan of {} allows",
                campaign.record.label()
            );
        }
        match state {
            TargetState::Waiting(due) if due > now => {
                let what = target.call_back.map_or("retry", |_| "promised call-back");
                return format!("{what} in {}", span(now, due));
            }
            _ => {}
        }
        if let Some(why) = self.waits_for_agents(campaign, plan) {
            return why;
        }
        match plan.and_then(|plan| self.held_back(plan.id, now)) {
            Some((why, true)) => format!("{why}; {OTHERS_FIRST}"),
            Some((why, false)) => why,
            None => format!("its turn is next; {OTHERS_FIRST}"),
        }
    }

    /// What holds the calls of a plan back just now, and whether it is over within a second.
    pub(super) fn held_back(&self, plan: PlanId, now: Timestamp) -> Option<(String, bool)> {
        if let Some(ceiling) = self.look.headroom.ceiling() {
            let why = format!("nothing is dialled just now because of {ceiling}");
            return Some((why, false));
        }
        let plan = self.plans.get(&plan)?;
        if let Some(why) = self.caps.closed_by(plan, now) {
            return Some((why, false));
        }
        let (live, most) = (self.dialings.len(), self.settings.max_dialings);
        if live >= most {
            return Some((format!("all {most} dialings that max_dialings allows are live"), false));
        }
        (self.rate.allowance(now) == 0).then(|| {
            let rate = self.settings.calls_per_second;
            (format!("the cap of {rate} calls per second leaves none just now"), true)
        })
    }

    /// Why a campaign does not dial.
    fn explain_idle(&self, campaign: &LiveCampaign, now: Timestamp) -> String {
        let record = &campaign.record;
        let (label, status) = (record.label(), record.status.name());
        if let Some(why) = &campaign.start_refused {
            return format!("{label} could not start when its window opened: {why}");
        }
        let is_stopped = record.status == CampaignStatus::Stop;
        if is_stopped && record.schedule.is_on() {
            let zone = record.schedule.zone(&self.settings.time_zone);
            match record.schedule.window(&self.settings.time_zone, now) {
                Window::Closed(Some(at)) => {
                    return format!("outside its window: {label} starts at {}", at.in_zone(zone));
                }
                Window::Closed(None) => {
                    return format!(
                        "outside its window: that of {label} does not open within the next year"
                    );
                }
                Window::Open(_) => {
                    return format!(
                        "{label} has ended, or was stopped, within its window; it starts again \
                         with the next one"
                    );
                }
            }
        }
        format!("{label} has status {status}")
    }
}

fn done(target: &Target, reason: DoneReason) -> String {
    let when = target.last.ended_at.map_or_else(String::new, |at| format!(" at {at}"));
    match reason {
        DoneReason::Answered => format!("done: a person answered{when}"),
        DoneReason::Exhausted if target.numbers.iter().all(Option::is_none) => {
            "done: it has no number".to_owned()
        }
        DoneReason::DoNotCall => {
            format!("done: not to be called again, as was said in the call that ended{when}")
        }
        DoneReason::Exhausted => {
            let tries = target.tries_in_all();
            format!("done: all its tries are used ({tries} in all{})", failures(target))
        }
    }
}

/// `: 3 busy, 1 no answer`
fn failures(target: &Target) -> String {
    let kinds = FailureKind::ALL.into_iter().zip(target.failures).filter(|(_, tries)| *tries > 0);
    let told: Vec<_> = kinds.map(|(kind, tries)| format!("{tries} {}", kind.name())).collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(": {}", told.join(", "))
    }
}

/// From one time to a later one, in words: `42 s`, `3 min 5 s`, `2 h 10 min`.
fn span(from: Timestamp, to: Timestamp) -> String {
    let s = to.since(from).as_secs();
    match (s / 3_600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, min, _) => format!("{h} h {min} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::span;
    use crate::domain::Timestamp;

    #[test]
    fn spans() {
        let words = |s: i64| span(Timestamp(5), Timestamp(5 + s * 1_000_000_000));
        assert_eq!(
            [0, 42, 185, 7_800, -3].map(words),
            ["0 s", "42 s", "3 min 5 s", "2 h 10 min", "0 s"]
        );
    }
}
