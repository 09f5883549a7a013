//! The event thread: reads the frames of all calls that are not answered yet.
//!
//! It sleeps on the channels' alert descriptors, until a frame comes, somebody
//! knocks, or the next call's time is up.

use std::collections::{HashMap, VecDeque};
use std::fmt::Display;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dialer::deadlines::Deadlines;
use dialer::domain::{CallForward, DialingId, EndedBy, Forwards};

use super::call::{Call, Stage};
use super::ender::Endings;
use super::forward::Forwarded;
use super::hearing::{end_status, hear, Verdict};
use super::placer::Orders;
use super::pool::Pool;
use super::serving::Answered;
use super::REDIRECTED;
use crate::ast::channel::{Alerts, HookId, Knocker, Leg, Moved};
use crate::ast::thread::{self, JoinHandle, SpawnError};
use crate::ast::{border, log};

/// How long to wait before calls are watched again after that failed.
const RETRY_AFTER: Duration = Duration::from_millis(100);

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
    GiveUp(Arc<Call>),
    Moved(DialingId, Moved),
    Stop,
}

/// A call that is not answered yet.
pub struct Ringer {
    pub call: Arc<Call>,
    pub leg: Leg,
    pub hook: HookId,
    /// When nobody will have answered, wherever it was forwarded to.
    pub deadline: Instant,
    pub forwards: Forwards,
}

