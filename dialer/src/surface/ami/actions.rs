//! Every action with its help: one source for registration, for
//! `manager show command` and for the XML documentation.

/// Which manager class an action needs (any one of them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// Changes something: `command`.
    Change,
    /// Only shows: `command` or `reporting`.
    Show,
}

/// One header of an action.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub name: &'static str,
    pub required: bool,
    pub text: &'static str,
}

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    pub name: &'static str,
    pub privilege: Privilege,
    pub synopsis: &'static str,
    pub description: &'static str,
    pub headers: &'static [&'static [Header]],
}

impl Action {
    /// All headers in order.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        self.headers.iter().copied().flatten()
    }
}

const fn header(name: &'static str, text: &'static str) -> Header {
    Header { name, required: false, text }
}

const fn required(name: &'static str, text: &'static str) -> Header {
    Header { name, required: true, text }
}

const ACTION_ID: &[Header] = &[header("ActionID", "Repeated in the answer.")];
const UUID: &[Header] = &[required("Uuid", "The object's uuid.")];
const ONE: &[Header] = &[header("Uuid", "Only this one. Without it, all are shown.")];
const NAMED: &[Header] = &[header("Name", "Name."), header("Detail", "Description.")];
const VARIABLE: &[Header] = &[header(
    "Variable",
    "Channel variable name=value of the call; may be repeated. An update replaces the whole set.",
)];

