//! The meaning of a scenario file, key by key.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::support::{bridge, oracle};
use rehearsal::agents::bridge::{
    BridgeScenario, BridgeSettings, BridgeSpec, ClientSettings, Transport,
};
use rehearsal::agents::bridge::{defects, faults};
use rehearsal::agents::record::marks::GAP_MARKED;
use rehearsal::agents::sections;
use rehearsal::agents::spec::{
    AgentGroup, AgentKind, FailureMode, FaultPlan, NetworkSettings, OnFailure, Opening, TcpModel,
    ThreadPolicy,
};
use rehearsal::scenario::{
    BudgetSpec, Code, ColorChoice, Edit, Expect, ExpectedVerdict, Goal, NewValue, Scenario,
    load_with, parse, render_all,
};

fn read(text: &str) -> Scenario {
    parse(text, Path::new("some/where/example.toml"))
        .unwrap_or_else(|problems| panic!("{}", render_all(&problems, ColorChoice::Plain)))
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
tcp = "pipes"

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
cancel = 25

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
    let settings = BridgeScenario {
        transport: Transport::WebSocket,
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
    };
    let spec = BridgeSpec {
        settings,
        defect: Some(defects::SILENT_OVERFLOW),
        network: NetworkSettings {
            latency_min: Duration::from_micros(500),
            latency_max: ms(2),
            loss_per_mille: 17,
            tcp: TcpModel::Pipes,
        },
        faults: FaultPlan {
            budget: 4,
            at_least: 2,
            kinds: vec![faults::HOLD, faults::BRIDGE_PAUSE],
            from: ms(22),
            until: ms(23),
            lasting: ms(24),
            cancel: 25,
            ..FaultPlan::default()
        },
    };
    assert_eq!(bridge(&scenario), spec);
    let budget = BudgetSpec {
        steps: 18_000,
        virtual_time: Duration::from_secs(3_600),
    };
    assert_eq!(scenario.budget, budget);
    let expect = Expect {
        oracles: vec![oracle("no-loss"), oracle("fifo")],
        settings: BTreeMap::new(),
        reached: vec![Goal::LockContended],
        sometimes: vec![Goal::Fault(faults::HOLD), Goal::Mark(GAP_MARKED)],
        verdict: ExpectedVerdict::Violation(oracle("no-loss")),
    };
    assert_eq!(scenario.expect, expect);
}

#[test]
fn unset_values_have_their_documented_defaults() {
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
    let spec = BridgeSpec::new(BridgeScenario {
        transport: Transport::WebSocket,
        bridge: BridgeSettings::default(),
        agents: vec![one(AgentKind::Data)],
        clients: ClientSettings::default(),
    });
    assert_eq!(bridge(&scenario), spec);
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
        AgentKind::Supervisor {
            children,
            on_failure: OnFailure::Ignore,
        },
        AgentKind::Fast,
        AgentKind::Slow,
        AgentKind::Burst {
            opening: Opening::First,
        },
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
    let spec = bridge(&scenario);
    let found: Vec<&AgentKind> = spec
        .settings
        .agents
        .iter()
        .map(|group| &group.kind)
        .collect();
    assert_eq!(found, kinds.iter().collect::<Vec<_>>());
    assert_eq!(kinds.map(|kind| kind.name()), AgentKind::NAMES);
}

fn set(name: &str, arguments: &[&str]) -> Result<Scenario, Vec<rehearsal::scenario::Diagnostic>> {
    let edits = arguments.iter();
    let edits: Vec<Edit> = edits
        .map(|argument| Edit::from_argument(argument).expect("an edit"))
        .collect();
    load_with(
        &Path::new("scenarios/bridge")
            .join(name)
            .with_extension("toml"),
        &edits,
    )
}

#[test]
fn any_value_can_be_set() {
    let arguments = [
        "agents.0.count=7",
        "clients.per_thread=2",
        "network.latency=2ms",
        "system.transport=websocket",
        "expect.oracles=[\"fifo\"]",
    ];
    let scenario = set("shared_bridge", &arguments).expect("they fit");
    assert_eq!(bridge(&scenario).settings.agents[0].count, 7);
    assert_eq!(bridge(&scenario).settings.clients.per_thread, 2);
    assert_eq!(scenario.spec.network.latency_max, ms(2));
    assert_eq!(scenario.expect.oracles, [oracle("fifo")]);
    assert_eq!(bridge(&scenario).settings.transport, Transport::WebSocket);
}

#[test]
fn problems_of_values_that_are_set_point_to_the_command_line() {
    for (argument, code, place) in [
        ("agents.0.count=0", Code::OutOfRange, "--set:1:18"),
        ("agents.0.cuont=1", Code::UnknownKey, "--set:1:1"),
        ("weather.rain=true", Code::UnknownKey, "--set:1:1"),
        ("agents.9.count=1", Code::NoPlace, "--set:1:1"),
        ("seeds.first=1", Code::NoPlace, "--set:1:1"),
        (
            "expect.reached=[\"fault:hold\"]",
            Code::UnreachableGoal,
            "--set:1:19",
        ),
    ] {
        let problems = set("shared_bridge", &[argument]).expect_err(argument);
        let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
        let shown = render_all(&problems, ColorChoice::Plain);
        assert_eq!(codes, [code], "{shown}");
        assert!(shown.contains(place), "{shown}");
    }
    let problems = set("partition", &["system.transport=in-process"]).expect_err("a partition");
    assert_eq!(problems[0].code, Code::NeedsNetwork);
}

