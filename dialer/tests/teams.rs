//! Campaigns for agents: never more calls than a mode allows, never an agent left idle
//! while there is somebody to call, every abandoned person counted once, and the rest
//! connected. The agents, and those who are called, live by a virtual clock.

mod bench;

use bench::{Bench, SECOND, START};
use dialer::dialer::{
    CallEvent, CallOrder, Command, Event, Input, Ready, Reply, Settings, TeamStatus, What,
};
use dialer::domain::{
    control, Agent, AgentState, CallEnd, CampaignId, CampaignPatch, CampaignStatus, Change, Day,
    DayFigures, DestinationId, DestinationKind, DestinationPatch, DialMode, Dialing, DialingId,
    Disposition, EndedBy, Ledger, PlanId, PlanPatch, StatusRequest, TargetId, TeamLook, TeamName,
    Timestamp,
};
use dialer::store::Targets;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

const MS: i64 = 1_000_000;

/// What happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Answer(DialingId),
    GoUnanswered(DialingId),
    TalkEnds(usize),
    WrapUpEnds(usize),
    HarbourEnds(DialingId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Free,
    Talking(DialingId),
    WrappingUp(Timestamp),
    Paused,
}

/// A queue of agents, and people to be called.
struct Centre {
    bench: Bench,
    queue: TeamName,
    agents: Vec<Doing>,
    waiting: VecDeque<DialingId>,
    up: HashMap<DialingId, Arc<Dialing>>,
    answered: HashMap<DialingId, Timestamp>,
    coming: BinaryHeap<Reverse<(Timestamp, u64, Act)>>,
    acts: u64,
    random: u64,
    talk_s: u64,
    wrap_up_s: u64,
    /// One in so many people answers.
    one_in: u64,
    connected: BTreeMap<CampaignId, usize>,
    sheltered: Vec<(DialingId, Timestamp)>,
    ended: Vec<Arc<Dialing>>,
    talked_ns: i64,
    most_coming: usize,
}

impl Centre {
    fn new(agents: usize, patch: PlanPatch) -> Centre {
        let mut bench = Bench::new();
        bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
        bench.dialer.configure(settings(), START);
        let harbour = destination(&mut bench, "Playback", "sorry");
        let mut patch = PlanPatch {
            tech: Change::Set("Local/".into()),
            retry_delay_s: Change::Set(0),
            ..patch
        };
        patch.pacing.safe_harbour = Change::Set(harbour);
        patch.max_tries[0] = Change::Set(1);
        bench.plan = PlanId(bench.create(Command::CreatePlan(patch)));
        bench.destination = destination(&mut bench, "Queue", "sales,tT,,,60");
        Centre {
            bench,
            queue: TeamName::Queue("sales".to_owned()),
            agents: vec![Doing::Free; agents],
            waiting: VecDeque::new(),
            up: HashMap::new(),
            answered: HashMap::new(),
            coming: BinaryHeap::new(),
            acts: 0,
            random: 1,
            talk_s: 60,
            wrap_up_s: 10,
            one_in: 3,
            connected: BTreeMap::new(),
            sheltered: Vec::new(),
            ended: Vec::new(),
            talked_ns: 0,
            most_coming: 0,
        }
    }

    fn campaign(&mut self, targets: usize) -> CampaignId {
        let numbers: Vec<String> = (0..targets).map(|at| format!("1{at:05}")).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let list = self.bench.list_of(&numbers);
        let id = self.bench.campaign_over(list);
        self.bench.request(id, StatusRequest::Start).expect("it starts");
        id
    }