const CAMPAIGN: &[Header] = &[
    header("Plan", "Uuid of the plan: how it dials."),
    header("Dlma", "Uuid of the dial list: whom it dials."),
    header("Dest", "Uuid of the destination: who gets the answered calls."),
    header("ScMode", "0: no schedule. 1: the campaign starts when its window opens and stops when it closes. Default 0."),
    header("ScTimeStart", "When the daily window opens, hh:mm:ss. Default 00:00:00."),
    header("ScTimeEnd", "When the daily window closes, hh:mm:ss; not after ScTimeStart: on the next day. Default 23:59:59, which is the end of the day."),
    header("ScDateStart", "First calling day, YYYY-MM-DD."),
    header("ScDateEnd", "Last calling day, YYYY-MM-DD."),
    header("ScDateList", "Calling days, YYYY-MM-DD separated by commas: the only ones, or, with a range or a day list, further ones."),
    header("ScDateListExcept", "Days without calls, YYYY-MM-DD separated by commas. They win over all others."),
    header("ScDayList", "Days of the week that are calling days, 0 (Sunday) to 6 (Saturday) separated by commas."),
    header("ScTimezone", "Time zone of the schedule, an IANA name such as Europe/Berlin. Default: timezone of res_outbound.conf."),
    header("NextCampaign", "Uuid of the campaign that is started when this one's list is worked off."),
];
const STATUS: &[Header] = &[header(
    "Status",
    "1 starts, 2 pauses (live calls go on), 0 stops (live calls go on), 30 stops forcedly (live calls are hung up).",
)];
const PLAN: &[Header] = &[
    header("DialMode", "1 predictive: as many calls as its agents can serve, going by how many are answered. 2 preview: an agent looks at each target first (OutDialingPreview). 3 power: LinesPerAgent calls for each free agent. 4 robo: without regard to agents. 5 redirect: as 4, and the dialplan may send the call on. 6 progressive: one call for each free agent. 0 none: a campaign with it does not start. Default 1."),
    header("UuiField", "Target field (Name, Detail, UKey, UData, Email) or variable that is delivered as user-to-user information."),
    header("DialTimeout", "How long a call may go unanswered, in milliseconds, 1000 to 600000. Default 30000."),
    header("CallerId", "Caller id: \"Name\" <number>, or a number."),
    header("DlEndHandle", "When the list is worked off: 0 stays started, 1 stops the campaign. Default 1."),
    header("RetryDelay", "From the end of a dialing to the next try of its target, in seconds, 0 to 2592000. Default 60."),
    header("TrunkName", "Trunk: PJSIP endpoint, or context of a Local channel."),
    header("TechName", "Channel technology with its slash, such as PJSIP/."),
    header("ServiceLevel", "Dialings beyond the free agents, 0 to 1000. Default 0."),
    header("CallForward", "A call that the far end sends elsewhere (SIP 302): 0 is refused, 1 is called there. Default 0. With 1 the far end chooses whom you call, at your cost."),
    header("MaxDialings", "Most live dialings of all campaigns with this plan, 1 to 100000. Default: no cap of its own."),
    header("CallsPerSecond", "Most dialings that start in one second, of all campaigns with this plan, spread evenly, 1 to 10000. Default: no cap of its own."),
    header("MaxRetry1", "Tries of Number1 in all, 0 to 1000. Default 5."),
    header("MaxRetry2", "Tries of Number2 in all. Default 5."),
    header("MaxRetry3", "Tries of Number3 in all. Default 5."),
    header("MaxRetry4", "Tries of Number4 in all. Default 5."),
    header("MaxRetry5", "Tries of Number5 in all. Default 5."),
    header("MaxRetry6", "Tries of Number6 in all. Default 5."),
    header("MaxRetry7", "Tries of Number7 in all. Default 5."),
    header("MaxRetry8", "Tries of Number8 in all. Default 5."),
    header("LinesPerAgent", "Mode power: calls for each free agent, 1 to 20 with up to two decimals. Default 2."),
    header("AbandonTarget", "Mode predictive: most abandoned of all calls that people answer, in percent, 0.1 to 100 with up to two decimals. Default 3."),
    header("AbandonAfter", "A person who has no agent so long after the answer is abandoned, in milliseconds, 500 to 60000. Default 2000."),
    header("SafeHarbour", "Uuid of the destination that gets abandoned calls. Default: they go on waiting for an agent."),
    header("MinRing", "How long a call with agents rings at least before it is given up, in milliseconds, 0 to 60000. Default 15000."),
    header("PreviewTimeout", "Mode preview: how long an agent may look at a target, in seconds, 5 to 3600. Default 60."),
    header("Amd", "1: answering machine detection (AMD) hears each answered call first. 0: it does not. Default 0."),
    header("AmdData", "Arguments of the application AMD. Default: those of amd.conf."),
    header("MachineDest", "Uuid of the destination that gets calls that a machine answered, with Amd. Default: they are hung up."),
    header("RetryDelayBusy", "As RetryDelay, after a busy number, 0 to 2592000. Default: RetryDelay."),
    header("RetryDelayNoAnswer", "As RetryDelay, when nobody answered or was reachable. Default: RetryDelay."),
    header("RetryDelayCongestion", "As RetryDelay, when the network was full. Default: RetryDelay."),
    header("RetryDelayMachine", "As RetryDelay, after a machine answered. Default: RetryDelay."),
    header("RetryDelayAbandoned", "As RetryDelay, after the person who answered was abandoned. Default 259200, which is 72 hours."),
    header("RetryDelayFailed", "As RetryDelay, after any other failure. Default: RetryDelay."),
    header("MaxRetryBusy", "Tries of a target that end as busy, on all its numbers, 1 to 1000: after them it is out of tries. Default: no limit but that of each number."),
    header("MaxRetryNoAnswer", "As MaxRetryBusy, of tries that nobody answered."),
    header("MaxRetryCongestion", "As MaxRetryBusy, of tries that met a full network."),
    header("MaxRetryMachine", "As MaxRetryBusy, of tries that a machine answered."),
    header("MaxRetryAbandoned", "As MaxRetryBusy, of tries whose person was abandoned."),
    header("MaxRetryFailed", "As MaxRetryBusy, of tries that failed otherwise."),
];
const DESTINATION: &[Header] = &[
    header("Type", "0: an extension of the dialplan. 1: an application. Default 0."),
    header("Exten", "Extension, for type 0."),
    header("Context", "Context, for type 0."),
    header("Priority", "Priority, for type 0, 1 to 65535. Default 1."),
    header("Application", "Application, for type 1."),
    header("Data", "The application's arguments, for type 1."),
    header("Capacity", "Calls that it can serve at a time, 1 to 100000: modes with agents dial as for so many. Default: as its agents say, or no limit."),
];
const LIST: &[Header] = &[required("DlmaUuid", "Uuid of the list that it goes into.")];
const TARGET: &[Header] = &[
    header("UKey", "Your own key."),
    header("UData", "The target's user-to-user text."),
    header("Email", "Mail address."),
    header("Number1", "First number: E.164, a SIP URI, or a number of your own plan."),
    header("Number2", "Number dialled when all tries of those before are used."),
    header("Number3", "As Number2."),
    header("Number4", "As Number2."),
    header("Number5", "As Number2."),
    header("Number6", "As Number2."),
    header("Number7", "As Number2."),
    header("Number8", "As Number2."),
];
const RESET: &[Header] = &[
    header(
        "Disposition",
        "Only those whose last dialing ended so: names separated by commas. Default: all but do_not_call, which has to be named.",
    ),
    header(
        "Tries",
        "clear: the tries count from the start again. keep: they go on counting. Default clear.",
    ),
];
const IMPORT: &[Header] = &[
    required("File", "Name of the file in the folder bulk_folder of res_outbound.conf. The first row of a CSV file names the columns: Name, Detail, UKey, UData, Email, Number1 to Number8; any other name is that of a channel variable."),
    header("Format", "csv or jsonl (one JSON object a line). Default: what the name ends in."),
    header("Separator", "Between the columns of a CSV file: comma, semicolon or tab. Default: the likeliest."),
    header("DryRun", "yes: everything is checked and nothing changed. Default no."),
    header("Duplicates", "skip: a row whose UKey, or without one whose first number, stands in the list already or on a line before is not taken. take: it is. Default skip."),
];
const EXPORTED: &[Header] = &[required("DlmaUuid", "Uuid of the list.")];
const EXPORT: &[Header] = &[
    required("File", "Name of the new file in the folder bulk_folder of res_outbound.conf."),
    header("Format", "csv or jsonl (one JSON object a line). Default: what the name ends in."),
    header("Overwrite", "yes: a file of that name is replaced. Default no."),
    header(
        "Disposition",
        "Only targets whose last dialing ended so: names separated by commas. Default: all.",
    ),
];
const OUTCOME: &[Header] = &[
    header(
        "Disposition",
        "What the call counts as: call_back (dialled again after RetryDelay, or at CallBackAt), do_not_call (never dialled again), or any other disposition. Empty: what the network says.",
    ),
    header(
        "CallBackAt",
        "When to call back: +SECONDS, or a time of RFC 3339 such as 2026-11-21T15:30:00+01:00; at most 30 days ahead. Makes the disposition call_back.",
    ),
];
const PREVIEW: &[Header] = &[
    required("Do", "list: show the offers. accept: place the call now, for the agent of the offer. skip: others may call the target after RetryDelay."),
    header("Uuid", "The offer's uuid, with accept and skip."),
    header("Campaign", "With list: only offers of the campaign with this uuid."),
    header("Agent", "With list: only offers to this agent, by the interface, such as PJSIP/anna."),
];
const PAGE: &[Header] = &[
    header("DlmaUuid", "Only targets of this list."),
    header("Count", "At most so many, 0 to 1000000. Default 100."),
    header("After", "Only those behind this one: the Uuid of the last entry of the page before."),
];

