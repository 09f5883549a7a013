//! Actions that only show: a response, one entry each, and the end of the list.

use super::fields::Fields;
use super::{records, Backend, Block, Out};
use crate::dialer::{Command, Refusal, Reply};
use crate::domain::{CampaignId, Change, DestinationId, DialListId, DialingId, PlanId, TargetId};
use crate::limits::{SHOW_AT_ONCE, SHOW_COUNT, SHOW_COUNT_DEFAULT};
use crate::store::{Reader, StoreError, TargetPage};
use std::ops::ControlFlow;
use uuid::Uuid;

/// Words of one list on the wire.
struct List {
    /// `Campaign List`: what will follow.
    title: &'static str,
    entry: &'static str,
    complete: &'static str,
    /// `No such …`
    kind: &'static str,
}

const fn list(
    title: &'static str,
    entry: &'static str,
    complete: &'static str,
    kind: &'static str,
) -> List {
    List { title, entry, complete, kind }
}

const CAMPAIGNS: List =
    list("Campaign List", "OutCampaignEntry", "OutCampaignListComplete", "campaign");
const STATS: List =
    list("Campaign Stat List", "OutCampaignStatEntry", "OutCampaignStatListComplete", "campaign");
const PLANS: List = list("Plan List", "OutPlanEntry", "OutPlanListComplete", "plan");
const DESTINATIONS: List =
    list("Destination List", "OutDestinationEntry", "OutDestinationListComplete", "destination");
const LISTS: List = list("Dlma List", "OutDlmaEntry", "OutDlmaListComplete", "dlma");
const TARGETS: List = list("Dl List", "OutDlListEntry", "OutDlListComplete", "dl_list");
const DIALINGS: List = list("Dialing List", "OutDialingEntry", "OutDialingListComplete", "dialing");
const SUMMARY: List =
    list("Summary List", "OutDialingSummary", "OutSummaryListComplete", "dialing");

type Shown = std::result::Result<(), Refusal>;

/// Carries out an action that only shows.
pub fn show(action: &str, fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let mut objects = Objects { fields, backend, out };
    match action {
        "OutCampaignShow" => objects.show(
            &CAMPAIGNS,
            |reader, id| reader.campaign(CampaignId(id)),
            Reader::campaigns,
            records::campaign,
        ),
        "OutCampaignStatShow" => {
            // How far the lists are can be said also if the dialer cannot be asked.
            let figures = match backend.ask(Command::ShowFigures(None)) {
                Reply::Figures(figures) => figures,
                _ => Vec::new(),
            };
            objects.show(
                &STATS,
                |reader, id| Ok(reader.stats(Some(CampaignId(id)))?.pop()),
                |reader| reader.stats(None),
                |block, stat| {
                    let own = figures.iter().find(|own| own.campaign == stat.campaign);
                    records::stat(block, stat, own);
                },
            )
        }
        "OutPlanShow" => {
            objects.show(&PLANS, |reader, id| reader.plan(PlanId(id)), Reader::plans, records::plan)
        }
        "OutDestinationShow" => objects.show(
            &DESTINATIONS,
            |reader, id| reader.destination(DestinationId(id)),
            Reader::destinations,
            records::destination,
        ),
        "OutDlmaShow" => objects.show(
            &LISTS,
            |reader, id| reader.list(DialListId(id)),
            Reader::lists,
            records::list,
        ),
        "OutDlListShow" => targets(fields, backend, out),
        "OutDlListExplain" => explain(fields, backend, out),
        "OutDialingShow" => dialings(fields, backend, out),
        "OutDialingSummary" => summary(backend, out),
        _ => Err(Refusal::because("Unknown action")),
    }
}

struct Objects<'a, 'o> {
    fields: &'a Fields<'a>,
    backend: &'a dyn Backend,
    out: &'a mut Out<'o>,
}

impl Objects<'_, '_> {
    /// One object by its `Uuid`, or all.
    fn show<T>(
        &mut self,
        list: &List,
        one: impl Fn(&Reader, Uuid) -> Result<Option<T>, StoreError>,
        all: impl Fn(&Reader) -> Result<Vec<T>, StoreError>,
        record: impl Fn(&mut Block, &T),
    ) -> Shown {
        let id = self.fields.object("Uuid", list.kind)?;
        let mut found = Vec::new();
        let mut read = |reader: &Reader| {
            found = match id {
                Some(id) => one(reader, id)?.into_iter().collect(),
                None => all(reader)?,
            };
            Ok(())
        };
        self.backend.read(&mut read)?;
        if id.is_some() && found.is_empty() {
            return Err(Refusal::unknown(list.kind));
        }
        start(list, self.out);
        for object in &found {
            entry(list, self.out, |block| record(block, object));
        }
        complete(list, found.len(), self.out);
        Ok(())
    }
}

