//! Two simulators, one system: the store with its replicas, workers and agents runs on
//! classic turmoil too, and the same oracles hold there.
//!
//! The scenario file, the plan of the seed, the store, its journal, its clients and the
//! record are those of our simulator. Hosts, network, schedule and clock are turmoil's.

use std::collections::BTreeSet;
use std::path::Path;

use rehearsal::agents::portable::PortableDeployment;
use rehearsal::agents::systems::store::{StoreScenario, portable};
use rehearsal::history::{EntryKind, History, Phase};
use rehearsal::run::{self, RunOptions, StrategyName};
use rehearsal::scenario::{ExpectedVerdict, Goal, Scenario, discover, load};

use crate::support::scenario;
use crate::turmoil_network::TurmoilTcp;
use crate::two_simulators::{build_sim, complaints, count, judge, time};

/// Every healthy scenario without faults.
const HEALTHY: [&str; 7] = [
    "store_counters",
    "store_sessions",
    "store_tasks",
    "store_tasks_one_each",
    "store_teams",
    "store_values",
    "store_workspace",
];

/// The number of seeds of each.
const SEEDS: u64 = 4;

/// Defects that need neither a fault nor another order of tasks than tokio's, which is the
/// only one that turmoil knows.
const DEFECTIVE: [&str; 6] = [
    "double-claim",
    "lost-update",
    "namespace-left-out",
    "read-without-token",
    "shallow-snapshot",
    "tasks-zipped-with-workers",
];

const STORE: &str = "store";

/// Runs a scenario on turmoil: a host for each server and for each client.
fn run_on_turmoil(scenario: &Scenario, seed: u64) -> History {
    let spec = scenario.spec.typed::<StoreScenario>();
    let spec = spec.expect("a scenario of the store");
    let portable = portable::deployment(&spec, seed, &TurmoilTcp, time);
    let PortableDeployment {
        servers,
        clients,
        director,
        recorder,
    } = portable.expect("it is portable");
    let mut sim = build_sim(scenario, seed);
    let quiet = 10 * scenario.spec.network.latency_max;
    let parts = servers.iter().chain(&clients);
    let hosts: Vec<String> = parts.map(|part| part.host.clone()).collect();
    let handle = recorder.clone();
    let mut director = Some(director);
    for part in servers.into_iter().chain(clients) {
        let host = part.host.clone();
        // The director runs beside the store.
        let director = (host == STORE).then(|| director.take().expect("one store"));
        let (handle, hosts) = (handle.clone(), hosts.clone());
        sim.client(host, async move {
            let Some(director) = director else {
                part.run().await;
                return Ok(());
            };
            let settled = async || tokio::time::sleep(quiet).await;
            tokio::join!(part.run(), director.run(settled));
            handle.counted(count(STORE, &hosts), Phase::ShutDown);
            Ok(())
        });
    }
    sim.run().expect("the run ends");
    drop(sim);
    drop(handle);
    recorder.into_history()
}

#[track_caller]
fn assert_reached(scenario: &Scenario, history: &History) {
    for goal in &scenario.expect.reached {
        // Only our engine sees which task waits for a lock.
        let Goal::Mark(mark) = goal else { continue };
        let mut marks = history.marks();
        let reached = marks.any(|reached| reached.0.as_str() == mark.name());
        assert!(reached, "{}: {goal}", scenario.name);
    }
}

/// Returns the calls of all actors, in an order that no schedule disturbs: what each asks,
/// and not what it is answered.
fn calls(history: &History) -> Vec<String> {
    let calls = history
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Invoked { object, call, .. } => {
                let actor = entry.actor.map(|actor| history.names.of(actor).to_string());
                let object = history.names.of(*object).to_string();
                Some(format!("{actor:?} {object} {call}"))
            }
            _ => None,
        });
    let mut calls: Vec<String> = calls.collect();
    calls.sort();
    calls
}

#[test]
fn healthy_scenarios_hold_on_both() {
    for name in HEALTHY {
        let scenario = scenario(name);
        for seed in 0..SEEDS {
            let history = run_on_turmoil(&scenario, seed);
            let findings = judge(&scenario, &history);
            assert_eq!(complaints(findings), [], "{name} {seed}");
            assert_reached(&scenario, &history);
        }
    }
}

#[test]
fn list_has_every_healthy_store_scenario_without_faults() {
    let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
    let scenarios = files.iter().map(|file| load(file).expect("it is valid"));
    let found: BTreeSet<String> = scenarios
        .filter(|scenario| scenario.kind.name() == STORE)
        .filter(|scenario| scenario.spec.faults.budget == 0 && scenario.spec.defect.is_none())
        .map(|scenario| scenario.name)
        .collect();
    assert_eq!(found, BTreeSet::from(HEALTHY.map(str::to_owned)));
}

/// One seed means the same calls on both. Workers race, and are left out.
#[test]
fn a_seed_gives_one_plan_on_both() {
    for name in ["store_counters", "store_teams", "store_values"] {
        let scenario = scenario(name);
        let theirs = run_on_turmoil(&scenario, 3);
        let ours = run::run_once(&scenario, RunOptions::new(3, StrategyName::FIFO));
        let ours = ours.judged.expect("a scenario is judged").history;
        assert_eq!(calls(&theirs), calls(&ours), "{name}");
    }
}

#[test]
fn a_seed_gives_one_run_on_turmoil() {
    let scenario = scenario("store_counters");
    let [first, again, other] = [1, 1, 2].map(|seed| run_on_turmoil(&scenario, seed));
    assert_eq!(first, again);
    assert_ne!(again, other);
}

#[test]
fn defects_are_caught_by_the_same_oracle_on_both() {
    for name in DEFECTIVE {
        let scenario = scenario(name);
        let ExpectedVerdict::Violation(expected) = scenario.expect.verdict else {
            panic!("{name} expects no violation");
        };
        for seed in 0..SEEDS {
            let history = run_on_turmoil(&scenario, seed);
            let complaints = complaints(judge(&scenario, &history));
            let (oracle, finding) = complaints.first().expect("it is caught");
            assert_eq!(*oracle, expected, "{name} {seed}");
            assert!(finding.broken() > 0, "{name} {seed}");
        }
    }
}
