//! Two simulators, one system: the bus with its members runs on classic turmoil too, and
//! the same oracles hold there.

use rehearsal::agents::systems::bus::{BusScenario, portable};

use crate::turmoil_deployment::{PortableSystem, sent, spec};
use crate::turmoil_network::TurmoilTcp;
use crate::two_simulators::time;

/// Every healthy scenario without faults.
const HEALTHY: [&str; 13] = [
    "bus_broadcasts",
    "bus_events",
    "bus_events_failures",
    "bus_events_from_now",
    "bus_events_late",
    "bus_events_slow_handler",
    "bus_mailbox_full",
    "bus_notifications",
    "bus_receive",
    "bus_requests",
    "bus_stop",
    "bus_timeouts",
    "bus_unknown_member",
];

/// The number of seeds of each.
const SEEDS: u64 = 8;

/// Defects that need neither a fault, nor another order of tasks than tokio's, which is the
/// only one that turmoil knows, nor a certain moment.
const DEFECTIVE: [&str; 5] = [
    "broadcast-to-every-team",
    "failure-stops-others",
    "flush-ignores-handlers",
    "request-not-withdrawn",
    "time-out-is-success",
];

const BUS: PortableSystem = PortableSystem {
    kind: "bus",
    director: "bus",
    plan: |scenario, seed| {
        portable::deployment(&spec::<BusScenario>(scenario), seed, &TurmoilTcp, time)
    },
};

#[test]
fn healthy_scenarios_hold_on_both() {
    BUS.assert_healthy(&HEALTHY, SEEDS);
}

#[test]
fn list_has_every_healthy_bus_scenario_without_faults() {
    BUS.assert_lists_every_healthy_scenario(&HEALTHY);
}

/// One seed means the same messages with the same secrets on both. Their times differ where
/// a member waits for an answer.
#[test]
fn a_seed_gives_one_plan_on_both() {
    BUS.assert_one_plan(
        &["bus_broadcasts", "bus_notifications", "bus_receive"],
        sent,
    );
}

#[test]
fn a_seed_gives_one_run_on_turmoil() {
    BUS.assert_one_run("bus_requests");
}

#[test]
fn defects_are_caught_by_the_same_oracle_on_both() {
    BUS.assert_catches(&DEFECTIVE, SEEDS);
}
