//! Manager clients that others wrote run whole campaigns: in Python, Perl and
//! Node.js. `tests/clients.sh` installs them; their scripts are in `clients/`.

mod harness;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use harness::rootfs::cache_folder;
use harness::{must, poll_until, Asterisk, Options};
use serde_json::Value;

const ENDED: Duration = Duration::from_secs(60);

/// Who answers and hangs up, who is busy, who is not there.
const NUMBERS: &str = "7001 2001 4001";

fn folder() -> PathBuf {
    let folder = must(cache_folder()).join("clients");
    assert!(
        folder.join(".ready").is_file(),
        "no clients in {}: run tests/clients.sh",
        folder.display()
    );
    folder
}

/// Runs a script against a fresh Asterisk, and holds what it saw against what
/// happened.
fn run(mut client: Command, script: &str) {
    let asterisk = Asterisk::start(Options::default());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let mut client = client
        .arg(script)
        .env("AMI_PORT", asterisk.ports.ami.to_string())
        .env("AMI_USER", "admin")
        .env("AMI_SECRET", &asterisk.ami_secret)
        .env("NUMBERS", NUMBERS)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a client");
    let ended =
        harness::try_poll_until(ENDED, "the end of the client", || client.try_wait().ok()?);
    if ended.is_err() {
        // It may have ended just now.
        let _ = client.kill();
    }
    let output = client.wait_with_output().expect("the client's output");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{ended:?}\n{stdout}{stderr}");

    let said: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    assert_eq!(said["statuses"], serde_json::json!(["11", "1", "10", "0"]));
    let mut dialled: Vec<&str> =
        said["dialled"].as_array().expect("numbers").iter().filter_map(Value::as_str).collect();
    dialled.sort_unstable();
    assert_eq!(dialled, ["2001", "4001", "7001"]);
    assert_eq!(said["finished"], "3");
    assert_eq!(said["entries"], 3);
    let lines = poll_until(ENDED, "three result lines", || {
        let lines = asterisk.results();
        (lines.len() >= 3).then_some(lines)
    });
    assert_eq!(lines.len(), 3);
    let ami = asterisk.ami();
    for kind in ["Campaign", "Plan", "Destination", "Dlma", "DlList"] {
        let left = ami.list(&[("Action", &format!("Out{kind}Show"))]).entries;
        assert_eq!(left, [], "{kind}");
    }
}

#[test]
fn python() {
    run(Command::new(folder().join("python/bin/python")), "python/campaign.py");
}

#[test]
fn perl() {
    let mut perl = Command::new("perl");
    perl.arg("-I").arg(folder().join("perl/usr/share/perl5"));
    run(perl, "perl/campaign.pl");
}

#[test]
fn node() {
    let mut node = Command::new("node");
    node.env("NODE_PATH", folder().join("node/node_modules"));
    run(node, "node/campaign.js");
}
