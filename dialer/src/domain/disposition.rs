//! What became of a dialing: last control frame × hangup cause × who ended it.

use std::fmt;

use super::control;

/// Who or what ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The far end: it refused, or it hung up, or the destination did so after the answer.
    Call,
    /// Nobody answered within the plan's `DialTimeout`.
    RingTimeout,
    /// We were asked to hang up.
    Cancel,
    /// No channel could be had, or the call could not be sent.
    NotPlaced,
    /// It was answered, but its destination could not be started.
    NotHandedOver,
    /// Asterisk ended while the call was up.
    Interruption,
}

/// The `AMDSTATUS` of a machine.
pub const MACHINE: &str = "MACHINE";

/// How a call ended, as the call engine saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    pub by: EndedBy,
    /// Whether it was answered.
    pub answered: bool,
    /// Last control frame that means something; 0: none came.
    pub last_control: i32,
    /// Final Q.850 cause; 0: none.
    pub cause: i32,
    /// The cause in words, as Asterisk spells it.
    pub cause_text: String,
    /// The technology's own code (SIP: the response's number), where known.
    pub tech_cause: Option<i32>,
    /// Verdict of the AMD application, if it ran (`AMDSTATUS`, `AMDCAUSE`).
    pub amd: Option<(String, String)>,
}

impl CallEnd {
    /// Whether AMD says that a machine answered.
    pub fn is_machine(&self) -> bool {
        self.amd.as_ref().is_some_and(|(status, _)| status == MACHINE)
    }

    /// Whether the network on the way refused it for want of room, so that others would
    /// fare the same: a congestion frame, SIP 503, or such a cause of Q.850.
    pub fn is_congestion(&self) -> bool {
        if self.answered || !matches!(self.by, EndedBy::Call | EndedBy::NotPlaced) {
            return false;
        }
        let frame = self.cause == 0 && self.last_control == control::CONGESTION;
        frame || self.tech_cause == Some(SIP_UNAVAILABLE) || cause::is_want_of_room(self.cause)
    }

    /// Whether it says that the network took it on, whatever became of it there.
    pub fn is_of_network(&self) -> bool {
        self.answered || (self.by == EndedBy::Call && (self.cause > 0 || self.last_control > 0))
    }

    /// The `ResDial` of the wire: the last meaningful control frame. Channel
    /// drivers that refuse by cause alone (PJSIP) send no frame for it, so a
    /// busy or congestion cause stands in for the frame that did not come.
    pub fn res_dial(&self) -> i32 {
        if self.answered {
            return control::ANSWER;
        }
        match (self.by, self.cause) {
            (EndedBy::Call, cause::USER_BUSY) => control::BUSY,
            (EndedBy::Call, cause) if cause::is_congestion(cause) => control::CONGESTION,
            (EndedBy::Call, _) if self.last_control == 0 => control::HANGUP,
            _ => self.last_control,
        }
    }
}

/// What became of a dialing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disposition {
    /// Somebody answered and the call reached its destination.
    Answered,
    /// Busy (Q.850 17).
    Busy,
    /// It rang, or nothing at all was heard, until the time was up (Q.850 18, 19).
    NoAnswer,
    /// Not reachable just now: refused without ringing (Q.850 20; SIP 480).
    Unavailable,
    /// Refused by the called party (Q.850 21).
    Rejected,
    /// There is no such number (Q.850 1).
    Unallocated,
    /// No way leads there (Q.850 2, 3).
    NoRoute,
    /// The number was changed (Q.850 22).
    NumberChanged,
    /// The far end sends calls elsewhere, where nobody was called (Q.850 23).
    Redirected,
    /// The number is not well formed (Q.850 28).
    InvalidNumber,
    /// The network is full (Q.850 34, 42, 44).
    Congestion,
    /// The far end's equipment does not work (Q.850 27).
    OutOfOrder,
    /// A machine answered (verdict of the AMD application).
    Machine,
    /// A person answered and no agent was free in time.
    Abandoned,
    /// Anything else that kept the call from being answered or handed over.
    Failed,
    /// We were asked to hang up before it was answered.
    Canceled,
    /// Asterisk ended while the call was up.
    Interrupted,
    /// It was promised to call again. Only said by somebody at the call.
    CallBack,
    /// The person is not to be called again. Only said by somebody at the call.
    DoNotCall,
}

impl Disposition {
    pub const ALL: [Disposition; 19] = [
        Disposition::Answered,
        Disposition::Busy,
        Disposition::NoAnswer,
        Disposition::Unavailable,
        Disposition::Rejected,
        Disposition::Unallocated,
        Disposition::NoRoute,
        Disposition::NumberChanged,
        Disposition::Redirected,
        Disposition::InvalidNumber,
        Disposition::Congestion,
        Disposition::OutOfOrder,
        Disposition::Machine,
        Disposition::Abandoned,
        Disposition::Failed,
        Disposition::Canceled,
        Disposition::Interrupted,
        Disposition::CallBack,
        Disposition::DoNotCall,
    ];

