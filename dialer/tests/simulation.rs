//! Whole campaigns in virtual time, over a network that does what it likes, with
//! crashes between decision and effect. A seed tells one run; a failure prints it.

mod bench;

use bench::AnySwitch;
use dialer::dialer::{
    CallEvent, CallOrder, Command, Dialer, Event, IdSource, Input, Ready, Reply, Settings,
    TrunkSettings, What, World,
};
use dialer::domain::{
    control, CallBackTime, CallEnd, CampaignId, CampaignPatch, CampaignStatus, Change,
    DestinationId, DestinationPatch, DialListId, DialListPatch, Dialing, DialingId, Disposition,
    EndedBy, OutcomePatch, PlanId, PlanPatch, ScheduleMode, SchedulePatch, StatusRequest, TargetId,
    TargetPatch, TargetState, Timestamp,
};
use dialer::limits::PROMISE_TRIES;
use dialer::store::{Sqlite, Store, Targets, Write};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const SEEDS: u64 = 128;
const SECOND: i64 = 1_000_000_000;
const START: Timestamp = Timestamp(1_700_000_000 * SECOND);
/// After the last day of all schedules, and all retries.
const SCHEDULES_END: Timestamp = Timestamp(START.0 + 40 * 86_400 * SECOND);

/// All calls go over it; it refuses some for congestion.
const TRUNK: &str = "network";

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Now and then with caps, and backing off from few refusals on or not at all.
fn trunk(random: &mut Random) -> TrunkSettings {
    let mut trunk = TrunkSettings {
        max_dialings: random.one_in(3).then(|| 1 + random.below(6) as u32),
        calls_per_second: random.one_in(3).then(|| 1 + random.below(20) as u32),
        ..TrunkSettings::default()
    };
    trunk.back_off.is_on = random.one_in(2);
    trunk.back_off.percent = 1 + random.below(30) as u32;
    trunk
}

struct CountedIds(u128);

