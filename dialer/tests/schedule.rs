//! Campaigns that start and stop by themselves, under a virtual clock.

mod bench;

use bench::{statuses, Bench, SECOND};
use dialer::dialer::{CallEvent, Command, Input, ListReset, Ready, Reply};
use dialer::domain::{
    control, CallEnd, CampaignId, CampaignPatch,
    CampaignStatus::{self, Pause, Pausing, Start, Starting, Stop, Stopping},
    Change, EndedBy, ScheduleMode, SchedulePatch, StatusRequest, TargetId, Timestamp,
};
use dialer::store::{Store, Targets};

const HOUR: i64 = 3_600 * SECOND;

/// 2026-11-20 is a Friday.
fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = format!("2026-11-{text}Z").parse().expect("a time");
    Timestamp(at.as_nanosecond() as i64)
}

fn office_hours() -> SchedulePatch {
    SchedulePatch {
        mode: Change::Set(ScheduleMode::On),
        time_start: Change::Set("09:00:00".into()),
        time_end: Change::Set("17:00:00".into()),
        day_list: Change::Set("1,2,3,4,5".into()),
        ..SchedulePatch::default()
    }
}

fn with(schedule: SchedulePatch) -> CampaignPatch {
    CampaignPatch { schedule, ..CampaignPatch::default() }
}

/// A stopped campaign over three targets with a schedule, at that time.
fn scheduled(now: &str, schedule: SchedulePatch) -> Bench {
    let mut bench = Bench::new();
    bench.now = at(now);
    bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
    bench.update(bench.campaign, with(schedule)).expect("a schedule");
    bench
}

/// Lets time go on, and says what became of the campaign then.
fn go_to(bench: &mut Bench, time: Timestamp) -> Ready {
    bench.now = time;
    bench.step(Input::Tick)
}

fn becomes(bench: &mut Bench, time: &str) -> Vec<CampaignStatus> {
    let ready = go_to(bench, at(time));
    statuses(&ready, bench.campaign)
}

fn end(bench: &mut Bench, dialing: dialer::domain::DialingId, answered: bool) -> Ready {
    let end = CallEnd {
        by: EndedBy::Call,
        answered,
        last_control: if answered { control::ANSWER } else { control::BUSY },
        cause: if answered { 16 } else { 17 },
        cause_text: String::new(),
        tech_cause: None,
        amd: None,
    };
    bench.step(Input::Call { at: bench.now, event: CallEvent::Ended { dialing, end } })
}

#[test]
fn starts_when_its_window_opens_and_stops_when_it_closes() {
    let mut bench = scheduled("20T08:00:00", office_hours());
    assert_eq!(becomes(&mut bench, "20T08:00:01"), []);
    assert_eq!(bench.dialer.wake_at(), Some(at("20T09:00:00")));
    assert_eq!(becomes(&mut bench, "20T09:00:00"), [Starting, Start]);
    assert_eq!(becomes(&mut bench, "20T16:59:59"), []);
    // The three calls of the day are up, so it waits for them.
    assert_eq!(becomes(&mut bench, "20T17:00:00"), [Stopping]);
    // Not on the weekend.
    assert_eq!(bench.dialer.wake_at(), Some(at("23T09:00:00")));
    assert_eq!(becomes(&mut bench, "23T09:00:00"), [Starting, Start]);
}

#[test]
fn switched_on_within_the_window_it_starts_at_once_and_outside_it_stops() {
    let mut bench = scheduled("20T10:00:00", office_hours());
    assert_eq!(becomes(&mut bench, "20T10:00:00"), [Starting, Start]);

    let mut bench = Bench::new();
    bench.now = at("20T18:00:00");
    assert_eq!(bench.update(bench.campaign, with(office_hours())), Ok(vec![Start]));
    assert_eq!(becomes(&mut bench, "20T18:00:00"), [Stopping, Stop]);
}

