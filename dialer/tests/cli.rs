//! The console without an Asterisk: commands over a real dialer and store.

#[path = "../../tests/harness/transcript.rs"]
mod transcript;

mod bench;

use bench::desk::Desk;
use bench::START;
use dialer::dialer::{Command as Order, Event, Input, Reply};
use dialer::domain::{Agent, AgentState, Change, DialListPatch, TeamLook, TeamName};
use dialer::surface::cli::{self, Console, Ending, HostStatus, Typed};
use proptest::prelude::*;
use std::path::Path;
use uuid::Uuid;

impl Console for Desk {
    fn host(&self) -> HostStatus {
        HostStatus { version: "1.2.3".to_owned(), ..HostStatus::default() }
    }
}

/// Splits a line as the console does: quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// The command of a line, found as Asterisk finds it: the longest one.
fn command(words: &[String]) -> &'static cli::Command {
    let counts = (1..=words.len()).rev();
    let mut known = counts.filter_map(|count| cli::command(&words[..count].join(" ")));
    known.next().unwrap_or_else(|| panic!("no command: {words:?}"))
}

fn run(desk: &Desk, line: &str) -> (Ending, String) {
    let words = words(line);
    let command = command(&words);
    let own = command.words.split(' ').count();
    let mut printed = String::new();
    let ending = cli::run(command, &words[own..], desk, &mut |text| printed.push_str(text));
    (ending, printed)
}

#[track_caller]
fn done(desk: &Desk, line: &str) -> String {
    let (ending, printed) = run(desk, line);
    assert_eq!(ending, Ending::Done, "{line}: {printed}");
    printed
}

#[track_caller]
fn refused(desk: &Desk, line: &str, why: &str) {
    desk.events();
    assert_eq!(run(desk, line), (Ending::Failed, format!("{why}\n")), "{line}");
    assert_eq!(desk.events(), [], "{line}");
}

/// Runs a create and gives the uuid that it printed.
#[track_caller]
fn made(desk: &Desk, line: &str) -> String {
    let printed = done(desk, line);
    let uuid = printed.trim_end().strip_suffix(']').and_then(|text| text.split_once('['));
    let uuid = uuid.expect("a uuid in brackets").1;
    Uuid::try_parse(uuid).expect("a uuid");
    uuid.to_owned()
}

/// What may come behind a line; its last word is the one to complete.
fn offered(desk: &Desk, line: &str) -> Vec<String> {
    let word = line.rsplit(' ').next().unwrap_or_default();
    let typed: Vec<_> = words(&line.replace("\\ ", " "));
    let command = command(&typed);
    let own = command.words.split(' ').count();
    cli::complete(command, &Typed::new(&typed[own..], word), desk)
}

/// A desk with one of everything, and the uuids of it.
struct Office {
    desk: Desk,
    plan: String,
    list: String,
    destination: String,
    target: String,
    campaign: String,
}

impl Office {
    fn new() -> Office {
        let desk = Desk::new();
        let plan = made(&desk, "out create plan Name=\"sales plan\" TechName=Local/ Variable=V=1");
        let list = made(&desk, "out create dlma Name=people Detail=\"all of them\"");
        let line = "out create destination Name=park Type=1 Application=park";
        let destination = made(&desk, line);
        let target = made(&desk, "out create dl Dlma=people Name=one Number1=300 Number3=303");
        let line = "out create campaign \"Sales campaign\" \"SALES PLAN\" people park \"of tests\"";
        let campaign = made(&desk, line);
        desk.events();
        Office { desk, plan, list, destination, target, campaign }
    }
}