    /// What became of a call that ended so.
    pub fn of(end: &CallEnd) -> Disposition {
        match end.by {
            EndedBy::Interruption => return Disposition::Interrupted,
            EndedBy::NotHandedOver => return Disposition::Failed,
            _ if end.answered && end.is_machine() => return Disposition::Machine,
            _ if end.answered => return Disposition::Answered,
            EndedBy::Cancel => return Disposition::Canceled,
            EndedBy::RingTimeout => return Disposition::NoAnswer,
            EndedBy::Call | EndedBy::NotPlaced => {}
        }
        match end.last_control {
            control::BUSY => return Disposition::Busy,
            control::CONGESTION if end.cause == 0 => return Disposition::Congestion,
            _ => {}
        }
        let rang = end.last_control == control::RINGING;
        match end.cause {
            cause::UNALLOCATED => Disposition::Unallocated,
            cause::NO_ROUTE_TRANSIT_NETWORK | cause::NO_ROUTE_DESTINATION => Disposition::NoRoute,
            cause::USER_BUSY => Disposition::Busy,
            // A network that gives up after ringing says 19 too; without ringing nobody was there.
            cause::NO_ANSWER if !rang => Disposition::Unavailable,
            cause::NO_USER_RESPONSE | cause::NO_ANSWER => Disposition::NoAnswer,
            cause::SUBSCRIBER_ABSENT => Disposition::Unavailable,
            cause::CALL_REJECTED => Disposition::Rejected,
            cause::NUMBER_CHANGED => Disposition::NumberChanged,
            cause::REDIRECTED => Disposition::Redirected,
            cause::DESTINATION_OUT_OF_ORDER => Disposition::OutOfOrder,
            cause::INVALID_NUMBER_FORMAT => Disposition::InvalidNumber,
            other if cause::is_congestion(other) => Disposition::Congestion,
            _ => Disposition::Failed,
        }
    }

