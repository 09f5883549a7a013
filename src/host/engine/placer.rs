//! Placing: request a channel, dress it, call. Done by a few threads of their
//! own, because the technology may keep them waiting.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use dialer::domain::{Dialing, EndedBy};

use super::call::{Call, Stage, VARIABLES};
use super::ringing::Entrance;
use crate::ast::channel::{parse_callerid, request, Leg, Request};
use crate::ast::thread::{self, JoinHandle, SpawnError};
use crate::ast::{border, log};

/// The placer threads and their queue.
pub struct Placers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    calls: VecDeque<Arc<Call>>,
    stop: bool,
}

impl Placers {
    pub fn start(threads: usize, ringing: Entrance) -> Result<Placers, SpawnError> {
        let mut placers = Placers { queue: Arc::default(), threads: Vec::new() };
        for _ in 0..threads {
            let (queue, ringing) = (placers.queue.clone(), ringing.clone());
            let thread = thread::spawn("outbound_place", 0, move || {
                while let Some(call) = queue.next() {
                    if border::catch(|| place(call.clone(), &ringing)).is_err() {
                        call.failed();
                    }
                }
            })?;
            placers.threads.push(thread);
        }
        Ok(placers)
    }

    pub fn place(&self, call: Arc<Call>) {
        self.queue.lock().calls.push_back(call);
        self.queue.filled.notify_one();
    }

    pub fn waiting(&self) -> usize {
        self.queue.lock().calls.len()
    }
}

impl Drop for Placers {
    /// Calls that are not placed yet stay unplaced; what the store has of them
    /// is closed when it is opened again.
    fn drop(&mut self) {
        {
            let mut waiting = self.queue.lock();
            waiting.stop = true;
            waiting.calls.clear();
        }
        self.queue.filled.notify_all();
        self.threads.clear();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Arc<Call>> {
        let mut waiting = self.lock();
        loop {
            if waiting.stop {
                return None;
            }
            if let Some(call) = waiting.calls.pop_front() {
                return Some(call);
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Places one call and hands it to the event thread.
fn place(call: Arc<Call>, ringing: &Entrance) {
    if !call.enter(Stage::Placing) {
        return call.not_placed(EndedBy::Cancel, 0);
    }
    let dialing = call.dialing.clone();
    let (id, other) = (dialing.id.to_string(), dialing.other_channel.to_string());
    let wanted = Request {
        tech: &dialing.copy.tech,
        address: &dialing.copy.address,
        uniqueid: &id,
        uniqueid2: Some(&other),
        // PJSIP offers what its endpoint allows. Others take the best that they are
        // offered, which for Local would be 192 kHz.
        codecs: (dialing.copy.tech != "PJSIP").then_some("slin"),
    };
    let leg = match request(&wanted) {
        Ok(leg) => leg,
        Err(error) => return call.not_placed(EndedBy::NotPlaced, error.cause),
    };
    dress(&leg, &dialing);
    let Some(hook) = leg.attach(call.clone(), &VARIABLES) else {
        drop(leg);
        return call.not_placed(EndedBy::NotPlaced, 0);
    };
    call.hooked();
    if call.is_canceled() {
        call.ends_by(EndedBy::Cancel);
        return leg.hangup();
    }
    if let Err(cause) = leg.call(dialing.copy.timeout_ms) {
        log::debug!(
            1,
            "Dialing {id}: {} was not called, cause {cause}",
            dialing.copy.dial_channel()
        );
        call.ends_by_cause(EndedBy::NotPlaced, Some(cause));
        return leg.hangup();
    }
    call.begun(leg.name());
    ringing.add(call, leg, hook);
}

/// Caller id and variables. The user-to-user information goes with the call:
/// for the dialplan as `OUTBOUND_UUI`, for PJSIP also as a header of the INVITE.
fn dress(leg: &Leg, dialing: &Dialing) {
    let copy = &dialing.copy;
    if let Some(caller_id) = &copy.caller_id {
        let caller_id = parse_callerid(caller_id);
        leg.set_caller_id(&caller_id.number, &caller_id.name);
    }
    let mut variables: Vec<(&str, &str)> = copy.variables.iter().collect();
    if let Some(text) = &copy.user_to_user {
        variables.push(("OUTBOUND_UUI", text));
        if copy.tech == "PJSIP" {
            variables.push(("PJSIP_HEADER(add,User-to-User)", text));
        }
    }
    if !variables.is_empty() {
        leg.set_variables(&variables);
    }
}