    fn below(&mut self, most: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 33) % most.max(1)
    }

    fn will(&mut self, after_ms: u64, act: Act) {
        self.acts += 1;
        let at = Timestamp(self.bench.now.0 + i64::try_from(after_ms).expect("soon") * MS);
        self.coming.push(Reverse((at, self.acts, act)));
    }

    fn step(&mut self, input: Input) -> Ready {
        let ready = self.bench.step(input);
        for order in &ready.calls {
            match order {
                CallOrder::Place(dialing) => self.place(dialing.clone()),
                CallOrder::Shelter(id) => self.shelter(*id),
                CallOrder::GiveUp(id) | CallOrder::HangUp(id)
                    if !self.answered.contains_key(id) =>
                {
                    self.will(1, Act::GoUnanswered(*id));
                }
                _ => {}
            }
        }
        self.note_ends(&ready);
        self.most_coming = self.most_coming.max(self.coming_calls());
        if self.bench.dialer.teams_to_watch().is_some_and(|teams| !teams.is_empty()) {
            self.look();
        }
        ready
    }

    fn note_ends(&mut self, ready: &Ready) {
        for event in &ready.events {
            if let Event::Dialing(What::Deleted, dialing) = event {
                self.ended.push(dialing.clone());
            }
        }
    }

    /// The dialer is made anew from the store. Calls stay up, or Asterisk ended with them.
    fn crash(&mut self, calls_stay: bool) {
        if !calls_stay {
            self.up.clear();
            self.answered.clear();
            self.waiting.clear();
            self.coming.clear();
            self.agents.iter_mut().for_each(|doing| *doing = Doing::Free);
        }
        let live: Vec<DialingId> = self.up.keys().copied().collect();
        let ready = self.bench.make_anew(&live);
        self.note_ends(&ready);
        self.bench.dialer.configure(settings(), self.bench.now);
    }

    fn coming_calls(&self) -> usize {
        self.up.len() - self.answered.len()
    }

    fn call(&mut self, event: CallEvent) {
        let at = self.bench.now;
        self.step(Input::Call { at, event });
    }

    fn place(&mut self, dialing: Arc<Dialing>) {
        let id = dialing.id;
        let timeout = u64::from(dialing.copy.timeout_ms);
        self.up.insert(id, dialing);
        if self.below(self.one_in) == 0 {
            let ring_ms = 4_000 + self.below(10_000);
            self.will(ring_ms, Act::Answer(id));
        } else {
            self.will(timeout, Act::GoUnanswered(id));
        }
    }

    fn shelter(&mut self, id: DialingId) {
        let Some(at) = self.waiting.iter().position(|waiting| *waiting == id) else { return };
        self.waiting.remove(at);
        self.sheltered.push((id, self.bench.now));
        self.call(CallEvent::Sheltered { dialing: id });
        self.will(5_000, Act::HarbourEnds(id));
    }

    fn end(&mut self, id: DialingId, answered: bool) {
        if self.up.remove(&id).is_none() {
            return;
        }
        self.answered.remove(&id);
        let (by, last_control, cause) = match answered {
            true => (EndedBy::Call, control::ANSWER, 16),
            false => (EndedBy::RingTimeout, control::RINGING, 19),
        };
        let end = CallEnd {
            by,
            answered,
            last_control,
            cause,
            cause_text: String::new(),
            tech_cause: None,
            amd: None,
        };
        self.call(CallEvent::Ended { dialing: id, end });
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Answer(id) if self.up.contains_key(&id) => {
                self.answered.insert(id, self.bench.now);
                self.waiting.push_back(id);
                self.call(CallEvent::Answered { dialing: id });
                self.assign();
            }
            Act::GoUnanswered(id) if !self.answered.contains_key(&id) => self.end(id, false),
            Act::Answer(_) | Act::GoUnanswered(_) => {}
            Act::TalkEnds(agent) => {
                let Doing::Talking(id) = self.agents[agent] else { return };
                let until = Timestamp(self.bench.now.0 + self.wrap_up_s as i64 * SECOND);
                self.agents[agent] = Doing::WrappingUp(until);
                self.will(self.wrap_up_s * 1_000, Act::WrapUpEnds(agent));
                self.end(id, true);
                self.look();
            }
            Act::WrapUpEnds(agent) => {
                if matches!(self.agents[agent], Doing::WrappingUp(_)) {
                    self.agents[agent] = Doing::Free;
                }
                self.assign();
                self.look();
            }
            Act::HarbourEnds(id) => self.end(id, true),
        }
    }

    /// Gives callers to free agents.
    fn assign(&mut self) {
        while let Some(agent) = self.agents.iter().position(|doing| *doing == Doing::Free) {
            let Some(id) = self.waiting.pop_front() else { return };
            self.agents[agent] = Doing::Talking(id);
            *self.connected.entry(self.up[&id].campaign).or_default() += 1;
            let talk_ms = self.talk_s * 500 + self.below(self.talk_s * 1_000);
            self.talked_ns += i64::try_from(talk_ms).expect("short") * MS;
            self.will(talk_ms, Act::TalkEnds(agent));
            let agent = Some(format!("PJSIP/agent{agent}"));
            self.call(CallEvent::Connected { dialing: id, agent });
            self.look();
        }
    }

    fn look(&mut self) {
        let state = |doing: &Doing| match doing {
            Doing::Free => AgentState::Free,
            Doing::Talking(_) => AgentState::Busy,
            Doing::WrappingUp(until) => AgentState::WrappingUp { until: Some(*until) },
            Doing::Paused => AgentState::Paused,
        };
        let agents = self.agents.iter().enumerate().map(|(at, doing)| Agent {
            interface: format!("PJSIP/agent{at}"),
            name: format!("Agent {at}"),
            penalty: 0,
            state: state(doing),
        });
        let look = TeamLook { agents: agents.collect(), other_callers: 0 };
        let (at, team) = (self.bench.now, self.queue.clone());
        self.step(Input::Team { at, team, look });
    }

    fn run(&mut self, seconds: i64, check: impl Fn(&Centre)) {
        let end = Timestamp(self.bench.now.0 + seconds * SECOND);
        self.look();
        loop {
            let act = self.coming.peek().map(|Reverse((at, ..))| *at);
            let wake = self.bench.dialer.wake_at();
            let Some(next) = [act, wake].into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            self.bench.now = self.bench.now.max(next);
            if wake.is_some_and(|at| at <= self.bench.now) {
                self.step(Input::Tick);
            } else if let Some(Reverse((_, _, act))) = self.coming.pop() {
                self.act(act);
            }
            check(self);
        }
        self.bench.now = end;
    }

    fn free(&self) -> usize {
        self.agents.iter().filter(|doing| **doing == Doing::Free).count()
    }

    fn occupancy(&self, seconds: i64) -> f64 {
        let staffed = seconds * SECOND * i64::try_from(self.agents.len()).expect("few");
        self.talked_ns as f64 / staffed as f64
    }

    fn team(&mut self, campaign: CampaignId) -> TeamStatus {
        match self.bench.command(Command::ShowStatus).reply {
            Some(Reply::Status(status)) => {
                let running = status.running.into_iter().find(|running| running.id == campaign);
                running.and_then(|running| running.figures.team).expect("a team")
            }
            other => panic!("{other:?}"),
        }
    }

    fn explain(&mut self, target: TargetId) -> String {
        match self.bench.command(Command::Explain(target)).reply {
            Some(Reply::Explained(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

fn destination(bench: &mut Bench, application: &str, data: &str) -> DestinationId {
    DestinationId(bench.create(Command::CreateDestination(DestinationPatch {
        kind: Change::Set(DestinationKind::Application),
        application: Change::Set(application.to_owned()),
        data: Change::Set(data.to_owned()),
        ..DestinationPatch::default()
    })))
}

fn settings() -> Settings {
    Settings { max_dialings: 500, calls_per_second: 1_000, ..Settings::default() }
}

fn mode(mode: DialMode) -> PlanPatch {
    PlanPatch { mode: Change::Set(mode), ..PlanPatch::default() }
}

#[test]
fn progressive_has_one_line_for_each_free_agent() {
    let mut centre = Centre::new(5, mode(DialMode::Progressive));
    centre.campaign(2_000);
    centre.run(1_800, |centre| {
        let lines = centre.coming_calls() + centre.waiting.len();
        assert!(lines <= centre.free() + centre.waiting.len(), "{lines} lines");
    });
    assert_eq!(centre.most_coming, 5);
    assert!(centre.sheltered.is_empty(), "nobody can be abandoned");
    assert!(centre.connected.values().sum::<usize>() > 60, "{:?}", centre.connected);
    let connected = centre.ended.iter().filter(|dialing| dialing.connected_at.is_some());
    let connected: Vec<_> = connected.collect();
    assert!(connected.iter().all(|d| d.disposition == Some(Disposition::Answered)));
    assert!(connected.iter().all(|d| d.agent.as_deref().is_some_and(|a| a.starts_with("PJSIP/"))));
}

#[test]
fn power_has_as_many_lines_as_it_is_told() {
    let mut patch = mode(DialMode::Power);
    patch.pacing.lines_per_agent = Change::Set(250);
    let mut centre = Centre::new(4, patch);
    centre.campaign(4_000);
    centre.run(3, |_| {});
    assert_eq!(centre.coming_calls(), 10, "4 agents with 2.5 lines each");
    centre.run(1_800, |_| {});
    assert_eq!(centre.most_coming, 10);
    check_abandoned(&centre);
}

/// Everybody who was abandoned was so exactly then, is recorded, and waits for 72 hours.
fn check_abandoned(centre: &Centre) {
    let of = |d: &&Arc<Dialing>| d.disposition == Some(Disposition::Abandoned);
    let abandoned: Vec<_> = centre.ended.iter().filter(of).collect();
    assert!(!abandoned.is_empty() && abandoned.len() <= centre.sheltered.len());
    for dialing in abandoned {
        let answered = dialing.dial_ended_at.expect("an answer");
        let left = dialing.abandoned_at.expect("a time");
        assert_eq!(left.0 - answered.0, 2 * SECOND);
        assert_eq!((dialing.connected_at, dialing.agent.as_deref()), (None, None));
    }
    for (id, at) in &centre.sheltered {
        let told = centre.ended.iter().filter(|dialing| dialing.id == *id).count();
        assert!(told == 1 || (told == 0 && centre.up.contains_key(id)), "{id} at {at}");
    }
}

#[test]
fn predictive_keeps_agents_busier_within_the_budget() {
    const SPAN_S: i64 = 4_000;
    let occupancy = |mode_of| {
        let mut centre = Centre::new(10, mode(mode_of));
        let campaign = centre.campaign(4_000);
        centre.run(SPAN_S, |_| {});
        let figures = centre.ledger(campaign);
        (centre.occupancy(SPAN_S), figures, centre)
    };
    let (progressive, none, _) = occupancy(DialMode::Progressive);
    let (predictive, figures, centre) = occupancy(DialMode::Predictive);
    assert_eq!(none.abandoned, 0);
    assert!(predictive > progressive * 1.1, "{predictive} against {progressive}");
    assert!(figures.abandon_rate() <= 400, "{figures:?}");
    assert_eq!(figures.abandoned as usize, centre.sheltered.len());
    let answered = centre.connected.values().sum::<usize>() + centre.sheltered.len();
    assert!(figures.answered as usize - answered <= centre.waiting.len(), "{figures:?}");
}

impl Centre {
    fn ledger(&mut self, campaign: CampaignId) -> DayFigures {
        let records = dialer::store::Store::load(&mut self.bench.store).expect("records");
        let of = records.ledger.into_iter().filter(|(id, _)| *id == campaign);
        let mut ledger = Ledger::default();
        of.for_each(|(_, figures)| ledger.put(figures));
        ledger.days_up_to(Day::of(self.bench.now, "UTC"))
    }
}

#[test]
fn agents_who_pause_are_not_called_for() {
    let mut centre = Centre::new(3, mode(DialMode::Progressive));
    let campaign = centre.campaign(500);
    centre.agents = vec![Doing::Paused; 3];
    centre.run(60, |_| {});
    assert_eq!(centre.most_coming, 0);
    let team = centre.team(campaign);
    assert_eq!((team.paused, team.free, team.coming), (3, 0, 0));
    let list = centre.bench.dialer.wake_at();
    assert!(list.is_none_or(|at| at.0 > centre.bench.now.0 + 3_600 * SECOND), "it sleeps");
    centre.agents[1] = Doing::Free;
    centre.run(5, |_| {});
    assert_eq!(centre.coming_calls(), 1);
    let now = centre.bench.now;
    let of_campaign = centre.up.values().next().expect("a call").list;
    let ready = centre.bench.store.ready(of_campaign, now, 5).expect("targets");
    let why = centre.explain(ready.last().expect("one that waits").id);
    assert!(why.contains("queue sales") && why.contains("2 paused"), "{why}");
}

#[test]
fn two_campaigns_share_one_queue() {
    for mode_of in [DialMode::Progressive, DialMode::Predictive] {
        let mut centre = Centre::new(8, mode(mode_of));
        let one = centre.campaign(2_500);
        let other = centre.campaign(2_500);
        centre.run(2_400, |_| {});
        let (one, other) = (centre.connected[&one] as f64, centre.connected[&other] as f64);
        assert!((one / other - 1.0).abs() < 0.2, "{mode_of:?}: {one} and {other}");
    }
}

#[test]
fn a_capacity_is_never_exceeded_in_progressive_mode() {
    let mut centre = Centre::new(0, mode(DialMode::Progressive));
    let patch = DestinationPatch { capacity: Change::Set(4), ..DestinationPatch::default() };
    let id = centre.bench.destination;
    assert!(matches!(
        centre.bench.command(Command::UpdateDestination(id, patch)).reply,
        Some(Reply::Updated)
    ));
    centre.one_in = 1;
    let campaign = centre.campaign(100);
    centre.run(30, |centre| assert!(centre.up.len() <= 4, "{}", centre.up.len()));
    assert_eq!(centre.up.len(), 4, "all are served and nobody hangs up");
    let team = centre.team(campaign);
    assert_eq!((team.busy, team.free, team.waiting), (4, 0, 0));
    let id = *centre.up.keys().next().expect("a call");
    centre.end(id, true);
    centre.run(1, |_| {});
    assert_eq!(centre.coming_calls(), 1);
}

#[test]
fn modes_that_need_agents_do_not_start_without() {
    for mode_of in [DialMode::Progressive, DialMode::Power, DialMode::Preview] {
        let mut centre = Centre::new(0, mode(mode_of));
        centre.bench.destination = destination(&mut centre.bench, "Playback", "hello");
        let list = centre.bench.list_of(&["1"]);
        let id = centre.bench.campaign_over(list);
        let why = centre.bench.request(id, StatusRequest::Start).expect_err("no agents");
        assert!(why.starts_with("Dest: cannot start: nobody can be free there"), "{why}");
        assert!(why.contains("a Capacity"), "{why}");
    }
    let mut centre = Centre::new(0, mode(DialMode::None));
    let list = centre.bench.list_of(&["1"]);
    let id = centre.bench.campaign_over(list);
    let why = centre.bench.request(id, StatusRequest::Start).expect_err("no mode");
    assert_eq!(why, "Plan: cannot start: its DialMode is 0 (none)");
}

#[test]
fn a_paused_campaign_calls_nobody() {
    let mut centre = Centre::new(5, mode(DialMode::Predictive));
    let campaign = centre.campaign(1_500);
    centre.run(600, |_| {});
    let patch = CampaignPatch { status: Some(StatusRequest::Pause), ..CampaignPatch::default() };
    centre.bench.update(campaign, patch).expect("it pauses");
    let before = centre.ended.len() + centre.up.len();
    centre.run(600, |_| {});
    assert_eq!(centre.ended.len() + centre.up.len(), before);
    assert!(centre.up.is_empty(), "those under way have ended");
}

/// Whatever ends, every call ends once, nobody is called again who had an agent, and the
/// list is worked off.
#[test]
fn crashes_lose_and_repeat_nobody() {
    for mode_of in [DialMode::Progressive, DialMode::Predictive] {
        let mut centre = Centre::new(6, mode(mode_of));
        centre.talk_s = 20;
        let campaign = centre.campaign(200);
        let mut placed: HashMap<TargetId, usize> = HashMap::new();
        for round in 0..400 {
            let span = 1 + i64::try_from(centre.below(90)).expect("short");
            centre.run(span, |_| {});
            if round < 40 {
                let calls_stay = centre.below(2) == 0;
                centre.crash(calls_stay);
            }
            if centre.up.is_empty() && centre.bench.dialer.wake_at().is_none() {
                break;
            }
        }
        assert!(centre.up.is_empty(), "{mode_of:?}: {} calls never ended", centre.up.len());
        let mut ends: HashMap<DialingId, usize> = HashMap::new();
        for dialing in &centre.ended {
            *ends.entry(dialing.id).or_default() += 1;
            *placed.entry(dialing.target).or_default() += 1;
        }
        assert!(ends.values().all(|ends| *ends == 1), "{mode_of:?}: a call that ended twice");
        assert_eq!(placed.len(), 200, "{mode_of:?}: everybody was called");
        assert!(placed.values().all(|calls| *calls == 1), "{mode_of:?}: one try each");
        let interrupted = |d: &&Arc<Dialing>| d.disposition == Some(Disposition::Interrupted);
        assert!(centre.ended.iter().filter(interrupted).count() > 0, "{mode_of:?}");
        let records = dialer::store::Store::load(&mut centre.bench.store).expect("records");
        let record = records.campaigns.iter().find(|record| record.id == campaign);
        assert_eq!(record.map(|record| record.status), Some(CampaignStatus::Stop));
    }
}
