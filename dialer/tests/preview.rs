//! Mode preview: who is offered which target, what agents say to that, and that no target
//! is lost or called twice whatever happens meanwhile.

mod bench;

use bench::{Bench, START};
use dialer::dialer::{CallEvent, CallOrder, Command, Event, Input, ListReset, Ready, Reply};
use dialer::domain::{
    control, Agent, AgentState, CallEnd, CampaignStatus, Change, DestinationId, DestinationKind,
    DestinationPatch, DialMode, Dialing, EndedBy, Offer, OfferState, PlanId, PlanPatch, Route,
    StatusRequest, Target, TargetId, TargetPatch, TargetState, TeamLook, TeamName, Timestamp,
};
use dialer::store::Targets;
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT_S: u64 = 30;
const RETRY_DELAY_S: u64 = 600;

/// A queue with agents, and a started campaign over some numbers that offers them.
struct Floor {
    bench: Bench,
    agents: Vec<Agent>,
    /// What became of offers, in order.
    told: Vec<(OfferState, Arc<Offer>)>,
    placed: Vec<Arc<Dialing>>,
}

fn agent(name: &str) -> Agent {
    Agent {
        interface: format!("PJSIP/{name}"),
        name: name.to_owned(),
        penalty: 0,
        state: AgentState::Free,
    }
}

impl Floor {
    fn new(agents: &[&str], numbers: &[&str]) -> Floor {
        let mut bench = Bench::new();
        bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
        let mut plan = PlanPatch {
            tech: Change::Set("Local/".into()),
            mode: Change::Set(DialMode::Preview),
            retry_delay_s: Change::Set(RETRY_DELAY_S as u32),
            ..PlanPatch::default()
        };
        plan.pacing.preview_timeout_s = Change::Set(TIMEOUT_S as u32);
        plan.max_tries[0] = Change::Set(2);
        bench.plan = PlanId(bench.create(Command::CreatePlan(plan)));
        let queue = DestinationPatch {
            kind: Change::Set(DestinationKind::Application),
            application: Change::Set("Queue".into()),
            data: Change::Set("sales,t".into()),
            ..DestinationPatch::default()
        };
        bench.destination = DestinationId(bench.create(Command::CreateDestination(queue)));
        bench.list = bench.list_of(numbers);
        bench.campaign = bench.campaign_over(bench.list);
        bench.request(bench.campaign, StatusRequest::Start).expect("it starts");
        let agents = agents.iter().map(|name| agent(name)).collect();
        let mut floor = Floor { bench, agents, told: Vec::new(), placed: Vec::new() };
        floor.go_on();
        floor.look();
        floor
    }

    fn step(&mut self, input: Input) -> Ready {
        let ready = self.bench.step(input);
        for event in &ready.events {
            if let Event::Preview(state, offer) = event {
                self.told.push((*state, offer.clone()));
            }
        }
        self.placed.extend(ready.calls.iter().filter_map(|order| match order {
            CallOrder::Place(dialing) => Some(dialing.clone()),
            _ => None,
        }));
        ready
    }

    fn command(&mut self, command: Command) -> Reply {
        let reply = self.step(Input::Command(Box::new(command))).reply.expect("a reply");
        self.go_on();
        reply
    }

    /// Ticks until there is nothing to do now.
    fn go_on(&mut self) {
        for _ in 0..100 {
            if self.bench.dialer.wake_at().is_none_or(|at| at > self.bench.now) {
                return;
            }
            self.step(Input::Tick);
        }
        panic!("the dialer does not come to rest");
    }

    /// Lets time go on, as the dialer wants to be woken.
    fn wait(&mut self, s: u64) {
        let end = self.bench.now + Duration::from_secs(s);
        while let Some(at) = self.bench.dialer.wake_at().filter(|at| *at <= end) {
            self.bench.now = at.max(self.bench.now);
            self.go_on();
        }
        self.bench.now = end;
    }

    fn look(&mut self) {
        let look = TeamLook { agents: self.agents.clone(), other_callers: 0 };
        let team = TeamName::Queue("sales".to_owned());
        self.step(Input::Team { at: self.bench.now, team, look });
        self.go_on();
    }

