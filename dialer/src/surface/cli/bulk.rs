//! Whole lists from files and into files, with a line for each part of the way.

use super::change::bytes;
use super::request::Headers;
use super::{line, names, Kind, Print, Result};
use crate::dialer::{Imported, Refusal};
use crate::limits::ROWS_PER_PROGRESS;
use crate::surface::ami::{self, Backend};
use crate::surface::bulk::{export as write, import as read, Told};

pub(super) fn import(
    list: &str,
    mut headers: Headers,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    headers.push(("DlmaUuid", names::find(Kind::List, list, backend)?.to_string()));
    let order = ami::import_by(&bytes(&headers))?;
    let mut progress_at = ROWS_PER_PROGRESS;
    let report = read(&order, backend, &mut |told| match told {
        Told::Begun => {}
        Told::Row(row) => {
            let column = row.column.as_ref().map(|column| format!(", {column}"));
            let place = format!("Line {}{}", row.line, column.unwrap_or_default());
            line(print, &format!("{place}: {}: {}", row.result.name(), row.reason));
        }
        Told::Progress(report) if report.so_far.rows >= progress_at => {
            progress_at = report.so_far.rows + ROWS_PER_PROGRESS;
            line(print, &format!("{} so far", counts(&report.so_far)));
        }
        Told::Progress(_) => {}
    })?;
    let only = if order.dry_run { ", nothing was changed" } else { "" };
    line(print, &format!("{}{only}", counts(&report.so_far)));
    match report.fault {
        Some(fault) => Err(Refusal::because(format!("Ended at line {}: {fault}", report.line))),
        None => Ok(()),
    }
}

fn counts(imported: &Imported) -> String {
    let Imported { rows, accepted, duplicates, refused, .. } = imported;
    format!("{rows} rows: {accepted} accepted, {duplicates} duplicates, {refused} refused")
}

pub(super) fn export(
    list: &str,
    mut headers: Headers,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    headers.push(("DlmaUuid", names::find(Kind::List, list, backend)?.to_string()));
    let order = ami::export_by(&bytes(&headers))?;
    let mut progress_at = ROWS_PER_PROGRESS;
    let count = write(&order, backend, &mut |count| {
        if count >= progress_at {
            progress_at = count + ROWS_PER_PROGRESS;
            line(print, &format!("{count} targets so far"));
        }
    })?;
    line(print, &format!("{count} targets are in {}", order.file));
    Ok(())
}
