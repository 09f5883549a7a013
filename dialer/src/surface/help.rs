//! Help in the forms that Asterisk shows, made from what the code itself knows:
//! actions from [`ACTIONS`], events from records as they go out on the wire.
//!
//! [`text`] is what `manager show command` prints. [`xml`] is a file for
//! Asterisk's documentation folder, which `manager show event` and tools read
//! (its format: `appdocsxml.dtd`).

mod dialplan;

use crate::dialer::{Event, What};
use crate::domain::{
    Agent, AgentState, Campaign, CampaignId, CampaignStatus, Destination, DestinationId, DialList,
    DialListId, Dialing, DialingId, DialingParts, DialingStatus, Disposition, Offer, OfferId,
    OfferState, Plan, PlanId, Target, TargetId, TeamName, Timestamp,
};
use crate::surface::ami::{self, Action, ACTIONS};
use std::fmt::{Display, Write};
use uuid::Uuid;

pub use dialplan::{
    application_text, function_arguments, function_syntax, function_text, APPLICATION_SYNOPSIS,
    FUNCTION_SYNOPSIS,
};

/// What an action does and takes, as plain text.
pub fn text(action: &Action) -> String {
    let mut text = format!("{}\n\nHeaders (* is required):\n", action.description);
    let width = action.headers().map(|header| header.name.len()).max().unwrap_or(0);
    for header in action.headers() {
        let mark = if header.required { '*' } else { ' ' };
        // Writing to a String does not fail.
        let _ = writeln!(text, "{mark} {:<width$}  {}", header.name, header.text);
    }
    text
}

/// Every action and event, the application and the function as one documentation file.
pub fn xml() -> String {
    let mut xml = Xml::new();
    xml.open("docs", &[]);
    dialplan::application_xml(&mut xml);
    dialplan::function_xml(&mut xml);
    for action in ACTIONS {
        action_xml(&mut xml, action);
    }
    for event in samples() {
        event_xml(&mut xml, &event);
    }
    xml.close("docs");
    xml.text
}

fn action_xml(xml: &mut Xml, action: &Action) {
    xml.open("manager", &[("name", action.name), LANGUAGE, MODULE]);
    xml.leaf("synopsis", action.synopsis);
    xml.open("syntax", &[]);
    for header in action.headers() {
        let required = if header.required { "yes" } else { "no" };
        parameter(xml, &[("name", header.name), ("required", required)], header.text);
    }
    xml.close("syntax");
    xml.open("description", &[]);
    xml.leaf("para", action.description);
    xml.close("description");
    xml.close("manager");
}

fn event_xml(xml: &mut Xml, event: &Event) {
    let (name, lines) = ami::event(event);
    xml.open("managerEvent", &[("name", name), LANGUAGE, MODULE]);
    xml.open("managerEventInstance", &[("class", "EVENT_FLAG_MESSAGE"), MODULE]);
    xml.leaf("synopsis", &synopsis(event));
    xml.open("syntax", &[]);
    for header in header_names(&lines) {
        let text = header_text(event, header).unwrap_or_default();
        parameter(xml, &[("name", header)], &text);
    }
    xml.close("syntax");
    xml.close("managerEventInstance");
    xml.close("managerEvent");
}

const LANGUAGE: (&str, &str) = ("language", "en_US");
const MODULE: (&str, &str) = ("module", "res_outbound");

fn parameter(xml: &mut Xml, attributes: &[(&str, &str)], text: &str) {
    xml.open("parameter", attributes);
    xml.leaf("para", text);
    xml.close("parameter");
}

fn header_names(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name)
}

fn synopsis(event: &Event) -> String {
    let (noun, what) = match event {
        Event::Campaign(what, _) => ("campaign", what),
        Event::Plan(what, _) => ("plan", what),
        Event::Destination(what, _) => ("destination", what),
        Event::List(what, _) => ("dial list", what),
        Event::Target(what, _) => ("target", what),
        Event::Imported(..) => return "Targets were put into a dial list from a file.".to_owned(),
        Event::Preview(..) => return "A target is offered to an agent, or no more.".to_owned(),
        Event::Reset(..) => return "Targets of a dial list were made dialable again.".to_owned(),
        Event::Dialing(What::Created, _) => return "A number is about to be dialled.".to_owned(),
        Event::Dialing(What::Deleted, _) => return "A dialing is over.".to_owned(),
        Event::Dialing(what, _) => ("dialing", what),
    };
    let verb = match what {
        What::Created => "was created",
        What::Updated => "has changed",
        What::Deleted => "was deleted",
    };
    format!("A {noun} {verb}.")
}

