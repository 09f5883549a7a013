//! The table of commands: words, one line, and what they do. Registration,
//! `out help`, usage texts and completion all come from here.

use super::{kind, Kind};
use crate::domain::Disposition;
use crate::surface::ami::{Action, Header};
use std::fmt::Write;

/// One command of the console.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// The words that make the command, such as `out show campaign`.
    pub words: &'static str,
    /// One line.
    pub summary: &'static str,
    pub(super) does: Does,
    /// What follows the words.
    arguments: &'static str,
    description: &'static str,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Help,
    ShowStatus,
    ShowAll(Kind),
    ShowOne(Kind),
    ShowTargets,
    ShowPreviews,
    Explain,
    Create(Kind),
    Update(Kind),
    Delete(Kind),
    SetStatus,
    Reset,
    Import,
    Export,
}

const fn command(
    words: &'static str,
    does: Does,
    arguments: &'static str,
    summary: &'static str,
    description: &'static str,
) -> Command {
    Command { words, summary, does, arguments, description }
}

const NAMED: &str = "By its uuid, or by its name where no other has it.";
const HEADERS: &str = "Header=value ...";
const OBJECT_HEADERS: &str = "X Header=value ...";

/// Every command.
pub const COMMANDS: &[Command] = &[
    command("out help", Does::Help, "", "Show all commands of the outbound dialer", "One line for each; 'core show help' with a command shows its usage."),
    command("out show status", Does::ShowStatus, "", "Show how the outbound dialer is", "Campaigns that are not stopped with their live dialings, dialings by status, calls per\nsecond, limits, trunks in use and whether they back off, what holds dialing back, queues,\nresults that wait, how long claims, commits and starts of destinations took, how late\ntimeouts were, and faults."),
    command("out show campaigns", Does::ShowAll(Kind::Campaign), "", "List campaigns and how far they are", "Done: targets that are not dialled any more, of all of the campaign's list. Live: targets\nthat are being dialled."),
    command("out show campaign", Does::ShowOne(Kind::Campaign), "X", "Show one campaign", NAMED),
    command("out show plans", Does::ShowAll(Kind::Plan), "", "List plans", "How campaigns dial."),
    command("out show plan", Does::ShowOne(Kind::Plan), "X", "Show one plan", NAMED),
    command("out show dlmas", Does::ShowAll(Kind::List), "", "List dial lists", "Whom campaigns dial; 'out show dlma list' shows the targets."),
    command("out show dlma", Does::ShowOne(Kind::List), "X", "Show one dial list", NAMED),
    command("out show dlma list", Does::ShowTargets, "X [COUNT]", "List the targets of a dial list", TARGETS),
    command("out show dls", Does::ShowTargets, "X [COUNT]", "List the targets of a dial list", TARGETS),
    command("out show dl", Does::ShowOne(Kind::Target), "UUID", "Show one target", "By its uuid."),
    command("out show destinations", Does::ShowAll(Kind::Destination), "", "List destinations", "Who gets answered calls."),
    command("out show destination", Does::ShowOne(Kind::Destination), "X", "Show one destination", NAMED),
    command("out show dialings", Does::ShowAll(Kind::Dialing), "", "List live dialings", "Camp to Dl are names, or the ends of uuids where there is no name."),
    command("out show previews", Does::ShowPreviews, "", "List targets that agents look at", "What agents are offered in mode preview, and how long they may still look at it. Agents\naccept and skip with the manager action OutDialingPreview."),
    command("out show dialing", Does::ShowOne(Kind::Dialing), "UUID", "Show one live dialing", "By its uuid, which is its channel's Uniqueid."),
    command("out explain dl", Does::Explain, "UUID", "Say why a target is not being dialled now", "One sentence."),
    command("out create campaign", Does::Create(Kind::Campaign), "[NAME [PLAN [DLMA [DEST [DETAIL]]]]] [Header=value ...]", "Create a campaign", "It is stopped at first. PLAN, DLMA and DEST are uuids or names; \"\" leaves one out."),
    command("out create plan", Does::Create(Kind::Plan), HEADERS, "Create a plan", "How a campaign dials."),
    command("out create destination", Does::Create(Kind::Destination), HEADERS, "Create a destination", "Who gets answered calls."),
    command("out create dlma", Does::Create(Kind::List), HEADERS, "Create a dial list", "Targets are put into it by 'out create dl'."),
    command("out create dl", Does::Create(Kind::Target), HEADERS, "Put a target into a dial list", "The list is named by DlmaUuid= or Dlma=, a uuid or a name."),
    command("out update campaign", Does::Update(Kind::Campaign), OBJECT_HEADERS, "Change a campaign", UPDATES),
    command("out update plan", Does::Update(Kind::Plan), OBJECT_HEADERS, "Change a plan", UPDATES),
    command("out update destination", Does::Update(Kind::Destination), OBJECT_HEADERS, "Change a destination", UPDATES),
    command("out update dlma", Does::Update(Kind::List), OBJECT_HEADERS, "Change a dial list", UPDATES),
    command("out update dl", Does::Update(Kind::Target), "UUID Header=value ...", "Change a target", UPDATES),
    command("out delete campaign", Does::Delete(Kind::Campaign), "X", "Delete a campaign", "Refused if the campaign is not stopped."),
    command("out delete plan", Does::Delete(Kind::Plan), "X", "Delete a plan", DELETES),
    command("out delete destination", Does::Delete(Kind::Destination), "X", "Delete a destination", DELETES),
    command("out delete dlma", Does::Delete(Kind::List), "X", "Delete a dial list", DELETES),
    command("out delete dl", Does::Delete(Kind::Target), "UUID", "Delete a target", "Refused while it is being dialled."),
    command("out set status", Does::SetStatus, "{start|starting|stop|stopping|pause|pausing|kill} on X", "Start, pause or stop a campaign", "stop and pause let live calls go on, kill hangs them up."),
    command("out reset dlma", Does::Reset, "X [tries|tries=keep] [DISPOSITION ...]", "Make targets of a dial list dialable again", "tries: the tries count from the start again, which is the default. tries=keep: they go on\ncounting. DISPOSITION: only targets whose last dialing ended so."),
    command("out import dlma", Does::Import, "X from FILE [dryrun] [Header=value ...]", "Put the targets of a file into a dial list", "FILE is CSV with a row of titles, or one JSON object a line (.jsonl). Rows that are not\ntaken are told with their line and the reason. dryrun: only checks."),
    command("out export dlma", Does::Export, "X to FILE [Header=value ...]", "Write the targets of a dial list into a file", "As CSV, or as one JSON object a line if FILE ends with .jsonl."),
];

