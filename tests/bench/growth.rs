//! The same calls out of short and long lists. The lists lie in Asterisks of
//! their own, and have their turns one after the other.

use std::time::Instant;

use crate::harness::load::LineCount;
use crate::harness::{Asterisk, Load, Outcome};
use crate::lab::{self, Caps, HANGS_UP};
use crate::module::{delays, Delays};
use crate::say;
use crate::scale::Scale;
use crate::spread::Spread;
use crate::usage::resident_kib;

/// One list.
#[derive(Debug)]
pub struct Growth {
    pub targets: usize,
    pub import_s: f64,
    pub rate: Spread,
    /// To the shortest list, round by round.
    pub rate_ratio: Spread,
    pub claims: Delays,
    pub commits: Delays,
    pub imported_kib: usize,
    pub dialled_kib: usize,
}

impl Growth {
    /// How much more memory it takes, after import or dialing, whichever is more.
    pub fn mib_more_than(&self, other: &Growth) -> f64 {
        let more = |ours: usize, theirs: usize| (ours as f64 - theirs as f64) / 1_024.0;
        more(self.imported_kib, other.imported_kib).max(more(self.dialled_kib, other.dialled_kib))
    }
}

struct Bed {
    asterisk: Asterisk,
    load: Load,
    lines: LineCount,
    import_s: f64,
    imported_kib: usize,
    rates: Vec<f64>,
}

pub fn measure(scale: &Scale) -> Outcome<Vec<Growth>> {
    let beds = scale.lists.iter().map(|targets| Bed::make(*targets));
    let mut beds = beds.collect::<Outcome<Vec<Bed>>>()?;
    for round in 1..=scale.rounds {
        for bed in &mut beds {
            let rate = bed.dial(scale.dialled)?;
            say!("  {} targets: {rate:.0} calls/s (round {round})", bed.load.targets);
        }
    }
    let shortest = beds.first().map(|bed| bed.rates.clone()).unwrap_or_default();
    beds.iter().map(|bed| bed.result(&shortest)).collect()
}

impl Bed {
    /// The far end refuses, so that a short list has as many calls as a long one:
    /// its targets are dialled again and again.
    fn make(targets: usize) -> Outcome<Bed> {
        let asterisk = lab::start(Caps::OPEN, None)?;
        let plan = [
            ("TechName", "Local/"),
            ("TrunkName", "bench-refuse"),
            ("RetryDelay", "0"),
            ("MaxRetry1", "1000"),
        ];
        let started = Instant::now();
        let load = Load::make(&asterisk, &plan, HANGS_UP, targets)?;
        let import_s = started.elapsed().as_secs_f64();
        let imported_kib = resident_kib(asterisk.pid());
        let mib = imported_kib / 1_024;
        say!("  {targets} targets: imported in {import_s:.1} s, {mib} MB");
        let lines = LineCount::of(asterisk.result_file());
        Ok(Bed { asterisk, load, lines, import_s, imported_kib, rates: Vec::new() })
    }

    /// Dials for so many results, then pauses.
    fn dial(&mut self, calls: usize) -> Outcome<f64> {
        let campaign = &self.load.campaign;
        let before = self.lines.look()?;
        let started = Instant::now();
        campaign.set_status(&self.asterisk.try_ami()?, 1)?;
        self.lines.wait(before + calls)?;
        let rate = calls as f64 / started.elapsed().as_secs_f64();
        campaign.set_status(&self.asterisk.try_ami()?, 2)?;
        self.load.wait_status(&self.asterisk, 2)?;
        self.rates.push(rate);
        Ok(rate)
    }

    fn result(&self, shortest: &[f64]) -> Outcome<Growth> {
        let ratios: Vec<f64> =
            self.rates.iter().zip(shortest).map(|(rate, short)| rate / short).collect();
        Ok(Growth {
            targets: self.load.targets,
            import_s: self.import_s,
            rate: Spread::of(&self.rates),
            rate_ratio: Spread::of(&ratios),
            claims: delays(&self.asterisk, "Claims")?,
            commits: delays(&self.asterisk, "Commits")?,
            imported_kib: self.imported_kib,
            dialled_kib: resident_kib(self.asterisk.pid()),
        })
    }
}
