//! Whole campaigns replayed. Their events are compared object by object: what
//! happened to a campaign, a target, a dialing, in its order. When it happened,
//! and what happened to others meanwhile, is not.

use std::collections::BTreeMap;

use super::differences::{ADDED_KEYS, PEOPLE};
use super::{is_time, is_uuid, kind, Replay, ENDED};
use crate::harness::recording::{value, Lines, Step};
use crate::harness::{poll_until, try_poll_until, Options};

pub fn replay(name: &str) {
    let mut replay = Replay::start_with(name, Options::default().add("extensions.conf", PEOPLE));
    let mut then: Vec<Lines> = Vec::new();
    let mut is_started = false;
    let start = replay.ami.mark();
    for step in replay.recording.steps.clone() {
        is_started |= value(&step.sent, "Status").is_some();
        if !is_started {
            let came = replay.send(&step, 1);
            replay.compare(&step, &came);
            continue;
        }
        replay.catch_up(&then, start);
        let step = replay.with_our_channels(&step, &then, start);
        let came = replay.send(&step, 0);
        let (events, answer): (Vec<Lines>, Vec<Lines>) =
            step.came.iter().cloned().partition(|lines| value(lines, "Privilege").is_some());
        let answered = came
            .into_iter()
            .filter(|lines| value(lines, "Privilege").is_none())
            .collect::<Vec<_>>();
        // Two clients' actions may have crossed: the last answer is this one's.
        let own = answer.iter().rposition(|lines| kind(lines) == "Response").unwrap_or(0);
        let step = Step { came: answer[own..].to_vec(), ..step };
        if !step.came.is_empty() && replay.agrees(&step, &answered) {
            replay.compare(&step, &answered);
        }
        then.extend(events);
    }
    replay.catch_up(&then, start);
    replay.compare_objects(&then, start);
    replay.compare_results();
    replay.judge();
}

/// How far events have come: how many dialings began, were answered and ended,
/// and to what statuses campaigns came.
fn milestones(events: &[Lines]) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    let mut answered = Vec::new();
    for lines in events {
        let kind = kind(lines);
        let uuid = value(lines, "Uuid");
        let milestone = match kind.as_str() {
            "OutDialingCreate" | "OutDialingDelete" => kind,
            "OutCampaignUpdate" => format!("{kind} {}", value(lines, "Status").unwrap_or("")),
            "OutDialingUpdate" if value(lines, "ResDial") == Some("4") => {
                if answered.contains(&uuid) {
                    continue;
                }
                answered.push(uuid);
                "answered".to_owned()
            }
            _ => continue,
        };
        *count.entry(milestone).or_insert(0) += 1;
    }
    count
}

/// Events of one object, by what tells it from others in both worlds.
type Objects = BTreeMap<String, Vec<Lines>>;

impl Replay {
    fn events_since(&self, mark: usize) -> Vec<Lines> {
        let ours = self.ours_since(mark);
        let broadcasts = ours.iter().filter(|message| message.header("Privilege").is_some());
        broadcasts.map(|message| message.headers.clone()).collect()
    }

    /// Waits until all has happened that had happened then.
    fn catch_up(&mut self, then: &[Lines], mark: usize) {
        let wanted = milestones(then);
        poll_until(ENDED, &format!("{wanted:?}"), || {
            let came = milestones(&self.events_since(mark));
            let is_there = |(what, count): (&String, &usize)| came.get(what) >= Some(count);
            wanted.iter().all(is_there).then_some(())
        });
        let now = self.objects(&self.events_since(mark), true);
        for (name, then) in self.objects(then, false) {
            let Some(now) = now.get(&name) else { continue };
            if let (Some(then), Some(now)) = (value(&then[0], "Uuid"), value(&now[0], "Uuid")) {
                self.ours.insert(then.to_owned(), now.to_owned());
            }
        }
    }

    /// The step with our names of the channels that it speaks of.
    fn with_our_channels(&self, step: &Step, then: &[Lines], mark: usize) -> Step {
        let mut step = step.clone();
        for (name, channel) in &mut step.sent {
            if name != "Channel" {
                continue;
            }
            let of = |lines: &&Lines| value(lines, "ChannelName") == Some(channel);
            let dialled = then.iter().find(of).and_then(|lines| value(lines, "DialAddr"));
            let ours = self.events_since(mark);
            let same = |lines: &&Lines| {
                value(lines, "DialAddr") == dialled
                    && value(lines, "ChannelName").is_some_and(|name| name != "<unknown>")
            };
            let found = ours.iter().find(same).and_then(|lines| value(lines, "ChannelName"));
            found.expect("a channel to the same number").clone_into(channel);
        }
        step
    }

