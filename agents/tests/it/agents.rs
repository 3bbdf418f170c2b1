//! Each kind of mock agent emits exactly the events that it plans, at its pace.

use rehearsal_agents::bridge::Transport;
use rehearsal_agents::event::EventKind::{self, *};
use rehearsal_agents::record::RunEnd;
use rehearsal_agents::spec::{AgentKind, FailureMode, OnFailure, Opening, ThreadPolicy};
use rehearsal_history::Value;
use rehearsal_history::facets::messages::Sending;

use crate::common::{
    Order, TestRun, assert_flawless, failure, flaws, group, kinds_of, ms, run_spec, spec,
    supervisor,
};

fn run_agents(kind: AgentKind, count: u32) -> TestRun {
    let mut spec = spec(Transport::InProcess, vec![group(kind, count)]);
    spec.settings.agents[0].thread = ThreadPolicy::Group;
    spec.settings.bridge.run_timeout = ms(2_000);
    let run = run_spec(&spec, 3, Order::Random);
    assert_flawless(spec.settings.agents[0].kind.name(), &run, flaws(&run));
    run
}

/// Returns the kinds of the events of the agent run at that place in order of declaration,
/// with the milliseconds since its first.
fn emitted(run: &TestRun, place: usize) -> Vec<(String, u64)> {
    let (view, span) = (run.view(), run.spans()[place]);
    let sendings: Vec<_> = view.messages().of_span(span).collect();
    let start = sendings.first().map_or(0, |first| first.at.as_millis());
    sendings
        .iter()
        .map(|sending| (sending.kind().to_string(), sending.at.as_millis() - start))
        .collect()
}

/// Returns the critical events with the milliseconds at which they are due.
fn critical_at(times: [u64; 5]) -> Vec<(String, u64)> {
    let names = CRITICAL.map(|kind| kind.name().to_owned());
    names.into_iter().zip(times).collect()
}

const CRITICAL: [EventKind; 5] = [
    AgentStarted,
    AgentThinking,
    ToolExecuting,
    ToolCompleted,
    AgentCompleted,
];

#[test]
fn every_kind_emits_as_many_events_as_it_plans() {
    let hammer = AgentKind::Hammer { events: 50 };
    let stress = AgentKind::Stress {
        events: 100,
        delay: ms(10),
    };
    let all = [
        (AgentKind::Data, 1),
        (AgentKind::Optimization, 1),
        (AgentKind::Reporting, 1),
        (supervisor(), 1),
        (AgentKind::Fast, 1),
        (AgentKind::Slow, 1),
        (
            AgentKind::Burst {
                opening: Opening::First,
            },
            1,
        ),
        (AgentKind::Streaming, 1),
        (hammer, 1),
        (AgentKind::Success, 1),
        (failure(FailureMode::Exception), 1),
        (failure(FailureMode::Timeout), 1),
        (failure(FailureMode::SilentDeath), 1),
        (AgentKind::Collision { party: 4 }, 4),
        (stress, 1),
    ];
    let mut names: Vec<_> = all.iter().map(|(kind, _)| kind.name()).collect();
    names.dedup();
    assert_eq!(names, AgentKind::NAMES);
    for (kind, count) in all {
        let run = run_agents(kind.clone(), count);
        let view = run.view();
        let spans = run.spans();
        assert!(spans.len() >= count as usize, "{}", kind.name());
        for span in &spans[..count as usize] {
            let kinds = kinds_of(&view, *span);
            assert_eq!(kinds.len() as u64, kind.events(), "{}", kind.name());
            let shown = CRITICAL
                .iter()
                .all(|critical| kinds.iter().any(|kind| **kind == critical.name()));
            assert_eq!(shown, kind.shows_all_critical_events(), "{}", kind.name());
        }
    }
}

#[test]
fn tool_durations_match_the_kind_of_agent() {
    for (kind, time) in [
        (AgentKind::Data, 50),
        (AgentKind::Optimization, 80),
        (AgentKind::Reporting, 60),
        (AgentKind::Fast, 0),
        (AgentKind::Success, 0),
    ] {
        let events = emitted(&run_agents(kind.clone(), 1), 0);
        assert_eq!(
            events,
            critical_at([0, 0, 0, time, time]),
            "{}",
            kind.name()
        );
    }
}

