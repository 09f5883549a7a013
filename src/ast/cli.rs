//! Commands of Asterisk's command line.

use std::ffi::{c_char, c_int, CString};
use std::fmt;
use std::ptr;
use std::time::Duration;

use super::{border, module, text};
use crate::sys;

/// How long to wait before looking again whether a running command has ended.
const RUNNING_COMMAND_WAIT: Duration = Duration::from_millis(20);

/// A command for the command line.
///
/// The handler runs on the console's own thread, with the command's words and
/// those that follow them.
#[derive(Clone)]
pub struct Command {
    /// The words that make the command, such as `out show status`.
    pub words: &'static str,
    /// One line for `core show help`, under 60 characters.
    pub summary: &'static str,
    /// `Usage: …` and what it does, ending with a newline.
    pub usage: String,
    pub handler: fn(&'static str, &[String], &mut Output) -> CliResult,
    /// Gives all words that may come next.
    pub complete: fn(&'static str, &Completion) -> Vec<String>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CliResult {
    Success,
    /// The words were wrong: Asterisk prints the usage.
    ShowUsage,
    /// Asterisk says that the command failed.
    Failure,
}

/// A word that someone at the console wants completed.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The words behind the command's own, the one to complete included if there
    /// is a beginning of it.
    pub words: Vec<String>,
    /// The beginning of the word as it was typed; empty if there is none yet.
    pub word: String,
}

/// Where a command prints.
pub struct Output {
    fd: c_int,
}

impl Output {
    /// Prints text of several lines as it is, except that control characters
    /// other than newline and tab are escaped.
    pub fn print(&mut self, text: &str) {
        let text = text::c_string(&text::harmless(text, &['\n', '\t']));
        // SAFETY: the format takes exactly one string, which outlives the
        // call; a descriptor that is closed meanwhile is an error that
        // Asterisk handles.
        unsafe { sys::ast_cli(self.fd, c"%s".as_ptr(), text.as_ptr()) };
    }
}

/// Why commands were not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterError {
    /// The command that Asterisk refused, or knew already.
    pub command: &'static str,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command \"{}\" cannot be registered", self.command)
    }
}

impl std::error::Error for RegisterError {}

/// Commands that are registered until this is dropped.
#[must_use]
pub struct Commands {
    entries: Vec<EntryPtr>,
}

/// Made by `Box::into_raw`, given back when the command is unregistered.
/// Asterisk has the pointer meanwhile, so it is not a `Box`.
struct EntryPtr(*mut Entry);

// SAFETY: what Rust reads of an entry does not change while it is registered,
// and Asterisk takes its own lock for the rest.
unsafe impl Send for EntryPtr {}
// SAFETY: as above.
unsafe impl Sync for EntryPtr {}

/// `raw` is first, so that a pointer to it is a pointer to the entry.
#[repr(C)]
struct Entry {
    raw: sys::ast_cli_entry,
    command: Command,
    words: CString,
    usage: CString,
    _summary: CString,
}

/// Registers all of `commands`, or none.
///
/// # Errors
///
/// The first command that was refused; Asterisk has logged why.
pub fn register(commands: &[Command]) -> Result<Commands, RegisterError> {
    let mut done = Commands { entries: Vec::new() };
    for command in commands {
        let entry = Box::into_raw(new_entry(command.clone()));
        // SAFETY: an entry that stays where it is until it is unregistered.
        let result = unsafe { sys::__ast_cli_register(entry.cast(), module::self_module()) };
        if result != 0 {
            // SAFETY: Asterisk did not keep the entry.
            drop(unsafe { Box::from_raw(entry) });
            return Err(RegisterError { command: command.words });
        }
        done.entries.push(EntryPtr(entry));
    }
    Ok(done)
}

