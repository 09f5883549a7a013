//! What somebody at the call says of it: the result, and when and whether its
//! target is dialled again.

mod bench;

use bench::{Bench, START};
use dialer::dialer::{CallEvent, CallOrder, Command, Event, Input, ListReset, Ready, Reply};
use dialer::domain::{
    control, CallBackTime, CallEnd, Change, Dialing, Disposition, DoneReason, EndedBy, Outcome,
    OutcomePatch, PlanPatch, Target, TargetPatch, TargetState, Timestamp,
};
use dialer::store::Targets;
use std::sync::Arc;
use std::time::Duration;

const RETRY_DELAY_S: u64 = 60;

fn patch(disposition: Disposition) -> OutcomePatch {
    OutcomePatch { disposition: Change::Set(disposition), ..OutcomePatch::default() }
}

fn call_back_in(s: u64) -> OutcomePatch {
    let time = CallBackTime::In(Duration::from_secs(s));
    OutcomePatch { call_back_at: Change::Set(time), ..OutcomePatch::default() }
}

fn after(s: u64) -> Timestamp {
    START + Duration::from_secs(s)
}

/// A bench whose only target has one number and one try, and its first call.
fn one_call() -> (Bench, Arc<Dialing>) {
    let mut bench = Bench::new();
    let mut plan = PlanPatch::default();
    plan.max_tries[0] = Change::Set(1);
    bench.command(Command::UpdatePlan(bench.plan, plan));
    let call = bench.tick().remove(0);
    (bench, call)
}

fn answer(bench: &mut Bench, call: &Dialing) {
    let event = CallEvent::Answered { dialing: call.id };
    bench.step(Input::Call { at: bench.now, event });
}

fn end(bench: &mut Bench, call: &Dialing, answered: bool) -> Ready {
    let (last_control, cause) = if answered { (control::ANSWER, 16) } else { (control::BUSY, 17) };
    let end = CallEnd {
        by: EndedBy::Call,
        answered,
        last_control,
        cause,
        cause_text: String::new(),
        tech_cause: None,
        amd: None,
    };
    let event = CallEvent::Ended { dialing: call.id, end };
    bench.step(Input::Call { at: bench.now, event })
}

fn set(bench: &mut Bench, call: &Dialing, patch: OutcomePatch) -> Ready {
    let ready = bench.command(Command::SetOutcome(call.id, patch));
    assert!(matches!(ready.reply, Some(Reply::Updated)), "{:?}", ready.reply);
    ready
}

fn target(bench: &mut Bench, call: &Dialing) -> Target {
    bench.store.target(call.target).expect("a read").expect("a target")
}

fn line(ready: &Ready) -> serde_json::Value {
    assert_eq!(ready.results.len(), 1);
    serde_json::from_str(&ready.results[0].json).expect("JSON")
}

#[test]
fn the_target_follows_what_was_said() {
    use Disposition as D;
    let exhausted = TargetState::Done(DoneReason::Exhausted);
    let answered = TargetState::Done(DoneReason::Answered);
    let waits = TargetState::Waiting(after(RETRY_DELAY_S));
    let table = [
        (patch(D::DoNotCall), D::DoNotCall, TargetState::Done(DoneReason::DoNotCall)),
        (patch(D::CallBack), D::CallBack, waits),
        (call_back_in(600), D::CallBack, TargetState::Waiting(after(600))),
        (patch(D::Answered), D::Answered, answered),
        (patch(D::Machine), D::Machine, exhausted),
        (patch(D::NoAnswer), D::NoAnswer, exhausted),
        (patch(D::Failed), D::Failed, exhausted),
        (OutcomePatch { disposition: Change::Clear, ..patch(D::Busy) }, D::Answered, answered),
    ];
    for (said, disposition, state) in table {
        let (mut bench, call) = one_call();
        answer(&mut bench, &call);
        let ready = set(&mut bench, &call, said);
        let outcome = ready.calls.iter().find_map(|order| match order {
            CallOrder::Note(id, outcome) if *id == call.id => Some(*outcome),
            _ => None,
        });
        let told = ready.events.iter().find_map(|event| match event {
            Event::Dialing(_, dialing) => Some(dialing.outcome),
            _ => None,
        });
        assert_eq!(outcome, told, "{said:?}");
        let ready = end(&mut bench, &call, true);
        let (target, line) = (target(&mut bench, &call), line(&ready));
        assert_eq!(target.state, state, "{said:?}");
        assert_eq!(target.last.disposition, Some(disposition), "{said:?}");
        assert_eq!(line["disposition"], disposition.name(), "{said:?}");
        assert_eq!(line["network_disposition"], "answered", "{said:?}");
        assert_eq!(line["res_dial"], control::ANSWER);
    }
}

