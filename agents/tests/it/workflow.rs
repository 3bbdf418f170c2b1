//! Workflows: virtual times, counts and results, exactly, from the histories of runs.

use std::time::Duration;

use rehearsal_agents::sections::Settings;
use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::systems::workflow::{Workflow, WorkflowFile, WorkflowScenario, marks};
use rehearsal_history::facets::messages::Sending;
use rehearsal_history::facets::spans::SpanRecord;
use rehearsal_history::{CheckedRun, SpanEnd};
use rehearsal_sim::{Config, Deviate, Exhaustive, Fifo, NetConfig, Random, Strategy};
use serde_json::{Value, json};

use crate::common::{ORDERS, Order, TestRun, invariant_checks, ms, run_system};

/// The latencies of a run's links.
#[derive(Clone, Copy)]
enum Links {
    /// None, so that nothing but agents takes time.
    Instant,
    /// Drawn, up to that.
    UpTo(Duration),
}

fn scenario(file: Value) -> WorkflowScenario {
    let file: WorkflowFile = serde_json::from_value(file).expect("it matches the schema");
    WorkflowScenario::from_file(file).expect("it has no problems")
}

/// Runs a workflow, which must keep its promises.
#[track_caller]
fn run(file: &Value, links: Links, seed: u64, order: Order) -> TestRun {
    let strategy: Box<dyn Strategy> = match order {
        Order::Fifo => Box::new(Fifo),
        Order::Random => Box::new(Random::default()),
    };
    run_with(file, links, seed, strategy)
}

/// As [`run`], with any strategy.
#[track_caller]
fn run_with(file: &Value, links: Links, seed: u64, strategy: Box<dyn Strategy>) -> TestRun {
    let (latency_min, latency_max) = match links {
        Links::Instant => (Duration::ZERO, Duration::ZERO),
        Links::UpTo(longest) => (Duration::ZERO, longest),
    };
    let config = Config {
        seed,
        strategy,
        net: NetConfig {
            latency_min,
            latency_max,
            ..NetConfig::default()
        },
        ..Config::default()
    };
    let spec = ScenarioSpec::new(scenario(file.clone()));
    let run = run_system(config, Workflow, spec);
    assert!(run.view().at_rest(), "{}", run.outcome.verdict);
    let (checks, broken) = invariant_checks(&run.history);
    assert!(checks > 0, "nothing was checked");
    assert_eq!(broken, <[&str; 0]>::default());
    run
}

/// Runs a workflow on links without latency.
#[track_caller]
fn run_instant(file: &Value) -> TestRun {
    run(file, Links::Instant, 1, Order::Fifo)
}

fn spans<'a>(run: &'a CheckedRun<'_>, kind: &str) -> Vec<&'a SpanRecord<'a>> {
    let spans = run.spans().iter();
    spans.filter(|span| span.began.kind == kind).collect()
}

fn duration(span: &SpanRecord<'_>) -> Duration {
    let (ended, _) = span.ends.first().expect("it has ended");
    ended.since(span.at)
}

/// Returns the virtual time that the workflow of a run took.
fn makespan(run: &TestRun) -> Duration {
    let view = run.view();
    let workflows = spans(&view, "workflow");
    assert_eq!(workflows.len(), 1);
    duration(workflows[0])
}

/// Returns the virtual times that the tasks of a run took, in the order in which they began.
fn task_times(run: &TestRun) -> Vec<Duration> {
    let view = run.view();
    let tasks = spans(&view, "task");
    tasks.into_iter().map(duration).collect()
}

/// Returns the results of the workflows of a run.
fn results(run: &TestRun) -> Vec<Value> {
    let view = run.view();
    let sendings = view.messages().sendings().iter();
    let result = |sending: &Sending<'_>| {
        let result = sending.sent.body.field("result")?.text()?.to_owned();
        Some(serde_json::from_str(&result).expect("it is JSON"))
    };
    sendings.filter_map(result).collect()
}

fn result(run: &TestRun) -> Value {
    let mut results = results(run);
    assert_eq!(results.len(), 1);
    results.remove(0)
}

/// Returns the number of messages of a kind.
fn count(run: &TestRun, kind: &str) -> usize {
    let view = run.view();
    let sendings = view.messages().sendings().iter();
    sendings.filter(|sending| *sending.kind() == kind).count()
}

// Reviews ---------------------------------------------------------------------