#[test]
fn what_somebody_did_by_hand_holds_until_the_next_window() {
    let mut bench = scheduled("20T09:00:00", office_hours());
    assert_eq!(becomes(&mut bench, "20T09:00:00"), [Starting, Start]);
    bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
    assert_eq!(becomes(&mut bench, "20T10:00:00"), []);
    // Neither a change elsewhere nor a restart starts it again.
    let name = CampaignPatch { name: Change::Set("x".into()), ..CampaignPatch::default() };
    bench.update(bench.campaign, name).expect("a name");
    assert_eq!(becomes(&mut bench, "20T11:00:00"), []);
    bench.make_anew(&[]);
    assert_eq!(becomes(&mut bench, "20T12:00:00"), []);
    // It may be started again by hand.
    assert!(bench.request(bench.campaign, StatusRequest::Start).is_ok());
    assert_eq!(becomes(&mut bench, "20T12:00:01"), []);
    bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
    assert_eq!(becomes(&mut bench, "20T17:00:00"), []);
    assert_eq!(becomes(&mut bench, "23T09:00:00"), [Starting, Start]);

    bench.request(bench.campaign, StatusRequest::Pause).expect("it pauses");
    assert_eq!(becomes(&mut bench, "23T12:00:00"), []);
    let status = statuses(&go_to(&mut bench, at("23T17:00:00")), bench.campaign);
    assert_eq!(status.first(), Some(&Stopping), "a paused one stops too");
}

#[test]
fn a_stop_counts_although_nothing_was_started() {
    // With the schedule in one update.
    for request in [StatusRequest::Stop, StatusRequest::StopForcedly] {
        let mut bench = Bench::new();
        bench.now = at("20T10:00:00");
        let patch = CampaignPatch { status: Some(request), ..with(office_hours()) };
        bench.update(bench.campaign, patch).expect("a schedule and a stop");
        assert_eq!(becomes(&mut bench, "20T10:00:05"), []);
        assert_eq!(becomes(&mut bench, "23T09:00:00"), [Starting, Start]);
    }
    // While the start is tried again and again.
    let mut bench = scheduled("20T09:00:00", office_hours());
    let gone = CampaignPatch { plan: Change::Clear, ..CampaignPatch::default() };
    bench.update(bench.campaign, gone).expect("no plan");
    assert_eq!(becomes(&mut bench, "20T09:00:00"), []);
    bench.request(bench.campaign, StatusRequest::Stop).expect("a stop");
    let plan = CampaignPatch { plan: Change::Set(bench.plan), ..CampaignPatch::default() };
    bench.update(bench.campaign, plan).expect("a plan");
    assert_eq!(becomes(&mut bench, "20T09:05:00"), []);
}

#[test]
fn a_window_far_ahead_opens_all_the_same() {
    let mut schedule = office_hours();
    schedule.date_start = Change::Set("2028-02-01".into());
    let mut bench = scheduled("20T10:00:00", schedule);
    let opens = Timestamp(at("20T00:00:00").0 + 438 * 24 * HOUR + 9 * HOUR);
    let mut started = false;
    while bench.now < opens {
        let wake = bench.dialer.wake_at().expect("it looks again");
        let ready = go_to(&mut bench, wake);
        started = statuses(&ready, bench.campaign).contains(&Start);
        assert!(!started || bench.now == opens, "started at {}", bench.now);
    }
    assert!(started);
}

#[test]
fn a_window_that_opened_while_asterisk_was_down() {
    let mut bench = scheduled("20T09:00:00", office_hours());
    assert_eq!(becomes(&mut bench, "20T09:00:00"), [Starting, Start]);
    bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
    bench.now = at("23T10:00:00");
    bench.make_anew(&[]);
    assert_eq!(becomes(&mut bench, "23T10:00:00"), [Starting, Start], "a new window");

    // A pause ends with its window, also if nobody saw that close.
    bench.request(bench.campaign, StatusRequest::Pause).expect("a pause");
    bench.now = at("24T10:00:00");
    bench.make_anew(&[]);
    assert_eq!(becomes(&mut bench, "24T10:00:00"), [Starting, Start], "a new window");

    bench.now = at("25T03:00:00");
    bench.make_anew(&[]);
    let status = becomes(&mut bench, "25T03:00:00");
    assert_eq!(status, [Stopping, Stop], "closed meanwhile");
}