#[test]
fn a_machine_is_tried_again_while_there_are_tries() {
    let mut bench = Bench::new();
    let call = bench.tick().remove(0);
    answer(&mut bench, &call);
    set(&mut bench, &call, patch(Disposition::Machine));
    end(&mut bench, &call, true);
    assert_eq!(target(&mut bench, &call).state, TargetState::Waiting(after(RETRY_DELAY_S)));
}

#[test]
fn what_needs_an_answer_is_not_said_of_a_call_without_one() {
    let (mut bench, call) = one_call();
    set(&mut bench, &call, patch(Disposition::Answered));
    let line = line(&end(&mut bench, &call, false));
    assert_eq!(
        (&line["disposition"], &line["network_disposition"]),
        (&"busy".into(), &"busy".into())
    );
    assert_eq!(target(&mut bench, &call).state, TargetState::Done(DoneReason::Exhausted));

    let (mut bench, call) = one_call();
    set(&mut bench, &call, patch(Disposition::DoNotCall));
    let ready = end(&mut bench, &call, false);
    assert!(ready.results[0].json.contains("\"disposition\":\"do_not_call\""));
    assert_eq!(target(&mut bench, &call).state, TargetState::Done(DoneReason::DoNotCall));
}

#[test]
fn a_promised_call_is_kept_once_and_before_the_others() {
    let (mut bench, call) = one_call();
    answer(&mut bench, &call);
    set(&mut bench, &call, call_back_in(3));
    end(&mut bench, &call, true);
    // The second of three in the meantime; then the promise, and then the third.
    bench.now = after(1);
    let second = bench.tick().remove(0);
    assert_ne!(second.target, call.target);
    bench.now = after(4);
    let promised = bench.tick().remove(0);
    assert_eq!((promised.target, promised.try_count), (call.target, 2));
    assert_eq!(promised.number_index, call.number_index);
    assert_eq!(promised.copy.person.tries, 2);
    bench.now = after(5);
    assert_ne!(bench.tick().remove(0).target, call.target);
    // Nobody answers it: its tries are used, and nothing more was promised.
    end(&mut bench, &promised, false);
    let target = target(&mut bench, &call);
    assert_eq!((target.state, target.call_back), (TargetState::Done(DoneReason::Exhausted), None));
}

#[test]
fn a_crash_loses_neither_word_nor_time() {
    for (said, state) in [
        (patch(Disposition::DoNotCall), TargetState::Done(DoneReason::DoNotCall)),
        (call_back_in(600), TargetState::Waiting(after(600))),
    ] {
        let (mut bench, call) = one_call();
        answer(&mut bench, &call);
        set(&mut bench, &call, said);
        let ready = bench.make_anew(&[]);
        assert_eq!(line(&ready)["network_disposition"], "interrupted");
        assert_eq!(target(&mut bench, &call).state, state, "{said:?}");
    }
    // A dialer that is made anew while the call is up knows it too.
    let (mut bench, call) = one_call();
    answer(&mut bench, &call);
    set(&mut bench, &call, call_back_in(600));
    bench.make_anew(&[call.id]);
    let ready = bench.command(Command::ShowDialings(Some(call.id)));
    let Some(Reply::Dialings(shown)) = ready.reply else { panic!("{:?}", ready.reply) };
    let call_back_at = Some(after(600));
    assert_eq!(
        shown[0].outcome,
        Some(Outcome { disposition: Disposition::CallBack, call_back_at })
    );
    assert_eq!(shown[0].copy, call.copy);
}

