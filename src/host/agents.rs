//! The agents thread: looks at the teams that the dialer wants to know of, and tells it
//! when one is not as it was, or a call was joined with somebody.
//!
//! Changes of device states wake it. Nothing announces that a wrap-up is over or that a
//! caller of somebody else waits, so it also looks each half second, and at the second in
//! which a wrap-up ends.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dialer::domain::devices::{self as known, device_name};
use dialer::domain::{Agent, AgentState, TeamLook, TeamName, WrapUp};
use dialer::surface::queue::read_status;

use super::engine::Calls;
use super::inbox::Inbox;
use super::wall_clock;
use crate::ast::devices::{self, DeviceState, ExtensionState};
use crate::ast::thread::{self, JoinHandle, SpawnError};
use crate::ast::{border, queue, Subscription};

// The dialer's numbers are those of the Asterisk that this is built for.
const _: () = {
    assert!(known::device::UNKNOWN == DeviceState::UNKNOWN.0);
    assert!(known::device::NOT_INUSE == DeviceState::NOT_INUSE.0);
    assert!(known::device::INUSE == DeviceState::INUSE.0);
    assert!(known::device::BUSY == DeviceState::BUSY.0);
    assert!(known::device::INVALID == DeviceState::INVALID.0);
    assert!(known::device::UNAVAILABLE == DeviceState::UNAVAILABLE.0);
    assert!(known::device::RINGING == DeviceState::RINGING.0);
    assert!(known::device::RINGINUSE == DeviceState::RINGINUSE.0);
    assert!(known::device::ONHOLD == DeviceState::ONHOLD.0);
    assert!(known::extension::INUSE == ExtensionState::INUSE.0);
    assert!(known::extension::BUSY == ExtensionState::BUSY.0);
    assert!(known::extension::UNAVAILABLE == ExtensionState::UNAVAILABLE.0);
    assert!(known::extension::RINGING == ExtensionState::RINGING.0);
    assert!(known::extension::ONHOLD == ExtensionState::ONHOLD.0);
};

/// How often teams are looked at if nothing seems to happen.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long after a device's change: others follow at once, and `app_queue` has to hear
/// of it as well.
const LOOK_AFTER_CHANGE: Duration = Duration::from_millis(20);

/// How long after a device's change once more, if `app_queue` took its time.
const LOOK_ONCE_MORE: Duration = Duration::from_millis(120);

/// How long after a wrap-up: the clock of `app_queue` lags by some milliseconds.
const LOOK_AFTER_WRAP_UP: Duration = Duration::from_millis(10);

/// How long a team is left alone after a look, however often its devices change: each look
/// at a queue that comes from a database costs queries.
const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// How often a queue is looked at that changes meanwhile.
const LOOKS: usize = 3;

/// The agents thread. Dropping it ends it.
pub struct Agents {
    shared: Arc<Shared>,
    _thread: JoinHandle,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The teams to be watched, if they are others than before, or all are to be told.
    teams: Option<Vec<TeamName>>,
    /// A device of one of them has changed.
    is_woken: bool,
    /// Their devices, and how names begin that stand for their queues, as
    /// [`device_name`] has them.
    devices: HashSet<String>,
    prefixes: Vec<String>,
    stop: bool,
}

/// What the thread was woken for.
enum Errand {
    Watch(Vec<TeamName>),
    Look,
    Stop,
}

impl Agents {
    pub fn start(inbox: Arc<Inbox>, calls: Arc<Calls>) -> Result<Agents, SpawnError> {
        let shared = Arc::new(Shared::default());
        let mut watcher = Watcher {
            shared: shared.clone(),
            inbox,
            calls,
            teams: BTreeMap::new(),
            changes: None,
            next: None,
            once_more: None,
        };
        let thread = thread::spawn("outbound_agents", 0, move || watcher.run())?;
        Ok(Agents { shared, _thread: thread })
    }

