//! The manager interface (AMI): actions in, responses, lists and events out.
//!
//! [`answer`] carries one action out over a [`Backend`] and writes what the
//! client gets; [`event`] words one event. Header names, their order and the
//! messages are those of the old module.

mod actions;
mod block;
mod bulk;
mod commands;
mod fields;
mod preview;
mod records;
mod show;

pub use actions::{Action, Header, Privilege, ACTIONS};
pub use block::Block;
pub(super) use commands::{outcome_patch, parse as parse_change, target_patch, NUMBER};
pub(super) use fields::{parse_uuid, target_variable_name, Fields};
pub use records::event;

use crate::dialer::{Command, Refusal, Reply};
use crate::store::{Reader, StoreError};
use crate::surface::bulk::{Export, Files, Import};
use crate::surface::reset::reset_list;
use uuid::Uuid;

/// What an action is carried out over.
pub trait Backend {
    /// Has the dialer carry a command out.
    fn ask(&self, command: Command) -> Reply;

    /// Lends a reader of the store.
    fn read(
        &self,
        with: &mut dyn FnMut(&Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// The files for import and export.
    fn files(&self) -> &dyn Files;
}

/// How often the dialer is asked again that was busy.
const ASKED_AGAIN: usize = 6;

/// Asks for one step of something long, and again if the dialer was busy. (It says
/// so after a wait, so this is no hurry.)
pub(super) fn ask_again(backend: &dyn Backend, command: &Command) -> Reply {
    for _ in 0..ASKED_AGAIN {
        match backend.ask(command.clone()) {
            Reply::Refused(why) if why.passing => {}
            reply => return reply,
        }
    }
    backend.ask(command.clone())
}

/// Carries one action out. `headers` are the message's, in order; `send` gets
/// what the client gets, in pieces that each end with a whole message.
pub fn answer(headers: &[(&[u8], &[u8])], backend: &dyn Backend, send: &mut dyn FnMut(&str)) {
    let fields = Fields::new(headers);
    let action = fields.raw("Action").unwrap_or_default();
    let known = |known: &&Action| known.name.as_bytes().eq_ignore_ascii_case(action);
    let action = ACTIONS.iter().find(known);
    let id = fields.text("ActionID", crate::limits::TEXT_BYTES);
    let repeated = id.as_ref().ok().and_then(|id| id.value()).map(String::as_str);
    let mut out = Out { id: repeated, send };
    let done = match (action, &id) {
        (None, _) => Err(Refusal::because("Unknown action")),
        // One that cannot be repeated on the wire.
        (_, Err(refusal)) => Err(refusal.clone()),
        (Some(action), Ok(_)) => carry_out(action, &fields, backend, &mut out),
    };
    if let Err(refusal) = done {
        out.refuse(&refusal);
    }
}

fn carry_out(
    action: &Action,
    fields: &Fields<'_>,
    backend: &dyn Backend,
    out: &mut Out<'_>,
) -> Result<(), Refusal> {
    fields.check_once(action)?;
    fields.check_variables(action)?;
    match (action.privilege, action.name) {
        (Privilege::Show, name) => show::show(name, fields, backend, out),
        (Privilege::Change, "OutDlListImport") => bulk::answer_import(fields, backend, out),
        (Privilege::Change, "OutDlListExport") => bulk::answer_export(fields, backend, out),
        (Privilege::Change, "OutDlmaReset") => reset(fields, backend, out),
        (Privilege::Change, "OutDialingPreview") => preview::answer(fields, backend, out),
        (Privilege::Change, name) => change(name, fields, backend, out),
    }
}

fn change(
    name: &str,
    fields: &Fields<'_>,
    backend: &dyn Backend,
    out: &mut Out<'_>,
) -> Result<(), Refusal> {
    let (noun, command) = commands::parse(name, fields)?;
    let (message, uuid) = carried_out(noun, backend.ask(command))?;
    let mut block = out.response("Success");
    block.line("Message", message);
    if let Some(uuid) = uuid {
        block.line("Uuid", uuid);
    }
    out.send(block);
    Ok(())
}

/// Changes something as an action does, and gives its message and what it made.
pub(super) fn change_by(
    name: &str,
    headers: &[(&[u8], &[u8])],
    backend: &dyn Backend,
) -> Result<(String, Option<Uuid>), Refusal> {
    let fields = fields_of(name, headers)?;
    let (noun, command) = commands::parse(name, &fields)?;
    carried_out(noun, backend.ask(command))
}

/// What the headers of an import order.
pub(super) fn import_by(headers: &[(&[u8], &[u8])]) -> Result<Import, Refusal> {
    bulk::import_order(&fields_of("OutDlListImport", headers)?)
}

/// What the headers of an export order.
pub(super) fn export_by(headers: &[(&[u8], &[u8])]) -> Result<Export, Refusal> {
    bulk::export_order(&fields_of("OutDlListExport", headers)?)
}

/// The headers of an action, none of which stands more often than it may.
fn fields_of<'a>(name: &str, headers: &'a [(&'a [u8], &'a [u8])]) -> Result<Fields<'a>, Refusal> {
    let fields = Fields::new(headers);
    if let Some(action) = ACTIONS.iter().find(|action| action.name == name) {
        fields.check_once(action)?;
    }
    Ok(fields)
}

fn carried_out(noun: &str, reply: Reply) -> Result<(String, Option<Uuid>), Refusal> {
    let (verb, uuid) = match reply {
        Reply::Created(uuid) => ("created", Some(uuid)),
        Reply::Updated => ("updated", None),
        Reply::Deleted => ("deleted", None),
        Reply::Refused(refusal) => return Err(refusal),
        _ => return Err(Refusal::misunderstood()),
    };
    Ok((format!("{noun} {verb} successfully"), uuid))
}

/// Resets a list as the action does, and says how many targets.
pub(super) fn reset_by(headers: &[(&[u8], &[u8])], backend: &dyn Backend) -> Result<u64, Refusal> {
    let (list, reset) = commands::reset(&Fields::new(headers))?;
    reset_list(list, reset, backend)
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
