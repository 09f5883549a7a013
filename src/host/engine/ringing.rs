//! The event thread: reads the frames of all calls that are not answered yet.
//!
//! It sleeps on the channels' alert descriptors, until a frame comes, somebody
//! knocks, or the next call's time is up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dialer::domain::{control, DialingId, EndedBy, Route};

use super::call::{Call, Stage};
use super::pool::Pool;
use crate::ast::channel::{Alerts, ControlFrame, HookId, Knocker, Leg, Moved, Read};
use crate::ast::thread::{self, JoinHandle, SpawnError};
use crate::ast::{border, log};

/// How long to wait before calls are watched again after that failed.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Q.850 causes that this side says.
mod cause {
    pub const USER_BUSY: i32 = 17;
    pub const REDIRECTED: i32 = 23;
    pub const INVALID_NUMBER_FORMAT: i32 = 28;
    pub const CONGESTION: i32 = 34;
}

/// The event thread. Dropping it ends it, and hangs up what it has.
pub struct Ringing {
    entrance: Entrance,
    _thread: JoinHandle,
}

/// Where calls are handed to the event thread.
#[derive(Clone)]
pub struct Entrance(Arc<Door>);

struct Door {
    knocker: Knocker,
    errands: Mutex<VecDeque<Errand>>,
}

enum Errand {
    Add(Box<Ringer>),
    HangUp(Arc<Call>),
    Moved(DialingId, Moved),
    Stop,
}

/// A call that is not answered yet.
struct Ringer {
    call: Arc<Call>,
    leg: Leg,
    hook: HookId,
}

impl Ringing {
    pub fn start(pool: Arc<Pool>) -> Result<Ringing, SpawnError> {
        let system = |error: io::Error| SpawnError { errno: error.raw_os_error().unwrap_or(0) };
        let alerts = Alerts::new().map_err(system)?;
        let entrance =
            Entrance(Arc::new(Door { knocker: alerts.knocker(), errands: Mutex::default() }));
        let mut ringers = Ringers {
            alerts,
            pool,
            entrance: entrance.clone(),
            calls: HashMap::new(),
            keys: HashMap::new(),
            taken_away: HashMap::new(),
            deadlines: BinaryHeap::new(),
            next_key: 0,
        };
        let thread = thread::spawn("outbound_ring", 0, move || ringers.run())?;
        Ok(Ringing { entrance, _thread: thread })
    }

    pub fn entrance(&self) -> Entrance {
        self.entrance.clone()
    }
}

impl Drop for Ringing {
    fn drop(&mut self) {
        self.entrance.send(Errand::Stop);
    }
}

impl Entrance {
    /// A call is on its way: its hook is on its channel.
    pub fn add(&self, call: Arc<Call>, leg: Leg, hook: HookId) {
        call.watched_by(self.clone(), hook);
        self.send(Errand::Add(Box::new(Ringer { call, leg, hook })));
    }

    pub fn hang_up(&self, call: Arc<Call>) {
        self.send(Errand::HangUp(call));
    }

    /// Asterisk moved the call between channels.
    pub fn moved(&self, dialing: DialingId, how: Moved) {
        self.send(Errand::Moved(dialing, how));
    }

    fn send(&self, errand: Errand) {
        self.errands().push_back(errand);
        self.0.knocker.knock();
    }

    /// One at a time, so that a fault in one does not take the others along.
    fn next(&self) -> Option<Errand> {
        self.errands().pop_front()
    }

    fn errands(&self) -> MutexGuard<'_, VecDeque<Errand>> {
        self.0.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All calls of the event thread.
struct Ringers {
    alerts: Alerts,
    pool: Arc<Pool>,
    entrance: Entrance,
    calls: HashMap<u64, Watched>,
    keys: HashMap<DialingId, u64>,
    /// Calls that somebody took away while they rang, until their time is up.
    taken_away: HashMap<u64, (Arc<Call>, HookId)>,
    /// Keys by the time at which nobody will have answered. Of calls that are
    /// gone already, too: those are passed over.
    deadlines: BinaryHeap<Reverse<(Instant, u64)>>,
    next_key: u64,
}

struct Watched {
    ringer: Ringer,
    fd: RawFd,
}

/// What a frame says of a call.
enum Verdict {
    Goes,
    Answered,
    /// It is over, by a frame or by its hangup; this is its `DialEnd` status.
    Over(&'static str),
}

impl Ringers {
    /// Goes on whatever happens: without this thread no call would ever end.
    fn run(&mut self) {
        while border::catch(|| self.round()).unwrap_or(true) {}
    }

