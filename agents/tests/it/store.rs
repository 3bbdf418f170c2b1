//! The exact sums, orders and times of the store, read from histories.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_agents::fault::NodeAction;
use rehearsal_agents::spec::{FaultPlan, ScenarioSpec};
use rehearsal_agents::systems::store::{
    AgentGroup, AgentKind, ConnectionSettings, Store, StoreScenario, StoreSettings, StoreSpec,
    TaskSettings, faults, marks,
};
use rehearsal_history::facets::operations::{Operation, OperationEnd};
use rehearsal_history::oracle::OracleRef;
use rehearsal_history::{History, Value};
use rehearsal_sim::{Config, Fifo, NetConfig, Random, Strategy, VirtualTime};

use crate::common::{ORDERS, Order, TestRun, invariant_checks, ms, run_system, violations};

fn scenario(agents: Vec<AgentGroup>, tasks: Option<TaskSettings>) -> StoreSpec {
    ScenarioSpec::new(StoreScenario {
        store: StoreSettings::default(),
        connections: ConnectionSettings::default(),
        agents,
        tasks,
    })
}

fn group(kind: AgentKind, count: u32, operations: u32) -> AgentGroup {
    AgentGroup {
        kind,
        count,
        operations,
        keys: 1,
        delay: ms(5),
    }
}

fn tasks(count: u32, workers: u32) -> StoreSpec {
    let effort = ms(30);
    scenario(
        Vec::new(),
        Some(TaskSettings {
            count,
            workers,
            effort,
        }),
    )
}

/// Runs the store with that latency on every link.
fn run_with(spec: &StoreSpec, seed: u64, order: Order, latency: (Duration, Duration)) -> TestRun {
    let strategy: Box<dyn Strategy> = match order {
        Order::Fifo => Box::new(Fifo),
        Order::Random => Box::new(Random::default()),
    };
    let config = Config {
        seed,
        strategy,
        net: NetConfig {
            latency_min: latency.0,
            latency_max: latency.1,
            ..NetConfig::default()
        },
        ..Config::default()
    };
    run_system(config, Store, spec.clone())
}

fn run_seeds(spec: &StoreSpec, seeds: u64) -> Vec<TestRun> {
    let latency = (ms(1), ms(10));
    let each = |seed| ORDERS.map(|order| run_with(spec, seed, order, latency));
    (0..seeds).flat_map(each).collect()
}

#[track_caller]
fn assert_passes(run: &TestRun, oracles: &[&str]) {
    for name in oracles {
        let oracle = OracleRef::parse(name).expect("an oracle");
        assert_eq!(violations(&run.view(), oracle), [], "{name}");
    }
}

