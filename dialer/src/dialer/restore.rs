//! Start: from what the store holds to a dialer that goes on.

use super::caps::{Caps, Look};
use super::preview::Previews;
use super::teams::Teams;
use super::{calls, Dialer, IdSource, LiveCampaign, LiveDialing, Ready, Settings};
use crate::domain::{CallEnd, CampaignStatus, DialingId, EndedBy, Timestamp};
use crate::pacing::{CallMeter, CallRate};
use crate::store::Records;
use std::collections::{BTreeMap, HashMap, HashSet};

impl Dialer {
    /// A dialer over what the store holds. Dialings that were under way when the
    /// last one ended are closed as interrupted: their tries count, and whoever
    /// had answered is not called again. Those in `live` go on instead: their
    /// calls are up, because only the dialer ended, not Asterisk.
    pub fn restore(
        settings: Settings,
        ids: Box<dyn IdSource>,
        records: Records,
        live: &HashSet<DialingId>,
        now: Timestamp,
    ) -> (Dialer, Ready) {
        let mut dialer = Dialer {
            rate: CallRate::new(settings.calls_per_second, now),
            meter: CallMeter::default(),
            settings,
            ids,
            campaigns: BTreeMap::new(),
            plans: records.plans.into_iter().map(|plan| (plan.id, plan)).collect(),
            destinations: records.destinations.into_iter().map(|d| (d.id, d)).collect(),
            lists: records.lists.into_iter().map(|list| (list.id, list)).collect(),
            dialings: HashMap::new(),
            caps: Caps::default(),
            look: Look::default(),
            teams: Teams::default(),
            previews: Previews::default(),
            turns: 0,
            seen: now,
        };
        for plan in dialer.plans.values() {
            dialer.caps.put(plan, &dialer.settings, now);
        }
        let mut ready = Ready::default();
        for (dialing, target) in records.open_dialings {
            let (id, answered, res_dial) = (dialing.id, dialing.is_answered(), dialing.res_dial);
            let plan = dialing.plan;
            let (dialing, target) = (dialing.into(), target.into());
            let mut open = LiveDialing::new(dialing, target, None);
            open.has_told = true;
            if live.contains(&id) {
                open.trunk = dialer.caps.readmit(plan);
                dialer.dialings.insert(id, open);
            } else {
                calls::close(open, interruption(answered, res_dial), now, &mut ready);
            }
        }
        for record in records.campaigns {
            let id = record.id;
            let starts = record.status == CampaignStatus::Start;
            let mut campaign = LiveCampaign::new(record);
            campaign.look_at = starts.then_some(now);
            for open in dialer.dialings.values().filter(|open| open.dialing.campaign == id) {
                campaign.live += 1;
                campaign.unanswered += usize::from(!open.dialing.is_answered());
            }
            dialer.campaigns.insert(id, campaign);
            dialer.settle(id, now, &mut ready);
            dialer.look_again(now, |record| record.id == id);
        }
        for (id, figures) in records.ledger {
            if let Some(campaign) = dialer.campaigns.get_mut(&id) {
                campaign.ledger.put(figures);
            }
        }
        dialer.look_at_schedules(now);
        (dialer, ready)
    }
}

fn interruption(answered: bool, last_control: i32) -> CallEnd {
    CallEnd {
        by: EndedBy::Interruption,
        answered,
        last_control,
        cause: 0,
        cause_text: String::new(),
        tech_cause: None,
        amd: None,
    }
}
