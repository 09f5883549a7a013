//! Calls that are not answered yet: many whose time is up at once, and what the
//! answered channel knows of what came before.

mod harness;

use std::time::Duration;

use dialer::domain::control::FRAMES;
use harness::{poll_until, Ami, Asterisk, Campaign, Options, Rootfs, Sipp};

const SOON: Duration = Duration::from_secs(15);
const ENDED: Duration = Duration::from_secs(60);

type Headers<'a> = &'a [(&'a str, &'a str)];

const SIP: Headers = &[("TechName", "PJSIP/"), ("TrunkName", "trunk"), ("MaxRetry1", "1")];
const HANGUP: Headers = &[("Exten", "hangup"), ("Context", "destinations")];

/// A campaign of so many people who let it ring for ever.
fn patient(ami: &Ami, digit: u8, count: usize, timeout_ms: &str) -> Campaign {
    let numbers: Vec<String> = (0..count).map(|n| format!("13{digit}{n:05}")).collect();
    let targets: Vec<[(&str, &str); 1]> =
        numbers.iter().map(|number| [("Number1", number.as_str())]).collect();
    let targets: Vec<Headers> = targets.iter().map(|target| &target[..]).collect();
    let plan = [SIP, &[("DialTimeout", timeout_ms)]].concat();
    Campaign::create(ami, "patient", &plan, HANGUP, &targets).unwrap()
}

fn ringing(ami: &Ami, mark: usize, campaign: &Campaign) -> usize {
    let begun = ami.events_since(mark, "OutDialingUpdate");
    let ours = begun
        .iter()
        .filter(|event| event.text("CampUuid") == campaign.uuid && event.text("Status") == "3");
    ours.count()
}

/// Hundreds ring at once. Each is ended once, by its own time limit and not before it;
/// the shorter limit comes first, though those calls began later.
#[test]
fn hundreds_of_calls_time_out_each_in_its_time() {
    const LONG: usize = 250;
    const SHORT: usize = 150;
    let people = Sipp::people();
    let asterisk = Asterisk::start(Options::default().trunk_to(people.port));
    let ami = asterisk.ami();
    let mark = ami.mark();
    let long = patient(&ami, 1, LONG, "12000");
    let short = patient(&ami, 2, SHORT, "2000");
    for (campaign, count) in [(&long, LONG), (&short, SHORT)] {
        campaign.set_status(&ami, 1).unwrap();
        poll_until(SOON, "all calls to begin", || {
            (ringing(&ami, mark, campaign) == count).then_some(())
        });
    }
    short.wait_status(&ami, mark, ENDED, 0).unwrap();
    assert_eq!(short.results(&asterisk, SHORT).len(), SHORT);
    assert_eq!(asterisk.results().len(), SHORT, "none of the long ones has ended yet");
    long.wait_status(&ami, mark, ENDED, 0).unwrap();
    for (campaign, count, limit_s) in [(&long, LONG, 12.0), (&short, SHORT, 2.0)] {
        let lines = campaign.results(&asterisk, count);
        assert_eq!(lines.len(), count);
        for line in &lines {
            let end = (line.disposition(), line.number("res_hangup"), line.number("res_dial"));
            assert_eq!(end, ("no_answer", Some(19), Some(3)), "{line:?}");
            let lasted = line.seconds("tm_hangup") - line.seconds("tm_dialing");
            assert!(lasted >= limit_s, "{lasted} s of {limit_s} s: {line:?}");
        }
    }
    // Each far end was told.
    poll_until(SOON, "the far end to hear of all", || {
        (people.log().matches("did=rang_until_canceled").count() == LONG + SHORT).then_some(())
    });
}

/// μ-law: as loud as can be, and silence.
const LOUD: u8 = 0x80;
const SILENT: u8 = 0xff;
const BYTES_PER_FRAME: usize = 160;