#[test]
fn refused_words_change_nothing() {
    let (mut bench, call) = one_call();
    let too_far = call_back_in(31 * 86_400);
    let both = OutcomePatch { disposition: Change::Set(Disposition::Busy), ..call_back_in(60) };
    for (said, reason) in [
        (too_far, "CallBackAt: 2023-12-15T22:13:20.000000000Z is not allowed"),
        (both, "CallBackAt: goes with the disposition call_back only, not with busy"),
    ] {
        let ready = bench.command(Command::SetOutcome(call.id, said));
        let Some(Reply::Refused(why)) = &ready.reply else { panic!("{:?}", ready.reply) };
        assert!(why.to_string().starts_with(reason), "{why}");
        assert!(ready.writes.is_empty() && ready.events.is_empty() && ready.calls.is_empty());
    }
    end(&mut bench, &call, true);
    let ready = bench.command(Command::SetOutcome(call.id, patch(Disposition::DoNotCall)));
    let Some(Reply::Refused(why)) = &ready.reply else { panic!("{:?}", ready.reply) };
    assert_eq!(why.to_string(), "No such live dialing: it has ended, or there never was one");
}

#[test]
fn whoever_is_not_to_be_called_is_reset_by_name_only() {
    let (mut bench, call) = one_call();
    set(&mut bench, &call, patch(Disposition::DoNotCall));
    end(&mut bench, &call, false);
    let done = TargetState::Done(DoneReason::DoNotCall);
    let all = ListReset { clear_tries: true, ..ListReset::default() };
    bench.command(Command::ResetList(bench.list, all.clone()));
    assert_eq!(target(&mut bench, &call).state, done);
    let Some(Reply::Explained(why)) = bench.command(Command::Explain(call.target)).reply else {
        panic!("no explanation")
    };
    assert!(why.starts_with("done: not to be called again, as was said"), "{why}");
    let named = ListReset { dispositions: vec![Disposition::DoNotCall], ..all };
    bench.command(Command::ResetList(bench.list, named));
    assert_eq!(target(&mut bench, &call).state, TargetState::Ready);
}

/// A call that was promised in a second and is due now, with no try left.
fn promised() -> (Bench, Arc<Dialing>) {
    let (mut bench, call) = one_call();
    answer(&mut bench, &call);
    set(&mut bench, &call, call_back_in(1));
    end(&mut bench, &call, true);
    (bench, call)
}

#[test]
fn a_reset_leaves_promises_alone_unless_they_are_named() {
    for clear_tries in [true, false] {
        let (mut bench, call) = promised();
        let before = target(&mut bench, &call);
        let all = ListReset { clear_tries, ..ListReset::default() };
        bench.command(Command::ResetList(bench.list, all));
        assert_eq!(target(&mut bench, &call), before);
        let dispositions = vec![Disposition::CallBack];
        let named = ListReset { clear_tries, dispositions, ..ListReset::default() };
        bench.command(Command::ResetList(bench.list, named));
        let after = target(&mut bench, &call);
        assert_eq!((after.state, after.call_back), (TargetState::Ready, before.call_back));
    }
}

#[test]
fn a_promise_outlives_calls_that_do_not_get_out_but_not_for_ever() {
    let (mut bench, first) = promised();
    let mut calls = 0;
    loop {
        bench.now = bench.now + Duration::from_secs(RETRY_DELAY_S);
        let again: Vec<_> =
            bench.tick().into_iter().filter(|call| call.target == first.target).collect();
        let Some(call) = again.first() else { break };
        calls += 1;
        let end = CallEnd {
            by: EndedBy::NotPlaced,
            answered: false,
            last_control: 0,
            cause: 3,
            cause_text: String::new(),
            tech_cause: None,
            amd: None,
        };
        let event = CallEvent::Ended { dialing: call.id, end };
        bench.step(Input::Call { at: bench.now, event });
    }
    assert_eq!(calls, 5);
    let after = target(&mut bench, &first);
    assert_eq!((after.state, after.call_back), (TargetState::Done(DoneReason::Exhausted), None));
}

#[test]
fn a_promise_outlives_a_crash_before_the_call() {
    let (mut bench, first) = promised();
    bench.now = bench.now + Duration::from_secs(RETRY_DELAY_S);
    assert!(bench.tick().iter().any(|call| call.target == first.target));
    bench.make_anew(&[]);
    let after = target(&mut bench, &first);
    assert!(matches!(after.state, TargetState::Waiting(_)), "{:?}", after.state);
    assert_eq!(after.call_back, Some(1));
}

#[test]
fn a_promise_goes_with_its_number() {
    let (mut bench, call) = promised();
    let mut patch = TargetPatch::default();
    patch.numbers[0] = Change::Clear;
    patch.numbers[1] = Change::Set("9".to_owned());
    bench.command(Command::UpdateTarget(call.target, patch));
    assert_eq!(target(&mut bench, &call).call_back, None);
}