fn new_entry(command: Command) -> Box<Entry> {
    let summary = text::c_string(command.summary);
    // SAFETY: a C structure of integers and pointers, for which zero is valid.
    let mut raw = unsafe { std::mem::zeroed::<sys::ast_cli_entry>() };
    raw.summary = summary.as_ptr();
    raw.handler = Some(serve);
    Box::new(Entry {
        raw,
        words: text::c_string(command.words),
        usage: text::c_string(&command.usage),
        _summary: summary,
        command,
    })
}

impl Drop for Commands {
    fn drop(&mut self) {
        for EntryPtr(entry) in self.entries.drain(..) {
            // Asterisk takes its copy of the command back, unless the command
            // is running: then it has to end first.
            loop {
                // SAFETY: an entry of ours that is registered.
                unsafe { sys::ast_cli_unregister(entry.cast()) };
                // SAFETY: the entry is still allocated.
                if unsafe { (*entry).raw.command.is_null() } {
                    break;
                }
                std::thread::sleep(RUNNING_COMMAND_WAIT);
            }
            // SAFETY: Asterisk no longer has the pointer.
            drop(unsafe { Box::from_raw(entry) });
        }
    }
}

/// Serves every command of ours: initialises its entry, completes its words,
/// runs it.
extern "C" fn serve(
    raw: *mut sys::ast_cli_entry,
    request: c_int,
    args: *mut sys::ast_cli_args,
) -> *mut c_char {
    let fallback =
        if request == sys::CLI_HANDLER { answer(CliResult::Failure) } else { ptr::null_mut() };
    border::guard(fallback, || {
        let entry = raw.cast::<Entry>();
        if request == sys::CLI_INIT {
            // SAFETY: Asterisk initialises an entry while nobody else has it.
            let entry = unsafe { &mut *entry };
            entry.raw.command = entry.words.as_ptr().cast_mut();
            entry.raw.usage = entry.usage.as_ptr();
            return ptr::null_mut();
        }
        // SAFETY: the entry stays while Asterisk uses it, and `command` does
        // not change.
        let command = unsafe { &(*entry).command };
        // SAFETY: Asterisk passes arguments that live for the call.
        let args = unsafe { &*args };
        let words = words_after(args, command.words.split_ascii_whitespace().count());
        if request == sys::CLI_GENERATE {
            complete(command, words, args);
            return ptr::null_mut();
        }
        let mut output = Output { fd: args.fd };
        answer((command.handler)(command.words, &words, &mut output))
    })
}

/// Asterisk has numbers for the results, and wants them as pointers.
fn answer(result: CliResult) -> *mut c_char {
    let number = match result {
        CliResult::Success => sys::RESULT_SUCCESS,
        CliResult::ShowUsage => sys::RESULT_SHOWUSAGE,
        CliResult::Failure => sys::RESULT_FAILURE,
    };
    ptr::null_mut::<c_char>().wrapping_add(number as usize)
}

/// The typed words without the first `skip`.
fn words_after(args: &sys::ast_cli_args, skip: usize) -> Vec<String> {
    let count = usize::try_from(args.argc).unwrap_or(0);
    (skip..count)
        .map(|index| {
            // SAFETY: `argv` has `argc` entries.
            let word = unsafe { *args.argv.add(index) };
            // SAFETY: each is a string that lives for the call.
            unsafe { text::copy(word) }
        })
        .collect()
}

/// Gives Asterisk all completions when it asks for the first one; asked again for
/// one at a time, there are none.
fn complete(command: &Command, words: Vec<String>, args: &sys::ast_cli_args) {
    if args.n != 0 {
        return;
    }
    // SAFETY: null or a string that lives for the call.
    let word = unsafe { text::copy(args.word) };
    for answer in (command.complete)(command.words, &Completion { words, word }) {
        let answer = text::c_string(&answer);
        // SAFETY: copies a NUL-terminated string.
        let answer = unsafe { sys::shim_strdup(answer.as_ptr()) };
        // SAFETY: null or a string of Asterisk's allocator, which Asterisk takes
        // over, also when it fails.
        if unsafe { sys::ast_cli_completion_add(answer) } != 0 {
            return;
        }
    }
}
