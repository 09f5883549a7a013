//! What the machine and its Asterisk have left for calls of ours.

use std::fmt;

/// Descriptors that one call takes (PJSIP: signalling, two of RTP, alert pipe).
pub const FILES_PER_CALL: u64 = 4;

/// How the machine and its Asterisk are. A limit that is `None` does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Load average of one minute, in hundredths.
    pub load: u32,
    /// `maxload` of asterisk.conf, in hundredths.
    pub max_load: Option<u32>,
    /// Calls that Asterisk counts against `maxcalls`.
    pub calls: usize,
    pub max_calls: Option<usize>,
    pub files: u64,
    pub max_files: Option<u64>,
}

/// What is to be left to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserves {
    /// Load from which on no call goes out, in hundredths.
    pub max_load: Option<u32>,
    pub calls: usize,
    pub files: u64,
}

impl Default for Reserves {
    fn default() -> Self {
        Reserves { max_load: None, calls: 0, files: 256 }
    }
}

/// What holds dialing back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceiling {
    /// The load, and what is allowed of it, in hundredths.
    Load { load: u32, most: u32, is_ours: bool },
    /// Calls in use, of so many, with a reserve.
    Calls { calls: usize, most: usize, reserve: usize },
    /// Open descriptors, of so many, with a reserve.
    Files { files: u64, most: u64, reserve: u64 },
}

impl fmt::Display for Ceiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Ceiling::Load { load, most, is_ours } => {
                let option = if is_ours { "max_load" } else { "maxload of asterisk.conf" };
                write!(f, "{option}: the load is {}, allowed is {}", two(load), two(most))
            }
            Ceiling::Calls { calls, most, reserve } => write!(
                f,
                "maxcalls of asterisk.conf: {calls} of {most} calls are in use or ringing, and \
                 reserve_calls is {reserve}"
            ),
            Ceiling::Files { files, most, reserve } => write!(
                f,
                "open files: {files} of {most} are in use, and reserve_files is {reserve}"
            ),
        }
    }
}

fn two(hundredths: u32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// How many calls may go out before the next look, and why not more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Headroom {
    /// `None`: as many as there may be.
    pub room: Option<usize>,
    pub ceiling: Option<Ceiling>,
}

impl Headroom {
    /// `ringing` are our calls that are not answered, `unplaced` those of them that have
    /// no channel yet: Asterisk does not count them, but it will.
    pub fn of(vitals: &Vitals, reserves: &Reserves, ringing: usize, unplaced: usize) -> Headroom {
        let loads = [(reserves.max_load, true), (vitals.max_load, false)];
        let load = vitals.load;
        for (most, is_ours) in loads.into_iter().filter_map(|(m, ours)| Some((m?, ours))) {
            if load >= most {
                let ceiling = Some(Ceiling::Load { load, most, is_ours });
                return Headroom { room: Some(0), ceiling };
            }
        }
        let calls = vitals.max_calls.map(|most| {
            let (calls, reserve) = (vitals.calls + ringing, reserves.calls);
            let room = most.saturating_sub(reserve).saturating_sub(calls);
            (room, Ceiling::Calls { calls, most, reserve })
        });
        let files = vitals.max_files.map(|most| {
            let files = vitals.files + unplaced as u64 * FILES_PER_CALL;
            let reserve = reserves.files;
            let room = most.saturating_sub(reserve).saturating_sub(files) / FILES_PER_CALL;
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            (room, Ceiling::Files { files, most, reserve })
        });
        let least = [calls, files].into_iter().flatten().min_by_key(|(room, _)| *room);
        Headroom { room: least.map(|(room, _)| room), ceiling: least.map(|(_, why)| why) }
    }

    /// A call goes out.
    pub fn take(&mut self) {
        self.room = self.room.map(|room| room.saturating_sub(1));
    }

    /// What holds dialing back, if anything does.
    pub fn ceiling(&self) -> Option<Ceiling> {
        self.ceiling.filter(|_| self.room == Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vitals: Vitals, reserves: &Reserves) -> (Option<usize>, String) {
        let headroom = Headroom::of(&vitals, reserves, 3, 2);
        let why = headroom.ceiling().map_or_else(String::new, |ceiling| ceiling.to_string());
        (headroom.room, why)
    }

    #[test]
    fn load() {
        let reserves = Reserves { max_load: Some(200), ..Reserves::default() };
        let vitals = Vitals { load: 199, ..Vitals::default() };
        assert_eq!(of(vitals, &reserves), (None, String::new()));
        let busy = Vitals { load: 310, max_load: Some(300), ..vitals };
        let why = "max_load: the load is 3.10, allowed is 2.00";
        assert_eq!(of(busy, &reserves), (Some(0), why.to_owned()));
        let why = "maxload of asterisk.conf: the load is 3.10, allowed is 3.00";
        assert_eq!(of(busy, &Reserves::default()), (Some(0), why.to_owned()));
    }

    #[test]
    fn calls_leave_a_reserve_and_count_what_rings() {
        let reserves = Reserves { calls: 5, ..Reserves::default() };
        let vitals = Vitals { calls: 10, max_calls: Some(20), ..Vitals::default() };
        assert_eq!(of(vitals, &reserves), (Some(2), String::new()));
        let full = Vitals { calls: 12, ..vitals };
        let why = "maxcalls of asterisk.conf: 15 of 20 calls are in use or ringing, and \
                   reserve_calls is 5";
        assert_eq!(of(full, &reserves), (Some(0), why.to_owned()));
        let over = Reserves { calls: 50, ..reserves };
        assert_eq!(of(vitals, &over).0, Some(0));
    }

    #[test]
    fn files_are_four_a_call() {
        let vitals = Vitals { files: 700, max_files: Some(1_024), ..Vitals::default() };
        assert_eq!(of(vitals, &Reserves::default()), (Some(15), String::new()));
        let full = Vitals { files: 760, ..vitals };
        let why = "open files: 768 of 1024 are in use, and reserve_files is 256";
        assert_eq!(of(full, &Reserves::default()), (Some(0), why.to_owned()));
    }

    #[test]
    fn what_goes_out_is_taken_off() {
        let vitals = Vitals { calls: 10, max_calls: Some(14), ..Vitals::default() };
        let mut headroom = Headroom::of(&vitals, &Reserves::default(), 3, 0);
        assert_eq!((headroom.room, headroom.ceiling()), (Some(1), None));
        headroom.take();
        assert!(headroom.ceiling().is_some());
    }
}