/// Calls the closure with each operation of that kind.
fn each_call(run: &TestRun, kind: &str, mut f: impl FnMut(&Operation<'_>)) {
    let view = run.view();
    for (_, operations) in view.operations().objects() {
        let of_kind = operations
            .iter()
            .filter(|operation| operation.call.kind == kind);
        of_kind.for_each(&mut f);
    }
}

/// Returns the numbers that operations of that kind returned, sorted.
fn numbers(run: &TestRun, kind: &str) -> Vec<i64> {
    let mut numbers = Vec::new();
    each_call(run, kind, |operation| {
        if let OperationEnd::Returned { value, .. } = operation.end {
            let value = value.field("value").and_then(Value::integer);
            numbers.push(value.expect("a number"));
        }
    });
    numbers.sort_unstable();
    numbers
}

#[test]
fn ten_agents_with_ten_increments_each_count_to_a_hundred() {
    let spec = scenario(vec![group(AgentKind::Counter, 10, 10)], None);
    for run in run_seeds(&spec, 4) {
        let every: Vec<i64> = (1..=100).collect();
        assert_eq!(numbers(&run, "increment"), every);
        assert_eq!(numbers(&run, "count").last(), Some(&100));
        assert_eq!(invariant_checks(&run.history), (1, Vec::new()));
        assert_passes(&run, &["linearizable", "read-your-writes", "cleanup"]);
    }
}

/// The largest size that the references name.
#[test]
fn twenty_agents_with_fifty_operations_each_are_linearizable() {
    let writers = AgentGroup {
        keys: 4,
        ..group(AgentKind::Writer, 20, 50)
    };
    let spec = scenario(vec![writers], None);
    for run in run_seeds(&spec, 2) {
        let oracle = OracleRef::parse("linearizable").expect("an oracle");
        let finding = oracle.judge(&run.view(), &Default::default());
        // Each agent reads each key once more at its end.
        assert_eq!(finding.checked, 20 * (50 + 4));
        assert!(finding.is_pass(), "{finding:?}");
    }
}

fn received(history: &History) -> Vec<String> {
    let entries = history.entries.iter();
    let received = entries.filter_map(|entry| match &entry.kind {
        rehearsal_history::EntryKind::Received(received) => Some(received.message),
        _ => None,
    });
    received
        .map(|message| history.names.of(message).to_string())
        .collect()
}

#[test]
fn results_come_in_the_order_of_the_tasks_however_many_there_are() {
    for count in [3, 10, 25, 100] {
        let spec = tasks(count, 10);
        let expected: Vec<String> = (1..=count)
            .map(|task| format!("team-1/task-{task}"))
            .collect();
        for run in run_seeds(&spec, 2) {
            assert_eq!(received(&run.history), expected);
            assert_passes(&run, &["no-loss", "exactly-once", "fifo", "linearizable"]);
        }
    }
}

/// One way there, one write to the journal, one way back.
#[test]
fn an_increment_takes_a_round_trip_and_one_write() {
    let mut spec = scenario(vec![group(AgentKind::Counter, 1, 5)], None);
    spec.settings.store.write = ms(3);
    let run = run_with(&spec, 0, Order::Fifo, (ms(5), ms(5)));
    let mut times = Vec::new();
    each_call(&run, "increment", |operation| {
        if let OperationEnd::Returned { at, .. } = operation.end {
            times.push(at.since(operation.at));
        }
    });
    // The first one connects before.
    assert_eq!(times, [ms(10 + 13), ms(13), ms(13), ms(13), ms(13)]);
}

/// The field of a call, as a text.
fn text<'a>(operation: &Operation<'a>, field: &str) -> &'a str {
    let value = operation.call.field(field).and_then(Value::text);
    value.expect("a text")
}

#[test]
fn task_of_a_dead_worker_is_taken_over_after_its_lease() {
    let mut spec = tasks(8, 3);
    let lease = spec.settings.store.lease;
    spec.faults = FaultPlan {
        budget: 1,
        at_least: 1,
        kinds: vec![NodeAction::Crash.of(faults::WORKER)],
        from: ms(20),
        until: ms(60),
        lasting: ms(100),
        ..FaultPlan::default()
    };
    let mut taken_over = 0;
    for run in run_seeds(&spec, 8) {
        let mut claimed: BTreeMap<String, VirtualTime> = BTreeMap::new();
        each_call(&run, "cas", |operation| {
            if !text(operation, "to").starts_with("held by") {
                return;
            }
            if let Some(before) = claimed.get(text(operation, "from")) {
                assert!(operation.at.since(*before) >= lease);
                taken_over += 1;
            }
            claimed.insert(text(operation, "to").to_owned(), operation.at);
        });
        assert_eq!(received(&run.history).len(), 8);
        assert_passes(&run, &["no-loss", "exactly-once", "fifo", "linearizable"]);
    }
    assert!(taken_over > 0);
}

#[test]
fn result_of_a_worker_that_stood_still_is_refused() {
    let mut spec = tasks(6, 3);
    spec.settings.store.lease = ms(60);
    spec.faults = FaultPlan {
        budget: 1,
        at_least: 1,
        kinds: vec![NodeAction::Pause.of(faults::WORKER)],
        from: ms(20),
        until: ms(60),
        lasting: ms(300),
        ..FaultPlan::default()
    };
    let runs = run_seeds(&spec, 8);
    let refused = runs
        .iter()
        .filter(|run| run.reached(marks::LATE_RESULT_REFUSED));
    assert!(refused.count() > 0);
    for run in &runs {
        assert_eq!(received(&run.history).len(), 6);
        assert_passes(run, &["no-loss", "exactly-once", "fifo", "linearizable"]);
    }
}