    fn agent_becomes(&mut self, name: &str, state: AgentState) {
        let agent = self.agents.iter_mut().find(|agent| agent.name == name).expect("an agent");
        agent.state = state;
        self.look();
    }

    /// What was told of offers since the last time: state, agent, number.
    fn told(&mut self) -> Vec<String> {
        let told = std::mem::take(&mut self.told);
        let words = |(state, offer): &(OfferState, Arc<Offer>)| {
            format!("{} {} {}", state.name(), offer.agent.name, offer.number().unwrap_or("-"))
        };
        told.iter().map(words).collect()
    }

    fn offers(&mut self) -> Vec<Arc<Offer>> {
        match self.command(Command::ShowOffers(None, None)) {
            Reply::Offers(offers) => offers,
            other => panic!("{other:?}"),
        }
    }

    /// The only offer there is.
    fn offer(&mut self) -> Arc<Offer> {
        let mut offers = self.offers();
        assert_eq!(offers.len(), 1);
        offers.remove(0)
    }

    fn target(&mut self, id: TargetId) -> Target {
        self.bench.store.target(id).expect("a read").expect("a target")
    }

    fn end_call(&mut self, dialing: &Dialing) {
        let end = CallEnd {
            by: EndedBy::Call,
            answered: false,
            last_control: control::BUSY,
            cause: 17,
            cause_text: String::new(),
            tech_cause: None,
            amd: None,
        };
        let event = CallEvent::Ended { dialing: dialing.id, end };
        self.step(Input::Call { at: self.bench.now, event });
        // One call a second is what the caps allow.
        self.wait(1);
    }
}

fn after(s: u64) -> Timestamp {
    START + Duration::from_secs(s)
}

