//! Import and export of targets: a list answer with the rows that were not taken,
//! how far it is, and what it came to.

use super::fields::Fields;
use super::{Backend, Block, Out};
use crate::dialer::{Imported, Refusal};
use crate::domain::{Change, DialListId, Disposition};
use crate::limits::{ROWS_PER_PROGRESS, VALUE_BYTES};
use crate::surface::bulk::{export, import, Export, Format, Import, ImportReport, Told};

const YES_OR_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];
const SEPARATORS: [(&str, u8); 3] = [("comma", b','), ("semicolon", b';'), ("tab", b'\t')];
const DUPLICATES: [(&str, bool); 2] = [("skip", false), ("take", true)];

type Shown = Result<(), Refusal>;

fn list(fields: &Fields<'_>) -> Result<DialListId, Refusal> {
    match fields.reference("DlmaUuid", "dlma")? {
        Change::Set(list) => Ok(DialListId(list)),
        _ => Err(Refusal::of("DlmaUuid", "is required")),
    }
}

fn file(fields: &Fields<'_>) -> Result<String, Refusal> {
    match fields.text("File", VALUE_BYTES)? {
        Change::Set(name) => Ok(name),
        _ => Err(Refusal::of("File", "is required")),
    }
}

/// What the headers of `OutDlListImport` order.
pub fn import_order(fields: &Fields<'_>) -> Result<Import, Refusal> {
    Ok(Import {
        list: list(fields)?,
        file: file(fields)?,
        format: fields.code_word("Format", &Format::WORDS)?,
        separator: fields.code_word("Separator", &SEPARATORS)?,
        dry_run: fields.code_word("DryRun", &YES_OR_NO)?.unwrap_or(false),
        take_duplicates: fields.code_word("Duplicates", &DUPLICATES)?.unwrap_or(false),
    })
}

/// What the headers of `OutDlListExport` order.
pub fn export_order(fields: &Fields<'_>) -> Result<Export, Refusal> {
    Ok(Export {
        list: list(fields)?,
        file: file(fields)?,
        format: fields.code_word("Format", &Format::WORDS)?,
        overwrite: fields.code_word("Overwrite", &YES_OR_NO)?.unwrap_or(false),
        dispositions: fields.dispositions("Disposition")?,
    })
}

pub fn answer_import(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let order = import_order(fields)?;
    let (mut items, mut rows_told, mut progress_at) = (0, 0, ROWS_PER_PROGRESS);
    let report = import(&order, backend, &mut |told| match told {
        Told::Begun => start("Dl List Import will follow", out),
        Told::Row(row) => {
            let mut block = out.block("Event", "OutDlListImportRow");
            block.line("Line", row.line);
            block.optional("Column", row.column.as_deref());
            block.line("Result", row.result.name());
            block.line("Reason", &row.reason);
            out.send(block);
            (items, rows_told) = (items + 1, rows_told + 1);
        }
        Told::Progress(report) if report.so_far.rows >= progress_at => {
            progress_at = report.so_far.rows + ROWS_PER_PROGRESS;
            let mut block = out.block("Event", "OutDlListImportProgress");
            block.line("Line", report.line);
            counts(&mut block, &report.so_far);
            out.send(block);
            items += 1;
        }
        Told::Progress(_) => {}
    })?;
    let mut block = out.block("Event", "OutDlListImportComplete");
    block.line("EventList", if report.fault.is_none() { "Complete" } else { "Cancelled" });
    block.line("ListItems", items);
    finish_import(&mut block, &order, &report, rows_told);
    out.send(block);
    Ok(())
}

fn finish_import(block: &mut Block, order: &Import, report: &ImportReport, rows_told: u64) {
    block.line("Line", report.line);
    counts(block, &report.so_far);
    let not_taken = report.so_far.duplicates + report.so_far.refused;
    block.line("NotListed", not_taken.saturating_sub(rows_told));
    block.line("DryRun", if order.dry_run { "yes" } else { "no" });
    if let Some(fault) = &report.fault {
        block.line("Reason", fault);
    }
}

pub fn counts(block: &mut Block, imported: &Imported) {
    block.line("Rows", imported.rows);
    block.line("Accepted", imported.accepted);
    block.line("Duplicates", imported.duplicates);
    block.line("Refused", imported.refused);
}

pub fn answer_export(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let order = export_order(fields)?;
    let (mut begun, mut items, mut progress_at) = (false, 0, ROWS_PER_PROGRESS);
    let exported = export(&order, backend, &mut |count| {
        if !begun {
            begun = true;
            start("Dl List Export will follow", out);
        }
        if count >= progress_at {
            progress_at = count + ROWS_PER_PROGRESS;
            let mut block = out.block("Event", "OutDlListExportProgress");
            block.line("Count", count);
            out.send(block);
            items += 1;
        }
    });
    if !begun {
        // It was too short to be told of on the way.
        exported.as_ref().map_err(Refusal::clone)?;
        start("Dl List Export will follow", out);
    }
    let mut block = out.block("Event", "OutDlListExportComplete");
    block.line("EventList", if exported.is_ok() { "Complete" } else { "Cancelled" });
    block.line("ListItems", items);
    block.line("File", &order.file);
    match exported {
        Ok(count) => block.line("Count", count),
        Err(refusal) => block.line("Reason", refusal),
    }
    out.send(block);
    Ok(())
}

fn start(message: &str, out: &mut Out<'_>) {
    let mut block = out.response("Success");
    block.line("EventList", "start");
    block.line("Message", message);
    out.send(block);
}

impl Fields<'_> {
    /// Names of dispositions, separated by commas; none: no header. An empty one is
    /// nobody's wish for all.
    pub fn dispositions(&self, name: &'static str) -> Result<Vec<Disposition>, Refusal> {
        let allowed = || format!("names separated by commas, of {}", Disposition::names());
        match self.list(name, Disposition::from_name, allowed)? {
            Change::Keep => Ok(Vec::new()),
            Change::Clear => Err(Refusal::of(name, format!("is empty; allowed is {}", allowed()))),
            Change::Set(dispositions) => Ok(dispositions),
        }
    }
}
