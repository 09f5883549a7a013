//! Console commands.

use std::fmt::Write;

use dialer::dialer::{Command as Order, Reply};
use dialer::domain::{Campaign, CampaignId, CampaignPatch, StatusRequest};
use dialer::store::Reader;

use super::ami::refusal;
use super::inbox::NoReply;
use crate::ast::cli::{self, CliResult, Command, Commands, Completion, Output, RegisterError};
use crate::ast::{border, module as asterisk};
use crate::module;

const COMMANDS: [Command; 3] = [
    Command {
        words: "out show status",
        summary: "Show how the outbound dialer is",
        usage: "Usage: out show status\n       \
                Shows campaigns, live dialings, limits, queues, results that wait, and faults.\n",
        handler: show_status,
        complete: None,
    },
    Command {
        words: "out show campaigns",
        summary: "Show campaigns and how far they are",
        usage: "Usage: out show campaigns\n       \
                Shows each campaign with its status, and of its targets how many are done, being\n       \
                dialled, and available now or later.\n",
        handler: show_campaigns,
        complete: None,
    },
    Command {
        words: "out set status",
        summary: "Start, pause or stop a campaign",
        usage: "Usage: out set status {start|pause|stop|kill} on UUID\n       \
                start, pause (live calls go on), stop (live calls go on), or kill (live calls are\n       \
                hung up) a campaign.\n",
        handler: set_status,
        complete: Some(complete_set_status),
    },
];

/// Words of `out set status`.
const REQUESTS: [(&str, StatusRequest); 4] = [
    ("start", StatusRequest::Start),
    ("pause", StatusRequest::Pause),
    ("stop", StatusRequest::Stop),
    ("kill", StatusRequest::StopForcedly),
];

/// Registers every command.
pub fn register() -> Result<Commands, RegisterError> {
    cli::register(&COMMANDS)
}

fn show_status(out: &mut Output, args: &[String]) -> CliResult {
    if !args.is_empty() {
        return CliResult::ShowUsage;
    }
    let Some(runtime) = module::runtime() else { return stopped(out) };
    let state = runtime.state();
    // A dialer that waits for its database does not answer; the rest can be said.
    let asked = match state.fault {
        None => runtime.ask(Order::ShowStatus),
        Some(_) => Err(NoReply::Busy),
    };
    let status = match asked {
        Ok(Reply::Status(status)) => Some(status),
        _ => None,
    };
    let mut line = |name: &str, value: std::fmt::Arguments<'_>| {
        out.line(format_args!("{name:<18} {value}"));
    };
    let versions = (env!("CARGO_PKG_VERSION"), asterisk::asterisk_version());
    line("Version", format_args!("{} on Asterisk {}", versions.0, versions.1));
    if let Some(status) = &status {
        let campaigns = (status.running.len(), status.campaigns);
        line("Campaigns", format_args!("{} of {} not stopped", campaigns.0, campaigns.1));
        let (live, most, answered) = (status.dialings, status.max_dialings, status.answered);
        line(
            "Live dialings",
            format_args!("{live} of at most {most}, {answered} of them answered"),
        );
        line("Calls per second", format_args!("at most {}", status.calls_per_second));
    } else {
        line("Dialer", format_args!("does not answer now"));
    }
    let queues = (state.commands, state.events, state.calls_to_place);
    line(
        "Queues",
        format_args!(
            "{} commands, {} call events, {} calls to place",
            queues.0, queues.1, queues.2
        ),
    );
    line("Results waiting", format_args!("{}", state.results_waiting));
    let last_ms = state.last_commit.as_secs_f64() * 1_000.0;
    line("Commits", format_args!("{}, the last took {last_ms:.1} ms", state.commits));
    line("Panics caught", format_args!("{}", border::panics()));
    line("Fault", format_args!("{}", state.fault.as_deref().unwrap_or("none")));
    CliResult::Success
}

fn show_campaigns(out: &mut Output, args: &[String]) -> CliResult {
    if !args.is_empty() {
        return CliResult::ShowUsage;
    }
    let Some(runtime) = module::runtime() else { return stopped(out) };
    let mut table = String::from(
        "Uuid                                 Name             Status     Done Dialing Available\n",
    );
    let mut read = |reader: &Reader| {
        for campaign in &reader.campaigns()? {
            let Some(stat) = reader.stats(Some(campaign.id))?.pop() else { continue };
            let name: String =
                campaign.name.iter().flat_map(|name| name.chars()).take(16).collect();
            let counts = stat.counts;
            let _ = writeln!(
                table,
                "{} {name:<16} {:<8} {:>6} {:>7} {:>9}",
                campaign.id,
                campaign.status.name(),
                counts.done,
                counts.dialing,
                counts.available()
            );
        }
        Ok(())
    };
    match runtime.read(&mut read) {
        Ok(()) => {
            out.print(&table);
            CliResult::Success
        }
        Err(error) => {
            out.line(format_args!("The database could not be read: {error}"));
            CliResult::Failure
        }
    }
}

fn set_status(out: &mut Output, args: &[String]) -> CliResult {
    let [word, on, uuid] = args else { return CliResult::ShowUsage };
    let request = REQUESTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let (Some((_, request)), "on") = (request, on.as_str()) else { return CliResult::ShowUsage };
    let Ok(uuid) = uuid.parse() else {
        out.line("No such campaign");
        return CliResult::Failure;
    };
    let Some(runtime) = module::runtime() else { return stopped(out) };
    let patch = CampaignPatch { status: Some(*request), ..CampaignPatch::default() };
    let why = match runtime.ask(Order::UpdateCampaign(CampaignId(uuid), patch)) {
        Ok(Reply::Refused(why)) => why,
        Ok(_) => return CliResult::Success,
        Err(why) => refusal(why),
    };
    out.line(why);
    CliResult::Failure
}

fn complete_set_status(wanted: &Completion) -> Option<String> {
    let choices = match wanted.pos {
        3 => REQUESTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        4 => vec!["on".to_owned()],
        5 => campaign_uuids(),
        _ => Vec::new(),
    };
    choices.into_iter().filter(|choice| choice.starts_with(&wanted.word)).nth(wanted.n)
}

fn campaign_uuids() -> Vec<String> {
    let mut campaigns: Vec<Campaign> = Vec::new();
    if let Some(runtime) = module::runtime() {
        // A completion that cannot be offered is none.
        let _ = runtime.read(&mut |reader| {
            campaigns = reader.campaigns()?;
            Ok(())
        });
    }
    campaigns.iter().map(|campaign| campaign.id.to_string()).collect()
}

fn stopped(out: &mut Output) -> CliResult {
    out.line("The dialer has stopped");
    CliResult::Failure
}
