//! Making a channel for an outgoing call.

use std::ffi::{c_int, CStr};
use std::fmt;
use std::ptr::{self, NonNull};

use super::borrowed::Locked;
use super::leg::Leg;
use crate::ast::text::c_string;
use crate::sys;

/// Which channel to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// The technology: `PJSIP`, `Local`, in any case.
    pub tech: &'a str,
    /// The technology's address, such as `5551234@trunk` or `100@default`.
    pub address: &'a str,
    /// The channel's unique id; must not be in use. Empty: Asterisk makes one.
    pub uniqueid: &'a str,
    /// The unique id of the second half of a Local channel. Without it
    /// Asterisk derives one from `uniqueid`.
    pub uniqueid2: Option<&'a str>,
    /// Codecs as in `allow=`, such as `alaw,ulaw`. `None` is all audio.
    pub codecs: Option<&'a str>,
}

/// Why there is no channel: a Q.850 hangup cause, or 66 for an unknown
/// technology and 3 for an address without a way to it. 0 when the technology
/// gave no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestError {
    pub cause: i32,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = super::cause2str(self.cause);
        write!(f, "no channel: {text} (cause {})", self.cause)
    }
}

impl std::error::Error for RequestError {}

/// Makes a channel for an outgoing call, without calling yet. May wait for the
/// technology's own threads.
///
/// # Errors
///
/// The technology's reason.
pub fn request(request: &Request<'_>) -> Result<Leg, RequestError> {
    make(request, ptr::null())
}

/// As [`request`], for a call that was forwarded: the new channel has the `Linkedid`
/// of the old one.
///
/// # Errors
///
/// The technology's reason.
pub fn request_forwarded(request: &Request<'_>, old: &Leg) -> Result<Leg, RequestError> {
    make(request, old.raw())
}

/// `requestor` is null, or a channel that stays alive meanwhile and is not locked.
fn make(request: &Request<'_>, requestor: *const sys::ast_channel) -> Result<Leg, RequestError> {
    let formats = Formats::new(request.codecs).ok_or(RequestError { cause: 0 })?;
    let tech = c_string(request.tech);
    let address = c_string(request.address);
    let uniqueid = c_string(request.uniqueid);
    let uniqueid2 = request.uniqueid2.map(c_string);
    let ids = sys::ast_assigned_ids {
        uniqueid: non_empty(&uniqueid),
        uniqueid2: uniqueid2.as_deref().map_or(ptr::null(), non_empty),
    };
    let mut cause: c_int = 0;
    // SAFETY: everything passed outlives the call; Asterisk copies the ids and
    // takes its own reference to the formats.
    let channel = unsafe {
        sys::ast_request(tech.as_ptr(), formats.0, &ids, requestor, address.as_ptr(), &mut cause)
    };
    let channel = NonNull::new(channel).ok_or(RequestError { cause })?;
    // SAFETY: `ast_request` gives its caller the channel, to hang up.
    let leg = unsafe { Leg::from_raw(channel, address) };
    present_as_outgoing(&leg.lock());
    Ok(leg)
}

/// Shows the channel as Asterisk's own originating code shows its channels.
fn present_as_outgoing(channel: &Locked<'_>) {
    let raw = channel.raw();
    // SAFETY: the channel is locked, here and below.
    unsafe { sys::ast_channel_stage_snapshot(raw) };
    // SAFETY: the channel keeps the pointers, which are constants of this
    // module. A hook keeps the module loaded as long as the channel lives;
    // without a hook, the code that owns the leg does.
    unsafe { sys::ast_channel_appl_set(raw, c"AppDial2".as_ptr()) };
    // SAFETY: as above.
    unsafe { sys::ast_channel_data_set(raw, c"(Outgoing Line)".as_ptr()) };
    // SAFETY: points into the channel.
    let when_to_hangup = unsafe { sys::ast_channel_whentohangup(raw) };
    // SAFETY: a time of two integers, for which zero is "never".
    unsafe { ptr::write_bytes(when_to_hangup, 0, 1) };
    // SAFETY: sets a flag of the locked channel.
    unsafe { sys::shim_channel_set_originated(raw) };
    // SAFETY: ends what the first call began.
    unsafe { sys::ast_channel_stage_snapshot_done(raw) };
}

fn non_empty(text: &CStr) -> *const std::ffi::c_char {
    if text.is_empty() {
        ptr::null()
    } else {
        text.as_ptr()
    }
}

/// A set of formats, with the one reference to it that is ours.
pub(super) struct Formats(pub(super) *mut sys::ast_format_cap);

impl Formats {
    /// `None` if there is no memory.
    pub(super) fn new(codecs: Option<&str>) -> Option<Self> {
        // SAFETY: makes a new object or returns null.
        let raw = unsafe { sys::shim_format_cap_alloc() };
        if raw.is_null() {
            return None;
        }
        let formats = Formats(raw);
        match codecs {
            Some(codecs) => {
                let codecs = c_string(codecs);
                // SAFETY: the set is ours; the string is copied. Names that
                // Asterisk does not know are logged and left out.
                unsafe {
                    sys::ast_format_cap_update_by_allow_disallow(raw, codecs.as_ptr(), 1);
                }
            }
            None => {
                // SAFETY: the set is ours.
                unsafe { sys::ast_format_cap_append_by_type(raw, sys::AST_MEDIA_TYPE_AUDIO) };
            }
        }
        Some(formats)
    }
}

impl Drop for Formats {
    fn drop(&mut self) {
        // SAFETY: gives back our one reference.
        unsafe { sys::shim_format_cap_unref(self.0) };
    }
}
