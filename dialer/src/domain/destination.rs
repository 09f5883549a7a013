//! The destination: who gets the answered call.

use super::{Change, DestinationId, Stamps, Timestamp, Variables};

/// `Type` of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationKind {
    Extension = 0,
    Application = 1,
}

impl DestinationKind {
    pub fn from_code(code: i64) -> Option<DestinationKind> {
        [DestinationKind::Extension, DestinationKind::Application]
            .into_iter()
            .find(|kind| *kind as i64 == code)
    }
}

/// Who gets the answered call: an extension of the dialplan or an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub id: DestinationId,
    pub name: Option<String>,
    pub detail: Option<String>,
    pub kind: DestinationKind,
    pub exten: Option<String>,
    pub context: Option<String>,
    pub priority: Option<u32>,
    pub variables: Variables,
    pub application: Option<String>,
    pub data: Option<String>,
    /// Calls that it can serve at a time; `None`: any number, or as its agents say.
    pub capacity: Option<u32>,
    pub stamps: Stamps,
}

/// What a create or an update says of a destination.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DestinationPatch {
    pub name: Change<String>,
    pub detail: Change<String>,
    pub kind: Change<DestinationKind>,
    pub exten: Change<String>,
    pub context: Change<String>,
    pub priority: Change<u32>,
    pub variables: Change<Variables>,
    pub application: Change<String>,
    pub data: Change<String>,
    pub capacity: Change<u32>,
}

/// Where an answered call goes, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Extension { context: String, exten: String, priority: u32 },
    Application { name: String, data: String },
}

impl Route {
    /// The queue that it leads into, if it is one.
    pub fn queue(&self) -> Option<&str> {
        match self {
            Route::Application { name, data } if name.eq_ignore_ascii_case("queue") => {
                data.split(',').next().map(str::trim).filter(|queue| !queue.is_empty())
            }
            _ => None,
        }
    }
}

impl Destination {
    pub fn new(id: DestinationId, now: Timestamp) -> Destination {
        Destination {
            id,
            name: None,
            detail: None,
            kind: DestinationKind::Extension,
            exten: None,
            context: None,
            priority: None,
            variables: Variables::default(),
            application: None,
            data: None,
            capacity: None,
            stamps: Stamps::new(now),
        }
    }

    pub fn apply(&mut self, patch: DestinationPatch) {
        patch.name.apply_to(&mut self.name);
        patch.detail.apply_to(&mut self.detail);
        patch.kind.apply_or(&mut self.kind, DestinationKind::Extension);
        patch.exten.apply_to(&mut self.exten);
        patch.context.apply_to(&mut self.context);
        patch.priority.apply_to(&mut self.priority);
        patch.variables.apply_or(&mut self.variables, Variables::default());
        patch.application.apply_to(&mut self.application);
        patch.data.apply_to(&mut self.data);
        patch.capacity.apply_to(&mut self.capacity);
    }

    /// The header that says what serves its calls.
    pub fn header_of_route(&self) -> &'static str {
        match self.kind {
            DestinationKind::Extension => "Exten",
            DestinationKind::Application => "Application",
        }
    }

    /// Where an answered call goes, or the header that is missing for it.
    pub fn route(&self) -> Result<Route, &'static str> {
        match self.kind {
            DestinationKind::Extension => Ok(Route::Extension {
                context: self.context.clone().ok_or("Context")?,
                exten: self.exten.clone().ok_or("Exten")?,
                priority: self.priority.unwrap_or(1),
            }),
            DestinationKind::Application => Ok(Route::Application {
                name: self.application.clone().ok_or("Application")?,
                data: self.data.clone().unwrap_or_default(),
            }),
        }
    }
}
