//! What an object is called at the console: by its uuid, or by its name where
//! no other has it.

use super::{Kind, Result};
use crate::dialer::Refusal;
use crate::store::{Named, Reader};
use crate::surface::ami::{parse_uuid, Backend};
use std::collections::HashMap;
use std::ops::ControlFlow;
use uuid::Uuid;

/// Uuids that an ambiguous name is answered with, at most.
const NAMESAKES_SHOWN: usize = 8;

/// Characters of a uuid's end that tell one from another where there is no name.
const UUID_END: usize = 8;

/// The uuid behind what was typed. Whether a uuid names an object is for others
/// to say.
pub(super) fn find(kind: Kind, typed: &str, backend: &dyn Backend) -> Result<Uuid> {
    if let Some(uuid) = parse_uuid(typed) {
        return Ok(uuid);
    }
    let Some(named) = kind.named() else { return Err(kind.not_found(typed)) };
    let lower = typed.to_lowercase();
    let (mut exact, mut alike) = (Vec::new(), Vec::new());
    let mut read = |reader: &Reader| {
        reader.names(named, |uuid, name| {
            if name == Some(typed) {
                exact.push(uuid);
            } else if name.is_some_and(|name| name.to_lowercase() == lower) {
                alike.push(uuid);
            }
            ControlFlow::Continue(())
        })
    };
    backend.read(&mut read)?;
    let found = if exact.is_empty() { alike } else { exact };
    match found.as_slice() {
        [] => Err(kind.not_found(typed)),
        [only] => Ok(*only),
        several => Err(ambiguous(kind, typed, several)),
    }
}

fn ambiguous(kind: Kind, typed: &str, found: &[Uuid]) -> Refusal {
    let shown = found.iter().take(NAMESAKES_SHOWN).map(Uuid::to_string);
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = if found.len() > NAMESAKES_SHOWN { ", ..." } else { "" };
    let (title, count) = (kind.title(), found.len());
    Refusal::because(format!(
        "{title} {typed} is the name of {count}; say which one by its uuid: {shown}{more}"
    ))
}

/// Names of objects by their uuids, to show in the place of uuids.
#[derive(Default)]
pub(super) struct Names(HashMap<Uuid, String>);

impl Names {
    /// Of everything that has a name.
    pub fn read(reader: &Reader) -> std::result::Result<Names, crate::store::StoreError> {
        let mut names = HashMap::new();
        for of in [Named::Campaign, Named::Plan, Named::Destination, Named::List] {
            reader.names(of, |uuid, name| {
                names.extend(name.map(|name| (uuid, name.to_owned())));
                ControlFlow::Continue(())
            })?;
        }
        Ok(Names(names))
    }

    /// The object's name, or else the end of its uuid; nothing for nothing.
    pub fn label(&self, uuid: Option<Uuid>) -> String {
        let Some(uuid) = uuid else { return String::new() };
        self.0.get(&uuid).cloned().unwrap_or_else(|| end_of(uuid))
    }
}

/// Uuids sort by time, so that it is their ends that differ.
pub(super) fn end_of(uuid: Uuid) -> String {
    let text = uuid.to_string();
    text[text.len() - UUID_END..].to_owned()
}