impl IdSource for CountedIds {
    fn next_id(&mut self, _now: Timestamp) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

/// The world around the dialer: its store, its calls, and what they do when.
struct Sim {
    seed: u64,
    random: Random,
    now: Timestamp,
    store: Sqlite,
    dialer: Dialer,
    settings: Settings,
    /// Ids go on after a crash, as those of the system do.
    ids: u128,
    /// What calls will do.
    coming: BinaryHeap<Reverse<(Timestamp, u64)>>,
    acts: HashMap<u64, CallEvent>,
    next_act: u64,
    /// Calls that are up, with their targets.
    up: HashMap<DialingId, Arc<Dialing>>,
    /// Everything that was ever asked to be placed.
    placed: Vec<(Timestamp, Arc<Dialing>)>,
    created: HashSet<DialingId>,
    deleted: HashSet<DialingId>,
    results: HashMap<DialingId, u32>,
    /// Who is never to be called again: answered, or asked for it.
    reached: HashSet<TargetId>,
    /// Calls that were promised, by target and number: a try more each.
    promised: HashMap<(TargetId, u32), usize>,
    max_tries: [u32; 8],
    /// Caps of the plan: live dialings, calls per second.
    plan_caps: [Option<u32>; 2],
    targets: Vec<TargetId>,
    lists: Vec<DialListId>,
    campaigns: Vec<CampaignId>,
    windows: BTreeMap<CampaignId, Window>,
    /// Not before everything is set up.
    may_crash: bool,
    crashes: u32,
}

/// A daily window by the clocks of a time zone.
struct Window {
    opens: String,
    closes: String,
    zone: &'static str,
}

impl Window {
    fn is_open(&self, at: Timestamp) -> bool {
        let clock = local(at, self.zone).time().strftime("%H:%M:%S").to_string();
        match self.opens < self.closes {
            true => self.opens <= clock && clock < self.closes,
            false => self.opens <= clock || clock < self.closes,
        }
    }
}

fn local(at: Timestamp, zone: &str) -> jiff::Zoned {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at.0)).expect("a time");
    at.in_tz(zone).expect("a time zone")
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut random = Random(seed);
        let settings = Settings {
            max_dialings: 1 + random.below(8) as usize,
            calls_per_second: 1 + random.below(40) as u32,
            result_info: random.one_in(2),
            trunks: BTreeMap::from([(TRUNK.to_owned(), trunk(&mut random))]),
            ..Settings::default()
        };
        let mut store = Sqlite::in_memory("sim").expect("a store");
        let records = store.load().expect("records");
        let ids = Box::new(CountedIds(1_000_000));
        let (dialer, _) = Dialer::restore(settings.clone(), ids, records, &HashSet::new(), START);
        let mut sim = Sim {
            seed,
            random,
            now: START,
            store,
            dialer,
            settings,
            ids: 1_000_000,
            coming: BinaryHeap::new(),
            acts: HashMap::new(),
            next_act: 0,
            up: HashMap::new(),
            placed: Vec::new(),
            created: HashSet::new(),
            deleted: HashSet::new(),
            results: HashMap::new(),
            reached: HashSet::new(),
            promised: HashMap::new(),
            max_tries: [1; 8],
            plan_caps: [None; 2],
            targets: Vec::new(),
            lists: Vec::new(),
            campaigns: Vec::new(),
            windows: BTreeMap::new(),
            may_crash: false,
            crashes: 0,
        };
        sim.set_up();
        sim.may_crash = true;
        sim
    }

    /// One or two lists, one or two campaigns over them, some targets.
    fn set_up(&mut self) {
        for tries in &mut self.max_tries {
            *tries = self.random.below(4) as u32;
        }
        for most in &mut self.plan_caps {
            *most = self.random.one_in(3).then(|| 1 + self.random.below(6) as u32);
        }
        let cap = |most: Option<u32>| most.map_or(Change::Keep, Change::Set);
        let mut plan = PlanPatch {
            trunk: Change::Set(TRUNK.to_owned()),
            max_dialings: cap(self.plan_caps[0]),
            calls_per_second: cap(self.plan_caps[1]),
            tech: Change::Set("Local/".into()),
            retry_delay_s: Change::Set(self.random.below(100) as u32),
            dial_timeout_ms: Change::Set(1_000 + self.random.below(30_000) as u32),
            ..PlanPatch::default()
        };
        plan.max_tries = self.max_tries.map(Change::Set);
        let plan = PlanId(self.create(Command::CreatePlan(plan)));
        let destination = DestinationPatch {
            exten: Change::Set("s".into()),
            context: Change::Set("default".into()),
            ..DestinationPatch::default()
        };
        let destination = DestinationId(self.create(Command::CreateDestination(destination)));
        for _ in 0..=self.random.below(2) {
            let list = DialListId(self.create(Command::CreateList(DialListPatch::default())));
            self.lists.push(list);
            for _ in 0..self.random.below(20) {
                self.add_target(list);
            }
        }
        for _ in 0..=self.random.below(2) {
            let list = self.lists[self.random.below(self.lists.len() as u64) as usize];
            let patch = CampaignPatch {
                plan: Change::Set(plan),
                list: Change::Set(list),
                destination: Change::Set(destination),
                ..CampaignPatch::default()
            };
            let id = CampaignId(self.create(Command::CreateCampaign(patch)));
            self.campaigns.push(id);
            match self.random.one_in(3) {
                true => self.schedule(id),
                false => self.request(id, StatusRequest::Start),
            }
        }
    }

    /// A daily window, on three days, that opens in the next ten minutes or is open.
    fn schedule(&mut self, campaign: CampaignId) {
        let zone = ["UTC", "Europe/Berlin", "Asia/Kolkata"][self.random.below(3) as usize];
        let opens = Timestamp(START.0 + (self.random.below(1_200) as i64 - 600) * SECOND);
        let closes = Timestamp(opens.0 + (60 + self.random.below(1_800) as i64) * SECOND);
        let clock = |at: Timestamp| local(at, zone).time().strftime("%H:%M:%S").to_string();
        let last = Timestamp(START.0 + 2 * 86_400 * SECOND);
        let window = Window { opens: clock(opens), closes: clock(closes), zone };
        let schedule = SchedulePatch {
            mode: Change::Set(ScheduleMode::On),
            time_start: Change::Set(window.opens.clone()),
            time_end: Change::Set(window.closes.clone()),
            date_end: Change::Set(local(last, zone).date().to_string()),
            time_zone: Change::Set(zone.to_owned()),
            ..SchedulePatch::default()
        };
        let patch = CampaignPatch { schedule, ..CampaignPatch::default() };
        self.command(Command::UpdateCampaign(campaign, patch));
        self.windows.insert(campaign, window);
    }

    /// In the end nothing is to be kept from dialing.
    fn end_schedules(&mut self) {
        for (campaign, _) in std::mem::take(&mut self.windows) {
            let off = SchedulePatch { mode: Change::Clear, ..SchedulePatch::default() };
            // A crash may swallow the command.
            for _ in 0..10 {
                let patch = CampaignPatch { schedule: off.clone(), ..CampaignPatch::default() };
                self.command(Command::UpdateCampaign(campaign, patch));
            }
        }
    }

    fn add_target(&mut self, list: DialListId) {
        let mut patch = TargetPatch::default();
        for number in &mut patch.numbers {
            if self.random.one_in(3) {
                *number = Change::Set(self.random.below(10_000).to_string());
            }
        }
        let target = TargetId(self.create(Command::CreateTarget(list, patch)));
        self.targets.push(target);
    }

    fn create(&mut self, command: Command) -> Uuid {
        match self.command(command) {
            Some(Reply::Created(id)) => id,
            other => panic!("seed {}: {other:?}", self.seed),
        }
    }

    fn request(&mut self, campaign: CampaignId, request: StatusRequest) {
        let patch = CampaignPatch { status: Some(request), ..CampaignPatch::default() };
        self.command(Command::UpdateCampaign(campaign, patch));
    }

    fn command(&mut self, command: Command) -> Option<Reply> {
        let ready = self.step(Input::Command(Box::new(command)));
        ready.and_then(|ready| ready.reply)
    }

    /// One step as the runtime makes it. `None` if the process crashed.
    fn step(&mut self, input: Input) -> Option<Ready> {
        self.store.begin().expect("a transaction");
        let mut world = World { now: self.now, targets: &mut self.store, switch: &AnySwitch };
        let ready = self.dialer.step(input, &mut world);
        assert_eq!(ready.fault, None, "seed {}", self.seed);
        bench::write(&mut self.store, &ready);
        // A crash before the commit loses the step; one after it, its effects.
        match self.may_crash && self.random.one_in(400) {
            true if self.random.one_in(2) => {
                self.store.roll_back();
                self.crash();
                return None;
            }
            true => {
                self.store.commit().expect("a commit");
                self.crash();
                return None;
            }
            false => self.store.commit().expect("a commit"),
        }
        self.effects(&ready);
        Some(ready)
    }

    /// Everything that only lived in memory is gone, and so is every call.
    fn crash(&mut self) {
        self.crashes += 1;
        self.up.clear();
        self.coming.clear();
        self.acts.clear();
        self.ids += 1_000_000;
        let records = self.store.load().expect("records");
        let ids = Box::new(CountedIds(self.ids));
        let nobody = HashSet::new();
        let (dialer, ready) =
            Dialer::restore(self.settings.clone(), ids, records, &nobody, self.now);
        self.dialer = dialer;
        self.store.begin().expect("a transaction");
        bench::write(&mut self.store, &ready);
        self.store.commit().expect("a commit");
        // Whoever starts a dialer finds the lines that the last one left behind.
        for line in self.store.undelivered().expect("lines") {
            self.deliver(line.dialing);
        }
        let mut ready = ready;
        ready.results.clear();
        self.effects(&ready);
    }

    fn deliver(&mut self, dialing: DialingId) {
        *self.results.entry(dialing).or_default() += 1;
        self.store.begin().expect("a transaction");
        self.store.apply(&Write::Delivered(vec![dialing])).expect("a write");
        self.store.commit().expect("a commit");
    }

    fn effects(&mut self, ready: &Ready) {
        for event in &ready.events {
            if let Event::Dialing(what, dialing) = event {
                self.note(*what, dialing);
            }
        }
        for line in &ready.results {
            self.deliver(line.dialing);
        }
        for order in &ready.calls {
            match order {
                CallOrder::Place(dialing) => self.place(dialing.clone()),
                CallOrder::HangUp(dialing)
                | CallOrder::GiveUp(dialing)
                | CallOrder::Shelter(dialing) => self.hang_up(*dialing),
                CallOrder::Note(..) => {}
            }
        }
    }

    fn note(&mut self, what: What, dialing: &Dialing) {
        let (id, seed) = (dialing.id, self.seed);
        match what {
            What::Created => assert!(self.created.insert(id), "seed {seed}: {id} created twice"),
            What::Updated => {
                assert!(!self.deleted.contains(&id), "seed {seed}: {id} after its end")
            }
            What::Deleted => {
                assert!(self.deleted.insert(id), "seed {seed}: {id} deleted twice");
                let is_final = [Disposition::Answered, Disposition::DoNotCall];
                if dialing.disposition.is_some_and(|d| is_final.contains(&d)) {
                    self.reached.insert(dialing.target);
                }
            }
        }
    }

    /// The network takes a call, and decides what will become of it.
    fn place(&mut self, dialing: Arc<Dialing>) {
        let seed = self.seed;
        assert!(
            self.up.values().all(|up| up.target != dialing.target),
            "seed {seed}: target {} is dialled twice at once",
            dialing.target
        );
        if let Some(window) = self.windows.get(&dialing.campaign) {
            assert!(window.is_open(self.now), "seed {seed}: dialled outside its window");
        }
        assert!(!self.reached.contains(&dialing.target), "seed {seed}: dialled after an answer");
        let promised = self.promised.get(&(dialing.target, dialing.number_index));
        let promised = promised.copied().unwrap_or(0) as u32;
        let more = if dialing.copy.promised { PROMISE_TRIES } else { 0 };
        let most = self.max_tries[dialing.number_index as usize - 1] + promised + more;
        let same = |other: &Dialing| {
            (other.target, other.number_index) == (dialing.target, dialing.number_index)
        };
        let before = self.placed.iter().filter(|(_, other)| same(other)).count();
        assert!(dialing.try_count <= most, "seed {seed}: try {} of {most}", dialing.try_count);
        assert!(before < dialing.try_count as usize, "seed {seed}: a try that was not counted");
        self.placed.push((self.now, dialing.clone()));
        self.up.insert(dialing.id, dialing.clone());
        let trunk = self.settings.trunks[TRUNK].max_dialings;
        let caps = [trunk, self.plan_caps[0]].into_iter().flatten().map(|most| most as usize);
        let most = caps.min().unwrap_or(usize::MAX).min(self.settings.max_dialings);
        assert!(self.up.len() <= most, "seed {seed}: {} calls of {most}", self.up.len());

        let id = dialing.id;
        if self.random.one_in(10) {
            let end = end(EndedBy::NotPlaced, 0, 3);
            self.will(0, CallEvent::Ended { dialing: id, end });
            return;
        }
        let begun = CallEvent::Begun { dialing: id, channel_name: format!("Local/{id}") };
        let at = self.will(10, begun);
        let ring_ms = i64::from(dialing.copy.timeout_ms);
        match self.random.below(4) {
            0 => self.will_at(
                at,
                50,
                CallEvent::Ended { dialing: id, end: end(EndedBy::Call, 0, 17) },
            ),
            1 => {
                self.will_at(
                    at,
                    20,
                    CallEvent::Progress { dialing: id, control: control::RINGING },
                );
                let end = end(EndedBy::RingTimeout, control::RINGING, 19);
                self.will_at(at, ring_ms, CallEvent::Ended { dialing: id, end })
            }
            2 => {
                let answer = self.random.below(ring_ms as u64) as i64;
                let at = self.will_at(at, answer, CallEvent::Answered { dialing: id });
                let talk = self.random.below(60_000) as i64;
                let end = CallEnd { answered: true, ..end(EndedBy::Call, control::ANSWER, 16) };
                self.will_at(at, talk, CallEvent::Ended { dialing: id, end })
            }
            _ => self.will_at(
                at,
                5,
                CallEvent::Ended { dialing: id, end: end(EndedBy::Call, 8, 34) },
            ),
        };
    }

    fn hang_up(&mut self, dialing: DialingId) {
        if self.up.contains_key(&dialing) {
            // What it would have done otherwise is not done any more.
            self.acts.retain(|_, act| event_of(act) != dialing);
            let end = end(EndedBy::Cancel, control::RINGING, 16);
            self.will(1, CallEvent::Ended { dialing, end });
        }
    }

    fn will(&mut self, after_ms: i64, event: CallEvent) -> Timestamp {
        self.will_at(self.now, after_ms, event)
    }

    fn will_at(&mut self, from: Timestamp, after_ms: i64, event: CallEvent) -> Timestamp {
        let at = Timestamp(from.0 + after_ms * 1_000_000);
        self.coming.push(Reverse((at, self.next_act)));
        self.acts.insert(self.next_act, event);
        self.next_act += 1;
        at
    }

    /// Goes on until nothing more can happen.
    fn run(&mut self) {
        for _ in 0..20_000 {
            let call = self.coming.peek().map(|Reverse((at, _))| *at);
            let wake = self.dialer.wake_at();
            let Some(next) = [call, wake].into_iter().flatten().min() else { break };
            if next > SCHEDULES_END {
                break;
            }
            self.now = self.now.max(next);
            if wake.is_some_and(|at| at <= self.now) {
                self.step(Input::Tick);
            } else if let Some(Reverse((_, act))) = self.coming.pop() {
                if let Some(event) = self.acts.remove(&act) {
                    self.call_event(event);
                }
            }
            self.meddle();
            self.check();
        }
    }

    fn call_event(&mut self, event: CallEvent) {
        if let CallEvent::Ended { dialing, .. } = &event {
            self.up.remove(dialing);
        }
        let answered = match &event {
            CallEvent::Answered { dialing } => Some(*dialing),
            _ => None,
        };
        self.step(Input::Call { at: self.now, event });
        if let Some(dialing) = answered {
            self.talk(dialing);
        }
    }

    /// Somebody at an answered call says what came of it, if it is still up.
    fn talk(&mut self, id: DialingId) {
        let Some(call) = self.up.get(&id).cloned() else { return };
        if self.now.0 > START.0 + 3_600 * SECOND || !self.random.one_in(3) {
            return;
        }
        let mut patch = OutcomePatch::default();
        match self.random.below(5) {
            0 => {
                let span = Duration::from_secs(1 + self.random.below(600));
                patch.call_back_at = Change::Set(CallBackTime::In(span));
            }
            1 => patch.disposition = Change::Set(Disposition::CallBack),
            2 => patch.disposition = Change::Set(Disposition::DoNotCall),
            3 => patch.disposition = Change::Set(Disposition::Machine),
            _ => patch.disposition = Change::Set(Disposition::Answered),
        }
        // A crash may swallow the command, but then there is no promise to be kept.
        *self.promised.entry((call.target, call.number_index)).or_default() += 1;
        let reply = self.command(Command::SetOutcome(id, patch));
        assert!(matches!(reply, None | Some(Reply::Updated)), "seed {}: {reply:?}", self.seed);
    }

    /// People start, pause and stop campaigns, and add to lists, while it runs.
    fn meddle(&mut self) {
        if !self.random.one_in(60) || self.now.0 > START.0 + 1_800 * SECOND {
            return;
        }
        let campaign = self.campaigns[self.random.below(self.campaigns.len() as u64) as usize];
        match self.random.below(6) {
            0 => self.request(campaign, StatusRequest::Pause),
            1 => self.request(campaign, StatusRequest::Stop),
            2 => self.request(campaign, StatusRequest::StopForcedly),
            _ => self.request(campaign, StatusRequest::Start),
        }
    }

    /// What must hold after every step.
    fn check(&mut self) {
        self.check_rate();
        // Counting everything takes long: now and then is often enough.
        if self.random.one_in(20) {
            self.check_counts();
        }
    }

    fn check_rate(&self) {
        let seed = self.seed;
        let span = SECOND;
        let recent =
            self.placed.iter().rev().take_while(|(at, _)| at.0 > self.now.0 - span).count();
        let trunk = self.settings.trunks[TRUNK].calls_per_second;
        let caps = [trunk, self.plan_caps[1]].into_iter().flatten();
        let most = caps.min().unwrap_or(u32::MAX).min(self.settings.calls_per_second) as usize;
        assert!(
            recent <= most + most / 20 + 2,
            "seed {seed}: {recent} calls in a second of {most}"
        );
    }

    fn check_counts(&mut self) {
        let seed = self.seed;
        for list in self.lists.clone() {
            let counts = self.store.counts(list).expect("counts");
            let of_list = self.targets.clone();
            let mut states: BTreeMap<&str, u64> = BTreeMap::new();
            let mut tries = 0;
            for id in of_list {
                let Some(target) = self.store.target(id).expect("a target") else { continue };
                if target.list != list {
                    continue;
                }
                let state = match target.state {
                    TargetState::Ready => "ready",
                    TargetState::Waiting(_) => "waiting",
                    TargetState::Dialing { .. } => "dialing",
                    TargetState::Done(_) => "done",
                };
                *states.entry(state).or_default() += 1;
                tries += u64::from(target.tries_in_all());
            }
            let counted = |state| states.get(state).copied().unwrap_or(0);
            assert_eq!(counts.ready + counts.waiting, counted("ready") + counted("waiting"));
            assert_eq!(counts.dialing, counted("dialing"), "seed {seed}");
            assert_eq!((counts.done, counts.tries), (counted("done"), tries), "seed {seed}");
        }
    }

    /// In the end every campaign is let run out; then nothing may be left.
    fn finish(&mut self) {
        self.end_schedules();
        for _ in 0..1_000 {
            for campaign in self.campaigns.clone() {
                self.request(campaign, StatusRequest::Start);
            }
            self.run();
            let used: HashSet<_> = self.used_lists();
            if self.targets_left(&used) == 0 && self.up.is_empty() && self.all_stopped() {
                break;
            }
        }
        let seed = self.seed;
        let used = self.used_lists();
        assert_eq!(self.targets_left(&used), 0, "seed {seed}: targets are left");
        let records = self.store.load().expect("records");
        assert!(records.open_dialings.is_empty(), "seed {seed}: a dialing never ended");
        assert!(self.all_stopped(), "seed {seed}: a campaign does not end");
        for (_, dialing) in &self.placed {
            assert_eq!(self.results.get(&dialing.id), Some(&1), "seed {seed}: {}", dialing.id);
        }
        assert!(self.results.values().all(|lines| *lines == 1), "seed {seed}: a line twice");
    }

    fn all_stopped(&mut self) -> bool {
        let records = self.store.load().expect("records");
        records.campaigns.iter().all(|campaign| campaign.status == CampaignStatus::Stop)
    }

    fn used_lists(&mut self) -> HashSet<DialListId> {
        let records = self.store.load().expect("records");
        records.campaigns.iter().filter_map(|campaign| campaign.list).collect()
    }

    fn targets_left(&mut self, lists: &HashSet<DialListId>) -> u64 {
        lists
            .iter()
            .map(|list| {
                let counts = self.store.counts(*list).expect("counts");
                counts.available() + counts.dialing
            })
            .sum()
    }
}

fn event_of(event: &CallEvent) -> DialingId {
    match event {
        CallEvent::Begun { dialing, .. }
        | CallEvent::Progress { dialing, .. }
        | CallEvent::Answered { dialing }
        | CallEvent::Screened { dialing, .. }
        | CallEvent::Connected { dialing, .. }
        | CallEvent::Sheltered { dialing }
        | CallEvent::Ended { dialing, .. } => *dialing,
    }
}

fn end(by: EndedBy, last_control: i32, cause: i32) -> CallEnd {
    CallEnd {
        by,
        answered: false,
        last_control,
        cause,
        cause_text: format!("cause {cause}"),
        tech_cause: None,
        amd: None,
    }
}

#[test]
fn days_of_dialing() {
    let only = std::env::var("SIMULATION_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    let (mut calls, mut crashes) = (0, 0);
    for seed in seeds {
        let mut sim = Sim::new(seed);
        sim.run();
        sim.finish();
        calls += sim.placed.len();
        crashes += sim.crashes;
    }
    println!("{calls} calls, {crashes} crashes");
    assert!(only.is_some() || (calls > 1_000 && crashes > 20), "{calls} calls, {crashes} crashes");
}
