//! Manager actions and events: the dialer's words on Asterisk's AMI.

use std::io::Read;
use std::sync::Arc;

use dialer::dialer::{Command, Event, Refusal, Reply};
use dialer::domain::DialListId;
use dialer::store::{Reader, StoreError};
use dialer::surface::ami::{self, Backend, Privilege};
use dialer::surface::bulk::{Files, NewFile};
use dialer::surface::help;

use super::inbox::NoReply;
use super::runtime::Runtime;
use crate::ast::manager::{self, Action, Actions, Class, Message, RegisterError, Session};
use crate::module;

/// Registers every action.
pub fn register() -> Result<Actions, RegisterError> {
    let actions: Vec<_> = ami::ACTIONS
        .iter()
        .map(|action| Action {
            name: action.name,
            class: match action.privilege {
                Privilege::Change => Class::COMMAND,
                Privilege::Show => Class::COMMAND | Class::REPORTING,
            },
            synopsis: action.synopsis,
            description: help::text(action),
            handler: answer,
        })
        .collect();
    manager::register(&actions)
}

/// Tells every manager client that reads class `message`.
pub fn tell(event: &Event) {
    let (name, body) = ami::event(event);
    manager::event(Class::MESSAGE, name, &body);
}

fn answer(session: &Session<'_>, message: &Message<'_>) {
    let headers: Vec<_> = message.headers().collect();
    let backend = OfRuntime::now();
    ami::answer(&headers, &backend, &mut |text| session.send(text));
}

/// Has the running dialer carry a command out.
pub fn ask(command: Command) -> Reply {
    OfRuntime::now().ask(command)
}

/// The runtime as actions and commands need it; nothing before it runs and after it ended.
pub struct OfRuntime(pub Option<Arc<Runtime>>);

impl OfRuntime {
    pub fn now() -> OfRuntime {
        OfRuntime(module::runtime())
    }
}

impl Backend for OfRuntime {
    fn ask(&self, command: Command) -> Reply {
        let asked = match &self.0 {
            Some(runtime) => runtime.ask(command),
            None => Err(NoReply::Stopped),
        };
        asked.unwrap_or_else(|why| Reply::Refused(refusal(why)))
    }

    fn read(
        &self,
        with: &mut dyn FnMut(&Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match &self.0 {
            Some(runtime) => runtime.read(with),
            None => Err(StoreError::new("the dialer has stopped")),
        }
    }

    fn files(&self) -> &dyn Files {
        match &self.0 {
            Some(runtime) => runtime.files(),
            None => &NoFiles,
        }
    }
}

/// Of a dialer that has stopped.
struct NoFiles;

impl Files for NoFiles {
    fn open(&self, _name: &str) -> Result<Box<dyn Read>, String> {
        Err("the dialer has stopped".to_owned())
    }

    fn create(&self, _name: &str, _overwrite: bool) -> Result<Box<dyn NewFile>, String> {
        Err("the dialer has stopped".to_owned())
    }

    fn begin_import(&self, _list: DialListId) -> Option<Box<dyn Send>> {
        None
    }
}

/// In words, why there is no reply.
pub fn refusal(why: NoReply) -> Refusal {
    let refusal = Refusal::because(match why {
        NoReply::Busy => "The dialer is busy, nothing was changed; try again",
        NoReply::Unknown => "The database does not answer; what was asked for may still be done",
        NoReply::Stopped => "The dialer has stopped, nothing was changed",
    });
    Refusal { passing: why == NoReply::Busy, ..refusal }
}
