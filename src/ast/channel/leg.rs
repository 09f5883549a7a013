//! A channel that is ours alone.

use std::ffi::{c_int, CStr, CString};
use std::fmt;
use std::os::fd::RawFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::borrowed::Locked;
use super::hook::{self, Hook, HookId};
use crate::ast::text::{self, c_string};
use crate::ast::{dialplan, log};
use crate::sys;

/// A channel that this module owns, and hangs up when it drops it.
///
/// One thread at a time works on it; it may pass from thread to thread.
#[must_use]
pub struct Leg {
    channel: NonNull<sys::ast_channel>,
    address: CString,
}

// SAFETY: Asterisk's channels belong to no thread, and calls on them lock them.
unsafe impl Send for Leg {}

/// What [`Leg::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Control(ControlFrame),
    /// Anything else: media, a null frame.
    Other,
    /// The call has ended, or was refused, for this Q.850 cause (0 if the
    /// technology gave none). The leg still has to be hung up.
    Hangup {
        cause: i32,
    },
}

/// The subclass of a control frame: one of the constants, or a number that
/// only Asterisk knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ControlFrame(pub i32);

impl ControlFrame {
    pub const HANGUP: Self = Self(sys::AST_CONTROL_HANGUP as i32);
    pub const RINGING: Self = Self(sys::AST_CONTROL_RINGING as i32);
    pub const ANSWER: Self = Self(sys::AST_CONTROL_ANSWER as i32);
    pub const BUSY: Self = Self(sys::AST_CONTROL_BUSY as i32);
    pub const CONGESTION: Self = Self(sys::AST_CONTROL_CONGESTION as i32);
    pub const PROGRESS: Self = Self(sys::AST_CONTROL_PROGRESS as i32);
    pub const PROCEEDING: Self = Self(sys::AST_CONTROL_PROCEEDING as i32);
    pub const INCOMPLETE: Self = Self(sys::AST_CONTROL_INCOMPLETE as i32);
}

/// Why the PBX did not take a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PbxError {
    /// Asterisk is not fully booted, or has no memory.
    Failed,
    /// A limit of asterisk.conf is reached: calls, load, or memory.
    CallLimit,
    /// There is no such application.
    NoApplication,
}

impl fmt::Display for PbxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PbxError::Failed => "the PBX cannot be started",
            PbxError::CallLimit => "a call limit of asterisk.conf is reached",
            PbxError::NoApplication => "there is no such application",
        })
    }
}

impl std::error::Error for PbxError {}

/// Frames that may be waiting at most: five seconds of 20 ms fill the default
/// receive buffer of a socket.
const DRAIN_FRAMES: usize = 1_000;

impl Leg {
    /// # Safety
    ///
    /// The channel is the caller's to hang up, and becomes the leg's.
    pub(super) unsafe fn from_raw(channel: NonNull<sys::ast_channel>, address: CString) -> Self {
        Leg { channel, address }
    }

    pub(super) fn raw(&self) -> *mut sys::ast_channel {
        self.channel.as_ptr()
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        // SAFETY: a channel lives until it is hung up, which takes the leg.
        unsafe { Locked::new(self.channel) }
    }

    /// The channel's name, such as `PJSIP/trunk-00000001`.
    pub fn name(&self) -> String {
        let channel = self.lock();
        // SAFETY: the string does not change while the channel is locked.
        unsafe { text::copy(sys::ast_channel_name(channel.raw())) }
    }

    /// The descriptor that is readable when [`Leg::read`] has something. It
    /// belongs to the channel, and is another one after [`super::Moved`].
    /// `None` if the channel has none, because the call was moved away.
    pub fn alert_fd(&self) -> Option<RawFd> {
        let channel = self.lock();
        // SAFETY: reads a number of the locked channel.
        let fd = unsafe { sys::ast_channel_internal_alert_readfd(channel.raw()) };
        (fd >= 0).then_some(fd)
    }

    /// Sets channel variables, and writes dialplan functions for names such as
    /// `CALLERID(num)`. `__NAME` is inherited by the channels of the call.
    pub fn set_variables<N: AsRef<str>, V: AsRef<str>>(&self, variables: &[(N, V)]) {
        self.staged(|raw| {
            for (name, value) in variables {
                let (name, value) = (c_string(name.as_ref()), c_string(value.as_ref()));
                // SAFETY: the strings are copied. The channel is not locked,
                // because a function may wait for the technology's threads.
                unsafe { sys::pbx_builtin_setvar_helper(raw, name.as_ptr(), value.as_ptr()) };
            }
        });
    }

