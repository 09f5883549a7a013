//! Control frames of a call that is not answered yet, and what each means where
//! there is no calling channel: nobody to pass it on to, as when a campaign calls.

/// Control frame numbers (`enum ast_control_frame_type` of asterisk/frame.h)
/// that decide something here. They are also the `ResDial` values of the wire.
pub const HANGUP: i32 = 1;
pub const RINGING: i32 = 3;
pub const ANSWER: i32 = 4;
pub const BUSY: i32 = 5;
pub const CONGESTION: i32 = 8;
pub const PROGRESS: i32 = 14;
pub const PROCEEDING: i32 = 15;
pub const INCOMPLETE: i32 = 30;

/// What a control frame means for a call that is not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Answered,
    /// How far the call is. AMI hears of it as this `DialStatus`.
    GoesOn(&'static str),
    /// It is over. AMI hears of it as this `DialStatus`; the Q.850 cause is said where
    /// the technology gave none.
    Refused {
        status: &'static str,
        cause: i32,
    },
    /// Nothing is to be done, because …
    Nothing(&'static str),
}

/// A control frame by its name and number in asterisk/frame.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlFrame {
    pub number: i32,
    pub name: &'static str,
    pub meaning: Meaning,
}

use Meaning::{Answered, GoesOn, Nothing, Refused};

const ASTERISK_DOES: &str = "Asterisk acts on it itself, in reading it";
const NOT_FROM_AFAR: &str = "a channel is told it; no far end says it";
const FOR_A_CALLER: &str = "it is for the calling channel, and there is none";
const FOR_A_BRIDGE: &str = "it is for a bridge, and the call is in none";
const FOR_A_PLAYER: &str = "it is for an application that plays or records";

/// Every control frame of Asterisk, in the order of frame.h.
pub const FRAMES: [ControlFrame; 47] = [
    frame(HANGUP, "HANGUP", Nothing(ASTERISK_DOES)),
    frame(2, "RING", Nothing("the line rings at this end, of a call that comes in")),
    frame(RINGING, "RINGING", GoesOn("RINGING")),
    frame(ANSWER, "ANSWER", Answered),
    frame(BUSY, "BUSY", Refused { status: "BUSY", cause: 17 }),
    frame(6, "TAKEOFFHOOK", Nothing(NOT_FROM_AFAR)),
    frame(7, "OFFHOOK", Nothing("an analogue line was opened; the answer is said apart")),
    frame(CONGESTION, "CONGESTION", Refused { status: "CONGESTION", cause: 34 }),
    frame(9, "FLASH", Nothing(FOR_A_CALLER)),
    frame(10, "WINK", Nothing(FOR_A_CALLER)),
    frame(11, "OPTION", Nothing("it sets something on a channel that is bridged")),
    frame(12, "RADIO_KEY", Nothing(FOR_A_BRIDGE)),
    frame(13, "RADIO_UNKEY", Nothing(FOR_A_BRIDGE)),
    frame(PROGRESS, "PROGRESS", GoesOn("PROGRESS")),
    frame(PROCEEDING, "PROCEEDING", GoesOn("PROCEEDING")),
    frame(16, "HOLD", Nothing(FOR_A_CALLER)),
    frame(17, "UNHOLD", Nothing(FOR_A_CALLER)),
    frame(18, "VIDUPDATE", Nothing(FOR_A_CALLER)),
    frame(19, "T38", Nothing("Asterisk has given it up")),
    frame(20, "SRCUPDATE", Nothing(FOR_A_CALLER)),
    frame(21, "TRANSFER", Nothing("it answers a transfer, and nothing was transferred")),
    // The technology has set CALLERID() of the channel already, which is who answers.
    // CONNECTEDLINE() stays whom that party sees: the caller id of the plan.
    frame(22, "CONNECTED_LINE", Nothing(FOR_A_CALLER)),
    // The technology has set REDIRECTING() of the channel already.
    frame(23, "REDIRECTING", Nothing(FOR_A_CALLER)),
    frame(24, "T38_PARAMETERS", Nothing("fax is agreed on after the answer")),
    frame(25, "CC", Nothing(FOR_A_CALLER)),
    frame(26, "SRCCHANGE", Nothing(FOR_A_CALLER)),
    frame(27, "READ_ACTION", Nothing(ASTERISK_DOES)),
    frame(28, "AOC", Nothing(FOR_A_CALLER)),
    frame(29, "END_OF_Q", Nothing(ASTERISK_DOES)),
    frame(INCOMPLETE, "INCOMPLETE", Refused { status: "CHANUNAVAIL", cause: 28 }),
    frame(31, "MCID", Nothing(FOR_A_CALLER)),
    frame(32, "UPDATE_RTP_PEER", Nothing(FOR_A_BRIDGE)),
    // It is kept with the channel: HANGUPCAUSE() shows it.
    frame(33, "PVT_CAUSE_CODE", Nothing(ASTERISK_DOES)),
    frame(34, "MASQUERADE_NOTIFY", Nothing(NOT_FROM_AFAR)),
    frame(35, "STREAM_TOPOLOGY_REQUEST_CHANGE", Nothing(FOR_A_BRIDGE)),
    frame(36, "STREAM_TOPOLOGY_CHANGED", Nothing(FOR_A_BRIDGE)),
    frame(37, "STREAM_TOPOLOGY_SOURCE_CHANGED", Nothing(FOR_A_BRIDGE)),
    frame(1000, "STREAM_STOP", Nothing(FOR_A_PLAYER)),
    frame(1001, "STREAM_SUSPEND", Nothing(FOR_A_PLAYER)),
    frame(1002, "STREAM_RESTART", Nothing(FOR_A_PLAYER)),
    frame(1003, "STREAM_REVERSE", Nothing(FOR_A_PLAYER)),
    frame(1004, "STREAM_FORWARD", Nothing(FOR_A_PLAYER)),
    frame(1005, "PLAYBACK_BEGIN", Nothing(FOR_A_CALLER)),
    frame(1100, "RECORD_CANCEL", Nothing(FOR_A_PLAYER)),
    frame(1101, "RECORD_STOP", Nothing(FOR_A_PLAYER)),
    frame(1102, "RECORD_SUSPEND", Nothing(FOR_A_PLAYER)),
    frame(1103, "RECORD_MUTE", Nothing(FOR_A_PLAYER)),
];

const fn frame(number: i32, name: &'static str, meaning: Meaning) -> ControlFrame {
    ControlFrame { number, name, meaning }
}

/// What a control frame means. A negative number only ends a tone.
pub fn meaning(number: i32) -> Meaning {
    let known = FRAMES.iter().find(|frame| frame.number == number);
    known.map_or(Nothing("this version of Asterisk does not know it"), |frame| frame.meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_frame_has_one_line() {
        assert!(FRAMES.is_sorted_by(|a, b| a.number < b.number));
        assert_eq!(meaning(RINGING), GoesOn("RINGING"));
        assert_eq!(meaning(BUSY), Refused { status: "BUSY", cause: 17 });
        assert_eq!(meaning(ANSWER), Answered);
        for number in [-1, 0, 38, 999, 2_000] {
            assert!(matches!(meaning(number), Nothing(_)), "{number}");
        }
    }
}