#[test]
fn lists_show_one_line_each() {
    let office = Office::new();
    let Office { desk, plan, list, destination, target, campaign } = &office;
    let shown = done(desk, "out show campaigns");
    assert_eq!(
        shown,
        format!(
            "Uuid{0:32} Name           Detail   Status Plan       Dlma   Dest Done Live\n\
             {campaign} Sales campaign of tests stop   sales plan people park 0/1     0\n",
            ""
        )
    );
    assert!(done(desk, "out show plans")
        .ends_with(&format!("{plan} sales plan        predictive       30000           Local/\n")));
    let table = list.replace('-', "_");
    assert!(done(desk, "out show dlmas").ends_with(&format!("{list} people all of them {table}\n")));
    assert!(done(desk, "out show destinations")
        .ends_with(&format!("{destination} park        1                  park\n")));
    let line = format!("{target} one              {0:16} ready         0 1:300 3:303\n", "");
    for command in ["out show dlma list", "out show dls"] {
        assert!(done(desk, &format!("{command} people")).ends_with(&line));
        assert!(done(desk, &format!("{command} {list} 1")).ends_with(&line));
        let none = done(desk, &format!("{command} people 0"));
        assert!(none.ends_with("The first 0; there are more: say how many at the end.\n"));
    }
    assert_eq!(done(desk, "out show dialings").lines().count(), 1);
}

#[test]
fn an_object_is_shown_as_json() {
    let office = Office::new();
    let (uuid, plan) = (&office.campaign, &office.plan);
    let shown = done(&office.desk, "out show campaign \"Sales campaign\"");
    let (first, rest) = shown.split_once("\n\n").expect("an empty line");
    assert_eq!(first, format!("Campaign detail info. camp-uuid[{uuid}]"));
    let begin = format!(
        "{{\n  \"uuid\": \"{uuid}\",\n  \"detail\": \"of tests\",\n  \
         \"name\": \"Sales campaign\",\n  \"status\": 0,\n  \"in_use\": 0,\n  \
         \"next_campaign\": null,\n  \"plan\": \"{plan}\",\n"
    );
    assert!(rest.starts_with(&begin), "{rest}");
    assert!(rest.ends_with("  \"tm_update\": null\n}\n"), "{rest}");
    let shown = done(&office.desk, &format!("out show dl {}", office.target));
    assert!(shown.contains("  \"number_1\": \"300\",\n  \"number_2\": null,\n"), "{shown}");
    let shown = done(&office.desk, "out show plan \"sales plan\"");
    assert!(shown.contains("  \"in_use\": 1,\n  \"variables\": \"{\\\"V\\\":\\\"1\\\"}\",\n"));
    done(&office.desk, &format!("out delete campaign {uuid}"));
    assert!(done(&office.desk, "out show plan \"sales plan\"").contains("\"in_use\": 0"));
}

#[test]
fn what_is_not_there_is_said() {
    let desk = Desk::new();
    let uuid = "00000000-1111-2222-3333-444444444444";
    for (word, title) in [
        ("campaign", "Campaign"),
        ("plan", "Plan"),
        ("dlma", "Dlma"),
        ("destination", "Destination"),
    ] {
        let why = format!("{title} {uuid} not found.");
        refused(&desk, &format!("out show {word} {uuid}"), &why);
        refused(&desk, &format!("out show {word} nobody"), &format!("{title} nobody not found."));
        refused(&desk, &format!("out delete {word} {uuid}"), &format!("No such {word}"));
    }
    refused(&desk, &format!("out show dl {uuid}"), &format!("Dl {uuid} not found."));
    refused(&desk, "out show dl name", "Dl name not found.");
    refused(&desk, &format!("out show dialing {uuid}"), &format!("Dialing {uuid} not found."));
    refused(&desk, &format!("out show dls {uuid}"), &format!("Dlma {uuid} not found."));
    refused(&desk, &format!("out set status start on {uuid}"), "No such campaign");
    refused(&desk, &format!("out explain dl {uuid}"), "No such dl_list");
    refused(&desk, &format!("out reset dlma {uuid}"), "No such dlma");
    refused(&desk, "out show plan a\u{1b}[2J\nb", "Plan a [2J b not found.");
}