    /// The name in results, messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Disposition::Answered => "answered",
            Disposition::Busy => "busy",
            Disposition::NoAnswer => "no_answer",
            Disposition::Unavailable => "unavailable",
            Disposition::Rejected => "rejected",
            Disposition::Unallocated => "unallocated",
            Disposition::NoRoute => "no_route",
            Disposition::NumberChanged => "number_changed",
            Disposition::Redirected => "redirected",
            Disposition::InvalidNumber => "invalid_number",
            Disposition::Congestion => "congestion",
            Disposition::OutOfOrder => "out_of_order",
            Disposition::Machine => "machine",
            Disposition::Abandoned => "abandoned",
            Disposition::Failed => "failed",
            Disposition::Canceled => "canceled",
            Disposition::Interrupted => "interrupted",
            Disposition::CallBack => "call_back",
            Disposition::DoNotCall => "do_not_call",
        }
    }

    /// Whether it can only be said of a call that was answered.
    pub fn needs_answer(self) -> bool {
        matches!(self, Disposition::Answered | Disposition::Machine | Disposition::Abandoned)
    }

    /// Every name, for messages that say what is allowed.
    pub fn names() -> String {
        Self::ALL.map(Disposition::name).join(", ")
    }

    pub fn from_name(name: &str) -> Option<Disposition> {
        Self::ALL.into_iter().find(|disposition| disposition.name() == name)
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// SIP's `503 Service Unavailable`.
const SIP_UNAVAILABLE: i32 = 503;

/// Q.850 causes (asterisk/causes.h).
mod cause {
    pub const UNALLOCATED: i32 = 1;
    pub const NO_ROUTE_TRANSIT_NETWORK: i32 = 2;
    pub const NO_ROUTE_DESTINATION: i32 = 3;
    pub const USER_BUSY: i32 = 17;
    pub const NO_USER_RESPONSE: i32 = 18;
    pub const NO_ANSWER: i32 = 19;
    pub const SUBSCRIBER_ABSENT: i32 = 20;
    pub const CALL_REJECTED: i32 = 21;
    pub const NUMBER_CHANGED: i32 = 22;
    pub const REDIRECTED: i32 = 23;
    pub const DESTINATION_OUT_OF_ORDER: i32 = 27;
    pub const INVALID_NUMBER_FORMAT: i32 = 28;
    pub const NORMAL_CIRCUIT_CONGESTION: i32 = 34;
    pub const SWITCH_CONGESTION: i32 = 42;
    pub const REQUESTED_CHAN_UNAVAIL: i32 = 44;

    const NETWORK_OUT_OF_ORDER: i32 = 38;
    const TEMPORARY_FAILURE: i32 = 41;
    const RESOURCE_UNAVAILABLE: i32 = 47;

    /// Congestion, and what else passes: Q.850 34, 38, 41, 42, 44 and 47.
    pub fn is_want_of_room(cause: i32) -> bool {
        let other = [NETWORK_OUT_OF_ORDER, TEMPORARY_FAILURE, RESOURCE_UNAVAILABLE];
        is_congestion(cause) || other.contains(&cause)
    }

    pub fn is_congestion(cause: i32) -> bool {
        matches!(cause, NORMAL_CIRCUIT_CONGESTION | SWITCH_CONGESTION | REQUESTED_CHAN_UNAVAIL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(by: EndedBy, last_control: i32, cause: i32) -> CallEnd {
        CallEnd {
            by,
            answered: false,
            last_control,
            cause,
            cause_text: String::new(),
            tech_cause: None,
            amd: None,
        }
    }

    #[test]
    fn dispositions() {
        use control::{BUSY, CONGESTION, PROGRESS, RINGING};
        use Disposition as D;
        use EndedBy::{Call, Cancel, Interruption, NotPlaced, RingTimeout};
        let table = [
            // (by, last control frame, cause) → (disposition, ResDial)
            (Call, 0, 17, D::Busy, BUSY),
            (Call, RINGING, 17, D::Busy, BUSY),
            (Call, BUSY, 0, D::Busy, BUSY),
            (Call, CONGESTION, 0, D::Congestion, CONGESTION),
            (Call, 0, 34, D::Congestion, CONGESTION),
            (Call, CONGESTION, 1, D::Unallocated, CONGESTION),
            (Call, 0, 1, D::Unallocated, 1),
            (Call, 0, 3, D::NoRoute, 1),
            (Call, 0, 19, D::Unavailable, 1),
            (Call, RINGING, 19, D::NoAnswer, RINGING),
            (Call, RINGING, 18, D::NoAnswer, RINGING),
            (Call, 0, 20, D::Unavailable, 1),
            (Call, 0, 21, D::Rejected, 1),
            (Call, 0, 22, D::NumberChanged, 1),
            (Call, 0, 23, D::Redirected, 1),
            (Call, 0, 27, D::OutOfOrder, 1),
            (Call, 0, 28, D::InvalidNumber, 1),
            (Call, PROGRESS, 38, D::Failed, PROGRESS),
            (Call, 0, 0, D::Failed, 1),
            (RingTimeout, RINGING, 19, D::NoAnswer, RINGING),
            (RingTimeout, 0, 19, D::NoAnswer, 0),
            (Cancel, RINGING, 16, D::Canceled, RINGING),
            (NotPlaced, 0, 66, D::Failed, 0),
            (NotPlaced, 0, 3, D::NoRoute, 0),
            (Interruption, 0, 0, D::Interrupted, 0),
        ];
        for (by, last_control, cause, disposition, res_dial) in table {
            let end = end(by, last_control, cause);
            assert_eq!(Disposition::of(&end), disposition, "{end:?}");
            assert_eq!(end.res_dial(), res_dial, "{end:?}");
        }
    }

    #[test]
    fn an_answer_stays_an_answer_whoever_hung_up() {
        for by in [EndedBy::Call, EndedBy::Cancel] {
            let end = CallEnd { answered: true, ..end(by, control::ANSWER, 16) };
            assert_eq!(Disposition::of(&end), Disposition::Answered);
            assert_eq!(end.res_dial(), control::ANSWER);
        }
        let amd = Some(("MACHINE".to_owned(), "LONGGREETING-2600-2500".to_owned()));
        let machine = CallEnd { answered: true, amd, ..end(EndedBy::Call, control::ANSWER, 16) };
        assert_eq!(Disposition::of(&machine), Disposition::Machine);
        let lost = CallEnd { answered: true, ..end(EndedBy::NotHandedOver, 4, 16) };
        assert_eq!(Disposition::of(&lost), Disposition::Failed);
    }

    #[test]
    fn congestion_is_told_by_frame_cause_or_code() {
        let call = |control, cause| end(EndedBy::Call, control, cause);
        for cause in [34, 38, 41, 42, 44, 47] {
            assert!(call(0, cause).is_congestion() && call(3, cause).is_congestion(), "{cause}");
        }
        assert!(call(control::CONGESTION, 0).is_congestion());
        assert!(end(EndedBy::NotPlaced, 0, 34).is_congestion());
        assert!(CallEnd { tech_cause: Some(503), ..call(0, 0) }.is_congestion());
        for cause in [0, 1, 16, 17, 19, 20, 21, 27] {
            assert!(!call(0, cause).is_congestion(), "{cause}");
        }
        assert!(!call(control::CONGESTION, 1).is_congestion(), "the number does not exist");
        assert!(!CallEnd { answered: true, ..call(4, 34) }.is_congestion());
        assert!(!end(EndedBy::Cancel, 0, 34).is_congestion());
        assert!(call(0, 17).is_of_network() && !end(EndedBy::RingTimeout, 0, 19).is_of_network());
    }

    #[test]
    fn names_go_both_ways() {
        for disposition in Disposition::ALL {
            assert_eq!(Disposition::from_name(disposition.name()), Some(disposition));
        }
    }
}
