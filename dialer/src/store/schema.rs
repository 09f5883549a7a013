//! The schema, step by step. `user_version` says how far a database is.

use super::StoreError;
use rusqlite::{Connection, TransactionBehavior};

/// Each step is applied once, in this order, and never changed after a release.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_schedule.sql"),
    include_str!("migrations/0003_outcome.sql"),
    include_str!("migrations/0004_caps.sql"),
    include_str!("migrations/0005_call_forward.sql"),
    include_str!("migrations/0006_light.sql"),
    include_str!("migrations/0007_modes.sql"),
];

/// Brings a database to the newest schema.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let done = version(connection)?;
    if done > MIGRATIONS.len() {
        return Err(StoreError::new(format!(
            "the database has schema version {done}, which is newer than this module's {}",
            MIGRATIONS.len()
        )));
    }
    for (at, step) in MIGRATIONS.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How many steps a database has behind it.
fn version(connection: &Connection) -> Result<usize, StoreError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(0))
}

/// A database with tables but without our version is somebody else's; the old
/// module's has the same names for other things.
pub fn refuse_foreign(connection: &Connection) -> Result<(), StoreError> {
    if version(connection)? > 0 {
        return Ok(());
    }
    let tables: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        [],
        |row| row.get(0),
    )?;
    if tables == 0 {
        return Ok(());
    }
    Err(StoreError::new("the database belongs to another program; name a new file"))
}