/// One target by its `Uuid`, or a page of them: `DlmaUuid`, `Count`, and `After`
/// (the uuid of the last entry of the page before).
fn targets(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    if let Some(id) = fields.object("Uuid", TARGETS.kind)? {
        let mut found = None;
        let mut read = |reader: &Reader| {
            found = reader.target(TargetId(id))?;
            Ok(())
        };
        backend.read(&mut read)?;
        let target = found.ok_or_else(|| Refusal::unknown(TARGETS.kind))?;
        start(&TARGETS, out);
        entry(&TARGETS, out, |block| records::target(block, &target));
        complete(&TARGETS, 1, out);
        return Ok(());
    }
    let most = match fields.number("Count", SHOW_COUNT)? {
        Change::Set(count) => count,
        Change::Keep | Change::Clear => SHOW_COUNT_DEFAULT,
    };
    let page = TargetPage {
        list: fields.object("DlmaUuid", LISTS.kind)?.map(DialListId),
        after: fields.object("After", TARGETS.kind)?.map(TargetId),
        most,
    };
    check_after(&page, backend)?;
    send_pages(page, backend, out)
}

/// Reads and sends by turns, so that a client that is slow to read keeps nobody
/// from the database.
fn send_pages(mut page: TargetPage, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let mut shown = 0;
    loop {
        let wanted = page.most.min(SHOW_AT_ONCE);
        let mut found = Vec::new();
        let read = backend.read(&mut |reader| {
            reader.targets(TargetPage { most: wanted, ..page }, |target| {
                found.push(target);
                ControlFlow::Continue(())
            })
        });
        match read {
            Ok(()) => {}
            Err(error) if shown == 0 => return Err(error.into()),
            // The list has begun, so its end must say that it is not whole.
            Err(_) => {
                let mut block = out.block("Event", TARGETS.complete);
                block.line("EventList", "Cancelled");
                block.line("ListItems", shown);
                out.send(block);
                return Ok(());
            }
        }
        if shown == 0 {
            start(&TARGETS, out);
        }
        for target in &found {
            entry(&TARGETS, out, |block| records::target(block, target));
        }
        shown += found.len();
        page.most -= wanted;
        page.after = found.last().map(|target| target.id);
        if page.most == 0 || found.len() < wanted as usize {
            complete(&TARGETS, shown, out);
            return Ok(());
        }
    }
}

/// A place that is none would have the client read the first page for ever. One
/// whose target was deleted meanwhile still is one.
fn check_after(page: &TargetPage, backend: &dyn Backend) -> Shown {
    let Some(after) = page.after else { return Ok(()) };
    let mut is_known = false;
    let mut read = |reader: &Reader| {
        is_known = reader.has_place(after)?;
        Ok(())
    };
    backend.read(&mut read)?;
    match is_known {
        true => Ok(()),
        false => Err(Refusal::of("After", "no such dl_list")),
    }
}

fn explain(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let target = TargetId(fields.required_object("Uuid", TARGETS.kind)?);
    let reason = match backend.ask(Command::Explain(target)) {
        Reply::Explained(reason) => reason,
        Reply::Refused(refusal) => return Err(refusal),
        _ => return Err(Refusal::misunderstood()),
    };
    let mut block = out.response("Success");
    block.line("Message", "Dl list explained successfully");
    block.line("Uuid", target);
    block.line("Reason", reason);
    out.send(block);
    Ok(())
}

fn dialings(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let id = fields.object("Uuid", DIALINGS.kind)?.map(DialingId);
    let dialings = match backend.ask(Command::ShowDialings(id)) {
        Reply::Dialings(dialings) => dialings,
        Reply::Refused(refusal) => return Err(refusal),
        _ => return Err(Refusal::misunderstood()),
    };
    start(&DIALINGS, out);
    for dialing in &dialings {
        entry(&DIALINGS, out, |block| {
            records::dialing(block, dialing);
            block.optional("TmDelete", None::<&str>);
        });
    }
    complete(&DIALINGS, dialings.len(), out);
    Ok(())
}

fn summary(backend: &dyn Backend, out: &mut Out<'_>) -> Shown {
    let status = match backend.ask(Command::ShowStatus) {
        Reply::Status(status) => status,
        Reply::Refused(refusal) => return Err(refusal),
        _ => return Err(Refusal::misunderstood()),
    };
    start(&SUMMARY, out);
    entry(&SUMMARY, out, |block| block.line("Count", status.dialings));
    complete(&SUMMARY, 1, out);
    Ok(())
}

fn start(list: &List, out: &mut Out<'_>) {
    let mut block = out.response("Success");
    block.line("EventList", "start");
    block.line("Message", format_args!("{} will follow", list.title));
    out.send(block);
}

fn entry(list: &List, out: &mut Out<'_>, record: impl FnOnce(&mut Block)) {
    let mut block = out.block("Event", list.entry);
    record(&mut block);
    out.send(block);
}

fn complete(list: &List, items: usize, out: &mut Out<'_>) {
    let mut block = out.block("Event", list.complete);
    block.line("EventList", "Complete");
    block.line("ListItems", items);
    out.send(block);
}
