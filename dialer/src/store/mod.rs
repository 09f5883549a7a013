//! Where everything is kept.
//!
//! The dialer sees [`Targets`] while it decides and names its changes as
//! [`Write`]s; the runtime that drives it owns a [`Store`] and groups the writes
//! of many steps into one transaction. Whoever only shows things uses a
//! [`Reader`], which never stands in the writer's way.

mod queries;
mod reader;
mod rows;
mod schema;
mod sqlite;
#[cfg(test)]
mod tests;
mod work;

pub use reader::{CampaignStat, Named, Reader, TargetPage};
pub use sqlite::Sqlite;

use crate::dialer::ResultLine;
use crate::domain::{
    Campaign, CampaignId, DayFigures, Destination, DialList, DialListId, Dialing, DialingId,
    ListCounts, Plan, Target, TargetId, Timestamp,
};
use std::fmt;
use std::sync::Arc;

/// One change. Each is whole in itself; those of one step go into one transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// The record as it is now, new or changed or deleted.
    Campaign(Box<Campaign>),
    Plan(Box<Plan>),
    Destination(Box<Destination>),
    List(Box<DialList>),
    Target(Arc<Target>),
    /// New targets, ready to be dialled.
    NewTargets(Vec<Target>),
    /// State, tries and last result of a target that is there.
    Progress(Arc<Target>),
    /// A new dialing, and the progress of its target.
    Claim(Arc<Dialing>, Arc<Target>),
    /// A dialing was answered, an agent took it, or nobody was there in time.
    Answered(Arc<Dialing>),
    /// Somebody said what a dialing is to count as.
    Outcome(Arc<Dialing>),
    /// A dialing ended; what its result line is made of is kept until it is delivered.
    End(Arc<Dialing>, Arc<Target>),
    /// The result lines of these are safe in the result file.
    Delivered(Vec<DialingId>),
    /// What a campaign's calls of one day have come to.
    Ledger(CampaignId, Box<DayFigures>),
}

/// What the dialer may look at while it decides.
pub trait Targets {
    fn target(&mut self, id: TargetId) -> Result<Option<Target>, StoreError>;

    /// Up to `most` targets of a list that may be dialled now: those that were
    /// promised a call first, then fewest tries in all, then oldest in the list.
    /// Waiting ones whose time has come are among them.
    fn ready(
        &mut self,
        list: DialListId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Target>, StoreError>;

    /// Up to `most` targets of a list in its order: those behind `after`.
    fn in_order(
        &mut self,
        list: DialListId,
        after: Option<TargetId>,
        most: usize,
    ) -> Result<Vec<Target>, StoreError>;

    fn counts(&mut self, list: DialListId) -> Result<ListCounts, StoreError>;

    /// When the next waiting target of a list may be dialled.
    fn next_due(&mut self, list: DialListId) -> Result<Option<Timestamp>, StoreError>;
}

/// All that a dialer starts from.
#[derive(Debug, Default)]
pub struct Records {
    pub campaigns: Vec<Campaign>,
    pub plans: Vec<Plan>,
    pub destinations: Vec<Destination>,
    pub lists: Vec<DialList>,
    /// Dialings that had not ended, with their targets.
    pub open_dialings: Vec<(Dialing, Target)>,
    /// The last [`crate::domain::LEDGER_DAYS`] days of each campaign that had calls.
    pub ledger: Vec<(CampaignId, DayFigures)>,
}

/// Keeps everything. One writer.
pub trait Store: Targets + Send {
    /// All that a dialer starts from.
    fn load(&mut self) -> Result<Records, StoreError>;

    /// Opens a transaction; reads see its changes.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Makes one change in the open transaction.
    fn apply(&mut self, write: &Write) -> Result<(), StoreError>;

    /// Makes the open transaction durable.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Gives the open transaction up, if there is one.
    fn roll_back(&mut self);

    /// Result lines that are not known to be delivered, oldest first.
    fn undelivered(&mut self) -> Result<Vec<ResultLine>, StoreError>;
}

/// The store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    pub reason: String,
    /// Whether it may pass by itself: a lock, a full disk, a disk that fails.
    pub passing: bool,
}

impl StoreError {
    pub fn new(reason: impl Into<String>) -> StoreError {
        StoreError { reason: reason.into(), passing: false }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed,
            OutOfMemory, ReadOnly, SystemIoFailure,
        };
        let code = error.sqlite_error_code();
        let passing = code.is_some_and(|code| {
            matches!(
                code,
                CannotOpen
                    | DatabaseBusy
                    | DatabaseLocked
                    | DiskFull
                    | FileLockingProtocolFailed
                    | OutOfMemory
                    | ReadOnly
                    | SystemIoFailure
            )
        });
        StoreError { reason: error.to_string(), passing }
    }
}
