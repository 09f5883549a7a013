//! What the module before this one did, replayed: every action of its recordings
//! is sent to ours, and every difference in what comes back must be one of
//! `recordings/differences.rs`, which says why it is there.

mod harness;

#[path = "recordings/differences.rs"]
mod differences;

#[path = "recordings/campaigns.rs"]
mod campaigns;

use std::collections::HashMap;
use std::time::Duration;

use differences::{ADDED, ALLOWED, CHANCE, INSTEAD};
use harness::campaign::create;
use harness::recording::{value, Lines, Recording, Step};
use harness::{must, try_poll_until, Ami, Asterisk, Message, Options};

const SOON: Duration = Duration::from_secs(20);

/// How long a campaign of a recording may take.
const ENDED: Duration = Duration::from_secs(60);

/// How long the events of an action may take, if they are missing.
const EVENTS: Duration = Duration::from_secs(5);

/// One recording against one Asterisk.
struct Replay {
    asterisk: Asterisk,
    ami: Ami,
    recording: Recording,
    /// Uuids of the recording, and ours that stand for them.
    ours: HashMap<String, String>,
    differences: Vec<(String, String)>,
    pings: u32,
}

impl Replay {
    fn start(name: &str) -> Replay {
        Replay::start_with(name, Options::default())
    }

    fn start_with(name: &str, options: Options) -> Replay {
        let asterisk = Asterisk::start(options);
        let ami = asterisk.ami();
        let recording = must(Recording::read(name));
        let (ours, differences) = (HashMap::new(), Vec::new());
        Replay { asterisk, ami, recording, ours, differences, pings: 0 }
    }

