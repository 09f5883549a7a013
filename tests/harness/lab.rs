//! An Asterisk whose trunk leads to people, shared by the tests of a suite.

use std::sync::Arc;

use super::{Asterisk, Options, Shared, Sipp};

#[derive(Debug)]
pub struct Lab {
    pub asterisk: Asterisk,
    pub sipp: Sipp,
}

impl Lab {
    /// The one of this suite.
    pub fn shared() -> Arc<Lab> {
        static LAB: Shared<Lab> = Shared::new();
        LAB.get(|| {
            let sipp = Sipp::people();
            Lab { asterisk: Asterisk::start(Options::default().trunk_to(sipp.port)), sipp }
        })
    }
}