    /// One wait and what it brings; false when the thread is to end.
    fn round(&mut self) -> bool {
        let deadline = self.deadlines.peek().map(|Reverse((at, _))| *at);
        let mut readable = Vec::new();
        if let Err(error) = self.alerts.wait(deadline, &mut readable) {
            log::error!("Calls cannot be watched: {error}");
            std::thread::sleep(RETRY_AFTER);
        }
        loop {
            let Some(errand) = self.entrance.next() else { break };
            match errand {
                Errand::Add(ringer) => self.add(*ringer),
                Errand::HangUp(call) => self.hang_up(&call),
                Errand::Moved(dialing, Moved::Into) => self.watch_again(dialing),
                Errand::Moved(dialing, Moved::Away) => self.let_go(dialing),
                Errand::Stop => return false,
            }
        }
        for key in readable {
            self.read(key);
        }
        self.time_out(Instant::now());
        true
    }

    fn add(&mut self, ringer: Ringer) {
        if !ringer.call.enter(Stage::Ringing) {
            ringer.call.ends_by(EndedBy::Cancel);
            return ringer.leg.hangup();
        }
        let key = self.next_key;
        self.next_key += 1;
        let fd = match self.alerts.watch(&ringer.leg, key) {
            Ok(fd) => fd,
            Err(error) => {
                log::error!("Channel {} cannot be watched: {error}", ringer.leg.name());
                ringer.call.ends_by(EndedBy::NotPlaced);
                return ringer.leg.hangup();
            }
        };
        let timeout = Duration::from_millis(u64::from(ringer.call.dialing.copy.timeout_ms));
        self.deadlines.push(Reverse((Instant::now() + timeout, key)));
        self.keys.insert(ringer.call.id(), key);
        self.calls.insert(key, Watched { ringer, fd });
    }

    /// The channel has another call's far end, and so another descriptor.
    fn watch_again(&mut self, dialing: DialingId) {
        let Some(key) = self.keys.get(&dialing).copied() else { return };
        let Some(watched) = self.calls.get_mut(&key) else { return };
        let before = watched.fd;
        match self.alerts.watch(&watched.ringer.leg, key) {
            Ok(fd) => watched.fd = fd,
            Err(_) => return self.end(dialing, EndedBy::Call, "CHANUNAVAIL"),
        }
        if watched.fd != before {
            self.alerts.forget(before, key);
        }
    }

    /// Somebody took the call away to a channel of the PBX, where its hook goes
    /// on; what is left here is an empty channel.
    fn let_go(&mut self, dialing: DialingId) {
        let Some(key) = self.keys.get(&dialing).copied() else { return };
        let Some(Ringer { call, leg, hook }) = self.take(key) else { return };
        self.taken_away.insert(key, (call.clone(), hook));
        let goes_on = call.enter(Stage::InPbx(hook));
        leg.hangup();
        if !goes_on {
            call.hang_up_in_pbx(hook);
        }
    }

    fn hang_up(&mut self, call: &Call) {
        if self.keys.contains_key(&call.id()) {
            return self.end(call.id(), EndedBy::Cancel, "CANCEL");
        }
        // It was taken away to another channel meanwhile, or has ended.
        if let Some(hook) = call.hook() {
            call.hang_up_in_pbx(hook);
        }
    }

    /// Reads one frame of a call.
    fn read(&mut self, key: u64) {
        let Some(watched) = self.calls.get(&key) else { return };
        let Ringer { call, leg, .. } = &watched.ringer;
        let verdict = hear(call, leg, leg.read());
        match verdict {
            Verdict::Goes => {}
            Verdict::Answered => self.answered(key),
            Verdict::Over(status) => {
                if let Some(ringer) = self.take(key) {
                    ringer.leg.publish_dial_status(status);
                    ringer.leg.hangup();
                }
            }
        }
    }

    fn answered(&mut self, key: u64) {
        let Some(Ringer { call, leg, hook }) = self.take(key) else { return };
        leg.publish_dial_status("ANSWER");
        call.answered(hook);
        if call.is_canceled() {
            return leg.hangup();
        }
        let answered = Answered { call, leg: Some(leg), at: Instant::now() };
        self.pool.run(move || answered.hand_over());
    }

