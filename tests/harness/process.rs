//! Processes that we start: they never outlive us, and end by their id.

use std::fs;
use std::io::{self, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{channel, Sender};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::poll::try_poll_until;
use super::Outcome;

/// A process that was started here; dropping it ends it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
    /// How long it may take to end when asked politely.
    pub patience: Duration,
}

impl Process {
    /// Starts it, with what it prints going to `output`.
    pub fn start(name: &str, mut command: Command, output: &Path) -> Outcome<Process> {
        let file = fs::File::options()
            .create(true)
            .append(true)
            .open(output)
            .map_err(|error| format!("{}: {error}", output.display()))?;
        let errors = file.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let child = spawn(command).map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Process { name: name.to_owned(), child, ended: None, patience: Duration::from_secs(10) })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Ends it now, without a chance to tidy up.
    pub fn kill9(&mut self) {
        self.signal(libc::SIGKILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }

    /// Asks it to end; kills it when its patience is over. Says how it ended.
    pub fn stop(&mut self) -> Outcome<ExitStatus> {
        self.signal(libc::SIGTERM);
        let (patience, what) = (self.patience, format!("{} to end", self.name));
        match try_poll_until(patience, &what, || self.ended()) {
            Ok(status) => Ok(status),
            Err(trouble) => {
                self.kill9();
                Err(trouble)
            }
        }
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, deadline: Duration) -> Outcome<ExitStatus> {
        let what = format!("{} to end by itself", self.name);
        try_poll_until(deadline, &what, || self.ended())
    }

    fn signal(&mut self, signal: libc::c_int) {
        if self.ended().is_some() {
            return;
        }
        // SAFETY: the child has not been waited for, so the id is still its own.
        unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // What is left to say is in its own log.
            let _ = self.stop();
        }
    }
}

/// Runs a command to its end and gives what it printed, both outputs in one.
pub fn run(mut command: Command, deadline: Duration) -> Outcome<(ExitStatus, String)> {
    let mut output = tempfile::tempfile().map_err(|error| format!("temporary file: {error}"))?;
    let clone = || output.try_clone().map_err(|error| error.to_string());
    command.stdin(Stdio::null()).stdout(clone()?).stderr(clone()?);
    let what = format!("{command:?} to end");
    let mut child = spawn(command).map_err(|error| format!("{what}: {error}"))?;
    let status = try_poll_until(deadline, &what, || child.try_wait().ok().flatten());
    let status = status.inspect_err(|_| {
        // It hangs. Nothing of it may stay behind.
        let _ = child.kill();
        let _ = child.wait();
    })?;
    let mut bytes = Vec::new();
    output
        .rewind()
        .and_then(|()| output.read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

/// How a process ended, in words.
pub fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

type Order = (Command, Sender<io::Result<Child>>);

/// Starts a process that the kernel kills when we die, however we die.
///
/// The kernel watches the thread that started the child, so all children are
/// started by one thread that lives as long as we do. Each gets a group of its
/// own: a Ctrl-C on our terminal is ours to act on, in order.
fn spawn(mut command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are made.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
            Ok(())
        })
    };
    let starter = STARTER.get_or_init(|| {
        let (orders, queue) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in queue {
                // Nobody waits any more: then its child is dropped, not lost (see above).
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (reply, answer) = channel();
    let orders = starter.lock().unwrap_or_else(|poison| poison.into_inner()).clone();
    let gone = || io::Error::other("the thread that starts processes is gone");
    orders.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// What `/proc` says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    pub threads: usize,
    pub descriptors: usize,
    pub resident_kib: usize,
}

pub fn footprint(pid: u32) -> Footprint {
    let entries = |of: &str| fs::read_dir(format!("/proc/{pid}/{of}")).map_or(0, Iterator::count);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident_kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    Footprint { threads: entries("task"), descriptors: entries("fd"), resident_kib }
}

/// The lines of a process's memory map that name a file so called.
pub fn mappings(pid: u32, file_name: &str) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let named = |line: &&str| line.contains(file_name);
    maps.lines().filter(named).map(str::to_owned).collect()
}

/// How many seconds of processor time a process has used.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The command name may hold anything, so count from its closing bracket.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    // SAFETY: sysconf only reads a constant.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    ticks as f64 / per_second as f64
}

/// Measures how long something takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
