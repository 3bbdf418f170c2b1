//! Every defect leaves a trace in the evidence in some seed, and its healthy twin
//! in none. Which oracle finds it, and how often, is tested with the scenarios.

use rehearsal_agents::spec::{AgentKind, BridgeSpec, Defect, FailureMode, FaultKind, Transport};

use crate::common::{
    Order, TRANSPORTS, assert_flawless, failure, group, ms, play, shared, spec, stress, supervisor,
    unexcused, with_defect, with_fault,
};
use rehearsal_agents::bridge::{defects, faults};
use rehearsal_agents::spec::{AgentKind, BridgeSpec, Defect, FailureMode, Transport};

/// A scenario in which the defect can show.
fn scene(defect: Defect, transport: Transport) -> BridgeSpec {
    let reconnecting =
        |agents| with_fault(spec(transport, agents), faults::CLIENT_RECONNECT, 50, 150);
    match defect {
        defects::SILENT_OVERFLOW => {
            let mut spec = reconnecting(vec![group(stress(100), 1)]);
            spec.bridge.buffer = 4;
            spec
        }
        defects::RESUBSCRIBE_FROM_NOW | defects::RESUME_INCLUSIVE | defects::LEAK_ON_DISCONNECT => {
            reconnecting(vec![group(stress(100), 1)])
        }
        defects::SEQUENCE_APART_FROM_SEND => spec(transport, vec![group(AgentKind::Burst, 1)]),
        defects::BROADCAST_TO_ALL | defects::SHARED_RUN_CONTEXT | defects::SHARED_CONTEXT_STACK => {
            spec(transport, vec![group(AgentKind::Fast, 2)])
        }
        defects::REPORT_BEFORE_JOIN => spec(transport, vec![group(supervisor(), 1)]),
        defects::SILENT_DEATH_IS_SUCCESS => {
            spec(transport, vec![group(failure(FailureMode::SilentDeath), 1)])
        }
        defects::DOUBLE_TERMINAL | defects::LEAK_ON_ERROR => {
            spec(transport, vec![group(failure(FailureMode::Exception), 1)])
        }
        defects::LOCK_ORDER_INVERSION => {
            let mut spec = spec(transport, vec![shared(AgentKind::Hammer { events: 10 }, 3)]);
            spec.agents[0].start_within = ms(3);
            spec
        }
        defects::UNAWAITED_TOOL_EVENT => spec(transport, vec![group(AgentKind::Fast, 1)]),
        defects::SWEEP_WITHOUT_RECHECK => {
            let mut spec = spec(transport, vec![group(stress(30), 2)]);
            spec.bridge.ttl = ms(7);
            spec.bridge.sweep_every = ms(4);
            spec
        }
        other => panic!("no scenario shows {other}"),
    }
}

const SEEDS: u64 = 24;

#[test]
fn every_defect_shows_in_some_seed() {
    for transport in TRANSPORTS {
        for (name, defect) in defects::NAMES {
            let spec = with_defect(scene(defect, transport), defect);
            let shows = |seed| !unexcused(&play(&spec, seed, Order::Random)).is_empty();
            let shown = (0..SEEDS).filter(|seed| shows(*seed)).count();
            assert!(shown > 0, "{name} over {transport:?} shows in no seed");
        }
    }
}

#[test]
fn no_healthy_twin_has_a_flaw() {
    for transport in TRANSPORTS {
        for (name, defect) in defects::NAMES {
            let spec = scene(defect, transport);
            for seed in 0..SEEDS {
                let played = play(&spec, seed, Order::Random);
                let what = format!("twin of {name}, {transport:?}, seed {seed}");
                assert_flawless(&what, &played, unexcused(&played));
            }
        }
    }
}

#[test]
fn what_depends_on_the_schedule_does_not_show_without_one() {
    for defect in [
        defects::SEQUENCE_APART_FROM_SEND,
        defects::SHARED_RUN_CONTEXT,
        defects::SHARED_CONTEXT_STACK,
        defects::LOCK_ORDER_INVERSION,
    ] {
        let spec = with_defect(scene(defect, Transport::InProcess), defect);
        let played = play(&spec, 0, Order::Fifo);
        assert_flawless(defect.name(), &played, unexcused(&played));
    }
}

#[test]
fn an_inversion_of_locks_is_a_deadlock_that_names_both() {
    let defect = defects::LOCK_ORDER_INVERSION;
    let spec = with_defect(scene(defect, Transport::InProcess), defect);
    let verdicts = (0..SEEDS).map(|seed| play(&spec, seed, Order::Random).outcome.verdict);
    let deadlock = verdicts
        .filter(|verdict| verdict.as_str() == "deadlock")
        .map(|verdict| verdict.to_string())
        .next();
    let text = deadlock.expect("a deadlock in some seed");
    assert!(text.contains("wait for each other"), "{text}");
    assert_eq!(text.matches("lock of Mutex").count(), 2, "{text}");
}
