//! Campaigns that start and stop by themselves: with their calling windows, and
//! when the list of the campaign before them is worked off.
//!
//! A window's opening is acted on once: a campaign that ended, or that somebody
//! stopped or paused, within its window stays so until the next one opens.

use super::{campaigns, Dialer, Ready, Refusal, World};
use crate::domain::{Campaign, CampaignId, CampaignStatus, Timestamp, Window};
use crate::store::Write;
use std::time::Duration;

/// When to look again at a campaign that could not start when its window opened.
const START_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// When to look again at a campaign that is still hanging its calls up.
const FORCED_STOP_LOOK: Duration = Duration::from_secs(1);

/// When to look again at a schedule that brings nothing within the year.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(86_400);

/// The end of a window that does not close.
const NEVER: Timestamp = Timestamp(i64::MAX);

impl Dialer {
    /// Starts and stops the campaigns whose window opened or closed.
    pub(super) fn keep_schedules(&mut self, world: &mut World<'_>, ready: &mut Ready) {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= world.now);
        let due = self.campaigns.values().filter(|campaign| is_due(campaign.schedule_at));
        for id in due.map(|campaign| campaign.record.id).collect::<Vec<_>>() {
            self.keep_schedule(id, world, ready);
        }
    }

    fn keep_schedule(&mut self, id: CampaignId, world: &mut World<'_>, ready: &mut Ready) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        let schedule = &campaign.record.schedule;
        if !schedule.is_on() {
            campaign.schedule_at = None;
            return;
        }
        let window = schedule.window(&self.settings.time_zone, world.now);
        campaign.schedule_at = Some(window.ends_at().unwrap_or(world.now + LOOK_AGAIN_AFTER));
        match window {
            Window::Closed(_) => self.close_window(id, world.now, ready),
            Window::Open(until) => self.open_window(id, until.unwrap_or(NEVER), world, ready),
        }
    }

    fn close_window(&mut self, id: CampaignId, now: Timestamp, ready: &mut Ready) {
        use CampaignStatus::{Pause, Pausing, Start, Starting, Stop, Stopping, StoppingForcedly};
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        campaign.start_refused = None;
        let was_open = campaign.record.window_until.take().is_some();
        match campaign.record.status {
            Start | Starting | Pause | Pausing => {
                campaign.record.status = Stopping;
                campaigns::put(ready, campaign, now);
                self.settle(id, now, ready);
            }
            Stop | Stopping | StoppingForcedly if was_open => {
                ready.writes.push(Write::Campaign(Box::new(campaign.record.clone())));
            }
            Stop | Stopping | StoppingForcedly => {}
        }
    }

    fn open_window(
        &mut self,
        id: CampaignId,
        until: Timestamp,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) {
        use CampaignStatus::{Pause, Pausing, Stop, Stopping, StoppingForcedly};
        let now = world.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        let acted_on = campaign.record.window_until.is_some_and(|acted_on| now < acted_on);
        // A pause ends with its window, also if nobody saw that close.
        let is_new = campaign.record.window_until.is_some();
        let starts = match campaign.record.status {
            _ if acted_on => false,
            StoppingForcedly => {
                campaign.schedule_at = Some(now + FORCED_STOP_LOOK);
                return;
            }
            Stop | Stopping => true,
            Pause | Pausing => is_new,
            _ => false,
        };
        if starts {
            let record = campaign.record.clone();
            if let Err(why) = self.check_startable(&record, world) {
                return self.not_started(id, &why, now, until, ready);
            }
        }
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        campaign.start_refused = None;
        let noted = campaign.record.window_until.replace(until) == Some(until);
        if starts {
            self.start(id, now, ready);
        } else if !noted {
            ready.writes.push(Write::Campaign(Box::new(campaign.record.clone())));
        }
    }

    /// Its window is open, but it cannot dial: that is said once, and tried again.
    fn not_started(
        &mut self,
        id: CampaignId,
        why: &Refusal,
        now: Timestamp,
        until: Timestamp,
        ready: &mut Ready,
    ) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        campaign.schedule_at = Some(until.min(now + START_AGAIN_AFTER));
        let why = Some(why.to_string());
        if campaign.start_refused != why {
            ready.notices.extend(why.iter().map(|why| {
                format!("The window of {} is open, but {why}", campaign.record.label())
            }));
            campaign.start_refused = why;
        }
    }

    /// How long the window lasts that is open now; none is.
    pub(super) fn open_until(&self, record: &Campaign, now: Timestamp) -> Option<Timestamp> {
        if !record.schedule.is_on() {
            return None;
        }
        match record.schedule.window(&self.settings.time_zone, now) {
            Window::Open(until) => Some(until.unwrap_or(NEVER)),
            Window::Closed(_) => None,
        }
    }

    /// Whether the schedule lets the campaign be started by hand now.
    pub(super) fn check_window(&self, record: &Campaign, now: Timestamp) -> Result<(), Refusal> {
        if !record.schedule.is_on() {
            return Ok(());
        }
        let zone = record.schedule.zone(&self.settings.time_zone);
        let when = match record.schedule.window(&self.settings.time_zone, now) {
            Window::Open(_) => return Ok(()),
            Window::Closed(Some(at)) => format!("until {}", at.in_zone(zone)),
            Window::Closed(None) => "and does not open within the next year".to_owned(),
        };
        let reason =
            format!("cannot start: the window of the campaign's schedule is closed {when}");
        Err(Refusal::of("Status", reason))
    }

    /// Starts the campaign that comes after one whose list is worked off.
    pub(super) fn start_next(
        &mut self,
        ended: CampaignId,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) {
        let Some(ended) = self.campaigns.get(&ended) else { return };
        let next = ended.record.next.and_then(|next| self.campaigns.get(&next));
        let Some(next) = next else { return };
        let (record, ended) = (next.record.clone(), ended.record.label());
        if !matches!(record.status, CampaignStatus::Stop | CampaignStatus::Stopping) {
            return;
        }
        let startable = self
            .check_startable(&record, world)
            .and_then(|()| self.check_window(&record, world.now))
            .and_then(|()| has_work(&record, world));
        match startable {
            Ok(()) => self.start(record.id, world.now, ready),
            Err(why) => ready.notices.push(format!(
                "{ended} has ended, but the next one is not started: {}: {why}",
                record.label()
            )),
        }
    }

    /// Starts a campaign that may start.
    fn start(&mut self, id: CampaignId, now: Timestamp, ready: &mut Ready) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        campaign.record.status = CampaignStatus::Starting;
        campaign.look_at = Some(now);
        campaigns::put(ready, campaign, now);
        self.settle(id, now, ready);
    }
}

/// A campaign without work would end at once, and two of them would take turns for ever.
fn has_work(record: &Campaign, world: &mut World<'_>) -> Result<(), Refusal> {
    let Some(list) = record.list else { return Ok(()) };
    let counts = world.targets.counts(list)?;
    match counts.available() {
        0 => Err(Refusal::of("Dlma", "the list has nothing left to dial")),
        _ => Ok(()),
    }
}
