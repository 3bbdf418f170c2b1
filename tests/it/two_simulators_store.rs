//! Two simulators, one system: the store with its replicas, workers and agents runs on
//! classic turmoil too, and the same oracles hold there.

use rehearsal::agents::systems::store::{StoreScenario, portable};
use rehearsal::history::{EntryKind, History};

use crate::turmoil_deployment::{PortableSystem, spec};
use crate::turmoil_network::TurmoilTcp;
use crate::two_simulators::time;

/// Every healthy scenario without faults.
const HEALTHY: [&str; 8] = [
    "store_counters",
    "store_revisions",
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

const STORE: PortableSystem = PortableSystem {
    kind: "store",
    director: "store",
    plan: |scenario, seed| {
        portable::deployment(&spec::<StoreScenario>(scenario), seed, &TurmoilTcp, time)
    },
};

/// Returns the calls of all actors, in an order that no schedule disturbs: the questions, and
/// not the answers.
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
    STORE.assert_healthy(&HEALTHY, SEEDS);
}

#[test]
fn list_has_every_healthy_store_scenario_without_faults() {
    STORE.assert_lists_every_healthy_scenario(&HEALTHY);
}

/// One seed means the same calls on both. Workers race, and are left out.
#[test]
fn a_seed_gives_one_plan_on_both() {
    STORE.assert_one_plan(&["store_counters", "store_teams", "store_values"], calls);
}

#[test]
fn a_seed_gives_one_run_on_turmoil() {
    STORE.assert_one_run("store_counters");
}

#[test]
fn defects_are_caught_by_the_same_oracle_on_both() {
    STORE.assert_catches(&DEFECTIVE, SEEDS);
}
