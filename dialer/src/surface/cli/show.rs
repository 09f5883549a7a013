//! Commands that only show.

use super::names::{self, end_of, Names};
use super::table::{fixed_row, fixed_titles, number, table, text, Column, UUID};
use super::{line, unexpected, views, Kind, Print, Result};
use crate::dialer::{Command, Reply};
use crate::domain::{
    Campaign, CampaignId, CampaignStatus, Destination, DestinationId, DialListId, Dialing,
    DialingId, ListCounts, Offer, Plan, PlanId, Target, TargetId,
};
use crate::limits::SHOW_AT_ONCE;
use crate::store::{CampaignStat, Reader, StoreError, TargetPage};
use crate::surface::ami::Backend;
use serde_json::Value;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use uuid::Uuid;

type Read<T> = std::result::Result<T, StoreError>;

/// A reading of the store that brings one value.
fn read<T>(backend: &dyn Backend, of: impl Fn(&Reader) -> Read<T>) -> Result<T> {
    let mut value = None;
    let mut read = |reader: &Reader| {
        value = Some(of(reader)?);
        Ok(())
    };
    backend.read(&mut read)?;
    value.ok_or_else(unexpected)
}

/// A table of all objects of a kind.
pub(super) fn all(kind: Kind, backend: &dyn Backend, print: &mut Print<'_>) -> Result<()> {
    let text = match kind {
        Kind::Campaign => read(backend, campaigns)?,
        Kind::Plan => plans(&read(backend, Reader::plans)?),
        Kind::Destination => destinations(&read(backend, Reader::destinations)?),
        Kind::List => read(backend, lists)?,
        Kind::Dialing => {
            let dialings = live(None, backend)?;
            read(backend, |reader| table_of_dialings(&dialings, reader))?
        }
        Kind::Target => return Err(unexpected()),
    };
    print(&text);
    Ok(())
}

const CAMPAIGN_COLUMNS: [Column; 9] = [
    UUID,
    text("Name", 14),
    text("Detail", 10),
    text("Status", 17),
    text("Plan", 10),
    text("Dlma", 10),
    text("Dest", 10),
    text("Done", 15),
    number("Live", 5),
];

fn campaigns(reader: &Reader) -> Read<String> {
    let names = Names::read(reader)?;
    let stats = reader.stats(None)?;
    let counts: HashMap<CampaignId, ListCounts> =
        stats.iter().map(|CampaignStat { campaign, counts }| (*campaign, *counts)).collect();
    let row = |campaign: &Campaign| {
        let counts = counts.get(&campaign.id).copied().unwrap_or_default();
        [
            campaign.id.to_string(),
            shown(&campaign.name),
            shown(&campaign.detail),
            campaign.status.name().to_owned(),
            names.label(campaign.plan.map(|id| id.0)),
            names.label(campaign.list.map(|id| id.0)),
            names.label(campaign.destination.map(|id| id.0)),
            progress(&counts),
            counts.dialing.to_string(),
        ]
    };
    let rows: Vec<_> = reader.campaigns()?.iter().map(row).collect();
    Ok(table(&CAMPAIGN_COLUMNS, &rows))
}

/// `12/300`: done of all.
fn progress(counts: &ListCounts) -> String {
    format!("{}/{}", counts.done, counts.total())
}

const PLAN_COLUMNS: [Column; 7] = [
    UUID,
    text("Name", 20),
    text("Detail", 20),
    text("DialMode", 10),
    number("DialTimeout", 11),
    text("TrunkName", 16),
    text("TechName", 10),
];

fn plans(plans: &[Plan]) -> String {
    let row = |plan: &Plan| {
        [
            plan.id.to_string(),
            shown(&plan.name),
            shown(&plan.detail),
            plan.mode.name().to_owned(),
            plan.dial_timeout_ms.to_string(),
            shown(&plan.trunk),
            shown(&plan.tech),
        ]
    };
    table(&PLAN_COLUMNS, &plans.iter().map(row).collect::<Vec<_>>())
}

const LIST_COLUMNS: [Column; 4] = [UUID, text("Name", 24), text("Detail", 24), text("Table", 36)];