    /// Holds snapshots of the channel back, so that many changes publish one.
    fn staged(&self, change: impl FnOnce(*mut sys::ast_channel)) {
        {
            let channel = self.lock();
            // SAFETY: the channel is locked.
            unsafe { sys::ast_channel_stage_snapshot(channel.raw()) };
        }
        change(self.raw());
        let channel = self.lock();
        // SAFETY: the channel is locked, and was staged above.
        unsafe { sys::ast_channel_stage_snapshot_done(channel.raw()) };
    }

    /// Has `hook` hear of the call's end, with the values of `variables` then.
    /// `None`, logged, if there is no memory: the call cannot be followed and
    /// should not be made.
    pub fn attach(&self, hook: Arc<dyn Hook>, variables: &[&str]) -> Option<HookId> {
        hook::attach(&self.lock(), hook, variables)
    }

    /// Calls the address that the leg was requested for. May wait for the
    /// technology's own threads, not for an answer. `timeout_ms` is for
    /// technologies that have a timer of their own; most ignore it.
    ///
    /// # Errors
    ///
    /// The hangup cause, 0 if there is none. The leg still has to be hung up.
    pub fn call(&self, timeout_ms: u32) -> Result<(), i32> {
        let timeout_ms = c_int::try_from(timeout_ms).unwrap_or(c_int::MAX);
        // SAFETY: the channel is ours and not locked; the string outlives the
        // call.
        let result = unsafe { sys::ast_call(self.raw(), self.address.as_ptr(), timeout_ms) };
        if result != 0 {
            return Err(self.hangup_cause());
        }
        self.publish_dial(None);
        Ok(())
    }

    /// Publishes how far dialing is: `RINGING` and the like for AMI's
    /// DialState, `ANSWER`, `BUSY`, `NOANSWER` and the like for DialEnd.
    pub fn publish_dial_status(&self, status: &str) {
        self.publish_dial(Some(&c_string(status)));
    }

    fn publish_dial(&self, status: Option<&CStr>) {
        // SAFETY: there is no calling channel; the strings outlive the call,
        // which takes the channel's lock.
        unsafe {
            sys::ast_channel_publish_dial(
                ptr::null_mut(),
                self.raw(),
                self.address.as_ptr(),
                status.map_or(ptr::null(), CStr::as_ptr),
            );
        }
    }

    /// Reads one frame. To be called once for each time that the alert
    /// descriptor is found readable: each frame makes it readable once.
    pub fn read(&self) -> Read {
        {
            let channel = self.lock();
            // SAFETY: the channel is locked.
            unsafe { sys::ast_channel_fdno_set(channel.raw(), sys::AST_ALERT_FD as c_int) };
        }
        // SAFETY: the channel is ours; no other thread reads it.
        let frame = unsafe { sys::ast_read(self.raw()) };
        // SAFETY: null, or a frame that is ours until it is freed below.
        let read = match unsafe { frame.as_ref() } {
            None => return Read::Hangup { cause: self.hangup_cause() },
            Some(frame) if frame.frametype == sys::AST_FRAME_CONTROL => {
                Read::Control(ControlFrame(frame.subclass.integer))
            }
            Some(_) => Read::Other,
        };
        // SAFETY: freed once; Asterisk knows which frames are not to be freed.
        unsafe { sys::ast_frame_free(frame, 1) };
        read
    }

    /// Throws away what has come but was not read, such as the media of a call
    /// before its answer: whoever gets the call is to hear what comes from now on.
    pub fn drain(&self) {
        for _ in 0..DRAIN_FRAMES {
            let mut channel = self.raw();
            let mut wait_ms: c_int = 0;
            // SAFETY: an array of one channel, which is ours and not locked; no wait.
            let readable = unsafe { sys::ast_waitfor_n(&mut channel, 1, &mut wait_ms) };
            if readable.is_null() {
                return;
            }
            // SAFETY: the channel is ours; no other thread reads it.
            let frame = unsafe { sys::ast_read(self.raw()) };
            if frame.is_null() {
                return;
            }
            // SAFETY: freed once; Asterisk knows which frames are not to be freed.
            unsafe { sys::ast_frame_free(frame, 1) };
        }
    }