#[test]
fn a_start_by_hand_outside_the_window_is_refused_with_the_reason() {
    let mut bench = scheduled("20T20:00:00", office_hours());
    let why = bench.request(bench.campaign, StatusRequest::Start).expect_err("a refusal");
    assert!(why.contains("closed until 2026-11-23T09:00:00+00:00[UTC]"), "{why}");
    let berlin = SchedulePatch {
        time_zone: Change::Set("Europe/Berlin".into()),
        ..SchedulePatch::default()
    };
    bench.update(bench.campaign, with(berlin)).expect("a time zone");
    let why = bench.request(bench.campaign, StatusRequest::Start).expect_err("a refusal");
    assert!(why.contains("closed until 2026-11-23T09:00:00+01:00[Europe/Berlin]"), "{why}");
    let over = SchedulePatch { date_end: Change::Set("2026-11-20".into()), ..Default::default() };
    bench.update(bench.campaign, with(over)).expect("an end");
    let why = bench.request(bench.campaign, StatusRequest::Start).expect_err("a refusal");
    assert!(why.contains("does not open within the next year"), "{why}");
    let off = SchedulePatch { mode: Change::Set(ScheduleMode::Off), ..SchedulePatch::default() };
    bench.update(bench.campaign, with(off)).expect("no schedule");
    assert!(bench.request(bench.campaign, StatusRequest::Start).is_ok());
}

#[test]
fn dates_in_the_wrong_order_change_nothing() {
    let mut bench = scheduled("20T20:00:00", office_hours());
    let dates = SchedulePatch {
        date_start: Change::Set("2026-11-20".into()),
        date_end: Change::Set("2026-11-19".into()),
        ..SchedulePatch::default()
    };
    let before = bench.store.load().expect("records").campaigns;
    let why = bench.update(bench.campaign, with(dates)).expect_err("a refusal");
    assert_eq!(bench.store.load().expect("records").campaigns, before);
    assert_eq!(why, "ScDateEnd: 2026-11-19 lies before ScDateStart, 2026-11-20");
}

#[test]
fn a_campaign_that_cannot_start_says_so_once_and_is_tried_again() {
    let mut bench = scheduled("20T08:00:00", office_hours());
    let gone = CampaignPatch { plan: Change::Clear, ..CampaignPatch::default() };
    bench.update(bench.campaign, gone).expect("no plan");
    let ready = go_to(&mut bench, at("20T09:00:00"));
    assert_eq!(statuses(&ready, bench.campaign), []);
    assert!(ready.notices[0].contains("the campaign has no plan"), "{:?}", ready.notices);
    assert!(go_to(&mut bench, at("20T09:01:00")).notices.is_empty());
    let target = first_target(&mut bench);
    assert!(explained(&mut bench, target).contains("could not start when its window opened"));
    let plan = CampaignPatch { plan: Change::Set(bench.plan), ..CampaignPatch::default() };
    bench.update(bench.campaign, plan).expect("a plan");
    assert_eq!(becomes(&mut bench, "20T09:02:00"), [Starting, Start]);
}

#[test]
fn a_clock_set_back_before_the_window_closes_it() {
    let mut bench = scheduled("20T09:00:00", office_hours());
    assert_eq!(becomes(&mut bench, "20T09:00:00"), [Starting, Start]);
    assert_eq!(becomes(&mut bench, "20T08:00:00")[0], Stopping);
    assert_eq!(becomes(&mut bench, "20T09:00:00"), [Starting, Start]);
}

#[test]
fn a_window_that_nothing_closes_opens_once() {
    let always = SchedulePatch { mode: Change::Set(ScheduleMode::On), ..SchedulePatch::default() };
    let mut bench = scheduled("20T09:00:00", always);
    assert_eq!(becomes(&mut bench, "20T09:00:00"), [Starting, Start]);
    bench.request(bench.campaign, StatusRequest::Stop).expect("it stops");
    bench.make_anew(&[]);
    assert_eq!(becomes(&mut bench, "27T09:00:00"), []);
}