#[test]
fn slow_pauses_between_its_events() {
    let events = emitted(&run_agents(AgentKind::Slow, 1), 0);
    assert_eq!(events, critical_at([0, 200, 400, 700, 700]));
}

#[test]
fn streaming_advances_a_fifth_every_20_ms() {
    let run = run_agents(AgentKind::Streaming, 1);
    let view = run.view();
    let progress = |sending: &Sending<'_>| sending.sent.body.field("progress")?.integer();
    let sendings = view.messages().sendings().iter();
    let updates: Vec<_> = sendings
        .filter_map(|sending| Some((progress(sending)?, sending.at.as_millis())))
        .collect();
    assert_eq!(updates, [(20, 0), (40, 20), (60, 40), (80, 60), (100, 80)]);
}

#[test]
fn burst_events_are_concurrent_within_a_phase_and_ordered_between_phases() {
    let run = run_agents(
        AgentKind::Burst {
            opening: Opening::First,
        },
        1,
    );
    let view = run.view();
    let sendings = view.messages().sendings();
    assert_eq!(*sendings[0].kind(), AgentStarted.name());
    assert_eq!(*sendings[8].kind(), AgentCompleted.name());
    assert!(sendings.iter().all(|sending| sending.clock.is_some()));
    let phase = |range: std::ops::Range<usize>| &sendings[range];
    for (earlier, later) in [(phase(0..1), phase(1..5)), (phase(1..5), phase(5..8))] {
        for (cause, effect) in earlier.iter().zip(later.iter().cycle()) {
            assert!(cause.before(effect));
        }
        for pair in later.windows(2) {
            assert!(!pair[0].before(&pair[1]));
            assert!(!pair[1].before(&pair[0]));
        }
    }
}

#[test]
fn burst_reaches_the_bridge_in_different_orders() {
    let spec = spec(
        Transport::InProcess,
        vec![group(
            AgentKind::Burst {
                opening: Opening::First,
            },
            1,
        )],
    );
    let orders: std::collections::BTreeSet<Vec<_>> = (0..20)
        .map(|seed| run_spec(&spec, seed, Order::Random))
        .map(|run| {
            let view = run.view();
            let deliveries = view.messages().deliveries().iter();
            deliveries
                .map(|delivery| delivery.received.body.field("call"))
                .map(|call| call.and_then(Value::integer))
                .collect()
        })
        .collect();
    assert!(orders.len() > 3, "{orders:?}");
}

#[test]
fn supervisor_events_enclose_its_sub_agents() {
    let run = run_agents(supervisor(), 1);
    let view = run.view();
    let due = [
        AgentStarted,
        AgentThinking,
        SubagentStarted,
        SubagentStarted,
        SubagentStarted,
        SubagentCompleted,
        SubagentCompleted,
        SubagentCompleted,
        AgentCompleted,
    ];
    let supervisor = run.spans()[0];
    let kinds = kinds_of(&view, supervisor);
    assert!(
        kinds
            .iter()
            .map(|kind| kind.as_str())
            .eq(due.map(EventKind::name))
    );
    let began: Vec<_> = view.spans().iter().map(|record| record.began).collect();
    let parents: Vec<_> = began.iter().map(|began| began.parent).collect();
    let parent = Some(supervisor);
    assert_eq!(parents, [None, parent, parent, parent]);
    let names: Vec<_> = began.iter().map(|began| began.label.as_str()).collect();
    assert_eq!(
        names,
        ["supervisor-1", "data-1", "optimization-1", "reporting-1"]
    );
}

#[test]
fn supervisor_completes_after_sub_agents_that_fail() {
    let modes = [
        FailureMode::Exception,
        FailureMode::Timeout,
        FailureMode::SilentDeath,
    ];
    let children = modes.map(failure).to_vec();
    let run = run_agents(
        AgentKind::Supervisor {
            children,
            on_failure: OnFailure::Ignore,
        },
        1,
    );
    let expected = [
        RunEnd::Completed,
        RunEnd::Failed,
        RunEnd::TimedOut,
        RunEnd::DiedSilently,
    ];
    assert_eq!(run.ends(), expected.map(Some));
}

#[test]
fn supervisors_can_be_nested() {
    let below = AgentKind::Supervisor {
        children: vec![AgentKind::Fast, failure(FailureMode::Timeout)],
        on_failure: OnFailure::Ignore,
    };
    let above = AgentKind::Supervisor {
        children: vec![
            below,
            AgentKind::Burst {
                opening: Opening::First,
            },
        ],
        on_failure: OnFailure::Ignore,
    };
    let run = run_agents(above, 2);
    assert_eq!(run.ends().len(), 2 * 5);
}