    /// Where the called party sends the call instead, as `tech/address` or an
    /// extension, of [`Leg::forward_context`].
    pub fn call_forward(&self) -> Option<String> {
        let channel = self.lock();
        // SAFETY: the string does not change while the channel is locked.
        let forward = unsafe { text::copy(sys::ast_channel_call_forward(channel.raw())) };
        (!forward.is_empty()).then_some(forward)
    }

    /// The context of extensions that the called party sends the call to: what the
    /// variable `FORWARD_CONTEXT` says, else the channel's own.
    pub fn forward_context(&self) -> String {
        let channel = self.lock();
        let name = c"FORWARD_CONTEXT";
        // SAFETY: the answer stays while the channel is locked.
        let wanted = unsafe { sys::pbx_builtin_getvar_helper(channel.raw(), name.as_ptr()) };
        // SAFETY: null, or a string of the locked channel.
        let wanted = unsafe { text::copy(wanted) };
        if !wanted.is_empty() {
            return wanted;
        }
        // SAFETY: a string of the locked channel.
        unsafe { text::copy(sys::ast_channel_context(channel.raw())) }
    }

    /// Publishes that this call was forwarded, and goes on as `next`.
    pub fn publish_forward(&self, next: &Leg, forward: &str) {
        let forward = c_string(forward);
        // SAFETY: there is no calling channel; the strings outlive the call,
        // which takes the channels' locks.
        unsafe {
            sys::ast_channel_publish_dial_forward(
                ptr::null_mut(),
                self.raw(),
                next.raw(),
                ptr::null(),
                c"CANCEL".as_ptr(),
                forward.as_ptr(),
            );
        }
    }

    /// The Q.850 hangup cause; 0 if there is none yet.
    pub fn hangup_cause(&self) -> i32 {
        let channel = self.lock();
        // SAFETY: reads a number of the locked channel.
        unsafe { sys::ast_channel_hangupcause(channel.raw()) }
    }

    /// Hangs the call up. The same as dropping the leg, said aloud.
    pub fn hangup(self) {}

    /// Runs the dialplan on this thread, from an extension on, until the call
    /// has ended. `priority` counts from 1.
    ///
    /// # Errors
    ///
    /// The PBX did not take the call, which is given back.
    pub fn run_pbx(
        self,
        context: &str,
        exten: &str,
        priority: u32,
    ) -> Result<(), (PbxError, Self)> {
        self.set_location(context, exten, priority);
        let _call_id = CallId::of(&self);
        // SAFETY: the channel is ours and not locked. If the PBX takes it, it
        // hangs it up.
        match pbx_error(unsafe { sys::ast_pbx_run(self.raw()) }) {
            None => {
                self.forget();
                Ok(())
            }
            Some(error) => Err((error, self)),
        }
    }

    /// As [`Leg::run_pbx`], but comes back when the dialplan is done with the call, which
    /// may still be up ([`Leg::is_up`]). The extension `h` is left to
    /// [`Leg::run_hangup_extension`].
    ///
    /// # Errors
    ///
    /// The PBX did not take the call.
    pub fn lend_to_pbx(&self, context: &str, exten: &str, priority: u32) -> Result<(), PbxError> {
        self.set_location(context, exten, priority);
        let _call_id = CallId::of(self);
        // SAFETY: a C structure of bits, for which zero is valid.
        let mut args = unsafe { std::mem::zeroed::<sys::ast_pbx_args>() };
        // SAFETY: either half of the union is integers.
        unsafe { args.__bindgen_anon_1.__bindgen_anon_1.set_no_hangup_chan(1) };
        // SAFETY: the channel is ours and not locked, and the PBX leaves it to us.
        pbx_error(unsafe { sys::ast_pbx_run_args(self.raw(), &mut args) }).map_or(Ok(()), Err)
    }

    /// Where the dialplan is to begin.
    fn set_location(&self, context: &str, exten: &str, priority: u32) {
        let (context, exten) = (c_string(context), c_string(exten));
        let channel = self.lock();
        let raw = channel.raw();
        // SAFETY: the channel is locked and copies the string.
        unsafe { sys::ast_channel_context_set(raw, context.as_ptr()) };
        // SAFETY: as above.
        unsafe { sys::ast_channel_exten_set(raw, exten.as_ptr()) };
        let priority = c_int::try_from(priority).unwrap_or(c_int::MAX);
        // SAFETY: the channel is locked.
        unsafe { sys::ast_channel_priority_set(raw, priority) };
    }

