//! Every defect breaks a rule of an oracle in some seed, and its healthy twin in none.
//! The tests of the scenarios say by which oracle it must be caught.

use rehearsal_agents::bridge::{BridgeSpec, Transport};
use rehearsal_agents::bridge::{defects, faults};
use rehearsal_agents::spec::{AgentKind, Defect, FailureMode, OnFailure, Opening};
use rehearsal_history::oracle::{OracleRef, SettingValue, Settings};
use rehearsal_history::{Amount, CheckedRun, GapPolicy, Phase};
use rehearsal_sim::LiveTask;

use crate::common::{
    Order, TRANSPORTS, assert_flawless, failure, flaws_with, group, ms, overflow, run_spec, shared,
    spec, stress, supervisor, violations, with_defect, with_fault,
};

/// A scenario in which the defect can show.
fn scenario(defect: Defect, transport: Transport) -> BridgeSpec {
    let reconnecting =
        |agents| with_fault(spec(transport, agents), faults::CLIENT_RECONNECT, 50, 150);
    match defect {
        defects::SILENT_OVERFLOW => {
            let mut spec = reconnecting(vec![group(stress(100), 1)]);
            spec.settings.bridge.buffer = 4;
            spec
        }
        defects::RESUBSCRIBE_FROM_NOW | defects::RESUME_INCLUSIVE | defects::LEAK_ON_DISCONNECT => {
            reconnecting(vec![group(stress(100), 1)])
        }
        defects::SEQUENCE_APART_FROM_SEND => spec(
            transport,
            vec![group(
                AgentKind::Burst {
                    opening: Opening::First,
                },
                1,
            )],
        ),
        defects::BROADCAST_TO_ALL | defects::SHARED_RUN_CONTEXT | defects::SHARED_CONTEXT_STACK => {
            spec(transport, vec![group(AgentKind::Fast, 2)])
        }
        defects::ROUTED_BY_RUN_NUMBER
        | defects::ROUTED_BY_USER_NUMBER
        | defects::MAPS_UPDATED_APART => spec(transport, vec![group(AgentKind::Fast, 3)]),
        // A client that was away is sent many events together.
        defects::GROUPED_BY_RUN => {
            let spec = spec(transport, vec![group(supervisor(), 1)]);
            with_fault(spec, faults::CLIENT_RECONNECT, 10, 40)
        }
        defects::OPENING_OVERTAKEN => {
            let opening = Opening::Gathered;
            spec(transport, vec![group(AgentKind::Burst { opening }, 1)])
        }
        defects::SIBLINGS_NOT_CANCELLED => {
            let children = vec![failure(FailureMode::Exception), AgentKind::Slow];
            let on_failure = OnFailure::FailFast { tolerated: 0 };
            let kind = AgentKind::Supervisor {
                children,
                on_failure,
            };
            spec(transport, vec![group(kind, 1)])
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
            spec.settings.agents[0].start_within = ms(3);
            spec
        }
        defects::UNAWAITED_TOOL_EVENT => spec(transport, vec![group(AgentKind::Fast, 1)]),
        defects::SWEEP_WITHOUT_RECHECK => {
            let mut spec = spec(transport, vec![group(stress(30), 2)]);
            spec.settings.bridge.ttl = ms(7);
            spec.settings.bridge.sweep_every = ms(4);
            spec
        }
        // More events than the sockets in between can hold, faster than the client reads.
        defects::LOCK_HELD_WHILE_SENDING => {
            let hammer = AgentKind::Hammer { events: 1_000 };
            let mut spec = spec(transport, vec![group(hammer, 1), group(AgentKind::Slow, 1)]);
            spec.settings.clients.read_delay = ms(5);
            spec
        }
        other => panic!("no scenario shows {other}"),
    }
}

/// The gaps that the scenario of a defect may have.
fn gaps(defect: Defect, spec: &BridgeSpec) -> GapPolicy {
    match defect {
        defects::SILENT_OVERFLOW => overflow(spec.settings.bridge.buffer),
        _ => GapPolicy::default(),
    }
}

/// Returns `true` if an oracle finds a rule broken in the run of a seed.
fn is_caught(defect: Defect, spec: &BridgeSpec, seed: u64) -> bool {
    let run = run_spec(spec, seed, Order::Random);
    let run = run.checked(gaps(defect, spec));
    OracleRef::all().any(|oracle| oracle.judge(&run, &settings(oracle)).broken() > 0)
}

