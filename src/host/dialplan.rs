//! The dialplan: application `OutDlCreate` and function `OUTBOUND`.

use std::any::Any;
use std::ffi::CStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

use dialer::dialer::{Command, Refusal, Reply};
use dialer::surface::dialplan::{self, Setting};
use dialer::surface::help;

use super::ami::ask;
use super::engine::Call;
use super::wall_clock;
use crate::ast::app::{self, Application, RegisterError};
use crate::ast::channel::Current;
use crate::ast::function::{self, Function};
use crate::ast::log;

/// What the dialplan can use until this is dropped.
#[must_use]
pub struct Registered {
    _application: app::Registered,
    _function: function::Registered,
}

/// Registers the application and the function.
pub fn register() -> Result<Registered, RegisterError> {
    let application = app::Help {
        synopsis: help::APPLICATION_SYNOPSIS.to_owned(),
        description: help::application_text(),
    };
    let function = function::Help {
        synopsis: help::FUNCTION_SYNOPSIS.to_owned(),
        syntax: help::function_syntax(),
        arguments: help::function_arguments(),
        description: help::function_text(),
    };
    Ok(Registered {
        _application: app::register::<OutDlCreate>(&application)?,
        _function: function::register::<Outbound>(&function)?,
    })
}

/// Puts a target into a dial list.
struct OutDlCreate;

impl Application for OutDlCreate {
    const NAME: &'static CStr = c"OutDlCreate";

    fn run(channel: &Current<'_>, arguments: &[u8]) {
        let reply = match dialplan::create_target(arguments) {
            Ok(command) => ask(command),
            Err(refusal) => Reply::Refused(refusal),
        };
        if let Reply::Refused(why) = &reply {
            log::warning!("OutDlCreate on {}: {why}", channel.name());
        }
        tell(channel, reply);
    }
}

/// Shows what a call belongs to, and sets what became of it.
struct Outbound;

impl Function for Outbound {
    const NAME: &'static CStr = c"OUTBOUND";

    fn read(channel: Option<&Current<'_>>, argument: &[u8]) -> Option<String> {
        let field = String::from_utf8_lossy(argument);
        let call = match call_of(channel) {
            Ok(call) => call,
            Err(why) => {
                warn_now_and_then(channel, &field, &why);
                return Some(String::new());
            }
        };
        let (outcome, redirect) = (call.outcome(), call.redirect());
        let shown = dialplan::Call { dialing: &call.dialing, outcome, redirect };
        match dialplan::read_field(&field, &shown) {
            Ok(value) => Some(value),
            Err(why) => {
                warn(channel, &field, &why);
                None
            }
        }
    }

    fn write(channel: Option<&Current<'_>>, argument: &[u8], value: &[u8]) -> bool {
        let field = String::from_utf8_lossy(argument);
        let reply = set(channel, &field, value).unwrap_or_else(Reply::Refused);
        if let Reply::Refused(why) = &reply {
            warn(channel, &field, why);
        }
        let is_done = !matches!(reply, Reply::Refused(_));
        if let Some(channel) = channel {
            tell(channel, reply);
        }
        is_done
    }
}

fn set(channel: Option<&Current<'_>>, field: &str, value: &[u8]) -> Result<Reply, Refusal> {
    let call = call_of(channel)?;
    let context = channel.map(Current::context).unwrap_or_default();
    let may_redirect = call.dialing.copy.may_redirect;
    let place = dialplan::Place { may_redirect, context: &context };
    match dialplan::write_field(field, value, &place)? {
        Setting::Outcome(patch) => Ok(ask(Command::SetOutcome(call.id(), patch))),
        Setting::Redirect(route) => {
            call.set_redirect(route);
            Ok(Reply::Updated)
        }
    }
}

/// The call of ours that is on a channel, wherever it was moved.
fn call_of(channel: Option<&Current<'_>>) -> Result<Arc<Call>, Refusal> {
    let no_channel = || Refusal::because("there is no channel here");
    let hook: Option<Arc<dyn Any + Send + Sync>> =
        channel.ok_or_else(no_channel)?.hook().map(|hook| hook as _);
    hook.and_then(|hook| hook.downcast().ok()).ok_or_else(|| {
        Refusal::because(
            "the dialer did not place this call: only the channel that it dialled has it, not one \
             that is bridged with it",
        )
    })
}

fn tell(channel: &Current<'_>, reply: Reply) {
    let (status, detail) = dialplan::verdict(reply);
    channel.set_variable(dialplan::STATUS, status);
    channel.set_variable(dialplan::DETAIL, &detail);
}

/// When it was last said that a channel is none of ours, in seconds since 1970.
static LAST_WARNING_S: AtomicI64 = AtomicI64::new(0);

/// How often that is said at most, in seconds.
const WARNING_EVERY_S: i64 = 60;

/// Whoever looks at every channel (`channelvars` of manager.conf) sees many that are
/// none of ours.
fn warn_now_and_then(channel: Option<&Current<'_>>, field: &str, why: &Refusal) {
    let now_s = wall_clock().0 / 1_000_000_000;
    let last_s = LAST_WARNING_S.load(Ordering::Relaxed);
    if (now_s - last_s).abs() >= WARNING_EVERY_S {
        LAST_WARNING_S.store(now_s, Ordering::Relaxed);
        warn(channel, field, why);
    }
}

fn warn(channel: Option<&Current<'_>>, field: &str, why: &Refusal) {
    let name = channel.map_or_else(|| "no channel".to_owned(), Current::name);
    log::warning!("OUTBOUND({field}) on {name}: {why}");
}