    /// Runs the extension `h` of the context where the dialplan was last, if it has one.
    /// The call counts as hung up from here on.
    pub fn run_hangup_extension(&self) {
        let context = {
            let channel = self.lock();
            // SAFETY: a string of the locked channel.
            unsafe { text::copy(sys::ast_channel_context(channel.raw())) }
        };
        if dialplan::exten_exists(&context, "h", 1) {
            let _call_id = CallId::of(self);
            let context = c_string(&context);
            // SAFETY: the channel is ours and not locked; the string is copied.
            unsafe { sys::ast_pbx_h_exten_run(self.raw(), context.as_ptr()) };
        }
    }

    /// Runs one application on this thread, then hangs the call up.
    ///
    /// # Errors
    ///
    /// There is no such application; the call is given back.
    pub fn run_application(self, application: &str, data: &str) -> Result<(), (PbxError, Self)> {
        match self.lend_to_application(application, data) {
            Ok(()) => Ok(()),
            Err(error) => Err((error, self)),
        }
    }

    /// Runs one application on this thread.
    ///
    /// # Errors
    ///
    /// There is no such application.
    pub fn lend_to_application(&self, application: &str, data: &str) -> Result<(), PbxError> {
        let name = c_string(application);
        // SAFETY: the string outlives the call.
        let found = unsafe { sys::pbx_findapp(name.as_ptr()) };
        if found.is_null() {
            return Err(PbxError::NoApplication);
        }
        let data = c_string(data);
        log::verbose!(4, "Launching {application} on {}", self.name());
        let _call_id = CallId::of(self);
        // SAFETY: the channel is ours and not locked. Asterisk has no way to
        // hold an application against its module's unloading between the two
        // calls; its own originating code does the same.
        unsafe { sys::pbx_exec(self.raw(), found, data.as_ptr()) };
        Ok(())
    }

    /// Whether nobody has hung up.
    pub fn is_up(&self) -> bool {
        // SAFETY: the channel is ours; takes its lock.
        unsafe { sys::ast_check_hangup_locked(self.raw()) == 0 }
    }

    /// Undoes what [`super::break_off`] has done to come here.
    pub fn resume(&self) {
        // SAFETY: the channel is ours; takes its lock.
        unsafe { sys::ast_channel_clear_softhangup(self.raw(), hook::BREAK_OFF) };
    }

    /// The value of a variable of the channel.
    pub fn variable(&self, name: &str) -> Option<String> {
        let (channel, name) = (self.lock(), c_string(name));
        // SAFETY: the channel is locked.
        unsafe { hook::variable(channel.raw(), &name) }
    }

    /// Gives the channel up without hanging it up.
    fn forget(self) {
        let mut leg = std::mem::ManuallyDrop::new(self);
        drop(std::mem::take(&mut leg.address));
    }
}

/// Why the PBX did not take a call; `None` if it did.
fn pbx_error(result: sys::ast_pbx_result) -> Option<PbxError> {
    match result {
        sys::AST_PBX_SUCCESS => None,
        sys::AST_PBX_CALL_LIMIT => Some(PbxError::CallLimit),
        _ => Some(PbxError::Failed),
    }
}

/// While this lives, log lines of the calling thread carry the channel's call
/// id. A thread that the PBX has run on would otherwise keep the id of its
/// first call, and pass it on to the channels that it makes.
struct CallId {
    before: sys::ast_callid,
}

impl CallId {
    fn of(leg: &Leg) -> Self {
        let id = {
            let channel = leg.lock();
            // SAFETY: reads a number of the locked channel.
            unsafe { sys::ast_channel_callid(channel.raw()) }
        };
        // SAFETY: reads the calling thread's number.
        let before = unsafe { sys::ast_read_threadstorage_callid() };
        // SAFETY: sets the calling thread's number.
        unsafe { sys::ast_callid_threadassoc_change(id) };
        CallId { before }
    }
}

impl Drop for CallId {
    fn drop(&mut self) {
        // SAFETY: sets the calling thread's number.
        unsafe { sys::ast_callid_threadassoc_change(self.before) };
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        // SAFETY: the channel is ours, not locked by us, and not used again.
        unsafe { sys::ast_hangup(self.raw()) };
    }
}
