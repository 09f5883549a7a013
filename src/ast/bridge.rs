//! Bridges: which channels are joined.

use std::ptr;

use super::log;
use super::stasis::{self, Subscription};
use super::text::{self, c_string};
use crate::sys;

/// Channels that are together in a bridge, because one more has just come in.
#[derive(Debug)]
pub struct Joined {
    /// Their unique ids, with that of the new one.
    pub channels: Vec<String>,
}

/// A bridge in which channels only wait, such as a parking lot.
const HOLDING: &str = "holding_bridge";

/// Whether stasis.conf declines the messages that [`watch`] is about: none ever comes then.
pub fn is_declined() -> bool {
    // SAFETY: gives what the core keeps until its end, or null.
    unsafe { sys::ast_channel_entered_bridge_type() }.is_null()
}

/// The name of these messages in stasis.conf.
pub const MESSAGE_TYPE: &str = "ast_channel_entered_bridge_type";

/// Has `on_join` called whenever a channel comes into a bridge, on a thread of
/// Asterisk's; not for bridges in which channels only wait, nor for channels that are
/// [`Seen::is_internal`]. `None`, logged, without memory.
pub fn watch(on_join: impl Fn(&Joined) + Send + Sync + 'static) -> Option<Subscription> {
    let on_message = move |data: *mut std::ffi::c_void| {
        // SAFETY: messages of this kind carry this structure.
        let entered = unsafe { &*data.cast::<sys::ast_bridge_blob>() };
        // SAFETY: null, or a snapshot that the message keeps.
        let Some(bridge) = (unsafe { entered.bridge.as_ref() }) else { return };
        // SAFETY: as above.
        let channel = unsafe { entered.channel.as_ref() };
        // SAFETY: a part of the snapshot.
        let channel = channel.and_then(|channel| unsafe { channel.base.as_ref() });
        if channel.is_some_and(is_internal) {
            return;
        }
        // SAFETY: a string of the snapshot.
        if unsafe { text::copy(bridge.technology) } != HOLDING {
            // SAFETY: the container of the snapshot, of strings.
            let channels = unsafe { strings(bridge.channels) };
            on_join(&Joined { channels });
        }
    };
    // SAFETY: gives what the core keeps until its end.
    let topic = unsafe { sys::ast_bridge_topic_all() };
    // SAFETY: as above.
    let kind = unsafe { sys::ast_channel_entered_bridge_type() };
    // SAFETY: both stay; `on_message` keeps nothing of the message.
    unsafe { stasis::subscribe(topic, kind, Box::new(on_message)) }
}

/// The strings of a container.
///
/// # Safety
///
/// `container` is null, or a container of strings that stays for the call.
unsafe fn strings(container: *mut sys::ao2_container) -> Vec<String> {
    let mut strings = Vec::new();
    if container.is_null() {
        return strings;
    }
    let place = log::place!();
    // SAFETY: the container stays for the call.
    let mut iterator = unsafe { sys::ao2_iterator_init(container, 0) };
    loop {
        // SAFETY: an iterator of ours; the answer is null or a counted reference for us.
        let item = unsafe {
            sys::__ao2_iterator_next(
                &mut iterator,
                ptr::null(),
                place.file.as_ptr(),
                place.line as i32,
                place.function.as_ptr(),
            )
        };
        if item.is_null() {
            break;
        }
        // SAFETY: a string, by the caller's word.
        strings.push(unsafe { text::copy(item.cast()) });
        // SAFETY: gives back our one reference.
        unsafe { sys::__ao2_cleanup(item) };
    }
    // SAFETY: made by us and destroyed once.
    unsafe { sys::ao2_iterator_destroy(&mut iterator) };
    strings
}

/// See [`Seen::is_internal`].
fn is_internal(channel: &sys::ast_channel_snapshot_base) -> bool {
    channel.tech_properties & sys::AST_CHAN_TP_INTERNAL as i32 != 0
}

/// What is known of a channel without a look at the channel itself.
#[derive(Debug)]
pub struct Seen {
    /// The channel's name, such as `PJSIP/trunk-00000001`.
    pub name: String,
    /// Whether it is a part of Asterisk and not of somebody's call: it announces to a
    /// conference, or records one.
    pub is_internal: bool,
}

/// The channel with this unique id; `None` if it is gone.
pub fn channel(uniqueid: &str) -> Option<Seen> {
    let uniqueid = c_string(uniqueid);
    // SAFETY: the string outlives the call; the answer is null or a counted reference
    // for us.
    let snapshot = unsafe { sys::ast_channel_snapshot_get_latest(uniqueid.as_ptr()) };
    // SAFETY: as above.
    let base = unsafe { snapshot.as_ref() }.map(|snapshot| snapshot.base);
    // SAFETY: null, or a part of the snapshot, which nobody changes.
    let base = base.and_then(|base| unsafe { base.as_ref() });
    let seen = base.map(|base| Seen {
        // SAFETY: a string of the snapshot.
        name: unsafe { text::copy(base.name) },
        is_internal: is_internal(base),
    });
    // SAFETY: gives back our one reference, or does nothing.
    unsafe { sys::__ao2_cleanup(snapshot.cast()) };
    seen
}
