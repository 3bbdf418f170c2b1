//! Delivery under faults: nothing is lost without a marker, nothing comes twice,
//! and nothing is left behind.

use std::time::Duration;

use rehearsal_agents::bridge::faults;
use rehearsal_agents::event::EventKind;
use rehearsal_agents::record::{Epoch, Fate, Mark, RunEnd};
use rehearsal_agents::spec::{AgentKind, BridgeSpec, FailureMode, FaultPlan, Transport};

use crate::common::{
    ORDERS, Order, Played, TRANSPORTS, assert_flawless, failure, flaws, group, ms, play, seven,
    shared, spec, stress, supervisor, unexcused, with_fault,
};

fn reached(played: &Played, mark: Mark) -> bool {
    played.evidence.marks.contains_key(&mark)
}

/// How many of the seeds reach the mark.
fn seeds_with(runs: &[Played], mark: Mark) -> usize {
    runs.iter().filter(|played| reached(played, mark)).count()
}

fn play_seeds(spec: &BridgeSpec, seeds: u64) -> Vec<Played> {
    let each = |seed| ORDERS.map(|order| play(spec, seed, order));
    (0..seeds).flat_map(each).collect()
}

fn busy(transport: Transport) -> BridgeSpec {
    let mut spec = spec(
        transport,
        vec![group(stress(60), 2), shared(AgentKind::Slow, 2)],
    );
    spec.clients.per_thread = 2;
    spec.clients.idle_timeout = ms(600);
    spec
}

#[test]
fn a_slow_consumer_is_told_what_it_missed_and_delays_nobody() {
    for transport in TRANSPORTS {
        let mut spec = spec(
            transport,
            vec![shared(AgentKind::Hammer { events: 2_000 }, 1)],
        );
        spec.bridge.buffer = 8;
        spec.clients.read_delay = ms(1);
        let played = play(&spec, 1, Order::Random);
        assert_flawless("slow consumer", &played, unexcused(&played));
        assert!(reached(&played, Mark::GapMarked));
        let evidence = &played.evidence;
        let seen = evidence.deliveries.len() as u64;
        let missed: u64 = evidence
            .gaps
            .iter()
            .map(|(_, gap, _)| gap.to.map_or(0, |to| to.0 + 1 - gap.from.0))
            .sum();
        assert_eq!(seen + missed, 2_002);
        let emitted = evidence.emissions.last().map(|last| last.at.as_millis());
        let heard = evidence.deliveries.last().map(|last| last.at.as_millis());
        assert!(emitted < Some(100), "emitters were held up: {emitted:?}");
        assert!(heard > emitted);
    }
}

#[test]
fn a_client_that_reconnects_resumes_exactly_where_it_was() {
    for transport in TRANSPORTS {
        let spec = with_fault(busy(transport), faults::CLIENT_RECONNECT, 20, 250);
        let runs = play_seeds(&spec, 8);
        for played in &runs {
            assert_flawless("reconnect", played, flaws(played));
            assert!(reached(played, Mark::Reconnected));
        }
        assert!(seeds_with(&runs, Mark::Fault(faults::CLIENT_RECONNECT)) > 8);
        assert!(seeds_with(&runs, Mark::Replayed) > 8);
    }
}

#[test]
fn network_faults_lose_nothing() {
    let kinds = [
        faults::CONNECTION_RESET,
        faults::PARTITION,
        faults::PARTITION_TO_BRIDGE,
        faults::PARTITION_FROM_BRIDGE,
        faults::HOLD,
        faults::BRIDGE_PAUSE,
    ];
    for kind in kinds {
        let spec = with_fault(busy(Transport::WebSocket), kind, 10, 300);
        let runs = play_seeds(&spec, 4);
        for played in &runs {
            assert_flawless(&kind.name(), played, flaws(played));
        }
        assert_eq!(
            seeds_with(&runs, Mark::Fault(kind)),
            runs.len(),
            "{}",
            kind.name()
        );
    }
}

