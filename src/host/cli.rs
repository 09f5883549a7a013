//! Console commands: the dialer's words at Asterisk's console.

use dialer::surface::cli::{self, Console, Ending, HostStatus, Typed};

use super::ami::OfRuntime;
use crate::ast::cli::{CliResult, Command, Commands, Completion, Output, RegisterError};
use crate::ast::{border, cli as console, module as asterisk};

/// Registers every command.
pub fn register() -> Result<Commands, RegisterError> {
    let commands: Vec<_> = cli::COMMANDS
        .iter()
        .map(|command| Command {
            words: command.words,
            summary: command.summary,
            usage: command.usage(),
            handler: run,
            complete,
        })
        .collect();
    console::register(&commands)
}

fn run(words: &'static str, arguments: &[String], out: &mut Output) -> CliResult {
    let Some(command) = cli::command(words) else { return CliResult::ShowUsage };
    match cli::run(command, arguments, &OfRuntime::now(), &mut |text| out.print(text)) {
        Ending::Done => CliResult::Success,
        Ending::ShowUsage => CliResult::ShowUsage,
        Ending::Failed => CliResult::Failure,
    }
}

fn complete(words: &'static str, wanted: &Completion) -> Vec<String> {
    let Some(command) = cli::command(words) else { return Vec::new() };
    cli::complete(command, &Typed::new(&wanted.words, &wanted.word), &OfRuntime::now())
}

impl Console for OfRuntime {
    fn host(&self) -> HostStatus {
        let Some(runtime) = &self.0 else {
            return HostStatus { fault: Some("the dialer has stopped".to_owned()), ..versions() };
        };
        let state = runtime.state();
        HostStatus {
            uptime: runtime.uptime(),
            commands: state.commands,
            events: state.events,
            calls_to_place: state.calls_to_place,
            results_waiting: state.results_waiting,
            claims: runtime.watches().claims.timings(),
            commits: runtime.watches().commits.timings(),
            starts: runtime.engine().watches().starts.timings(),
            timeouts: runtime.engine().watches().timeouts.timings(),
            fault: state.fault,
            ..versions()
        }
    }
}

fn versions() -> HostStatus {
    HostStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        asterisk: asterisk::asterisk_version(),
        panics: border::panics(),
        ..HostStatus::default()
    }
}
