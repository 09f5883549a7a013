//! An Asterisk of one's own: private folders, private ports, ended on drop.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::options::{write, write_configuration, Words};
use super::poll::{poll_until, try_poll_until};
use super::ports::free_port;
use super::process::{ending, run, Process};
use super::result_file::{read_results, ResultLine};
use super::rootfs::{module_file, project, Rootfs};
use super::{must, Ami, Options, Outcome};

const BOOT_DEADLINE: Duration = Duration::from_secs(30);
const RX_DEADLINE: Duration = Duration::from_secs(30);
/// A chosen port may be taken by somebody else before Asterisk binds it.
const START_TRIES: usize = 3;
const PORT_TAKEN: &str = "Address already in use";
/// What a Unix socket's path may be long.
const SOCKET_PATH_BYTES: usize = 107;

pub const AMI_USER: &str = "admin";

/// A running Asterisk, or one that was killed and can be started again.
#[derive(Debug)]
pub struct Asterisk {
    pub rootfs: Rootfs,
    pub ports: Ports,
    pub ami_secret: String,
    folders: Folders,
    process: Option<Process>,
    environment: Vec<(String, String)>,
    keeps_folders: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    pub ami: u16,
    pub http: u16,
    pub sip: u16,
    pub trunk: u16,
}

#[derive(Debug)]
struct Folders {
    /// Gone after drop, unless the folders are kept.
    whole: Option<TempDir>,
    root: PathBuf,
    /// Whether somebody knows already where they are.
    told_where: bool,
}

impl Asterisk {
    /// Starts one and waits until it is fully booted.
    #[track_caller]
    pub fn start(options: Options) -> Asterisk {
        must(Asterisk::try_start(options))
    }

    pub fn try_start(options: Options) -> Outcome<Asterisk> {
        let mut last = String::new();
        for _ in 0..START_TRIES {
            match Asterisk::start_once(&options) {
                Ok(asterisk) => return Ok(asterisk),
                Err(trouble) => last = trouble,
            }
            if !last.contains(PORT_TAKEN) {
                break;
            }
        }
        Err(last)
    }

    fn start_once(options: &Options) -> Outcome<Asterisk> {
        let rootfs = Rootfs::find()?;
        let module = match options.with_module {
            true => Some(module_file()?),
            false => None,
        };
        let port = |fixed: Option<u16>| fixed.map_or_else(free_port, Ok);
        let ports = Ports {
            ami: port(options.ami_port)?,
            http: port(options.http_port)?,
            sip: port(options.sip_port)?,
            trunk: port(options.trunk_port)?,
        };
        let folders = Folders::make()?;
        let ami_secret = format!("secret-{}", folders.tag());
        folders.fill(&rootfs, module.as_deref(), &ports, &ami_secret, options)?;
        let mut asterisk = Asterisk {
            rootfs,
            ports,
            ami_secret,
            folders,
            process: None,
            environment: options.environment.clone(),
            keeps_folders: options.keeps_folders,
        };
        asterisk.boot()?;
        Ok(asterisk)
    }

    /// Starts the process on the folders that are there.
    fn boot(&mut self) -> Outcome<()> {
        let mut command = self.rootfs.command("usr/sbin/asterisk");
        command.arg("-C").arg(self.folders.etc().join("asterisk.conf"));
        // In the foreground, without colours, and quiet: what it says is in its log.
        command.args(["-f", "-n", "-q"]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folders.root);
        let mut process = Process::start("Asterisk", command, &self.folders.console())?;
        let (port, secret) = (self.ports.ami, self.ami_secret.clone());
        let mut reason = String::new();
        let booted = try_poll_until(BOOT_DEADLINE, "Asterisk to boot", || {
            if let Some(status) = process.ended() {
                return Some(Err(format!("Asterisk {} while booting", ending(status))));
            }
            if let Some(taken) = self.log_lines(PORT_TAKEN).pop() {
                return Some(Err(format!("a port is taken: {taken}")));
            }
            // Asterisk tells each new session that it is fully booted, or will.
            let ami = Ami::connect(port, AMI_USER, &secret).map_err(|why| reason = why).ok()?;
            let is_boot = |message: &super::Message| message.is_event("FullyBooted");
            Some(ami.wait_since(0, BOOT_DEADLINE, "FullyBooted", is_boot).map(drop))
        });
        self.process = Some(process);
        match booted.and_then(|inner| inner) {
            Ok(()) => Ok(()),
            Err(trouble) => {
                // While it boots it does not listen to SIGTERM.
                self.kill9();
                self.keeps_folders = true;
                let place = self.folders.root.display();
                let log = tail(&self.log(), 15);
                Err(format!("{trouble} ({reason})\nits folders: {place}\n{log}"))
            }
        }
    }