    /// Watches these teams and no others from now on, and tells how each is that is.
    pub fn watch(&self, teams: Vec<TeamName>) {
        self.shared.lock().teams = Some(teams);
        self.shared.changed.notify_one();
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device has changed, on whichever thread.
    fn device_changed(&self, name: &str) {
        let name = device_name(name);
        {
            let mut state = self.lock();
            let is_of_a_queue = state.prefixes.iter().any(|prefix| name.starts_with(prefix));
            if state.is_woken || !(is_of_a_queue || state.devices.contains(&name)) {
                return;
            }
            state.is_woken = true;
        }
        self.changed.notify_one();
    }
}

/// What the agents thread knows.
struct Watcher {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    calls: Arc<Calls>,
    teams: BTreeMap<TeamName, Watched>,
    /// While there is a team.
    changes: Option<Subscription>,
    /// When to look, and to look once more.
    next: Option<Instant>,
    once_more: Option<Instant>,
}

/// A team that is watched.
#[derive(Default)]
struct Watched {
    /// How it was told to be.
    told: Option<TeamLook>,
    /// Calls that were joined with somebody when it was looked at last.
    joins: u64,
    /// Not to be looked at before.
    not_before: Option<Instant>,
    wrap_up: WrapUp,
    /// As [`State::devices`].
    devices: Vec<String>,
}

impl Watcher {
    fn run(&mut self) {
        loop {
            match self.wait() {
                Errand::Stop => break,
                Errand::Watch(teams) => {
                    let _ = border::catch(|| self.watch(teams));
                }
                Errand::Look => {
                    let _ = border::catch(|| self.look());
                }
            }
        }
        self.changes = None;
    }

