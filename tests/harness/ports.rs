//! Free ports on 127.0.0.1.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Outcome;

/// Below the range from which Linux takes the ports of outgoing connections,
/// above the one that Asterisk takes for media (rtp.conf).
const FIRST: u16 = 20_001;
const LAST: u16 = 32_767;
const TRIES: usize = 2_000;

/// Given away by this process already: a suite starts several Asterisks at a
/// time, and a port is bound only a little after it was chosen.
static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port that is free for TCP and UDP alike right now.
pub fn free_port() -> Outcome<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(|poison| poison.into_inner());
    let given = given.get_or_insert_with(HashSet::new);
    for step in 0..TRIES {
        let port = candidate(step);
        if !given.contains(&port) && is_free(port) {
            given.insert(port);
            return Ok(port);
        }
    }
    Err(format!("no free port between {FIRST} and {LAST}"))
}

/// Somewhere in the range, elsewhere in each process and at each step.
fn candidate(step: usize) -> u16 {
    let nanos =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let seed = u64::from(nanos) ^ (u64::from(std::process::id()) << 20) ^ ((step as u64) << 44);
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    FIRST + (mixed % u64::from(LAST - FIRST + 1)) as u16
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
