//! The dialer thread: it owns the dialer and the store.
//!
//! One round: take what came in, step the dialer through it inside one
//! transaction, make that durable, and only then let calls, events, replies and
//! results out. If the store cannot be written, nothing is let out and the round's
//! writes are tried again until they are durable: a slow disk slows dialing, and
//! nothing else.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dialer::dialer::{
    CallOrder, Command, Dialer, Event, Input, Ready, Refusal, Reply, ResultLine, TimeOrderedIds,
    World,
};
use dialer::domain::DialingId;
use dialer::store::{Reader, Sqlite, Store, StoreError, Write};

use super::agents::Agents;
use super::ami;
use super::engine::Engine;
use super::files::Folder;
use super::inbox::{Batch, Inbox, NoReply, ReplyTo, Timed};
use super::results::ResultFile;
use super::settings::Settings;
use super::switch::ThisAsterisk;
use super::timings::Stopwatch;
use super::wall_clock;
use crate::ast::thread::{self, JoinHandle, SpawnError};
use crate::ast::{border, log, module};

/// Inputs of one kind that one round takes in: bounds what one transaction holds.
const INPUTS_PER_ROUND: usize = 500;

/// How long what calls tell is gathered, so that many share one transaction.
const GATHERED_FOR: Duration = Duration::from_millis(20);

/// Looks into lists that one round makes.
const TICKS_PER_ROUND: usize = 20;

/// How long to wait before writes that failed are tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How long the note may wait that result lines are safe.
const NOTE_DELIVERED_AFTER: Duration = Duration::from_secs(1);

/// How long the end may take with what came in before it.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// How long a clock that was set back may go unnoticed.
const CLOCK_LOOK: Duration = Duration::from_secs(1);

/// How long to wait before looking again whether dialing may go on.
const HELD_FOR: Duration = Duration::from_millis(100);

/// How long to wait before a dialer that failed is made anew.
const REBUILD_AFTER: Duration = Duration::from_secs(1);

/// Readers that are kept open for the next one who shows something.
const IDLE_READERS: usize = 4;

/// The running dialer, as others see it.
pub struct Runtime {
    inbox: Arc<Inbox>,
    database: PathBuf,
    readers: Mutex<Vec<Reader>>,
    state: Arc<Mutex<State>>,
    engine: Arc<Engine>,
    watches: Arc<Watches>,
    files: Folder,
    thread: Mutex<Option<JoinHandle>>,
    started: Instant,
}

/// How long the dialer thread needs.
#[derive(Default)]
pub struct Watches {
    /// For one target: to find it, to claim it, and to write that down.
    pub claims: Stopwatch,
    pub commits: Stopwatch,
}

/// How the dialer thread is.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub results_waiting: usize,
    /// What keeps it from working, if anything does.
    pub fault: Option<String>,
    /// Queue lengths.
    pub commands: usize,
    pub events: usize,
    pub calls_to_place: usize,
}