fn lists(reader: &Reader) -> Read<String> {
    let lists = reader.lists()?;
    let row = |list: &crate::domain::DialList| {
        [list.id.to_string(), shown(&list.name), shown(&list.detail), list.table_name()]
    };
    Ok(table(&LIST_COLUMNS, &lists.iter().map(row).collect::<Vec<_>>()))
}

const DESTINATION_COLUMNS: [Column; 8] = [
    UUID,
    text("Name", 14),
    text("Detail", 14),
    text("Type", 11),
    text("Exten", 10),
    text("Context", 10),
    text("Application", 12),
    text("Data", 20),
];

fn destinations(destinations: &[Destination]) -> String {
    let row = |destination: &Destination| {
        [
            destination.id.to_string(),
            shown(&destination.name),
            shown(&destination.detail),
            (destination.kind as i32).to_string(),
            shown(&destination.exten),
            shown(&destination.context),
            shown(&destination.application),
            shown(&destination.data),
        ]
    };
    table(&DESTINATION_COLUMNS, &destinations.iter().map(row).collect::<Vec<_>>())
}

const DIALING_COLUMNS: [Column; 9] = [
    UUID,
    text("Status", 10),
    text("Channel", 20),
    text("Addr", 16),
    text("Camp", 8),
    text("Plan", 8),
    text("Dlma", 8),
    text("Dest", 8),
    text("Dl", 8),
];

fn table_of_dialings(dialings: &[Arc<Dialing>], reader: &Reader) -> Read<String> {
    let names = Names::read(reader)?;
    let mut rows = Vec::with_capacity(dialings.len());
    for dialing in dialings {
        let target = reader.target(dialing.target)?.and_then(|target| target.name);
        rows.push([
            dialing.id.to_string(),
            dialing.status.name().to_owned(),
            dialing.channel_name.clone().unwrap_or_else(|| dialing.copy.dial_channel()),
            dialing.number.clone(),
            names.label(Some(dialing.campaign.0)),
            names.label(Some(dialing.plan.0)),
            names.label(Some(dialing.list.0)),
            names.label(Some(dialing.destination.0)),
            target.unwrap_or_else(|| end_of(dialing.target.0)),
        ]);
    }
    Ok(table(&DIALING_COLUMNS, &rows))
}

const PREVIEW_COLUMNS: [Column; 6] = [
    UUID,
    text("Camp", 14),
    text("Agent", 24),
    text("Name", 16),
    text("Addr", 16),
    text("Until", 30),
];

