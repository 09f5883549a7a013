//! Hearing: what one frame of a call says that is not answered yet. What each control
//! frame means is the table of [`control::FRAMES`].

use dialer::domain::control::{self, Meaning};
use dialer::domain::EndedBy;

use super::call::Call;
use crate::ast::channel::{ControlFrame, Leg, Read};

// The table's numbers are those of the Asterisk that this is built for.
const _: () = {
    assert!(control::HANGUP == ControlFrame::HANGUP.0);
    assert!(control::RINGING == ControlFrame::RINGING.0);
    assert!(control::ANSWER == ControlFrame::ANSWER.0);
    assert!(control::BUSY == ControlFrame::BUSY.0);
    assert!(control::CONGESTION == ControlFrame::CONGESTION.0);
    assert!(control::PROGRESS == ControlFrame::PROGRESS.0);
    assert!(control::PROCEEDING == ControlFrame::PROCEEDING.0);
    assert!(control::INCOMPLETE == ControlFrame::INCOMPLETE.0);
};

/// What a frame says of a call.
pub enum Verdict {
    Goes,
    Answered,
    /// The far end sends the call elsewhere.
    Forwarded(String),
    /// It is over, by a frame or by its hangup; this is its `DialEnd` status.
    Over(&'static str),
}

/// What one frame means, as it is noted at the call.
pub fn hear(call: &Call, leg: &Leg, read: Read) -> Verdict {
    if let Some(to) = leg.call_forward() {
        return Verdict::Forwarded(to);
    }
    let frame = match read {
        // Media of before the answer, above all: nobody is there to hear it.
        Read::Other => return Verdict::Goes,
        Read::Hangup { cause } => return Verdict::Over(dial_status(cause)),
        Read::Control(frame) => frame,
    };
    match control::meaning(frame.0) {
        Meaning::Nothing(_) => Verdict::Goes,
        Meaning::Answered => Verdict::Answered,
        Meaning::GoesOn(status) => {
            // Once it rings it rings: media that comes later does not take that back.
            if call.last_control() != control::RINGING {
                call.heard(frame.0);
            }
            leg.publish_dial_status(status);
            Verdict::Goes
        }
        Meaning::Refused { status, cause } => {
            call.heard(frame.0);
            // Some technologies leave the cause to the frame.
            if leg.hangup_cause() == 0 {
                call.ends_by_cause(EndedBy::Call, Some(cause));
            }
            Verdict::Over(status)
        }
    }
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

/// The `DialEnd` status of a call that this side ends before it is answered.
pub fn end_status(by: EndedBy) -> &'static str {
    match by {
        EndedBy::RingTimeout => "NOANSWER",
        EndedBy::Cancel => "CANCEL",
        _ => "CHANUNAVAIL",
    }
}
