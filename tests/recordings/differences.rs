//! What may differ from the recordings, each with its reason.

/// Headers that came later: of messages whose name begins so, this one, which
/// stands behind that one, the last of the recording's or another added one.
pub const ADDED: &[(&str, &str, &str)] = &[
    ("Response", "Uuid", "Message"),
    ("OutPlan", "UuiField", "MaxRetryCnt8"),
    ("OutPlan", "ServiceLevel", "MaxRetryCnt8"),
    ("OutPlan", "CallForward", "MaxRetryCnt8"),
    ("OutPlan", "MaxDialings", "MaxRetryCnt8"),
    ("OutPlan", "CallsPerSecond", "MaxRetryCnt8"),
    ("OutPlan", "LinesPerAgent", "MaxRetryCnt8"),
    ("OutPlan", "AbandonTarget", "MaxRetryCnt8"),
    ("OutPlan", "AbandonAfter", "MaxRetryCnt8"),
    ("OutPlan", "SafeHarbour", "MaxRetryCnt8"),
    ("OutPlan", "MinRing", "MaxRetryCnt8"),
    ("OutPlan", "PreviewTimeout", "MaxRetryCnt8"),
    ("OutPlan", "Amd", "MaxRetryCnt8"),
    ("OutPlan", "AmdData", "MaxRetryCnt8"),
    ("OutPlan", "MachineDest", "MaxRetryCnt8"),
    ("OutPlan", "RetryDelayBusy", "MaxRetryCnt8"),
    ("OutPlan", "RetryDelayNoAnswer", "MaxRetryCnt8"),
    ("OutPlan", "RetryDelayCongestion", "MaxRetryCnt8"),
    ("OutPlan", "RetryDelayMachine", "MaxRetryCnt8"),
    ("OutPlan", "RetryDelayAbandoned", "MaxRetryCnt8"),
    ("OutPlan", "RetryDelayFailed", "MaxRetryCnt8"),
    ("OutPlan", "MaxRetryBusy", "MaxRetryCnt8"),
    ("OutPlan", "MaxRetryNoAnswer", "MaxRetryCnt8"),
    ("OutPlan", "MaxRetryCongestion", "MaxRetryCnt8"),
    ("OutPlan", "MaxRetryMachine", "MaxRetryCnt8"),
    ("OutPlan", "MaxRetryAbandoned", "MaxRetryCnt8"),
    ("OutPlan", "MaxRetryFailed", "MaxRetryCnt8"),
    ("OutDestination", "Capacity", "Data"),
    ("OutCampaign", "ScTimezone", "ScDayList"),
    ("OutCampaign", "NextCampaign", "ScDayList"),
    ("OutCampaignStat", "AnsweredToday", "DlCalledCount"),
    ("OutCampaignStat", "AbandonedToday", "DlCalledCount"),
    ("OutCampaignStat", "AbandonRateToday", "DlCalledCount"),
    ("OutCampaignStat", "AbandonRate30Days", "DlCalledCount"),
    ("OutCampaignStat", "AgentsFree", "DlCalledCount"),
    ("OutCampaignStat", "AgentsBusy", "DlCalledCount"),
    ("OutCampaignStat", "AgentsPaused", "DlCalledCount"),
    ("OutDlList", "UData", "ResHangupDetail"),
    ("OutDialing", "CurrentQueue", "DlListUuid"),
    ("OutDialing", "CurrentAgent", "DlListUuid"),
    ("OutDialing", "ResAmd", "ResDial"),
    ("OutDialing", "ResAmdDetail", "ResDial"),
    ("OutDialing", "Disposition", "ResHangupDetail"),
    ("OutDialing", "CallBackAt", "ResHangupDetail"),
];

/// Keys of result lines that came later, besides `info_…`.
pub const ADDED_KEYS: &[&str] = &[
    "disposition",
    "network_disposition",
    "call_back_at",
    "res_amd",
    "res_amd_detail",
    "res_tech",
    "tm_dial_begin",
    "dlma_variables",
    "user_to_user",
    "queue",
    "agent",
    "tm_connected",
    "tm_abandoned",
];