/// An oracle's settings: an event is accepted at once, whatever its readers do.
fn settings(oracle: OracleRef) -> Settings {
    let mut settings = Settings::default();
    if oracle.needs_settings() {
        let limits = [("acceptance".to_owned(), Amount::whole(0))];
        settings.set("at_most", SettingValue::Amounts(limits.into()));
    }
    settings
}

const SEEDS: u64 = 24;

#[test]
fn every_defect_shows_in_some_seed() {
    for transport in TRANSPORTS {
        for (name, defect) in defects::NAMES {
            let spec = with_defect(scenario(defect, transport), defect);
            let seeds = (0..SEEDS).filter(|seed| is_caught(defect, &spec, *seed));
            let shown = seeds.count();
            assert!(shown > 0, "{name} over {transport:?} shows in no seed");
        }
    }
}

#[test]
fn no_healthy_twin_has_a_flaw() {
    for transport in TRANSPORTS {
        for (name, defect) in defects::NAMES {
            let spec = scenario(defect, transport);
            for seed in 0..SEEDS {
                let run = run_spec(&spec, seed, Order::Random);
                let what = format!("twin of {name}, {transport:?}, seed {seed}");
                assert_flawless(&what, &run, flaws_with(&run, gaps(defect, &spec)));
            }
        }
    }
}

#[test]
fn schedule_dependent_defects_do_not_show_under_the_default_schedule() {
    for defect in [
        defects::SEQUENCE_APART_FROM_SEND,
        defects::SHARED_RUN_CONTEXT,
        defects::SHARED_CONTEXT_STACK,
        defects::LOCK_ORDER_INVERSION,
        defects::MAPS_UPDATED_APART,
    ] {
        let spec = with_defect(scenario(defect, Transport::InProcess), defect);
        let run = run_spec(&spec, 0, Order::Fifo);
        assert_flawless(defect.name(), &run, flaws_with(&run, gaps(defect, &spec)));
    }
}

#[test]
fn lock_order_inversion_deadlocks_and_names_both_locks() {
    let defect = defects::LOCK_ORDER_INVERSION;
    let spec = with_defect(scenario(defect, Transport::InProcess), defect);
    let verdicts = (0..SEEDS).map(|seed| run_spec(&spec, seed, Order::Random).outcome.verdict);
    let deadlock = verdicts
        .filter(|verdict| verdict.as_str() == "deadlock")
        .map(|verdict| verdict.to_string())
        .next();
    let text = deadlock.expect("a deadlock in some seed");
    assert!(text.contains("wait for each other"), "{text}");
    assert_eq!(text.matches("lock of Mutex").count(), 2, "{text}");
}

/// Returns the tasks at a moment that write to a client.
fn writers<'a>(run: &CheckedRun<'a>, phase: Phase) -> Vec<&'a LiveTask> {
    let census = run.resources().census(phase).expect("a census");
    let tasks = census.tasks.iter();
    tasks
        .filter(|task| task.name.starts_with("writer to "))
        .collect()
}

#[test]
fn writer_of_a_lost_connection_is_reported_before_the_shutdown() {
    let defect = defects::LEAK_ON_DISCONNECT;
    let cleanup = OracleRef::parse("cleanup").expect("an oracle of that name");
    for transport in TRANSPORTS {
        let spec = scenario(defect, transport);
        let healthy = run_spec(&spec, 0, Order::Random);
        assert_eq!(
            writers(&healthy.view(), Phase::Quiescent),
            Vec::<&LiveTask>::new()
        );
        let run = run_spec(&with_defect(spec, defect), 0, Order::Random);
        let view = run.view();
        assert_eq!(writers(&view, Phase::Ready), Vec::<&LiveTask>::new());
        assert_eq!(writers(&view, Phase::Quiescent).len(), 1, "{transport:?}");
        let leaked: usize = [Phase::Quiescent, Phase::ShutDown]
            .map(|phase| writers(&view, phase).len())
            .iter()
            .sum();
        let violations = violations(&view, cleanup);
        let reported = violations.iter().filter(|broken| broken.rule == "task");
        assert_eq!(reported.count(), leaked, "{violations:#?}");
    }
}