    /// Hangs one call up by our own decision.
    fn end(&mut self, dialing: DialingId, by: EndedBy, status: &str) {
        let Some(key) = self.keys.get(&dialing).copied() else { return };
        if let Some(ringer) = self.take(key) {
            ringer.call.ends_by(by);
            ringer.leg.publish_dial_status(status);
            ringer.leg.hangup();
        }
    }

    fn time_out(&mut self, now: Instant) {
        while let Some(Reverse((at, key))) = self.deadlines.peek().copied() {
            if at > now {
                return;
            }
            self.deadlines.pop();
            if let Some((call, hook)) = self.taken_away.remove(&key) {
                call.time_out_in_pbx(hook);
            }
            let call = self.calls.get(&key).map(|watched| watched.ringer.call.clone());
            if let Some(call) = call {
                call.watches().timeouts.add(at.elapsed());
                self.end(call.id(), EndedBy::RingTimeout, "NOANSWER");
            }
        }
    }

    fn take(&mut self, key: u64) -> Option<Ringer> {
        let watched = self.calls.remove(&key)?;
        self.alerts.forget(watched.fd, key);
        self.keys.remove(&watched.ringer.call.id());
        Some(watched.ringer)
    }
}

/// What one frame means, as it is noted at the call.
fn hear(call: &Call, leg: &Leg, read: Read) -> Verdict {
    if leg.call_forward().is_some() {
        call.ends_by_cause(EndedBy::Call, Some(cause::REDIRECTED));
        return Verdict::Over("CHANUNAVAIL");
    }
    let frame = match read {
        Read::Other => return Verdict::Goes,
        Read::Hangup { cause } => return Verdict::Over(dial_status(cause)),
        Read::Control(frame) => frame,
    };
    match frame {
        ControlFrame::ANSWER => Verdict::Answered,
        ControlFrame::RINGING => heard(call, leg, frame, "RINGING"),
        ControlFrame::PROGRESS => heard(call, leg, frame, "PROGRESS"),
        ControlFrame::PROCEEDING => heard(call, leg, frame, "PROCEEDING"),
        ControlFrame::BUSY => refused(call, leg, frame, cause::USER_BUSY, "BUSY"),
        ControlFrame::CONGESTION => refused(call, leg, frame, cause::CONGESTION, "CONGESTION"),
        ControlFrame::INCOMPLETE => {
            refused(call, leg, frame, cause::INVALID_NUMBER_FORMAT, "CHANUNAVAIL")
        }
        _ => Verdict::Goes,
    }
}

fn heard(call: &Call, leg: &Leg, frame: ControlFrame, status: &str) -> Verdict {
    // Once it rings it rings: media that comes later does not take that back.
    if call.last_control() != control::RINGING {
        call.heard(frame.0);
    }
    leg.publish_dial_status(status);
    Verdict::Goes
}

/// A frame that refuses; some technologies leave the cause to it.
fn refused(
    call: &Call,
    leg: &Leg,
    frame: ControlFrame,
    cause: i32,
    status: &'static str,
) -> Verdict {
    call.heard(frame.0);
    if leg.hangup_cause() == 0 {
        call.ends_by_cause(EndedBy::Call, Some(cause));
    }
    Verdict::Over(status)
}

/// The `DialEnd` status for a hangup cause, as the Dial application has it.
fn dial_status(cause: i32) -> &'static str {
    match cause {
        17 => "BUSY",
        34 | 42 | 44 => "CONGESTION",
        18 | 19 => "NOANSWER",
        _ => "CHANUNAVAIL",
    }
}

/// An answered call on its way to its destination. If it does not get there, it
/// is hung up and its end says so.
struct Answered {
    call: Arc<Call>,
    leg: Option<Leg>,
    at: Instant,
}

impl Answered {
    /// Runs the destination on this thread until the call ends.
    fn hand_over(mut self) {
        let Some(leg) = self.leg.take() else { return };
        // Ringback and the like came before the answer and was not read.
        leg.drain();
        self.call.watches().starts.add(self.at.elapsed());
        let served = match &self.call.dialing.copy.route {
            Route::Extension { context, exten, priority } => leg.run_pbx(context, exten, *priority),
            Route::Application { name, data } => leg.run_application(name, data),
        };
        if let Err((error, leg)) = served {
            log::warning!("Dialing {}: {error}", self.call.id());
            self.leg = Some(leg);
        }
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        if let Some(leg) = self.leg.take() {
            log::error!("Dialing {}: answered, but not handed over", self.call.id());
            self.call.ends_by(EndedBy::NotHandedOver);
            leg.hangup();
        }
    }
}
