//! The console: a command's words in, text out.
//!
//! [`COMMANDS`] is the one table of commands. [`run`] carries one out over a
//! [`Console`] and prints what somebody at a terminal gets; [`complete`] says
//! which words may come next. What a command changes goes through the same
//! headers, checks and messages as the manager's actions.

mod bulk;
mod change;
mod commands;
mod complete;
mod kind;
mod names;
mod request;
mod show;
mod status;
mod table;
mod views;

pub use commands::{Command, COMMANDS};
pub use complete::{complete, Typed};
pub use kind::Kind;
pub use request::{parse, Request, Wrong};
pub use status::{HostStatus, Timings};

use super::ami::Backend;
use crate::dialer::Refusal;

/// What a command is carried out over.
pub trait Console: Backend {
    /// How the part is that runs the dialer.
    fn host(&self) -> HostStatus;
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Done,
    /// The words were not enough, or too many: its usage says what there is.
    ShowUsage,
    /// Why was printed.
    Failed,
}

/// The command of these words.
pub fn command(words: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.words == words)
}

type Result<T> = std::result::Result<T, Refusal>;

/// Where a command prints: pieces of whole lines.
type Print<'a> = dyn FnMut(&str) + 'a;

/// Carries out a command with the words that follow its own.
pub fn run(
    command: &Command,
    words: &[String],
    console: &dyn Console,
    print: &mut Print<'_>,
) -> Ending {
    let request = match parse(command, words) {
        Ok(request) => request,
        Err(Wrong::Usage) => return Ending::ShowUsage,
        Err(Wrong::Refused(why)) => return failed(&why, print),
    };
    match carry_out(request, console, print) {
        Ok(()) => Ending::Done,
        Err(why) => failed(&why, print),
    }
}

fn failed(why: &Refusal, print: &mut Print<'_>) -> Ending {
    line(print, &why.to_string());
    Ending::Failed
}

fn carry_out(request: Request, console: &dyn Console, print: &mut Print<'_>) -> Result<()> {
    match request {
        Request::Status => {
            print(&status::show(console));
            Ok(())
        }
        Request::Help => {
            print(&commands::overview());
            Ok(())
        }
        Request::Previews => show::previews(console, print),
        Request::All(kind) => show::all(kind, console, print),
        Request::One(kind, object) => show::one(kind, &object, console, print),
        Request::Targets { list, most } => show::targets(&list, most, console, print),
        Request::Explain(target) => show::explain(&target, console, print),
        Request::Create(kind, headers) => change::create(kind, headers, console, print),
        Request::Update(kind, object, headers) => {
            change::update(kind, &object, headers, console, print)
        }
        Request::Delete(kind, object) => change::delete(kind, &object, console, print),
        Request::SetStatus(status, object) => change::set_status(status, &object, console, print),
        Request::Import(list, headers) => bulk::import(&list, headers, console, print),
        Request::Export(list, headers) => bulk::export(&list, headers, console, print),
        Request::Reset(list, headers) => change::reset(&list, headers, console, print),
    }
}

/// One line. What is typed and what is stored may hold line ends: they become blanks.
fn line(print: &mut Print<'_>, text: &str) {
    print(&(table::one_line(text) + "\n"));
}

fn unexpected() -> Refusal {
    Refusal::misunderstood()
}
