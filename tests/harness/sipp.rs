//! SIPp in the background: the far end of the trunk.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::poll::try_poll_until;
use super::ports::free_port;
use super::process::{ending, Process};
use super::rootfs::{project, Rootfs};
use super::{must, Outcome};

const START_DEADLINE: Duration = Duration::from_secs(10);

/// A running SIPp; dropping it ends it.
#[derive(Debug)]
pub struct Sipp {
    pub port: u16,
    process: Process,
    folder: Option<TempDir>,
    root: PathBuf,
    keeps_folder: bool,
    /// Whether somebody knows already where it is.
    told_where: bool,
}

impl Sipp {
    /// Starts one that plays `tests/sipp/people.xml`.
    #[track_caller]
    pub fn people() -> Sipp {
        Sipp::start("people.xml", None, &[])
    }

    /// Starts a scenario of `tests/sipp`, on a free port if none is given.
    #[track_caller]
    pub fn start(scenario: &str, port: Option<u16>, arguments: &[&str]) -> Sipp {
        must(Sipp::try_start(scenario, port, arguments))
    }

    /// As [`Self::start`], with files in the folder where it runs, for media to play.
    #[track_caller]
    pub fn start_with(scenario: &str, files: &[(&str, &[u8])], arguments: &[&str]) -> Sipp {
        must(Sipp::start_in_folder(scenario, None, arguments, files))
    }

    pub fn try_start(scenario: &str, port: Option<u16>, arguments: &[&str]) -> Outcome<Sipp> {
        Sipp::start_in_folder(scenario, port, arguments, &[])
    }

    fn start_in_folder(
        scenario: &str,
        port: Option<u16>,
        arguments: &[&str],
        files: &[(&str, &[u8])],
    ) -> Outcome<Sipp> {
        let rootfs = Rootfs::find()?;
        let port = port.map_or_else(free_port, Ok)?;
        let folder = tempfile::Builder::new()
            .prefix("sipp-")
            .tempdir()
            .map_err(|error| format!("temporary folder: {error}"))?;
        let root = folder.path().to_path_buf();
        for (name, bytes) in files {
            fs::write(root.join(name), bytes).map_err(|error| format!("{name}: {error}"))?;
        }
        let mut command = rootfs.command("usr/bin/sipp");
        command.arg("-sf").arg(project().join("tests/sipp").join(scenario));
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-mp", &free_port()?.to_string(), "-nostdin"]);
        command.arg("-trace_logs").arg("-log_file").arg(root.join("calls.log"));
        command.arg("-trace_err").arg("-error_file").arg(root.join("errors.log"));
        command.arg("-trace_stat").arg("-stf").arg(root.join("statistics.csv"));
        command.args(["-fd", "1"]);
        if std::env::var_os("RES_OUTBOUND_SIPP_MESSAGES").is_some() {
            command.arg("-trace_msg").arg("-message_file").arg(root.join("messages.log"));
        }
        // The rootfs has all terminal types, this machine maybe not ours.
        command.env("TERM", "dumb");
        command.args(arguments).current_dir(&root);
        let mut process = Process::start("SIPp", command, &root.join("screen.txt"))?;
        process.patience = Duration::from_secs(3);
        let keeps_folder = std::env::var_os("RES_OUTBOUND_KEEP").is_some();
        let folder = Some(folder);
        let mut sipp = Sipp { port, process, folder, root, keeps_folder, told_where: false };
        sipp.wait_until_it_listens()?;
        Ok(sipp)
    }

    /// It listens once the port can no longer be bound by another.
    fn wait_until_it_listens(&mut self) -> Outcome<()> {
        let port = self.port;
        let listening = try_poll_until(START_DEADLINE, "SIPp to listen", || {
            if let Some(status) = self.process.ended() {
                let screen = fs::read_to_string(self.root.join("screen.txt")).unwrap_or_default();
                return Some(Err(format!("SIPp {}\n{screen}", ending(status))));
            }
            UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_err().then_some(Ok(()))
        });
        listening.and_then(|inner| inner)
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// The folder with its logs.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// What the scenario's `<log>` actions have written.
    pub fn log_file(&self) -> PathBuf {
        self.root.join("calls.log")
    }

    pub fn log(&self) -> String {
        read(&self.log_file())
    }

    /// What went against the scenario.
    pub fn errors(&self) -> String {
        read(&self.root.join("errors.log"))
    }

    /// The latest line of its statistics, by column (`CurrentCall`, `TotalCallCreated` …).
    pub fn statistics(&self) -> HashMap<String, String> {
        let text = read(&self.root.join("statistics.csv"));
        let mut lines = text.lines();
        let names = lines.next().unwrap_or_default().split(';');
        let values = lines.last().unwrap_or_default().split(';');
        names.zip(values).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Lets its folder stay. The caller says where it is.
    pub fn keep_folder(&mut self) -> &Path {
        self.keeps_folder = true;
        self.told_where = true;
        &self.root
    }

    /// Ends it. A SIPp that still has calls may be cut off; that is no trouble.
    pub fn stop(&mut self) {
        if self.process.ended().is_none() {
            let _ = self.process.stop();
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        self.stop();
        if self.keeps_folder || std::thread::panicking() {
            if let Some(folder) = self.folder.take() {
                let place = folder.keep();
                if !self.told_where {
                    eprintln!("SIPp's files are kept in {}", place.display());
                }
            }
        }
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
