//! Two simulators, one system: decisions by vote, with coordinator, mediator and voters, run
//! on classic turmoil too, and the same oracles hold there.

use rehearsal::agents::systems::decisions::{DecisionsScenario, portable};

use crate::turmoil_deployment::{PortableSystem, sent, spec};
use crate::turmoil_network::TurmoilTcp;
use crate::two_simulators::time;

/// Every healthy scenario without faults.
const HEALTHY: [&str; 10] = [
    "decisions_conflict_critical",
    "decisions_conflict_security",
    "decisions_consensus",
    "decisions_majority",
    "decisions_no_weight",
    "decisions_review",
    "decisions_test_quality",
    "decisions_tie",
    "decisions_veto",
    "decisions_weighted",
];

/// The number of seeds of each.
const SEEDS: u64 = 8;

/// Defects that need neither a fault nor another order of tasks than tokio's, which is the
/// only one that turmoil knows.
const DEFECTIVE: [&str; 5] = [
    "deadline-left-running",
    "decided-at-majority",
    "missing-approves",
    "threshold-exceeded",
    "weights-of-present",
];

const DECISIONS: PortableSystem = PortableSystem {
    kind: "decisions",
    director: "coordinator",
    plan: |scenario, seed| {
        portable::deployment(
            &spec::<DecisionsScenario>(scenario),
            seed,
            &TurmoilTcp,
            time,
        )
    },
};

#[test]
fn healthy_scenarios_hold_on_both() {
    DECISIONS.assert_healthy(&HEALTHY, SEEDS);
}

#[test]
fn list_has_every_healthy_decisions_scenario_without_faults() {
    DECISIONS.assert_lists_every_healthy_scenario(&HEALTHY);
}

/// One seed means the same votes on both, and so the same decisions.
#[test]
fn a_seed_gives_one_plan_on_both() {
    let names = [
        "decisions_consensus",
        "decisions_majority",
        "decisions_review",
    ];
    DECISIONS.assert_one_plan(&names, sent);
}

#[test]
fn a_seed_gives_one_run_on_turmoil() {
    DECISIONS.assert_one_run("decisions_majority");
}

#[test]
fn defects_are_caught_by_the_same_oracle_on_both() {
    DECISIONS.assert_catches(&DEFECTIVE, SEEDS);
}
