//! What holds for predictive pacing whatever happens, in whatever order, at whatever times.

use dialer::pacing::predictive::{
    lines, AgentId, AgentState, CallId, Expected, Options, Predictor, Seen, Team,
};
use proptest::prelude::*;

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    See(Seen),
    Agent(u64, AgentState),
    Remove(u64),
    Waiting(usize),
    Configure(Options),
    Decide { most: usize, rivals: Expected },
}

/// Most times go on by a little; some stand still, go back, leap, or are no times at all.
fn time_steps() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => 0.0..3.0_f64,
        2 => Just(0.0),
        2 => 3.0..4_000.0_f64,
        1 => -4_000.0..0.0_f64,
        1 => proptest::num::f64::ANY,
    ]
}

fn times() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -50.0..100_000.0_f64, 1 => proptest::num::f64::ANY]
}

fn seen() -> impl Strategy<Value = Seen> {
    (0..12_u64, 0..9_u8, any::<bool>()).prop_map(|(call, kind, human)| {
        let call = CallId(call);
        match kind {
            0 => Seen::Dialed { call },
            1 => Seen::Rings { call },
            2 => Seen::Answered { call },
            3 => Seen::Verdict { call, human },
            4 => Seen::Connected { call },
            5 => Seen::Abandoned { call },
            6 => Seen::Ended { call },
            7 => Seen::Withdrawn { call },
            _ => Seen::FalseHuman { call },
        }
    })
}

fn states() -> impl Strategy<Value = AgentState> {
    prop_oneof![
        Just(AgentState::Free),
        Just(AgentState::Away),
        times().prop_map(|since| AgentState::Talking { since }),
        (times(), proptest::option::of(times()))
            .prop_map(|(since, until)| AgentState::WrappingUp { since, until }),
    ]
}

prop_compose! {
    fn options()(
        abandon_target in prop_oneof![0.0..0.2_f64, proptest::num::f64::ANY],
        abandon_after_s in prop_oneof![0.0..10.0_f64, proptest::num::f64::ANY],
        min_ring_s in proptest::option::of(prop_oneof![0.0..40.0_f64, proptest::num::f64::ANY]),
        ring_timeout_s in prop_oneof![0.0..120.0_f64, proptest::num::f64::ANY],
        answers in prop_oneof![0..1_000_u64, any::<u64>()],
        abandoned in prop_oneof![0..100_u64, any::<u64>()],
        period_end in proptest::option::of(times()),
        amd in any::<bool>(),
    ) -> Options {
        Options {
            abandon_target, abandon_after_s, min_ring_s, ring_timeout_s, answers, abandoned,
            period_end, amd,
        }
    }
}

fn rivals() -> impl Strategy<Value = Expected> {
    (0..50_usize, 0.0..20.0_f64, 1.0..3.0_f64).prop_map(|(in_flight, mean, spread)| Expected {
        in_flight,
        mean: std::array::from_fn(|knot| mean * knot as f64 / 14.0),
        variance: std::array::from_fn(|knot| spread * mean * knot as f64 / 14.0),
    })
}

