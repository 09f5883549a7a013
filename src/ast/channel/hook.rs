//! Hearing of a channel's end, whoever owns the channel by then.
//!
//! A hook is a datastore on the channel. Asterisk destroys it in the channel's
//! destructor, after the hangup, on whichever thread drops the last reference.
//! It follows the call when Asterisk moves a call from one channel structure to
//! another (a masquerade: call pickup, some transfers, AMI Redirect).

use std::any::Any;
use std::ffi::{c_void, CStr, CString};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::Arc;

use super::borrowed::{AllChannels, Borrowed, Locked};
use crate::ast::{border, log, module, text};
use crate::sys;

/// What the owner of a call wants to hear of its channel.
///
/// Both are called with channels locked: they have to be quick, must not wait,
/// and must not call anything of `ast` that takes a channel. To note it and
/// wake another thread is right. They are called on whichever thread does it,
/// often in the midst of the owner's own hangup: the owner must not then hold
/// a lock that its hook takes.
pub trait Hook: Any + Send + Sync {
    /// The channel that this hook was put on is finally gone. Called once for each.
    fn gone(&self, hook: HookId, end: EndOfCall);

    /// The call was moved between channel structures.
    fn moved(&self, hook: HookId, how: Moved);
}

/// How a call was moved, seen from its [`super::Leg`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Another call was moved into the leg's channel, which goes on with that
    /// call's far end, unique id and alert descriptor.
    Into,
    /// The call was moved to another channel, and the hook with it. The leg's
    /// own channel is left without a far end, often without an alert
    /// descriptor, and has to be hung up by its owner, which does not end the
    /// call: [`Hook::gone`] tells when that is over.
    Away,
}

/// What is known of a call when its channel is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndOfCall {
    /// The channel's name and unique id at its end.
    pub name: String,
    pub uniqueid: String,
    /// Whether it was answered at its end.
    pub was_up: bool,
    /// Q.850; 0 if nobody set one.
    pub hangup_cause: i32,
    /// Asterisk's words for `hangup_cause`.
    pub cause_text: String,
    /// The technology's own cause, such as a SIP status code. `None` if there
    /// is none, or this version of Asterisk does not keep it.
    pub tech_cause: Option<i32>,
    /// The values of the channel variables that were asked for when the hook
    /// was attached, in that order; `None` for those that were not set.
    pub variables: Vec<Option<String>>,
}

/// Tells hooks apart. Never used twice while the module is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HookId(u64);

