//! A manager session without an Asterisk: actions go to a real dialer over a
//! store in a file, and a reader of its own shows what is in it.

use super::step;
use dialer::dialer::{Command, Dialer, Event, Input, Ready, Reply, Settings, TimeOrderedIds};
use dialer::domain::Timestamp;
use dialer::store::{Reader, Sqlite, Store, StoreError};
use dialer::surface::ami::{self, Backend};
use std::cell::RefCell;
use std::collections::HashSet;
use tempfile::TempDir;

/// A dialer that is stepped by hand.
pub struct Desk {
    state: RefCell<(Dialer, Sqlite)>,
    reader: Reader,
    events: RefCell<Vec<Event>>,
    _folder: TempDir,
}

const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

impl Desk {
    /// The store's file in its folder.
    pub const STORE: &str = "db";

    pub fn new() -> Desk {
        Desk::over(TempDir::new().expect("a folder"))
    }

    /// Over the store of this folder, which is made if it is not there.
    pub fn over(folder: TempDir) -> Desk {
        let file = folder.path().join(Desk::STORE);
        let mut store = Sqlite::open(&file, "test").expect("a store");
        let reader = Reader::open(&file).expect("a reader");
        let settings = Settings { max_dialings: 10, result_info: true, ..Settings::default() };
        let records = store.load().expect("records");
        let ids = Box::new(TimeOrderedIds);
        let (dialer, _) = Dialer::restore(settings, ids, records, &HashSet::new(), NOW);
        let state = RefCell::new((dialer, store));
        Desk { state, reader, events: RefCell::default(), _folder: folder }
    }

    /// What a client gets for an action, and the events that follow.
    pub fn act(&self, headers: &[(&[u8], &[u8])]) -> (String, Vec<Event>) {
        let mut came = String::new();
        ami::answer(headers, self, &mut |text| came.push_str(text));
        (came, self.events())
    }

    /// The events since they were last taken.
    pub fn events(&self) -> Vec<Event> {
        self.events.take()
    }

    /// One step, whose events are kept.
    pub fn step(&self, input: Input) -> Ready {
        let (dialer, store) = &mut *self.state.borrow_mut();
        let ready = step(dialer, store, NOW, input);
        self.events.borrow_mut().extend(ready.events.iter().cloned());
        ready
    }
}

impl Backend for Desk {
    fn ask(&self, command: Command) -> Reply {
        self.step(Input::Command(Box::new(command))).reply.expect("a reply")
    }

    fn read(
        &self,
        with: &mut dyn FnMut(&Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        with(&self.reader)
    }
}
