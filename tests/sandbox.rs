//! `make sandbox`: a private Asterisk with the module, for people and scripts.
//!
//! It runs in the foreground until SIGINT or SIGTERM. What one needs to talk to
//! it is printed, and written as shell lines to `sandbox.env`.
//!
//! Environment: `AMI_PORT`, `HTTP_PORT`, `SIP_PORT` (free ones by default);
//! `TRUNK_PORT`, where `PJSIP/NUMBER@trunk` is sent (by default to people
//! played by SIPp, started here); `SANDBOX_CONF`, a folder whose files stand in
//! for those of `tests/config`; `SANDBOX_ENV`, the file to write;
//! `SANDBOX_WITHOUT_MODULE`, to load it by hand.

mod harness;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::asterisk::AMI_USER;
use harness::signals::StopRequest;
use harness::{Asterisk, Options, Outcome, Sipp};

fn main() -> ExitCode {
    let stop = StopRequest::watch();
    match run(&stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("sandbox: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(stop: &StopRequest) -> Outcome<()> {
    let trunk_port = port("TRUNK_PORT")?;
    let mut people = match trunk_port {
        Some(_) => None,
        None => Some(Sipp::try_start("people.xml", None, &[])?),
    };
    let options = Options {
        with_module: env::var_os("SANDBOX_WITHOUT_MODULE").is_none(),
        ami_port: port("AMI_PORT")?,
        http_port: port("HTTP_PORT")?,
        sip_port: port("SIP_PORT")?,
        trunk_port: people.as_ref().map(|sipp| sipp.port).or(trunk_port),
        extra_folder: env::var_os("SANDBOX_CONF").map(PathBuf::from),
        ..Options::default()
    };
    let mut asterisk = Asterisk::try_start(options)?;
    for agent in ["agent1", "agent2"] {
        asterisk.try_rx(&format!("devstate change Custom:{agent} NOT_INUSE"))?;
    }
    let facts = facts(&asterisk, people.as_ref());
    let file = env::var_os("SANDBOX_ENV").map_or("sandbox.env".into(), PathBuf::from);
    write_whole(&file, &shell_lines(&facts))?;
    print(&facts, &file);
    let ended = stop.wait(|| {
        if !asterisk.is_running() {
            return Some("Asterisk has ended");
        }
        let is_alone = people.as_mut().is_some_and(|sipp| !sipp.is_running());
        is_alone.then_some("SIPp has ended")
    });
    // A script that finds the file can rely on the sandbox being there.
    let _ = fs::remove_file(&file);
    match ended {
        Ok(signal) => println!("sandbox: signal {signal}, ending"),
        Err(reason) => {
            let place = asterisk.keep_folders().display().to_string();
            return Err(format!("{reason}; its files: {place}"));
        }
    }
    asterisk.try_stop()
}

type Facts = Vec<(&'static str, String)>;

/// What one needs to know, under the names that scripts rely on.
fn facts(asterisk: &Asterisk, people: Option<&Sipp>) -> Facts {
    let ports = &asterisk.ports;
    let path = |path: &Path| path.display().to_string();
    let mut facts = vec![
        ("AMI_HOST", "127.0.0.1".to_owned()),
        ("AMI_PORT", ports.ami.to_string()),
        ("AMI_USER", AMI_USER.to_owned()),
        ("AMI_SECRET", asterisk.ami_secret.clone()),
        ("HTTP_URL", format!("http://127.0.0.1:{}", ports.http)),
        ("HTTP_PORT", ports.http.to_string()),
        ("SIP_PORT", ports.sip.to_string()),
        ("TRUNK_PORT", ports.trunk.to_string()),
        ("CONFIG_DIR", path(&asterisk.config_folder())),
        ("RESULT_FILE", path(&asterisk.result_file())),
        ("DATABASE_FILE", path(&asterisk.database_file())),
        ("LOG_FILE", path(&asterisk.log_file())),
        ("ASTERISK_PID", asterisk.pid().to_string()),
        ("ASTERISK_RX", asterisk.rx_words().join(" ")),
    ];
    if let Some(sipp) = people {
        facts.push(("FAR_END_LOG", path(&sipp.log_file())));
    }
    facts
}

fn shell_lines(facts: &Facts) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
    let line = |(name, value): &(&str, String)| format!("{name}={}\n", quoted(value));
    facts.iter().map(line).collect()
}

fn print(facts: &Facts, file: &Path) {
    println!("An Asterisk of your own is up:");
    for (name, value) in facts {
        println!("  {name:<14} {value}");
    }
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    println!();
    println!("The same as shell lines: {}", file.display());
    println!("  . {}", file.display());
    println!("  $ASTERISK_RX 'core show channels'");
    println!(
        "People: Local/NUMBER@callee and PJSIP/NUMBER@trunk; destinations: NAME@destinations."
    );
    println!("Ctrl-C or SIGTERM ends it.");
}

fn port(name: &str) -> Outcome<Option<u16>> {
    let Ok(text) = env::var(name) else {
        return Ok(None);
    };
    match text.parse() {
        // Asterisk does not want lower ones.
        Ok(port) if port >= 1024 => Ok(Some(port)),
        _ => Err(format!("{name}={text}: not a port number from 1024 on")),
    }
}

/// Nobody may read half of it.
fn write_whole(path: &Path, text: &str) -> Outcome<()> {
    let part = path.with_extension("env.part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|error| format!("{}: {error}", path.display()))
}