#[test]
fn live_calls_outlive_their_window() {
    let mut bench = scheduled("20T16:59:00", office_hours());
    bench.now = at("20T16:59:00");
    let calls = bench.tick();
    assert_eq!(calls.len(), 1);
    assert_eq!(becomes(&mut bench, "20T17:00:00"), [Stopping]);
    let ready = end(&mut bench, calls[0].id, true);
    assert_eq!(statuses(&ready, bench.campaign), [Stop]);
}

/// Dials all that is ready, with everyone answering, until the campaign has ended.
fn work_off(bench: &mut Bench) -> Ready {
    for _ in 0..20 {
        bench.now = Timestamp(bench.now.0 + SECOND);
        let ready = bench.step(Input::Tick);
        if statuses(&ready, bench.campaign).contains(&Stop) {
            return ready;
        }
        for order in ready.calls {
            if let dialer::dialer::CallOrder::Place(dialing) = order {
                end(bench, dialing.id, true);
            }
        }
    }
    panic!("the campaign does not end");
}

fn chain(bench: &mut Bench, next: CampaignId) {
    let patch = CampaignPatch { next: Change::Set(next), ..CampaignPatch::default() };
    bench.update(bench.campaign, patch).expect("a next campaign");
}

#[test]
fn the_next_campaign_starts_when_the_list_is_worked_off() {
    let mut bench = Bench::new();
    let list = bench.list_of(&["7"]);
    let next = bench.campaign_over(list);
    chain(&mut bench, next);
    let ready = work_off(&mut bench);
    assert_eq!(statuses(&ready, bench.campaign), [Stopping, Stop]);
    assert_eq!(statuses(&ready, next), [Starting, Start]);
    assert!(ready.notices.is_empty());
}

#[test]
fn a_campaign_that_is_stopped_by_hand_starts_no_other() {
    let mut bench = Bench::new();
    let list = bench.list_of(&["7"]);
    let next = bench.campaign_over(list);
    chain(&mut bench, next);
    let patch = CampaignPatch { status: Some(StatusRequest::Stop), ..CampaignPatch::default() };
    let ready = bench.command(Command::UpdateCampaign(bench.campaign, patch));
    assert_eq!(statuses(&ready, next), []);
}

#[test]
fn campaigns_that_follow_each_other_end_when_nothing_is_left() {
    let mut bench = Bench::new();
    let list = bench.list_of(&[]);
    let next = bench.campaign_over(list);
    chain(&mut bench, next);
    let ready = work_off(&mut bench);
    assert_eq!(statuses(&ready, next), []);
    assert!(ready.notices[0].contains("nothing left to dial"), "{:?}", ready.notices);
}

#[test]
fn the_next_campaign_must_be_another_one_that_is_there() {
    let mut bench = Bench::new();
    let own = CampaignPatch { next: Change::Set(bench.campaign), ..CampaignPatch::default() };
    let why = bench.update(bench.campaign, own).expect_err("a refusal");
    assert_eq!(why, "NextCampaign: is the campaign itself");
    let next = bench.campaign_over(bench.list);
    chain(&mut bench, next);
    let ready = bench.command(Command::DeleteCampaign(next));
    assert!(matches!(ready.reply, Some(Reply::Deleted)));
    assert_eq!(statuses(&ready, bench.campaign), [Start], "it loses its reference");
}

fn first_target(bench: &mut Bench) -> TargetId {
    bench.store.in_order(bench.list, None, 1).expect("targets")[0].id
}

