//! The dialer: a state machine that is told what happened and says what to do.
//!
//! [`Dialer::step`] takes one [`Input`] and gives a [`Ready`]. The caller makes
//! the writes of it durable first and only then lets calls, events, replies and
//! results out. So what the world sees is always in the store already.

mod callers;
mod calls;
mod campaigns;
mod caps;
mod explain;
mod fairness;
mod ledger;
mod objects;
mod outcome;
mod pacer;
mod preview;
mod reset;
mod restore;
mod schedule;
mod status;
mod targets;
mod teams;

pub use ledger::CampaignFigures;
pub use status::{RunningCampaign, Status, TrunkStatus};
pub use teams::TeamStatus;

use crate::domain::{
    CallEnd, Campaign, CampaignId, CampaignPatch, CampaignStatus, Day, Destination, DestinationId,
    DestinationPatch, DialList, DialListId, DialListPatch, Dialing, DialingId, Disposition, Ledger,
    Offer, OfferId, OfferState, Outcome, OutcomePatch, Plan, PlanId, PlanPatch, Route, Target,
    TargetId, TargetPatch, TeamLook, TeamName, Timestamp,
};
use crate::pacing::{BackOffSettings, CallMeter, CallRate, Reserves, Vitals};
use crate::store::{StoreError, Targets, Write};
use crate::surface::result;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Something happened.
#[derive(Debug)]
pub enum Input {
    /// Somebody asks for something; the step's [`Ready::reply`] is for them.
    Command(Box<Command>),
    /// A call went on, at this time.
    Call { at: Timestamp, event: CallEvent },
    /// A team was looked at, and was so at this time.
    Team { at: Timestamp, team: TeamName, look: TeamLook },
    /// Time went on.
    Tick,
    /// Time went on, but no call may be placed now.
    Wait,
}

/// Something is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    CreateCampaign(CampaignPatch),
    UpdateCampaign(CampaignId, CampaignPatch),
    DeleteCampaign(CampaignId),
    CreatePlan(PlanPatch),
    UpdatePlan(PlanId, PlanPatch),
    DeletePlan(PlanId),
    CreateDestination(DestinationPatch),
    UpdateDestination(DestinationId, DestinationPatch),
    DeleteDestination(DestinationId),
    CreateList(DialListPatch),
    UpdateList(DialListId, DialListPatch),
    DeleteList(DialListId),
    CreateTarget(DialListId, TargetPatch),
    UpdateTarget(TargetId, TargetPatch),
    DeleteTarget(TargetId),
    /// Puts many targets into a list at once, without an event of each.
    ImportTargets(DialListId, Vec<TargetPatch>),
    /// Tells the world what an import has brought.
    EndImport(DialListId, Box<Imported>),
    /// Makes the next targets of a list dialable again; [`Reply::Reset`] says
    /// whether there are more.
    ResetList(DialListId, ListReset),
    /// What a live dialing is to count as.
    SetOutcome(DialingId, OutcomePatch),
    /// Why a target is not being dialled now.
    Explain(TargetId),
    /// The live dialings, or one of them.
    ShowDialings(Option<DialingId>),
    /// How the dialer is.
    ShowStatus,
    /// The targets that agents look at: of a campaign, of an agent's interface.
    ShowOffers(Option<CampaignId>, Option<String>),
    /// An agent wants an offered target to be called.
    AcceptOffer(OfferId),
    /// An agent does not want it.
    SkipOffer(OfferId),
    /// What campaigns' calls have come to lately, and how their agents are; or of one.
    ShowFigures(Option<CampaignId>),
}

/// A call went on. The call engine tells it in this order: `Begun`, any number
/// of `Progress`, at most one `Answered`, and always exactly one `Ended`.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEvent {
    /// The channel exists and the call is on its way.
    Begun { dialing: DialingId, channel_name: String },
    /// A control frame that says how far the call is (`AST_CONTROL_*`).
    Progress { dialing: DialingId, control: i32 },
    /// It was answered and given to its destination.
    Answered { dialing: DialingId },
    /// AMD has heard who answered: `AMDSTATUS` and `AMDCAUSE`.
    Screened { dialing: DialingId, status: String, cause: String },
    /// An agent took it: it was joined with this channel or interface.
    Connected { dialing: DialingId, agent: Option<String> },
    /// It was sent to its harbour, as [`CallOrder::Shelter`] asked.
    Sheltered { dialing: DialingId },
    /// It is over; the channel is gone.
    Ended { dialing: DialingId, end: CallEnd },
}

