//! The way into the dialer thread, and the way back.
//!
//! Foreign threads (AMI sessions, the console, HTTP) hand over a command and
//! wait for its reply with a deadline. The waiting is a plain mutex and condition
//! variable: the channels of the standard library keep something in each thread
//! that uses them, which threads that are not ours must not be left with.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dialer::dialer::{CallEvent, Command, Refusal, Reply, Settings};
use dialer::domain::{DialingId, TeamLook, TeamName, Timestamp};

use super::wall_clock;

/// Commands that may wait at once; more are told that the dialer is busy.
const COMMANDS: usize = 1_000;

/// How long a command waits for its reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// A call event, and when it happened: the dialer may take it in later.
pub type Timed = (Timestamp, CallEvent);

/// The queue into the dialer thread.
#[derive(Default)]
pub struct Inbox {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Commands were taken out.
    room: Condvar,
    /// No new dialing is to start.
    held: AtomicBool,
}

#[derive(Default)]
struct Queue {
    commands: VecDeque<Waiting>,
    // Never more than the calls that are up bring: no bound is needed, and none
    // may be lost.
    events: VecDeque<Timed>,
    /// How teams were seen last: what was before is of no interest.
    teams: BTreeMap<TeamName, (Timestamp, TeamLook)>,
    settings: Option<(Settings, PathBuf)>,
    stop: bool,
    waits_for: WaitsFor,
}

/// What the dialer thread sleeps for. Waking a thread costs more than most of what
/// the calls tell, so they do it only when it is wanted.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum WaitsFor {
    /// It is at work, and looks again by itself.
    #[default]
    Nothing,
    /// Somebody who waits for a reply: calls are gathered meanwhile.
    Commands,
    Anything,
}

/// A command and whoever waits for its reply.
pub struct Waiting {
    command: Command,
    slot: Arc<Slot>,
}

#[derive(Default)]
struct Slot {
    state: Mutex<SlotState>,
    changed: Condvar,
}

#[derive(Default)]
enum SlotState {
    #[default]
    Queued,
    /// The dialer works on it.
    Taken,
    Done(Reply),
    /// Nobody waits any more.
    Abandoned,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// Nothing was done.
    Busy,
    /// It is being done; how it ends is not known.
    Unknown,
    /// The dialer has stopped. Nothing was done.
    Stopped,
}

/// What is taken out of the inbox at once.
#[derive(Default)]
pub struct Batch {
    pub commands: Vec<Waiting>,
    pub events: Vec<Timed>,
    pub teams: BTreeMap<TeamName, (Timestamp, TeamLook)>,
    /// Changed settings, and where results go.
    pub settings: Option<(Settings, PathBuf)>,
    pub stop: bool,
}

impl Batch {
    /// Whether nothing came in.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
            && self.events.is_empty()
            && self.teams.is_empty()
            && self.settings.is_none()
    }
}

impl Inbox {
    /// Has the dialer carry a command out.
    pub fn ask(&self, command: Command) -> Result<Reply, NoReply> {
        let slot = Arc::new(Slot::default());
        {
            let mut queue = self.with_room();
            if queue.stop {
                return Err(NoReply::Stopped);
            }
            if queue.commands.len() >= COMMANDS {
                return Err(NoReply::Busy);
            }
            queue.commands.push_back(Waiting { command, slot: slot.clone() });
        }
        self.filled.notify_one();
        slot.wait()
    }

    /// The queue, with room for a command if there is some in time.
    fn with_room(&self) -> MutexGuard<'_, Queue> {
        let is_full = |queue: &mut Queue| !queue.stop && queue.commands.len() >= COMMANDS;
        let waited = self.room.wait_timeout_while(lock(&self.queue), REPLY_TIMEOUT, is_full);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A call went on, now.
    pub fn tell(&self, event: CallEvent) {
        let at = wall_clock();
        self.put(|queue| queue.events.push_back((at, event)));
    }

    /// A team was found to be so, at this time.
    pub fn tell_team(&self, at: Timestamp, team: TeamName, look: TeamLook) {
        self.put(|queue| drop(queue.teams.insert(team, (at, look))));
    }

    /// Puts something in for which nobody waits.
    fn put(&self, put: impl FnOnce(&mut Queue)) {
        let waits_for = {
            let mut queue = lock(&self.queue);
            put(&mut queue);
            queue.waits_for
        };
        if waits_for == WaitsFor::Anything {
            self.filled.notify_one();
        }
    }

    pub fn configure(&self, settings: Settings, result_file: PathBuf) {
        lock(&self.queue).settings = Some((settings, result_file));
        self.filled.notify_one();
    }