#[test]
fn a_crash_leaves_gap_markers_and_ends_every_run_once() {
    let agents = vec![
        group(stress(60), 2),
        group(supervisor(), 1),
        shared(AgentKind::Burst, 2),
        group(failure(FailureMode::SilentDeath), 1),
        crate::common::together(AgentKind::Collision { party: 3 }, 3),
    ];
    let mut spec = spec(Transport::WebSocket, agents);
    for group in &mut spec.agents {
        group.start_within = ms(150);
    }
    spec.clients.idle_timeout = ms(900);
    let spec = with_fault(spec, faults::BRIDGE_CRASH, 0, 250);
    let runs = play_seeds(&spec, 20);
    for played in &runs {
        assert_flawless("crash", played, unexcused(played));
        let evidence = &played.evidence;
        assert_eq!(evidence.crashed_epochs, [Epoch(1)]);
        assert_eq!(evidence.runs.len(), 2 + 4 + 2 + 1 + 3 - unborn(played));
        for run in evidence.runs.values() {
            let died = evidence
                .emissions
                .iter()
                .any(|emission| emission.run == run.run && emission.kind == EventKind::AgentDeath);
            let due = matches!(run.end, Some(RunEnd::HostDied | RunEnd::DiedSilently));
            assert_eq!(died, due, "{}", run.run);
        }
    }
    let ended_by = |end| {
        let has = |played: &&Played| {
            let mut runs = played.evidence.runs.values();
            runs.any(|run| run.end == Some(end))
        };
        runs.iter().filter(has).count()
    };
    assert!(ended_by(RunEnd::HostDied) > 20);
    assert!(
        ended_by(RunEnd::Completed) > 20,
        "agents begin after the crash"
    );
    assert!(seeds_with(&runs, Mark::GapMarked) == runs.len());
    let unanswered = runs.iter().any(|played| {
        let mut emissions = played.evidence.emissions.iter();
        emissions.any(|emission| emission.fate == Fate::Unanswered)
    });
    assert!(unanswered, "a crash interrupts an emission in some run");
}

/// Sub-agents whose supervisor died before it started them.
fn unborn(played: &Played) -> usize {
    let runs = played.evidence.runs.values();
    3 - runs.filter(|run| run.parent.is_some()).count()
}

#[test]
fn faults_may_overlap() {
    let mut spec = busy(Transport::WebSocket);
    spec.faults = FaultPlan {
        budget: 8,
        at_least: 4,
        kinds: faults::FAULTS.to_vec(),
        from: Duration::ZERO,
        until: ms(700),
        lasting: ms(400),
    };
    let runs = play_seeds(&spec, 25);
    for played in &runs {
        assert_flawless("overlapping faults", played, unexcused(played));
    }
    for kind in faults::FAULTS {
        let name = kind.name();
        assert!(seeds_with(&runs, Mark::Fault(kind)) > 0, "{name}");
    }
}

#[test]
fn lossy_links_lose_nothing() {
    let mut spec = busy(Transport::WebSocket);
    spec.network.loss_per_mille = 100;
    for played in play_seeds(&spec, 3) {
        assert_flawless("loss", &played, flaws(&played));
    }
}

#[test]
fn fault_plans_are_drawn_by_the_seed() {
    let (_, spec, _) = seven(Transport::WebSocket).remove(0);
    let mut spec = with_fault(spec, faults::HOLD, 10, 40);
    spec.faults.at_least = 0;
    let runs = play_seeds(&spec, 10);
    let struck = seeds_with(&runs, Mark::Fault(faults::HOLD));
    assert!(0 < struck && struck < runs.len(), "{struck}");
}

#[test]
fn a_fault_after_all_runs_have_ended_does_not_count() {
    let (_, spec, _) = seven(Transport::WebSocket).remove(0);
    let spec = with_fault(spec, faults::BRIDGE_CRASH, 5_000, 6_000);
    for played in play_seeds(&spec, 2) {
        assert_flawless("late fault", &played, flaws(&played));
        assert!(!reached(&played, Mark::Fault(faults::BRIDGE_CRASH)));
    }
}
