//! Loading, reloading and unloading. Asterisk calls the three functions that
//! the module's registration (`sys/shim.c`) names, one at a time.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ast::cli::Commands;
use crate::ast::manager::Actions;
use crate::ast::module::AtExit;
use crate::ast::{border, log, module};
use crate::host::inbox::NoReply;
use crate::host::runtime::Runtime;
use crate::host::{ami, cli, dialplan, settings};
use crate::sys;
use dialer::dialer::{Command, Reply};

/// Everything that lives from load to unload. The fields are dropped in their
/// order: first what lets others in, last what they use.
struct Running {
    _dialplan: dialplan::Registered,
    #[cfg(feature = "bench")]
    _floor: Commands,
    _commands: Commands,
    _actions: Actions,
    _at_exit: Option<AtExit>,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);
static RUNTIME: Mutex<Option<Arc<Runtime>>> = Mutex::new(None);

/// The running dialer, for whoever Asterisk sends to it.
pub fn runtime() -> Option<Arc<Runtime>> {
    RUNTIME.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

#[no_mangle]
extern "C" fn res_outbound_load() -> c_int {
    border::install_panic_hook();
    let declined = sys::AST_MODULE_LOAD_DECLINE;
    let result = border::guard(declined, || match load() {
        Ok(()) => sys::AST_MODULE_LOAD_SUCCESS,
        Err(why) => {
            log::error!("res_outbound is not loaded: {why}");
            declined
        }
    });
    if result != sys::AST_MODULE_LOAD_SUCCESS {
        border::guard((), end);
        border::remove_panic_hook();
    }
    result
}

#[no_mangle]
extern "C" fn res_outbound_reload() -> c_int {
    border::guard(-1, || match settings::read() {
        Ok(settings) => {
            if let Some(runtime) = runtime() {
                runtime.configure(&settings);
            }
            0
        }
        Err(why) => {
            log::error!("res_outbound goes on with its old configuration: {why}");
            -1
        }
    })
}

/// Asterisk asks before it unloads a module in use, unless it is forced to.
#[no_mangle]
extern "C" fn res_outbound_unload() -> c_int {
    let unloaded = border::guard(false, || {
        if module::is_shutting_down() {
            // Asterisk forgets the module whatever we answer.
            end_with_asterisk();
            return true;
        }
        if let Err(why) = may_unload() {
            log::warning!("res_outbound is not unloaded: {why}");
            return false;
        }
        end();
        true
    });
    if !unloaded {
        return -1;
    }
    border::remove_panic_hook();
    0
}

/// How long to wait before looking again whether handlers have returned.
const HANDLER_WAIT: Duration = Duration::from_millis(1);

fn load() -> Result<(), Box<dyn std::error::Error>> {
    let settings = settings::read()?;
    put(&RUNTIME, Some(Runtime::start(&settings)?));
    let running = Running {
        _at_exit: module::at_exit(end_with_asterisk),
        _actions: ami::register()?,
        #[cfg(feature = "bench")]
        _floor: crate::host::floor::register()?,
        _commands: cli::register()?,
        _dialplan: dialplan::register()?,
    };
    put(&RUNNING, Some(running));
    Ok(())
}

/// Whether no call needs the module. No dialing starts from here on; if the
/// answer is no, dialing goes on.
fn may_unload() -> Result<(), String> {
    let Some(runtime) = runtime() else { return Ok(()) };
    runtime.hold(true);
    let idle = is_idle(&runtime);
    if idle.is_err() {
        runtime.hold(false);
    }
    idle
}

fn is_idle(runtime: &Runtime) -> Result<(), String> {
    if let Some(fault) = runtime.state().fault {
        return Err(format!("the dialer waits: {fault}"));
    }
    // By the time of the reply, all that was decided before the hold is done.
    match runtime.ask(Command::ShowStatus) {
        Ok(Reply::Status(status)) if status.dialings > 0 => {
            return Err(format!("{} calls are up", status.dialings));
        }
        Ok(_) | Err(NoReply::Stopped) => {}
        Err(why) => return Err(ami::refusal(why).to_string()),
    }
    match module::uses() {
        0 => Ok(()),
        uses => Err(format!("{uses} channels are still in use")),
    }
}

/// Ends everything. Whoever is still in one of our handlers may hold the runtime:
/// they are waited for, so that the engine's threads end here and not after the
/// module is gone.
fn end() {
    drop(put(&RUNNING, None));
    let Some(runtime) = put(&RUNTIME, None) else { return };
    runtime.stop();
    while module::asterisk_uses() > 0 {
        std::thread::sleep(HANDLER_WAIT);
    }
}

/// Asterisk stops without unloading modules, and with calls up.
fn end_with_asterisk() {
    // Whoever is in one of our handlers hears that the dialer has stopped, and leaves.
    if let Some(runtime) = put(&RUNTIME, None) {
        runtime.stop_with_asterisk();
    }
    drop(put(&RUNNING, None));
}

/// Puts a value in its place and gives back what was there, with the lock released.
fn put<T>(place: &Mutex<Option<T>>, value: Option<T>) -> Option<T> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *place, value)
}
