//! Commands that change something. They become the headers of the manager's
//! actions, so that every check and message is the same.

use super::names;
use super::request::Headers;
use super::{kind, line, unexpected, Kind, Print, Result};
use crate::dialer::{Command, Refusal, Reply};
use crate::domain::{CampaignId, CampaignPatch, CampaignStatus, StatusRequest};
use crate::surface::ami::{self, parse_uuid, Backend};
use uuid::Uuid;

pub(super) fn create(
    kind: Kind,
    headers: Headers,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let (message, made) = act(kind, "Create", headers, backend)?;
    let uuid = made.ok_or_else(unexpected)?;
    line(print, &format!("{message}. {}[{uuid}]", kind.uuid_label()));
    Ok(())
}

pub(super) fn update(
    kind: Kind,
    object: &str,
    mut headers: Headers,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let uuid = names::find(kind, object, backend)?;
    headers.push(("Uuid", uuid.to_string()));
    let (message, _) = act(kind, "Update", headers, backend)?;
    line(print, &message);
    Ok(())
}

pub(super) fn delete(
    kind: Kind,
    object: &str,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let uuid = names::find(kind, object, backend)?;
    let (message, _) = act(kind, "Delete", vec![("Uuid", uuid.to_string())], backend)?;
    line(print, &message);
    Ok(())
}

pub(super) fn set_status(
    status: StatusRequest,
    object: &str,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let id = CampaignId(names::find(Kind::Campaign, object, backend)?);
    let patch = CampaignPatch { status: Some(status), ..CampaignPatch::default() };
    match backend.ask(Command::UpdateCampaign(id, patch)) {
        Reply::Updated => {}
        Reply::Refused(why) => return Err(why),
        _ => return Err(unexpected()),
    }
    // Done is done, also if it cannot be read what the status is now.
    let mut now = None;
    let _ = backend.read(&mut |reader| {
        now = reader.campaign(id)?.map(|campaign| campaign.status.name());
        Ok(())
    });
    let message = match now {
        Some(now) => format!("Campaign status is {now}. camp-uuid[{id}]"),
        None => "Campaign updated successfully".to_owned(),
    };
    line(print, &message);
    if status == StatusRequest::Start && now == Some(CampaignStatus::Stop.name()) {
        line(print, "Its list has nothing left to dial, so it has ended already.");
    }
    Ok(())
}

pub(super) fn reset(
    list: &str,
    mut headers: Headers,
    backend: &dyn Backend,
    print: &mut Print<'_>,
) -> Result<()> {
    let uuid = names::find(Kind::List, list, backend)?;
    headers.push(("Uuid", uuid.to_string()));
    let count = ami::reset_by(&bytes(&headers), backend)?;
    let targets = if count == 1 { "target is" } else { "targets are" };
    line(print, &format!("Dlma reset successfully: {count} {targets} dialable again"));
    Ok(())
}

fn act(
    kind: Kind,
    verb: &str,
    mut headers: Headers,
    backend: &dyn Backend,
) -> Result<(String, Option<Uuid>)> {
    let action = kind.action(verb).ok_or_else(unexpected)?;
    for (name, value) in &mut headers {
        if let Some(kind) = kind::referred(name) {
            resolve(name, kind, value, backend)?;
        }
    }
    ami::change_by(action.name, &bytes(&headers), backend)
}

/// Puts the uuid in the place of a name.
fn resolve(
    header: &'static str,
    kind: Kind,
    value: &mut String,
    backend: &dyn Backend,
) -> Result<()> {
    if value.is_empty() || parse_uuid(value).is_some() {
        return Ok(());
    }
    let found = names::find(kind, value, backend);
    *value = found.map_err(|why| Refusal::of(header, why.reason))?.to_string();
    Ok(())
}

pub(super) fn bytes(headers: &Headers) -> Vec<(&[u8], &[u8])> {
    headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
}
