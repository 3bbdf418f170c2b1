//! Each kind of mock agent emits exactly what it says, at its pace.

use rehearsal_agents::event::EventKind::{self, *};
use rehearsal_agents::event::RunId;
use rehearsal_agents::record::RunEnd;
use rehearsal_agents::spec::{AgentKind, FailureMode, ThreadPolicy, Transport};

use crate::common::{
    Order, Played, assert_flawless, failure, flaws, group, ms, play, spec, supervisor,
};

fn play_one(kind: AgentKind, count: u32) -> Played {
    let mut spec = spec(Transport::InProcess, vec![group(kind, count)]);
    spec.agents[0].thread = ThreadPolicy::Group;
    spec.bridge.run_timeout = ms(2_000);
    let played = play(&spec, 3, Order::Random);
    assert_flawless(spec.agents[0].kind.name(), &played, flaws(&played));
    played
}

/// A run's events with the milliseconds since its first.
fn emitted(played: &Played, run: u32) -> Vec<(EventKind, u64)> {
    let emissions = played.evidence.emissions.iter();
    let mine: Vec<_> = emissions
        .filter(|emission| emission.run == RunId(run))
        .collect();
    let start = mine.first().map_or(0, |first| first.at.as_millis());
    mine.iter()
        .map(|emission| (emission.kind, emission.at.as_millis() - start))
        .collect()
}

fn kinds(events: &[(EventKind, u64)]) -> Vec<EventKind> {
    events.iter().map(|(kind, _)| *kind).collect()
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
        (AgentKind::Burst, 1),
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
        let played = play_one(kind.clone(), count);
        for run in 1..=count {
            let events = emitted(&played, run);
            assert_eq!(events.len() as u64, kind.events(), "{}", kind.name());
            let shown = CRITICAL.iter().all(|kind| kinds(&events).contains(kind));
            assert_eq!(shown, kind.shows_all_critical_events(), "{}", kind.name());
        }
    }
}

#[test]
fn tools_take_their_time() {
    for (kind, time) in [
        (AgentKind::Data, 50),
        (AgentKind::Optimization, 80),
        (AgentKind::Reporting, 60),
        (AgentKind::Fast, 0),
        (AgentKind::Success, 0),
    ] {
        let events = emitted(&play_one(kind.clone(), 1), 1);
        let times = [0, 0, 0, time, time];
        let due: Vec<_> = CRITICAL.into_iter().zip(times).collect();
        assert_eq!(events, due, "{}", kind.name());
    }
}

#[test]
fn slow_pauses_between_its_events() {
    let events = emitted(&play_one(AgentKind::Slow, 1), 1);
    let due: Vec<_> = CRITICAL.into_iter().zip([0, 200, 400, 700, 700]).collect();
    assert_eq!(events, due);
}

#[test]
fn streaming_advances_a_fifth_every_20_ms() {
    let played = play_one(AgentKind::Streaming, 1);
    let updates: Vec<_> = played
        .evidence
        .emissions
        .iter()
        .filter_map(|emission| Some((emission.payload.progress?, emission.at.as_millis())))
        .collect();
    assert_eq!(updates, [(20, 0), (40, 20), (60, 40), (80, 60), (100, 80)]);
}

#[test]
fn a_burst_is_concurrent_within_and_ordered_without() {
    let played = play_one(AgentKind::Burst, 1);
    let emissions = &played.evidence.emissions;
    let (first, last) = (&emissions[0], &emissions[8]);
    assert_eq!((first.kind, last.kind), (AgentStarted, AgentCompleted));
    let phase = |range: std::ops::Range<usize>| &emissions[range];
    for (earlier, later) in [(phase(0..1), phase(1..5)), (phase(1..5), phase(5..8))] {
        for (cause, effect) in earlier.iter().zip(later.iter().cycle()) {
            assert!(cause.clock.before(&effect.clock));
        }
        for pair in later.windows(2) {
            assert!(!pair[0].clock.before(&pair[1].clock));
            assert!(!pair[1].clock.before(&pair[0].clock));
        }
    }
}

#[test]
fn a_burst_reaches_the_bridge_in_different_orders() {
    let spec = spec(Transport::InProcess, vec![group(AgentKind::Burst, 1)]);
    let orders: std::collections::BTreeSet<Vec<_>> = (0..20)
        .map(|seed| play(&spec, seed, Order::Random))
        .map(|played| {
            let received = played.evidence.deliveries.iter();
            received
                .map(|delivery| delivery.event.payload.tool.clone())
                .map(|tool| tool.map(|tool| tool.call))
                .collect()
        })
        .collect();
    assert!(orders.len() > 3, "{orders:?}");
}

#[test]
fn a_supervisor_encloses_its_sub_agents() {
    let played = play_one(supervisor(), 1);
    let events = kinds(&emitted(&played, 1));
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
    assert_eq!(events, due);
    let runs = &played.evidence.runs;
    let parents: Vec<_> = runs.values().map(|run| run.parent).collect();
    let parent = Some(RunId(1));
    assert_eq!(parents, [None, parent, parent, parent]);
    let names: Vec<_> = runs.values().map(|run| &*run.agent).collect();
    assert_eq!(
        names,
        ["supervisor-1", "data-1", "optimization-1", "reporting-1"]
    );
}

#[test]
fn a_supervisor_reports_sub_agents_that_fail_and_completes() {
    let modes = [
        FailureMode::Exception,
        FailureMode::Timeout,
        FailureMode::SilentDeath,
    ];
    let children = modes.map(failure).to_vec();
    let played = play_one(AgentKind::Supervisor { children }, 1);
    let ends: Vec<_> = played.evidence.runs.values().map(|run| run.end).collect();
    let expected = [
        RunEnd::Completed,
        RunEnd::Failed,
        RunEnd::TimedOut,
        RunEnd::DiedSilently,
    ];
    assert_eq!(ends, expected.map(Some));
}

#[test]
fn supervisors_may_stand_above_supervisors() {
    let below = AgentKind::Supervisor {
        children: vec![AgentKind::Fast, failure(FailureMode::Timeout)],
    };
    let above = AgentKind::Supervisor {
        children: vec![below, AgentKind::Burst],
    };
    let played = play_one(above, 2);
    assert_eq!(played.evidence.runs.len(), 2 * 5);
}

#[test]
fn stress_draws_its_delays_per_agent_and_seed() {
    let kind = AgentKind::Stress {
        events: 20,
        delay: ms(10),
    };
    let spec = spec(Transport::InProcess, vec![group(kind, 2)]);
    let (a, b) = (play(&spec, 1, Order::Random), play(&spec, 2, Order::Random));
    assert_ne!(emitted(&a, 1), emitted(&a, 2));
    assert_ne!(emitted(&a, 1), emitted(&b, 1));
    let events = emitted(&a, 1);
    let pauses: Vec<u64> = events
        .windows(2)
        .map(|pair| pair[1].1 - pair[0].1)
        .collect();
    assert!(pauses.iter().all(|pause| *pause <= 10));
    assert!(pauses.iter().any(|pause| *pause > 0));
}
