//! What every store must do, run against the one that there is.

use super::queries;
use super::{Reader, Sqlite, Store, TargetPage, Targets, Write};
use crate::dialer::ResultLine;
use crate::domain::{
    CallEnd, CallForward, Campaign, CampaignId, CampaignPatch, Change, Day, DayFigures,
    Destination, DestinationId, DestinationKind, DestinationPatch, DialList, DialListId, Dialing,
    DialingId, DialingParts, DialingStatus, Disposition, DoneReason, EndedBy, FailureKind,
    ListCounts, Outcome, Pacing, Plan, PlanId, PlanPatch, RetryRule, ScheduleMode, SchedulePatch,
    ScreeningOptions, Target, TargetId, TargetPatch, TargetState, Timestamp, Variables,
};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_000);

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn variables(name: &str, value: &str) -> Variables {
    let mut variables = Variables::default();
    variables.set(name, value);
    variables
}

fn plan() -> Plan {
    let mut plan = Plan::new(PlanId(id(1)), NOW);
    plan.apply(PlanPatch {
        name: Change::Set("it's \"a\" plan; DROP TABLE plan".into()),
        tech: Change::Set("Local/".into()),
        caller_id: Change::Set("\"Sales\" <1>".into()),
        call_forward: Change::Set(CallForward::Follow),
        variables: Change::Set(variables("V", "a=b\",'ü")),
        ..PlanPatch::default()
    });
    plan.pacing = Pacing {
        lines_per_agent: 125,
        abandon_target: 250,
        abandon_after_ms: 3_000,
        safe_harbour: Some(DestinationId(id(2))),
        min_ring_ms: 45_000,
        preview_timeout_s: 30,
    };
    plan.screening = ScreeningOptions {
        on: true,
        data: Some("2500,1500".into()),
        machines: Some(DestinationId(id(6))),
    };
    plan.retries[FailureKind::Busy as usize] =
        RetryRule { delay_s: Some(300), max_tries: Some(1_000) };
    plan.retries[FailureKind::Failed as usize].max_tries = Some(1);
    plan
}

fn destination() -> Destination {
    let mut destination = Destination::new(DestinationId(id(2)), NOW);
    destination.apply(DestinationPatch {
        exten: Change::Set("s".into()),
        context: Change::Set("default".into()),
        priority: Change::Set(3),
        ..DestinationPatch::default()
    });
    destination.capacity = Some(30);
    destination
}

fn list(n: u128) -> DialList {
    DialList::new(DialListId(id(n)), NOW)
}

fn target(n: u128, list: DialListId) -> Target {
    let mut target = Target::new(TargetId(id(n)), list, NOW);
    let mut patch = TargetPatch {
        name: Change::Set(format!("target {n}")),
        variables: Change::Set(variables("T", "1")),
        ..TargetPatch::default()
    };
    patch.numbers[0] = Change::Set(n.to_string());
    patch.numbers[7] = Change::Set("8".into());
    target.apply(patch);
    target
}

fn campaign() -> Campaign {
    let mut campaign = Campaign::new(CampaignId(id(4)), NOW);
    campaign.apply(CampaignPatch {
        plan: Change::Set(PlanId(id(1))),
        list: Change::Set(DialListId(id(3))),
        destination: Change::Set(DestinationId(id(2))),
        schedule: SchedulePatch {
            mode: Change::Set(ScheduleMode::On),
            day_list: Change::Set("1, 2".into()),
            time_zone: Change::Set("Europe/Berlin".into()),
            ..SchedulePatch::default()
        },
        next: Change::Set(CampaignId(id(5))),
        ..CampaignPatch::default()
    });
    campaign
}

fn write(store: &mut dyn Store, writes: Vec<Write>) {
    store.begin().unwrap();
    for write in writes {
        store.apply(&write).unwrap();
    }
    store.commit().unwrap();
}

/// A store with a plan, a destination, a campaign, and a list of three targets.
fn filled(store: &mut dyn Store) {
    let list = list(3);
    let list_id = list.id;
    let mut writes = vec![
        Write::Plan(Box::new(plan())),
        Write::Destination(Box::new(destination())),
        Write::List(Box::new(list)),
        Write::Campaign(Box::new(campaign())),
    ];
    writes.extend((10..13).map(|n| Write::Target(Arc::new(target(n, list_id)))));
    write(store, writes);
}

