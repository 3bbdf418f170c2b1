//! The agent runtime: its exact times, from the history of whole runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rehearsal_agents::record::Recorder;
use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::system;
use rehearsal_agents::systems::runtime::{
    AgentRuntime, ClientGroup, ClientKind, ContextSettings, Effort, MODEL, RuntimeScenario,
    RuntimeSettings, Timing, ToolSettings,
};
use rehearsal_history::{EntryKind, Phase, SpanEnd};
use rehearsal_sim::{Config, NetConfig, Random, Recording, Verdict, VirtualTime};

use crate::common::{TestRun, ms};

/// The time of every packet.
const LATENCY: Duration = Duration::from_millis(7);

fn run(runtime: RuntimeSettings, kind: ClientKind, count: u32, seed: u64) -> TestRun {
    let spec = ScenarioSpec::new(RuntimeScenario {
        runtime,
        tools: ToolSettings::default(),
        context: ContextSettings::default(),
        clients: vec![ClientGroup { kind, count }],
    });
    let config = Config {
        seed,
        strategy: Box::new(Random::default()),
        recording: Recording::Fingerprint,
        net: NetConfig {
            latency_min: LATENCY,
            latency_max: LATENCY,
            ..NetConfig::default()
        },
        ..Config::default()
    };
    let recorder = Recorder::with_model(&MODEL);
    let handle = recorder.clone();
    let outcome = rehearsal_sim::run(config, move |world| {
        system::run(world, AgentRuntime, spec, handle)
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    TestRun {
        outcome,
        history: recorder.into_history(),
    }
}

fn at_once(messages: u32) -> Timing {
    Timing {
        messages,
        delay: Duration::ZERO,
        cancel_within: None,
        timeout: None,
    }
}

fn caller(timing: Timing) -> ClientKind {
    let effort = Effort {
        steps: 1,
        step: Duration::ZERO,
    };
    ClientKind::Caller { timing, effort }
}

/// Returns when each message of that kind was sent.
fn sent(run: &TestRun, kind: &str) -> Vec<VirtualTime> {
    let entries = run.history.entries.iter();
    let sent = entries.filter_map(|entry| match &entry.kind {
        EntryKind::Sent(sent) if sent.body.kind == *kind => Some(entry.at),
        _ => None,
    });
    sent.collect()
}

#[test]
fn ten_model_calls_a_minute_are_ten_in_each_of_three_windows() {
    let settings = RuntimeSettings {
        model_calls: 10,
        ..RuntimeSettings::default()
    };
    for seed in 0..16 {
        let run = run(settings.clone(), caller(at_once(25)), 1, seed);
        let mut counts: BTreeMap<VirtualTime, u32> = BTreeMap::new();
        for at in sent(&run, "response") {
            *counts.entry(at).or_default() += 1;
        }
        let first = *counts.keys().next().expect("a response");
        let minute = Duration::from_secs(60);
        let expected = BTreeMap::from([
            (first, 10),
            (first + minute, 10),
            (first + minute + minute, 5),
        ]);
        assert_eq!(counts, expected, "seed {seed}");
    }
}

#[test]
fn limited_callers_that_are_cancelled_hold_no_shutdown_up() {
    let settings = RuntimeSettings {
        model_calls: 1,
        ..RuntimeSettings::default()
    };
    let timing = Timing {
        timeout: Some(ms(500)),
        ..at_once(5)
    };
    for seed in 0..16 {
        let run = run(settings.clone(), caller(timing), 1, seed);
        let began = run
            .history
            .entries
            .iter()
            .find_map(|entry| match entry.kind {
                EntryKind::Began(_) => Some(entry.at),
                _ => None,
            });
        let ended = run
            .history
            .entries
            .iter()
            .rev()
            .find_map(|entry| match entry.kind {
                EntryKind::Ended { .. } => Some(entry.at),
                _ => None,
            });
        let (began, ended) = began.zip(ended).expect("requests");
        assert_eq!(ended, began + ms(500), "seed {seed}");
        let view = run.view();
        let timed_out = view
            .spans()
            .iter()
            .filter(|record| record.end() == Some(SpanEnd::TimedOut));
        assert_eq!(timed_out.count(), 4, "seed {seed}");
        let census = run.view().resources().census(Phase::ShutDown).cloned();
        let census = census.expect("the run comes to its end");
        assert_eq!((census.tasks.len(), census.timers), (0, 0), "seed {seed}");
    }
}

#[test]
fn a_cancellation_reaches_the_whole_tree_after_one_latency() {
    let timing = Timing {
        cancel_within: Some(ms(60)),
        ..at_once(4)
    };
    let kind = ClientKind::Delegator {
        timing,
        effort: Effort {
            steps: 4,
            step: ms(40),
        },
        depth: 3,
        width: 2,
    };
    let mut below = 0;
    for seed in 0..16 {
        let run = run(RuntimeSettings::default(), kind, 2, seed);
        let view = run.view();
        let cancelled: BTreeMap<_, _> = view
            .spans()
            .iter()
            .filter(|record| record.began.parent.is_none())
            .filter_map(|record| match record.ends[..] {
                [(at, SpanEnd::Cancelled)] => Some((record.began.span, at)),
                _ => None,
            })
            .collect();
        for record in view.spans().iter() {
            let mut root = record;
            while let Some(parent) = root.began.parent.and_then(|span| view.spans().get(span)) {
                root = parent;
            }
            let Some(at) = cancelled.get(&root.began.span) else {
                continue;
            };
            let [(ended, end)] = record.ends[..] else {
                panic!("{record:?} has not one end");
            };
            if record.began.parent.is_some() && end == SpanEnd::Cancelled {
                below += 1;
                assert_eq!(ended, *at + LATENCY, "seed {seed}: {record:?}");
            }
            assert!(ended <= *at + LATENCY, "seed {seed}: {record:?}");
        }
    }
    assert!(below > 100, "{below} requests below cancelled ones");
}

#[test]
fn each_agent_is_created_once_however_many_ask_first() {
    let settings = RuntimeSettings {
        users: 2,
        agents: 3,
        start: ms(10),
        ..RuntimeSettings::default()
    };
    for seed in 0..16 {
        let run = run(settings.clone(), caller(at_once(6)), 4, seed);
        let view = run.view();
        let asked: BTreeSet<String> = view
            .spans()
            .iter()
            .map(|record| record.began.label.to_string())
            .collect();
        let created = run.history.entries.iter().filter(|entry| {
            matches!(&entry.kind, EntryKind::Invariant { name, broken: None }
                if *name == *"the factory is called once for each agent")
        });
        assert_eq!(created.count(), asked.len(), "seed {seed}");
        assert_eq!(sent(&run, "response").len(), 2 * 4 * 6, "seed {seed}");
    }
}
