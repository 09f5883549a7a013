//! Placing: request a channel, dress it, call. Done by a few threads of their
//! own, because the technology may keep them waiting.

use std::sync::Arc;

use dialer::domain::{CallCopy, EndedBy};

use super::call::{Call, Stage, VARIABLES};
use super::forward::Forwarded;
use super::queue::Queue;
use super::ringing::Entrance;
use crate::ast::channel::{parse_callerid, request, Leg, Request};
use crate::ast::thread::{self, JoinHandle, SpawnError};
use crate::ast::{border, log};

/// The placer threads.
pub struct Placers {
    orders: Orders,
    threads: Vec<JoinHandle>,
}

/// Where calls are handed to the placer threads.
#[derive(Clone, Default)]
pub struct Orders(Arc<Queue<Order>>);

enum Order {
    Place(Arc<Call>),
    Follow(Box<Forwarded>),
}

impl Placers {
    pub fn start(threads: usize, orders: Orders, ringing: Entrance) -> Result<Placers, SpawnError> {
        let mut placers = Placers { orders, threads: Vec::new() };
        for _ in 0..threads {
            let (orders, ringing) = (placers.orders.clone(), ringing.clone());
            let thread = thread::spawn("outbound_place", 0, move || {
                while let Some(order) = orders.0.next() {
                    order.carry_out(&ringing);
                }
            })?;
            placers.threads.push(thread);
        }
        Ok(placers)
    }

    pub fn place(&self, call: Arc<Call>) {
        self.orders.0.push(Order::Place(call));
    }

    pub fn waiting(&self) -> usize {
        self.orders.0.len()
    }
}

impl Drop for Placers {
    /// Calls that are not placed yet stay unplaced; what the store has of them
    /// is closed when it is opened again. Forwarded ones are hung up.
    fn drop(&mut self) {
        let left = self.orders.0.close();
        self.threads.clear();
        drop(left);
    }
}

impl Orders {
    /// Has a call placed where it was forwarded to, before those that only begin.
    pub fn follow(&self, forwarded: Forwarded) {
        self.0.push_first(Order::Follow(Box::new(forwarded)));
    }
}

impl Order {
    fn carry_out(self, ringing: &Entrance) {
        match self {
            Order::Place(call) => {
                if border::catch(|| place(call.clone(), ringing)).is_err() {
                    call.failed();
                }
            }
            Order::Follow(forwarded) => {
                // A fault drops its channels: the hook of the last one says the end.
                let _ = border::catch(|| forwarded.follow(ringing));
            }
        }
    }
}

/// Places one call and hands it to the event thread.
fn place(call: Arc<Call>, ringing: &Entrance) {
    if let Err(by) = call.enter(Stage::Placing) {
        return call.not_placed(by, 0);
    }
    let dialing = call.dialing.clone();
    let (id, other) = (dialing.id.to_string(), dialing.other_channel.to_string());
    let wanted = Request {
        tech: &dialing.copy.tech,
        address: &dialing.copy.address,
        uniqueid: &id,
        uniqueid2: Some(&other),
        codecs: codecs(&dialing.copy.tech),
    };
    let leg = match request(&wanted) {
        Ok(leg) => leg,
        Err(error) => return call.not_placed(EndedBy::NotPlaced, error.cause),
    };
    dress(&leg, &dialing.copy, &dialing.copy.tech);
    let Some(hook) = leg.attach(call.clone(), &VARIABLES) else {
        drop(leg);
        return call.not_placed(EndedBy::NotPlaced, 0);
    };
    call.hooked(hook, leg.name());
    if let Some(by) = call.unwanted() {
        call.ends_by(by);
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
    call.begun();
    ringing.add(call, leg, hook);
}

/// PJSIP offers what its endpoint allows. Others take the best that they are offered,
/// which for Local would be 192 kHz.
pub fn codecs(tech: &str) -> Option<&'static str> {
    (tech != "PJSIP").then_some("slin")
}

/// Caller id and variables. The user-to-user information goes with the call:
/// for the dialplan as `OUTBOUND_UUI`, for PJSIP also as a header of the INVITE.
pub fn dress(leg: &Leg, copy: &CallCopy, tech: &str) {
    if let Some(caller_id) = &copy.caller_id {
        let caller_id = parse_callerid(caller_id);
        leg.set_caller_id(&caller_id.number, &caller_id.name);
    }
    let mut variables: Vec<(&str, &str)> = copy.variables.iter().collect();
    if let Some(text) = &copy.user_to_user {
        variables.push(("OUTBOUND_UUI", text));
        if tech == "PJSIP" {
            variables.push(("PJSIP_HEADER(add,User-to-User)", text));
        }
    }
    if !variables.is_empty() {
        leg.set_variables(&variables);
    }
}