#[test]
fn oracle_is_a_name_or_a_table_with_its_settings() {
    let table = "expect.oracles=[\"fifo\", { name = \"no-loss\" }]";
    let scenario = set("shared_bridge", &[table]).expect("it fits");
    assert_eq!(scenario.expect.oracles, [oracle("fifo"), oracle("no-loss")]);
    assert!(scenario.expect.settings.is_empty());
    let setting = "expect.oracles=[{ name = \"no-loss\", gaps = [\"crash\"], buffer = 3 }]";
    let scenario = set("shared_bridge", &[setting]).expect("it fits");
    let settings = &scenario.expect.settings[&oracle("no-loss")];
    assert!(settings.lists("gaps", "crash") && !settings.lists("gaps", "overflow"));
    assert_eq!(settings.number("buffer"), Some(3));
    for (wrong, code) in [
        (
            "{ name = \"fifo\", gaps = [\"crash\"] }",
            Code::ForeignParameter,
        ),
        (
            "{ name = \"no-loss\", gaps = [\"rain\"] }",
            Code::UnknownName,
        ),
        ("{ name = \"no-loss\", gaps = \"crash\" }", Code::WrongType),
        ("{ name = \"no-loss\", buffer = -1 }", Code::OutOfRange),
    ] {
        let setting = format!("expect.oracles=[{wrong}]");
        let problems = set("shared_bridge", &[&setting]).expect_err(wrong);
        assert_eq!(problems[0].code, code, "{wrong}");
    }
    let twice = "expect.oracles=[\"fifo\", { name = \"fifo\" }]";
    let problems = set("shared_bridge", &[twice]).expect_err("named twice");
    assert_eq!(problems[0].code, Code::RepeatedEntry);
}

/// A scenario with everything that can be reduced.
const LARGE: &str = r#"
format = 1
name = "example"
claim = "There is much to take out."
system = { kind = "bridge" }
clients = { per_thread = 3 }
agents = [
    { kind = "data", count = 4 },
    { kind = "collision", count = 15, party = 5 },
    { kind = "supervisor", children = ["data", "fast", { kind = "hammer", events = 9 }] },
    { kind = "hammer", events = 8 },
]

[faults]
budget = 3
at_least = 2
kinds = ["hold", "partition", "bridge-pause"]
window = "20ms..1s"

[expect]
oracles = ["no-loss"]
"#;

fn cut(lines: &[(&str, u32)]) -> Scenario {
    let edits = lines.iter().map(|(path, left)| Edit {
        path: path.parse().expect("a path"),
        value: NewValue::Format1(*left),
    });
    let edits: Vec<Edit> = edits.collect();
    read(LARGE)
        .cut(&edits)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn lines_of_format_1_mean_what_they_meant() {
    let agents = |scenario: &Scenario| -> Vec<(&str, u32)> {
        let groups = bridge(scenario).settings.agents;
        groups
            .iter()
            .map(|group| (group.kind.name(), group.count))
            .collect()
    };
    let scenario = cut(&[("agents.0.count", 0), ("agents.1.count", 2)]);
    assert_eq!(
        agents(&scenario),
        [("collision", 10), ("supervisor", 1), ("hammer", 1)]
    );
    let scenario = cut(&[("agents.1.party", 2)]);
    assert_eq!(
        bridge(&scenario).settings.agents[1].kind,
        AgentKind::Collision { party: 2 }
    );
    assert_eq!(bridge(&scenario).settings.agents[1].count, 6);
    let scenario = cut(&[("agents.1.count", 1), ("agents.1.party", 1)]);
    assert_eq!(
        bridge(&scenario).settings.agents[1].kind,
        AgentKind::Collision { party: 1 }
    );
    assert_eq!(bridge(&scenario).settings.agents[1].count, 1);
    let scenario = cut(&[("agents.2.children", 1), ("agents.3.events", 0)]);
    let children = vec![AgentKind::Data];
    assert_eq!(
        bridge(&scenario).settings.agents[2].kind,
        AgentKind::Supervisor {
            children,
            on_failure: OnFailure::Ignore
        }
    );
    assert_eq!(
        bridge(&scenario).settings.agents[3].kind,
        AgentKind::Hammer { events: 0 }
    );
    let scenario = cut(&[("agents.2.children", 0), ("clients.per_thread", 1)]);
    let children = Vec::new();
    assert_eq!(
        bridge(&scenario).settings.agents[2].kind,
        AgentKind::Supervisor {
            children,
            on_failure: OnFailure::Ignore
        }
    );
    assert_eq!(bridge(&scenario).settings.clients.per_thread, 1);
    let scenario = cut(&[
        ("faults.budget", 1),
        ("faults.kind", 1),
        ("faults.from_ms", 3),
    ]);
    assert_eq!(
        (scenario.spec.faults.budget, scenario.spec.faults.at_least),
        (1, 1)
    );
    assert_eq!(scenario.spec.faults.kinds, [faults::PARTITION]);
    assert_eq!(
        (scenario.spec.faults.from, scenario.spec.faults.until),
        (ms(3), ms(1_000))
    );
    let scenario = cut(&[("faults.budget", 0)]);
    assert_eq!(scenario.spec.faults, FaultPlan::default());
}

#[test]
fn reductions_without_place_or_effect_are_refused() {
    let whole = read(LARGE);
    for line in [
        "agents.0.count = 4",
        "agents.9.count = 1",
        "remove agents.9",
        "agents.1.party = 2",
        "agents.0.events = 1",
        "seeds.0 = 1",
        "remove system",
    ] {
        let edit: Edit = line.parse().expect("an edit");
        let refused = whole.cut(std::slice::from_ref(&edit)).expect_err(line);
        assert_eq!(refused.cut, edit, "{refused}");
    }
    let all: Vec<Edit> = (0..4)
        .map(|group| Edit::removed(sections::Path::of("agents").index(group)))
        .collect();
    assert!(whole.cut(&all).is_err(), "no agent would be left");
    assert!(whole.cut(&all[1..]).is_ok());
}