    fn objects(&self, events: &[Lines], is_ours: bool) -> Objects {
        let mut objects = Objects::new();
        let name = |uuid: &str| match is_ours {
            true => uuid.to_owned(),
            false => self.ours.get(uuid).cloned().unwrap_or_else(|| uuid.to_owned()),
        };
        for lines in events {
            let text = |header| value(lines, header).unwrap_or_default();
            let object = match kind(lines).as_str() {
                // A dialing's steps are told as they happen; what came of it counts.
                "OutDialingUpdate" => continue,
                "OutDialingCreate" | "OutDialingDelete" => format!(
                    "dialing of {}, {} {} {}",
                    name(text("DlListUuid")),
                    text("DialIndex"),
                    text("DialAddr"),
                    text("DialTryCnt")
                ),
                "OutCampaignUpdate" | "OutDlListUpdate" => name(text("Uuid")),
                _ => continue,
            };
            objects.entry(object).or_default().push(lines.clone());
        }
        objects
    }

    fn compare_objects(&mut self, then: &[Lines], mark: usize) {
        let wanted = self.objects(then, false);
        // Events of the last change may still be on their way.
        let _ = try_poll_until(super::EVENTS, "as many events as then", || {
            let now = self.objects(&self.events_since(mark), true);
            let is_whole = |(name, events): (&String, &Vec<Lines>)| {
                now.get(name).is_some_and(|came| came.len() >= events.len())
            };
            wanted.iter().all(is_whole).then_some(())
        });
        let now = self.objects(&self.events_since(mark), true);
        let names = |objects: &Objects| objects.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&wanted), names(&now), "other campaigns, targets or dialings");
        for (name, then) in &wanted {
            let now = &now[name];
            let kinds = |all: &[Lines]| all.iter().map(kind).collect::<Vec<_>>();
            assert_eq!(kinds(then), kinds(now), "events of {name}");
            let step = Step { name: "events".to_owned(), sent: Vec::new(), came: Vec::new() };
            for (then, now) in then.iter().zip(now) {
                self.compare_message(&step, then, now, 0);
            }
        }
    }

    fn compare_results(&mut self) {
        let wanted: Vec<serde_json::Value> = self
            .recording
            .results
            .iter()
            .map(|line| serde_json::from_str(line).expect("a recorded line is JSON"))
            .collect();
        let lines = poll_until(ENDED, "as many result lines as then", || {
            let lines = self.asterisk.results();
            (lines.len() >= wanted.len()).then_some(lines)
        });
        assert_eq!(lines.len(), wanted.len(), "result lines");
        let step = Step { name: "result".to_owned(), sent: Vec::new(), came: Vec::new() };
        for then in &wanted {
            let is_same = |now: &&crate::harness::ResultLine| {
                ["dial_addr", "dial_index", "dial_trycnt"]
                    .iter()
                    .all(|key| now.0[*key] == then[*key])
                    && self.ours.get(then["uuid"].as_str().unwrap()).map(String::as_str)
                        == now.0["uuid"].as_str()
            };
            let now = lines.iter().find(is_same).expect("a line of the same dialing").0.clone();
            let (then, now) = (then.as_object().unwrap(), now.as_object().unwrap());
            for key in now.keys() {
                let is_added = ADDED_KEYS.contains(&key.as_str()) || key.starts_with("info_");
                if !then.contains_key(key) && !is_added {
                    self.differs(&step, format!("{key} is added"));
                }
            }
            for (key, then) in then {
                let Some(now) = now.get(key) else {
                    self.differs(&step, format!("{key} is missing"));
                    continue;
                };
                let text = |value: &serde_json::Value| match value {
                    serde_json::Value::String(text) => text.clone(),
                    value => value.to_string(),
                };
                let (then, now) = (text(then), text(now));
                let is_time = is_time(&then) && is_time(&now);
                // The other half of a channel that has one: random then and now.
                let is_other = key == "otherchannelid" && is_uuid(&then) && is_uuid(&now);
                if is_time || is_other {
                    continue;
                }
                if let Some(what) = self.difference(key, &then, &now) {
                    self.differs(&step, format!("{key}: {what}"));
                }
            }
        }
    }
}