#[test]
fn a_name_is_taken_exactly_first_and_must_be_one_objects_only() {
    let desk = Desk::new();
    let lower = made(&desk, "out create dlma Name=straße");
    let upper = made(&desk, "out create dlma Name=Straße");
    assert!(done(&desk, "out show dlma straße").contains(&lower));
    assert!(done(&desk, "out show dlma Straße").contains(&upper));
    let why = format!("Dlma STRAßE is the name of 2; say which one by its uuid: {lower}, {upper}");
    refused(&desk, "out show dlma STRAßE", &why);
    refused(&desk, "out delete dlma STRAßE", &why);
    let line = "out create dl Dlma=STRAßE Number1=1";
    refused(&desk, line, &why.replacen("Dlma", "DlmaUuid: Dlma", 1));
    done(&desk, &format!("out delete dlma {lower}"));
    assert!(done(&desk, "out show dlma STRAßE").contains(&upper));
}

#[test]
fn headers_are_those_of_the_actions() {
    let office = Office::new();
    let desk = &office.desk;
    done(
        desk,
        "out update plan \"sales plan\" DialMode=4 Detail=\"a b\" Variable=A=1 Variable=B=2",
    );
    let shown = done(desk, "out show plan \"sales plan\"");
    assert!(shown.contains("\"dial_mode\": 4") && shown.contains("\"detail\": \"a b\""), "{shown}");
    assert!(shown.contains(r#""variables": "{\"A\":\"1\",\"B\":\"2\"}""#), "{shown}");
    done(desk, "out update plan \"sales plan\" Detail=");
    assert!(done(desk, "out show plan \"sales plan\"").contains("\"detail\": null"));
    desk.events();
    let plan = "out update plan \"sales plan\"";
    refused(
        desk,
        &format!("{plan} DialMode=77"),
        "DialMode: '77' is not allowed; allowed is 0 to 6",
    );
    refused(
        desk,
        &format!("{plan} Detail=a detail=b"),
        "Detail: is given 2 times; allowed is once",
    );
    let campaign = "out update campaign \"Sales campaign\"";
    refused(desk, &format!("{campaign} Plan=none"), "Plan: Plan none not found.");
    let uuid = "00000000-1111-2222-3333-444444444444";
    refused(desk, &format!("{campaign} Plan={uuid}"), "Plan: no such plan");
    refused(desk, "out create dl Number1=1", "DlmaUuid: is required");
    done(desk, &format!("{campaign} Plan="));
    refused(
        desk,
        "out set status start on \"Sales campaign\"",
        "Plan: cannot start: the campaign has no plan",
    );
}

#[test]
fn a_campaign_is_created_by_places_too() {
    let office = Office::new();
    let desk = &office.desk;
    let uuid = made(desk, "out create campaign");
    assert!(done(desk, &format!("out show campaign {uuid}")).contains("\"name\": null"));
    let uuid = made(desk, &format!("out create campaign x \"\" {} Detail=y", office.list));
    let shown = done(desk, &format!("out show campaign {uuid}"));
    assert!(shown.contains("\"plan\": null") && shown.contains("\"detail\": \"y\""), "{shown}");
    assert!(shown.contains(&format!("\"dlma\": \"{}\"", office.list)), "{shown}");
    refused(desk, "out create campaign x nobody", "Plan: Plan nobody not found.");
}

#[test]
fn status_reset_and_explain() {
    let office = Office::new();
    let desk = &office.desk;
    let uuid = &office.campaign;
    for (word, status) in [("start", "start"), ("pausing", "pause"), ("STOP", "stop")] {
        let printed = done(desk, &format!("out set status {word} on \"sales campaign\""));
        assert_eq!(printed, format!("Campaign status is {status}. camp-uuid[{uuid}]\n"));
    }
    let reason = done(desk, &format!("out explain dl {}", office.target));
    assert!(reason.ends_with('\n') && reason.len() > 10, "{reason}");
    let printed = done(desk, "out reset dlma people tries=keep busy no_answer");
    assert_eq!(printed, "Dlma reset successfully: 0 targets are dialable again\n");
    assert!(desk.events().iter().any(|event| matches!(event, Event::Reset(..))));
    let (ending, printed) = run(desk, "out reset dlma people drunk");
    assert_eq!(ending, Ending::Failed);
    assert!(printed.starts_with("Disposition: 'drunk' is not allowed; allowed is"), "{printed}");
}

#[test]
fn a_running_campaign_is_in_the_status() {
    let office = Office::new();
    done(&office.desk, "out set status start on \"Sales campaign\"");
    let shown = done(&office.desk, "out show status");
    assert!(shown.contains("Campaigns          1 start\n"), "{shown}");
    assert!(shown.contains("Sales campaign: start, 0 live, 0 answered\n"), "{shown}");
    assert!(shown.contains("Live dialings      0 of at most 10, 0 of them answered\n"), "{shown}");
}

#[test]
fn a_live_dialing_is_shown() {
    let office = Office::new();
    let desk = &office.desk;
    done(desk, "out set status start on \"Sales campaign\"");
    desk.step(Input::Tick);
    let shown = done(desk, "out show dialings");
    let line = shown.lines().nth(1).unwrap_or_else(|| panic!("no dialing: {shown}"));
    let uuid = line.split(' ').next().expect("a uuid");
    assert!(line.ends_with(" 300  Sales ca sales pl people park one"), "{line}");
    let record = done(desk, &format!("out show dialing {uuid}"));
    assert!(record.starts_with(&format!("Dialing detail info. dialing-uuid[{uuid}]\n\n{{\n")));
    assert!(record.contains("\"dial_addr\": \"300\",\n  \"dial_channel\": \"Local/300\""));
    let target = done(desk, &format!("out show dl {}", office.target));
    assert!(
        target.contains("\"in_use\": 1")
            && target.contains(&format!("\"dialing_uuid\": \"{uuid}\""))
    );
    assert!(done(desk, "out show campaigns").contains(" 0/1     1\n"));
    assert_eq!(offered(desk, "out show dialing "), [uuid]);
}

#[test]
fn help_has_every_command() {
    let help = done(&Desk::new(), "out help");
    for command in cli::COMMANDS {
        assert!(help.lines().any(|line| line.starts_with(command.words)), "{}", command.words);
    }
}

#[test]
fn names_are_completed_word_by_word() {
    let office = Office::new();
    let desk = &office.desk;
    made(desk, "out create campaign \"Sales north\"");
    made(desk, "out create campaign Summer");
    let nameless = made(desk, "out create campaign");
    assert_eq!(offered(desk, "out show campaign s"), ["Sales\\", "Summer"]);
    assert_eq!(offered(desk, "out show campaign Sales\\ "), ["campaign", "north"]);
    assert_eq!(offered(desk, "out show campaign Sales\\ n"), ["north"]);
    assert_eq!(offered(desk, "out show campaign Sales\\ north "), Vec::<String>::new());
    assert_eq!(offered(desk, "out show campaign \"Su"), ["\"Summer\""]);
    assert!(offered(desk, "out show campaign ").contains(&nameless));
    let begin = &office.campaign[..35];
    assert!(offered(desk, &format!("out show campaign {begin}")).contains(&office.campaign));
    assert_eq!(
        offered(desk, &format!("out explain dl {}", &office.target[..30])),
        [&*office.target]
    );
    assert_eq!(offered(desk, "out show dl x"), Vec::<String>::new());
    assert_eq!(offered(desk, "out show dlma "), ["list", "people"]);
    assert_eq!(offered(desk, "out show dlma list p"), ["people"]);
}

#[test]
fn words_headers_and_values_are_completed() {
    let office = Office::new();
    let desk = &office.desk;
    assert_eq!(offered(desk, "out set status sto"), ["stop", "stopping"]);
    assert_eq!(offered(desk, "out set status stop "), ["on"]);
    assert_eq!(offered(desk, "out set status stop on "), ["Sales\\"]);
    assert_eq!(offered(desk, "out create plan Dial"), ["DialMode=", "DialTimeout="]);
    let modes = offered(desk, "out create plan DialM");
    assert!(modes.contains(&"DialMode=4".to_owned()), "{modes:?}");
    assert_eq!(offered(desk, "out create plan dialmode=4"), ["dialmode=4"]);
    assert_eq!(offered(desk, "out create campaign Plan=s"), ["Plan=sales\\"]);
    assert_eq!(offered(desk, "out create campaign Plan=sales\\ p"), ["plan"]);
    assert_eq!(
        offered(desk, "out update plan sales\\ plan UuiField=U"),
        ["UuiField=UData", "UuiField=UKey"]
    );
    assert_eq!(
        offered(desk, "out update plan sales\\ plan DialMode=4 DialT"),
        ["DialTimeout=", "DialTimeout=..."]
    );
    assert_eq!(offered(desk, "out reset dlma people tr"), ["tries", "tries=clear", "tries=keep"]);
    assert_eq!(offered(desk, "out reset dlma people no"), ["no_answer", "no_route"]);
    assert_eq!(offered(desk, "out help "), Vec::<String>::new());
}

#[test]
fn completion_offers_a_limited_number() {
    let desk = Desk::new();
    for at in 0..250 {
        let name = Change::Set(format!("list{at}"));
        let order = Order::CreateList(DialListPatch { name, ..DialListPatch::default() });
        let reply = desk.step(Input::Command(Box::new(order))).reply;
        assert!(matches!(reply, Some(Reply::Created(_))));
    }
    assert_eq!(offered(&desk, "out delete dlma ").len(), 200);
    assert_eq!(offered(&desk, "out delete dlma list249"), ["list249"]);
}

/// A console as Asterisk has it, with what Asterisk itself says.
struct AtConsole(Desk);

impl transcript::Peer for AtConsole {
    fn exchange(&mut self, line: &str, _answers: Option<usize>) -> String {
        let line = line.trim_end();
        let (ending, mut printed) = run(&self.0, line);
        match ending {
            Ending::Done => {}
            Ending::ShowUsage => printed.push_str(&command(&words(line)).usage()),
            Ending::Failed => printed.push_str(&format!("Command '{line}' failed.\n")),
        }
        printed
    }
}

#[test]
fn transcript_of_the_old_commands() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts/cli.txt");
    if let Err(difference) = transcript::run(&file, &mut AtConsole(Desk::new())) {
        panic!("{difference}");
    }
}

#[test]
fn lists_come_from_files_and_go_into_files() {
    let office = Office::new();
    let desk = &office.desk;
    let file = "Name,Number1\na,1\nb,2\nb,2\nc,x y\n";
    std::fs::write(desk.folder().join("new.csv"), file).expect("a file");
    let trial = done(desk, "out import dlma people from new.csv dryrun");
    let counts = "4 rows: 2 accepted, 1 duplicates, 1 refused";
    assert!(trial.ends_with(&format!("\n{counts}, nothing was changed\n")), "{trial}");
    assert!(trial.contains("Line 5, Number1: refused: "), "{trial}");
    assert_eq!(done(desk, "out show dls people").lines().count(), 2);
    assert!(done(desk, "out import dlma people from new.csv").ends_with(&format!("\n{counts}\n")));
    assert_eq!(done(desk, "out show dls people").lines().count(), 4);
    assert_eq!(done(desk, "out export dlma people to all.jsonl"), "3 targets are in all.jsonl\n");
    let (ending, why) = run(desk, "out export dlma people to all.jsonl");
    assert_eq!((ending, why.starts_with("File: ")), (Ending::Failed, true), "{why}");
    done(desk, "out export dlma people to all.jsonl Overwrite=yes");
    let (ending, why) = run(desk, "out import dlma people from ../x.csv");
    assert_eq!((ending, why.starts_with("File: ")), (Ending::Failed, true), "{why}");
    refused(desk, "out import dlma nobody from new.csv", "Dlma nobody not found.");
    for line in
        ["out import dlma people", "out import dlma people to x", "out export dlma people to"]
    {
        assert_eq!(run(desk, line).0, Ending::ShowUsage, "{line}");
    }
    assert_eq!(offered(desk, "out import dlma people fr"), ["from"]);
    assert_eq!(
        offered(desk, "out import dlma people from x Sep"),
        ["Separator=", "Separator=...", "Separator=comma", "Separator=semicolon", "Separator=tab",]
    );
    assert_eq!(offered(desk, "out export dlma people to x Format=c"), ["Format=csv"]);
}

/// Words that commands know, and any others.
fn any_words() -> impl Strategy<Value = Vec<String>> {
    let known = prop::sample::select(vec![
        "people",
        "Sales",
        "campaign",
        "on",
        "start",
        "Name=x",
        "Plan=",
        "DialMode=4",
        "tries",
        "1",
        "Variable=a=b",
        "Dlma=people",
        "Number1=1",
        "busy",
        "",
    ]);
    let word = prop_oneof![known.prop_map(str::to_owned), ".{0,12}", "[A-Za-z]{1,9}=.{0,9}"];
    prop::collection::vec(word, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_words_are_answered_with_whole_harmless_lines(words in any_words()) {
        let office = Office::new();
        for command in cli::COMMANDS {
            let mut printed = String::new();
            let ending = cli::run(command, &words, &office.desk, &mut |text| printed.push_str(text));
            prop_assert!(printed.is_empty() || printed.ends_with('\n'), "{}", command.words);
            prop_assert!(!printed.contains(|c: char| c.is_control() && c != '\n'));
            prop_assert_eq!(printed.is_empty(), ending == Ending::ShowUsage);
            let beginning = words.last().cloned().unwrap_or_default();
            let offers = cli::complete(command, &Typed::new(&words, &beginning), &office.desk);
            prop_assert!(offers.iter().all(|offer| !offer.contains(' ') || beginning.contains(' ')));
        }
    }
}

#[test]
fn what_agents_look_at_and_how_they_are_is_shown() {
    let desk = Desk::new();
    made(&desk, "out create destination Name=desk Type=1 Application=Queue Data=sales,t");
    made(&desk, "out create plan Name=looks DialMode=2 TechName=Local/ SafeHarbour=desk");
    made(&desk, "out create dlma Name=people");
    made(&desk, "out create dl Dlma=people Name=Zoe Number1=123");
    made(&desk, "out create campaign sales looks people desk");
    assert_eq!(done(&desk, "out show previews"), "Uuid Camp Agent Name Addr Until\n");

    done(&desk, "out set status start on sales");
    desk.step(Input::Tick);
    let anna = Agent {
        interface: "PJSIP/anna".to_owned(),
        name: "Anna".to_owned(),
        penalty: 0,
        state: AgentState::Free,
    };
    let look = TeamLook { agents: vec![anna], other_callers: 2 };
    let team = TeamName::Queue("sales".to_owned());
    let see = |look| desk.step(Input::Team { at: START, team: team.clone(), look });
    see(TeamLook { other_callers: 0, ..look.clone() });
    desk.step(Input::Tick);
    let shown = done(&desk, "out show previews");
    let row: Vec<_> = shown.lines().last().expect("a row").split_whitespace().skip(1).collect();
    let until = "2023-11-14T22:14:20.000000000Z";
    assert_eq!(row, ["sales", "PJSIP/anna", "Zoe", "123", until], "{shown}");

    see(look);
    let status = done(&desk, "out show status");
    let agents = "queue sales: 1 agents free, 0 with a call, 0 paused, 0 away; 0 calls coming, \
                  2 callers waiting\n";
    assert!(status.contains(agents), "{status}");
    let campaign = done(&desk, "out show campaign sales");
    assert!(campaign.contains("\"agents_free\": 1,"), "{campaign}");
    assert!(campaign.contains("\"abandon_rate_30_days\": \"0.00\","), "{campaign}");
    refused(&desk, "out delete destination desk", &{
        let uuid = field(&campaign, "uuid");
        format!("Uuid: the destination is in use by campaign {uuid}, which has status start")
    });
}

fn field(record: &str, key: &str) -> String {
    let start = format!("\"{key}\": \"");
    let (_, rest) = record.split_once(&start).expect("the key");
    rest.split('"').next().unwrap_or_default().to_owned()
}