fn memory() -> Sqlite {
    let mut store = Sqlite::in_memory("node").unwrap();
    filled(&mut store);
    store
}

fn claim(target: &Target) -> (Dialing, Target) {
    let (plan, destination, list, campaign) = (plan(), destination(), list(3), campaign());
    let mut queue = Destination::new(DestinationId(id(6)), NOW);
    queue.kind = DestinationKind::Application;
    (queue.application, queue.data) = (Some("Queue".into()), Some("machines,,,,60".into()));
    let parts = DialingParts {
        campaign: &campaign,
        plan: &plan,
        list: &list,
        destination: &destination,
        target,
        number_at: 0,
        harbour: Some(&destination),
        machines: Some(&queue),
        has_agents: true,
        agent: None,
    };
    let dialing = Dialing::claim(DialingId(id(100)), id(101), &parts, NOW).unwrap();
    let mut target = target.clone();
    target.tries[0] += 1;
    target.state = TargetState::Dialing {
        dialing: dialing.id,
        campaign: dialing.campaign,
        plan: dialing.plan,
    };
    (dialing, target)
}

const LIST: DialListId = DialListId(Uuid::from_u128(3));

fn numbers(targets: &[Target]) -> Vec<&str> {
    targets.iter().filter_map(|target| target.numbers[0].as_deref()).collect()
}

#[test]
fn records_come_back_as_they_went_in() {
    let mut store = memory();
    let records = store.load().unwrap();
    assert_eq!(records.plans, [plan()]);
    assert_eq!(records.destinations, [destination()]);
    assert_eq!(records.lists, [list(3)]);
    assert_eq!(records.campaigns, [campaign()]);
    let found = store.target(TargetId(id(11))).unwrap();
    assert_eq!(found, Some(target(11, LIST)));
}

#[test]
fn what_is_rolled_back_never_was() {
    let mut store = memory();
    store.begin().unwrap();
    store.apply(&Write::List(Box::new(list(30)))).unwrap();
    let new = Arc::new(target(31, DialListId(id(30))));
    store.apply(&Write::Target(new.clone())).unwrap();
    assert!(store.target(new.id).unwrap().is_some(), "a transaction sees its own changes");
    store.roll_back();
    assert_eq!(store.target(new.id).unwrap(), None);
    assert!(store.counts(DialListId(id(30))).is_err());
    write(&mut store, vec![Write::List(Box::new(list(30))), Write::Target(new.clone())]);
    assert_eq!(store.target(new.id).unwrap().as_ref(), Some(&*new));
}

#[test]
fn fewest_tries_first_then_oldest() {
    let mut store = memory();
    let mut tried = target(10, LIST);
    tried.tries[0] = 1;
    tried.failures = [1, 2, 1_023, 1_000, 0, 5];
    write(&mut store, vec![Write::Progress(Arc::new(tried.clone()))]);
    assert_eq!(store.target(tried.id).unwrap(), Some(tried));
    assert_eq!(numbers(&store.ready(LIST, NOW, 10).unwrap()), ["11", "12", "10"]);
    assert_eq!(numbers(&store.ready(LIST, NOW, 1).unwrap()), ["11"]);
}

#[test]
fn who_waits_is_ready_when_the_time_has_come_and_blocks_nobody() {
    let mut store = memory();
    let mut waits = target(10, LIST);
    waits.state = TargetState::Waiting(Timestamp(5_000));
    write(&mut store, vec![Write::Progress(Arc::new(waits))]);
    assert_eq!(store.next_due(LIST).unwrap(), Some(Timestamp(5_000)));
    assert_eq!(numbers(&store.ready(LIST, Timestamp(4_999), 9).unwrap()), ["11", "12"]);
    assert_eq!(numbers(&store.ready(LIST, Timestamp(5_000), 9).unwrap()), ["10", "11", "12"]);
    assert_eq!(store.next_due(LIST).unwrap(), None);
}

