//! When a target is tried again, by what became of its last call.

mod bench;

use bench::{Bench, START};
use dialer::dialer::{CallEvent, Command, Input, ListReset, Ready, Reply};
use dialer::domain::{
    control, ByFailure, CallBackTime, CallEnd, Change, Dialing, Disposition, DoneReason, EndedBy,
    FailureKind, OutcomePatch, PlanPatch, RetryPatch, Target, TargetPatch, TargetState, Timestamp,
};
use dialer::store::Targets;
use std::sync::Arc;
use std::time::Duration;

/// The plan's `RetryDelay`, of everything that has no delay of its own.
const USUAL_S: u64 = 60;
const HOURS_72_S: u64 = 259_200;

fn after(s: u64) -> Timestamp {
    START + Duration::from_secs(s)
}

fn waits(s: u64) -> TargetState {
    TargetState::Waiting(after(s))
}

const EXHAUSTED: TargetState = TargetState::Done(DoneReason::Exhausted);

/// A bench whose plan has these rules.
fn bench(rules: &[(FailureKind, Option<u32>, Option<u32>)]) -> Bench {
    let mut bench = Bench::new();
    let mut patch = PlanPatch::default();
    for (kind, delay_s, max_tries) in rules {
        let set = |value: &Option<u32>| value.map_or(Change::Keep, Change::Set);
        patch.retries[*kind as usize] =
            RetryPatch { delay_s: set(delay_s), max_tries: set(max_tries) };
    }
    update(&mut bench, patch);
    bench
}

fn update(bench: &mut Bench, patch: PlanPatch) {
    let reply = bench.command(Command::UpdatePlan(bench.plan, patch)).reply;
    assert!(matches!(reply, Some(Reply::Updated)), "{reply:?}");
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Refused(i32),
    RingTimeout,
    Machine,
    /// A person answered; `true`: an agent was there just before it was too late.
    Sheltered(bool),
    Answered,
}

fn end(bench: &mut Bench, call: &Dialing, fate: Fate) -> Ready {
    let id = call.id;
    let mut tell = |event| bench.step(Input::Call { at: bench.now, event });
    let amd = |status: &str| (status.to_owned(), String::new());
    let (by, cause) = match fate {
        Fate::Refused(cause) => (EndedBy::Call, cause),
        Fate::RingTimeout => (EndedBy::RingTimeout, 19),
        Fate::Machine | Fate::Sheltered(_) | Fate::Answered => (EndedBy::Call, 16),
    };
    let answered = cause == 16;
    if answered {
        tell(CallEvent::Answered { dialing: id });
    }
    match fate {
        Fate::Machine => {
            let (status, cause) = amd("MACHINE");
            tell(CallEvent::Screened { dialing: id, status, cause });
        }
        Fate::Sheltered(is_served) => {
            if is_served {
                tell(CallEvent::Connected { dialing: id, agent: Some("PJSIP/anna".into()) });
            }
            tell(CallEvent::Sheltered { dialing: id });
        }
        _ => {}
    }
    let end = CallEnd {
        by,
        answered,
        last_control: if answered { control::ANSWER } else { 0 },
        cause,
        cause_text: String::new(),
        tech_cause: None,
        amd: None,
    };
    tell(CallEvent::Ended { dialing: id, end })
}

fn target(bench: &mut Bench, call: &Dialing) -> Target {
    bench.store.target(call.target).expect("a read").expect("a target")
}

/// The next call of the target that was called first.
fn again(bench: &mut Bench, first: &Dialing) -> Arc<Dialing> {
    for _ in 0..10 {
        bench.now = bench.now + Duration::from_secs(3_600);
        for call in bench.tick() {
            if call.target == first.target {
                return call;
            }
            end(bench, &call, Fate::Answered);
        }
    }
    panic!("{} is not called again", first.target);
}

#[test]
fn each_failure_has_its_delay() {
    use FailureKind as K;
    let rules: Vec<_> =
        K::ALL.into_iter().zip(1..).map(|(kind, at)| (kind, Some(at * 100), None)).collect();
    let table = [
        (Fate::Refused(17), "busy", 100),
        (Fate::RingTimeout, "no_answer", 200),
        (Fate::Refused(20), "unavailable", 200),
        (Fate::Refused(34), "congestion", 300),
        (Fate::Machine, "machine", 400),
        (Fate::Sheltered(false), "abandoned", 500),
        (Fate::Refused(1), "unallocated", 600),
        (Fate::Refused(21), "rejected", 600),
        (Fate::Refused(38), "failed", 600),
    ];
    for (fate, disposition, delay_s) in table {
        let mut bench = bench(&rules);
        let call = bench.tick().remove(0);
        let line = end(&mut bench, &call, fate).results[0].json.to_string();
        assert!(line.contains(&format!("\"disposition\":\"{disposition}\"")), "{line}");
        assert_eq!(target(&mut bench, &call).state, waits(delay_s), "{fate:?}");
    }
}

#[test]
fn without_a_rule_the_usual_delay_counts_but_after_an_abandoned_person() {
    for (fate, state) in [
        (Fate::Refused(17), waits(USUAL_S)),
        (Fate::Machine, waits(USUAL_S)),
        (Fate::Sheltered(false), waits(HOURS_72_S)),
        (Fate::Sheltered(true), TargetState::Done(DoneReason::Answered)),
        (Fate::Answered, TargetState::Done(DoneReason::Answered)),
    ] {
        let mut bench = bench(&[]);
        let call = bench.tick().remove(0);
        end(&mut bench, &call, fate);
        assert_eq!(target(&mut bench, &call).state, state, "{fate:?}");
    }
}

