//! The manager interface (AMI): actions in, responses, lists and events out.
//!
//! [`answer`] carries one action out over a [`Backend`] and writes what the
//! client gets; [`event`] words one event. Header names, their order and the
//! messages are those of the old module.

mod actions;
mod block;
mod commands;
mod fields;
mod records;
mod show;

pub use actions::{Action, Header, Privilege, ACTIONS};
pub use block::Block;
pub(super) use commands::{outcome_patch, parse as parse_change};
pub(super) use fields::Fields;
pub use records::event;

use crate::dialer::{Command, Refusal, Reply};
use crate::store::{Reader, StoreError};
use crate::surface::reset::reset_list;

/// What an action is carried out over.
pub trait Backend {
    /// Has the dialer carry a command out.
    fn ask(&self, command: Command) -> Reply;

    /// Lends a reader of the store.
    fn read(
        &self,
        with: &mut dyn FnMut(&Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;
}

/// Carries one action out. `headers` are the message's, in order; `send` gets
/// what the client gets, in pieces that each end with a whole message.
pub fn answer(headers: &[(&[u8], &[u8])], backend: &dyn Backend, send: &mut dyn FnMut(&str)) {
    let fields = Fields::new(headers);
    let action = fields.raw("Action").unwrap_or_default();
    let name = ACTIONS
        .iter()
        .map(|action| action.name)
        .find(|name| name.as_bytes().eq_ignore_ascii_case(action));
    // An id that cannot be repeated on the wire is no id of any client.
    let id = fields.text("ActionID", crate::limits::TEXT_BYTES).ok();
    let mut out = Out { id: id.as_ref().and_then(|id| id.value()).map(String::as_str), send };
    let done = match name {
        None => Err(Refusal::because("Unknown action")),
        Some(name) if name.ends_with("Show") || name == "OutDialingSummary" => {
            show::show(name, &fields, backend, &mut out)
        }
        Some("OutDlmaReset") => reset(&fields, backend, &mut out),
        Some(name) => change(name, &fields, backend, &mut out),
    };
    if let Err(refusal) = done {
        out.refuse(&refusal);
    }
}

fn change(
    name: &str,
    fields: &Fields<'_>,
    backend: &dyn Backend,
    out: &mut Out<'_>,
) -> Result<(), Refusal> {
    let (noun, command) = commands::parse(name, fields)?;
    let (verb, uuid) = match backend.ask(command) {
        Reply::Created(uuid) => ("created", Some(uuid)),
        Reply::Updated => ("updated", None),
        Reply::Deleted => ("deleted", None),
        Reply::Refused(refusal) => return Err(refusal),
        _ => return Err(Refusal::because("The dialer gave an answer to something else")),
    };
    let mut block = out.response("Success");
    block.line("Message", format_args!("{noun} {verb} successfully"));
    if let Some(uuid) = uuid {
        block.line("Uuid", uuid);
    }
    out.send(block);
    Ok(())
}

fn reset(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Result<(), Refusal> {
    let (list, reset) = commands::reset(fields)?;
    let count = reset_list(list, reset, backend)?;
    let mut block = out.response("Success");
    block.line("Message", "Dlma reset successfully");
    block.line("Count", count);
    out.send(block);
    Ok(())
}

/// The answer under way.
struct Out<'a> {
    id: Option<&'a str>,
    send: &'a mut dyn FnMut(&str),
}

impl Out<'_> {
    fn response(&self, response: &str) -> Block {
        self.block("Response", response)
    }

    /// A message that begins so; the client's `ActionID` comes right behind.
    fn block(&self, name: &str, value: &str) -> Block {
        let mut block = Block::default();
        block.line(name, value);
        if let Some(id) = self.id {
            block.line("ActionID", id);
        }
        block
    }

    fn send(&mut self, block: Block) {
        (self.send)(&block.finish());
    }

    fn refuse(&mut self, refusal: &Refusal) {
        let mut block = self.response("Error");
        block.line("Message", refusal);
        self.send(block);
    }
}
