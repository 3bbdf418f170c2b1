//! Two simulators, one system: the bus with its members runs on classic turmoil too, and
//! the same oracles hold there.
//!
//! The scenario file, the plan of the seed, broker, journal, members, handlers and the
//! record are those of our simulator. Hosts, network, schedule and clock are turmoil's.

use std::collections::BTreeSet;
use std::path::Path;

use rehearsal::agents::portable::PortableDeployment;
use rehearsal::agents::systems::bus::portable;
use rehearsal::history::{EntryKind, History, Phase, Sent};
use rehearsal::run::{self, RunOptions, StrategyName};
use rehearsal::scenario::{ExpectedVerdict, Goal, Scenario, discover, load};

use crate::support::{bus, scenario};
use crate::turmoil_network::TurmoilTcp;
use crate::two_simulators::{build_sim, complaints, count, judge, time};

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

const BUS: &str = "bus";

/// Runs a scenario on turmoil: one host for the broker, and one for each member.
fn run_on_turmoil(scenario: &Scenario, seed: u64) -> History {
    let portable = portable::deployment(&bus(scenario), seed, &TurmoilTcp, time);
    let PortableDeployment {
        servers,
        clients,
        director,
        recorder,
    } = portable.expect("it is portable");
    let mut sim = build_sim(scenario, seed);
    let quiet = 10 * scenario.spec.network.latency_max;
    let mut hosts = vec![BUS.to_owned()];
    hosts.extend(clients.iter().map(|client| client.host.clone()));
    let [broker] = <[_; 1]>::try_from(servers).expect("one server");
    let handle = recorder.clone();
    sim.client(BUS, async move {
        let settled = async || tokio::time::sleep(quiet).await;
        tokio::join!(broker.run(), director.run(settled));
        let census = count(BUS, &hosts);
        handle.counted(census, Phase::ShutDown);
        Ok(())
    });
    for client in clients {
        sim.client(client.host.clone(), async move {
            client.run().await;
            Ok(())
        });
    }
    sim.run().expect("the run ends");
    drop(sim);
    recorder.into_history()
}

/// Asserts that a run recorded every mark that its scenario must reach.
#[track_caller]
fn assert_reached(scenario: &Scenario, history: &History) {
    for goal in &scenario.expect.reached {
        // Only our engine sees who waits for a lock; `interleaved` is derived.
        let Goal::Mark(mark) = goal else { continue };
        let reached = history
            .marks()
            .any(|reached| reached.0.as_str() == mark.name());
        let derived = mark.name() == "interleaved";
        assert!(reached || derived, "{}: {goal}", scenario.name);
    }
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
fn list_has_every_healthy_bus_scenario_without_faults() {
    let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
    let scenarios = files.iter().map(|file| load(file).expect("it is valid"));
    let found: BTreeSet<String> = scenarios
        .filter(|scenario| scenario.kind.name() == "bus")
        .filter(|scenario| scenario.spec.faults.budget == 0 && scenario.spec.defect.is_none())
        .map(|scenario| scenario.name)
        .collect();
    let listed = HEALTHY.map(str::to_owned);
    assert_eq!(found, BTreeSet::from(listed));
}

/// The messages without their times, in an order that no schedule disturbs.
fn sent(history: &History) -> Vec<String> {
    let sent = history
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Sent(sent) => Some(sent),
            _ => None,
        });
    let text = |sent: &Sent| format!("{:?} {:?}", sent.envelope.stream, sent.body);
    let mut sent: Vec<String> = sent.map(text).collect();
    sent.sort();
    sent
}

/// One seed means the same messages with the same secrets on both. Their times differ where
/// a member waits for an answer.
#[test]
fn a_seed_gives_one_plan_on_both() {
    for name in ["bus_broadcasts", "bus_notifications", "bus_receive"] {
        let scenario = scenario(name);
        let theirs = run_on_turmoil(&scenario, 3);
        let ours = run::run_once(&scenario, RunOptions::new(3, StrategyName::FIFO));
        let ours = ours.judged.expect("a scenario is judged").history;
        assert_eq!(sent(&theirs), sent(&ours), "{name}");
    }
}

#[test]
fn a_seed_gives_one_run_on_turmoil() {
    let scenario = scenario("bus_requests");
    let runs = [1, 1, 2].map(|seed| run_on_turmoil(&scenario, seed));
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[1], runs[2]);
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
            let caught = complaints.iter().any(|(oracle, _)| *oracle == expected);
            assert!(caught, "{name} {seed}: {complaints:?}");
        }
    }
}
