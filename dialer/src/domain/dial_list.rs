//! The dial list (`Dlma`), and how far it is worked off.

use super::{Change, DialListId, Stamps, Timestamp, Variables};

/// A list of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialList {
    pub id: DialListId,
    pub name: Option<String>,
    pub detail: Option<String>,
    pub variables: Variables,
    pub stamps: Stamps,
}

/// What a create or an update says of a dial list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DialListPatch {
    pub name: Change<String>,
    pub detail: Change<String>,
    pub variables: Change<Variables>,
}

/// How many targets of a list are in which state, and how often they were tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListCounts {
    /// Dialable now.
    pub ready: u64,
    /// Dialable when their retry delay is over.
    pub waiting: u64,
    /// Being dialled.
    pub dialing: u64,
    /// Not dialable any more.
    pub done: u64,
    /// Tries of all targets in all.
    pub tries: u64,
}

impl ListCounts {
    pub fn total(&self) -> u64 {
        self.ready + self.waiting + self.dialing + self.done
    }

    /// Targets that can still be dialled, now or later.
    pub fn available(&self) -> u64 {
        self.ready + self.waiting
    }
}

impl DialList {
    pub fn new(id: DialListId, now: Timestamp) -> DialList {
        DialList {
            id,
            name: None,
            detail: None,
            variables: Variables::default(),
            stamps: Stamps::new(now),
        }
    }

    pub fn apply(&mut self, patch: DialListPatch) {
        patch.name.apply_to(&mut self.name);
        patch.detail.apply_to(&mut self.detail);
        patch.variables.apply_or(&mut self.variables, Variables::default());
    }

    /// The name of the list's table on the wire (`DlTable`): its uuid with underscores.
    pub fn table_name(&self) -> String {
        self.id.to_string().replace('-', "_")
    }
}