/// What came of a command.
#[derive(Debug, Clone)]
pub enum Reply {
    Created(Uuid),
    Updated,
    Deleted,
    /// Targets that were made dialable so far, and behind which one to go on;
    /// `None`: that was all.
    Reset {
        done: u64,
        next: Option<TargetId>,
    },
    /// One sentence.
    Explained(String),
    Imported(usize),
    Dialings(Vec<Arc<Dialing>>),
    Status(Status),
    Figures(Vec<CampaignFigures>),
    Offers(Vec<Arc<Offer>>),
    Refused(Refusal),
}

/// Why a command was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The header at fault, if it is one header's fault.
    pub header: Option<&'static str>,
    pub reason: String,
    /// Whether the same may be asked again, because it was not even looked at.
    pub passing: bool,
}

impl Refusal {
    pub fn of(header: &'static str, reason: impl Into<String>) -> Refusal {
        Refusal { header: Some(header), reason: reason.into(), passing: false }
    }

    /// `No such campaign`, as the old module says it.
    pub fn unknown(kind: &str) -> Refusal {
        Refusal::because(format!("No such {kind}"))
    }

    /// Of a reply that is none to what was asked: a fault of ours.
    pub fn misunderstood() -> Refusal {
        Refusal::because("The dialer gave an answer to something else")
    }

    /// Of what cannot be done while Asterisk, or the module, is about to end.
    pub fn not_now() -> Refusal {
        let reason = "No call is placed while Asterisk starts or ends, or the module is unloaded";
        Refusal { passing: true, ..Refusal::because(reason) }
    }

    pub fn because(reason: impl Into<String>) -> Refusal {
        Refusal { header: None, reason: reason.into(), passing: false }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.header {
            Some(header) => write!(f, "{header}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// What an import has brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// The file, as it was named.
    pub file: String,
    pub rows: u64,
    pub accepted: u64,
    pub duplicates: u64,
    pub refused: u64,
}

/// Which targets of a list become dialable again, and how far that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListReset {
    /// Those whose last dialing ended so; none named: all.
    pub dispositions: Vec<Disposition>,
    /// Whether their tries count from the start again.
    pub clear_tries: bool,
    /// Those that stand behind this one in the list.
    pub after: Option<TargetId>,
    /// Targets that the steps before have made dialable.
    pub done: u64,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        Refusal::because(format!("The database could not be read: {error}"))
    }
}

/// A change that the world hears of, after it is durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Campaign(What, Box<Campaign>),
    Plan(What, Box<Plan>),
    Destination(What, Box<Destination>),
    List(What, Box<DialList>),
    Target(What, Arc<Target>),
    Dialing(What, Arc<Dialing>),
    /// A target was offered to an agent, or what became of that.
    Preview(OfferState, Arc<Offer>),
    /// Targets of a list were made dialable again.
    Reset(Box<DialList>, Box<ListReset>),
    /// Targets were put into a list from a file.
    Imported(DialListId, Box<Imported>),
}

/// What happened to the object of an [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Created,
    Updated,
    Deleted,
}

/// Something the call engine has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum CallOrder {
    /// Place this call. It is answered by call events up to `Ended`.
    Place(Arc<Dialing>),
    /// Hang this call up, wherever it is.
    HangUp(DialingId),
    /// Hang this call up unless it is answered: nobody would be there for it.
    GiveUp(DialingId),
    /// Send this call, which was answered, to its harbour, unless an agent has it by now:
    /// [`CallEvent::Sheltered`] tells that it was.
    Shelter(DialingId),
    /// Let this call's dialplan know what somebody said that became of it.
    Note(DialingId, Option<Outcome>),
}

/// One ended dialing's line of the result file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    pub dialing: DialingId,
    /// JSON, without the line's end.
    pub json: Arc<str>,
}

