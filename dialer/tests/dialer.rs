//! The dialer in situations that are rare: a clock that is set back, and a
//! dialer that is made anew while its calls are up.

mod bench;

use bench::{Bench, START};
use dialer::dialer::{CallEvent, Input};
use dialer::domain::{control, CallEnd, EndedBy, Timestamp};
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
