//! What the tests of the dialer share: a switch without an Asterisk, and a step
//! as the runtime makes it.
// Each suite uses its own part.
#![allow(dead_code)]

pub mod desk;

use dialer::dialer::{Dialer, Input, Ready, Refusal, Switch, World};
use dialer::domain::{Route, Timestamp};
use dialer::store::{Sqlite, Store};

/// Has every extension, application and technology but those named `missing`.
pub struct AnySwitch;

impl Switch for AnySwitch {
    fn check_route(&self, route: &Route) -> Result<(), Refusal> {
        match route {
            Route::Extension { exten, .. } if exten == "missing" => {
                Err(Refusal::of("Exten", "there is no such extension"))
            }
            _ => Ok(()),
        }
    }

    fn has_technology(&self, tech: &str) -> bool {
        tech != "missing"
    }
}

/// One step, with its writes in one transaction.
pub fn step(dialer: &mut Dialer, store: &mut Sqlite, now: Timestamp, input: Input) -> Ready {
    store.begin().expect("a transaction");
    let mut world = World { now, targets: store, switch: &AnySwitch };
    let ready = dialer.step(input, &mut world);
    write(store, &ready);
    store.commit().expect("a commit");
    ready
}

/// Makes a step's writes in the open transaction.
pub fn write(store: &mut Sqlite, ready: &Ready) {
    for write in &ready.writes {
        store.apply(write).expect("a write");
    }
}
