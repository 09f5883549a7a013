//! This module as Asterisk sees it, and the Asterisk that it lives in.

use std::ffi::{c_char, c_int, CStr};
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicUsize, Ordering};

use super::{border, log, text};
use crate::sys;

/// This module's file, as the loader names it.
const FILE: &CStr = c"res_outbound.so";

static USES: AtomicUsize = AtomicUsize::new(0);
static FOUND_USES: AtomicI32 = AtomicI32::new(0);
static AT_EXIT: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Asterisk's handle of this module.
pub(super) fn self_module() -> *mut sys::ast_module {
    // SAFETY: reads a pointer that the loader set before it called us.
    unsafe { sys::__internal_res_outbound_self() }
}

/// One use of the module, counted as long as this lives. Only counted: the
/// reference itself is for others to take.
#[derive(Debug)]
pub(super) struct Use(());

impl Use {
    pub(super) fn count() -> Self {
        USES.fetch_add(1, Ordering::AcqRel);
        Use(())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        USES.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How many channels' hooks there are. Asterisk's own count
/// for the module may be higher: it also counts commands that are running.
pub fn uses() -> usize {
    USES.load(Ordering::Acquire)
}

/// Asterisk's own count of what uses this module: channels, and actions and
/// commands that are running.
pub fn asterisk_uses() -> i32 {
    FOUND_USES.store(0, Ordering::Release);
    // SAFETY: the callback only stores a number; the string outlives the call.
    unsafe { sys::ast_update_module_list(Some(note_uses), FILE.as_ptr()) };
    FOUND_USES.load(Ordering::Acquire)
}

extern "C" fn note_uses(
    file: *const c_char,
    _description: *const c_char,
    uses: c_int,
    _status: *const c_char,
    _like: *const c_char,
    _level: sys::ast_module_support_level,
) -> c_int {
    border::guard(0, || {
        // SAFETY: a string of the loader that lives for the call.
        if unsafe { CStr::from_ptr(file) } == FILE {
            FOUND_USES.store(uses, Ordering::Release);
        }
        1
    })
}

/// Asterisk calls the function given to [`at_exit`] when it stops; dropping
/// this takes that back.
#[must_use]
pub struct AtExit(());

/// Has `f` called when Asterisk stops without unloading modules (`core stop
/// now`, a signal). There is one such function: a second one replaces it.
///
/// # Errors
///
/// None, logged, if Asterisk has no memory for it.
pub fn at_exit(f: fn()) -> Option<AtExit> {
    AT_EXIT.store(f as *mut (), Ordering::Release);
    // SAFETY: the function stays until `AtExit` is dropped.
    if unsafe { sys::ast_register_atexit(Some(exit)) } != 0 {
        log::error!("No memory to register for the end of Asterisk");
        return None;
    }
    Some(AtExit(()))
}

extern "C" fn exit() {
    border::guard((), || {
        let f = AT_EXIT.swap(ptr::null_mut(), Ordering::AcqRel);
        if !f.is_null() {
            // SAFETY: only `at_exit` stores here, and it stores a `fn()`.
            let f = unsafe { std::mem::transmute::<*mut (), fn()>(f) };
            f();
        }
    });
}

impl Drop for AtExit {
    fn drop(&mut self) {
        // SAFETY: takes our function off the list; nothing if it is not there.
        unsafe { sys::ast_unregister_atexit(Some(exit)) };
        AT_EXIT.store(ptr::null_mut(), Ordering::Release);
    }
}

/// Whether Asterisk is ending: calls end because of that, and no new ones go out.
pub fn is_shutting_down() -> bool {
    // SAFETY: reads an integer of the core.
    unsafe { sys::ast_shutting_down() != 0 }
}

/// Whether Asterisk is up: until then its dialplan takes no call.
pub fn is_fully_booted() -> bool {
    // SAFETY: reads a flag of the core.
    unsafe { sys::shim_fully_booted() != 0 }
}

/// The version of Asterisk that runs, such as `22.10.1`.
pub fn asterisk_version() -> String {
    // SAFETY: a constant string of the core.
    unsafe { text::copy(sys::ast_get_version()) }
}

/// `systemname` of asterisk.conf; empty if not set.
pub fn system_name() -> String {
    // SAFETY: reads a pointer that is set before modules load.
    let name = unsafe { sys::ast_config_AST_SYSTEM_NAME };
    // SAFETY: a string of the core that stays as it is.
    unsafe { text::copy(name) }
}

/// `maxcalls` of asterisk.conf; `None` if there is no such limit.
pub fn max_calls() -> Option<u32> {
    // SAFETY: reads an integer of the core, which `core set` may change: one
    // aligned load.
    let limit = unsafe { ptr::addr_of!(sys::ast_option_maxcalls).read_volatile() };
    u32::try_from(limit).ok().filter(|limit| *limit > 0)
}

/// `maxload` of asterisk.conf; `None` if there is no such limit.
pub fn max_load() -> Option<f64> {
    // SAFETY: reads a number of the core that is set before modules load: one aligned
    // load.
    let limit = unsafe { ptr::addr_of!(sys::ast_option_maxload).read_volatile() };
    (limit > 0.0).then_some(limit)
}

/// The system's load average over one minute.
pub fn load_average() -> Option<f64> {
    let mut load = [0.0_f64];
    // SAFETY: fills at most the one number.
    let filled = unsafe { libc::getloadavg(load.as_mut_ptr(), 1) };
    (filled == 1).then_some(load[0])
}

/// The calls that Asterisk counts against `maxcalls`: those that run the dialplan.
pub fn active_calls() -> usize {
    // SAFETY: reads a number of the core under its lock.
    usize::try_from(unsafe { sys::ast_active_calls() }).unwrap_or(0)
}

/// How many file descriptors this process has open.
pub fn open_files() -> Option<u64> {
    const OPEN: &str = "/proc/self/fd";
    // From Linux 6.2 on the folder's size is their number; before, it is 0.
    match std::fs::metadata(OPEN).ok()?.len() {
        0 => Some(std::fs::read_dir(OPEN).ok()?.count() as u64),
        count => Some(count),
    }
}

/// How many file descriptors this process may have open (the soft limit);
/// `None` if there is no limit.
pub fn max_open_files() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the structure.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    (result == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// Directories of asterisk.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    pub config: PathBuf,
    pub data: PathBuf,
    pub log: PathBuf,
    pub spool: PathBuf,
    pub var: PathBuf,
}

/// Where this Asterisk keeps its files.
pub fn directories() -> Directories {
    // SAFETY: reads pointers that are set before modules load.
    let raw = unsafe {
        [
            sys::ast_config_AST_CONFIG_DIR,
            sys::ast_config_AST_DATA_DIR,
            sys::ast_config_AST_LOG_DIR,
            sys::ast_config_AST_SPOOL_DIR,
            sys::ast_config_AST_VAR_DIR,
        ]
    };
    let [config, data, log, spool, var] = raw.map(path);
    Directories { config, data, log, spool, var }
}

fn path(raw: *const c_char) -> PathBuf {
    // SAFETY: a directory name of the core, which stays as it is.
    PathBuf::from(unsafe { text::copy(raw) })
}
