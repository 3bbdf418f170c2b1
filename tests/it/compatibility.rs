//! The parts of a scenario that each missing capability rules out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal::Capability;
use rehearsal::agents::bridge::BridgeSystem;
use rehearsal::compatibility::{Compatibility, Tally, listed};
use rehearsal::oracle::OracleRef;
use rehearsal::scenario::{Scenario, parse};
use rehearsal::system::RegisteredSystem;

const PLAIN: &str = r#"
format = 1
name = "plain"
claim = "Nothing is lost."
system = { kind = "bridge", transport = "websocket" }
seeds = 1
[[agents]]
kind = "fast"
count = 2
[expect]
oracles = ["no-loss", "registry", "cleanup"]
sometimes = ["lock-contended"]
"#;

fn scenario(edits: &[(&str, &str)]) -> Scenario {
    let mut text = PLAIN.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    parse(&text, Path::new("plain.toml")).expect("it is valid")
}

fn on_mine(scenario: &Scenario, without: &[Capability]) -> Compatibility {
    let without = without.iter();
    let system = without.fold(BridgeSystem::reference(), |system, capability| {
        system.without(*capability)
    });
    let named = RegisteredSystem::new(
        "mine",
        Arc::new(system),
        PathBuf::from("scenarios/regressions"),
    );
    Compatibility::new(scenario, &named)
}

#[test]
fn capable_system_runs_everything() {
    let compatibility = on_mine(&scenario(&[]), &[]);
    assert!(compatibility.left_out.is_empty() && compatibility.prevented_by.is_empty());
    assert_eq!(compatibility.remark(), None);
    assert_eq!(compatibility.scenario.name, "mine/plain");
    assert_eq!(compatibility.scenario.file_name(), "plain");
    assert_eq!(compatibility.scenario.expect, scenario(&[]).expect);
}

#[test]
fn checks_are_left_out_one_by_one() {
    let without = [Capability::RegistryEvents, Capability::Locks];
    let compatibility = on_mine(&scenario(&[]), &without);
    assert!(compatibility.prevented_by.is_empty());
    let told = "left out: registry-events (oracle invariants), locks (goal lock-contended)";
    assert_eq!(compatibility.remark().as_deref(), Some(told));
    let left = ["no-loss", "cleanup"].map(|name| OracleRef::parse(name).expect("an oracle"));
    assert_eq!(compatibility.scenario.expect.oracles, left);
    assert!(compatibility.scenario.expect.sometimes.is_empty());
}

#[test]
fn scenario_without_an_oracle_is_not_run() {
    let scenario = scenario(&[("\"no-loss\", \"registry\", \"cleanup\"", "\"registry\"")]);
    let compatibility = on_mine(&scenario, &[Capability::RegistryEvents]);
    assert_eq!(
        listed(&compatibility.prevented_by),
        "registry-events (oracle invariants)"
    );
}

/// The engine's census needs nothing of a system.
#[test]
fn cleanup_judges_systems_without_a_snapshot() {
    let compatibility = on_mine(&scenario(&[]), &[Capability::Snapshot]);
    assert!(compatibility.left_out.is_empty() && compatibility.prevented_by.is_empty());
}

#[test]
fn another_transport_replaces_a_missing_one() {
    let compatibility = on_mine(&scenario(&[]), &[Capability::WebSocket]);
    assert!(compatibility.prevented_by.is_empty());
    assert_eq!(compatibility.scenario.options["transport"], "in-process");
    let told = "left out: websocket (transport); run with transport in-process";
    assert_eq!(compatibility.remark().as_deref(), Some(told));

    let neither = [Capability::WebSocket, Capability::InProcess];
    let compatibility = on_mine(&scenario(&[]), &neither);
    assert_eq!(listed(&compatibility.prevented_by), "websocket (transport)");

    let faults = "[faults]\nbudget = 1\nkinds = [\"partition\"]\n[expect]";
    let compatibility = on_mine(&scenario(&[("[expect]", faults)]), &[Capability::WebSocket]);
    assert_eq!(listed(&compatibility.prevented_by), "websocket (transport)");
}

#[test]
fn faults_and_goals_of_every_run_cannot_be_left_out() {
    let faults = "[faults]\nbudget = 1\nkinds = [\"bridge-crash\"]\n[expect]";
    let scenario = scenario(&[
        ("[expect]", faults),
        (
            "sometimes = [\"lock-contended\"]",
            "reached = [\"gap-marked\"]",
        ),
    ]);
    let compatibility = on_mine(&scenario, &[Capability::Recovery, Capability::Gaps]);
    assert_eq!(
        listed(&compatibility.prevented_by),
        "recovery (fault bridge-crash), gaps (goal gap-marked)"
    );
}

#[test]
fn a_tally_counts_scenarios_and_not_lacks() {
    let mut tally = Tally::default();
    tally.add(&on_mine(&scenario(&[]), &[]));
    assert_eq!(tally.to_string(), "1 scenario run, 0 unsupported");
    tally.add(&on_mine(
        &scenario(&[]),
        &[Capability::WebSocket, Capability::RegistryEvents],
    ));
    let neither = [Capability::WebSocket, Capability::InProcess];
    tally.add(&on_mine(&scenario(&[]), &neither));
    assert_eq!(
        tally.to_string(),
        "2 scenarios run, 1 unsupported (websocket 1); \
         left out: transport 1, oracle invariants 1"
    );
}
