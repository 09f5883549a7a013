//! Console commands: any lines, against a real dialer over a real store. What is
//! printed is whole lines, a command that fails changes nothing, and completion
//! survives everything.
#![no_main]

#[path = "../../dialer/tests/bench/mod.rs"]
mod bench;

mod fresh;

use bench::desk::Desk;
use dialer::dialer::Event;
use dialer::surface::cli::{self, Console, Ending, HostStatus, Typed};
use libfuzzer_sys::fuzz_target;

impl Console for Desk {
    fn host(&self) -> HostStatus {
        HostStatus::default()
    }
}

/// Lines of one session, and words of one line.
const LINES: usize = 24;
const WORDS: usize = 56;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let desk = fresh::desk();
    let mut uuids = Vec::new();
    for line in text.lines().take(LINES) {
        session_line(&desk, line, &mut uuids);
    }
});

fn session_line(desk: &Desk, line: &str, uuids: &mut Vec<String>) {
    let mut line = line.to_owned();
    for (at, uuid) in uuids.iter().enumerate() {
        line = line.replace(&format!("{{u{}}}", at + 1), uuid);
    }
    let words = words(&line);
    // One word in quotes is no command of several.
    let begins = |command: &&cli::Command| {
        let own: Vec<&str> = command.words.split(' ').collect();
        words.get(..own.len()).is_some_and(|given| given == own)
    };
    let longest = |command: &&cli::Command| command.words.split(' ').count();
    let Some(command) = cli::COMMANDS.iter().filter(begins).max_by_key(longest) else { return };
    let rest = &words[longest(&command)..];

    let word = line.rsplit(' ').next().unwrap_or_default();
    for offered in cli::complete(command, &Typed::new(rest, word), desk) {
        assert!(!offered.contains(['\n', '\r']), "{offered:?}");
    }
    let mut printed = String::new();
    let ending = cli::run(command, rest, desk, &mut |text| printed.push_str(text));
    let events = desk.events();
    assert!(printed.is_empty() || printed.ends_with('\n'), "{printed:?}");
    assert!(!printed.contains(|c: char| c.is_control() && c != '\n'), "{printed:?}");
    match ending {
        Ending::Done => {}
        Ending::Failed => assert!(!printed.is_empty() && events.is_empty(), "{line}: {printed}"),
        Ending::ShowUsage => assert!(printed.is_empty() && events.is_empty(), "{line}: {printed}"),
    }
    uuids.extend(events.iter().filter_map(made));
}

/// The uuid of what was created, as an event shows it.
fn made(event: &Event) -> Option<String> {
    let (name, lines) = dialer::surface::ami::event(event);
    let uuid = lines.lines().find_map(|line| line.strip_prefix("Uuid: "))?;
    name.ends_with("Create").then(|| uuid.to_owned())
}

/// Words as the console splits them: quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            ' ' | '\t' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words.truncate(WORDS);
    words
}
