//! Call files: written beside the spool folder and renamed into it, so many at a
//! time; Asterisk deletes each when its call is over.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{try_poll_until, Asterisk, Outcome};
use crate::lab::{CONTEXT, EXTEN};
use crate::run::Plan;

const DEADLINE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
const LAST_CALLS: Duration = Duration::from_secs(20);

pub fn dial(asterisk: &Asterisk, plan: &Plan) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("call files: {error}");
    let spool = asterisk.folder().join("var/spool");
    let (written, taken) = (spool.join("tmp"), spool.join("outgoing"));
    let channel = plan.tech.channel("700000000");
    let text = format!(
        "Channel: {channel}\nContext: {CONTEXT}\nExtension: {EXTEN}\nPriority: 1\n\
         MaxRetries: 0\nArchive: no\n"
    );
    let until = Instant::now() + DEADLINE;
    let mut begun = 0;
    loop {
        let open = count(&taken)?;
        if open == 0 && begun == plan.calls {
            break;
        }
        if Instant::now() >= until {
            return Err(format!("call files: {open} of {begun} are still there"));
        }
        for _ in open..plan.window.min(plan.calls - begun + open) {
            let name = format!("bench-{begun}.call");
            fs::write(written.join(&name), &text).map_err(failed)?;
            fs::rename(written.join(&name), taken.join(&name)).map_err(failed)?;
            begun += 1;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    try_poll_until(LAST_CALLS, "the last calls to be over", || {
        let shown = asterisk.try_rx("core show channels count").ok()?;
        shown.lines().any(|line| line.starts_with("0 active channels")).then_some(())
    })
}

fn count(folder: &Path) -> Outcome<usize> {
    let entries = fs::read_dir(folder).map_err(|error| format!("call files: {error}"))?;
    Ok(entries.count())
}