impl HookId {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        HookId(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn uid(self) -> CString {
        text::c_string(&self.0.to_string())
    }
}

/// The datastore's data.
struct Attached {
    id: HookId,
    hook: Arc<dyn Hook>,
    variables: Vec<CString>,
    /// The channel that the datastore is on. Changed with that channel locked.
    channel: AtomicPtr<sys::ast_channel>,
    // Last, so that a use is counted until everything else is dropped.
    _use: module::Use,
}

/// A constant that C may read from any thread.
struct Kind(sys::ast_datastore_info);

// SAFETY: it is never changed, and holds functions and a constant string.
unsafe impl Sync for Kind {}

static KIND: Kind = Kind(sys::ast_datastore_info {
    type_: c"res_outbound".as_ptr(),
    duplicate: None,
    destroy: Some(destroyed),
    chan_fixup: Some(moved_away),
    chan_breakdown: Some(moved_into),
});

/// Puts a hook on a channel. `None`, logged, if there is no memory. The
/// datastore refers to the module, so the module stays loaded as long.
pub(super) fn attach(
    channel: &Locked<'_>,
    hook: Arc<dyn Hook>,
    variables: &[&str],
) -> Option<HookId> {
    let id = HookId::next();
    let uid = id.uid();
    let place = log::place!();
    // SAFETY: the kind is a static of this module, to which the datastore
    // takes a reference; the id is copied.
    let datastore = unsafe {
        sys::__ast_datastore_alloc(
            &KIND.0,
            uid.as_ptr(),
            module::self_module(),
            place.file.as_ptr(),
            place.line as i32,
            place.function.as_ptr(),
        )
    };
    // SAFETY: null, or a new datastore that is ours alone.
    let Some(fresh) = (unsafe { datastore.as_mut() }) else {
        log::error!("No memory to follow a channel");
        return None;
    };
    let attached = Box::new(Attached {
        id,
        hook,
        variables: variables.iter().map(|name| text::c_string(name)).collect(),
        channel: AtomicPtr::new(channel.raw()),
        _use: module::Use::count(),
    });
    fresh.data = Box::into_raw(attached).cast();
    // SAFETY: the channel is locked and takes the datastore over.
    unsafe { sys::ast_channel_datastore_add(channel.raw(), datastore) };
    Some(id)
}

extern "C" fn destroyed(data: *mut c_void) {
    border::guard((), || {
        // SAFETY: the box of `attach`; Asterisk destroys a datastore once.
        let attached = unsafe { Box::from_raw(data.cast::<Attached>()) };
        let channel = attached.channel.load(Ordering::Acquire);
        // SAFETY: `channel` is the one whose destructor is running, on this
        // thread, with the lock held: see below.
        let end = unsafe { end_of_call(channel, &attached.variables) };
        attached.hook.gone(attached.id, end);
    });
}

/// # Safety
///
/// `channel` is in its destructor, which has locked it and destroys the
/// datastores first: names, causes and variables are still there, technology
/// data is not. Its last reference is gone, so none may be taken.
unsafe fn end_of_call(channel: *mut sys::ast_channel, wanted: &[CString]) -> EndOfCall {
    // SAFETY: by the caller's word, here and below.
    let hangup_cause = unsafe { sys::ast_channel_hangupcause(channel) };
    // SAFETY: as above.
    let was_up = unsafe { sys::ast_channel_state(channel) } == sys::AST_STATE_UP;
    #[cfg(has_tech_hangupcause)]
    // SAFETY: as above.
    let tech_cause = Some(unsafe { sys::ast_channel_tech_hangupcause(channel) });
    #[cfg(not(has_tech_hangupcause))]
    let tech_cause = None;
    EndOfCall {
        // SAFETY: a string of the channel.
        name: unsafe { text::copy(sys::ast_channel_name(channel)) },
        // SAFETY: as above.
        uniqueid: unsafe { text::copy(sys::ast_channel_uniqueid(channel)) },
        was_up,
        hangup_cause,
        cause_text: super::cause2str(hangup_cause),
        tech_cause: tech_cause.filter(|cause| *cause != 0),
        variables: wanted
            .iter()
            // SAFETY: as above.
            .map(|name| unsafe { variable(channel, name) })
            .collect(),
    }
}

/// A variable of the channel itself. Asterisk's own lookup would also find
/// global variables, and functions.
///
/// # Safety
///
/// The channel is alive or in its destructor, and locked.
pub(super) unsafe fn variable(channel: *mut sys::ast_channel, wanted: &CStr) -> Option<String> {
    // SAFETY: by the caller's word.
    let list = unsafe { sys::ast_channel_varshead(channel) };
    // SAFETY: the list's head is part of the channel.
    let mut next = unsafe { (*list).first };
    while !next.is_null() {
        // SAFETY: a variable of the list; the answer skips the underscores
        // that mark inheritance.
        let name = unsafe { CStr::from_ptr(sys::ast_var_name(next)) };
        if name == wanted {
            // SAFETY: a string of the variable.
            return Some(unsafe { text::copy(sys::ast_var_value(next)) });
        }
        // SAFETY: the list does not change while the channel is locked.
        next = unsafe { (*next).entries.next };
    }
    None
}

/// Asterisk is moving the contents of `from`, with the datastore, to `to`.
extern "C" fn moved_away(
    data: *mut c_void,
    _from: *mut sys::ast_channel,
    to: *mut sys::ast_channel,
) {
    moved(data, to, Moved::Away);
}

/// Asterisk is moving the contents of `_from` into `to`, which the datastore
/// is on and stays on.
extern "C" fn moved_into(
    data: *mut c_void,
    _from: *mut sys::ast_channel,
    to: *mut sys::ast_channel,
) {
    moved(data, to, Moved::Into);
}

fn moved(data: *mut c_void, channel: *mut sys::ast_channel, how: Moved) {
    border::guard((), || {
        // SAFETY: the box of `attach`; both channels are locked, so nobody
        // destroys the datastore meanwhile.
        let attached = unsafe { &*data.cast::<Attached>() };
        attached.channel.store(channel, Ordering::Release);
        attached.hook.moved(attached.id, how);
    });
}

/// The hook on a channel, if one is.
pub(super) fn find(channel: &Locked<'_>) -> Option<Arc<dyn Hook>> {
    // SAFETY: the channel is locked; the kind outlives the call.
    let datastore =
        unsafe { sys::ast_channel_datastore_find(channel.raw(), &KIND.0, std::ptr::null()) };
    // SAFETY: null, or a datastore that stays while the channel is locked.
    let datastore = unsafe { datastore.as_ref() }?;
    // SAFETY: the box of `attach`, which lives as long as the datastore.
    let attached = unsafe { &*datastore.data.cast::<Attached>() };
    Some(attached.hook.clone())
}

/// Whether the channel that the hook is on is answered; true if there is none any
/// more.
pub fn is_up(name: &str, hook: HookId) -> bool {
    let mut up = true;
    on_hooked(name, hook, |channel| {
        // SAFETY: reads a number of the locked channel.
        up = unsafe { sys::ast_channel_state(channel.raw()) } == sys::AST_STATE_UP;
    });
    up
}

/// Asks whoever runs a channel to hang it up, with a Q.850 `cause`. For a
/// channel that the PBX owns: a [`super::Leg`] is hung up by its owner.
///
/// `name` is where to look first, at once; if the hook is no longer there, all
/// channels are searched. False if no channel has the hook: the call is over.
pub fn soft_hangup(name: &str, hook: HookId, cause: i32) -> bool {
    on_hooked(name, hook, |channel| {
        // SAFETY: the channel is locked.
        unsafe { sys::ast_channel_hangupcause_set(channel.raw(), cause) };
        // SAFETY: takes the same, recursive lock; does not wait for the hangup.
        unsafe { sys::ast_softhangup(channel.raw(), sys::AST_SOFTHANGUP_EXPLICIT as i32) };
    })
}

/// Why a channel seems to be hung up that only is to come back to its owner. Of the
/// reasons that Asterisk knows, ASYNCGOTO would have a PBX go on instead; this one is
/// otherwise given when a channel's driver is unloaded.
pub(super) const BREAK_OFF: i32 = sys::AST_SOFTHANGUP_APPUNLOAD as i32;

/// Has whatever the dialplan runs on a channel end, so that it comes back to the owner of
/// its [`super::Leg`], who goes on with [`super::Leg::resume`]. Only if the channel is in
/// no bridge and `may` says so, which is asked with the channel locked: whoever joins it
/// with another one right then has it leave that bridge at once.
///
/// Finds the channel as [`soft_hangup`].
pub fn break_off(name: &str, hook: HookId, may: impl Fn() -> bool) {
    on_hooked(name, hook, |channel| {
        // SAFETY: the channel is locked.
        let is_bridged = unsafe { sys::ast_channel_is_bridged(channel.raw()) } != 0;
        if !is_bridged && may() {
            // SAFETY: the channel is locked; does not wait.
            unsafe { sys::ast_softhangup_nolock(channel.raw(), BREAK_OFF) };
        }
    });
}

/// The value of a variable of the channel that has the hook. Finds it as [`soft_hangup`].
pub fn variable_of(name: &str, hook: HookId, variable_name: &str) -> Option<String> {
    let wanted = text::c_string(variable_name);
    let mut value = None;
    on_hooked(name, hook, |channel| {
        // SAFETY: the channel is locked.
        value = unsafe { variable(channel.raw(), &wanted) };
    });
    value
}

/// Does something with the channel that has the hook, locked; false if none has.
fn on_hooked(name: &str, hook: HookId, mut act: impl FnMut(&Locked<'_>)) -> bool {
    let uid = hook.uid();
    let mut act_if_hooked = |channel: &Borrowed| {
        let channel = channel.lock();
        // SAFETY: the channel is locked; kind and id outlive the call.
        let found =
            unsafe { sys::ast_channel_datastore_find(channel.raw(), &KIND.0, uid.as_ptr()) };
        if !found.is_null() {
            act(&channel);
        }
        !found.is_null()
    };
    if let Some(channel) = Borrowed::by_name(name) {
        if act_if_hooked(&channel) {
            return true;
        }
    }
    AllChannels::new().any(|channel| act_if_hooked(&channel))
}