impl ResultLine {
    pub fn of(dialing: &Dialing) -> ResultLine {
        ResultLine { dialing: dialing.id, json: result::line(dialing).into() }
    }
}

/// What a step wants done, in this order: the writes in one transaction; then,
/// when they are durable, calls, reply, events and results.
#[derive(Debug, Default)]
pub struct Ready {
    pub writes: Vec<Write>,
    pub calls: Vec<CallOrder>,
    pub events: Vec<Event>,
    /// What came of the command, if the input was one.
    pub reply: Option<Reply>,
    pub results: Vec<ResultLine>,
    /// What could not be read from the store; what depended on it was left undone.
    pub fault: Option<StoreError>,
    /// For the log: what nobody asked for, but somebody should know.
    pub notices: Vec<String>,
}

/// What the dialer must ask of the telephone switch while it decides.
pub trait Switch {
    /// Whether an answered call can be sent there; if not, the header at fault and why.
    fn check_route(&self, route: &Route) -> Result<(), Refusal>;
    /// Whether calls can be placed over this technology (`PJSIP`, `Local`).
    fn has_technology(&self, tech: &str) -> bool;
    /// Whether the technology knows this trunk; if not, what there is none of.
    fn check_trunk(&self, tech: &str, trunk: &str) -> Result<(), &'static str>;
    /// Whether there are agents to be watched there; if not, what there is none of.
    fn check_team(&self, team: &TeamName) -> Result<(), &'static str>;
    /// How the machine is. Asked about once a second while there is something to dial.
    fn vitals(&self) -> Vitals {
        Vitals::default()
    }
}

/// What a step may look at.
pub struct World<'a> {
    pub now: Timestamp,
    pub targets: &'a mut dyn Targets,
    pub switch: &'a dyn Switch,
}

/// Gives fresh identities. An input, so that a run can be repeated.
pub trait IdSource: Send {
    fn next_id(&mut self, now: Timestamp) -> Uuid;
}

/// What the configuration says to the dialer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Live dialings in all.
    pub max_dialings: usize,
    /// Dialings started in a second, of all campaigns together.
    pub calls_per_second: u32,
    /// Whether results carry the whole records (`info_camp`, …).
    pub result_info: bool,
    /// Time zone of schedules that name none: an IANA name.
    pub time_zone: String,
    /// What is left to others.
    pub reserves: Reserves,
    /// Trunks that have a section, by name.
    pub trunks: BTreeMap<String, TrunkSettings>,
}

/// What the configuration says of a trunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrunkSettings {
    /// `None`: no cap of its own.
    pub max_dialings: Option<u32>,
    pub calls_per_second: Option<u32>,
    pub back_off: BackOffSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_dialings: 500,
            calls_per_second: 50,
            result_info: false,
            time_zone: "UTC".to_owned(),
            reserves: Reserves::default(),
            trunks: BTreeMap::new(),
        }
    }
}

/// A campaign and what is known of its dialling.
struct LiveCampaign {
    record: Campaign,
    live: usize,
    unanswered: usize,
    /// When its list is worth a look; `None`: not before something changes.
    look_at: Option<Timestamp>,
    /// Which turn its last one was, of all there were: who waits longest is next.
    last_turn: u64,
    /// When its schedule is worth a look; `None`: not before it is changed.
    schedule_at: Option<Timestamp>,
    /// Why it was not started when its window opened.
    start_refused: Option<String>,
    /// Who serves its answered calls.
    staff: teams::Staff,
    /// What was told of who serves them.
    staff_told: Option<&'static str>,
    /// When it is worth asking how many calls its agents can take.
    pace_at: Timestamp,
    /// What it took of its agents' time: who has had less is next.
    served: fairness::Served,
    /// Its predictive pacing, if it dials so.
    pacer: Option<Box<pacer::Pacer>>,
    /// The day by its clocks, and when that ends.
    today: Option<(Day, Timestamp)>,
    ledger: Ledger,
}

