//! Two simulators, one system: the bridge with its agents and clients runs on
//! classic turmoil too, and the same oracles hold there.
//!
//! The scenario file, the plan of the seed, the reference bridge, its WebSocket
//! frames, the agents, the clients, the driver, the recorder and the oracles
//! are those of our simulator. Hosts, network, schedule and clock are turmoil's.

use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use rehearsal::agents::bridge::portable::PortableScenario;
use rehearsal::agents::bridge::{Listener, PORT};
use rehearsal::agents::client::{ClientConnection, ConnectionLost, Connector};
use rehearsal::history::{CheckedRun, EntryKind, GapPolicy, History, Phase};
use rehearsal::oracle::{Finding, OracleRef, Settings};
use rehearsal::run::{self, RunOptions, StrategyName};
use rehearsal::scenario::{ExpectedVerdict, Goal, Scenario, discover, load};
use rehearsal::sim::{Census, LiveSocket, LiveTask, Statistics, TaskId, Verdict, VirtualTime};
use turmoil::net::{TcpListener, TcpStream};

use crate::support::{bridge, oracle, scenario};

/// The oracles that judge runs of the bridge on turmoil: all but `deadlock`, for only our
/// engine sees who waits for whom.
///
/// `no-loss`, `terminal-exactly-once` and `cleanup` need to know that the run
/// came to rest: turmoil ends without an error only when the director and all
/// clients have come to the end of their work. `cleanup` has its history too:
/// the bridge tells its registry, tokio counts the tasks of the bridge's host,
/// turmoil the sockets of all hosts. Timers and locks are not counted there, but
/// those that a task waits for or holds are gone with the task.
const JUDGES: [&str; 11] = [
    "limits",
    "no-loss",
    "exactly-once",
    "fifo",
    "causal",
    "isolation",
    "hierarchy",
    "terminal-exactly-once",
    "cleanup",
    "protocol",
    "invariants",
];

/// Every healthy scenario without faults, and the number of its seeds.
const HEALTHY: [(&str, u64); 11] = [
    ("shared_bridge", 16),
    ("supervisor_hierarchy", 16),
    ("event_ordering", 16),
    ("cleanup", 16),
    ("collision", 16),
    ("bridge_consistency", 8),
    ("lock_contention", 2),
    ("slow_consumer", 8),
    ("burst_opening", 8),
    ("supervisor_fail_fast", 8),
    ("supervisor_partial_failure", 8),
];

/// Defects that need neither a fault nor another order of tasks than tokio's,
/// which is the only one that turmoil knows.
const DEFECTIVE: [&str; 9] = [
    "broadcast-to-all",
    "double-terminal",
    "leak-on-error",
    "report-before-join",
    "routed-by-run-number",
    "routed-by-user-number",
    "silent-death-is-success",
    "sweep-without-recheck",
    "unawaited-tool-event",
];

const BRIDGE: &str = "bridge";
const STRAGGLER: &str = "straggler";

// The simulation -----------------------------------------------------------------------

struct TurmoilListener(TcpListener);

impl Listener for TurmoilListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = self.0.accept().await?;
        Ok(stream)
    }
}

struct TurmoilConnector;

impl Connector for TurmoilConnector {
    type Stream = TcpStream;

    async fn connect(&self) -> Result<ClientConnection<TcpStream>, ConnectionLost> {
        let stream = TcpStream::connect((BRIDGE, PORT)).await;
        let stream = stream.map_err(|_| ConnectionLost)?;
        ClientConnection::over(stream, &format!("{BRIDGE}:{PORT}")).await
    }
}

/// The task or connection that outlives the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Straggler {
    None,
    /// A task on the bridge's host.
    Task,
    /// A connection from a host of its own to the bridge's.
    Socket,
}

pub(crate) fn build_sim(scenario: &Scenario, seed: u64) -> turmoil::Sim<'static> {
    let network = &scenario.spec.network;
    turmoil::Builder::new()
        .rng_seed(seed)
        .enable_random_order()
        .simulation_duration(Duration::from_secs(600))
        .min_message_latency(network.latency_min)
        .max_message_latency(network.latency_max)
        .build()
}

/// The time on which all of turmoil's hosts agree.
pub(crate) fn time() -> VirtualTime {
    VirtualTime::ZERO + turmoil::sim_elapsed().unwrap_or_default()
}

