//! The master registry: the numbers that it promises, read from histories on the virtual
//! clock, without tolerance.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rehearsal_agents::record::Recorder;
use rehearsal_agents::sections::Settings;
use rehearsal_agents::spec::{Defect, ScenarioSpec};
use rehearsal_agents::system;
use rehearsal_agents::systems::registry::{
    CREATION_LIMIT, Registry, RegistryFile, RegistryScenario, RegistrySpec, defects, marks,
};
use rehearsal_history::oracle::OracleRef;
use rehearsal_history::{EntryKind, OperationId, SpanEnd, Value};
use rehearsal_sim::{Config, Fifo, Random, Strategy, VirtualTime, run_hermetic};
use serde_json::json;

use crate::common::{ORDERS, Order, TestRun, invariant_checks, ms, violations};

/// The declared time of a creation: that of building the instance, and no wait.
const CONSTRUCTION: Duration = Duration::from_millis(3);

/// The oracles that hold every healthy run.
const ORACLES: [&str; 9] = [
    "no-loss",
    "exactly-once",
    "fifo",
    "causal",
    "isolation",
    "terminal-exactly-once",
    "protocol",
    "invariants",
    "cleanup",
];

fn spec(sections: serde_json::Value) -> RegistrySpec {
    let file: RegistryFile = serde_json::from_value(sections).expect("it matches the schema");
    ScenarioSpec::new(RegistryScenario::from_file(file).expect("it has no problems"))
}

fn with_defect(mut spec: RegistrySpec, defect: Defect) -> RegistrySpec {
    spec.defect = Some(defect);
    spec
}

fn run(spec: &RegistrySpec, seed: u64, order: Order) -> TestRun {
    let recorder = Recorder::with_model(&rehearsal_agents::systems::registry::MODEL);
    let (handle, spec) = (recorder.clone(), spec.clone());
    let config = move || {
        let strategy: Box<dyn Strategy> = match order {
            Order::Fifo => Box::new(Fifo),
            Order::Random => Box::new(Random::default()),
        };
        Config {
            seed,
            strategy,
            ..Config::default()
        }
    };
    let outcome = run_hermetic(config, move |world| {
        system::run(world, Registry, spec, handle)
    });
    TestRun {
        outcome,
        history: recorder.into_history(),
    }
}

#[track_caller]
fn assert_healthy(run: &TestRun) {
    let view = run.view();
    let oracles = ORACLES.iter().copied();
    let broken = oracles.flat_map(|name| {
        let oracle = OracleRef::parse(name).expect("an oracle");
        violations(&view, oracle)
    });
    let broken: Vec<_> = broken.collect();
    assert!(broken.is_empty(), "{:?}: {broken:#?}", run.outcome.verdict);
}

/// A creation as its history has it.
#[derive(Clone, Debug)]
struct Creation {
    took: Duration,
    /// The id of the agent.
    agent: String,
}

/// Returns the creations that returned, in the order of their beginnings.
fn creations(run: &TestRun) -> Vec<Creation> {
    let mut began: BTreeMap<OperationId, VirtualTime> = BTreeMap::new();
    let mut creations = BTreeMap::new();
    for entry in &run.history.entries {
        match &entry.kind {
            EntryKind::Invoked { operation, .. } => {
                began.insert(*operation, entry.at);
            }
            EntryKind::Returned { operation, value } => {
                let took = entry.at.since(began[operation]);
                let agent = value.field("value").and_then(Value::text);
                let agent = agent.expect("the id of an agent").to_owned();
                creations.insert(*operation, Creation { took, agent });
            }
            _ => {}
        }
    }
    creations.into_values().collect()
}

/// Returns how many registries were opened.
fn opened(run: &TestRun) -> usize {
    let entries = run.history.entries.iter();
    let opened = entries.filter(
        |entry| matches!(&entry.kind, EntryKind::Invariant { name, .. } if *name == "one-registry"),
    );
    opened.count()
}