/// A dialing under way, and its target as it is now.
struct LiveDialing {
    dialing: Arc<Dialing>,
    target: Arc<Target>,
    trunk: Option<caps::TrunkAt>,
    /// Whether it has told already how its trunk is.
    has_told: bool,
    /// Whether the far end sent it elsewhere: what comes then is not of its trunk.
    is_forwarded: bool,
    /// The team that it is for, and how far it is with it.
    team: Option<teams::TeamAt>,
    stage: callers::Stage,
}

/// Owner of everything that is alive. See the [module](self).
pub struct Dialer {
    settings: Settings,
    ids: Box<dyn IdSource>,
    campaigns: BTreeMap<CampaignId, LiveCampaign>,
    plans: HashMap<PlanId, Plan>,
    destinations: HashMap<DestinationId, Destination>,
    lists: HashMap<DialListId, DialList>,
    dialings: HashMap<DialingId, LiveDialing>,
    rate: CallRate,
    meter: CallMeter,
    caps: caps::Caps,
    look: caps::Look,
    teams: teams::Teams,
    previews: preview::Previews,
    /// Turns that there were.
    turns: u64,
    /// The time of the last step.
    seen: Timestamp,
}

impl Dialer {
    /// Takes one input in and says what to do.
    pub fn step(&mut self, input: Input, world: &mut World<'_>) -> Ready {
        let mut ready = Ready::default();
        self.see(world.now);
        match input {
            Input::Command(command) => {
                let reply = self.command(*command, world, &mut ready);
                ready.reply = Some(reply.unwrap_or_else(Reply::Refused));
            }
            // Of before the clock was set back: what is planned by it must not lie ahead.
            Input::Call { at, event } => self.call_event(event, at.min(world.now), &mut ready),
            Input::Team { at, team, look } => self.see_team(&team, look, at.min(world.now)),
            Input::Tick => self.tick(world, &mut ready),
            Input::Wait => self.wait(world.now, &mut ready),
        }
        ready
    }

    /// Takes note of the time. If the clock was set back, what was planned by the
    /// old one is planned anew.
    fn see(&mut self, now: Timestamp) {
        if now < self.seen {
            self.rate = CallRate::new(self.settings.calls_per_second, now);
            self.caps.restart(now);
            self.look.forget();
            self.look_again(now, |_| true);
            self.look_at_schedules(now);
            self.staff_again(|_| true);
            self.campaigns.values_mut().for_each(|campaign| campaign.today = None);
            self.rewind_calls(now);
        }
        self.seen = now;
    }