/// Why there is no dialer.
#[derive(Debug)]
pub enum StartError {
    Database(StoreError),
    Thread(SpawnError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Database(error) => write!(f, "the database cannot be used: {error}"),
            StartError::Thread(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl Runtime {
    /// Opens the store and starts dialing where the last dialer ended.
    pub fn start(settings: &Settings) -> Result<Arc<Runtime>, StartError> {
        let inbox = Arc::new(Inbox::default());
        let name = module::system_name();
        let node = if name.is_empty() { "asterisk" } else { name.as_str() };
        let mut store = Sqlite::open(&settings.database, node).map_err(StartError::Database)?;
        let undelivered = store.undelivered().map_err(StartError::Database)?;
        let (dialer, restored) = restore(&mut store, settings.dialer.clone(), &HashSet::new())
            .map_err(StartError::Database)?;
        let engine = Arc::new(Engine::start(inbox.clone()).map_err(StartError::Thread)?);
        let agents = Agents::start(inbox.clone(), engine.calls()).map_err(StartError::Thread)?;
        let state = Arc::new(Mutex::new(State::default()));
        let watches = Arc::new(Watches::default());
        let mut dialing = Dialing {
            inbox: inbox.clone(),
            engine: engine.clone(),
            agents,
            state: state.clone(),
            watches: watches.clone(),
            results: ResultFile::new(settings.result_file.clone(), undelivered),
            settings: settings.dialer.clone(),
            dialer,
            store,
            pending: Effects::default(),
            delivered: Vec::new(),
            inputs: Inputs::default(),
            stepping: None,
            taken: Vec::new(),
        };
        dialing.open(restored).map_err(StartError::Database)?;
        let thread = thread::spawn("outbound_dialer", 0, move || dialing.run())
            .map_err(StartError::Thread)?;
        Ok(Arc::new(Runtime {
            inbox,
            database: settings.database.clone(),
            readers: Mutex::default(),
            state,
            engine,
            watches,
            files: Folder::new(settings.bulk_folder.clone()),
            thread: Mutex::new(Some(thread)),
            started: Instant::now(),
        }))
    }

    /// Has the dialer carry a command out.
    pub fn ask(&self, command: Command) -> Result<Reply, NoReply> {
        self.inbox.ask(command)
    }

    /// The files for import and export.
    pub fn files(&self) -> &Folder {
        &self.files
    }

    /// Lends a reader of the store.
    pub fn read(
        &self,
        with: &mut dyn FnMut(&Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let kept = lock(&self.readers).pop();
        let reader = match kept {
            Some(reader) => reader,
            None => Reader::open(&self.database)?,
        };
        let read = with(&reader);
        let mut readers = lock(&self.readers);
        if reader.is_idle() && readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        read
    }

    /// Takes over settings, and opens the result file anew. The database stays the
    /// one it was started with.
    pub fn configure(&self, settings: &Settings) {
        if settings.database != self.database {
            log::warning!(
                "Another database is only used after the module is loaded again; now it is {}",
                self.database.display()
            );
        }
        self.files.set_path(settings.bulk_folder.clone());
        self.inbox.configure(settings.dialer.clone(), settings.result_file.clone());
    }

    /// How the dialer thread is.
    pub fn state(&self) -> State {
        let mut state = lock(&self.state).clone();
        (state.commands, state.events) = self.inbox.lengths();
        state.calls_to_place = self.engine.waiting();
        state
    }

    pub fn watches(&self) -> &Watches {
        &self.watches
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How long the dialer has been there.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether new dialings may start.
    pub fn hold(&self, hold: bool) {
        self.inbox.hold(hold);
    }

    /// As [`Self::stop`], when Asterisk ends and takes its calls with it.
    pub fn stop_with_asterisk(&self) {
        self.engine.leave_calls();
        self.stop();
    }

    /// Ends the dialer thread, with all that came in before taken care of.
    pub fn stop(&self) {
        self.inbox.stop();
        drop(lock(&self.thread).take());
        self.inbox.close();
    }
}

/// The dialer thread.
struct Dialing {
    inbox: Arc<Inbox>,
    engine: Arc<Engine>,
    agents: Agents,
    state: Arc<Mutex<State>>,
    watches: Arc<Watches>,
    results: ResultFile,
    settings: dialer::dialer::Settings,
    dialer: Dialer,
    store: Sqlite,
    /// What is decided, but not durable yet.
    pending: Effects,
    /// Dialings whose result lines are safe, which the store does not know yet.
    delivered: Vec<DialingId>,
    /// Inputs that are not taken in yet.
    inputs: Inputs,
    /// The call event of the step under way, and those of the transaction under way.
    stepping: Option<Timed>,
    taken: Vec<Timed>,
}

/// What steps want done, with the writes that come first.
#[derive(Default)]
struct Effects {
    writes: Vec<Write>,
    calls: Vec<CallOrder>,
    events: Vec<Event>,
    replies: Vec<(ReplyTo, Reply)>,
    results: Vec<ResultLine>,
    notices: Vec<String>,
}

type Inputs = VecDeque<(Input, Option<ReplyTo>)>;

/// The dialer thread was told to stop while the store could not be written.
struct GivenUp;

impl Dialing {
    /// Writes and tells what the start itself brought.
    fn open(&mut self, restored: Ready) -> Result<(), StoreError> {
        self.store.begin()?;
        self.take_on(restored, None)?;
        self.commit()?;
        self.let_out();
        Ok(())
    }

    fn run(&mut self) {
        let mut stopping_since = None;
        let mut gather_until = Instant::now();
        loop {
            let wake_at = self.wake_at().map(|at| at.max(gather_until));
            let batch = self.inbox.take(wake_at, gather_until, INPUTS_PER_ROUND);
            // What came in before the end is taken care of, but not for ever.
            let ends = batch.stop && {
                let since = *stopping_since.get_or_insert_with(Instant::now);
                batch.is_empty() || since.elapsed() > STOP_WITHIN
            };
            if let Err(panic) = border::catch(|| self.round(batch)) {
                self.recover(&panic.message);
            }
            gather_until = Instant::now() + GATHERED_FOR;
            if ends {
                return self.end();
            }
        }
    }

    /// Notes which result lines are safe: a file that is moved away before the
    /// next start must not get them again.
    fn end(&mut self) {
        self.delivered.extend(self.results.close());
        // Without the note the next start looks for the lines in the file.
        self.store.roll_back();
        let note = Write::Delivered(std::mem::take(&mut self.delivered));
        let noted = self.store.begin().and_then(|()| self.store.apply(&note));
        if let Err(error) = noted.and_then(|()| self.store.commit()) {
            log::warning!("What is in the result file was not noted: {error}");
        }
    }

    /// When there is something to do even if nothing comes in.
    fn wake_at(&self) -> Option<Instant> {
        let now = Instant::now();
        let tick = self.dialer.wake_at().map(|at| now + at.since(wall_clock()));
        let tick = tick.map(|at| match self.may_dial() {
            true => at.min(now + CLOCK_LOOK),
            false => now + HELD_FOR,
        });
        let note = (!self.delivered.is_empty()).then(|| now + NOTE_DELIVERED_AFTER);
        [tick, note, self.results.wake_at()].into_iter().flatten().min()
    }

    /// Not while somebody wants to unload the module, nor before Asterisk has
    /// booted, nor while it is ending (which may be called off): each try would
    /// fail and be used up.
    fn may_dial(&self) -> bool {
        !self.inbox.is_held()
            && !self.inbox.is_stopping()
            && module::is_fully_booted()
            && !module::is_shutting_down()
    }

    fn round(&mut self, batch: Batch) {
        if let Some((settings, result_file)) = batch.settings {
            self.dialer.configure(settings.clone(), wall_clock());
            self.settings = settings;
            self.delivered.extend(self.results.close());
            self.results.set_path(result_file);
        }
        let events = batch.events.into_iter().map(|(at, event)| (Input::Call { at, event }, None));
        let commands = batch.commands.into_iter().map(|waiting| {
            let (command, reply_to) = waiting.split();
            (Input::Command(Box::new(command)), Some(reply_to))
        });
        let teams = batch.teams.into_iter();
        let teams = teams.map(|(team, (at, look))| (Input::Team { at, team, look }, None));
        self.inputs.extend(events.chain(teams).chain(commands));
        loop {
            if self.transaction().is_err() {
                log::error!("The dialer ended with changes that the database did not take");
                return;
            }
            if self.inputs.is_empty() {
                return;
            }
        }
    }

    /// Steps through inputs, and through time, in one transaction; then lets the
    /// effects out. Inputs that are left are to be taken in by the next one.
    fn transaction(&mut self) -> Result<(), GivenUp> {
        self.insist(|dialing| dialing.store.begin())?;
        let done = self.steps().and_then(|()| self.commit());
        if let Err(error) = done {
            self.fault(&error);
            self.insist(Dialing::write_pending)?;
        }
        self.let_out();
        if let Some(teams) = self.dialer.teams_to_watch() {
            self.agents.watch(teams);
        }
        Ok(())
    }

    fn steps(&mut self) -> Result<(), StoreError> {
        let delivered = std::mem::take(&mut self.delivered);
        if !delivered.is_empty() {
            self.write(vec![Write::Delivered(delivered)])?;
        }
        while let Some((input, reply_to)) = self.inputs.pop_front() {
            if self.places_call(&input) && !self.may_dial() {
                let refusal = Reply::Refused(Refusal::not_now());
                self.pending.replies.extend(reply_to.map(|to| (to, refusal)));
                continue;
            }
            self.step(input, reply_to)?;
        }
        for round in 0..TICKS_PER_ROUND {
            // The first one also shows the dialer a clock that was set back.
            let due = self.dialer.wake_at().is_some_and(|at| round == 0 || at <= wall_clock());
            if !due {
                break;
            }
            if !self.may_dial() {
                self.step(Input::Wait, None)?;
                break;
            }
            self.look()?;
        }
        Ok(())
    }

    /// Whether it is somebody who wants a call at once.
    fn places_call(&self, input: &Input) -> bool {
        matches!(input, Input::Command(command) if matches!(**command, Command::AcceptOffer(..)))
    }

    /// Lets campaigns look into their lists.
    fn look(&mut self) -> Result<(), StoreError> {
        let (started, before) = (Instant::now(), self.pending.calls.len());
        self.step(Input::Tick, None)?;
        let claims = self.pending.calls.len().saturating_sub(before);
        if let Some(each) = started.elapsed().checked_div(u32::try_from(claims).unwrap_or(0)) {
            self.watches.claims.add(each);
        }
        Ok(())
    }

    fn step(&mut self, input: Input, reply_to: Option<ReplyTo>) -> Result<(), StoreError> {
        self.stepping = match &input {
            Input::Call { at, event } => Some((*at, event.clone())),
            _ => None,
        };
        let mut world =
            World { now: wall_clock(), targets: &mut self.store, switch: &ThisAsterisk };
        let ready = self.dialer.step(input, &mut world);
        self.taken.extend(self.stepping.take());
        let fault = ready.fault.clone();
        self.take_on(ready, reply_to)?;
        fault.map_or(Ok(()), Err)
    }

    /// Writes what a step wants written, and keeps the rest until it is durable.
    fn take_on(&mut self, ready: Ready, reply_to: Option<ReplyTo>) -> Result<(), StoreError> {
        self.pending.calls.extend(ready.calls);
        self.pending.events.extend(ready.events);
        self.pending.replies.extend(reply_to.zip(ready.reply));
        self.pending.results.extend(ready.results);
        self.pending.notices.extend(ready.notices);
        self.write(ready.writes)
    }

    fn write(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        let first = self.pending.writes.len();
        self.pending.writes.extend(writes);
        for write in &self.pending.writes[first..] {
            self.store.apply(write)?;
        }
        Ok(())
    }

    /// Makes everything that is decided durable, from the start.
    fn write_pending(&mut self) -> Result<(), StoreError> {
        self.store.roll_back();
        self.store.begin()?;
        for write in &self.pending.writes {
            self.store.apply(write)?;
        }
        self.commit()
    }

    /// Tries until it works. What a wait can not mend is a fault of ours: it
    /// panics, and the dialer is made anew from what is durable.
    fn insist(
        &mut self,
        mut attempt: impl FnMut(&mut Dialing) -> Result<(), StoreError>,
    ) -> Result<(), GivenUp> {
        while let Err(error) = attempt(self) {
            assert!(error.passing, "the database refused a change: {error}");
            self.fault(&error);
            if self.inbox.is_stopping() {
                return Err(GivenUp);
            }
            std::thread::sleep(RETRY_AFTER);
        }
        if lock(&self.state).fault.take().is_some() {
            log::notice!("The database takes changes again");
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let started = Instant::now();
        self.store.commit()?;
        self.watches.commits.add(started.elapsed());
        Ok(())
    }

    /// Everything decided is durable: calls, events, replies and results may go out.
    fn let_out(&mut self) {
        self.taken.clear();
        let effects = std::mem::take(&mut self.pending);
        for order in effects.calls {
            match order {
                CallOrder::Place(dialing) => self.engine.place(dialing),
                CallOrder::HangUp(dialing) => self.engine.hang_up(dialing),
                CallOrder::GiveUp(dialing) => self.engine.give_up(dialing),
                CallOrder::Shelter(dialing) => self.engine.shelter(dialing),
                CallOrder::Note(dialing, outcome) => self.engine.note(dialing, outcome),
            }
        }
        for (reply_to, reply) in effects.replies {
            reply_to.send(reply);
        }
        for event in &effects.events {
            ami::tell(event);
        }
        for notice in &effects.notices {
            log::notice!("{notice}");
        }
        self.delivered.extend(self.results.write(effects.results, Instant::now()));
        lock(&self.state).results_waiting = self.results.waiting();
    }

    fn fault(&self, error: &StoreError) {
        let mut state = lock(&self.state);
        if state.fault.is_none() {
            log::error!("The database does not take changes, dialing waits: {error}");
        }
        state.fault = Some(error.to_string());
    }

    /// Undoes what is not durable. Call events go back into the inbox, but for the
    /// one that the fault came from.
    fn give_up_transaction(&mut self) {
        self.store.roll_back();
        for write in std::mem::take(&mut self.pending).writes {
            if let Write::Delivered(dialings) = write {
                self.delivered.extend(dialings);
            }
        }
        let mut events = std::mem::take(&mut self.taken);
        self.stepping = None;
        for (input, _) in std::mem::take(&mut self.inputs) {
            if let Input::Call { at, event } = input {
                events.push((at, event));
            }
        }
        self.inbox.put_back(events);
    }

    fn rebuild(&mut self) -> Result<(), StoreError> {
        // In this order: a call's end is told before it is taken off the live ones.
        let mut live: HashSet<_> = self.engine.live().into_iter().collect();
        live.extend(self.inbox.ended());
        let (dialer, ready) = restore(&mut self.store, self.settings.clone(), &live)?;
        let undelivered = self.store.undelivered()?;
        self.results.take_up(undelivered, &self.delivered);
        self.dialer = dialer;
        // It asks for its own, and has to hear how each is.
        self.agents.watch(Vec::new());
        self.open(ready)
    }

    /// After a panic: no call is placed until the dialer is made anew from what
    /// is durable. Calls that are up stay up.
    fn recover(&mut self, why: &str) {
        lock(&self.state).fault = Some(format!("internal error: {why}"));
        while !self.inbox.is_stopping() {
            std::thread::sleep(REBUILD_AFTER);
            self.give_up_transaction();
            let rebuilt = border::catch(|| self.rebuild());
            match rebuilt {
                Ok(Ok(())) => {
                    lock(&self.state).fault = None;
                    log::warning!("The dialer was made anew after an internal error");
                    return;
                }
                Ok(Err(error)) => self.fault(&error),
                Err(panic) => lock(&self.state).fault = Some(panic.message),
            }
        }
    }
}

/// A dialer from what the store holds. Open dialings whose calls are still
/// `live` go on; the others are closed as interrupted.
fn restore(
    store: &mut Sqlite,
    settings: dialer::dialer::Settings,
    live: &HashSet<DialingId>,
) -> Result<(Dialer, Ready), StoreError> {
    let records = store.load()?;
    Ok(Dialer::restore(settings, Box::new(TimeOrderedIds::default()), records, live, wall_clock()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