    /// Keeps new dialings from starting, or lets them start again; the dialer thread looks
    /// before each one.
    pub fn hold(&self, hold: bool) {
        self.held.store(hold, Ordering::SeqCst);
    }

    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }

    pub fn is_stopping(&self) -> bool {
        lock(&self.queue).stop
    }

    /// No command is taken any more; the dialer thread ends when it sees this.
    pub fn stop(&self) {
        lock(&self.queue).stop = true;
        self.filled.notify_one();
        self.room.notify_all();
    }

    /// Waits for something, at most until `deadline`, and takes up to `most` of it.
    /// Before `gather_until` only a command, changed settings or the end are
    /// taken at once.
    pub fn take(&self, deadline: Option<Instant>, gather_until: Instant, most: usize) -> Batch {
        let mut queue = lock(&self.queue);
        if !queue.is_urgent() {
            queue = self
                .sleep(queue, WaitsFor::Commands, Some(gather_until), |queue| !queue.is_urgent());
        }
        if queue.is_empty() {
            queue = self.sleep(queue, WaitsFor::Anything, deadline, Queue::is_empty);
        }
        self.room.notify_all();
        let commands = queue.commands.len().min(most);
        let events = queue.events.len().min(most);
        Batch {
            commands: queue.commands.drain(..commands).filter(Waiting::begin).collect(),
            events: queue.events.drain(..events).collect(),
            teams: std::mem::take(&mut queue.teams),
            settings: queue.settings.take(),
            stop: queue.stop,
        }
    }

    /// Sleeps while something holds, at most until `deadline`.
    fn sleep<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        waits_for: WaitsFor,
        deadline: Option<Instant>,
        while_so: impl Fn(&Queue) -> bool,
    ) -> MutexGuard<'a, Queue> {
        queue.waits_for = waits_for;
        while while_so(&queue) {
            let Some(deadline) = deadline else {
                queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.filled.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.waits_for = WaitsFor::Nothing;
        queue
    }

    /// Puts call events back that were taken but are not taken care of.
    pub fn put_back(&self, events: Vec<Timed>) {
        let mut queue = lock(&self.queue);
        for event in events.into_iter().rev() {
            queue.events.push_front(event);
        }
    }

    /// Calls whose end waits to be taken in.
    pub fn ended(&self) -> Vec<DialingId> {
        let queue = lock(&self.queue);
        let ended = queue.events.iter().filter_map(|(_, event)| match event {
            CallEvent::Ended { dialing, .. } => Some(*dialing),
            _ => None,
        });
        ended.collect()
    }

    /// Commands and call events that wait now.
    pub fn lengths(&self) -> (usize, usize) {
        let queue = lock(&self.queue);
        (queue.commands.len(), queue.events.len())
    }

    /// Tells whoever still waits that the dialer has stopped.
    pub fn close(&self) {
        let waiting: Vec<_> = lock(&self.queue).commands.drain(..).collect();
        for waiting in waiting {
            *lock(&waiting.slot.state) = SlotState::Abandoned;
            waiting.slot.changed.notify_one();
        }
    }
}

impl Queue {
    /// Whether somebody waits for what is to be done.
    fn is_urgent(&self) -> bool {
        !self.commands.is_empty() || self.settings.is_some() || self.stop
    }

    fn is_empty(&self) -> bool {
        self.commands.is_empty()
            && self.events.is_empty()
            && self.teams.is_empty()
            && self.settings.is_none()
            && !self.stop
    }
}

impl Waiting {
    /// False if nobody waits for it any more: it is not to be carried out.
    fn begin(&self) -> bool {
        let mut state = lock(&self.slot.state);
        if matches!(*state, SlotState::Abandoned) {
            return false;
        }
        *state = SlotState::Taken;
        true
    }

    /// The command, and where its reply goes.
    pub fn split(self) -> (Command, ReplyTo) {
        (self.command, ReplyTo(Some(self.slot)))
    }
}

/// Where one command's reply goes. Dropped without one, it says that the dialer failed.
pub struct ReplyTo(Option<Arc<Slot>>);

impl ReplyTo {
    pub fn send(mut self, reply: Reply) {
        self.put(reply);
    }

    fn put(&mut self, reply: Reply) {
        if let Some(slot) = self.0.take() {
            *lock(&slot.state) = SlotState::Done(reply);
            slot.changed.notify_one();
        }
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        let reason = "The dialer failed, see the log; the change may be made";
        self.put(Reply::Refused(Refusal::because(reason)));
    }
}

impl Slot {
    fn wait(&self) -> Result<Reply, NoReply> {
        let deadline = Instant::now() + REPLY_TIMEOUT;
        let mut state = lock(&self.state);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match std::mem::take(&mut *state) {
                SlotState::Done(reply) => return Ok(reply),
                SlotState::Abandoned => return Err(NoReply::Stopped),
                SlotState::Taken if left.is_zero() => return Err(NoReply::Unknown),
                SlotState::Queued if left.is_zero() => {
                    *state = SlotState::Abandoned;
                    return Err(NoReply::Busy);
                }
                waiting => *state = waiting,
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A panic elsewhere does not make these values wrong: each is changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