/// Who answers the phone in the recordings.
pub const PEOPLE: &str = include_str!("extensions.conf");

/// Where a value of the recording is refused: file, step, header, value, and what
/// is sent in its place, so that the rest of the recording has what it needs.
/// Nothing: the line is left out. `Out…Create`: the uuid of an object made so.
pub const INSTEAD: &[(&str, &str, &str, &str, &str)] = &[
    (CAMPAIGN, FULL, "Plan", "plan-uuid-does-not-exist", "OutPlanCreate"),
    (CAMPAIGN, FULL, "Dlma", "dlma-x", "OutDlmaCreate"),
    (CAMPAIGN, FULL, "Dest", "dest-x", "OutDestinationCreate"),
    (CAMPAIGN, CASE, "plan", "plan-uuid-does-not-exist", "OutPlanCreate"),
    (CAMPAIGN, CASE, "dlma", "dlma-x", "OutDlmaCreate"),
    (CAMPAIGN, CASE, "dest", "dest-x", "OutDestinationCreate"),
    (CAMPAIGN, UPDATE, "Plan", "p2", "OutPlanCreate"),
    (CAMPAIGN, UPDATE, "Dlma", "dm2", "OutDlmaCreate"),
    (CAMPAIGN, UPDATE, "Dest", "de2", "OutDestinationCreate"),
    (CAMPAIGN, UPDATE, "ScTimeStart", "x", "10:00:00"),
    (PLAN, UPDATE, "DialTimeout", "abc", "1000"),
    (PLAN, UPDATE, "RetryDelay", "-5", "0"),
    (PLAN, VARIABLES, "Variable", "noequals", ""),
    (DESTINATION, VARIABLES, "Variable", "noequals", ""),
    (LIST, VARIABLES, "Variable", "noequals", ""),
];

const CAMPAIGN: &str = "actions_campaign.txt";
const PLAN: &str = "actions_plan.txt";
const DESTINATION: &str = "actions_destination.txt";
const LIST: &str = "actions_dlma.txt";
const FULL: &str = "Create with all fields + ActionID";
const CASE: &str = "Create with header names in other case";
const UPDATE: &str = "Update all fields + ActionID";
const VARIABLES: &str = "Create, two Variable headers with same name, one without =";