    /// A new AMI session as somebody who may do everything.
    #[track_caller]
    pub fn ami(&self) -> Ami {
        self.ami_as(AMI_USER)
    }

    pub fn try_ami(&self) -> Outcome<Ami> {
        Ami::connect(self.ports.ami, AMI_USER, &self.ami_secret)
    }

    /// A new AMI session as one of the users of manager.conf.
    #[track_caller]
    pub fn ami_as(&self, user: &str) -> Ami {
        must(Ami::connect(self.ports.ami, user, &self.ami_secret))
    }

    /// Runs a console command with `asterisk -rx` and gives what it printed.
    #[track_caller]
    pub fn rx(&self, command: &str) -> String {
        must(self.try_rx(command))
    }

    pub fn try_rx(&self, command: &str) -> Outcome<String> {
        let words = self.rx_words();
        let mut program = Command::new(&words[0]);
        program.args(&words[1..]).arg(command);
        let (status, output) = run(program, RX_DEADLINE)?;
        match status.success() {
            true => Ok(output),
            false => Err(format!("asterisk -rx '{command}' {}: {output}", ending(status))),
        }
    }

    /// The command line to which a console command is added.
    pub fn rx_words(&self) -> Vec<String> {
        let mut words = self.rootfs.command_words("usr/sbin/asterisk");
        words.push("-C".to_owned());
        words.push(self.folders.etc().join("asterisk.conf").display().to_string());
        words.push("-rx".to_owned());
        words
    }

    pub fn log_file(&self) -> PathBuf {
        self.folders.log().join("full")
    }

    /// What Asterisk has written to its log.
    pub fn log(&self) -> String {
        let full = fs::read(self.log_file()).unwrap_or_default();
        let console = fs::read(self.folders.console()).unwrap_or_default();
        String::from_utf8_lossy(&[full, console].concat()).into_owned()
    }

    /// The lines of the log in which a text stands.
    pub fn log_lines(&self, text: &str) -> Vec<String> {
        let log = self.log();
        log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// Waits for a line of the log in which a text stands.
    #[track_caller]
    pub fn wait_log(&self, deadline: Duration, text: &str) -> String {
        poll_until(deadline, &format!("'{text}' in Asterisk's log"), || self.log_lines(text).pop())
    }

    #[track_caller]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("Asterisk was ended").pid()
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// Kills it as a power cut would.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill9();
        }
    }

    /// Ends it in order (SIGTERM) and fails if it does not end well.
    #[track_caller]
    pub fn stop(&mut self) {
        must(self.try_stop());
    }

    pub fn try_stop(&mut self) -> Outcome<()> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        let status = process.stop()?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("Asterisk {}\n{}", ending(status), tail(&self.log(), 15))),
        }
    }

    /// Starts it again on the same folders and ports; ends it first if it runs.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        must(self.boot());
    }

    /// The folder with the configuration files.
    pub fn config_folder(&self) -> PathBuf {
        self.folders.etc()
    }

    /// Everything of this Asterisk lies below.
    pub fn folder(&self) -> &Path {
        &self.folders.root
    }

    /// Writes a configuration file anew, for a reload or restart.
    #[track_caller]
    pub fn write_config(&self, name: &str, text: &str) {
        must(write(&self.folders.etc().join(name), text));
    }

    pub fn result_file(&self) -> PathBuf {
        self.folders.root.join("results.json")
    }

    /// Where it looks for files to import, and exports them to.
    pub fn bulk_folder(&self) -> PathBuf {
        self.folders.root.join("var/lib/outbound")
    }

    pub fn database_file(&self) -> PathBuf {
        self.folders.root.join("res_outbound.db")
    }

    /// The module's result lines so far.
    #[track_caller]
    pub fn results(&self) -> Vec<ResultLine> {
        must(read_results(&self.result_file()))
    }

    /// Lets the folders stay when this Asterisk ends. The caller says where they are.
    pub fn keep_folders(&mut self) -> &Path {
        self.keeps_folders = true;
        self.folders.told_where = true;
        &self.folders.root
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        let ended = self.try_stop();
        let failed = std::thread::panicking() || ended.is_err();
        if let Err(trouble) = ended {
            eprintln!("{trouble}");
        }
        if failed || self.keeps_folders {
            if let Some(folder) = self.folders.whole.take() {
                let place = folder.keep();
                if !self.folders.told_where {
                    eprintln!("Asterisk's files are kept in {}", place.display());
                }
            }
        }
    }
}