/// A supervisor of two agents that fail at once and one that takes 700 ms.
fn supervised(on_failure: OnFailure) -> AgentKind {
    let failing = failure(FailureMode::Exception);
    AgentKind::Supervisor {
        children: vec![failing.clone(), AgentKind::Slow, failing],
        on_failure,
    }
}

/// Returns the ends of a supervisor and its three sub-agents, and the times at which the
/// slow one and the supervisor ended, in milliseconds from the start.
fn ends_and_times(on_failure: OnFailure) -> ([Option<RunEnd>; 4], [u64; 2]) {
    let run = run_agents(supervised(on_failure), 1);
    let ends = run.ends().try_into().expect("four runs");
    let times = [2, 0].map(|run_index| {
        let events = emitted(&run, run_index);
        events.last().expect("it has a terminal event").1 - emitted(&run, 0)[0].1
    });
    (ends, times)
}

const FAILED: Option<RunEnd> = Some(RunEnd::Failed);
const COMPLETED: Option<RunEnd> = Some(RunEnd::Completed);

#[test]
fn supervisor_that_ignores_failures_completes() {
    let (ends, times) = ends_and_times(OnFailure::Ignore);
    assert_eq!(ends, [COMPLETED, FAILED, COMPLETED, FAILED]);
    assert_eq!(times, [700, 700]);
}

#[test]
fn supervisor_that_waits_for_all_fails_after_the_last() {
    let (ends, times) = ends_and_times(OnFailure::WaitForAll { tolerated: 1 });
    assert_eq!(ends, [FAILED, FAILED, COMPLETED, FAILED]);
    assert_eq!(times, [700, 700]);
}

#[test]
fn supervisor_tolerates_as_many_failures_as_it_may() {
    for on_failure in [
        OnFailure::WaitForAll { tolerated: 2 },
        OnFailure::FailFast { tolerated: 2 },
    ] {
        let (ends, times) = ends_and_times(on_failure);
        assert_eq!(ends, [COMPLETED, FAILED, COMPLETED, FAILED]);
        assert_eq!(times, [700, 700]);
    }
}

#[test]
fn supervisor_that_fails_fast_cancels_the_others_at_once() {
    let (ends, times) = ends_and_times(OnFailure::FailFast { tolerated: 1 });
    assert_eq!(ends, [FAILED, FAILED, Some(RunEnd::Cancelled), FAILED]);
    assert_eq!(times, [0, 0]);
}

#[test]
fn gathered_opening_is_concurrent_with_its_burst_and_arrives_first() {
    let opening = Opening::Gathered;
    let spec = spec(
        Transport::InProcess,
        vec![group(AgentKind::Burst { opening }, 1)],
    );
    for seed in 0..20 {
        let run = run_spec(&spec, seed, Order::Random);
        let view = run.view();
        let sendings = view.messages().sendings();
        let opening = sendings
            .iter()
            .find(|sending| *sending.kind() == AgentStarted.name())
            .expect("it is sent");
        let burst = sendings.iter().take(5);
        for other in burst.filter(|sending| sending.id() != opening.id()) {
            assert!(!opening.before(other) && !other.before(opening), "{seed}");
        }
        let first = view.messages().deliveries().first();
        let first = first.expect("something arrives");
        assert_eq!(first.received.message, opening.id(), "{seed}");
    }
}

#[test]
fn stress_delays_differ_by_agent_and_seed() {
    let kind = AgentKind::Stress {
        events: 20,
        delay: ms(10),
    };
    let spec = spec(Transport::InProcess, vec![group(kind, 2)]);
    let [a, b] = [1, 2].map(|seed| run_spec(&spec, seed, Order::Random));
    assert_ne!(emitted(&a, 0), emitted(&a, 1));
    assert_ne!(emitted(&a, 0), emitted(&b, 0));
    let events = emitted(&a, 0);
    let pauses: Vec<u64> = events
        .windows(2)
        .map(|pair| pair[1].1 - pair[0].1)
        .collect();
    assert!(pauses.iter().all(|pause| *pause <= 10));
    assert!(pauses.iter().any(|pause| *pause > 0));
}
