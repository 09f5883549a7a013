//! States of devices with Asterisk's numbers, and what they say of an agent.

use super::AgentState;

/// `AST_DEVICE_*`: how the device of a queue's member is.
pub mod device {
    pub const UNKNOWN: i32 = 0;
    pub const NOT_INUSE: i32 = 1;
    pub const INUSE: i32 = 2;
    pub const BUSY: i32 = 3;
    pub const INVALID: i32 = 4;
    pub const UNAVAILABLE: i32 = 5;
    pub const RINGING: i32 = 6;
    pub const RINGINUSE: i32 = 7;
    pub const ONHOLD: i32 = 8;
}

/// `AST_EXTENSION_*`: how the devices of a hint are together; bits.
pub mod extension {
    pub const INUSE: i32 = 1;
    pub const BUSY: i32 = 2;
    pub const UNAVAILABLE: i32 = 4;
    pub const RINGING: i32 = 8;
    pub const ONHOLD: i32 = 16;
}

impl AgentState {
    /// Of a device alone. One whose state nobody knows counts as free: `app_queue` rings
    /// it as well.
    pub fn of_device(state: i32) -> AgentState {
        match state {
            device::UNKNOWN | device::NOT_INUSE => AgentState::Free,
            device::RINGING => AgentState::Ringing,
            device::INVALID | device::UNAVAILABLE => AgentState::Away,
            _ => AgentState::Busy,
        }
    }

    /// Of the devices of a hint.
    pub fn of_extension(state: i32) -> AgentState {
        match state {
            0 => AgentState::Free,
            extension::RINGING => AgentState::Ringing,
            extension::UNAVAILABLE => AgentState::Away,
            _ => AgentState::Busy,
        }
    }
}

/// A device as its changes are told: in small letters, and without the options of a Local
/// channel (`Local/100@agents/n`).
pub fn device_name(interface: &str) -> String {
    let mut name = interface.to_lowercase();
    if name.starts_with("local/") {
        if let Some((at, _)) = name.match_indices('/').nth(1) {
            name.truncate(at);
        }
    }
    name
}

/// What was called, by the name of the channel that this made: `PJSIP/anna` of
/// `PJSIP/anna-0000002a`, `Local/100@agents` of `Local/100@agents-0000002a;1`.
pub fn interface_of(channel_name: &str) -> &str {
    let name = channel_name.split_once(';').map_or(channel_name, |(name, _)| name);
    let is_number =
        |suffix: &str| suffix.len() >= 8 && suffix.chars().all(|digit| digit.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((interface, suffix)) if is_number(suffix) => interface,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_in_use_that_also_rings_is_busy() {
        assert_eq!(AgentState::of_device(device::RINGINUSE), AgentState::Busy);
        assert_eq!(AgentState::of_device(device::ONHOLD), AgentState::Busy);
        assert_eq!(AgentState::of_device(device::RINGING), AgentState::Ringing);
        assert_eq!(AgentState::of_device(device::UNKNOWN), AgentState::Free);
        assert_eq!(AgentState::of_device(device::UNAVAILABLE), AgentState::Away);
        let both = extension::INUSE | extension::RINGING;
        assert_eq!(AgentState::of_extension(both), AgentState::Busy);
        assert_eq!(AgentState::of_extension(extension::RINGING), AgentState::Ringing);
        assert_eq!(AgentState::of_extension(0), AgentState::Free);
    }

    #[test]
    fn a_channel_tells_what_was_called() {
        assert_eq!(interface_of("PJSIP/anna-0000002a"), "PJSIP/anna");
        assert_eq!(interface_of("PJSIP/anna-marie-0000002a"), "PJSIP/anna-marie");
        assert_eq!(interface_of("Local/100@agents-0000002a;1"), "Local/100@agents");
        assert_eq!(interface_of("Surrogate/PJSIP/anna-mobile"), "Surrogate/PJSIP/anna-mobile");
    }

    #[test]
    fn devices_are_named_as_their_changes_name_them() {
        assert_eq!(device_name("PJSIP/Anna"), "pjsip/anna");
        assert_eq!(device_name("Local/100@agents/n"), "local/100@agents");
        assert_eq!(device_name("Local/100@agents"), "local/100@agents");
        assert_eq!(device_name("DAHDI/i1/123"), "dahdi/i1/123");
    }
}
