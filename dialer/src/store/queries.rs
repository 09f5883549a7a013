//! Which targets of a list are looked at next: each by an index of its own, so that
//! it costs the same however long the list is.

use super::rows::{TARGET, TARGET_FROM};

/// Those that were promised a call and may have it now, in the list's order; behind
/// the columns of a target, the number of its row.
pub fn promised() -> String {
    format!(
        "SELECT {TARGET}, target.id FROM {TARGET_FROM}
             WHERE target.dial_list = ?1 AND state = 0 AND call_back IS NOT NULL
             ORDER BY target.id LIMIT ?2"
    )
}

/// All others that may be dialled now: fewest tries first, then oldest in the list.
pub fn ready() -> String {
    format!(
        "SELECT {TARGET}, target.id FROM {TARGET_FROM}
             WHERE target.dial_list = ?1 AND state = 0 AND call_back IS NULL
             ORDER BY target.tries, target.id LIMIT ?2"
    )
}

/// Those behind a target, in the list's order.
pub fn in_order() -> String {
    format!(
        "SELECT {TARGET} FROM {TARGET_FROM} WHERE target.dial_list = ?1 AND state < 4
         AND target.id > coalesce((SELECT id FROM target WHERE uuid = ?2), 0)
         ORDER BY target.id LIMIT ?3"
    )
}

/// When the next waiting one is due.
pub const NEXT_DUE: &str = "SELECT min(due) FROM target WHERE dial_list = ?1 AND state = 1";

/// Waiting ones whose time has come become ready.
pub const PROMOTE: &str = "UPDATE target SET state = 0, due = NULL WHERE id IN (
     SELECT id FROM target WHERE dial_list = ?1 AND state = 1 AND due <= ?2
     ORDER BY due LIMIT ?3)";

/// The newest days of each campaign's ledger, as many of them at most.
pub const LEDGER: &str = "SELECT campaign, day, dialed, answered, machines, abandoned FROM (
         SELECT ledger.*, row_number() OVER (PARTITION BY campaign ORDER BY day DESC) AS place
         FROM ledger
     )
     WHERE place <= ?1 AND campaign IN (SELECT uuid FROM campaign WHERE tm_delete IS NULL)
     ORDER BY campaign, day";