/// The reviewers of the reference, with their times and findings.
fn reviewers() -> Value {
    json!([
        { "name": "Security", "takes": "2s", "answers": [
            r#"{ "findings": [{ "severity": "high", "line": 42 }, { "severity": "medium", "line": 67 }] }"#] },
        { "name": "Performance", "takes": "1500ms", "answers": [
            r#"{ "findings": [{ "severity": "high", "line": 34 }, { "severity": "low", "line": 89 }] }"#] },
        { "name": "Accessibility", "takes": "1s", "answers": [
            r#"{ "findings": [{ "severity": "medium", "line": 23 }] }"#] },
        { "name": "CodeQuality", "takes": "1200ms", "answers": [
            r#"{ "findings": [{ "severity": "low", "line": 56 }, { "severity": "low", "line": 101 }] }"#] },
    ])
}

fn reviews(order: &str) -> Value {
    let workflow = json!({ "process": "fan-out", "order": order });
    json!({ "workflow": workflow, "agents": reviewers() })
}

#[test]
fn parallel_reviews_take_as_long_as_the_slowest_and_sequential_ones_as_all_together() {
    for order in ORDERS {
        let sequential = run(&reviews("sequential"), Links::Instant, 1, order);
        let parallel = run(&reviews("parallel"), Links::Instant, 1, order);
        assert_eq!(makespan(&sequential), ms(5_700));
        assert_eq!(makespan(&parallel), ms(2_000));
        let times = [2_000, 1_500, 1_000, 1_200].map(ms);
        assert_eq!(task_times(&sequential), times);
        // All begin at once, so that the schedule decides on their order.
        let mut at_once = task_times(&parallel);
        at_once.sort_unstable();
        assert_eq!(at_once, [1_000, 1_200, 1_500, 2_000].map(ms));
        // A speed-up of 2.85, in whole numbers.
        assert_eq!(makespan(&sequential) * 100, makespan(&parallel) * 285);
        let [one, other] = [&sequential, &parallel].map(result);
        assert_eq!(one, other);
        assert_eq!(one["synthesis"]["total_findings"], 7);
        assert_eq!(one["synthesis"]["total_risk"], 17);
        assert_eq!(one["synthesis"]["recommendation"], "request_changes");
        assert_eq!(
            (&one["agents_run"], &one["agents_succeeded"]),
            (&4.into(), &4.into())
        );
    }
}

#[test]
fn synthesis_is_the_same_whichever_review_is_first() {
    let agents = |takes: [u32; 3]| {
        let severities = ["low", "high", "low"];
        let agents = (0..3).map(|number: usize| {
            let (severity, line) = (severities[number], number);
            let answer = json!({ "findings": [{ "severity": severity, "line": line }] });
            json!({
                "name": format!("reviewer-{number}"),
                "takes": format!("{}ms", takes[number]),
                "answers": [answer.to_string()],
            })
        });
        json!({ "workflow": { "process": "fan-out" }, "agents": agents.collect::<Vec<_>>() })
    };
    let permutations = [
        [1, 2, 3],
        [1, 3, 2],
        [2, 1, 3],
        [2, 3, 1],
        [3, 1, 2],
        [3, 2, 1],
    ];
    let found: Vec<Value> = permutations
        .iter()
        .map(|order| result(&run_instant(&agents(order.map(|place| place * 100)))))
        .collect();
    assert!(found.iter().all(|result| *result == found[0]));
    let lines: Vec<&Value> = found[0]["synthesis"]["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| &finding["line"])
        .collect();
    assert_eq!(lines, [1, 0, 2]);
    // All at once, the links and the schedule decide on the order.
    for seed in 0..32 {
        let links = Links::UpTo(ms(20));
        let run = run(&agents([1, 1, 1]), links, seed, Order::Random);
        assert_eq!(result(&run), found[0]);
    }
}

#[test]
fn small_fan_out_holds_in_every_schedule() {
    let reviewer = |name: &str| {
        let answer = r#"{ "findings": [{ "severity": "low" }] }"#;
        json!({ "name": name, "takes": "1ms", "answers": [answer] })
    };
    let agents = [reviewer("one"), reviewer("two")];
    let file = json!({ "workflow": { "process": "fan-out" }, "agents": agents });
    let mut search = Exhaustive::new(1);
    let mut found = Vec::new();
    while let Some(deviations) = search.take() {
        let (deviate, picks) = Deviate::new(&deviations);
        let run = run_with(&file, Links::Instant, 1, Box::new(deviate));
        search.learn(&deviations, &picks.borrow());
        found.push(result(&run));
    }
    assert_eq!(search.ahead(), 0);
    assert!(found.len() > 10, "{} schedules", found.len());
    assert!(found.iter().all(|result| *result == found[0]));
}

/// A code review with four reviewers, of which some are enabled.
fn code_review(order: &str, quorum: &str, enabled: u32, approve_from: u32) -> Value {
    let severities = ["high", "medium", "low", "low"];
    let agents = (0..4).map(|number: usize| {
        let answer = json!({ "findings": [{ "severity": severities[number] }] });
        json!({
            "name": format!("reviewer-{number}"),
            "takes": format!("{}ms", 10 * (4 - number)),
            "enabled": enabled & (1 << number) != 0,
            "answers": [answer.to_string()],
        })
    });
    json!({
        "workflow": {
            "process": "review",
            "order": order,
            "quorum": quorum,
            "approve_from": approve_from,
        },
        "agents": agents.collect::<Vec<_>>(),
    })
}

#[test]
fn configurations_of_a_review_decide_alike_in_parallel_and_in_sequence() {
    let penalties = [20, 10, 5, 5];
    for quorum in ["answered", "all"] {
        for enabled in 0..16_u32 {
            let of = |order| result(&run_instant(&code_review(order, quorum, enabled, 90)));
            let (parallel, sequential) = (of("parallel"), of("sequential"));
            assert_eq!(parallel, sequential, "{quorum} {enabled:04b}");
            let penalty: u32 = (0..4)
                .filter(|number| enabled & (1 << number) != 0)
                .map(|number| penalties[number])
                .sum();
            assert_eq!(parallel["score_tenths"], 100 - penalty);
            let approves = 100 - penalty >= 90;
            let action = if approves {
                "approve"
            } else {
                "request_changes"
            };
            assert_eq!(parallel["action"], action, "{enabled:04b}");
            assert_eq!(parallel["agents_run"], enabled.count_ones());
        }
    }
    // Exactly at the threshold of 9.0, and a tenth above it.
    let of = |approve_from| {
        let review = code_review("parallel", "all", 0b0010, approve_from);
        result(&run_instant(&review))["action"].clone()
    };
    assert_eq!(of(90), "approve");
    assert_eq!(of(91), "request_changes");
}

// Other processes -------------------------------------------------------------

#[test]
fn chain_takes_as_long_as_its_tasks_and_logs_each_once() {
    let chain = json!({ "workflow": { "process": "chain" }, "agents": reviewers() });
    let run = run_instant(&chain);
    assert_eq!(makespan(&run), ms(5_700));
    let tasks = count(&run, "task");
    assert_eq!(tasks, 4);
    // Four messages for each task: announced, given, finished, reported.
    let messages = ["task_begins", "task", "finished", "task_ends"];
    let messages = messages.map(|kind| count(&run, kind));
    // The end of the workflow is `finished` too.
    assert_eq!(messages, [tasks, tasks, tasks + 1, tasks]);
}

#[test]
fn failure_at_each_place_of_a_chain_ends_it_there() {
    for failing in 0..4 {
        let mut agents = reviewers();
        agents[failing]["fails"] = 1.into();
        let chain = json!({ "workflow": { "process": "chain" }, "agents": agents });
        let run = run_instant(&chain);
        let view = run.view();
        let tasks = spans(&view, "task");
        let ends: Vec<Option<SpanEnd>> = tasks.iter().map(|task| task.end()).collect();
        let mut expected = vec![Some(SpanEnd::Completed); failing];
        expected.push(Some(SpanEnd::Failed));
        assert_eq!(ends, expected);
        assert_eq!(spans(&view, "workflow")[0].end(), Some(SpanEnd::Failed));
        assert!(run.reached(marks::FAILED) && !run.reached(marks::COMPLETED));
    }
}

#[test]
fn two_rounds_take_the_slowest_peer_and_the_pause_twice() {
    let answers = vec![r#"{ "tests": 1 }"#; 2];
    let peer =
        |name: &str, takes: &str| json!({ "name": name, "takes": takes, "answers": answers });
    let rounds = json!({
        "workflow": { "process": "rounds", "rounds": 2, "pause": "500ms" },
        "agents": [
            peer("unit", "300ms"),
            peer("integration", "700ms"),
            peer("e2e", "400ms"),
            peer("review", "200ms"),
        ],
    });
    let run = run_instant(&rounds);
    assert_eq!(makespan(&run), 2 * (ms(700) + ms(500)));
    let workspace = result(&run)["workspace"].clone();
    assert_eq!(workspace.as_array().map(Vec::len), Some(8));
}

#[test]
fn plan_takes_as_long_as_its_longest_path() {
    let agent = |name: &str, takes: &str| json!({ "name": name, "takes": takes, "answers": ["1"] });
    let task = |name: &str, after: &[&str]| json!({ "name": name, "agent": name, "after": after });
    let plan = |at_once: u32| {
        json!({
            "workflow": { "process": "plan", "at_once": at_once },
            "agents": [
                agent("analyse", "1s"),
                agent("parse", "500ms"),
                agent("profile", "800ms"),
                agent("generate", "700ms"),
                agent("report", "200ms"),
            ],
            "tasks": [
                task("analyse", &[]),
                task("parse", &[]),
                task("profile", &["parse"]),
                task("generate", &["analyse", "parse"]),
                task("report", &["profile", "generate"]),
            ],
        })
    };
    let [parallel, sequential] = [5, 1].map(|at_once| run_instant(&plan(at_once)));
    assert_eq!(makespan(&parallel), ms(1_900));
    assert_eq!(makespan(&sequential), ms(3_200));
    assert!(parallel.reached(marks::TASKS_AT_ONCE));
    assert!(!sequential.reached(marks::TASKS_AT_ONCE));
    assert_eq!(result(&parallel), result(&sequential));
}

/// A supervisor whose evaluations cannot be read, and who asks one worker for ever.
fn endless(decisions: u32) -> Value {
    json!({
        "workflow": {
            "process": "supervisor",
            "supervisor": "supervisor",
            "decisions": decisions,
        },
        "agents": [
            {
                "name": "supervisor",
                "takes": "100ms",
                "answers": [r#"{ "next_worker": "analyst" }"#, "hm"],
                "repeats": 100,
            },
            { "name": "analyst", "takes": "300ms", "answers": ["1"], "repeats": 100 },
        ],
    })
}

#[test]
fn supervisor_decides_exactly_as_often_as_it_may() {
    for decisions in [1, 4, 9] {
        let run = run_instant(&endless(decisions));
        // A plan, a task and an evaluation for each decision, two of them the supervisor's.
        assert_eq!(count(&run, "task"), 3 * decisions as usize);
        let view = run.view();
        let tasks = spans(&view, "task").into_iter();
        let labels = tasks.map(|task| task.began.label.as_str().to_owned());
        let delegated = labels.filter(|label| label.starts_with("analyst")).count();
        assert_eq!(delegated, decisions as usize);
        assert_eq!(count(&run, "state"), decisions as usize);
        assert_eq!(makespan(&run), decisions * ms(500));
        assert_eq!(run.marks(marks::DECISIONS_USED_UP), 1);
    }
}

#[test]
fn tasks_stop_at_the_moment_at_which_tokens_are_used_up() {
    let reviewer = |name: &str, takes: &str| {
        let answers = vec![r#"{ "tool": "search" }"#; 9];
        json!({ "name": name, "takes": takes, "tools": ["search"], "answers": answers })
    };
    let file = json!({
        "workflow": { "process": "fan-out", "budget": 60 },
        "agents": [
            reviewer("one", "200ms"),
            reviewer("two", "300ms"),
            reviewer("three", "700ms"),
        ],
    });
    let run = run_instant(&file);
    // Steps begin at 0 (three), 200, 300 and 400: six of ten tokens each. The seventh, at
    // 600 ms, gets none.
    assert_eq!(makespan(&run), ms(600));
    let view = run.view();
    for task in spans(&view, "task") {
        assert_eq!(
            (duration(task), task.end()),
            (ms(600), Some(SpanEnd::Cancelled))
        );
    }
    assert_eq!(run.marks(marks::OUT_OF_TOKENS), 1);
    assert_eq!(run.marks(marks::TASK_STOPPED), 3);
}

/// An incident whose analysis is that sure.
fn incident(error_rate: u32, confidence: u32, success: bool) -> Value {
    let agent = |name: &str, takes: &str, answer: Value| json!({ "name": name, "takes": takes, "answers": [answer.to_string()] });
    json!({
        "workflow": {
            "process": "incident",
            "input": json!({ "name": "errors", "error_rate": error_rate }).to_string(),
        },
        "agents": [
            agent("detect", "0ms", json!({})),
            agent("analyse", "500ms", json!({ "confidence": confidence, "auto_fixable": true })),
            agent("remediate", "1s", json!({ "success": success })),
            agent("escalate", "0ms", json!({ "on_call": "first" })),
            agent("learn", "0ms", json!({ "pattern_saved": true })),
        ],
    })
}

#[test]
fn every_branch_of_an_incident_learns_once() {
    // Error rate, confidence, success; then remediated, escalated, and the time.
    let cases = [
        (25, 80, true, 1, 0, 1_500),
        (25, 80, false, 0, 1, 1_500),
        (25, 79, true, 0, 1, 500),
        (51, 79, true, 0, 1, 500),
        (10, 79, true, 1, 0, 1_500),
        (1, 0, true, 1, 0, 1_500),
    ];
    for (error_rate, confidence, success, remediated, escalated, time) in cases {
        let run = run_instant(&incident(error_rate, confidence, success));
        let marks = [marks::REMEDIATED, marks::ESCALATED, marks::LEARNED];
        let reached = marks.map(|mark| run.marks(mark));
        let case = (error_rate, confidence, success);
        assert_eq!(reached, [remediated, escalated, 1], "{case:?}");
        assert_eq!(makespan(&run), ms(time), "{case:?}");
    }
}
