//! An answered call: AMD hears it if it is to, then its destination serves it, and then
//! whatever comes instead or after. All on one thread, which the call keeps until its end.

use std::sync::Arc;
use std::time::Instant;

use dialer::domain::{Dialing, EndedBy, Route, Screening};

use super::call::Call;
use crate::ast::channel::{Leg, PbxError};
use crate::ast::{dialplan, log};

/// The application that hears who answered, and where it says so.
const AMD: &str = "AMD";
const AMD_STATUS: &str = "AMDSTATUS";
const AMD_CAUSE: &str = "AMDCAUSE";
const MACHINE: &str = "MACHINE";

/// Channel variable that Asterisk sets when it joins a channel with another one.
const BRIDGE_PEER: &str = "BRIDGEPEER";

/// An answered call on its way to its destination. If it does not get there, it
/// is hung up and its end says so.
pub struct Answered {
    call: Arc<Call>,
    leg: Option<Leg>,
    at: Instant,
}

impl Answered {
    pub fn new(call: Arc<Call>, leg: Leg) -> Answered {
        Answered { call, leg: Some(leg), at: Instant::now() }
    }

    /// Serves the call on this thread until it ends.
    pub fn serve(mut self) {
        let Some(leg) = self.leg.take() else { return };
        // Ringback and the like came before the answer and was not read.
        leg.drain();
        self.call.watches().starts.add(self.at.elapsed());
        let call = self.call.clone();
        let served = match has_one_station(&call.dialing) {
            true => give_away(leg, &call.dialing.copy.route),
            false => Stations { call: &call, leg, in_dialplan: false }.serve(),
        };
        if let Err((error, leg)) = served {
            log::warning!("Dialing {}: {error}", call.id());
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

/// Whether nothing comes before, after or instead of its destination, and nobody has to
/// know how that was left. A queue may be left without an agent.
fn has_one_station(dialing: &Dialing) -> bool {
    let copy = &dialing.copy;
    copy.screening.is_none()
        && copy.harbour.is_none()
        && !copy.may_redirect
        && dialing.queue.is_none()
}

/// Runs the destination until the call ends.
fn give_away(leg: Leg, route: &Route) -> Result<(), (PbxError, Leg)> {
    match route {
        Route::Extension { context, exten, priority } => leg.run_pbx(context, exten, *priority),
        Route::Application { name, data } => leg.run_application(name, data),
    }
}

/// A call that may be served by one after the other.
struct Stations<'a> {
    call: &'a Call,
    leg: Leg,
    /// Whether any station was of the dialplan.
    in_dialplan: bool,
}

impl Stations<'_> {
    fn serve(mut self) -> Result<(), (PbxError, Leg)> {
        let mut next = self.first();
        while let Some(route) = next {
            match self.lend(&route) {
                Ok(()) => next = self.next(),
                Err(error) if self.call.is_at_destination() => return Err((error, self.leg)),
                Err(error) => {
                    log::warning!("Dialing {}: {error}", self.call.id());
                    break;
                }
            }
        }
        // What was taken away runs it where it is now.
        if self.in_dialplan && !self.call.is_taken_away() {
            self.leg.run_hangup_extension();
        }
        self.leg.hangup();
        Ok(())
    }

    /// Its destination, or what comes instead of it.
    fn first(&mut self) -> Option<Route> {
        let copy = &self.call.dialing.copy;
        if let Some(screening) = &copy.screening {
            if self.screen(screening) {
                self.call.leaves_destination();
                return screening.machines.clone().filter(|_| self.leg.is_up());
            }
        }
        if !self.leg.is_up() {
            return None;
        }
        match self.call.comes_to_destination() {
            true => Some(copy.route.clone()),
            false => copy.harbour.clone(),
        }
    }

    /// Whether AMD hears a machine.
    fn screen(&mut self, screening: &Screening) -> bool {
        if let Err(error) = self.leg.lend_to_application(AMD, &screening.data) {
            log::warning!("Dialing {} is not screened by {AMD}: {error}", self.call.id());
        }
        // Told in any case: without a word of AMD it counts as a person.
        let [status, cause] =
            [AMD_STATUS, AMD_CAUSE].map(|name| self.leg.variable(name).unwrap_or_default());
        let is_machine = status == MACHINE;
        self.call.screened(status, cause);
        is_machine
    }

    /// Runs one station until it is done with the call.
    fn lend(&mut self, route: &Route) -> Result<(), PbxError> {
        match route {
            Route::Extension { context, exten, priority } => {
                self.leg.lend_to_pbx(context, exten, *priority)?;
                self.in_dialplan = true;
            }
            Route::Application { name, data } => self.leg.lend_to_application(name, data)?,
        }
        Ok(())
    }

    /// What comes after a station, if the call is still up.
    fn next(&self) -> Option<Route> {
        let is_waiting = self.leg.is_up() && !self.was_joined();
        if self.call.is_done_with_destination(is_waiting) {
            self.leg.resume();
            // What its destination wanted is not for somebody whom nobody has served.
            self.call.set_redirect(None);
            return self.call.dialing.copy.harbour.clone().filter(|_| self.leg.is_up());
        }
        let route = self.call.take_redirect().filter(|_| self.leg.is_up())?;
        if let Route::Extension { context, exten, priority } = &route {
            if !dialplan::exten_exists(context, exten, *priority) {
                log::warning!(
                    "Dialing {} is hung up: it was to go on at {exten}@{context}, priority \
                     {priority}, but there is no such extension",
                    self.call.id()
                );
                return None;
            }
        }
        Some(route)
    }

    /// Whether it was joined with somebody. That is told by a message, which may not have
    /// come yet when the two have parted already.
    fn was_joined(&self) -> bool {
        self.leg.variable(BRIDGE_PEER).is_some_and(|peer| !peer.is_empty())
    }
}