impl Folders {
    fn make() -> Outcome<Folders> {
        let trouble = |error: std::io::Error| format!("temporary folder: {error}");
        let whole = tempfile::Builder::new().prefix("outbound-").tempdir().map_err(trouble)?;
        let root = whole.path().to_path_buf();
        let folders = Folders { whole: Some(whole), root, told_where: false };
        let socket = folders.run().join("asterisk.ctl");
        if socket.as_os_str().len() > SOCKET_PATH_BYTES {
            let socket = socket.display();
            return Err(format!("{socket} is too long for a socket: set TMPDIR to a shorter path"));
        }
        Ok(folders)
    }

    fn etc(&self) -> PathBuf {
        self.root.join("etc")
    }

    fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// What Asterisk prints outside of its log.
    fn console(&self) -> PathBuf {
        self.root.join("console.txt")
    }

    /// Tells one Asterisk's secret from another's.
    fn tag(&self) -> String {
        let name = self.root.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default().replace("outbound-", "")
    }

    fn fill(
        &self,
        rootfs: &Rootfs,
        module: Option<&Path>,
        ports: &Ports,
        ami_secret: &str,
        options: &Options,
    ) -> Outcome<()> {
        let path = |name: &str| self.root.join(name).display().to_string();
        let load = match module.is_some() && options.loads_module {
            true => "load = res_outbound.so",
            false => "; res_outbound is not loaded here",
        };
        let words: Words = vec![
            ("@ETC@", path("etc")),
            ("@MODULES@", path("modules")),
            ("@VAR@", path("var")),
            ("@DATA@", path("data")),
            ("@RUN@", path("run")),
            ("@LOG@", path("log")),
            ("@AMI_PORT@", ports.ami.to_string()),
            ("@AMI_SECRET@", ami_secret.to_owned()),
            ("@HTTP_PORT@", ports.http.to_string()),
            ("@SIP_PORT@", ports.sip.to_string()),
            ("@TRUNK_PORT@", ports.trunk.to_string()),
            ("@RESULT_FILE@", path("results.json")),
            ("@DATABASE_FILE@", path("res_outbound.db")),
            ("@LOAD_RES_OUTBOUND@", load.to_owned()),
        ];
        let make = || -> std::io::Result<()> {
            for name in ["etc", "modules", "var/lib/keys", "var/spool", "data", "run", "log"] {
                fs::create_dir_all(self.root.join(name))?;
            }
            for folder in ["outgoing", "tmp", "system", "meetme", "monitor"] {
                fs::create_dir_all(self.root.join("var/spool").join(folder))?;
            }
            for folder in ["cdr-csv", "cdr-custom", "cel-custom"] {
                fs::create_dir_all(self.root.join("log").join(folder))?;
            }
            self.link_modules(rootfs, module)?;
            self.link_data(rootfs)
        };
        make().map_err(|error| format!("{}: {error}", self.root.display()))?;
        write_configuration(&project().join("tests/config"), options, &words, &self.etc())
    }

    fn link_modules(&self, rootfs: &Rootfs, module: Option<&Path>) -> std::io::Result<()> {
        let to = self.root.join("modules");
        for entry in fs::read_dir(rootfs.modules())? {
            let path = entry?.path();
            if let Some(name) = path.file_name() {
                symlink(&path, to.join(name))?;
            }
        }
        match module {
            Some(module) => place_module(module, &to.join("res_outbound.so")),
            None => Ok(()),
        }
    }

    /// Documentation and sounds, where Asterisk looks for them. Links of the
    /// rootfs that point to absolute paths lead nowhere from outside.
    fn link_data(&self, rootfs: &Rootfs) -> std::io::Result<()> {
        let to = self.root.join("data");
        for name in ["rest-api", "static-http", "agi-bin", "phoneprov", "firmware"] {
            symlink(rootfs.data().join(name), to.join(name))?;
        }
        fs::create_dir_all(to.join("sounds"))?;
        symlink(rootfs.data().join("sounds/en_US_f_Allison"), to.join("sounds/en"))?;
        fs::create_dir_all(to.join("documentation"))?;
        for name in ["core-en_US.xml", "appdocsxml.dtd", "appdocsxml.xslt"] {
            let from = rootfs.data().join("documentation").join(name);
            symlink(from, to.join("documentation").join(name))?;
        }
        Ok(())
    }
}

/// No symbolic link: AMI loads only what really lies in the module folder.
fn place_module(module: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(module, to).or_else(|_| fs::copy(module, to).map(drop))
}

fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
