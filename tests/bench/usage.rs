//! What the asterisk process uses while something is measured.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::harness::process::cpu_seconds;

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Threads are looked at by name only while they are so few.
const FEW_THREADS: usize = 400;
/// What the module's own threads are called.
const OWN_THREADS: &str = "outbound_";

#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub peak_threads: usize,
    /// Of the module's own threads.
    pub peak_own_threads: usize,
    pub start_kib: usize,
    pub peak_kib: usize,
}

impl Usage {
    pub fn peak_mib(&self) -> f64 {
        self.peak_kib as f64 / 1_024.0
    }
}

/// Looks at a process until it is stopped.
#[derive(Debug)]
pub struct Meter {
    pid: u32,
    cpu_at_start: f64,
    stop: Arc<AtomicBool>,
    looks: JoinHandle<Usage>,
}

impl Meter {
    pub fn start(pid: u32) -> Meter {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut usage = look(pid, Usage { start_kib: resident_kib(pid), ..Usage::default() });
        let looks = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(BETWEEN_LOOKS);
                usage = look(pid, usage);
            }
            usage
        });
        Meter { pid, cpu_at_start: cpu_seconds(pid), stop, looks }
    }

    pub fn stop(self) -> Usage {
        let cpu_seconds = cpu_seconds(self.pid) - self.cpu_at_start;
        self.stop.store(true, Ordering::Relaxed);
        let usage = self.looks.join().unwrap_or_default();
        Usage { cpu_seconds, ..usage }
    }
}

pub fn resident_kib(pid: u32) -> usize {
    status(pid).1
}

fn look(pid: u32, so_far: Usage) -> Usage {
    let (threads, resident) = status(pid);
    let own = match threads <= FEW_THREADS {
        true => own_threads(pid),
        false => 0,
    };
    Usage {
        peak_threads: so_far.peak_threads.max(threads),
        peak_own_threads: so_far.peak_own_threads.max(own),
        peak_kib: so_far.peak_kib.max(resident),
        ..so_far
    }
}

/// Threads and resident memory.
fn status(pid: u32) -> (usize, usize) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    (number("Threads:"), number("VmRSS:"))
}

fn own_threads(pid: u32) -> usize {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let names = tasks.flatten().map(|task| fs::read_to_string(task.path().join("comm")));
    names.flatten().filter(|name| name.starts_with(OWN_THREADS)).count()
}
