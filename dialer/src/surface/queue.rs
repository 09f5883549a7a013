//! The answer of the manager's action `QueueStatus`, read.

use crate::domain::{Member, QueueStatus};

/// Reads the events of the answer. What is not known of a member counts as 0 or as none.
pub fn read_status(text: &str) -> QueueStatus {
    let mut status = QueueStatus::default();
    for block in text.split("\r\n\r\n") {
        let value = |name: &str| {
            let lines = block.split("\r\n").filter_map(|line| line.split_once(':'));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            values.next().map_or("", |(_, value)| value.trim())
        };
        match value("Event") {
            "QueueMember" => status.members.push(member(value)),
            "QueueEntry" => status.callers.push(value("Uniqueid").to_owned()),
            _ => {}
        }
    }
    status
}

fn member<'a>(value: impl Fn(&str) -> &'a str) -> Member {
    let number = |name| value(name).parse::<i64>().unwrap_or(0);
    let interface = value("Location").to_owned();
    let state_interface = Some(value("StateInterface")).filter(|name| !name.is_empty());
    Member {
        name: value("Name").to_owned(),
        state_interface: state_interface.unwrap_or(&interface).to_owned(),
        penalty: u32::try_from(number("Penalty")).unwrap_or(0),
        status: i32::try_from(number("Status")).unwrap_or(0),
        is_paused: number("Paused") != 0,
        is_in_call: number("InCall") != 0,
        last_call_s: number("LastCall"),
        wrap_up_s: u32::try_from(number("Wrapuptime")).unwrap_or(0),
        interface,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "Response: Success\r\nEventList: start\r\nMessage: Queue status will \
        follow\r\n\r\nEvent: QueueParams\r\nQueue: sales\r\nMax: 0\r\nStrategy: ringall\r\n\
        Calls: 1\r\n\r\nEvent: QueueMember\r\nQueue: sales\r\nName: Anna: team 1\r\nLocation: \
        Local/100@agents/n\r\nStateInterface: PJSIP/anna\r\nMembership: dynamic\r\nPenalty: 2\r\n\
        CallsTaken: 4\r\nLastCall: 1700000123\r\nLastPause: 0\r\nLoginTime: 1700000000\r\n\
        InCall: 1\r\nStatus: 2\r\nPaused: 0\r\nPausedReason: \r\nWrapuptime: 15\r\n\r\nEvent: \
        QueueEntry\r\nQueue: sales\r\nPosition: 1\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: \
        1700000200.7\r\nCallerIDNum: unknown\r\nWait: 3\r\n\r\nEvent: QueueStatusComplete\r\n\
        EventList: Complete\r\nListItems: 3\r\n\r\n";

    #[test]
    fn members_and_callers_are_read() {
        let anna = Member {
            interface: "Local/100@agents/n".to_owned(),
            name: "Anna: team 1".to_owned(),
            state_interface: "PJSIP/anna".to_owned(),
            penalty: 2,
            status: 2,
            is_paused: false,
            is_in_call: true,
            last_call_s: 1_700_000_123,
            wrap_up_s: 15,
        };
        let callers = vec!["1700000200.7".to_owned()];
        assert_eq!(read_status(ANSWER), QueueStatus { members: vec![anna], callers });
    }

    #[test]
    fn what_is_missing_counts_as_none() {
        assert_eq!(read_status(""), QueueStatus::default());
        assert_eq!(read_status("Response: Error\r\nMessage: no\r\n\r\n"), QueueStatus::default());
        let status = read_status("Event: QueueMember\r\nLocation: PJSIP/anna\r\nPenalty: -3\r\n");
        let anna = Member {
            interface: "PJSIP/anna".to_owned(),
            state_interface: "PJSIP/anna".to_owned(),
            ..Member::default()
        };
        assert_eq!(status.members, [anna]);
    }
}