const TARGETS: &str =
    "In the list's order, with the numbers that are there. COUNT: at most so many; default 100.";
const UPDATES: &str = "Changes only what is given; an empty value (Header=\"\") takes a value away or sets its\ndefault. Live calls keep what they started with.";
const DELETES: &str = "Refused while a live dialing, or a campaign that is not stopped, uses it. Stopped\ncampaigns lose their reference.";

/// Where a line of a usage text is broken.
const USAGE_WIDTH: usize = 92;

impl Command {
    /// The manager's action whose headers it takes.
    pub(super) fn action(&self) -> Option<&'static Action> {
        match self.does {
            Does::Create(kind) => kind.action("Create"),
            Does::Update(kind) => kind.action("Update"),
            Does::Import => kind::action(kind::IMPORT),
            Does::Export => kind::action(kind::EXPORT),
            _ => None,
        }
    }

    /// `Usage: …`, what it does and what it takes, ending with a line's end.
    pub fn usage(&self) -> String {
        let mut usage = format!("Usage: {}", self.words);
        if !self.arguments.is_empty() {
            usage = usage + " " + self.arguments;
        }
        usage.push('\n');
        for line in self.description.lines() {
            let _ = writeln!(usage, "       {line}");
        }
        if self.arguments.split(' ').any(|word| word == "X") {
            quote_names(self, &mut usage);
        }
        if let Some(action) = self.action() {
            explain_headers(action, &mut usage);
        }
        if self.does == Does::Reset {
            let names = Disposition::names();
            let _ = writeln!(usage, "       Dispositions:");
            wrap("         ", &names, &mut usage);
        }
        usage
    }
}

fn quote_names(command: &Command, usage: &mut String) {
    if command.description != NAMED {
        let _ = writeln!(usage, "       X is a uuid, or a name that no other has.");
    }
    let _ = writeln!(usage, "       A name with blanks stands in quotes: \"Sales campaign\"");
}

fn explain_headers(action: &'static Action, usage: &mut String) {
    let _ = writeln!(usage, "       A value with blanks stands in quotes: Name=\"Sales campaign\"");
    let _ = writeln!(usage, "       Headers, as those of the manager action {}:", action.name);
    let is_ours = |header: &&Header| kind::headers(action).any(|name| name == header.name);
    for header in action.headers().filter(is_ours) {
        let _ = writeln!(usage, "         {}=", header.name);
        let text = match kind::referred(header.name) {
            Some(_) => header.text.replacen("Uuid", "Uuid or name", 1),
            None => header.text.to_owned(),
        };
        wrap("             ", &text, usage);
    }
}

/// Words in lines of limited length, each behind `indent`.
fn wrap(indent: &str, text: &str, usage: &mut String) {
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        if line.len() > indent.len() && line.len() + 1 + word.len() > USAGE_WIDTH {
            let _ = writeln!(usage, "{line}");
            line = indent.to_owned();
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(usage, "{line}");
}

/// All commands with one line each.
pub(super) fn overview() -> String {
    let mut lines = String::new();
    for command in COMMANDS {
        let _ = writeln!(lines, "{:<24} {}", command.words, command.summary);
    }
    lines.push_str("'core show help' with a command shows what it takes and does.\n");
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SHOW_COUNT_DEFAULT;
    use std::collections::HashSet;

    /// Asterisk's limits: `AST_MAX_CMD_LEN`, and what `core show help` shows of a line.
    const WORDS: usize = 16;
    const SUMMARY: usize = 60;

    #[test]
    fn each_is_there_once_and_explained() {
        let mut words = HashSet::new();
        for command in COMMANDS {
            assert!(words.insert(command.words), "{} stands twice", command.words);
            assert!(command.words.starts_with("out "), "{}", command.words);
            assert!(command.words.split(' ').count() < WORDS);
            assert!(!command.summary.is_empty() && command.summary.len() < SUMMARY);
            let usage = command.usage();
            assert!(usage.starts_with(&format!("Usage: {}", command.words)), "{usage}");
            assert!(usage.lines().count() > 1 && usage.ends_with('\n'), "{usage}");
            assert!(usage.lines().all(|line| line.len() <= 100), "{usage}");
        }
    }

    #[test]
    fn usage_names_the_headers() {
        let command = COMMANDS.iter().find(|c| c.words == "out create destination").expect("it");
        let wanted = "\
Usage: out create destination Header=value ...
       Who gets answered calls.
       A value with blanks stands in quotes: Name=\"Sales campaign\"
       Headers, as those of the manager action OutDestinationCreate:
         Name=
             Name.
";
        assert!(command.usage().starts_with(wanted), "{}", command.usage());
        assert!(command.usage().contains("\n         Variable=\n"));
    }

    #[test]
    fn usage_says_the_default_that_counts() {
        assert!(TARGETS.contains(&format!("default {SHOW_COUNT_DEFAULT}.")));
    }
}
