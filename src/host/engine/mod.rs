//! The call engine: places calls and follows each to its end.
//!
//! ```text
//!  order ──► placer threads ──► event thread ──► PBX threads
//!            request and call   epoll on the     run the destination of an
//!            (may block)        alert fds, and   answered call (block until
//!                  ▲            deadlines        it ends)
//!                  └── forwarded ────┼─────► ender threads
//!                                     time is   hang up, and whatever else
//!                                     up,       locks a channel of the PBX
//!                                     canceled        ▲
//!  order to hang up, give up, shelter ────────────────┘
//! ```
//!
//! A few threads serve thousands of ringing calls; only an answered call has a
//! thread of its own, as every call of Asterisk. A hook on each channel hears of
//! its final hangup, whoever owns it by then, and tells the dialer.

mod call;
mod ender;
mod forward;
mod hearing;
mod joining;
mod placer;
mod pool;
mod queue;
mod ringing;
mod serving;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dialer::domain::{Dialing, DialingId, Outcome};

use super::inbox::Inbox;
use super::timings::Stopwatch;
use crate::ast::thread::SpawnError;
use crate::ast::Subscription;
pub use call::Call;
use call::Stage;
use ender::{Enders, Errand};
use placer::{Orders, Placers};
use pool::Pool;
use ringing::Ringing;

/// Q.850 "normal clearing": what a call is told that we were asked to hang up.
const NORMAL_CLEARING: i32 = 16;

/// Q.850 "no answer from user (user alerted)": what a call is told that nobody answered in time.
const NO_ANSWER: i32 = 19;

/// Q.850 "redirection to new destination": what a call is told that the far end sent
/// elsewhere, where nobody was called.
const REDIRECTED: i32 = 23;

/// Letters, digits and dashes of a uuid.
const UUID_CHARS: usize = 36;

/// Threads that request and call. Two keep one core busy; more only queue at
/// the technology's own threads.
const PLACERS: usize = 3;

/// Threads that hang up calls which are not answered.
const ENDERS: usize = 3;

/// The call engine. Dropping it ends its threads, and with them the calls that
/// are not answered yet.
pub struct Engine {
    // Dropped in this order: nothing may be handed to what has ended already.
    _joins: Option<Subscription>,
    placers: Placers,
    ringing: Ringing,
    enders: Enders,
    pool: Arc<Pool>,
    calls: Arc<Calls>,
}

/// Calls that have not ended, and where their events go.
pub struct Calls {
    inbox: Arc<Inbox>,
    live: Mutex<HashMap<DialingId, Arc<Call>>>,
    /// How many were joined with somebody so far.
    joins: AtomicU64,
    watches: Watches,
}

/// How punctual the engine is.
#[derive(Default)]
pub struct Watches {
    /// From an answer to the start of its destination.
    pub starts: Stopwatch,
    /// How late calls were ended that nobody answered in time.
    pub timeouts: Stopwatch,
}

impl Engine {
    pub fn start(inbox: Arc<Inbox>) -> Result<Engine, SpawnError> {
        let calls = Arc::new(Calls {
            inbox,
            live: Mutex::default(),
            joins: AtomicU64::new(0),
            watches: Watches::default(),
        });
        let pool = Arc::new(Pool::new());
        let orders = Orders::default();
        let enders = Enders::start(ENDERS)?;
        let ringing = Ringing::start(pool.clone(), orders.clone(), enders.endings())?;
        let placers = Placers::start(PLACERS, orders, ringing.entrance())?;
        let joins = joining::watch(calls.clone());
        Ok(Engine { _joins: joins, placers, ringing, enders, pool, calls })
    }

    /// Places a call. Exactly one `Ended` tells its end.
    pub fn place(&self, dialing: Arc<Dialing>) {
        let call = Call::new(dialing, self.calls.clone());
        self.calls.lock().insert(call.id(), call.clone());
        self.placers.place(call);
    }

    /// Hangs a call up, wherever it is.
    pub fn hang_up(&self, dialing: DialingId) {
        let Some(call) = self.calls.find(dialing) else { return };
        match call.cancel() {
            // Whoever has it in hand sees the mark before the next step.
            Stage::Queued | Stage::Placing => {}
            Stage::Ringing => self.ringing.entrance().hang_up(call),
            Stage::InPbx(hook) => self.enders.endings().send(call, hook, Errand::HangUp),
        }
    }

    /// Hangs a call up unless it is answered.
    pub fn give_up(&self, dialing: DialingId) {
        let Some(call) = self.calls.find(dialing) else { return };
        match call.give_up() {
            Stage::Queued | Stage::Placing => {}
            Stage::Ringing => self.ringing.entrance().give_up(call),
            Stage::InPbx(hook) => self.enders.endings().send(call, hook, Errand::GiveUp),
        }
    }

    /// Sends an answered call to its harbour, unless somebody has it by now.
    pub fn shelter(&self, dialing: DialingId) {
        let Some(call) = self.calls.find(dialing) else { return };
        if let Some(hook) = call.hook() {
            self.enders.endings().send(call, hook, Errand::Shelter);
        }
    }

    /// Lets a call know what somebody said that became of it.
    pub fn note(&self, dialing: DialingId, outcome: Option<Outcome>) {
        if let Some(call) = self.calls.find(dialing) {
            call.note(outcome);
        }
    }

    /// Asterisk is ending: answered calls are not waited for any more.
    pub fn leave_calls(&self) {
        self.pool.leave();
    }

    /// Dialings whose calls have not ended.
    pub fn live(&self) -> Vec<DialingId> {
        self.calls.lock().keys().copied().collect()
    }

    pub fn watches(&self) -> &Watches {
        &self.calls.watches
    }

    /// Calls that have not ended.
    pub fn calls(&self) -> Arc<Calls> {
        self.calls.clone()
    }

    /// Calls that wait to be placed.
    pub fn waiting(&self) -> usize {
        self.placers.waiting()
    }
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<DialingId, Arc<Call>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, dialing: DialingId) -> Option<Arc<Call>> {
        self.lock().get(&dialing).cloned()
    }

    /// How many were joined with somebody so far, as the inbox was told already.
    pub fn joins(&self) -> u64 {
        self.joins.load(Ordering::Acquire)
    }

    /// The call that placed the channel of this unique id.
    pub fn of_channel(&self, uniqueid: &str) -> Option<Arc<Call>> {
        // A call that was forwarded has channels whose ids begin with its own.
        let id = uniqueid.get(..UUID_CHARS)?.parse().ok()?;
        self.find(DialingId(id))
    }
}
