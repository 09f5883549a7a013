//! Offers of targets to agents: a list of them, and what an agent says to one.

use super::fields::Fields;
use super::{records, Backend, Out};
use crate::dialer::{Command, Refusal, Reply};
use crate::domain::{CampaignId, Change, OfferId, OfferState};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Do {
    List,
    Accept,
    Skip,
}

const WORDS: [(&str, Do); 3] = [("list", Do::List), ("accept", Do::Accept), ("skip", Do::Skip)];

/// What an interface may have besides letters and digits.
const INTERFACE_CHARACTERS: &str = "/_-.:@+*#=~";

type Answered = Result<(), Refusal>;

/// Carries `OutDialingPreview` out.
pub fn answer(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Answered {
    let wanted = fields.code_word("Do", &WORDS)?;
    let missing = || Refusal::of("Do", "is required; allowed is list, accept or skip");
    let command = match wanted.ok_or_else(missing)? {
        Do::List => return list(fields, backend, out),
        Do::Accept => Command::AcceptOffer(offer(fields)?),
        Do::Skip => Command::SkipOffer(offer(fields)?),
    };
    let (message, dialing) = match backend.ask(command) {
        Reply::Created(dialing) => ("Preview accepted successfully", Some(dialing)),
        Reply::Updated => ("Preview skipped successfully", None),
        Reply::Refused(why) => return Err(why),
        _ => return Err(Refusal::misunderstood()),
    };
    let mut block = out.response("Success");
    block.line("Message", message);
    if let Some(dialing) = dialing {
        block.line("DialingUuid", dialing);
    }
    out.send(block);
    Ok(())
}

/// The offer that an agent says something to.
fn offer(fields: &Fields<'_>) -> Result<OfferId, Refusal> {
    for other in ["Campaign", "Agent"] {
        if fields.raw(other).is_some() {
            return Err(Refusal::of(other, "is not allowed here; allowed is with Do: list"));
        }
    }
    Ok(OfferId(fields.required_object("Uuid", "preview")?))
}

fn list(fields: &Fields<'_>, backend: &dyn Backend, out: &mut Out<'_>) -> Answered {
    if fields.raw("Uuid").is_some() {
        let reason = "is not allowed here; allowed is with Do: accept and Do: skip";
        return Err(Refusal::of("Uuid", reason));
    }
    let campaign = set(fields.reference("Campaign", "campaign")?).map(CampaignId);
    let agent = set(fields.token("Agent", INTERFACE_CHARACTERS)?);
    let offers = match backend.ask(Command::ShowOffers(campaign, agent)) {
        Reply::Offers(offers) => offers,
        Reply::Refused(why) => return Err(why),
        _ => return Err(Refusal::misunderstood()),
    };
    let mut block = out.response("Success");
    block.line("EventList", "start");
    block.line("Message", "Preview List will follow");
    out.send(block);
    for offer in &offers {
        let mut block = out.block("Event", "OutDialingPreviewEntry");
        records::offer(&mut block, OfferState::Offered, offer);
        out.send(block);
    }
    let mut block = out.block("Event", "OutDialingPreviewListComplete");
    block.line("EventList", "Complete");
    block.line("ListItems", offers.len());
    out.send(block);
    Ok(())
}

fn set<T>(change: Change<T>) -> Option<T> {
    match change {
        Change::Set(value) => Some(value),
        Change::Keep | Change::Clear => None,
    }
}