    /// Sends what was sent then, and gives all that comes back.
    fn send(&mut self, step: &Step, events: usize) -> Vec<Lines> {
        let mark = self.ami.mark();
        let mut text = String::new();
        for (name, value) in &step.sent {
            let value = self.ours.get(value).unwrap_or(value);
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        must(self.ami.send_raw(format!("{text}\r\n").as_bytes()));
        let response = must(self.ami.wait_since(mark, SOON, &step.name, Message::is_response));
        let events = if response.is_success() { events } else { 0 };
        // An event may be missing: that is a difference, and not the end.
        let _ = try_poll_until(EVENTS, "the events of then", || {
            let came = self.ours_since(mark);
            let broadcasts = came.iter().filter(|message| message.header("Privilege").is_some());
            (broadcasts.count() >= events).then_some(())
        });
        self.pings += 1;
        let ping = format!("end-{}", self.pings);
        self.ami.action(&[("Action", "Ping"), ("ActionID", &ping)]);
        let came = self.ours_since(mark);
        came.iter().filter(|message| message.text("ActionID") != ping).map(lines_of).collect()
    }

    fn ours_since(&self, mark: usize) -> Vec<Message> {
        let mut came = self.ami.messages_since(mark);
        came.retain(|message| {
            message.is_response() || message.event().is_some_and(|name| name.starts_with("Out"))
        });
        came
    }

    fn differs(&mut self, step: &Step, what: String) {
        self.differences.push((step.name.clone(), what));
    }

    /// A step that we refuse, with what we take in place of what we do not.
    fn instead(&mut self, step: &Step) -> Option<Step> {
        let name = self.recording.name.clone();
        let here: Vec<_> = INSTEAD
            .iter()
            .filter(|(file, at, ..)| *file == name && *at == step.name)
            .map(|(_, _, header, then, now)| (*header, *then, *now))
            .collect();
        if here.is_empty() {
            return None;
        }
        let mut step = step.clone();
        for (header, then, now) in here {
            let fits = |line: &(String, String)| line.0 == header && line.1 == then;
            let at = step.sent.iter().position(fits).expect("a header to put another in place of");
            match now {
                "" => drop(step.sent.remove(at)),
                made if made.ends_with("Create") => {
                    let uuid = must(create(&self.ami, made, &[]));
                    // Its own event, so that it does not count as the step's.
                    self.ami.wait_event(SOON, made, &[("Uuid", &uuid)]);
                    self.ours.insert(then.to_owned(), uuid);
                }
                value => value.clone_into(&mut step.sent[at].1),
            }
        }
        Some(step)
    }

    /// Whether both say success, or both say error; if not, that differs.
    fn agrees(&mut self, step: &Step, came: &[Lines]) -> bool {
        let (then, now) = (&step.came[0], &came[0]);
        let agrees = value(then, "Response") == value(now, "Response");
        if !agrees {
            let says = format!(
                "{} → {}: {}",
                value(then, "Response").unwrap_or("no response"),
                value(now, "Response").unwrap_or_default(),
                value(now, "Message").unwrap_or_default()
            );
            self.differs(step, says);
        }
        agrees
    }

    /// Compares all that came, message by message and header by header.
    fn compare(&mut self, step: &Step, came: &[Lines]) {
        // Objects that are older than the recording, or that we refused to make.
        let is_gone = |lines: &Lines| {
            let entry = kind(lines).ends_with("Entry");
            entry && value(lines, "Uuid").is_some_and(|uuid| !self.ours.contains_key(uuid))
        };
        let (dropped, then): (Vec<Lines>, Vec<Lines>) =
            step.came.iter().cloned().partition(is_gone);
        let kinds = |all: &[Lines]| all.iter().map(kind).collect::<Vec<_>>().join(", ");
        if kinds(&then) != kinds(came) {
            self.differs(step, format!("{} → {}", kinds(&then), kinds(came)));
            return;
        }
        // Live dialings are shown in no particular order.
        let in_order = |all: &[Lines], name: &dyn Fn(&str) -> String| {
            let mut all = all.to_vec();
            all.sort_by_key(|lines| match (kind(lines).as_str(), value(lines, "Uuid")) {
                ("OutDialingEntry", Some(uuid)) => (1, name(uuid)),
                ("OutDialingListComplete", _) => (2, String::new()),
                _ => (0, String::new()),
            });
            all
        };
        let then = in_order(&then, &|uuid| self.ours[uuid].clone());
        let now = in_order(came, &str::to_owned);
        for (then, now) in then.iter().zip(&now) {
            self.compare_message(step, then, now, dropped.len());
        }
    }

    fn compare_message(&mut self, step: &Step, then: &Lines, now: &Lines, dropped: usize) {
        let kind = kind(then);
        let mut now = now.clone();
        for (message, header, behind) in ADDED {
            let is_there = |at: usize| {
                now[at].0 == *header && (now[at - 1].0 == *behind || now[at - 1].0 == *header)
            };
            if kind.starts_with(message) && value(then, header).is_none() {
                if let Some(at) = (1..now.len()).find(|at| is_there(*at)) {
                    now.remove(at);
                }
            }
        }
        let names =
            |lines: &Lines| -> Vec<String> { lines.iter().map(|(name, _)| name.clone()).collect() };
        if names(then) != names(&now) {
            self.differs(step, format!("{kind}: headers {:?} → {:?}", names(then), names(&now)));
            return;
        }
        for ((name, then), (_, now)) in then.iter().zip(&now) {
            let then = match name.as_str() {
                "ListItems" => (then.parse::<usize>().unwrap() - dropped).to_string(),
                _ => then.clone(),
            };
            if let Some(what) = self.difference(name, &then, now) {
                self.differs(step, format!("{kind} {name}: {what}"));
            }
        }
    }

    /// How two values differ, if they do; a uuid of then takes the one of now.
    fn difference(&mut self, name: &str, then: &str, now: &str) -> Option<String> {
        if is_uuid(then) && is_uuid(now) {
            let (then, now) = (then.replace('_', "-"), now.replace('_', "-"));
            let known = self.ours.entry(then).or_insert_with(|| now.clone());
            return (*known != now).then(|| "another object".to_owned());
        }
        if self.ours.get(then).is_some_and(|known| known == now) {
            return None;
        }
        let is_stamp = name.starts_with("Tm") && is_time(now);
        // Nine digits of a second, always.
        if is_stamp && now.len() == "2016-10-22T12:45:58.068877001Z".len() {
            return (!is_time(then)).then(|| format!("{then} → a time"));
        }
        if name.to_ascii_lowercase().starts_with("channel") && number_of(then) == number_of(now) {
            return None;
        }
        (then != now).then(|| format!("{then} → {now}"))
    }

    /// Every difference is allowed, and everything allowed was needed.
    fn judge(self) {
        let name = &self.recording.name;
        let allows = |rule: &&(&str, &str, &str, &str), (at, says): &(String, String)| {
            fits(rule.0, name) && fits(rule.1, at) && fits(rule.2, says)
        };
        let is_unknown =
            |difference: &&(String, String)| !ALLOWED.iter().any(|rule| allows(&rule, difference));
        let unknown: Vec<_> = self.differences.iter().filter(is_unknown).collect();
        assert!(unknown.is_empty(), "{name}: not allowed: {unknown:#?}");
        // A rule for all recordings need not be needed by each, nor one of chance.
        let is_moot = |rule: &&(&str, &str, &str, &str)| {
            rule.0 == name
                && rule.3 != CHANCE
                && !self.differences.iter().any(|difference| allows(rule, difference))
        };
        let moot: Vec<_> = ALLOWED.iter().filter(is_moot).collect();
        assert!(moot.is_empty(), "{name}: allowed, but not there any more: {moot:#?}");
        drop(self.asterisk);
    }
}

/// Whether a text is of this form, in which `*` stands for anything.
fn fits(form: &str, text: &str) -> bool {
    let Some((start, rest)) = form.split_once('*') else { return form == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.any(|at| fits(rest, &text[at..]))
}

fn lines_of(message: &Message) -> Lines {
    message.headers.clone()
}

/// What a message is: its event's name, or that it is a response.
fn kind(lines: &Lines) -> String {
    value(lines, "Event").map_or_else(|| "Response".to_owned(), str::to_owned)
}

/// A channel's name without what makes it unique: `Local/1@people-0000001a;1`.
fn number_of(channel: &str) -> Option<(&str, &str)> {
    let (start, rest) = channel.rsplit_once('-')?;
    Some((start, rest.get(8..)?))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-' || byte == b'_',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_time(text: &str) -> bool {
    let date = text.get(..20).unwrap_or_default();
    let digits = date.bytes().filter(u8::is_ascii_digit).count();
    digits == 14 && date.ends_with('.') && text.ends_with('Z')
}

fn replay(name: &str) {
    let mut replay = Replay::start(name);
    for step in replay.recording.steps.clone() {
        let events = step.came.iter().filter(|lines| value(lines, "Privilege").is_some()).count();
        let came = replay.send(&step, events);
        if replay.agrees(&step, &came) {
            replay.compare(&step, &came);
        } else if let Some(instead) = replay.instead(&step) {
            // So that what was made or changed then is there for the steps that follow.
            let came = replay.send(&instead, events);
            if replay.agrees(&instead, &came) {
                replay.compare(&instead, &came);
            }
        }
    }
    replay.judge();
}

#[test]
fn campaign_actions() {
    replay("actions_campaign.txt");
}

#[test]
fn plan_actions() {
    replay("actions_plan.txt");
}

#[test]
fn destination_actions() {
    replay("actions_destination.txt");
}

#[test]
fn list_actions() {
    replay("actions_dlma.txt");
}

#[test]
fn target_actions() {
    replay("actions_dllist.txt");
}

#[test]
fn dialing_actions() {
    replay("actions_dialing_idle.txt");
}

#[test]
fn campaign_to_an_application() {
    campaigns::replay("camp_answer_app.txt");
}

#[test]
fn campaign_to_an_extension() {
    campaigns::replay("camp_answer_exten.txt");
}

#[test]
fn campaign_to_the_busy() {
    campaigns::replay("camp_busy.txt");
}

#[test]
fn campaign_to_nobody() {
    campaigns::replay("camp_noanswer.txt");
}

#[test]
fn campaign_with_several_numbers() {
    campaigns::replay("camp_multinumber.txt");
}

#[test]
fn campaign_that_is_stopped_during_calls() {
    campaigns::replay("camp_stop_during_call.txt");
}

#[test]
fn two_campaigns_with_one_list() {
    campaigns::replay("camp_two_campaigns.txt");
}