#[test]
fn counts_follow_every_change() {
    let mut store = memory();
    let of =
        |ready, waiting, dialing, done, tries| ListCounts { ready, waiting, dialing, done, tries };
    assert_eq!(store.counts(LIST).unwrap(), of(3, 0, 0, 0, 0));

    let (dialing, dialled) = claim(&target(10, LIST));
    write(&mut store, vec![Write::Claim(Arc::new(dialing.clone()), Arc::new(dialled.clone()))]);
    assert_eq!(store.counts(LIST).unwrap(), of(2, 0, 1, 0, 1));

    let mut ended = dialled;
    ended.state = TargetState::Waiting(Timestamp(9_000));
    write(&mut store, vec![Write::End(Arc::new(dialing), Arc::new(ended.clone()))]);
    assert_eq!(store.counts(LIST).unwrap(), of(2, 1, 0, 0, 1));

    ended.state = TargetState::Done(DoneReason::Answered);
    let mut deleted = target(11, LIST);
    deleted.stamps.delete = Some(NOW);
    write(
        &mut store,
        vec![Write::Progress(Arc::new(ended)), Write::Target(Arc::new(deleted.clone()))],
    );
    assert_eq!(store.counts(LIST).unwrap(), of(1, 0, 0, 1, 1));
    assert_eq!(store.target(deleted.id).unwrap(), None);
}

#[test]
fn a_dialing_is_open_until_it_ends() {
    let mut store = memory();
    let (mut dialing, dialled) = claim(&target(10, LIST));
    write(&mut store, vec![Write::Claim(Arc::new(dialing.clone()), Arc::new(dialled.clone()))]);
    assert_eq!(store.load().unwrap().open_dialings, [(dialing.clone(), dialled.clone())]);
    let copy = &dialing.copy;
    assert_eq!(copy.harbour, destination().route().ok());
    let machines = copy.screening.as_ref().and_then(|screening| screening.machines.as_ref());
    assert_eq!(machines.and_then(|route| route.queue()), Some("machines"));
    assert_eq!(copy.retries, plan().retries);
    assert_eq!(copy.timeout_ms, 45_000, "with agents, MinRing counts");

    dialing.status = DialingStatus::OriginateResponded;
    dialing.res_dial = 4;
    dialing.channel_name = Some("Local/10-1".into());
    dialing.dial_ended_at = Some(Timestamp(2_000));
    dialing.queue = Some("sales".into());
    dialing.agent = Some("PJSIP/anna".into());
    dialing.connected_at = Some(Timestamp(2_500));
    dialing.abandoned_at = Some(Timestamp(2_400));
    write(&mut store, vec![Write::Answered(Arc::new(dialing.clone()))]);
    assert!(store.load().unwrap().open_dialings[0].0.is_answered());

    let call_back_at = Some(Timestamp(9_000));
    dialing.outcome = Some(Outcome { disposition: Disposition::CallBack, call_back_at });
    write(&mut store, vec![Write::Outcome(Arc::new(dialing.clone()))]);
    assert_eq!(store.load().unwrap().open_dialings, [(dialing.clone(), dialled.clone())]);

    let end = CallEnd {
        by: EndedBy::Call,
        answered: true,
        last_control: 4,
        cause: 16,
        cause_text: "Normal Clearing".into(),
        tech_cause: Some(200),
        amd: Some(("HUMAN".into(), "HUMAN-240-240".into())),
    };
    dialing.end(end, Timestamp(3_000));
    write(&mut store, vec![Write::End(Arc::new(dialing.clone()), Arc::new(dialled))]);
    assert_eq!(store.load().unwrap().open_dialings, []);
    let undelivered = store.undelivered().unwrap();
    assert_eq!(undelivered.len(), 1);
    assert_eq!(undelivered[0], ResultLine::of(&dialing));
    write(&mut store, vec![Write::Delivered(vec![dialing.id])]);
    assert_eq!(store.undelivered().unwrap(), []);
}

