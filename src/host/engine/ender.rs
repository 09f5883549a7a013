//! Ending calls that nobody answered in time, or that are not wanted any more: done by
//! a few threads of their own. Thousands may be due at the same moment, Asterisk takes
//! its time for each, and meanwhile others are answered. So is whatever else has to lock
//! a channel that the PBX has: the dialer thread waits for nobody's call.

use std::sync::Arc;

use dialer::domain::EndedBy;

use super::call::Call;
use super::hearing::end_status;
use super::queue::Queue;
use super::ringing::Ringer;
use crate::ast::border;
use crate::ast::channel::HookId;
use crate::ast::thread::{self, JoinHandle, SpawnError};

/// The ender threads. Dropping it ends them, and the calls that are left.
pub struct Enders {
    endings: Endings,
    threads: Vec<JoinHandle>,
}

/// Where calls are handed to the ender threads.
#[derive(Clone, Default)]
pub struct Endings(Arc<Queue<Ending>>);

enum Ending {
    /// Nobody has answered.
    Unanswered { ringer: Ringer, by: EndedBy },
    /// The PBX has it.
    InPbx { call: Arc<Call>, hook: HookId, errand: Errand },
}

/// What is to be done with a call that the PBX has.
#[derive(Debug, Clone, Copy)]
pub enum Errand {
    HangUp,
    /// Unless it is answered.
    GiveUp,
    /// Unless somebody has it by now.
    Shelter,
}

impl Enders {
    pub fn start(threads: usize) -> Result<Enders, SpawnError> {
        let mut enders = Enders { endings: Endings::default(), threads: Vec::new() };
        for _ in 0..threads {
            let endings = enders.endings();
            let thread = thread::spawn("outbound_end", 0, move || {
                while let Some(ending) = endings.0.next() {
                    // A fault drops the channel, which hangs it up.
                    let _ = border::catch(|| ending.carry_out());
                }
            })?;
            enders.threads.push(thread);
        }
        Ok(enders)
    }

    pub fn endings(&self) -> Endings {
        self.endings.clone()
    }
}

impl Drop for Enders {
    fn drop(&mut self) {
        let left = self.endings.0.close();
        self.threads.clear();
        drop(left);
    }
}

impl Endings {
    /// Has a call hung up, by our own decision.
    pub fn end(&self, ringer: Ringer, by: EndedBy) {
        ringer.call.ends_by(by);
        self.0.push(Ending::Unanswered { ringer, by });
    }

    /// Has something done with a call that the PBX has; `hook` is on its channel.
    pub fn send(&self, call: Arc<Call>, hook: HookId, errand: Errand) {
        self.0.push(Ending::InPbx { call, hook, errand });
    }
}

impl Ending {
    fn carry_out(self) {
        match self {
            Ending::Unanswered { ringer, by } => end_unanswered(ringer, by),
            Ending::InPbx { call, hook, errand } => match errand {
                Errand::HangUp => call.hang_up_in_pbx(hook),
                Errand::GiveUp => call.time_out_in_pbx(hook),
                Errand::Shelter => call.shelter(hook),
            },
        }
    }
}

fn end_unanswered(ringer: Ringer, by: EndedBy) {
    let Ringer { call, leg, hook, deadline, .. } = ringer;
    leg.publish_dial_status(end_status(by));
    leg.hangup();
    if call.is_taken_away() {
        // What was hung up is an empty channel.
        match by {
            EndedBy::RingTimeout => call.time_out_in_pbx(hook),
            _ => call.hang_up_in_pbx(hook),
        }
    }
    if by == EndedBy::RingTimeout {
        call.watches().timeouts.add(deadline.elapsed());
    }
}