#[test]
fn a_delay_of_nothing_makes_it_ready_at_once() {
    let mut bench = bench(&[(FailureKind::Busy, Some(0), None)]);
    let call = bench.tick().remove(0);
    end(&mut bench, &call, Fate::Refused(17));
    assert_eq!(target(&mut bench, &call).state, TargetState::Ready);
}

#[test]
fn what_an_abandoned_call_was_is_told() {
    let line_of = |fate| -> serde_json::Value {
        let mut bench = bench(&[]);
        let call = bench.tick().remove(0);
        let line = end(&mut bench, &call, fate).results[0].json.to_string();
        serde_json::from_str(&line).expect("JSON")
    };
    let (time, nothing) = (START.to_string(), serde_json::Value::Null);
    let line = line_of(Fate::Sheltered(false));
    assert_eq!(line["disposition"], "abandoned");
    assert_eq!((&line["agent"], &line["tm_connected"]), (&nothing, &nothing));
    assert_eq!(line["tm_abandoned"], time);
    // Who has an agent is not abandoned any more.
    let line = line_of(Fate::Sheltered(true));
    assert_eq!(line["disposition"], "answered");
    assert_eq!(line["agent"], "PJSIP/anna");
    assert_eq!(line["queue"], nothing);
    assert_eq!(line["tm_connected"], time);
    assert_eq!(line["tm_abandoned"], nothing);
    let keys: Vec<_> = line.as_object().expect("an object").keys().rev().take(4).collect();
    assert_eq!(keys, ["tm_abandoned", "tm_connected", "agent", "queue"]);
}

#[test]
fn a_target_is_out_of_tries_by_one_kind_of_failure() {
    let rules = [(FailureKind::Busy, None, Some(2)), (FailureKind::Machine, None, Some(1))];
    let mut bench = bench(&rules);
    let first = bench.tick().remove(0);
    end(&mut bench, &first, Fate::Refused(17));
    let second = again(&mut bench, &first);
    end(&mut bench, &second, Fate::Refused(1));
    let third = again(&mut bench, &first);
    end(&mut bench, &third, Fate::Refused(17));
    let left = target(&mut bench, &first);
    assert_eq!(left.state, EXHAUSTED);
    assert_eq!(left.failures, [2, 0, 0, 0, 0, 1]);
    let explained = bench.command(Command::Explain(first.target)).reply;
    let Some(Reply::Explained(why)) = explained else { panic!("{explained:?}") };
    assert_eq!(why, "done: all its tries are used (3 in all: 2 busy, 1 failed)");
}

/// One target that is out of tries because it was busy twice.
fn used_up() -> (Bench, Arc<Dialing>) {
    let mut bench = bench(&[(FailureKind::Busy, Some(0), Some(2))]);
    let first = bench.tick().remove(0);
    end(&mut bench, &first, Fate::Refused(17));
    let second = again(&mut bench, &first);
    end(&mut bench, &second, Fate::Refused(17));
    assert_eq!(target(&mut bench, &first).state, EXHAUSTED);
    (bench, first)
}

const NONE: ByFailure<u32> = [0; FailureKind::ALL.len()];

#[test]
fn a_reset_clears_the_failures_with_the_tries() {
    for (clear_tries, failures) in [(true, NONE), (false, [2, 0, 0, 0, 0, 0])] {
        let (mut bench, call) = used_up();
        let reset = ListReset { clear_tries, ..ListReset::default() };
        bench.command(Command::ResetList(bench.list, reset));
        let left = target(&mut bench, &call);
        assert_eq!((left.state, left.failures), (TargetState::Ready, failures));
    }
}

#[test]
fn another_number_begins_anew() {
    let (mut bench, call) = used_up();
    let mut patch = TargetPatch::default();
    patch.numbers[0] = Change::Set("77".into());
    bench.command(Command::UpdateTarget(call.target, patch));
    let left = target(&mut bench, &call);
    assert_eq!((left.state, left.failures), (TargetState::Ready, NONE));
}

#[test]
fn a_promised_call_is_made_whatever_the_rules_say() {
    let mut bench = bench(&[(FailureKind::Busy, Some(900), Some(1))]);
    let call = bench.tick().remove(0);
    let time = CallBackTime::In(Duration::from_secs(600));
    let said = OutcomePatch { call_back_at: Change::Set(time), ..OutcomePatch::default() };
    bench.command(Command::SetOutcome(call.id, said));
    end(&mut bench, &call, Fate::Refused(17));
    assert_eq!(target(&mut bench, &call).state, waits(600));

    let said =
        OutcomePatch { disposition: Change::Set(Disposition::Busy), ..OutcomePatch::default() };
    let call = again(&mut bench, &call);
    bench.command(Command::SetOutcome(call.id, said));
    end(&mut bench, &call, Fate::Answered);
    assert_eq!(target(&mut bench, &call).state, EXHAUSTED, "what was said is a failure too");
}

#[test]
fn a_call_keeps_the_rules_that_it_began_with() {
    let mut bench = bench(&[(FailureKind::Busy, Some(900), None)]);
    let call = bench.tick().remove(0);
    let mut patch = PlanPatch::default();
    patch.retries[FailureKind::Busy as usize].delay_s = Change::Set(5);
    update(&mut bench, patch);
    bench.make_anew(&[call.id]);
    end(&mut bench, &call, Fate::Refused(17));
    assert_eq!(target(&mut bench, &call).state, waits(900));
}

#[test]
fn whoever_was_abandoned_when_asterisk_ended_is_left_alone_too() {
    let mut bench = bench(&[]);
    let call = bench.tick().remove(0);
    for event in
        [CallEvent::Answered { dialing: call.id }, CallEvent::Sheltered { dialing: call.id }]
    {
        bench.step(Input::Call { at: bench.now, event });
    }
    bench.make_anew(&[]);
    assert_eq!(target(&mut bench, &call).state, waits(HOURS_72_S));
}
