//! Delivery under faults: every event arrives once or is covered by a gap marker, and
//! nothing is left behind.

use std::time::Duration;

use rehearsal_agents::bridge::faults;
use rehearsal_agents::bridge::{BridgeSpec, Transport};
use rehearsal_agents::event::EventKind;
use rehearsal_agents::goal::Goal;
use rehearsal_agents::record::marks::{GAP_MARKED, RECONNECTED, REPLAYED};
use rehearsal_agents::record::{Epoch, RunEnd};
use rehearsal_agents::spec::{AgentKind, FailureMode, FaultPlan, Opening};
use rehearsal_history::GapPolicy;
use rehearsal_history::facets::messages::SendOutcome;

use crate::common::{
    Order, TRANSPORTS, TestRun, assert_flawless, crash, crashed_epochs, failure, flaws, flaws_with,
    group, ms, overflow, populations, run_seeds, run_spec, shared, spec, stress, supervisor,
    together, with_fault,
};

/// Returns how many of the runs reach the goal.
fn runs_with(runs: &[TestRun], goal: impl Into<Goal>) -> usize {
    let goal = goal.into();
    runs.iter().filter(|run| run.reached(goal)).count()
}

fn busy(transport: Transport) -> BridgeSpec {
    let mut spec = spec(
        transport,
        vec![group(stress(60), 2), shared(AgentKind::Slow, 2)],
    );
    spec.settings.clients.per_thread = 2;
    spec.settings.clients.idle_timeout = ms(600);
    spec
}

#[test]
fn slow_consumer_receives_gap_markers_and_delays_no_emitter() {
    for transport in TRANSPORTS {
        let mut spec = spec(
            transport,
            vec![shared(AgentKind::Hammer { events: 2_000 }, 1)],
        );
        spec.settings.bridge.buffer = 8;
        spec.settings.clients.read_delay = ms(1);
        let run = run_spec(&spec, 1, Order::Random);
        let gaps = overflow(spec.settings.bridge.buffer);
        assert_flawless("slow consumer", &run, flaws_with(&run, gaps.clone()));
        assert!(run.reached(GAP_MARKED));
        let view = run.checked(gaps);
        let messages = view.messages();
        let (sendings, deliveries) = (messages.sendings(), messages.deliveries());
        let missed: u64 = messages
            .gaps()
            .iter()
            .map(|marker| marker.gap)
            .map(|gap| gap.to.map_or(0, |to| to.0 + 1 - gap.from.0))
            .sum();
        assert_eq!(deliveries.len() as u64 + missed, 2_002);
        let sent = sendings.last().map(|last| last.at.as_millis());
        let received = deliveries.last().map(|last| last.at.as_millis());
        assert!(sent < Some(100), "emitters were held up: {sent:?}");
        assert!(received > sent);
    }
}

/// A marker excuses nothing unless its cause is named, and covers no event that was still
/// in the buffer.
#[test]
fn slow_consumer_has_flaws_if_no_overflow_is_allowed() {
    let agents = vec![shared(AgentKind::Hammer { events: 100 }, 1)];
    let mut spec = spec(Transport::InProcess, agents);
    spec.settings.bridge.buffer = 8;
    spec.settings.clients.read_delay = ms(1);
    let run = run_spec(&spec, 1, Order::Random);
    assert_flawless("overflow", &run, flaws_with(&run, overflow(8)));
    for gaps in [GapPolicy::default(), crash(), overflow(64)] {
        let found = flaws_with(&run, gaps.clone());
        assert!(!found.is_empty(), "{gaps:?}");
    }
}

#[test]
fn reconnected_client_resumes_at_its_last_position() {
    for transport in TRANSPORTS {
        let spec = with_fault(busy(transport), faults::CLIENT_RECONNECT, 20, 250);
        let runs = run_seeds(&spec, 8);
        for run in &runs {
            assert_flawless("reconnect", run, flaws(run));
            assert!(run.reached(RECONNECTED));
        }
        assert!(runs_with(&runs, faults::CLIENT_RECONNECT) > 8);
        assert!(runs_with(&runs, REPLAYED) > 8);
    }
}

#[test]
fn network_faults_lose_no_event() {
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
        let runs = run_seeds(&spec, 4);
        for run in &runs {
            assert_flawless(&kind.name(), run, flaws(run));
        }
        let struck = runs_with(&runs, kind);
        assert_eq!(struck, runs.len(), "{}", kind.name());
    }
}

