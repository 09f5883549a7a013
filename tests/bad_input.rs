//! Bad input against a real Asterisk: over TCP, and over HTTP what a line of TCP
//! cannot carry. The tries are those of `harness/bad_input.rs`.

mod harness;

#[path = "harness/bad_input.rs"]
mod bad_input;

#[path = "harness/wire.rs"]
mod wire;

use std::cell::Cell;
use std::time::Duration;

use bad_input::{try_actions, Peer, Sent};
use dialer::surface::ami::{Privilege, ACTIONS};
use harness::campaign::{create, Headers};
use harness::http::{get, post_rawman, rawman};
use harness::{must, Ami, Asterisk, Campaign, Message, Options};

const SOON: Duration = Duration::from_secs(20);
const ENDED: Duration = Duration::from_secs(40);

/// What fits into a line of AMI over TCP, with its end.
const LINE_BYTES: usize = 1_000;

/// One client with a session over TCP and one over HTTP, and a second client
/// that only listens.
struct Client<'a> {
    asterisk: &'a Asterisk,
    ami: Ami,
    listener: Ami,
    http_session: String,
    pings: Cell<u32>,
}

impl Client<'_> {
    fn log_in(asterisk: &Asterisk) -> Client<'_> {
        let port = asterisk.ports.http;
        let login = [("Action", "Login"), ("Username", "admin"), ("Secret", &asterisk.ami_secret)];
        let answer = must(get(port, &rawman(&login), None));
        Client {
            asterisk,
            ami: asterisk.ami(),
            listener: asterisk.ami(),
            http_session: answer.session().expect("a session over HTTP"),
            pings: Cell::new(0),
        }
    }

    fn over_tcp(&self, headers: &[Sent]) -> String {
        // Asterisk says nothing when it has said all: a Ping marks the end.
        let ping = format!("end-{}", self.pings.replace(self.pings.get() + 1));
        let mut bytes = Vec::new();
        for (name, value) in headers {
            bytes.extend([name, b": ".as_slice(), value, b"\r\n"].concat());
        }
        bytes.extend(format!("\r\nAction: Ping\r\nActionID: {ping}\r\n\r\n").into_bytes());
        let mark = self.ami.mark();
        must(self.ami.send_raw(&bytes));
        let is_end = |message: &Message| message.is_response() && message.text("ActionID") == ping;
        must(self.ami.wait_since(mark, SOON, "the end of an answer", is_end));
        let came = self.ami.messages_since(mark);
        let ours = came.iter().filter(|message| is_answer(message) && !is_end(message));
        let bytes: Vec<u8> = ours.flat_map(|message| message.raw.clone()).collect();
        String::from_utf8(bytes).expect("answers are UTF-8")
    }

    fn over_http(&self, headers: &[Sent]) -> String {
        let answer = must(post_rawman(self.asterisk.ports.http, &self.http_session, headers));
        assert_eq!(answer.status, 200, "{headers:?}");
        answer.body
    }
}

/// Events that everybody hears say which class they are of; answers do not.
fn is_answer(message: &Message) -> bool {
    message.header("Privilege").is_none()
}

impl Peer for Client<'_> {
    fn act(&mut self, headers: &[Sent]) -> String {
        let fits = |(name, value): &Sent| {
            let breaks = |byte: &u8| [b'\r', b'\n', 0].contains(byte);
            name.len() + value.len() <= LINE_BYTES && !value.iter().any(breaks)
        };
        match headers.iter().all(fits) {
            true => self.over_tcp(headers),
            false => self.over_http(headers),
        }
    }

    /// A string of C ends at its first NUL.
    fn arrives<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        value.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

fn try_on(is_meant: impl Fn(&str) -> bool, at_least: usize) {
    let mut asterisk = Asterisk::start(Options::default());
    let mut client = Client::log_in(&asterisk);
    let tries = try_actions(&mut client, is_meant);
    assert!(tries >= at_least, "only {tries} tries");
    // Whoever only listened heard whole events of known names, and nothing else.
    assert!(client.ami.action(&[("Action", "Ping")]).is_success());
    assert!(client.listener.action(&[("Action", "Ping")]).is_success());
    for message in client.listener.messages_since(0) {
        let text = String::from_utf8(message.raw.clone()).expect("events are UTF-8");
        wire::blocks(&text);
        assert_ne!(message.event(), Some("Fake"), "{message}");
    }
    drop(client);
    assert!(asterisk.is_running());
    asterisk.stop();
}

