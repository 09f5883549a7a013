//! One call: what is known of it while it passes from thread to thread.

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use dialer::dialer::CallEvent;
use dialer::domain::devices::interface_of;
use dialer::domain::{control, CallEnd, Dialing, DialingId, EndedBy, Outcome, Route};

use super::ringing::Entrance;
use super::{Calls, Watches, NORMAL_CLEARING, NO_ANSWER};
use crate::ast::channel::{
    break_off, cause2str, is_up, soft_hangup, variable_of, EndOfCall, Hook, HookId, Moved,
};
use crate::ast::module;

/// Channel variables that are read at the end of a call: what AMD found.
pub const VARIABLES: [&str; 2] = ["AMDSTATUS", "AMDCAUSE"];

/// Channel variable in which `app_queue` says whom it has rung.
const MEMBER_INTERFACE: &str = "MEMBERINTERFACE";

/// Who has a call in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Queued,
    Placing,
    Ringing,
    /// The PBX has it; this hook is on its channel.
    InPbx(HookId),
}

/// One call.
pub struct Call {
    pub dialing: Arc<Dialing>,
    calls: Arc<Calls>,
    progress: Mutex<Progress>,
    /// The event loop that has to know when the channel's descriptor changes.
    watcher: OnceLock<Entrance>,
}

struct Progress {
    stage: Stage,
    /// It is to be hung up, and this is what that counts as.
    unwanted: Option<EndedBy>,
    /// The hook on its channel, and that channel's name. Of a call that was
    /// forwarded, it is the last channel's hook that says the end.
    hook: Option<HookId>,
    channel: String,
    /// A channel with another hook has ended.
    gone: Option<(HookId, EndOfCall)>,
    /// Somebody took the call away to another channel.
    taken_away: bool,
    answered: bool,
    /// Last control frame that means something.
    last_control: i32,
    ended_by: EndedBy,
    /// Said instead of the channel's own cause.
    cause: Option<i32>,
    /// What somebody at the call said that became of it.
    outcome: Option<Outcome>,
    fate: Fate,
    station: Station,
    /// Where its dialplan wants it to go on when its destination is done with it.
    redirect: Option<Route>,
}

impl Progress {
    /// Whether an answered call is still ours, and nobody has asked to hang it up.
    fn is_wanted(&self) -> bool {
        !self.taken_away && self.unwanted != Some(EndedBy::Cancel)
    }
}

/// Who got an answered call. The first one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    /// It was joined with somebody.
    Connected,
    /// Nobody was there in time: it goes to its harbour.
    Sheltered,
}

/// Where an answered call is, as far as its harbour is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Station {
    BeforeDestination,
    Destination,
    /// Its destination is done with it, or it never gets there.
    AfterDestination,
}

impl Call {
    pub fn new(dialing: Arc<Dialing>, calls: Arc<Calls>) -> Arc<Call> {
        Arc::new(Call {
            dialing,
            calls,
            progress: Mutex::new(Progress {
                stage: Stage::Queued,
                unwanted: None,
                hook: None,
                channel: String::new(),
                gone: None,
                taken_away: false,
                answered: false,
                last_control: 0,
                ended_by: EndedBy::Call,
                cause: None,
                outcome: None,
                fate: Fate::Open,
                station: Station::BeforeDestination,
                redirect: None,
            }),
            watcher: OnceLock::new(),
        })
    }