/// The network calls somebody on, plays a ringback, and another person answers. The
/// dialplan knows who answers and who sent the call there, and hears that person, not
/// the ringback.
#[test]
fn the_destination_knows_who_answered_and_hears_nothing_of_before() {
    let files: [(&str, &[u8]); 2] =
        [("early.ulaw", &[LOUD; 8_000]), ("late.ulaw", &[SILENT; 8_000])];
    let people = Sipp::start_with("early.xml", &files, &["-min_rtp_port", "20000"]);
    let trusts = "\n[trunk](+)\ntrust_id_inbound = yes\ntrust_connected_line = yes\n";
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let extension = format!(
        "\n[heard]\nexten => s,1,UserEvent(Heard,Callerid: ${{CALLERID(all)}},\
         Connected: ${{CONNECTEDLINE(all)}},From: ${{REDIRECTING(from-num)}},\
         To: ${{REDIRECTING(to-num)}})\n \
         same => n,Record({}.ulaw,0,1,q)\n same => n,Hangup(16)\n",
        heard.display()
    );
    let options = Options::default()
        .trunk_to(people.port)
        .add("pjsip.conf", trusts)
        .add("modules.conf", "load = app_record.so\n")
        .add("extensions.conf", &extension);
    let asterisk = Asterisk::start(options);
    let ami = asterisk.ami();
    let mark = ami.mark();
    let plan = [SIP, &[("CallerId", "\"Bea\" <5550199>")]].concat();
    let to: Headers = &[("Exten", "s"), ("Context", "heard")];
    let target: Headers = &[("Number1", "5550100")];
    let campaign = Campaign::create(&ami, "early", &plan, to, &[target]).unwrap();
    campaign.run(&ami, ENDED);
    let lines = campaign.results(&asterisk, 1);
    let end = (lines[0].disposition(), lines[0].number("res_dial"), lines[0].number("res_hangup"));
    assert_eq!(end, ("answered", Some(4), Some(16)), "{lines:?}");

    let told = ami.events_since(mark, "UserEvent");
    assert_eq!(told.len(), 1, "{told:#?}");
    let names = ["Callerid", "Connected", "From", "To"];
    let wanted = ["Bob Who Answers <5550101>", "Bea <5550199>", "5550100", "5550102"];
    assert_eq!(names.map(|name| told[0].text(name)), wanted, "{}", told[0]);
    // AMI was told how far the call was.
    let states = ami.events_since(mark, "DialState");
    assert!(states.iter().any(|state| state.text("DialStatus") == "PROGRESS"), "{states:#?}");

    // The second and a half of ringback was some 75 frames.
    let media = std::fs::read(heard.with_extension("ulaw")).unwrap();
    let loud = media.iter().filter(|byte| **byte == LOUD).count() / BYTES_PER_FRAME;
    let silent = media.iter().filter(|byte| **byte == SILENT).count() / BYTES_PER_FRAME;
    assert!(loud < 20 && silent > 20, "{loud} frames of before, {silent} of after the answer");
}

/// No control frame of the Asterisk that is called with is without a line in the table.
#[test]
fn each_control_frame_of_asterisk_has_its_meaning() {
    let header = Rootfs::find().unwrap().headers().join("frame.h");
    let text = std::fs::read_to_string(&header).unwrap();
    let frames: Vec<(&str, i32)> = text.lines().filter_map(control_frame).collect();
    assert!(frames.len() > 40, "{frames:?}");
    for (name, number) in frames {
        let known = FRAMES.iter().find(|frame| frame.number == number);
        let known = known.unwrap_or_else(|| panic!("{name} = {number} is not in the table"));
        assert_eq!(known.name, name);
    }
}

/// `AST_CONTROL_RINGING = 3,`: the name without what all have, and the number.
fn control_frame(line: &str) -> Option<(&str, i32)> {
    let line = line.trim().trim_start_matches("_XXX_");
    let (name, rest) = line.strip_prefix("AST_CONTROL_")?.split_once('=')?;
    let number = rest.split(',').next()?.trim().parse().ok()?;
    Some((name.trim(), number))
}