#[test]
fn bad_input_to_creates() {
    try_on(|name| name.ends_with("Create"), 2_500);
}

#[test]
fn bad_input_to_updates() {
    try_on(|name| name.ends_with("Update"), 2_500);
}

#[test]
fn bad_input_to_all_others() {
    try_on(|name| !name.ends_with("Create") && !name.ends_with("Update"), 1_000);
}

#[test]
fn what_is_no_message_harms_nobody() {
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let list = create(&ami, "OutDlmaCreate", &[("Name", "before")]).unwrap();
    let lists = || everything(&ami, &["OutDlmaShow"]);
    let before = lists();
    let long = "y".repeat(1_100);
    let many = "X-Header: 1\r\n".repeat(130);
    let update = |lines: &str| {
        format!("Action: OutDlmaUpdate\r\nActionID: odd\r\nUuid: {list}\r\n{lines}\r\n")
    };
    let refused = [
        // Asterisk's own limits: what is not read whole is not carried out.
        (update(&format!("Name: {long}\r\n")), "line too long"),
        (update(&format!("Name: after\r\nDetail: {long}\r\n")), "line too long"),
        (update(&format!("{many}Name: after\r\n")), "Too many lines"),
        (update("Name: a\u{1}b\r\n"), "Name: has the control character U+0001"),
        (update("Name: after\r\nName: again\r\n"), "Name: is given 2 times"),
        (update(&"Variable: A=\u{7}\r\n".repeat(60)), "Variable: has the control character"),
        (update(&variables(65)), "Variable: 65 variables are too many; allowed are 64"),
    ];
    for (bytes, words) in refused {
        let mark = ami.mark();
        must(ami.send_raw(bytes.as_bytes()));
        let response = must(ami.wait_since(mark, SOON, words, Message::is_response));
        assert_eq!(response.text("Response"), "Error", "{response}");
        assert!(response.text("Message").contains(words), "{words}: {response}");
        assert_eq!(response.text("ActionID"), "odd");
        assert_eq!(lists(), before, "{words}");
    }
    // No headers at all, headers that are none, and lines of every kind of end.
    let odd = [
        "\r\n\r\n\r\n",
        ": \r\n:\r\n\r\n",
        "no colon\r\n\r\n",
        "Action\r\nUuid\r\n\r\n",
        "Action: OutDlmaUpdate\nUuid: \r\n\r\n",
        "Action:OutDlmaDelete\0\r\nUuid\0: x\r\n\r\n",
        "\u{1}\u{2}\u{3}: \u{4}\r\n\r\n",
    ];
    for bytes in odd {
        must(ami.send_raw(bytes.as_bytes()));
        assert_eq!(lists(), before, "{bytes:?}");
    }
    // What follows a line's end is a header of its own, which nobody asked for.
    let injected = update("Detail: mine\r\nEvent: Fake\r\nResponse: Fake\r\n\0");
    must(ami.send_raw(injected.as_bytes()));
    let event = ami.wait_event(SOON, "OutDlmaUpdate", &[("Uuid", &list), ("Detail", "mine")]);
    assert_eq!(event.all("Event").len() + event.all("Response").len(), 1, "{event}");
    ami.succeed(&[("Action", "OutDlmaUpdate"), ("Uuid", &list.to_uppercase())]);
    let most = update(&variables(64));
    must(ami.send_raw(most.as_bytes()));
    ami.wait_for(SOON, "64 variables", |message| {
        message.is_event("OutDlmaUpdate") && message.all("Variable").len() == 64
    });
}

fn uuid_of(entry: &[(String, String)]) -> Option<&str> {
    entry.iter().find(|(name, _)| name == "Uuid").map(|(_, uuid)| uuid.as_str())
}

fn variables(count: usize) -> String {
    (0..count).map(|at| format!("Variable: V{at}={at}\r\n")).collect()
}

/// What these show, in headers that do not differ from one look to the next.
fn everything(ami: &Ami, shows: &[&str]) -> Vec<Vec<(String, String)>> {
    let all = shows.iter().flat_map(|show| ami.list(&[("Action", show)]).entries);
    all.map(|entry| {
        let own = entry.headers.into_iter().filter(|(name, _)| name != "ActionID");
        own.collect()
    })
    .collect()
}

