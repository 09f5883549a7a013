//! Kinds of objects, and the words for them.

use super::Result;
use crate::dialer::Refusal;
use crate::store::Named;
use crate::surface::ami::{Action, ACTIONS};

/// A kind of object that has commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Campaign,
    Plan,
    Destination,
    List,
    Target,
    Dialing,
}

impl Kind {
    /// `Campaign`: how a sentence begins.
    pub(super) fn title(self) -> &'static str {
        match self {
            Kind::Campaign => "Campaign",
            Kind::Plan => "Plan",
            Kind::Destination => "Destination",
            Kind::List => "Dlma",
            Kind::Target => "Dl",
            Kind::Dialing => "Dialing",
        }
    }

    /// `camp-uuid`: what stands before a uuid in brackets.
    pub(super) fn uuid_label(self) -> &'static str {
        match self {
            Kind::Campaign => "camp-uuid",
            Kind::Plan => "plan-uuid",
            Kind::Destination => "dest-uuid",
            Kind::List => "dlma-uuid",
            Kind::Target => "dl-uuid",
            Kind::Dialing => "dialing-uuid",
        }
    }

    /// Where its names stand; a kind without is called by its uuid only.
    pub(super) fn named(self) -> Option<Named> {
        match self {
            Kind::Campaign => Some(Named::Campaign),
            Kind::Plan => Some(Named::Plan),
            Kind::Destination => Some(Named::Destination),
            Kind::List => Some(Named::List),
            Kind::Target | Kind::Dialing => None,
        }
    }

    /// The manager's action that does this (`Create`, `Update`, `Delete`) to it.
    pub(super) fn action(self, verb: &str) -> Option<&'static Action> {
        let noun = match self {
            Kind::Campaign => "Campaign",
            Kind::Plan => "Plan",
            Kind::Destination => "Destination",
            Kind::List => "Dlma",
            Kind::Target => "DlList",
            Kind::Dialing => return None,
        };
        action(&format!("Out{noun}{verb}"))
    }

    /// `Campaign x not found.`, as the old module says it.
    pub(super) fn not_found(self, object: &str) -> Refusal {
        Refusal::because(format!("{} {object} not found.", self.title()))
    }
}

/// Which kind a header of an action names an object of.
pub(super) fn referred(header: &str) -> Option<Kind> {
    match header {
        "Plan" => Some(Kind::Plan),
        "Dlma" | "DlmaUuid" => Some(Kind::List),
        "Dest" | "SafeHarbour" | "MachineDest" => Some(Kind::Destination),
        "NextCampaign" => Some(Kind::Campaign),
        _ => None,
    }
}

/// Headers that a command takes: those of its action, without the ones that the
/// command itself has words for.
pub(super) fn headers(action: &'static Action) -> impl Iterator<Item = &'static str> {
    let is_bulk = [IMPORT, EXPORT].contains(&action.name);
    let has_words = move |name: &&str| match *name {
        "ActionID" | "Uuid" => true,
        "DlmaUuid" | "File" => is_bulk,
        _ => false,
    };
    action.headers().map(|header| header.name).filter(move |name| !has_words(name))
}

/// Actions behind `out import dlma` and `out export dlma`.
pub(super) const IMPORT: &str = "OutDlListImport";
pub(super) const EXPORT: &str = "OutDlListExport";

/// An action by its name.
pub(super) fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

/// `Dlma` is `DlmaUuid` where a target is made.
const LIST_ALIAS: &str = "Dlma";

/// The header of an action by the name that was typed, whatever its case.
pub(super) fn header(action: &'static Action, typed: &str) -> Result<&'static str> {
    let known = headers(action).find(|name| name.eq_ignore_ascii_case(typed));
    let alias = || {
        let list = headers(action).find(|name| *name == "DlmaUuid");
        list.filter(|_| typed.eq_ignore_ascii_case(LIST_ALIAS))
    };
    known.or_else(alias).ok_or_else(|| {
        let allowed = headers(action).collect::<Vec<_>>().join(", ");
        Refusal::because(format!("{typed}: is no header of this command; allowed are {allowed}"))
    })
}