fn refused(reply: Reply) -> String {
    match reply {
        Reply::Refused(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

const ENDED: &str = "No such preview: it has ended, or there never was one";

#[test]
fn each_free_agent_looks_at_one_target() {
    let mut floor = Floor::new(&["anna", "bob"], &["1", "2", "3"]);
    assert_eq!(floor.told(), ["Offered anna 1", "Offered bob 2"]);
    assert!(floor.placed.is_empty());
    for offer in floor.offers() {
        assert_eq!(floor.target(offer.target.id).state, TargetState::Waiting(after(TIMEOUT_S)));
        assert_eq!((offer.try_count(), offer.made_at), (1, START));
    }
    floor.look();
    floor.wait(TIMEOUT_S - 1);
    assert_eq!(floor.told(), [""; 0], "nothing more before somebody says something");
}

#[test]
fn who_has_the_lowest_penalty_is_asked_first_and_busy_ones_not_at_all() {
    let mut floor = Floor::new(&[], &["1"]);
    let busy = Agent { state: AgentState::Busy, ..agent("carl") };
    floor.agents = vec![Agent { penalty: 5, ..agent("anna") }, agent("bob"), busy];
    floor.look();
    assert_eq!(floor.told(), ["Offered bob 1"]);
}

#[test]
fn an_accepted_target_is_called_at_once_for_this_agent() {
    let mut floor = Floor::new(&["anna"], &["1", "2"]);
    let offer = floor.offer();
    let Reply::Created(dialing) = floor.command(Command::AcceptOffer(offer.id)) else { panic!() };
    let call = floor.placed.remove(0);
    assert_eq!((call.id.0, call.number.as_str(), call.try_count), (dialing, "1", 1));
    assert_eq!(call.agent.as_deref(), Some("PJSIP/anna"));
    assert_eq!(call.queue, None, "it goes past the queue");
    let wanted = Route::Application { name: "Dial".into(), data: "PJSIP/anna,30".into() };
    assert_eq!(call.copy.route, wanted);
    assert_eq!(floor.told.last(), Some(&(OfferState::Accepted(call.id), offer.clone())));
    let target = floor.target(offer.target.id);
    assert_eq!((target.dialing(), target.tries[0]), (Some(call.id), 1));
    floor.told();

    floor.look();
    assert_eq!(floor.told(), [""; 0], "anna has a call on its way");
    assert_eq!(refused(floor.command(Command::AcceptOffer(offer.id))), ENDED);
    floor.end_call(&call);
    assert_eq!(floor.told(), ["Offered anna 2"]);
}

#[test]
fn a_skipped_target_waits_without_a_try() {
    let mut floor = Floor::new(&["anna"], &["1", "2"]);
    let offer = floor.offer();
    assert!(matches!(floor.command(Command::SkipOffer(offer.id)), Reply::Updated));
    assert_eq!(floor.told(), ["Offered anna 1", "Skipped anna 1", "Offered anna 2"]);
    let target = floor.target(offer.target.id);
    assert_eq!(target.state, TargetState::Waiting(after(RETRY_DELAY_S)));
    assert_eq!(target.tries_in_all(), 0);
    assert_eq!(refused(floor.command(Command::SkipOffer(offer.id))), ENDED);
}

#[test]
fn who_says_nothing_rests_and_others_are_offered_the_target() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    floor.told();
    floor.wait(TIMEOUT_S);
    assert_eq!(floor.told(), ["TimedOut anna 1"]);
    floor.agents.push(agent("bob"));
    floor.look();
    assert_eq!(floor.told(), ["Offered bob 1"]);
    floor.wait(TIMEOUT_S);
    assert_eq!(floor.told(), ["TimedOut bob 1", "Offered anna 1"], "anna has rested");
}

#[test]
fn the_time_is_up_when_it_is_up() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    let offer = floor.offer();
    floor.bench.now = offer.until;
    let accepted = floor.step(Input::Command(Box::new(Command::AcceptOffer(offer.id))));
    assert_eq!(refused(accepted.reply.expect("a reply")), ENDED);
    assert!(floor.placed.is_empty());
}

#[test]
fn offers_end_with_what_they_came_from() {
    type Happens = fn(&mut Floor);
    let table: [(&str, Happens, &[&str]); 7] = [
        ("pause", |floor| ask(floor, StatusRequest::Pause), &[]),
        ("stop", |floor| ask(floor, StatusRequest::Stop), &[]),
        ("the agent is called", |floor| floor.agent_becomes("anna", AgentState::Ringing), &[]),
        (
            "the agent goes",
            |floor| {
                floor.agents.clear();
                floor.look();
            },
            &[],
        ),
        (
            "another mode",
            |floor| {
                let mode = Change::Set(DialMode::Progressive);
                let plan = floor.bench.plan;
                floor
                    .command(Command::UpdatePlan(plan, PlanPatch { mode, ..PlanPatch::default() }));
            },
            &["1"],
        ),
        (
            "the clock is set back",
            |floor| {
                floor.bench.now = Timestamp(START.0 - 3_600_000_000_000);
                floor.step(Input::Tick);
                floor.go_on();
            },
            &[],
        ),
        (
            "no try is left",
            |floor| {
                let mut patch = PlanPatch::default();
                patch.max_tries[0] = Change::Set(0);
                let plan = floor.bench.plan;
                floor.command(Command::UpdatePlan(plan, patch));
            },
            &[],
        ),
    ];
    for (what, happens, called) in table {
        let mut floor = Floor::new(&["anna"], &["1"]);
        let offer = floor.offer();
        floor.told();
        happens(&mut floor);
        assert_eq!(floor.told().first().map(String::as_str), Some("Withdrawn anna 1"), "{what}");
        assert_eq!(refused(floor.command(Command::AcceptOffer(offer.id))), ENDED, "{what}");
        let numbers: Vec<_> = floor.placed.iter().map(|call| call.number.as_str()).collect();
        assert_eq!(numbers, called, "{what}");
        let state = floor.target(offer.target.id).state;
        let is_kept = !matches!(state, TargetState::Waiting(until) if until == offer.until);
        assert!(is_kept, "{what}: {state:?}");
    }
}

fn ask(floor: &mut Floor, status: StatusRequest) {
    let patch = dialer::domain::CampaignPatch { status: Some(status), ..Default::default() };
    let campaign = floor.bench.campaign;
    assert!(matches!(floor.command(Command::UpdateCampaign(campaign, patch)), Reply::Updated));
}

#[test]
fn a_campaign_waits_for_what_is_offered() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    let campaign = floor.bench.campaign;
    let offer = floor.offer();
    floor.command(Command::AcceptOffer(offer.id));
    let call = floor.placed.remove(0);
    let status = |floor: &mut Floor| match floor.command(Command::ShowStatus) {
        Reply::Status(status) => {
            status.running.iter().find(|c| c.id == campaign).map(|running| running.status)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(status(&mut floor), Some(CampaignStatus::Start));
    floor.end_call(&call);
    floor.wait(RETRY_DELAY_S);
    let second = floor.offer();
    assert_eq!(second.try_count(), 2);
    floor.command(Command::AcceptOffer(second.id));
    let call = floor.placed.remove(0);
    floor.end_call(&call);
    assert_eq!(status(&mut floor), None, "it ends with its list");
}

#[test]
fn a_changed_target_is_shown_as_it_is_and_a_lost_one_is_withdrawn() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    let offer = floor.offer();
    let mut patch = TargetPatch { name: Change::Set("Zoe".into()), ..TargetPatch::default() };
    patch.numbers[0] = Change::Set("11".into());
    floor.command(Command::UpdateTarget(offer.target.id, patch));
    assert_eq!(floor.told(), ["Offered anna 1", "Offered anna 11"]);
    let changed = floor.offer();
    assert_eq!((changed.id, changed.target.name.as_deref()), (offer.id, Some("Zoe")));
    floor.command(Command::AcceptOffer(offer.id));
    assert_eq!(floor.placed[0].number, "11");

    let reset: fn(&Floor, TargetId) -> Command = |floor, _| {
        Command::ResetList(
            floor.bench.list,
            ListReset { clear_tries: true, ..ListReset::default() },
        )
    };
    for lose in [reset, |_, id| Command::DeleteTarget(id)] {
        let mut floor = Floor::new(&["anna"], &["1"]);
        let offer = floor.offer();
        let command = lose(&floor, offer.target.id);
        floor.command(command);
        assert_eq!(floor.told()[..2], ["Offered anna 1", "Withdrawn anna 1"]);
        assert_eq!(refused(floor.command(Command::AcceptOffer(offer.id))), ENDED);
    }
}

#[test]
fn after_a_crash_the_target_is_ready_when_the_offer_would_have_ended() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    let offer = floor.offer();
    floor.bench.make_anew(&[]);
    floor.told();
    assert_eq!(refused(floor.command(Command::AcceptOffer(offer.id))), ENDED);
    floor.look();
    assert_eq!(floor.told(), [""; 0]);
    floor.wait(TIMEOUT_S);
    floor.look();
    assert_eq!(floor.told(), ["Offered anna 1"]);
    assert_eq!(floor.target(offer.target.id).tries_in_all(), 0);
}