/// Runs a scenario on turmoil: one host for the bridge and its agents, and one
/// for each client. There is a client for each thread.
fn run_on_turmoil(scenario: &Scenario, seed: u64, straggler: Straggler) -> History {
    let portable = PortableScenario::new(bridge(scenario), seed, time);
    let PortableScenario {
        server,
        clients,
        recorder,
    } = portable.expect("it is portable");
    let mut sim = build_sim(scenario, seed);
    let quiet = 10 * scenario.spec.network.latency_max;
    let mut hosts = vec![BRIDGE.to_owned()];
    hosts.extend(clients.iter().map(|client| client.client().to_string()));
    if straggler == Straggler::Socket {
        hosts.push(STRAGGLER.to_owned());
    }
    let handle = recorder.clone();
    sim.client(BRIDGE, async move {
        if straggler == Straggler::Task {
            tokio::spawn(pending::<()>());
        }
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        let settled = async || tokio::time::sleep(quiet).await;
        server.run(TurmoilListener(listener), settled).await;
        let census = count(BRIDGE, &hosts);
        handle.counted(census, Phase::ShutDown);
        Ok(())
    });
    for client in clients {
        sim.client(client.client().to_string(), async move {
            client.run(TurmoilConnector).await;
            Ok(())
        });
    }
    if straggler == Straggler::Socket {
        sim.host(STRAGGLER, || async {
            let _stream = TcpStream::connect((BRIDGE, PORT)).await?;
            pending().await
        });
    }
    sim.run().expect("the run ends");
    drop(sim);
    recorder.into_history()
}

/// The remains at the end: tasks on the server's host, which is the one that
/// asks, and sockets on all. tokio and turmoil give numbers and no names.
pub(crate) fn count(server: &str, hosts: &[String]) -> Census {
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    let task = |_| LiveTask {
        id: TaskId::PROGRAM,
        name: "one of tokio's".to_owned(),
        host: server.to_owned(),
        spawned_at: "an unknown place".to_owned(),
        waits: Vec::new(),
    };
    let sockets = hosts.iter().flat_map(|host| {
        let count = turmoil::established_tcp_stream_count_on(host.as_str());
        std::iter::repeat_n(host, count)
    });
    let socket = |host: &String| LiveSocket {
        host: host.clone(),
        description: "one of turmoil's".to_owned(),
    };
    Census {
        tasks: (0..tasks).map(task).collect(),
        sockets: sockets.map(socket).collect(),
        ..Census::default()
    }
}

// Judging -------------------------------------------------------------------------

/// The findings of the scenario's oracles, but for `deadlock`.
pub(crate) fn judge(scenario: &Scenario, history: &History) -> Vec<(OracleRef, Finding)> {
    let oracles = scenario.expect.oracles.iter().copied();
    let judges = oracles.filter(|judge| *judge != oracle("deadlock"));
    // The director came to the end of its work; `deadlock` alone reads the counters.
    let statistics = Statistics::default();
    let run = CheckedRun::new(history, &Verdict::Pass, &statistics);
    let settings = &scenario.expect.settings;
    let gaps = settings.get(&oracle("no-loss")).map(GapPolicy::of);
    let run = run.with_gaps(gaps.unwrap_or_default());
    let strict = Settings::default();
    let judge = |oracle: OracleRef| {
        let settings = settings.get(&oracle).unwrap_or(&strict);
        (oracle, oracle.judge(&run, settings))
    };
    judges.map(judge).collect()
}

/// Oracles that did not pass, with what they say. One that had nothing to check
/// has not passed.
pub(crate) fn complaints(findings: Vec<(OracleRef, Finding)>) -> Vec<(OracleRef, Finding)> {
    let complaints = findings.into_iter();
    complaints
        .filter(|(_, finding)| !finding.is_pass())
        .collect()
}

#[track_caller]
fn assert_reached(scenario: &Scenario, history: &History) {
    for goal in &scenario.expect.reached {
        let Goal::Mark(mark) = goal else {
            panic!("{}: only our engine sees `{goal}`", scenario.name);
        };
        assert!(
            history
                .marks()
                .any(|reached| reached.0.as_str() == mark.name()),
            "{}: {goal}",
            scenario.name
        );
    }
}

