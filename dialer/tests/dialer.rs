//! The dialer in situations that are rare: a clock that is set back, and a
//! dialer that is made anew while its calls are up.

mod bench;

use bench::{Bench, START};
use dialer::dialer::{CallEvent, Event, Input, What};
use dialer::domain::{control, CallEnd, DialingStatus, EndedBy, Timestamp};
use dialer::store::Targets;

const SECOND: i64 = bench::SECOND;

#[test]
fn a_clock_set_back_does_not_stop_dialing() {
    let mut bench = Bench::new();
    assert_eq!(bench.tick().len(), 1);
    assert_eq!(bench.tick().len(), 0, "one call a second");
    bench.now = Timestamp(START.0 - 3_600 * SECOND);
    assert_eq!(bench.tick().len(), 1);
    assert_eq!(bench.tick().len(), 0, "one call a second");
    bench.now = Timestamp(bench.now.0 + SECOND);
    assert_eq!(bench.tick().len(), 1);
}

#[test]
fn live_calls_outlive_their_dialer_and_the_others_are_closed() {
    let mut bench = Bench::new();
    let lost = bench.tick()[0].id;
    bench.now = Timestamp(bench.now.0 + SECOND);
    let kept = bench.tick()[0].id;
    let (at, event) = (bench.now, CallEvent::Answered { dialing: kept });
    bench.step(Input::Call { at, event });

    let ready = bench.make_anew(&[kept]);
    let closed: Vec<_> = ready.results.iter().map(|line| line.dialing).collect();
    assert_eq!(closed, [lost]);
    assert!(ready.results[0].json.contains("\"disposition\":\"interrupted\""));
    assert_eq!(bench.store.counts(bench.list).expect("counts").dialing, 1);

    let end = CallEnd {
        by: EndedBy::Call,
        answered: true,
        last_control: control::ANSWER,
        cause: 16,
        cause_text: "Normal Clearing".into(),
        tech_cause: None,
        amd: None,
    };
    let ready = bench.step(Input::Call { at, event: CallEvent::Ended { dialing: kept, end } });
    assert!(ready.results[0].json.contains("\"disposition\":\"answered\""));
    assert_eq!(bench.store.counts(bench.list).expect("counts").done, 1);
}

/// A call that was forwarded begins again, on another channel: the dialing goes on with
/// that one, and has begun when the first one did.
#[test]
fn a_forwarded_call_goes_on_as_the_same_dialing() {
    let mut bench = Bench::new();
    let dialing = bench.tick()[0].id;
    let first = bench.now;
    let begin = |bench: &mut Bench, channel_name: &str| {
        let event = CallEvent::Begun { dialing, channel_name: channel_name.into() };
        bench.step(Input::Call { at: bench.now, event })
    };
    begin(&mut bench, "PJSIP/trunk-1");
    bench.now = Timestamp(first.0 + SECOND);
    let ready = begin(&mut bench, "Local/300@out-2;1");
    let [Event::Dialing(What::Updated, dialing)] = ready.events.as_slice() else {
        panic!("{:?}", ready.events)
    };
    assert_eq!(dialing.channel_name.as_deref(), Some("Local/300@out-2;1"));
    assert_eq!(dialing.status, DialingStatus::DialBegin);
    assert_eq!((dialing.begun_at, dialing.updated_at), (Some(first), Some(bench.now)));
}