#[test]
fn the_ledger_is_kept_day_by_day() {
    let mut store = memory();
    let figures = |day, dialed| DayFigures { dialed, abandoned: 1, ..DayFigures::of(Day(day)) };
    let (ours, other) = (campaign().id, CampaignId(id(40)));
    let put = |of, figures| Write::Ledger(of, Box::new(figures));
    let mut writes: Vec<_> = (0..40).map(|day| put(ours, figures(day, 1))).collect();
    writes.extend([put(ours, figures(39, 2)), put(other, figures(39, 3))]);
    write(&mut store, writes);
    write(&mut store, vec![put(ours, figures(38, 7))]);
    let mut wanted: Vec<_> = (10..38).map(|day| (ours, figures(day, 1))).collect();
    wanted.extend([(ours, figures(38, 7)), (ours, figures(39, 2))]);
    assert_eq!(store.load().unwrap().ledger, wanted, "thirty days, of campaigns that there are");

    store.begin().unwrap();
    store.apply(&put(ours, figures(39, 9))).unwrap();
    store.roll_back();
    write(&mut store, vec![]);
    assert_eq!(store.load().unwrap().ledger, wanted);
}

#[test]
fn the_next_target_is_found_by_index() {
    let store = memory();
    let table = [
        (queries::ready(), "target_ready"),
        (queries::promised(), "target_promised"),
        (queries::in_order(), "target_list"),
        (queries::NEXT_DUE.to_owned(), "target_due"),
        (queries::PROMOTE.to_owned(), "target_due"),
    ];
    for (sql, index) in table {
        let plan = store.explain(&sql);
        assert!(plan.contains(&format!("INDEX {index} ")), "{index}: {plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN target"), "{index}: {plan}");
    }
}

/// A store in a file, with what [`filled`] puts in.
fn in_file(path: &Path) -> Sqlite {
    let mut store = Sqlite::open(path, "node").unwrap();
    filled(&mut store);
    store
}

#[test]
fn a_reader_pages_through_a_list() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let _store = in_file(&path);
    let reader = Reader::open(&path).unwrap();
    let page = |after: Option<u128>, most| {
        let mut found = Vec::new();
        let after = after.map(|n| TargetId(id(n)));
        reader
            .targets(TargetPage { list: Some(LIST), after, most }, |target| {
                found.push(target);
                ControlFlow::Continue(())
            })
            .unwrap();
        numbers(&found).join(" ")
    };
    assert_eq!(page(None, 2), "10 11");
    assert_eq!(page(Some(11), 2), "12");
    assert_eq!(page(Some(12), 2), "");
    assert_eq!(reader.stats(None).unwrap()[0].counts.ready, 3);
    assert_eq!(reader.campaign(CampaignId(id(4))).unwrap(), Some(campaign()));
}

/// A file of before dialings were kept for their lines.
#[test]
fn lines_that_an_earlier_version_left_are_delivered() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    for step in &super::schema::MIGRATIONS[..5] {
        connection.execute_batch(step).unwrap();
    }
    let line = ResultLine { dialing: DialingId(id(7)), json: "{\"a\":1}".into() };
    let sql = "INSERT INTO result_outbox (dialing, line) VALUES (?, ?)";
    connection.execute(sql, (id(7).as_bytes().as_slice(), &*line.json)).unwrap();
    connection.pragma_update(None, "user_version", 5).unwrap();
    drop(connection);
    let mut store = Sqlite::open(&path, "node").unwrap();
    assert_eq!(store.undelivered().unwrap(), [line]);
    write(&mut store, vec![Write::Delivered(vec![DialingId(id(7))])]);
    assert_eq!(store.undelivered().unwrap(), []);
}

#[test]
fn one_writer_at_a_time() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let store = in_file(&path);
    let second = Sqlite::open(&path, "other").err().unwrap();
    assert!(second.reason.contains("another process uses this database"), "{second}");
    drop(store);
    assert_eq!(Sqlite::open(&path, "node").unwrap().load().unwrap().plans.len(), 1);
}

#[test]
fn a_database_of_somebody_else_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let foreign = folder.path().join("foreign");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE campaign (uuid TEXT)").unwrap();
    let error = Sqlite::open(&foreign, "node").err().unwrap();
    assert!(error.reason.contains("another program"), "{error}");

    let newer = folder.path().join("newer");
    drop(in_file(&newer));
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = Sqlite::open(&newer, "node").err().unwrap();
    assert!(error.reason.contains("newer"), "{error}");
}
