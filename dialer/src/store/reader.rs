//! Reading for those who only show: a connection of its own, read only, that
//! sees the last committed state and stands in nobody's way.

use super::{rows, StoreError};
use crate::domain::{
    Campaign, CampaignId, Destination, DestinationId, DialList, DialListId, ListCounts, Plan,
    PlanId, Target, TargetId,
};
use rusqlite::{params, Connection, OpenFlags, OptionalExtension};
use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StoreError>;

/// A read-only view. See the [module](self).
pub struct Reader {
    connection: Connection,
}

/// How far a campaign's list is worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignStat {
    pub campaign: CampaignId,
    pub counts: ListCounts,
}

/// Which targets are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TargetPage {
    /// Of this list only.
    pub list: Option<DialListId>,
    /// Those that stand behind this one in the list.
    pub after: Option<TargetId>,
    pub most: u32,
}

/// What has a name by which it may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    Campaign,
    Plan,
    Destination,
    List,
}

impl Reader {
    /// Opens a database that a [`super::Sqlite`] has made.
    pub fn open(path: &Path) -> Result<Reader> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| StoreError::new(format!("{}: {error}", path.display())))?;
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.pragma_update(None, "cache_size", -2_048)?;
        Ok(Reader { connection })
    }

    pub fn campaigns(&self) -> Result<Vec<Campaign>> {
        self.all("campaign", rows::campaign)
    }

    pub fn campaign(&self, id: CampaignId) -> Result<Option<Campaign>> {
        self.one("campaign", &id.0, rows::campaign)
    }

    pub fn plans(&self) -> Result<Vec<Plan>> {
        self.all("plan", rows::plan)
    }

    pub fn plan(&self, id: PlanId) -> Result<Option<Plan>> {
        self.one("plan", &id.0, rows::plan)
    }

    pub fn destinations(&self) -> Result<Vec<Destination>> {
        self.all("destination", rows::destination)
    }

    pub fn destination(&self, id: DestinationId) -> Result<Option<Destination>> {
        self.one("destination", &id.0, rows::destination)
    }

    pub fn lists(&self) -> Result<Vec<DialList>> {
        self.all("dial_list", rows::list)
    }

    pub fn list(&self, id: DialListId) -> Result<Option<DialList>> {
        self.one("dial_list", &id.0, rows::list)
    }

    pub fn target(&self, id: TargetId) -> Result<Option<Target>> {
        let (columns, from) = (rows::TARGET, rows::TARGET_FROM);
        let sql = format!("SELECT {columns} FROM {from} WHERE target.uuid = ? AND state < 4");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([id.0.as_bytes().as_slice()], rows::target).optional()?)
    }

    /// Hands over the uuid and the name of each object, the oldest first, until
    /// there are no more or `each` breaks off.
    pub fn names(
        &self,
        of: Named,
        mut each: impl FnMut(Uuid, Option<&str>) -> ControlFlow<()>,
    ) -> Result<()> {
        let table = match of {
            Named::Campaign => "campaign",
            Named::Plan => "plan",
            Named::Destination => "destination",
            Named::List => "dial_list",
        };
        let sql = format!(
            "SELECT uuid, name FROM {table} WHERE tm_delete IS NULL ORDER BY tm_create, uuid"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let name: Option<String> = row.get(1)?;
            if each(Uuid::from_bytes(row.get(0)?), name.as_deref()).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// At most so many targets whose uuid lies in a range.
    pub fn target_ids(&self, range: RangeInclusive<Uuid>, most: u32) -> Result<Vec<TargetId>> {
        let sql = "SELECT uuid FROM target WHERE uuid BETWEEN ?1 AND ?2 AND state < 4
             ORDER BY uuid LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let (first, last) = (range.start().as_bytes(), range.end().as_bytes());
        let ids = statement.query_map(params![first, last, most], |row| {
            Ok(TargetId(Uuid::from_bytes(row.get(0)?)))
        })?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a target has a place in its list; a deleted one keeps it.
    pub fn has_place(&self, id: TargetId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM target WHERE uuid = ?)";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([id.0.as_bytes().as_slice()], |row| row.get(0))?)
    }

    /// Hands over the targets of a page one by one, in the list's order, until
    /// there are no more or `each` breaks off.
    pub fn targets(
        &self,
        page: TargetPage,
        mut each: impl FnMut(Target) -> ControlFlow<()>,
    ) -> Result<()> {
        let (columns, from) = (rows::TARGET, rows::TARGET_FROM);
        let of_list = match page.list {
            Some(_) => "list.uuid = ?1 AND list.tm_delete IS NULL",
            None => "?1 IS NULL",
        };
        let sql = format!(
            "SELECT {columns} FROM {from} WHERE {of_list} AND state < 4
             AND target.id > coalesce((SELECT id FROM target WHERE uuid = ?2), 0)
             ORDER BY target.id LIMIT ?3"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let list = page.list.as_ref().map(|id| id.0.as_bytes().as_slice());
        let after = page.after.as_ref().map(|id| id.0.as_bytes().as_slice());
        let mut found = statement.query(params![list, after, page.most])?;
        while let Some(row) = found.next()? {
            if each(rows::target(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Hands over each target's own key and its first number, in the list's order.
    pub fn target_keys(
        &self,
        list: DialListId,
        mut each: impl FnMut(Option<&str>, Option<&str>),
    ) -> Result<()> {
        let sql = "SELECT ukey, coalesce(number_1, number_2, number_3, number_4, number_5,
                 number_6, number_7, number_8)
             FROM target
             WHERE dial_list = (SELECT id FROM dial_list WHERE uuid = ?) AND state < 4";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([list.0.as_bytes().as_slice()])?;
        while let Some(row) = found.next()? {
            let text = |at| row.get_ref(at).map(|value| value.as_str().ok());
            each(text(0)?, text(1)?);
        }
        Ok(())
    }

    /// Whether no snapshot is open.
    pub fn is_idle(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Reads several times of one state of the store, whatever is written meanwhile.
    pub fn snapshot<T>(&self, read: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        let snapshot = self.connection.unchecked_transaction()?;
        let read = read(self);
        drop(snapshot);
        read
    }

    /// How far each campaign's list is worked off, or one campaign's.
    pub fn stats(&self, only: Option<CampaignId>) -> Result<Vec<CampaignStat>> {
        let sql = "SELECT coalesce(ready, 0), coalesce(waiting, 0), coalesce(dialing, 0),
                 coalesce(done, 0), coalesce(tries, 0), campaign.uuid
             FROM campaign LEFT JOIN dial_list ON dial_list.uuid = campaign.dial_list
             WHERE campaign.tm_delete IS NULL AND (?1 IS NULL OR campaign.uuid = ?1)
             ORDER BY campaign.tm_create, campaign.uuid";
        let mut statement = self.connection.prepare_cached(sql)?;
        let only = only.as_ref().map(|id| id.0.as_bytes().as_slice());
        let stats = statement.query_map([only], |row| {
            let id: [u8; 16] = row.get(5)?;
            let campaign = CampaignId(Uuid::from_bytes(id));
            Ok(CampaignStat { campaign, counts: rows::counts(row)? })
        })?;
        Ok(stats.collect::<rusqlite::Result<_>>()?)
    }

    fn all<T>(
        &self,
        table: &str,
        record: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let sql = format!("SELECT * FROM {table} WHERE tm_delete IS NULL ORDER BY tm_create, uuid");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_map([], record)?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    fn one<T>(
        &self,
        table: &str,
        id: &Uuid,
        record: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let sql = format!("SELECT * FROM {table} WHERE uuid = ? AND tm_delete IS NULL");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([id.as_bytes().as_slice()], record).optional()?)
    }
}