#[test]
fn nobody_is_called_beyond_the_caps() {
    let mut floor = Floor::new(&["anna", "bob"], &["1", "2"]);
    let plan = floor.bench.plan;
    let patch = PlanPatch { max_dialings: Change::Set(1), ..PlanPatch::default() };
    floor.command(Command::UpdatePlan(plan, patch));
    let offers = floor.offers();
    assert!(matches!(floor.command(Command::AcceptOffer(offers[0].id)), Reply::Created(_)));
    let why = refused(floor.command(Command::AcceptOffer(offers[1].id)));
    assert!(why.starts_with("No call can be placed just now: all 1 dialings"), "{why}");
    let call = floor.placed.remove(0);
    floor.end_call(&call);
    assert!(matches!(floor.command(Command::AcceptOffer(offers[1].id)), Reply::Created(_)));
}

#[test]
fn offers_are_listed_by_campaign_and_agent() {
    let mut floor = Floor::new(&["anna", "bob"], &["1", "2"]);
    let (campaign, other) = (floor.bench.campaign, floor.bench.campaign_over(floor.bench.list));
    let mut count = |of, agent: Option<&str>| match floor
        .command(Command::ShowOffers(of, agent.map(str::to_owned)))
    {
        Reply::Offers(offers) => Ok(offers.len()),
        Reply::Refused(why) => Err(why.to_string()),
        other => panic!("{other:?}"),
    };
    assert_eq!(count(Some(campaign), None), Ok(2));
    assert_eq!(count(Some(other), None), Ok(0));
    assert_eq!(count(None, Some("PJSIP/bob")), Ok(1));
    assert_eq!(count(None, Some("PJSIP/zoe")), Ok(0));
    let gone = dialer::domain::CampaignId(uuid::Uuid::nil());
    assert_eq!(count(Some(gone), None), Err("Campaign: no such campaign".to_owned()));
}