/// File, step, difference, reason; `*` stands for anything.
pub const ALLOWED: &[(&str, &str, &str, &str)] = &[
    // Values.
    (
        "*",
        "*",
        "Out* *:  → <unknown>",
        "An empty value is none: it unsets, and is shown as not set.",
    ),
    (PLAN, "*", "OutPlan* DialMode: 0 → 1", EMPTY),
    (PLAN, "*", "OutPlan* DialTimeout: 0 → 30000", EMPTY),
    (PLAN, "*", "OutPlan* DlEndHandle: 0 → 1", EMPTY),
    (PLAN, "*", "OutPlan* RetryDelay: 0 → 60", EMPTY),
    (PLAN, "*", "OutPlan* MaxRetryCnt*: 0 → 5", EMPTY),
    (PLAN, "*", "OutPlan* DialTimeout: 0 → 1000", "The value that stands in for 'abc'."),
    (PLAN, "*", "OutPlan* RetryDelay: -5 → 0", "The value that stands in for '-5'."),
    (PLAN, "*", "OutPlan* MaxRetryCnt2: 2 → 77", "The name of the output is taken on input too."),
    (CAMPAIGN, "*", "OutCampaign* ScTimeStart: x → 10:00:00", "The value that stands in for 'x'."),
    ("*", "*", "Out* Variable: B=x=y → B=x=y,z", "A variable's value goes on behind a comma."),
    (TARGET, "Update *", "OutDlListUpdate TmUpdate: <unknown> → a time", "An update has its time."),
    // Refusals that say what is wrong.
    ("*", "*", "Response Message: Error encountered while * → Uuid: is required", REASON),
    ("*", "*", "Response Message: Error encountered while * → No such *", REASON),
    (
        TARGET,
        "Create *",
        "Response Message: Error encountered while * → DlmaUuid: is required",
        REASON,
    ),
    (
        CAMPAIGN,
        VARIABLES,
        "Response Message: Error encountered while * → Variable: is not a header of *",
        REASON,
    ),
    // What was taken, and hurt later.
    ("*", "Delete *", "Success → Error: No such *", "There is nothing to delete."),
    (
        "*",
        VARIABLES,
        "Success → Error: Variable: 'noequals' is not allowed; *",
        "No name, no variable.",
    ),
    (CAMPAIGN, "Create *", "Success → Error: Plan: no such plan", UNKNOWN),
    (CAMPAIGN, UPDATE, "Success → Error: Plan: no such plan", UNKNOWN),
    (TARGET, "Create unknown dlma", "Success → Error: DlmaUuid: no such dlma", UNKNOWN),
    (PLAN, UPDATE, "Success → Error: DialTimeout: 'abc' is not allowed; *", "It became 0."),
    (
        CAMPAIGN,
        "Update Variable *",
        "Success → Error: Variable: is not a header of *",
        "It was taken and forgotten.",
    ),
    (
        TARGET,
        "Show Count: -1",
        "Success → Error: Count: '-1' is not allowed; *",
        "It showed nothing.",
    ),
    // The lists of targets.
    (
        TARGET,
        "Show by Uuid with*",
        "Error → Success: Dl List will follow",
        "The uuid is looked up, not the ActionID.",
    ),
    (
        TARGET,
        "Show by Uuid with ActionID ==*",
        "Success → Error: No such dl_list",
        "As above: the Uuid sent is none.",
    ),
    (
        TARGET,
        "Show Count: 1",
        "Response, OutDlListComplete → Response, OutDlListEntry, OutDlListComplete",
        "The one that was shown then was older than the recording.",
    ),
    // Campaigns.
    (
        "camp_*",
        "events",
        "OutDlListUpdate ResDialDetail: <unknown> → *",
        "The disposition in a word; it was never filled.",
    ),
    (
        "camp_*",
        "events",
        "OutDlListUpdate ResHangupDetail: <unknown> → *",
        "The cause in words; it was never filled.",
    ),
    ("camp_*", "events", "Out* ResHangup: 0 → *", CAUSE),
    ("camp_*", "events", "Out* ResHangupDetail: Unknown → *", CAUSE),
    ("camp_*", "result", "res_hangup: 0 → *", CAUSE),
    ("camp_*", "result", "res_hangup_detail: Unknown → *", CAUSE),
    ("camp_*", "events", "OutDialingDelete Status: 6 → 7", LAST),
    ("camp_*", "events", "OutDialingDelete Status: 10 → 7", LAST),
    (
        "camp_*",
        "events",
        "OutDialingDelete TmDelete: <unknown> → a time",
        "What is deleted has its time.",
    ),
    (
        "camp_stop_during_call.txt",
        "OutDialingShow Uuid *",
        "no response → Success: Dialing List will follow",
        "A list begins with a response.",
    ),
    (
        "camp_stop_during_call.txt",
        "OutDialingShow (all) *",
        "OutDialingEntry Status: 5 → 6",
        "Answered and handed over, and not dialled to its end.",
    ),
    ("camp_two_campaigns.txt", "events", "OutDlListUpdate DialingCampUuid: another object", CHANCE),
    ("camp_two_campaigns.txt", "events", "OutDialing* CampUuid: another object", CHANCE),
    ("camp_two_campaigns.txt", "result", "camp_uuid: another object", CHANCE),
];

pub const CHANCE: &str = "Which of two campaigns takes a target of their list.";
const CAUSE: &str =
    "The final cause is known, also of a call that was refused or hung up by a manager.";
const LAST: &str = "The status is the one after the change: hung up.";
const EMPTY: &str = "An empty value means the default, not 0.";
const REASON: &str = "An error names the header at fault, or what there is not.";
const UNKNOWN: &str = "A uuid that names nothing is refused at once.";
const TARGET: &str = "actions_dllist.txt";
