//! What a scenario file means, key by key.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rehearsal::agents::record::Mark;
use rehearsal::agents::spec::{
    AgentGroup, AgentKind, BridgeSettings, BridgeSpec, ClientSettings, Defect, FailureMode,
    FaultKind, FaultPlan, NetworkSettings, ThreadPolicy, Transport,
};
use rehearsal::oracle::Oracle;
use rehearsal::scenario::{
    BudgetSpec, Expect, ExpectedVerdict, Goal, Look, Scenario, parse, render_all,
};

fn read(text: &str) -> Scenario {
    parse(text, Path::new("some/where/example.toml"))
        .unwrap_or_else(|problems| panic!("{}", render_all(&problems, Look::Plain)))
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A group of one agent with a thread of its own, which is the default.
fn one(kind: AgentKind) -> AgentGroup {
    AgentGroup {
        kind,
        count: 1,
        thread: ThreadPolicy::Own,
        start_within: Duration::ZERO,
    }
}

#[test]
fn every_key_means_what_it_says() {
    let scenario = read(
        r#"
format = 1
name = "example"
claim = "Everything is set."
system = { kind = "bridge", transport = "websocket", defect = "silent-overflow" }
seeds = 9

[bridge]
buffer = 10
run_timeout = "11s"
ttl = "12s"
sweep_every = "13s"

[clients]
per_thread = 2
read_delay = "14ms"
reconnect_after = "15ms"
idle_timeout = "16ms"

[network]
latency = "500us..2ms"
loss = 17

[budget]
steps = 18_000
virtual_time = "1h"

[[agents]]
kind = "stress"
count = 3
events = 19
delay = "20ms"
thread = "group"
start_within = "21ms"

[faults]
budget = 4
at_least = 2
kinds = ["hold", "bridge-pause"]
window = "22ms..23ms"
lasting = "24ms"

[expect]
oracles = ["no-loss", "fifo"]
reached = ["lock-contended"]
sometimes = ["fault:hold", "gap-marked"]
verdict = "violation:no-loss"
"#,
    );
    assert_eq!(scenario.name, "example");
    assert_eq!(scenario.file, Path::new("some/where/example.toml"));
    assert_eq!(scenario.claim, "Everything is set.");
    assert_eq!(scenario.seeds, 9);
    let spec = BridgeSpec {
        transport: Transport::WebSocket,
        defect: Some(Defect::SilentOverflow),
        bridge: BridgeSettings {
            buffer: 10,
            run_timeout: ms(11_000),
            ttl: ms(12_000),
            sweep_every: ms(13_000),
        },
        agents: vec![AgentGroup {
            kind: AgentKind::Stress {
                events: 19,
                delay: ms(20),
            },
            count: 3,
            thread: ThreadPolicy::Group,
            start_within: ms(21),
        }],
        clients: ClientSettings {
            per_thread: 2,
            read_delay: ms(14),
            reconnect_after: ms(15),
            idle_timeout: ms(16),
        },
        network: NetworkSettings {
            latency_min: Duration::from_micros(500),
            latency_max: ms(2),
            loss_per_mille: 17,
        },
        faults: FaultPlan {
            budget: 4,
            at_least: 2,
            kinds: vec![FaultKind::Hold, FaultKind::BridgePause],
            from: ms(22),
            until: ms(23),
            lasting: ms(24),
        },
    };
    assert_eq!(scenario.spec, spec);
    let budget = BudgetSpec {
        steps: 18_000,
        virtual_time: Duration::from_secs(3_600),
    };
    assert_eq!(scenario.budget, budget);
    let expect = Expect {
        oracles: vec![Oracle::NoLoss, Oracle::Fifo],
        settings: BTreeMap::new(),
        reached: vec![Goal::LockContended],
        sometimes: vec![
            Goal::Mark(Mark::Fault(FaultKind::Hold)),
            Goal::Mark(Mark::GapMarked),
        ],
        verdict: ExpectedVerdict::Violation(Oracle::NoLoss),
    };
    assert_eq!(scenario.expect, expect);
}

#[test]
fn what_is_not_set_has_the_documented_default() {
    let scenario = read(
        r#"
format = 1
name = "example"
claim = "Nothing is set."
system = { kind = "bridge" }

[[agents]]
kind = "data"

[expect]
oracles = ["no-loss"]
"#,
    );
    let spec = BridgeSpec {
        transport: Transport::WebSocket,
        defect: None,
        bridge: BridgeSettings::default(),
        agents: vec![one(AgentKind::Data)],
        clients: ClientSettings::default(),
        network: NetworkSettings::default(),
        faults: FaultPlan::default(),
    };
    assert_eq!(scenario.spec, spec);
    assert_eq!(scenario.seeds, 64);
    assert_eq!(scenario.budget, BudgetSpec::default());
    assert_eq!(scenario.expect.verdict, ExpectedVerdict::Pass);
    assert!(scenario.expect.reached.is_empty() && scenario.expect.sometimes.is_empty());
}

#[test]
fn every_kind_of_agent_can_be_written() {
    let scenario = read(
        r#"
format = 1
name = "example"
claim = "All thirteen take part."
system = { kind = "bridge" }
agents = [
    { kind = "data" },
    { kind = "optimization" },
    { kind = "reporting" },
    { kind = "supervisor", children = ["slow", { kind = "hammer", events = 3 }, { kind = "failure", mode = "timeout" }] },
    { kind = "fast" },
    { kind = "slow" },
    { kind = "burst" },
    { kind = "streaming" },
    { kind = "hammer", events = 4 },
    { kind = "success" },
    { kind = "failure", mode = "silent-death" },
    { kind = "collision", count = 2, party = 2 },
    { kind = "stress", events = 5, delay = "0ms" },
]

[expect]
oracles = ["no-loss"]
"#,
    );
    let children = vec![
        AgentKind::Slow,
        AgentKind::Hammer { events: 3 },
        AgentKind::Failure {
            mode: FailureMode::Timeout,
        },
    ];
    let kinds = [
        AgentKind::Data,
        AgentKind::Optimization,
        AgentKind::Reporting,
        AgentKind::Supervisor { children },
        AgentKind::Fast,
        AgentKind::Slow,
        AgentKind::Burst,
        AgentKind::Streaming,
        AgentKind::Hammer { events: 4 },
        AgentKind::Success,
        AgentKind::Failure {
            mode: FailureMode::SilentDeath,
        },
        AgentKind::Collision { party: 2 },
        AgentKind::Stress {
            events: 5,
            delay: Duration::ZERO,
        },
    ];
    let found: Vec<&AgentKind> = scenario
        .spec
        .agents
        .iter()
        .map(|group| &group.kind)
        .collect();
    assert_eq!(found, kinds.iter().collect::<Vec<_>>());
    assert_eq!(kinds.map(|kind| kind.name()), AgentKind::NAMES);
}