/// What a header of an event says. Those that an action takes too have its text.
fn header_text(event: &Event, header: &str) -> Option<String> {
    let own = match event {
        Event::Campaign(..) if header == "Status" => {
            Some(codes(CampaignStatus::ALL.map(|status| (status as i32, status.name()))))
        }
        Event::Dialing(..) if header == "Status" => {
            Some(codes(DialingStatus::ALL.map(|status| (status as i32, status.name()))))
        }
        Event::Target(..) if header == "Status" => {
            Some(codes([(0, "not being dialled"), (1, "being dialled")]))
        }
        Event::Dialing(..) if header == "Disposition" => Some(format!("{}.", Disposition::names())),
        Event::Dialing(..) => find(DIALING_HEADERS, header),
        Event::Preview(..) => find(PREVIEW_HEADERS, header)
            .or_else(|| find(DIALING_HEADERS, header))
            .or_else(|| action_header("OutDlListCreate", header)),
        _ => None,
    };
    own.or_else(|| find(EVENT_HEADERS, header)).or_else(|| taken_header(event, header))
}

/// The text of the header as the object's create action, or the action of the
/// event's name, takes it.
fn taken_header(event: &Event, header: &str) -> Option<String> {
    let (name, _) = ami::event(event);
    let taken = header.replace("MaxRetryCnt", "MaxRetry");
    let object = ["Update", "Delete"].iter().find_map(|verb| name.strip_suffix(verb));
    let action = object.map_or_else(|| name.to_owned(), |object| format!("{object}Create"));
    action_header(&action, &taken)
}

fn action_header(action: &str, header: &str) -> Option<String> {
    let action = ACTIONS.iter().find(|known| known.name == action)?;
    action.headers().find(|known| known.name == header).map(|known| known.text.to_owned())
}

fn find(texts: &[(&str, &str)], header: &str) -> Option<String> {
    // `TryCnt1` … `TryCnt8` have one text.
    let general = header.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let is_it = |name: &str| name == header || name == general;
    texts.iter().find(|(name, _)| is_it(name)).map(|(_, text)| (*text).to_owned())
}

fn codes<const N: usize>(codes: [(i32, &str); N]) -> String {
    format!("{}.", codes.map(|(code, name)| format!("{code} {name}")).join(", "))
}

/// Headers of events that no action takes, or that say something else there.
const EVENT_HEADERS: &[(&str, &str)] = &[
    ("Uuid", "The object's uuid."),
    ("Variable", "Channel variable name=value; one line each."),
    ("Rows", "Rows of the file, without the header row."),
    ("Accepted", "Rows that are targets now."),
    ("Duplicates", "Rows that stood in the list already, or on a line before."),
    ("Refused", "Rows that were no targets."),
    ("Count", "Targets that were made dialable."),
    ("DlTable", "The list's uuid with underscores."),
    ("DialingUuid", "The dialing under way."),
    ("DialingCampUuid", "The campaign of the dialing under way."),
    ("DialingPlanUuid", "The plan of the dialing under way."),
    ("TryCnt", "Tries of this number so far."),
    ("ResDial", "Last control frame of the last dialing (AST_CONTROL_*); 4 is answered, 0 none."),
    ("ResDialDetail", "Disposition of the last dialing."),
    ("ResHangup", "Q.850 cause of the last dialing; 0 is none."),
    ("ResHangupDetail", "The cause in words."),
    ("TmCreate", "When it was created, UTC."),
    ("TmUpdate", "When it was last changed, UTC."),
    ("TmDelete", "When it was deleted, UTC."),
];

/// As [`EVENT_HEADERS`], of dialings.
const DIALING_HEADERS: &[(&str, &str)] = &[
    ("Uuid", "The dialing's uuid, which is the Uniqueid of its channel too."),
    ("CampUuid", "Uuid of its campaign."),
    ("PlanUuid", "Uuid of its plan."),
    ("DlmaUuid", "Uuid of its dial list."),
    ("DestUuid", "Uuid of its destination."),
    ("DlListUuid", "Uuid of its target."),
    ("CurrentQueue", "The queue that gets it when it is answered."),
    ("CurrentAgent", "The agent who took it, or for whom it is dialled: channel or interface."),
    ("DialIndex", "Which of the target's numbers, 1 to 8."),
    ("DialAddr", "The number."),
    ("DialChannel", "What is dialled, as technology/address."),
    ("DialTryCnt", "Which try of this number; 1 is the first."),
    ("DialTimeout", "How long it may go unanswered, in milliseconds."),
    ("DialType", "Type of the destination: 0 extension, 1 application."),
    ("DialExten", "Extension that gets the answered call."),
    ("DialContext", "Context of that extension."),
    ("DialApplication", "Application that gets the answered call."),
    ("DialData", "Arguments of that application."),
    ("ChannelName", "Name of its channel, once there is one."),
    ("ResDial", "Last control frame (AST_CONTROL_*); 4 is answered, 0 none."),
    ("ResAmd", "AMDSTATUS, if the AMD application ran on the call."),
    ("ResAmdDetail", "AMDCAUSE, if the AMD application ran on the call."),
    ("ResHangup", "Q.850 cause; 0 is none."),
    ("CallBackAt", "When to call back, UTC, if somebody at the call said so."),
    ("TmCreate", "When it was claimed, UTC."),
    ("TmDelete", "When it ended, UTC."),
];