impl Ringing {
    pub fn start(pool: Arc<Pool>, orders: Orders, endings: Endings) -> Result<Ringing, SpawnError> {
        let system = |error: io::Error| SpawnError { errno: error.raw_os_error().unwrap_or(0) };
        let alerts = Alerts::new().map_err(system)?;
        let entrance =
            Entrance(Arc::new(Door { knocker: alerts.knocker(), errands: Mutex::default() }));
        let mut ringers = Ringers {
            alerts,
            pool,
            orders,
            endings,
            entrance: entrance.clone(),
            calls: HashMap::new(),
            keys: HashMap::new(),
            taken_away: HashMap::new(),
            deadlines: Deadlines::default(),
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
        let timeout = Duration::from_millis(u64::from(call.dialing.copy.timeout_ms));
        let (deadline, forwards) = (Instant::now() + timeout, Forwards::default());
        call.watched_by(self.clone());
        self.add_again(Ringer { call, leg, hook, deadline, forwards });
    }

    /// A call goes on that was on its way already.
    pub fn add_again(&self, ringer: Ringer) {
        self.send(Errand::Add(Box::new(ringer)));
    }

    pub fn hang_up(&self, call: Arc<Call>) {
        self.send(Errand::HangUp(call));
    }

    /// Hangs it up unless it is answered.
    pub fn give_up(&self, call: Arc<Call>) {
        self.send(Errand::GiveUp(call));
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
    orders: Orders,
    endings: Endings,
    entrance: Entrance,
    calls: HashMap<u64, Watched>,
    keys: HashMap<DialingId, u64>,
    /// Calls that somebody took away while they rang, until their time is up.
    taken_away: HashMap<u64, (Arc<Call>, HookId)>,
    /// Keys by the time at which nobody will have answered.
    deadlines: Deadlines<Instant, u64>,
    next_key: u64,
}

struct Watched {
    ringer: Ringer,
    fd: RawFd,
}

impl Ringers {
    /// Goes on whatever happens: without this thread no call would ever end.
    fn run(&mut self) {
        while border::catch(|| self.round()).unwrap_or(true) {}
    }

    /// One wait and what it brings; false when the thread is to end.
    fn round(&mut self) -> bool {
        let mut readable = Vec::new();
        if let Err(error) = self.alerts.wait(self.deadlines.next(), &mut readable) {
            log::error!("Calls cannot be watched: {error}");
            std::thread::sleep(RETRY_AFTER);
        }
        loop {
            let Some(errand) = self.entrance.next() else { break };
            match errand {
                Errand::Add(ringer) => self.add(*ringer),
                Errand::HangUp(call) => self.hang_up(&call),
                Errand::GiveUp(call) => self.give_up(&call),
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
        if let Err(by) = ringer.call.enter(Stage::Ringing) {
            ringer.call.ends_by(by);
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
        self.deadlines.add(ringer.deadline, key);
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
            Err(_) => return self.end(dialing, EndedBy::Call),
        }
        if watched.fd != before {
            self.alerts.forget(before, key);
        }
    }

    /// Somebody took the call away to a channel of the PBX, where its hook goes
    /// on; what is left here is an empty channel.
    fn let_go(&mut self, dialing: DialingId) {
        let Some(key) = self.keys.get(&dialing).copied() else { return };
        let Some(Ringer { call, leg, hook, deadline, .. }) = self.take(key) else { return };
        self.deadlines.add(deadline, key);
        self.taken_away.insert(key, (call.clone(), hook));
        let goes_on = call.enter(Stage::InPbx(hook));
        leg.hangup();
        match goes_on {
            Ok(()) => {}
            Err(EndedBy::RingTimeout) => call.time_out_in_pbx(hook),
            Err(_) => call.hang_up_in_pbx(hook),
        }
    }

    fn hang_up(&mut self, call: &Call) {
        if self.keys.contains_key(&call.id()) {
            return self.end(call.id(), EndedBy::Cancel);
        }
        // It was taken away to another channel meanwhile, or has ended.
        if let Some(hook) = call.hook() {
            call.hang_up_in_pbx(hook);
        }
    }

    fn give_up(&mut self, call: &Call) {
        if self.keys.contains_key(&call.id()) {
            return self.end(call.id(), EndedBy::RingTimeout);
        }
        // It was answered or taken away to another channel meanwhile, or has ended. One
        // that is being forwarded is hung up when it comes back.
        if let Stage::InPbx(hook) = call.stage() {
            call.time_out_in_pbx(hook);
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
            Verdict::Forwarded(to) => self.forwarded(key, &to),
            Verdict::Over(status) => {
                if let Some(ringer) = self.take(key) {
                    ringer.leg.publish_dial_status(status);
                    ringer.leg.hangup();
                }
            }
        }
    }

    fn answered(&mut self, key: u64) {
        let Some(Ringer { call, leg, hook, .. }) = self.take(key) else { return };
        leg.publish_dial_status("ANSWER");
        call.answered(hook);
        if call.is_canceled() {
            return leg.hangup();
        }
        let answered = Answered::new(call, leg);
        self.pool.run(move || answered.serve());
    }

    /// The far end sends the call elsewhere: it is called there, or has ended.
    fn forwarded(&mut self, key: u64, to: &str) {
        let Some(mut ringer) = self.take(key) else { return };
        let Ringer { call, leg, forwards, .. } = &mut ringer;
        let copy = &call.dialing.copy;
        if copy.call_forward == CallForward::Refuse {
            return ringer.sent_away();
        }
        match forwards.follow(copy, to, &leg.forward_context()) {
            Ok(()) => match call.enter(Stage::Placing) {
                Ok(()) => self.orders.follow(Forwarded { ringer, text: to.to_owned() }),
                Err(by) => self.endings.end(ringer, by),
            },
            Err(why) => ringer.not_followed(why, to),
        }
    }

    /// Hangs one call up by our own decision.
    fn end(&mut self, dialing: DialingId, by: EndedBy) {
        let Some(key) = self.keys.get(&dialing).copied() else { return };
        if let Some(ringer) = self.take(key) {
            self.endings.end(ringer, by);
        }
    }

    fn time_out(&mut self, now: Instant) {
        while let Some(key) = self.deadlines.due(now) {
            if let Some((call, hook)) = self.taken_away.remove(&key) {
                call.time_out_in_pbx(hook);
            }
            if let Some(ringer) = self.take(key) {
                self.endings.end(ringer, EndedBy::RingTimeout);
            }
        }
    }

    fn take(&mut self, key: u64) -> Option<Ringer> {
        let watched = self.calls.remove(&key)?;
        self.alerts.forget(watched.fd, key);
        self.keys.remove(&watched.ringer.call.id());
        self.deadlines.remove(watched.ringer.deadline, key);
        Some(watched.ringer)
    }
}

impl Ringer {
    /// Hangs it up by our own decision.
    pub fn give_up(self, by: EndedBy) {
        self.call.ends_by(by);
        self.leg.publish_dial_status(end_status(by));
        self.leg.hangup();
    }

    /// Ends it where the far end sent it elsewhere, which the plan would have followed.
    pub fn not_followed(self, why: impl Display, to: &str) {
        log::notice!(
            "Dialing {}: {} sends the call to '{}', where nobody is called: {why}",
            self.call.id(),
            self.leg.name(),
            to.escape_debug()
        );
        self.sent_away();
    }

    /// Ends it where the far end sent it elsewhere.
    fn sent_away(self) {
        self.call.ends_by_cause(EndedBy::Call, Some(REDIRECTED));
        self.leg.publish_dial_status("CHANUNAVAIL");
        self.leg.hangup();
    }
}