fn steps() -> impl Strategy<Value = Vec<(f64, Step)>> {
    let step = prop_oneof![
        8 => seen().prop_map(Step::See),
        3 => (0..60_u64, states()).prop_map(|(agent, state)| Step::Agent(agent, state)),
        1 => (0..60_u64).prop_map(Step::Remove),
        1 => prop_oneof![4 => 0..5_usize, 1 => any::<usize>()].prop_map(Step::Waiting),
        1 => options().prop_map(Step::Configure),
        4 => (0..40_usize, prop_oneof![3 => Just(Expected::default()), 1 => rivals()])
            .prop_map(|(most, rivals)| Step::Decide { most, rivals }),
    ];
    proptest::collection::vec((time_steps(), step), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn keeps_its_bounds_whatever_happens(first in options(), start in times(), steps in steps()) {
        let mut predictor = Predictor::new(&first, start);
        let mut team = Team::new();
        let (mut at, mut waiting) = (start, 0);
        for (step_s, step) in steps {
            at += step_s;
            match step {
                Step::See(seen) => predictor.see(at, seen),
                Step::Agent(agent, state) => team.set(at, AgentId(agent), state),
                Step::Remove(agent) => team.remove(at, AgentId(agent)),
                Step::Waiting(people) => {
                    waiting = people;
                    team.set_waiting(people);
                }
                Step::Configure(options) => predictor.configure(at, &options),
                Step::Decide { most, rivals } => {
                    let decision = predictor.decide(at, &team, &rivals, most);
                    prop_assert!(decision.launch <= most);
                    // Those that are hung up are no longer in flight.
                    let in_flight = predictor.expected(at).in_flight + rivals.in_flight;
                    let floor = lines(team.free().saturating_sub(waiting), in_flight, 100);
                    prop_assert!(decision.launch >= floor.min(most), "{decision:?} {floor}");
                    prop_assert!(decision.again_at >= at || !at.is_finite());
                    for call in 0..decision.launch as u64 {
                        predictor.see(at, Seen::Dialed { call: CallId(call) });
                    }
                }
            }
            // A time that is none leaves the clock as it is; later ones go on from a new one.
            if !at.is_finite() {
                at = 1_000.0;
            }
            let expected = predictor.expected(at);
            let figures = predictor.figures(at, &team);
            let numbers = [
                figures.answer_rate, figures.answer_s, figures.verdict_s, figures.talk_s,
                figures.wrap_up_s, figures.price, figures.abandonment, figures.occupancy,
                figures.answers_to_come,
            ];
            let numbers = numbers.iter().chain(&expected.mean).chain(&expected.variance);
            for number in numbers {
                prop_assert!(number.is_finite() && *number >= 0.0, "{figures:?} {expected:?}");
            }
            prop_assert!(figures.answer_rate <= 1.0 && figures.occupancy <= 1.0);
            prop_assert!(figures.abandonment <= 1.0 && figures.price <= 1.0);
        }
    }
}

/// A team of `agents` that talk, and one that is free.
fn team(at: f64, agents: u64) -> Team {
    let mut team = Team::new();
    for agent in 0..agents {
        team.set(at, AgentId(agent), AgentState::Talking { since: at - 20.0 });
    }
    team.set(at, AgentId(agents), AgentState::Free);
    team
}

#[test]
fn nobody_is_called_for_nobody() {
    let mut predictor = Predictor::new(&Options::default(), 0.0);
    let decision = predictor.decide(0.0, &Team::new(), &Expected::default(), 1_000);
    assert_eq!((decision.launch, decision.cancel.len()), (0, 0));
    assert!(decision.again_at > 0.0);
}

#[test]
fn a_free_agent_gets_a_call_even_when_nobody_may_be_lost() {
    let options = Options { abandon_target: 0.0, ..Options::default() };
    let mut predictor = Predictor::new(&options, 0.0);
    let team = team(0.0, 30);
    assert_eq!(predictor.decide(0.0, &team, &Expected::default(), 1_000).launch, 1);
    predictor.see(0.0, Seen::Dialed { call: CallId(1) });
    assert_eq!(predictor.decide(0.0, &team, &Expected::default(), 1_000).launch, 0);
}

#[test]
fn calls_of_others_on_the_same_team_count() {
    let mut predictor = Predictor::new(&Options::default(), 0.0);
    let team = team(0.0, 30);
    let alone = predictor.decide(0.0, &team, &Expected::default(), 1_000).launch;
    let mut rivals = Expected { in_flight: 20, ..Expected::default() };
    for knot in 0..rivals.mean.len() {
        rivals.mean[knot] = 10.0 * knot as f64 / 14.0;
        rivals.variance[knot] = rivals.mean[knot];
    }
    let together = predictor.decide(0.0, &team, &rivals, 1_000).launch;
    assert!(alone >= 1 && together == 0, "{alone} {together}");
}

/// Each tenth call is answered after twelve seconds; the others ring until they time out.
#[test]
fn learns_that_few_answer_and_dials_more() {
    let options = Options { ring_timeout_s: 25.0, ..Options::default() };
    let mut predictor = Predictor::new(&options, 0.0);
    let team = team(0.0, 9);
    let first = predictor.decide(0.0, &team, &Expected::default(), 100).launch;
    for round in 0..2_000_u64 {
        let at = round as f64 * 30.0;
        let calls = || (round * 10 + 1..=round * 10 + 10).map(CallId);
        calls().for_each(|call| predictor.see(at, Seen::Dialed { call }));
        let call = CallId(round * 10 + 1);
        predictor.see(at + 12.0, Seen::Answered { call });
        predictor.see(at + 12.0, Seen::Connected { call });
        calls().for_each(|call| predictor.see(at + 25.0, Seen::Ended { call }));
    }
    let figures = predictor.figures(60_000.0, &team);
    assert!((figures.answer_rate - 0.1).abs() < 0.02, "{figures:?}");
    assert!((figures.answer_s - 12.0).abs() < 1.0, "{figures:?}");
    let later = predictor.decide(60_000.0, &team, &Expected::default(), 100).launch;
    assert!(later > first, "{first} {later}");
}

#[test]
fn answers_that_come_late_or_never_let_no_flood_out() {
    for answer_s in [40.0, 1e9] {
        let options = Options { ring_timeout_s: 60.0, ..Options::default() };
        let mut predictor = Predictor::new(&options, 0.0);
        let team = team(0.0, 9);
        for round in 0..3_000_u64 {
            let at = round as f64 * 60.0;
            let calls = || (round * 5..round * 5 + 5).map(CallId);
            calls().for_each(|call| predictor.see(at, Seen::Dialed { call }));
            if answer_s < 60.0 {
                predictor.see(at + answer_s, Seen::Answered { call: CallId(round * 5) });
                predictor.see(at + answer_s, Seen::Connected { call: CallId(round * 5) });
            }
            calls().for_each(|call| predictor.see(at + 60.0, Seen::Ended { call }));
        }
        let launch = predictor.decide(180_000.0, &team, &Expected::default(), 1_000_000).launch;
        let most = if answer_s < 60.0 { 60 } else { 2_500 };
        assert!((1..most).contains(&launch), "{answer_s}: {launch}");
    }
}

#[test]
fn calls_that_rang_long_enough_are_hung_up_when_nobody_could_take_them() {
    let options = Options { min_ring_s: Some(15.0), ..Options::default() };
    let mut predictor = Predictor::new(&options, 0.0);
    let mut team = team(0.0, 0);
    (0..6).for_each(|call| predictor.see(0.0, Seen::Dialed { call: CallId(call) }));
    (0..5).for_each(|call| predictor.see(2.0, Seen::Rings { call: CallId(call) }));
    team.set(16.0, AgentId(0), AgentState::Talking { since: 16.0 });
    let at = |predictor: &mut Predictor, at: f64| {
        predictor.decide(at, &team, &Expected::default(), 10).cancel
    };
    assert_eq!(at(&mut predictor, 16.5), [], "not before they rang 15 s");
    let canceled = at(&mut predictor, 17.0);
    assert_eq!(canceled, [0, 1, 2, 3, 4].map(CallId), "not the one that does not ring");
    assert_eq!(at(&mut predictor, 17.5), [], "once");
    assert_eq!(predictor.expected(17.5).in_flight, 1);
    // One of them is answered all the same.
    predictor.see(17.6, Seen::Answered { call: CallId(2) });
    predictor.see(18.0, Seen::Abandoned { call: CallId(2) });
    assert_eq!(predictor.figures(18.0, &team).abandonment, 1.0);
}