    fn wait(&mut self) -> Errand {
        let shared = self.shared.clone();
        let mut state = shared.lock();
        loop {
            if state.stop {
                return Errand::Stop;
            }
            if let Some(teams) = state.teams.take() {
                return Errand::Watch(teams);
            }
            let now = Instant::now();
            if std::mem::take(&mut state.is_woken) {
                self.is_next(now + LOOK_AFTER_CHANGE);
                self.once_more = Some(now + LOOK_ONCE_MORE);
            }
            let Some(next) = self.next else {
                state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = next.saturating_duration_since(now);
            if left.is_zero() {
                return Errand::Look;
            }
            let waited = shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_next(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    fn watch(&mut self, names: Vec<TeamName>) {
        let mut before = std::mem::take(&mut self.teams);
        let is_watched = |name: &TeamName| !matches!(name, TeamName::Capacity(..));
        for name in names.into_iter().filter(is_watched) {
            let mut watched = before.remove(&name).unwrap_or_default();
            (watched.told, watched.not_before) = (None, None);
            self.teams.insert(name, watched);
        }
        if self.teams.is_empty() {
            (self.next, self.once_more, self.changes) = (None, None, None);
            return;
        }
        if self.changes.is_none() {
            let shared = self.shared.clone();
            self.changes = devices::watch(move |name| shared.device_changed(name));
        }
        self.look();
    }

    /// Looks at every team, but for those that were looked at just now, and tells of those
    /// that are not as they were told to be.
    fn look(&mut self) {
        let now = Instant::now();
        self.once_more = self.once_more.filter(|at| *at > now);
        self.next = self.once_more;
        self.is_next(now + LOOK_EVERY);
        let mut skipped = Vec::new();
        for (name, watched) in &mut self.teams {
            if let Some(at) = watched.not_before.filter(|at| *at > now) {
                skipped.push(at);
                continue;
            }
            // A look may wait for a database.
            if self.shared.lock().stop {
                return;
            }
            let (at, joins) = (wall_clock(), self.calls.joins());
            let look = watched.look(name, &self.calls);
            watched.not_before = Some(Instant::now() + LOOK_PAUSE);
            // An agent may have been seen to be busy before the dialer heard with which call:
            // it has to know that this was looked at since.
            let is_news = std::mem::replace(&mut watched.joins, joins) != joins;
            if is_news || watched.told.as_ref() != Some(&look) {
                self.inbox.tell_team(at, name.clone(), look.clone());
                watched.told = Some(look);
            }
        }
        let wrapped_up = self.teams.values().filter_map(Watched::wraps_up_until);
        if let Some(at) = wrapped_up.chain(skipped).min() {
            self.is_next(at);
        }
        self.note_devices();
    }

    /// Changes of other devices, trunks above all, are not worth a look.
    fn note_devices(&self) {
        let devices = self.teams.values().flat_map(|team| team.devices.iter().cloned()).collect();
        let prefixes = self.teams.keys().filter_map(|name| match name {
            TeamName::Queue(queue) => Some(device_name(&format!("Queue:{queue}_"))),
            _ => None,
        });
        let prefixes = prefixes.collect();
        let mut state = self.shared.lock();
        (state.devices, state.prefixes) = (devices, prefixes);
    }
}

impl Watched {
    fn look(&mut self, name: &TeamName, calls: &Calls) -> TeamLook {
        match name {
            TeamName::Queue(queue) => self.look_at_queue(queue, calls),
            TeamName::Extension { context, exten } => self.look_at_hint(context, exten),
            TeamName::Capacity(..) => TeamLook::default(),
        }
    }

    fn look_at_queue(&mut self, name: &str, calls: &Calls) -> TeamLook {
        // Asked about a queue that is gone, `app_queue` fills the log.
        if !queue::exists(name) {
            self.devices.clear();
            return TeamLook::default();
        }
        let count = || (queue::clock_s(), queue::ready_members(name));
        let mut looks = 0;
        let mut before = count();
        let (status, (now_s, ready)) = loop {
            looks += 1;
            let status = read_status(&queue::status(name));
            let after = count();
            if after == before {
                break (status, after);
            }
            if looks == LOOKS {
                break (status, (after.0, None));
            }
            before = after;
        };
        let devices =
            status.members.iter().flat_map(|member| of_interface(&member.state_interface));
        self.devices = devices.collect();
        self.wrap_up.look(&status, ready, now_s, |id| calls.of_channel(id).is_some())
    }

    fn look_at_hint(&mut self, context: &str, exten: &str) -> TeamLook {
        let hint = devices::hint(context, exten);
        let Some((hint, state)) = hint.zip(devices::extension_state(context, exten)) else {
            self.devices.clear();
            return TeamLook::default();
        };
        self.devices = of_hint(&hint);
        let agent = Agent {
            interface: hint,
            name: exten.to_owned(),
            penalty: 0,
            state: AgentState::of_extension(state.0),
        };
        TeamLook { agents: vec![agent], other_callers: 0 }
    }

    /// When to look for the end of the first of its wrap-ups.
    fn wraps_up_until(&self) -> Option<Instant> {
        let now = wall_clock();
        let ends =
            self.told.iter().flat_map(|look| &look.agents).filter_map(|agent| match agent.state {
                AgentState::WrappingUp { until } => until.map(|until| until.since(now)),
                _ => None,
            });
        let end = Instant::now() + ends.min()? + LOOK_AFTER_WRAP_UP;
        Some(self.not_before.map_or(end, |not_before| not_before.max(end)))
    }
}

/// The devices of a member's state, which may be a hint: `hint:100@context`.
fn of_interface(interface: &str) -> Vec<String> {
    let hinted = interface.strip_prefix("hint:").and_then(|hint| hint.split_once('@'));
    match hinted {
        Some((exten, context)) => devices::hint(context, exten).map_or(Vec::new(), |h| of_hint(&h)),
        None => vec![device_name(interface)],
    }
}

/// The devices of a hint; behind a comma comes presence.
fn of_hint(hint: &str) -> Vec<String> {
    let devices = hint.split(',').next().unwrap_or_default();
    devices.split('&').filter(|device| !device.is_empty()).map(device_name).collect()
}