/// What agents are offered.
pub(super) fn previews(backend: &dyn Backend, print: &mut Print<'_>) -> Result<()> {
    let offers = match backend.ask(Command::ShowOffers(None, None)) {
        Reply::Offers(offers) => offers,
        Reply::Refused(why) => return Err(why),
        _ => return Err(unexpected()),
    };
    let names = read(backend, Names::read)?;
    let row = |offer: &Arc<Offer>| {
        [
            offer.id.to_string(),
            names.label(Some(offer.campaign.0)),
            offer.agent.interface.clone(),
            shown(&offer.target.name),
            offer.number().unwrap_or_default().to_owned(),
            offer.until.to_string(),
        ]
    };
    print(&table(&PREVIEW_COLUMNS, &offers.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

const TARGET_COLUMNS: [Column; 6] = [
    UUID,
    text("Name", 16),
    text("Detail", 16),
    text("State", 9),
    number("Tries", 5),
    text("Numbers", 8 * 82),
];

/// Targets of a list, printed as they are read.
pub(super) fn targets(
    list: &str,
    most: u32,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let id = DialListId(names::find(Kind::List, list, backend)?);
    if read(backend, |reader| reader.list(id))?.is_none() {
        return Err(Kind::List.not_found(list));
    }
    print(&fixed_titles(&TARGET_COLUMNS));
    // One more than is wanted tells whether there are more.
    let mut left = most.saturating_add(1);
    let mut page = TargetPage { list: Some(id), ..TargetPage::default() };
    // Reads and prints by turns: a slow terminal keeps nobody from the database.
    loop {
        page.most = left.min(SHOW_AT_ONCE);
        let found = read(backend, |reader| targets_of(page, reader))?;
        for target in &found {
            left -= 1;
            if left == 0 {
                line(print, &format!("The first {most}; there are more: say how many at the end."));
                return Ok(());
            }
            print(&fixed_row(&TARGET_COLUMNS, &target_row(target)));
        }
        if found.len() < page.most as usize {
            return Ok(());
        }
        page.after = found.last().map(|target| target.id);
    }
}

fn targets_of(page: TargetPage, reader: &Reader) -> Read<Vec<Target>> {
    let mut found = Vec::new();
    reader.targets(page, |target| {
        found.push(target);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn target_row(target: &Target) -> [String; 6] {
    let numbers = target.numbers.iter().zip(1..);
    let numbers = numbers.filter_map(|(number, at)| Some(format!("{at}:{}", number.as_ref()?)));
    [
        target.id.to_string(),
        shown(&target.name),
        shown(&target.detail),
        views::state(target).to_owned(),
        target.tries_in_all().to_string(),
        numbers.collect::<Vec<_>>().join(" "),
    ]
}

/// One object, as JSON.
pub(super) fn one(
    kind: Kind,
    object: &str,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let uuid = names::find(kind, object, backend)?;
    let found = match kind {
        Kind::Campaign => campaign(CampaignId(uuid), backend)?,
        Kind::Dialing => live(Some(DialingId(uuid)), backend)?.first().map(|d| views::dialing(d)),
        _ => read(backend, |reader| stored(kind, uuid, reader))?,
    };
    let record = found.ok_or_else(|| kind.not_found(object))?;
    let (title, label) = (kind.title(), kind.uuid_label());
    print(&format!("{title} detail info. {label}[{uuid}]\n\n{record:#}\n"));
    Ok(())
}

fn stored(kind: Kind, uuid: Uuid, reader: &Reader) -> Read<Option<Value>> {
    let used =
        |of: &dyn Fn(&Campaign) -> bool| Ok::<_, StoreError>(reader.campaigns()?.iter().any(of));
    Ok(match kind {
        Kind::Plan => {
            let used = used(&|campaign| campaign.plan == Some(PlanId(uuid)))?;
            reader.plan(PlanId(uuid))?.map(|plan| views::plan(&plan, used))
        }
        Kind::Destination => {
            let used = used(&|campaign| campaign.destination == Some(DestinationId(uuid)))?;
            let found = reader.destination(DestinationId(uuid))?;
            found.map(|destination| views::destination(&destination, used))
        }
        Kind::List => {
            let used = used(&|campaign| campaign.list == Some(DialListId(uuid)))?;
            reader.list(DialListId(uuid))?.map(|list| views::list(&list, used))
        }
        Kind::Target => reader.target(TargetId(uuid))?.map(|target| views::target(&target)),
        Kind::Campaign | Kind::Dialing => None,
    })
}

/// A campaign with its figures, if the dialer can be asked for them.
fn campaign(id: CampaignId, backend: &dyn Backend) -> Result<Option<Value>> {
    let Some(campaign) = read(backend, |reader| reader.campaign(id))? else { return Ok(None) };
    let figures = match backend.ask(Command::ShowFigures(Some(id))) {
        Reply::Figures(mut figures) => figures.pop(),
        _ => None,
    };
    let used = campaign.status != CampaignStatus::Stop;
    Ok(Some(views::campaign(&campaign, used, figures.as_ref())))
}

/// Live dialings, or one of them if it is live.
fn live(id: Option<DialingId>, backend: &dyn Backend) -> Result<Vec<Arc<Dialing>>> {
    match backend.ask(Command::ShowDialings(None)) {
        Reply::Dialings(mut dialings) => {
            dialings.retain(|dialing| id.is_none_or(|id| dialing.id == id));
            Ok(dialings)
        }
        Reply::Refused(why) => Err(why),
        _ => Err(unexpected()),
    }
}

/// Why a target is not being dialled now.
pub(super) fn explain(target: &str, backend: &dyn Backend, print: &mut Print<'_>) -> Result<()> {
    let id = TargetId(names::find(Kind::Target, target, backend)?);
    match backend.ask(Command::Explain(id)) {
        Reply::Explained(reason) => {
            line(print, &reason);
            Ok(())
        }
        Reply::Refused(why) => Err(why),
        _ => Err(unexpected()),
    }
}

fn shown(text: &Option<String>) -> String {
    text.clone().unwrap_or_default()
}
