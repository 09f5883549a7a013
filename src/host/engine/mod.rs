//! The call engine: places calls and follows each to its end.
//!
//! ```text
//!  order ──► placer threads ──► event thread ──► PBX threads
//!            request and call   epoll on the     run the destination of an
//!            (may block)        alert fds, and   answered call (block until
//!                  ▲            deadlines        it ends)
//!                  └── forwarded ────┼─────► ender threads
//!                                     time is   hang up
//!                                     up, canceled
//! ```
//!
//! A few threads serve thousands of ringing calls; only an answered call has a
//! thread of its own, as every call of Asterisk. A hook on each channel hears of
//! its final hangup, whoever owns it by then, and tells the dialer.

mod call;
mod ender;
mod forward;
mod hearing;
mod placer;
mod pool;
mod queue;
mod ringing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dialer::domain::{Dialing, DialingId, Outcome};

use super::inbox::Inbox;
use super::timings::Stopwatch;
use crate::ast::thread::SpawnError;
pub use call::Call;
use call::Stage;
use ender::Enders;
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

/// Threads that request and call. Two keep one core busy; more only queue at
/// the technology's own threads.
const PLACERS: usize = 3;

/// Threads that hang up calls which are not answered.
const ENDERS: usize = 3;

/// The call engine. Dropping it ends its threads, and with them the calls that
/// are not answered yet.
pub struct Engine {
    // Dropped in this order: nothing may be handed to what has ended already.
    placers: Placers,
    ringing: Ringing,
    _enders: Enders,
    pool: Arc<Pool>,
    calls: Arc<Calls>,
}

/// Calls that have not ended, and where their events go.
pub struct Calls {
    inbox: Arc<Inbox>,
    live: Mutex<HashMap<DialingId, Arc<Call>>>,
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
        let calls = Arc::new(Calls { inbox, live: Mutex::default(), watches: Watches::default() });
        let pool = Arc::new(Pool::new());
        let orders = Orders::default();
        let enders = Enders::start(ENDERS)?;
        let ringing = Ringing::start(pool.clone(), orders.clone(), enders.endings())?;
        let placers = Placers::start(PLACERS, orders, ringing.entrance())?;
        Ok(Engine { placers, ringing, _enders: enders, pool, calls })
    }

    /// Places a call. Exactly one `Ended` tells its end.
    pub fn place(&self, dialing: Arc<Dialing>) {
        let call = Call::new(dialing, self.calls.clone());
        self.calls.lock().insert(call.id(), call.clone());
        self.placers.place(call);
    }

    /// Hangs a call up, wherever it is.
    pub fn hang_up(&self, dialing: DialingId) {
        let Some(call) = self.calls.lock().get(&dialing).cloned() else { return };
        match call.cancel() {
            // Whoever has it in hand sees the mark before the next step.
            Stage::Queued | Stage::Placing => {}
            Stage::Ringing => self.ringing.entrance().hang_up(call),
            Stage::InPbx(hook) => call.hang_up_in_pbx(hook),
        }
    }

    /// Lets a call know what somebody said that became of it.
    pub fn note(&self, dialing: DialingId, outcome: Option<Outcome>) {
        let call = self.calls.lock().get(&dialing).cloned();
        if let Some(call) = call {
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

    /// Calls that wait to be placed.
    pub fn waiting(&self) -> usize {
        self.placers.waiting()
    }
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<DialingId, Arc<Call>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