fn explained(bench: &mut Bench, target: TargetId) -> String {
    match bench.command(Command::Explain(target)).reply {
        Some(Reply::Explained(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn why_a_target_is_not_dialled() {
    let mut bench = Bench::new();
    let target = first_target(&mut bench);
    assert!(explained(&mut bench, target).starts_with("its turn is next"));
    let call = bench.tick()[0].id;
    bench.now = Timestamp(bench.now.0 + 2 * SECOND);
    let dialing = explained(&mut bench, target);
    assert_eq!(dialing, "it is being dialled: number 1 (1), try 1, for 2 s, originate requested");
    end(&mut bench, call, false);
    bench.now = Timestamp(bench.now.0 + 18 * SECOND);
    assert_eq!(explained(&mut bench, target), "retry in 42 s");
    bench.request(bench.campaign, StatusRequest::Pause).expect("it pauses");
    let paused = explained(&mut bench, target);
    assert!(paused.ends_with("has status pause"), "{paused}");
    let few = dialer::domain::PlanPatch {
        max_tries: std::array::from_fn(|_| Change::Set(1)),
        ..Default::default()
    };
    bench.command(Command::UpdatePlan(bench.plan, few));
    bench.request(bench.campaign, StatusRequest::Start).expect("it starts");
    assert!(explained(&mut bench, target).starts_with("it is over the tries"));

    let mut bench = scheduled("20T20:00:00", office_hours());
    go_to(&mut bench, at("20T20:00:01"));
    let target = first_target(&mut bench);
    let window = explained(&mut bench, target);
    assert!(window.starts_with("outside its window: campaign "), "{window}");
    assert!(window.ends_with("starts at 2026-11-23T09:00:00+00:00[UTC]"), "{window}");
    bench.now = at("23T09:00:00");
    work_off(&mut bench);
    assert!(explained(&mut bench, target).starts_with("done: a person answered at 2026-11-23T09"));
}

#[test]
fn a_reset_list_is_dialled_again() {
    let mut bench = Bench::new();
    work_off(&mut bench);
    let busy: ListReset =
        ListReset { dispositions: vec![dialer::domain::Disposition::Busy], ..Default::default() };
    let reply = bench.command(Command::ResetList(bench.list, busy)).reply;
    assert!(matches!(reply, Some(Reply::Reset { done: 0, next: None })), "{reply:?}");
    let all = ListReset { clear_tries: true, ..ListReset::default() };
    let ready = bench.command(Command::ResetList(bench.list, all));
    assert!(matches!(ready.reply, Some(Reply::Reset { done: 3, next: None })));
    assert_eq!(ready.events.len(), 1);
    let counts = bench.store.counts(bench.list).expect("counts");
    assert_eq!((counts.ready, counts.done, counts.tries), (3, 0, 0));
    bench.request(bench.campaign, StatusRequest::Start).expect("it starts");
    work_off(&mut bench);
    assert_eq!(bench.store.counts(bench.list).expect("counts").tries, 3);
}

#[test]
fn a_long_list_is_reset_in_many_steps_and_who_is_on_the_phone_is_left_alone() {
    let mut bench = Bench::new();
    let numbers: Vec<_> = (0..1_200).map(|n| n.to_string()).collect();
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    let list = bench.list_of(&numbers);
    let patch = CampaignPatch { list: Change::Set(list), ..CampaignPatch::default() };
    bench.update(bench.campaign, patch).expect("a list");
    let calls = bench.tick();
    end(&mut bench, calls[0].id, false);
    bench.now = Timestamp(bench.now.0 + HOUR);
    assert_eq!(bench.tick().len(), 1);
    let mut reset = ListReset { clear_tries: true, ..ListReset::default() };
    let mut steps = 1;
    while let Some(Reply::Reset { done, next: Some(next) }) =
        bench.command(Command::ResetList(list, reset.clone())).reply
    {
        reset = ListReset { done, after: Some(next), ..reset };
        steps += 1;
    }
    assert_eq!(steps, 3);
    let counts = bench.store.counts(list).expect("counts");
    assert_eq!((counts.ready, counts.dialing, counts.tries), (1_199, 1, 1));
}

#[test]
fn pausing_ends_when_nothing_rings() {
    let mut bench = Bench::new();
    let call = bench.tick()[0].id;
    let paused = bench.request(bench.campaign, StatusRequest::Pause).expect("it pauses");
    assert_eq!(paused, [Pausing]);
    let ready = end(&mut bench, call, true);
    assert_eq!(statuses(&ready, bench.campaign), [Pause]);
}