    /// When the next [`Input::Tick`] is due; `None`: not before another input.
    /// A clock that is set back is only noticed by a step, so there should be one
    /// every second while this is in the future.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let schedule = self.campaigns.values().filter_map(|c| c.schedule_at).min();
        let others = [schedule, self.teams.next_deadline(), self.previews_at()];
        others.into_iter().chain([self.dial_at()]).flatten().min()
    }

    /// When the next dialing may start, if there is one to start.
    fn dial_at(&self) -> Option<Timestamp> {
        if self.dialings.len() >= self.settings.max_dialings {
            return None;
        }
        let started = self.campaigns.values().filter(|c| c.record.status == CampaignStatus::Start);
        let opens_at = |campaign: &LiveCampaign| {
            let look = campaign.look_at?;
            let plan = campaign.record.plan.and_then(|plan| self.caps.opens_at(plan));
            Some(look.max(plan?).max(campaign.pace_at))
        };
        let first = started.filter_map(opens_at).min()?;
        Some(first.max(self.rate.next_at()).max(self.look.opens_at()))
    }

    /// Looks at every schedule anew.
    fn look_at_schedules(&mut self, now: Timestamp) {
        for campaign in self.campaigns.values_mut() {
            campaign.schedule_at = campaign.record.schedule.is_on().then_some(now);
        }
    }

    /// Takes over changed settings.
    pub fn configure(&mut self, settings: Settings, now: Timestamp) {
        self.rate = CallRate::new(settings.calls_per_second, now);
        self.settings = settings;
        self.caps.configure(&self.settings, now);
        self.look.forget();
        self.look_at_schedules(now);
        self.campaigns.values_mut().for_each(|campaign| campaign.today = None);
    }

    fn command(
        &mut self,
        command: Command,
        world: &mut World<'_>,
        ready: &mut Ready,
    ) -> Result<Reply, Refusal> {
        let now = world.now;
        match command {
            Command::CreateCampaign(patch) => self.create_campaign(patch, now, ready),
            Command::UpdateCampaign(id, patch) => self.update_campaign(id, patch, world, ready),
            Command::DeleteCampaign(id) => self.delete_campaign(id, now, ready),
            Command::CreatePlan(patch) => self.create_plan(patch, now, ready),
            Command::UpdatePlan(id, patch) => self.update_plan(id, patch, world, ready),
            Command::DeletePlan(id) => self.delete_plan(id, now, ready),
            Command::CreateDestination(patch) => self.create_destination(patch, now, ready),
            Command::UpdateDestination(id, patch) => {
                self.update_destination(id, patch, world, ready)
            }
            Command::DeleteDestination(id) => self.delete_destination(id, now, ready),
            Command::CreateList(patch) => self.create_list(patch, now, ready),
            Command::UpdateList(id, patch) => self.update_list(id, patch, now, ready),
            Command::DeleteList(id) => self.delete_list(id, now, ready),
            Command::CreateTarget(list, patch) => self.create_target(list, patch, now, ready),
            Command::UpdateTarget(id, patch) => self.update_target(id, patch, world, ready),
            Command::DeleteTarget(id) => self.delete_target(id, world, ready),
            Command::ImportTargets(id, patches) => self.import_targets(id, patches, now, ready),
            Command::EndImport(id, imported) => {
                ready.events.push(Event::Imported(id, imported));
                Ok(Reply::Updated)
            }
            Command::ResetList(id, reset) => self.reset_list(id, &reset, world, ready),
            Command::SetOutcome(id, patch) => self.set_outcome(id, &patch, now, ready),
            Command::Explain(id) => self.explain(id, world),
            Command::ShowDialings(id) => self.show_dialings(id),
            Command::ShowStatus => Ok(Reply::Status(self.status(now))),
            Command::ShowOffers(campaign, agent) => self.show_offers(campaign, agent.as_deref()),
            Command::AcceptOffer(id) => self.accept_offer(id, now, ready),
            Command::SkipOffer(id) => self.skip_offer(id, now, ready),
            Command::ShowFigures(only) => Ok(Reply::Figures(self.figures(only, now))),
        }
    }

    fn show_dialings(&self, id: Option<DialingId>) -> Result<Reply, Refusal> {
        let Some(id) = id else {
            let mut all: Vec<_> = self.dialings.values().map(|l| l.dialing.clone()).collect();
            all.sort_by_key(|dialing| (dialing.claimed_at, dialing.id));
            return Ok(Reply::Dialings(all));
        };
        match self.dialings.get(&id) {
            Some(live) => Ok(Reply::Dialings(vec![live.dialing.clone()])),
            None => Err(Refusal::unknown("dialing")),
        }
    }
}

/// Identities of the system: version 7, so that they sort by time. Those of the same
/// millisecond count on from a random one.
#[derive(Debug, Default)]
pub struct TimeOrderedIds {
    last: Uuid,
    /// When it was made, in milliseconds.
    last_ms: Option<i64>,
}

/// The random part of an identity that may be counted up.
const COUNTED_BITS: u128 = (1 << 62) - 1;

impl IdSource for TimeOrderedIds {
    fn next_id(&mut self, now: Timestamp) -> Uuid {
        let (ms, next) = (now.0 / 1_000_000, self.last.as_u128().wrapping_add(1));
        let is_used_up = next & COUNTED_BITS == 0;
        self.last = match self.last_ms == Some(ms) && !is_used_up {
            true => Uuid::from_u128(next),
            false => Uuid::now_v7(),
        };
        self.last_ms = Some(ms);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn identities_are_of_version_7_and_never_the_same() {
        let mut ids = TimeOrderedIds::default();
        let all: Vec<Uuid> =
            (0..10_000).map(|n| ids.next_id(Timestamp(n / 100 * 1_000_000))).collect();
        assert!(all.iter().all(|id| id.get_version_num() == 7));
        assert!(all.iter().all(|id| id.get_variant() == uuid::Variant::RFC4122));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }
}
