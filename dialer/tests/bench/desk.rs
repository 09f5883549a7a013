//! A manager session without an Asterisk: actions go to a real dialer over a
//! store in a file, and a reader of its own shows what is in it.

use super::step;
use dialer::dialer::{Command, Dialer, Event, Input, Ready, Reply, Settings, TimeOrderedIds};
use dialer::domain::{DialListId, Timestamp};
use dialer::store::{Reader, Sqlite, Store, StoreError};
use dialer::surface::ami::{self, Backend};
use dialer::surface::bulk::{Files, NewFile};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A dialer that is stepped by hand.
pub struct Desk {
    state: RefCell<(Dialer, Sqlite)>,
    reader: Reader,
    events: RefCell<Vec<Event>>,
    folder: TempDir,
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
        Desk { state, reader, events: RefCell::default(), folder }
    }

    /// What a client gets for an action, and the events that follow.
    pub fn act(&self, headers: &[(&[u8], &[u8])]) -> (String, Vec<Event>) {
        let mut came = String::new();
        ami::answer(headers, self, &mut |text| came.push_str(text));
        (came, self.events())
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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

/// Files of the desk's folder, by plain names.
impl Desk {
    fn path(&self, name: &str) -> Result<PathBuf, String> {
        match name.contains('/') || name.starts_with('.') {
            true => Err("is not allowed; allowed are plain names".to_owned()),
            false => Ok(self.folder().join(name)),
        }
    }
}

impl Files for Desk {
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String> {
        let file = File::open(self.path(name)?).map_err(|error| error.to_string())?;
        Ok(Box::new(file))
    }

    fn create(&self, name: &str, overwrite: bool) -> Result<Box<dyn NewFile>, String> {
        let path = self.path(name)?;
        if path.exists() && !overwrite {
            return Err("is there already".to_owned());
        }
        let file = File::create(path).map_err(|error| error.to_string())?;
        Ok(Box::new(Whole(file)))
    }

    fn begin_import(&self, _list: DialListId) -> Option<Box<dyn Send>> {
        Some(Box::new(()))
    }
}

struct Whole(File);

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl NewFile for Whole {
    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
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

    fn files(&self) -> &dyn Files {
        self
    }
}