    pub fn id(&self) -> DialingId {
        self.dialing.id
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the call to be hung up, and says who has it in hand.
    pub fn cancel(&self) -> Stage {
        let mut progress = self.progress();
        progress.unwanted = Some(EndedBy::Cancel);
        if let Stage::InPbx(_) = progress.stage {
            progress.ended_by = EndedBy::Cancel;
        }
        progress.stage
    }

    /// Marks the call to be hung up unless it is answered, and says who has it in hand.
    pub fn give_up(&self) -> Stage {
        let mut progress = self.progress();
        if !progress.answered {
            progress.unwanted.get_or_insert(EndedBy::RingTimeout);
        }
        progress.stage
    }

    /// Moves the call on; or says that it is to be hung up instead, and as what.
    pub fn enter(&self, stage: Stage) -> Result<(), EndedBy> {
        let mut progress = self.progress();
        progress.stage = stage;
        progress.unwanted.map_or(Ok(()), Err)
    }

    /// Who has it in hand.
    pub fn stage(&self) -> Stage {
        self.progress().stage
    }

    /// Names the event loop that reads the channel.
    pub fn watched_by(&self, watcher: Entrance) {
        // A call is read by one event loop in its life.
        let _ = self.watcher.set(watcher);
    }

    /// The hook on its channel, once it is on its way.
    pub fn hook(&self) -> Option<HookId> {
        self.progress().hook
    }

    /// Has the PBX hang it up, on whichever channel the hook is by now.
    pub fn hang_up_in_pbx(&self, hook: HookId) {
        soft_hangup(&self.channel(), hook, NORMAL_CLEARING);
    }

    /// The name of its channel, where it began.
    fn channel(&self) -> String {
        self.progress().channel.clone()
    }

    /// Hangs it up if it was taken away to a channel of the PBX and nobody has
    /// answered there either; nothing if it was not taken away, but answered.
    pub fn time_out_in_pbx(&self, hook: HookId) {
        let channel = self.channel();
        if !is_up(&channel, hook) {
            self.ends_by(EndedBy::RingTimeout);
            soft_hangup(&channel, hook, NO_ANSWER);
        }
    }

    /// A fault kept it from being placed: with a hook on its channel, that one
    /// says the end; without, nobody else does.
    pub fn failed(&self) {
        if self.progress().hook.is_none() {
            self.not_placed(EndedBy::NotPlaced, 0);
        }
    }

    /// From here on this hook says the end, and that of a channel before this one no
    /// longer does.
    pub fn hooked(&self, hook: HookId, channel: String) {
        let gone = {
            let mut progress = self.progress();
            progress.hook = Some(hook);
            progress.channel = channel;
            // What was heard of the channel before this one is not said of this one.
            progress.last_control = 0;
            progress.gone.take().filter(|(gone, _)| *gone == hook)
        };
        // Somebody took it away and it ended, all before this hook counted.
        if let Some((_, end)) = gone {
            self.over(end);
        }
    }

    /// Whether somebody took the call away to another channel.
    pub fn is_taken_away(&self) -> bool {
        self.progress().taken_away
    }

    pub fn begun(&self) {
        let channel_name = self.channel();
        self.tell(CallEvent::Begun { dialing: self.id(), channel_name });
    }

    /// A control frame that says how far the call is.
    pub fn heard(&self, frame: i32) {
        self.progress().last_control = frame;
        self.tell(CallEvent::Progress { dialing: self.id(), control: frame });
    }

    /// The answer; `hook` is on the channel.
    pub fn answered(&self, hook: HookId) {
        {
            let mut progress = self.progress();
            progress.answered = true;
            progress.last_control = control::ANSWER;
            progress.stage = Stage::InPbx(hook);
            if progress.unwanted == Some(EndedBy::Cancel) {
                progress.ended_by = EndedBy::Cancel;
            }
        }
        self.tell(CallEvent::Answered { dialing: self.id() });
    }

    /// How punctual the engine is.
    pub fn watches(&self) -> &Watches {
        &self.calls.watches
    }

    /// What somebody at the call said that became of it.
    pub fn outcome(&self) -> Option<Outcome> {
        self.progress().outcome
    }

    pub fn note(&self, outcome: Option<Outcome>) {
        self.progress().outcome = outcome;
    }

    /// Whether it was asked to be hung up, answered or not.
    pub fn is_canceled(&self) -> bool {
        self.progress().unwanted == Some(EndedBy::Cancel)
    }

    /// What its hangup is to count as, if it is to be hung up before it is answered.
    pub fn unwanted(&self) -> Option<EndedBy> {
        self.progress().unwanted
    }

    /// Says why the channel is about to be hung up by this side. A frame that
    /// refuses counts as the call's own end.
    pub fn ends_by(&self, by: EndedBy) {
        let cause = match by {
            EndedBy::RingTimeout => Some(NO_ANSWER),
            EndedBy::Cancel => Some(NORMAL_CLEARING),
            _ => None,
        };
        self.ends_by_cause(by, cause);
    }

    /// As [`Self::ends_by`], with the cause to be said.
    pub fn ends_by_cause(&self, by: EndedBy, cause: Option<i32>) {
        let mut progress = self.progress();
        progress.ended_by = by;
        progress.cause = cause;
    }

    /// The last control frame that meant something.
    pub fn last_control(&self) -> i32 {
        self.progress().last_control
    }

    /// The end of a call that never had a channel of its own.
    pub fn not_placed(&self, by: EndedBy, cause: i32) {
        self.ends_by(by);
        self.end(cause, None, None);
    }

    fn end(&self, cause: i32, tech_cause: Option<i32>, amd: Option<(String, String)>) {
        let (mut by, answered, last_control, said) = {
            let progress = self.progress();
            (progress.ended_by, progress.answered, progress.last_control, progress.cause)
        };
        let cause = match said.unwrap_or(cause) {
            // A hangup of an answered call that gives no cause, such as a bare
            // BYE, is a normal one (RFC 3398, 8.2.7).
            0 if answered => NORMAL_CLEARING,
            cause => cause,
        };
        // Asterisk itself going down is nobody's refusal.
        let refuses = last_control == control::BUSY || last_control == control::CONGESTION;
        let without_reason = match by {
            EndedBy::NotPlaced => true,
            EndedBy::Call => !refuses && matches!(cause, 0 | NORMAL_CLEARING),
            _ => false,
        };
        if !answered && without_reason && module::is_shutting_down() {
            by = EndedBy::Interruption;
        }
        let cause_text = cause2str(cause);
        let end = CallEnd { by, answered, last_control, cause, cause_text, tech_cause, amd };
        // Told first: whoever finds it gone finds its end in the inbox.
        self.tell(CallEvent::Ended { dialing: self.id(), end });
        self.calls.lock().remove(&self.id());
    }

    fn tell(&self, event: CallEvent) {
        self.calls.inbox.tell(event);
    }
}

/// What becomes of it after the answer.
impl Call {
    /// AMD has heard who answered.
    pub fn screened(&self, status: String, cause: String) {
        self.tell(CallEvent::Screened { dialing: self.id(), status, cause });
    }