#[test]
fn hundred_users_get_an_agent_of_their_own_in_exactly_the_declared_time() {
    let spec = spec(json!({ "users": [{ "class": "triage", "count": 100 }] }));
    for order in ORDERS {
        let run = run(&spec, 1, order);
        assert_healthy(&run);
        let creations = creations(&run);
        assert_eq!(creations.len(), 100);
        for creation in &creations {
            assert_eq!(creation.took, CONSTRUCTION, "{creation:?}");
        }
        assert!(CONSTRUCTION < CREATION_LIMIT);
        let ids: BTreeSet<&str> = creations.iter().map(|made| made.agent.as_str()).collect();
        assert_eq!(ids.len(), 100);
        let view = run.view();
        let users: BTreeSet<_> = view.spans().iter().map(|span| span.began.owner).collect();
        assert_eq!(users.len(), 100);
        assert_eq!(run.ends(), vec![Some(SpanEnd::Completed); 100]);
        assert_eq!(view.messages().sendings().len(), 500);
        assert_eq!(view.messages().deliveries().len(), 500);
        assert_eq!(opened(&run), 1);
    }
}

/// Users of which one takes each event 40 ms after the one before, and has four agents at
/// once.
fn slow_client() -> RegistrySpec {
    let slow = json!({ "class": "triage", "agents": 8, "at_once": 4, "rest": "40ms" });
    let others = json!({ "class": "triage", "count": 4, "agents": 4, "delay": "40ms" });
    spec(json!({ "registry": { "window": 1 }, "users": [slow, others] }))
}

#[test]
fn slow_client_delays_no_creation() {
    for (seed, order) in (0..4).flat_map(|seed| ORDERS.map(|order| (seed, order))) {
        let run = run(&slow_client(), seed, order);
        assert_healthy(&run);
        assert!(run.reached(marks::WINDOW_FULL));
        let creations = creations(&run);
        assert_eq!(creations.len(), 8 + 4 * 4);
        let longest = creations.iter().map(|creation| creation.took).max();
        assert_eq!(longest, Some(CONSTRUCTION));
    }
}

#[test]
fn emission_under_the_lock_makes_creations_wait_for_the_slow_client() {
    let spec = with_defect(slow_client(), defects::EMISSION_UNDER_LOCK);
    let run = run(&spec, 0, Order::Fifo);
    let creations = creations(&run);
    let longest = creations.iter().map(|creation| creation.took).max();
    assert!(longest >= Some(CREATION_LIMIT), "{longest:?}");
    let (_, broken) = invariant_checks(&run.history);
    let late = creations
        .iter()
        .filter(|creation| creation.took >= CREATION_LIMIT);
    assert_eq!(broken.len(), late.count(), "{broken:?}");
}

#[test]
fn five_events_come_at_exactly_the_times_of_their_class() {
    let spec = spec(json!({ "users": [{ "class": "triage" }] }));
    let run = run(&spec, 1, Order::Fifo);
    assert_healthy(&run);
    let view = run.view();
    let sendings = view.messages().sendings();
    let kinds: Vec<&str> = sendings.iter().map(|sent| sent.kind().as_str()).collect();
    let five = [
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "agent_completed",
    ];
    assert_eq!(kinds, five);
    let deliveries = view.messages().deliveries().iter();
    let received: Vec<&str> = deliveries
        .map(|delivery| delivery.received.body.kind.as_str())
        .collect();
    assert_eq!(received, five);
    let since_thinking = sendings[2..]
        .iter()
        .map(|sent| sent.at.since(sendings[1].at));
    let since_thinking: Vec<Duration> = since_thinking.collect();
    assert_eq!(since_thinking, [ms(5), ms(15), ms(15)]);
}

#[test]
fn agent_ids_come_from_the_seed() {
    let spec = spec(json!({ "users": [{ "class": "triage", "count": 3, "agents": 2 }] }));
    let ids = |seed| {
        let creations = creations(&run(&spec, seed, Order::Random));
        let ids = creations.into_iter().map(|creation| creation.agent);
        ids.collect::<BTreeSet<String>>()
    };
    let first = ids(1);
    assert_eq!(first.len(), 6);
    for id in &first {
        let parts: Vec<&str> = id.split(':').collect();
        assert!(parts[0].starts_with("user-"), "{id}");
        assert_eq!((parts.len(), parts[1], parts[2].len()), (3, "triage", 36));
    }
    assert_eq!(first, ids(1));
    assert!(first.is_disjoint(&ids(2)));
}