#[test]
fn it_is_said_of_a_target_that_it_is_offered() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    let offer = floor.offer();
    let Reply::Explained(why) = floor.command(Command::Explain(offer.target.id)) else { panic!() };
    assert_eq!(why, "it is offered to the agent PJSIP/anna, who has 30 s left to accept it");
}

#[test]
fn it_needs_agents_one_by_one() {
    let mut floor = Floor::new(&["anna"], &["1"]);
    let bench = &mut floor.bench;
    bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
    let extension = DestinationPatch {
        context: Change::Set("default".into()),
        exten: Change::Set("s".into()),
        capacity: Change::Set(30),
        ..DestinationPatch::default()
    };
    bench.destination = DestinationId(bench.create(Command::CreateDestination(extension)));
    let campaign = bench.campaign_over(bench.list);
    let why = bench.request(campaign, StatusRequest::Start).expect_err("a refusal");
    assert!(why.starts_with("Dest: cannot start: nobody can be free there"), "{why}");
}

/// Over a manager session: what it sends, and what comes back.
mod session {
    use super::bench::desk::Desk;
    use super::{agent, Event, Input, TeamLook, TeamName, Timestamp, START};
    use dialer::surface::ami;

    fn act(desk: &Desk, lines: &[(&str, &str)]) -> (String, Vec<Event>) {
        let headers: Vec<_> = lines.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        desk.act(&headers)
    }

    fn made(desk: &Desk, action: &str, lines: &[(&str, &str)]) -> String {
        let (answer, _) = act(desk, &[&[("Action", action)], lines].concat());
        value(&answer, "Uuid").unwrap_or_else(|| panic!("{answer}"))
    }

    fn value(message: &str, header: &str) -> Option<String> {
        let line = message.lines().find_map(|line| line.strip_prefix(&format!("{header}: ")));
        line.map(str::to_owned)
    }

    /// A desk whose campaign has offered a target to an agent.
    fn offered() -> (Desk, String) {
        let desk = Desk::new();
        let plan = [("DialMode", "2"), ("TechName", "Local/")];
        let plan = made(&desk, "OutPlanCreate", &plan);
        let list = made(&desk, "OutDlmaCreate", &[]);
        let queue = [("Type", "1"), ("Application", "Queue"), ("Data", "sales")];
        let queue = made(&desk, "OutDestinationCreate", &queue);
        let target = [("DlmaUuid", list.as_str()), ("Name", "Zoe"), ("Number3", "+491")];
        made(&desk, "OutDlListCreate", &[&target[..], &[("Variable", "V=1")]].concat());
        let campaign = [("Plan", plan.as_str()), ("Dlma", list.as_str()), ("Dest", queue.as_str())];
        let campaign = made(&desk, "OutCampaignCreate", &campaign);
        let start = [("Action", "OutCampaignUpdate"), ("Uuid", &campaign), ("Status", "1")];
        act(&desk, &start);
        desk.step(Input::Tick);
        let look = TeamLook { agents: vec![agent("anna")], other_callers: 0 };
        let team = TeamName::Queue("sales".to_owned());
        desk.step(Input::Team { at: Timestamp(START.0), team, look });
        desk.events();
        desk.step(Input::Tick);
        (desk, campaign)
    }