/// As [`EVENT_HEADERS`], of offers; others are those of dialings and targets.
const PREVIEW_HEADERS: &[(&str, &str)] = &[
    ("Uuid", "The offer's uuid."),
    ("State", "Offered, Accepted, Skipped, TimedOut or Withdrawn."),
    ("Agent", "The agent's interface."),
    ("AgentName", "The agent's name."),
    ("DialIndex", "Which of the target's numbers would be dialled, 1 to 8."),
    ("DialTryCnt", "Which try of this number it would be; 1 is the first."),
    ("DialingUuid", "The dialing that came of it, with State Accepted."),
    ("TmOffer", "When it was offered, UTC."),
    ("TmUntil", "Until when the agent may accept it, UTC."),
];

/// One of each event, to see which headers it has.
fn samples() -> Vec<Event> {
    let now = Timestamp(0);
    let campaign = Campaign::new(CampaignId(Uuid::nil()), now);
    let mut plan = Plan::new(PlanId(Uuid::nil()), now);
    plan.tech = Some("PJSIP/".to_owned());
    let mut destination = Destination::new(DestinationId(Uuid::nil()), now);
    (destination.context, destination.exten) = (Some(String::new()), Some(String::new()));
    let list = DialList::new(DialListId(Uuid::nil()), now);
    let mut target = Target::new(TargetId(Uuid::nil()), list.id, now);
    target.numbers[0] = Some("1".to_owned());
    let parts = DialingParts {
        campaign: &campaign,
        plan: &plan,
        list: &list,
        destination: &destination,
        target: &target,
        number_at: 0,
        harbour: None,
        machines: None,
        has_agents: false,
        agent: None,
    };
    let dialing = Dialing::claim(DialingId(Uuid::nil()), Uuid::nil(), &parts, now);
    let mut samples = Vec::new();
    for what in [What::Created, What::Updated, What::Deleted] {
        samples.push(Event::Campaign(what, Box::new(campaign.clone())));
        samples.push(Event::Plan(what, Box::new(plan.clone())));
        samples.push(Event::Destination(what, Box::new(destination.clone())));
        samples.push(Event::List(what, Box::new(list.clone())));
        samples.push(Event::Target(what, target.clone().into()));
        samples.extend(dialing.clone().map(|dialing| Event::Dialing(what, dialing.into())));
    }
    samples
        .push(Event::Preview(OfferState::Offered, sample_offer(&campaign, &plan, target).into()));
    samples.push(Event::Imported(list.id, Box::default()));
    samples.push(Event::Reset(Box::new(list), Box::default()));
    samples
}

fn sample_offer(campaign: &Campaign, plan: &Plan, target: Target) -> Offer {
    let agent = Agent {
        interface: String::new(),
        name: String::new(),
        penalty: 0,
        state: AgentState::Free,
    };
    Offer {
        id: OfferId(Uuid::nil()),
        campaign: campaign.id,
        plan: plan.id,
        list: target.list,
        target: target.into(),
        number_at: 0,
        team: TeamName::Queue(String::new()),
        agent,
        made_at: Timestamp(0),
        until: Timestamp(0),
    }
}