#[test]
fn one_registry_is_opened_and_without_a_lock_there_are_more() {
    // Longer than it takes all users to connect.
    let users = spec(json!({
        "registry": { "opening": "50ms" },
        "users": [{ "class": "triage", "count": 8 }],
    }));
    let healthy = run(&users, 1, Order::Fifo);
    assert_eq!(opened(&healthy), 1);
    assert!(healthy.reached(marks::OPENED_ONCE));
    let broken = with_defect(users, defects::OPENED_WITHOUT_LOCK);
    assert!(opened(&run(&broken, 1, Order::Fifo)) > 1);
}

#[test]
fn unknown_class_is_an_error_and_leaves_nothing() {
    let run = run(
        &spec(json!({ "users": [{ "class": "forecast", "agents": 3 }] })),
        1,
        Order::Random,
    );
    let entries = run.history.entries.iter();
    let refused: Vec<&str> = entries
        .filter_map(|entry| match &entry.kind {
            EntryKind::Failed { reason, .. } => Some(&**reason),
            _ => None,
        })
        .collect();
    assert_eq!(refused, ["unknown class of agents: forecast"; 3]);
    assert!(run.spans().is_empty());
    let view = run.view();
    let held = view.resources().held(rehearsal_history::Phase::Quiescent);
    assert_eq!(held.map(<[_]>::len), Some(0));
}

#[test]
fn lost_event_is_reported_with_the_last_place_that_had_it() {
    let users = spec(json!({ "users": [{ "class": "triage" }] }));
    let run = run(&with_defect(users, defects::TWO_REGISTRIES), 1, Order::Fifo);
    let oracle = OracleRef::parse("no-loss").expect("an oracle");
    let violations = violations(&run.view(), oracle);
    let lost: Vec<&str> = violations
        .iter()
        .filter(|violation| violation.rule == "lost")
        .map(|violation| violation.message.as_str())
        .collect();
    // The registry of the factory has taken them, and no connection ever had them.
    assert_eq!(lost.len(), 4);
    for message in lost {
        let accepted = "was accepted; never delivered to user-2";
        assert!(message.contains(accepted), "{message}");
    }
}

#[test]
fn switched_flag_loses_and_doubles_nothing() {
    let of = |through: &str| {
        json!({
            "class": "data", "count": 2, "agents": 4, "at_once": 2, "delay": "20ms",
            "through": through,
        })
    };
    for old in ["shim", "separate"] {
        let spec = spec(json!({
            "registry": { "contexts": "of-request" },
            "migration": { "old": old, "flag_within": "80ms" },
            "users": [of("old"), of("flag"), of("master")],
        }));
        let mut switched = 0;
        for seed in 0..8 {
            let run = run(&spec, seed, Order::Random);
            assert_healthy(&run);
            switched += run.marks(marks::FLAG_SWITCHED);
            let view = run.view();
            // Six users, four agents each, seven events each.
            assert_eq!(view.messages().sendings().len(), 6 * 4 * 7);
            assert_eq!(view.messages().deliveries().len(), 6 * 4 * 7);
            let registries = if old == "shim" { 1 } else { 2 };
            assert_eq!(opened(&run), registries);
        }
        assert!(switched > 0, "{old}");
    }
}

#[test]
fn events_wait_for_the_websocket_manager() {
    let spec = spec(json!({
        "registry": { "manager_within": "200ms" },
        "users": [{ "class": "triage", "count": 2 }],
    }));
    let mut early = 0;
    for seed in 0..8 {
        let run = run(&spec, seed, Order::Random);
        assert_healthy(&run);
        early += run.marks(marks::EMITTED_EARLY);
        assert_eq!(run.view().messages().deliveries().len(), 10);
    }
    assert!(early > 10, "{early}");
}