    fn told(events: &[Event]) -> Vec<String> {
        let told = events.iter().map(ami::event);
        told.filter(|(name, _)| *name == "OutDialingPreview").map(|(_, lines)| lines).collect()
    }

    #[test]
    fn an_offer_is_told_listed_and_accepted() {
        let (desk, campaign) = offered();
        let events = told(&desk.events());
        assert_eq!(events.len(), 1);
        let lines: Vec<_> =
            events[0].lines().map(|line| line.split(": ").next().unwrap_or_default()).collect();
        let wanted = "Uuid State CampUuid PlanUuid DlmaUuid DlListUuid Agent AgentName DialIndex \
                      DialAddr DialTryCnt Name Detail UKey UData Email Variable DialingUuid \
                      TmOffer TmUntil";
        assert_eq!(lines.join(" "), wanted);
        for line in [
            "State: Offered",
            "Agent: PJSIP/anna",
            "AgentName: anna",
            "DialIndex: 3",
            "DialAddr: +491",
            "DialTryCnt: 1",
            "Name: Zoe",
            "Variable: V=1",
            "DialingUuid: <unknown>",
            "TmUntil: 2023-11-14T22:14:20.000000000Z",
        ] {
            assert!(events[0].contains(&format!("{line}\r\n")), "{line}: {}", events[0]);
        }

        let list = [("Action", "OutDialingPreview"), ("ActionID", "7"), ("Do", "list")];
        for (also, items) in [
            (vec![], 1),
            (vec![("Campaign", campaign.as_str()), ("Agent", "PJSIP/anna")], 1),
            (vec![("Agent", "PJSIP/bob")], 0),
            (vec![("Agent", "")], 1),
        ] {
            let (listed, _) = act(&desk, &[&list[..], &also[..]].concat());
            assert!(listed.contains(&format!("ListItems: {items}\r\n")), "{listed}");
            let entry =
                format!("Event: OutDialingPreviewEntry\r\nActionID: 7\r\n{}\r\n", events[0]);
            assert_eq!(listed.contains(&entry), items == 1, "{listed}");
        }

        let uuid = value(&events[0], "Uuid").expect("a uuid");
        let accept = [("Action", "OutDialingPreview"), ("Do", "accept"), ("Uuid", &uuid)];
        let (answer, events) = act(&desk, &accept);
        let dialing = value(&answer, "DialingUuid").expect("a dialing");
        let wanted = "Response: Success\r\nMessage: Preview accepted successfully\r\n";
        assert_eq!(answer, format!("{wanted}DialingUuid: {dialing}\r\n\r\n"));
        let events = told(&events);
        assert!(events[0].contains("State: Accepted\r\n"), "{events:?}");
        assert!(events[0].contains(&format!("DialingUuid: {dialing}\r\n")), "{events:?}");
        let (shown, _) = act(&desk, &[("Action", "OutDialingShow"), ("Uuid", &dialing)]);
        assert!(shown.contains("CurrentAgent: PJSIP/anna\r\n"), "{shown}");
        assert!(shown.contains("DialData: PJSIP/anna,30\r\n"), "{shown}");
    }

    #[test]
    fn an_offer_is_skipped_and_the_agents_are_in_the_figures() {
        let (desk, campaign) = offered();
        let uuid = value(&told(&desk.events())[0], "Uuid").expect("a uuid");
        let skip = [("Action", "OutDialingPreview"), ("Do", "skip"), ("Uuid", &uuid)];
        let (answer, events) = act(&desk, &skip);
        assert_eq!(answer, "Response: Success\r\nMessage: Preview skipped successfully\r\n\r\n");
        assert!(told(&events)[0].contains("State: Skipped\r\n"));
        let stat = [("Action", "OutCampaignStatShow"), ("Uuid", &campaign)];
        let (stat, _) = act(&desk, &stat);
        for line in ["DlCalledCount: 0", "AgentsFree: 1", "AgentsBusy: 0", "AgentsPaused: 0"] {
            assert!(stat.contains(&format!("{line}\r\n")), "{line}: {stat}");
        }
    }
}