/// Changes need write class `command`, showing that or `reporting`.
#[test]
fn every_action_asks_for_its_class() {
    let asterisk = Asterisk::start(Options::default());
    let (admin, viewer) = (asterisk.ami(), asterisk.ami_as("viewer"));
    let (stranger, nobody) = (asterisk.ami_as("stranger"), must(Ami::open(asterisk.ports.ami)));
    for kind in ["Dlma", "Plan", "Destination", "Campaign"] {
        create(&admin, &format!("Out{kind}Create"), &[("Name", "mine")]).unwrap();
    }
    let shows = ["OutDlmaShow", "OutPlanShow", "OutDestinationShow", "OutCampaignShow"];
    let before = everything(&admin, &shows);
    let uuids: Vec<&str> = before.iter().filter_map(|entry| uuid_of(entry)).collect();
    for action in ACTIONS {
        for uuid in &uuids {
            let headers: Headers =
                &[("Action", action.name), ("Uuid", uuid), ("DlmaUuid", uuids[0])];
            for user in [&stranger, &viewer] {
                let may = action.privilege == Privilege::Show && std::ptr::eq(user, &viewer);
                let response = user.action(headers);
                let is_denied = response.text("Message") == "Permission denied";
                assert_eq!(is_denied, !may, "{}: {response}", action.name);
            }
            let response = nobody.action(headers);
            assert_eq!(response.text("Response"), "Error", "{}: {response}", action.name);
        }
    }
    assert_eq!(everything(&admin, &shows), before);
}

/// Texts that hurt where they are not escaped, through a whole call: into its
/// result line, its events and its channel.
#[test]
fn odd_texts_go_through_a_call_unharmed() {
    let texts = [
        "\"quoted\" \\ 'single' \t tab",
        "'; DROP TABLE target; --",
        "%n%s%x%99999d%%",
        "}, {\"tm_hangup\": \"1\"}",
        "${HANGUPCAUSE} $[1/0] `id`",
        "a: b, c=d | e & f ; g",
        "grüße, 日本語 🙂 \u{2028}\u{202e}",
    ];
    let asterisk = Asterisk::start(Options::default());
    let ami = asterisk.ami();
    let variables: Vec<String> = texts.iter().map(|text| format!("V={text}")).collect();
    let targets: Vec<[(&str, &str); 6]> = texts
        .iter()
        .zip(&variables)
        .map(|(text, variable)| {
            [
                ("Number1", "7001"),
                ("Name", *text),
                ("Detail", *text),
                ("UKey", *text),
                ("UData", *text),
                ("Variable", variable.as_str()),
            ]
        })
        .collect();
    let targets: Vec<Headers> = targets.iter().map(|target| target.as_slice()).collect();
    let odd = texts[0];
    let plan: Headers = &[
        ("Name", odd),
        ("TechName", "Local/"),
        ("TrunkName", "callee"),
        ("CallerId", odd),
        ("UuiField", "UData"),
    ];
    let destination: Headers =
        &[("Name", odd), ("Type", "1"), ("Application", "NoOp"), ("Data", odd)];
    let campaign = Campaign::create(&ami, odd, plan, destination, &targets).unwrap();
    campaign.run(&ami, ENDED);
    let lines = campaign.results(&asterisk, texts.len());
    for (text, uuid) in texts.iter().zip(&campaign.targets) {
        let of_target = |line: &&harness::ResultLine| line.text("dl_list_uuid") == uuid;
        let line = lines.iter().find(of_target).unwrap_or_else(|| panic!("no line of {text}"));
        let target = &line.0["info_dl_list"];
        for key in ["name", "detail", "ukey"] {
            assert_eq!(target[key], **text, "{key} in {target}");
        }
        let variables: serde_json::Value = serde_json::from_str(line.text("variables")).unwrap();
        assert_eq!(variables["V"], **text, "{variables}");
        let shown = ami.list(&[("Action", "OutDlListShow"), ("Uuid", uuid)]);
        assert_eq!(shown.entries[0].text("Name"), *text);
        assert_eq!(shown.entries[0].text("ResHangup"), "16", "{}", shown.entries[0]);
    }
    for message in ami.messages_since(0) {
        let starts = message.names().iter().filter(|name| **name == "Event").count();
        assert!(starts <= 1, "{message}");
    }
    ami.succeed(&[("Action", "OutCampaignShow"), ("Uuid", &campaign.uuid)]);
}