/// An XML document under way.
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn new() -> Xml {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <!DOCTYPE docs SYSTEM \"appdocsxml.dtd\">\n";
        Xml { text: head.to_owned(), depth: 0 }
    }

    fn open(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        let attributes: String = attributes
            .iter()
            .map(|(name, value)| format!(" {name}=\"{}\"", escape(value)))
            .collect();
        self.line(format_args!("<{tag}{attributes}>"));
        self.depth += 1;
    }

    fn close(&mut self, tag: &str) {
        self.depth -= 1;
        self.line(format_args!("</{tag}>"));
    }

    fn leaf(&mut self, tag: &str, text: &str) {
        self.line(format_args!("<{tag}>{}</{tag}>", escape(text)));
    }

    fn line(&mut self, line: impl Display) {
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{:1$}{line}", "", self.depth * 2);
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails unless every tag that is opened is closed in its order, and no
    /// character stands there that had to be escaped.
    fn check_well_formed(xml: &str) {
        let mut open = Vec::new();
        let body = xml.split_once("<docs>").expect("one root").1;
        let mut rest = &xml[xml.len() - body.len() - "<docs>".len()..];
        while let Some((text, tail)) = rest.split_once('<') {
            check_text(text);
            assert!(text.trim().is_empty() || !open.is_empty(), "text outside of the root: {text}");
            let (tag, tail) = tail.split_once('>').expect("a tag ends");
            rest = tail;
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None => open.push(check_tag(tag)),
            }
        }
        assert!(open.is_empty() && rest.trim().is_empty(), "left open: {open:?}, {rest}");
    }

    /// Name of a start tag whose attributes are all `name="value"`.
    fn check_tag(tag: &str) -> &str {
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{tag}");
        while let Some((attribute, tail)) = attributes.split_once("=\"") {
            assert!(attribute.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()), "{tag}");
            let (value, tail) = tail.split_once('"').expect("a value ends");
            check_text(value);
            attributes = tail;
        }
        assert_eq!(attributes, "", "{tag}");
        name
    }

    fn check_text(text: &str) {
        for part in text.split('&').skip(1) {
            let entity = part.split_once(';').expect("an entity ends").0;
            assert!(["amp", "lt", "gt", "quot"].contains(&entity), "&{entity};");
        }
        assert!(!text.contains(['"', '>']), "not escaped: {text}");
    }

    /// What stands between the start tag of this name and its end.
    fn element<'a>(xml: &'a str, tag: &str, name: &str) -> &'a str {
        let start = format!("<{tag} name=\"{name}\"");
        let mut found = xml.match_indices(&start);
        let (at, _) = found.next().unwrap_or_else(|| panic!("no {tag} {name}"));
        assert_eq!(found.next(), None, "{tag} {name} stands twice");
        xml[at..].split_once(&format!("</{tag}>")).expect("it ends").0
    }

    #[test]
    fn it_is_well_formed() {
        check_well_formed(&xml());
    }

    #[test]
    fn values_are_escaped() {
        let mut xml = Xml::new();
        xml.open("docs", &[]);
        xml.open("parameter", &[("name", "a\"b<c")]);
        xml.leaf("para", "\"Name\" <number> & more");
        xml.close("parameter");
        xml.close("docs");
        check_well_formed(&xml.text);
        assert!(xml.text.contains("<parameter name=\"a&quot;b&lt;c\">"), "{}", xml.text);
        assert!(
            xml.text.contains("<para>&quot;Name&quot; &lt;number&gt; &amp; more</para>"),
            "{}",
            xml.text
        );
    }

    #[test]
    fn every_action_is_in_it_with_every_header() {
        let xml = xml();
        for action in ACTIONS {
            let manager = element(&xml, "manager", action.name);
            assert!(manager.contains(&escape(action.synopsis)), "{}", action.name);
            assert!(manager.contains(&escape(action.description)), "{}", action.name);
            for header in action.headers() {
                let required = if header.required { "yes" } else { "no" };
                let start = format!("<parameter name=\"{}\" required=\"{required}\">", header.name);
                assert!(manager.contains(&start), "{}: {}", action.name, header.name);
                assert!(manager.contains(&escape(header.text)), "{}: {}", action.name, header.name);
            }
        }
    }

    #[test]
    fn every_event_is_in_it_and_every_header_explained() {
        let xml = xml();
        let samples = samples();
        assert_eq!(samples.len(), 21);
        for event in samples {
            let (name, lines) = ami::event(&event);
            let documented = element(&xml, "managerEvent", name);
            for header in header_names(&lines) {
                assert!(header_text(&event, header).is_some(), "{name}: {header}");
                let start = format!("<parameter name=\"{header}\">");
                assert!(documented.contains(&start), "{name}: {header}");
            }
        }
    }

    #[test]
    fn text_has_every_header() {
        for action in ACTIONS {
            let text = text(action);
            assert!(text.starts_with(action.description), "{text}");
            for header in action.headers() {
                let mark = if header.required { "* " } else { "  " };
                assert!(text.contains(&format!("\n{mark}{} ", header.name)), "{text}");
            }
        }
    }
}