    /// It is to be given to its destination now; false if its harbour comes instead.
    pub fn comes_to_destination(&self) -> bool {
        let mut progress = self.progress();
        let goes_on = progress.fate != Fate::Sheltered;
        progress.station = match goes_on {
            true => Station::Destination,
            false => Station::AfterDestination,
        };
        goes_on
    }

    /// Whether its destination was given to it, and is not done with it.
    pub fn is_at_destination(&self) -> bool {
        self.progress().station == Station::Destination
    }

    /// It goes elsewhere for good than to its destination.
    pub fn leaves_destination(&self) {
        self.progress().station = Station::AfterDestination;
    }

    /// Its destination is done with it; true if its harbour comes now. It was sent there
    /// meanwhile; or else its queue let it go without an agent, and `is_waiting`: whoever
    /// answered is still there.
    pub fn is_done_with_destination(&self, is_waiting: bool) -> bool {
        {
            let mut progress = self.progress();
            let before = std::mem::replace(&mut progress.station, Station::AfterDestination);
            match progress.fate {
                _ if before != Station::Destination => return false,
                Fate::Connected => return false,
                Fate::Sheltered => return true,
                Fate::Open => {}
            }
            let is_left_alone = is_waiting
                && self.dialing.queue.is_some()
                && progress.redirect.is_none()
                && progress.is_wanted();
            if !is_left_alone {
                return false;
            }
            progress.fate = Fate::Sheltered;
        }
        self.tell(CallEvent::Sheltered { dialing: self.id() });
        true
    }

    /// Sends it to its harbour, unless it was joined with somebody or is past that.
    pub fn shelter(&self, hook: HookId) {
        let is_sheltered = Cell::new(false);
        break_off(&self.channel(), hook, || {
            let mut progress = self.progress();
            let is_open = progress.answered
                && progress.is_wanted()
                && progress.fate == Fate::Open
                && progress.station != Station::AfterDestination
                && self.dialing.copy.harbour.is_some();
            if is_open {
                progress.fate = Fate::Sheltered;
                is_sheltered.set(true);
            }
            // AMD is left to hear who it is.
            is_open && progress.station == Station::Destination
        });
        if is_sheltered.get() {
            self.tell(CallEvent::Sheltered { dialing: self.id() });
        }
    }

    /// It was joined with another channel, of this name if it is still there; false if
    /// somebody, or its harbour, has it already.
    pub fn joined(&self, other: Option<&str>) -> bool {
        let (hook, channel) = {
            let mut progress = self.progress();
            if !progress.answered || progress.fate != Fate::Open {
                return false;
            }
            progress.fate = Fate::Connected;
            (progress.hook, progress.channel.clone())
        };
        // Queues whose `setinterfacevar` is on say whom they have rung.
        let member = hook.and_then(|hook| variable_of(&channel, hook, MEMBER_INTERFACE));
        let agent = member
            .filter(|member| !member.is_empty())
            .or_else(|| other.map(|name| interface_of(name).to_owned()));
        self.tell(CallEvent::Connected { dialing: self.id(), agent });
        true
    }

    /// Where its dialplan wants it to go on when its destination is done with it.
    pub fn redirect(&self) -> Option<Route> {
        self.progress().redirect.clone()
    }

    pub fn set_redirect(&self, route: Option<Route>) {
        self.progress().redirect = route;
    }

    pub fn take_redirect(&self) -> Option<Route> {
        self.progress().redirect.take()
    }
}

impl Hook for Call {
    fn gone(&self, hook: HookId, end: EndOfCall) {
        {
            let mut progress = self.progress();
            if progress.hook != Some(hook) {
                // It was forwarded: another channel goes on with it.
                progress.gone = Some((hook, end));
                return;
            }
        }
        self.over(end);
    }

    fn moved(&self, hook: HookId, how: Moved) {
        {
            let mut progress = self.progress();
            progress.taken_away |= how == Moved::Away;
            if progress.hook != Some(hook) {
                return;
            }
        }
        if let Some(watcher) = self.watcher.get() {
            watcher.moved(self.id(), how);
        }
    }
}

impl Call {
    /// The channel that says the end is gone.
    fn over(&self, end: EndOfCall) {
        if end.was_up {
            // Also if it was answered after somebody took it away while it rang.
            let mut progress = self.progress();
            progress.answered = true;
            if progress.taken_away && progress.ended_by == EndedBy::RingTimeout {
                (progress.ended_by, progress.cause) = (EndedBy::Call, None);
            }
        }
        let mut variables = end.variables.into_iter();
        let amd = variables.next().flatten().zip(variables.next().map(Option::unwrap_or_default));
        self.end(end.hangup_cause, end.tech_cause, amd);
    }
}