/// The messages of the agents, in an order that no schedule disturbs.
fn meant(history: &History) -> Vec<String> {
    let sent = history
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Sent(sent) => Some((entry.at, sent)),
            _ => None,
        });
    let sent: Vec<_> = sent.collect();
    let first = sent[0].0;
    let meant = sent.iter().map(|(at, sent)| {
        let envelope = &sent.envelope;
        let (span, channel, tenant) = (envelope.span, envelope.channel, envelope.tenant);
        let at = at.since(first);
        format!("{span:?} {channel:?} {tenant:?} {at:?} {:?}", sent.body)
    });
    let mut meant: Vec<String> = meant.collect();
    meant.sort();
    meant
}

/// Every run with its end, in the order of ids.
fn spans(history: &History) -> Vec<String> {
    let statistics = Statistics::default();
    let run = CheckedRun::new(history, &Verdict::Pass, &statistics);
    let spans = run.spans().iter();
    spans
        .map(|span| format!("{:?} {:?}", span.began, span.end()))
        .collect()
}

#[test]
fn healthy_scenarios_hold_on_both() {
    let mut heard = BTreeSet::new();
    for (name, seeds) in HEALTHY {
        let scenario = scenario(name);
        for seed in 0..seeds {
            let history = run_on_turmoil(&scenario, seed, Straggler::None);
            let findings = judge(&scenario, &history);
            heard.extend(findings.iter().map(|(oracle, _)| oracle.name()));
            assert_eq!(complaints(findings), [], "{name} {seed}");
            assert_reached(&scenario, &history);
        }
    }
    assert_eq!(heard, BTreeSet::from(JUDGES));
}

#[test]
fn list_has_every_healthy_bridge_scenario_without_faults() {
    let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
    let scenarios = files.iter().map(|file| load(file).expect("it is valid"));
    let found: BTreeSet<String> = scenarios
        .filter(|scenario| scenario.kind.name() == "bridge")
        .filter(|scenario| scenario.spec.faults.is_empty() && scenario.spec.defect.is_none())
        .map(|scenario| scenario.name)
        .collect();
    let listed = HEALTHY.map(|(name, _)| name.to_owned());
    assert_eq!(found, BTreeSet::from(listed));
}

/// One seed means the same run on both: the same runs with the same ends, and
/// the same events with the same secrets at the same times after the first.
#[test]
fn a_seed_gives_one_plan_on_both() {
    for (name, _) in HEALTHY {
        let scenario = scenario(name);
        let theirs = run_on_turmoil(&scenario, 3, Straggler::None);
        let ours = run::run_once(&scenario, RunOptions::new(3, StrategyName::FIFO));
        let ours = ours.judged.expect("a scenario is judged").history;
        assert_eq!(spans(&theirs), spans(&ours), "{name}");
        assert_eq!(meant(&theirs), meant(&ours), "{name}");
    }
}

#[test]
fn a_seed_gives_one_run_on_turmoil() {
    let scenario = scenario("shared_bridge");
    let mut runs: Vec<History> = Vec::new();
    for seed in [1, 1, 2] {
        runs.push(run_on_turmoil(&scenario, seed, Straggler::None));
    }
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
        for seed in 0..8 {
            let history = run_on_turmoil(&scenario, seed, Straggler::None);
            let complaints = complaints(judge(&scenario, &history));
            let [(oracle, finding)] = complaints.as_slice() else {
                panic!("{name} {seed}: {complaints:?}");
            };
            assert_eq!(*oracle, expected, "{name} {seed}");
            assert!(finding.broken() > 0, "{name} {seed}");
        }
    }
}

/// A task or connection that stays behind is counted at the end.
#[test]
fn cleanup_sees_who_stays_behind() {
    let scenario = scenario("shared_bridge");
    for (straggler, seen) in [
        (Straggler::Task, "leaked: task 0"),
        (Straggler::Socket, "leaked: socket on straggler"),
    ] {
        let history = run_on_turmoil(&scenario, 0, straggler);
        let complaints = complaints(judge(&scenario, &history));
        let [(found_by, finding)] = complaints.as_slice() else {
            panic!("{straggler:?}: {complaints:?}");
        };
        assert_eq!(*found_by, oracle("cleanup"));
        assert_eq!(finding.broken(), 1, "{straggler:?}: {finding:?}");
        let message = &finding.violations[0].message;
        assert!(message.starts_with(seen), "{straggler:?}: {message}");
    }
}
