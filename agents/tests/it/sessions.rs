//! Exact numbers of the sessions, read from histories: gaps in virtual time, regressions.

use rehearsal_agents::sections::Settings;
use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::systems::sessions::{Sessions, SessionsFile, SessionsScenario};
use rehearsal_history::{Body, EntryKind};
use rehearsal_sim::{Config, Verdict};
use serde_json::{Value, json};

use crate::common::{TestRun, invariant_checks, run_system};

/// Runs a file's sections on links with a latency of one millisecond.
fn run(file: &Value, seed: u64) -> TestRun {
    let file: SessionsFile = serde_json::from_value(file.clone()).expect("the schema");
    let scenario = SessionsScenario::from_file(file).expect("it has no problems");
    let config = Config {
        seed,
        ..Config::default()
    };
    let run = run_system(config, Sessions, ScenarioSpec::new(scenario));
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    let (checked, broken) = invariant_checks(&run.history);
    assert!(checked > 0 && broken.is_empty(), "{broken:?}");
    run
}

/// Returns the events of that kind, in order.
fn events(run: &TestRun, kind: &str) -> Vec<Body> {
    let view = run.view();
    let sendings = view.messages().sendings().iter();
    let of_kind = sendings.filter(|sent| *sent.kind() == kind);
    of_kind.map(|sent| sent.sent.body.clone()).collect()
}

fn text<'a>(body: &'a Body, field: &str) -> Option<&'a str> {
    body.field(field)?.text()
}

/// One agent with two modules, whose model takes 1.001 s for each.
///
/// A request takes two milliseconds, one there and one back, and a new connection two more.
/// The service takes the checkpoint `planned` 4 ms after the opening, and the first event
/// of the agent 8 ms after it. A module takes five requests and its answer, so that
/// `module-1` is taken after 1.019 s, `module-2` after 2.030 s and `generated` after
/// 2.034 s.
fn two_modules(baseline_ms: u64, quality: u32) -> Value {
    json!({
        "service": { "time_per_module": format!("{baseline_ms}ms"), "quality": 80 },
        "hosts": [{ "modules": 2, "answer": "1001ms..1001ms", "quality": quality }],
    })
}

#[test]
fn bottleneck_is_the_longest_gap_in_virtual_time() {
    for seed in 0..8 {
        let run = run(&two_modules(5_000, 80), seed);
        let [found] = &events(&run, "bottleneck_detected")[..] else {
            panic!("not one bottleneck");
        };
        assert_eq!(text(found, "checkpoint"), Some("module-1"));
        let gap = found.field("gap_us").and_then(|gap| gap.integer());
        assert_eq!(gap, Some(1_015_000));
    }
}

/// 2.034 s for two modules are exactly one and a half times 678 ms for each.
#[test]
fn time_regression_begins_beyond_one_and_a_half_times_the_baseline() {
    for seed in 0..8 {
        let regressions = |baseline_ms| {
            let run = run(&two_modules(baseline_ms, 80), seed);
            events(&run, "regression_detected")
        };
        assert_eq!(regressions(678), []);
        let [found] = &regressions(677)[..] else {
            panic!("not one regression");
        };
        assert_eq!(text(found, "metric"), Some("generation_time"));
        assert_eq!(text(found, "severity"), Some("high"));
    }
}

/// A score of 72 is exactly nine tenths of 80.
#[test]
fn quality_regression_begins_below_nine_tenths_of_the_baseline() {
    for seed in 0..8 {
        let regressions = |quality| {
            let run = run(&two_modules(5_000, quality), seed);
            events(&run, "regression_detected")
        };
        assert_eq!(regressions(72), []);
        let [found] = &regressions(71)[..] else {
            panic!("not one regression");
        };
        assert_eq!(text(found, "metric"), Some("test_quality"));
        assert_eq!(text(found, "severity"), Some("critical"));
    }
}

#[test]
fn session_without_modules_has_no_regression() {
    let file = json!({
        "service": { "time_per_module": "1ms", "quality": 100 },
        "hosts": [{ "modules": 0, "answer": "50ms..50ms" }],
    });
    let run = run(&file, 0);
    assert_eq!(events(&run, "regression_detected"), []);
    assert_eq!(events(&run, "session_ended").len(), 1);
}

/// The token lives for 20 ms, and five callers share it.
#[test]
fn one_of_all_callers_refreshes_the_token() {
    let file = json!({
        "tokens": { "lifetime": "20ms", "effort": "5ms" },
        "hosts": [{ "agents": 5, "modules": 2, "answer": "10ms..30ms" }],
    });
    for seed in 0..8 {
        let run = run(&file, seed);
        let entries = run.history.entries.iter();
        let refreshes = entries.filter(|entry| {
            matches!(&entry.kind, EntryKind::Invariant { name, broken }
                if *name == "one caller refreshes a token" && broken.is_none())
        });
        assert!(refreshes.count() > 2, "seed {seed}");
    }
}

/// Every event that the service accepted is in a trace, and the traces have no other.
#[test]
fn calls_are_tracked_without_a_line_in_the_program_that_makes_them() {
    let file = json!({
        "hosts": [{ "count": 2, "agents": 3, "modules": 4, "healing": 100 }],
    });
    let run = run(&file, 3);
    // Two answers for each module, that of the tests and that of their repair.
    assert_eq!(events(&run, "llm_call").len(), 2 * 3 * 4 * 2);
    assert_eq!(events(&run, "test_healing_triggered").len(), 2 * 3 * 4);
    let view = run.view();
    let accepted = view.messages().sendings().iter();
    let accepted = accepted.filter(|sent| sent.accepted().is_some()).count();
    assert_eq!(view.messages().deliveries().len(), accepted);
}