const fn change(
    name: &'static str,
    synopsis: &'static str,
    description: &'static str,
    headers: &'static [&'static [Header]],
) -> Action {
    Action { name, privilege: Privilege::Change, synopsis, description, headers }
}

const fn show(
    name: &'static str,
    synopsis: &'static str,
    description: &'static str,
    headers: &'static [&'static [Header]],
) -> Action {
    Action { name, privilege: Privilege::Show, synopsis, description, headers }
}

/// Said of every update.
const UPDATES: &str = "Changes only what is sent; an empty value takes a value away or sets its default. Live calls keep what they started with.";
/// Said of every delete but a campaign's.
const DELETES: &str = "Refused while a live dialing, or a campaign that is not stopped, uses it. Stopped campaigns lose their reference.";

/// Every action.
pub const ACTIONS: &[Action] = &[
    change("OutCampaignCreate", "Create a campaign.", "The campaign is stopped at first. The answer has its Uuid.", &[ACTION_ID, NAMED, CAMPAIGN]),
    change("OutCampaignUpdate", "Change, start, pause or stop a campaign.", UPDATES, &[ACTION_ID, UUID, NAMED, STATUS, CAMPAIGN]),
    change("OutCampaignDelete", "Delete a campaign.", "Refused if the campaign is not stopped.", &[ACTION_ID, UUID]),
    show("OutCampaignShow", "Show campaigns.", "One OutCampaignEntry each, then OutCampaignListComplete.", &[ACTION_ID, ONE]),
    show("OutCampaignStatShow", "Show how far campaigns are.", "One OutCampaignStatEntry each: targets in all, finished, available now or later, being dialled, and tries so far; people who answered today and those of them who were abandoned, their share in percent today and over 30 days; and of the campaign's agents, if it dials for any, how many are free, have a call in hand, and are paused. Then OutCampaignStatListComplete.", &[ACTION_ID, ONE]),
    change("OutPlanCreate", "Create a plan.", "The answer has its Uuid.", &[ACTION_ID, NAMED, PLAN, VARIABLE]),
    change("OutPlanUpdate", "Change a plan.", UPDATES, &[ACTION_ID, UUID, NAMED, PLAN, VARIABLE]),
    change("OutPlanDelete", "Delete a plan.", DELETES, &[ACTION_ID, UUID]),
    show("OutPlanShow", "Show plans.", "One OutPlanEntry each, then OutPlanListComplete.", &[ACTION_ID, ONE]),
    change("OutDestinationCreate", "Create a destination.", "The answer has its Uuid.", &[ACTION_ID, NAMED, DESTINATION, VARIABLE]),
    change("OutDestinationUpdate", "Change a destination.", UPDATES, &[ACTION_ID, UUID, NAMED, DESTINATION, VARIABLE]),
    change("OutDestinationDelete", "Delete a destination.", DELETES, &[ACTION_ID, UUID]),
    show("OutDestinationShow", "Show destinations.", "One OutDestinationEntry each, then OutDestinationListComplete.", &[ACTION_ID, ONE]),
    change("OutDlmaCreate", "Create a dial list.", "The answer has its Uuid.", &[ACTION_ID, NAMED, VARIABLE]),
    change("OutDlmaUpdate", "Change a dial list.", UPDATES, &[ACTION_ID, UUID, NAMED, VARIABLE]),
    change("OutDlmaDelete", "Delete a dial list.", DELETES, &[ACTION_ID, UUID]),
    change("OutDlmaReset", "Make targets of a dial list dialable again.", "The answer has the Count of them. Live calls go on, and their targets are left alone.", &[ACTION_ID, UUID, RESET]),
    show("OutDlmaShow", "Show dial lists.", "One OutDlmaEntry each, then OutDlmaListComplete.", &[ACTION_ID, ONE]),
    change("OutDlListCreate", "Put a target into a dial list.", "The answer has its Uuid.", &[ACTION_ID, LIST, NAMED, TARGET, VARIABLE]),
    change("OutDlListUpdate", "Change a target.", UPDATES, &[ACTION_ID, UUID, NAMED, TARGET, VARIABLE]),
    change("OutDlListDelete", "Delete a target.", "Refused while it is being dialled.", &[ACTION_ID, UUID]),
    change("OutDlListImport", "Put the rows of a file into a dial list.", "One OutDlListImportRow for each row that is refused or a duplicate (at most 1000), OutDlListImportProgress now and then, then OutDlListImportComplete. Rows that are refused do not keep the others out.", &[ACTION_ID, LIST, IMPORT]),
    change("OutDlListExport", "Write a dial list with its results into a file.", "OutDlListExportProgress now and then, then OutDlListExportComplete. What is written can be imported again.", &[ACTION_ID, EXPORTED, EXPORT]),
    show("OutDlListShow", "Show targets.", "One OutDlListEntry each, in the list's order, then OutDlListComplete.", &[ACTION_ID, ONE, PAGE]),
    show("OutDlListExplain", "Say why a target is not being dialled now.", "The answer has the Reason in one sentence.", &[ACTION_ID, UUID]),
    show("OutDialingShow", "Show live dialings.", "One OutDialingEntry each, then OutDialingListComplete.", &[ACTION_ID, ONE]),
    change("OutDialingUpdate", "Say what a live call counts as.", "The dialing has this disposition when it ends, and its target is dialled again, or not, by it. Needs Disposition or CallBackAt. Refused once the dialing has ended. answered and machine count only if the call was answered.", &[ACTION_ID, UUID, OUTCOME]),
    change("OutDialingPreview", "List, accept or skip what agents are offered in mode preview.", "Each free agent of a campaign with DialMode 2 is offered one target at a time, for PreviewTimeout: event OutDialingPreview with State Offered. It ends with State Accepted, Skipped, TimedOut (the target is ready again, and the agent gets no new offer for as long) or Withdrawn (the campaign or the agent does not dial any more, or the target is none any more). The answer to accept has the DialingUuid; that to list is one OutDialingPreviewEntry each, then OutDialingPreviewListComplete.", &[ACTION_ID, PREVIEW]),
    show("OutDialingSummary", "Count live dialings.", "One OutDialingSummary, then OutSummaryListComplete.", &[ACTION_ID]),
];

#[cfg(test)]
mod tests {
    use super::ACTIONS;
    use std::collections::HashSet;

    #[test]
    fn each_is_there_once_and_explained() {
        let mut names = HashSet::new();
        for action in ACTIONS {
            assert!(names.insert(action.name), "{} stands twice", action.name);
            assert!(!action.synopsis.is_empty() && !action.description.is_empty());
            let mut headers = HashSet::new();
            for header in action.headers() {
                assert!(headers.insert(header.name), "{}: {}", action.name, header.name);
            }
        }
    }
}