#[test]
fn crash_leaves_gap_markers_and_ends_every_run_once() {
    let agents = vec![
        group(stress(60), 2),
        group(supervisor(), 1),
        shared(
            AgentKind::Burst {
                opening: Opening::First,
            },
            2,
        ),
        group(failure(FailureMode::SilentDeath), 1),
        together(AgentKind::Collision { party: 3 }, 3),
    ];
    let mut spec = spec(Transport::WebSocket, agents);
    for group in &mut spec.settings.agents {
        group.start_within = ms(150);
    }
    spec.settings.clients.idle_timeout = ms(900);
    let spec = with_fault(spec, faults::BRIDGE_CRASH, 0, 250);
    let runs = run_seeds(&spec, 20);
    for run in &runs {
        assert_flawless("crash", run, flaws_with(run, crash()));
        assert_eq!(crashed_epochs(&run.history), [Epoch(1)]);
        let started = 2 + 4 + 2 + 1 + 3 - unstarted_children(run);
        assert_eq!(run.ends().len(), started);
        assert_deaths_match_ends(run);
    }
    let ended_by = |end| {
        let runs = runs.iter();
        runs.filter(|run| run.ends().contains(&Some(end))).count()
    };
    assert!(ended_by(RunEnd::HostDied) > 20);
    assert!(
        ended_by(RunEnd::Completed) > 20,
        "agents begin after the crash"
    );
    assert_eq!(runs_with(&runs, GAP_MARKED), runs.len());
    let unanswered = runs.iter().any(|run| {
        let view = run.view();
        let mut sendings = view.messages().sendings().iter();
        sendings.any(|sending| sending.outcome == SendOutcome::Indeterminate)
    });
    assert!(unanswered, "a crash interrupts an emission in some run");
}

/// An agent run has an event of its death exactly if its host died or it died silently.
fn assert_deaths_match_ends(run: &TestRun) {
    let view = run.view();
    for record in view.spans().iter() {
        let sendings = view.messages().of_span(record.began.span);
        let mut kinds = sendings.map(|sending| sending.kind());
        let died = kinds.any(|kind| *kind == EventKind::AgentDeath.name());
        let due = matches!(record.end(), Some(RunEnd::HostDied | RunEnd::DiedSilently));
        assert_eq!(died, due, "{}", view.describe_record(record));
    }
}

/// Returns the number of sub-agents whose supervisor died before it started them.
fn unstarted_children(run: &TestRun) -> usize {
    let view = run.view();
    let spans = view.spans().iter();
    3 - spans.filter(|record| record.began.parent.is_some()).count()
}

#[test]
fn overlapping_faults_lose_no_event_without_a_marker() {
    let mut spec = busy(Transport::WebSocket);
    spec.faults = FaultPlan {
        budget: 8,
        at_least: 4,
        kinds: faults::FAULTS.to_vec(),
        from: Duration::ZERO,
        until: ms(700),
        lasting: ms(400),
        ..FaultPlan::default()
    };
    let runs = run_seeds(&spec, 25);
    for run in &runs {
        assert_flawless("overlapping faults", run, flaws_with(run, crash()));
    }
    for kind in faults::FAULTS {
        let name = kind.name();
        assert!(runs_with(&runs, kind) > 0, "{name}");
    }
}

#[test]
fn lossy_links_lose_no_event() {
    let mut spec = busy(Transport::WebSocket);
    spec.network.loss_per_mille = 100;
    for run in run_seeds(&spec, 3) {
        assert_flawless("loss", &run, flaws(&run));
    }
}

#[test]
fn fault_plans_are_drawn_by_the_seed() {
    let (_, spec, _) = populations(Transport::WebSocket).remove(0);
    let mut spec = with_fault(spec, faults::HOLD, 10, 40);
    spec.faults.at_least = 0;
    let runs = run_seeds(&spec, 10);
    let struck = runs_with(&runs, faults::HOLD);
    assert!(0 < struck && struck < runs.len(), "{struck}");
}

#[test]
fn fault_after_the_last_run_is_not_counted() {
    let (_, spec, _) = populations(Transport::WebSocket).remove(0);
    let spec = with_fault(spec, faults::BRIDGE_CRASH, 5_000, 6_000);
    for run in run_seeds(&spec, 2) {
        assert_flawless("late fault", &run, flaws(&run));
        assert!(!run.reached(faults::BRIDGE_CRASH));
    }
}
