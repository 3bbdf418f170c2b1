//! Reports of runs: their spans, metrics and validations, and baselines of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rehearsal::history::Validation;
use rehearsal::history::metrics::METRICS;
use serde_json::{Value, json};

use crate::support::{code, stderr, stdout};

fn rehearsal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["--out", env!("CARGO_TARGET_TMPDIR")])
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("lines of JSON")
}

/// A file of this test's own, which is not there yet.
fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // There may be none of an earlier run.
    let _ = std::fs::remove_file(&path);
    path
}

/// Returns the outcomes of the validations, in order.
fn validations(line: &Value) -> Vec<(String, String)> {
    let all = line["validations"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    all.map(|entry| (text(&entry["validation"]), text(&entry["outcome"])))
        .collect()
}

#[test]
fn a_run_record_says_what_each_agent_did() {
    let line = &lines(&rehearsal(&["run", "lock_contention", "--json"]))[0];
    let runs = line["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 50);
    for run in runs {
        for field in ["span", "label", "kind", "tenant", "channel"] {
            assert!(run[field].is_string(), "{field} in {run}");
        }
        assert_eq!(run["kind"], "stress");
        assert_eq!(run["messages"], 102);
        assert_eq!(run["success"], true);
        assert_eq!(run["error"], Value::Null);
        assert!(run["began_us"].as_u64() < run["ended_us"].as_u64(), "{run}");
    }
    let failing = &lines(&rehearsal(&["run", "cleanup", "--json"]))[0];
    let runs = failing["runs"].as_array().expect("a list");
    let errors: Vec<&str> = runs
        .iter()
        .filter_map(|run| run["error"].as_str())
        .collect();
    assert!(
        errors.contains(&"failed") && errors.contains(&"timed out"),
        "{errors:?}"
    );
    let failed = runs.iter().filter(|run| run["success"] == false).count();
    assert_eq!(failed, errors.len());
}

/// 50 × 100 and 20 × 50 events, and two more of each agent.
#[test]
fn the_numbers_of_the_large_scenarios_are_exact() {
    for (name, agents, events) in [("lock_contention", 50, 100), ("bridge_consistency", 20, 50)] {
        for line in lines(&rehearsal(&["run", name, "--seeds", "4", "--json"])) {
            let number = |metric: &str| {
                let value = &line["metrics"][metric];
                let parts = [&value["numerator"], &value["denominator"]];
                parts.map(|part| {
                    part.as_u64()
                        .unwrap_or_else(|| panic!("{metric} in {value}"))
                })
            };
            assert_eq!(number("spans"), [agents, 1]);
            assert_eq!(number("success"), [agents, agents]);
            assert_eq!(number("sent"), [agents * (events + 2), 1]);
            assert_eq!(number("sent:progress"), [agents * events, 1]);
            assert_eq!(number("received:progress"), [agents * events, 1]);
            assert_eq!(number("delivered"), [agents * (events + 2); 2]);
            let [arrived, micros] = number("throughput");
            assert!(arrived >= 100 * micros, "{name}: {arrived} in {micros}");
            let per_span = &line["metrics"]["messages-per-span"];
            assert_eq!(
                (&per_span["p50"], &per_span["p100"]),
                (&json!(events + 2), &json!(events + 2))
            );
        }
    }
}

#[test]
fn locks_that_were_waited_for_are_listed_with_their_places() {
    let line = &lines(&rehearsal(&["run", "lock_contention", "--json"]))[0];
    let locks = line["locks"].as_array().expect("a list");
    let waits: u64 = locks.iter().filter_map(|lock| lock["waits"].as_u64()).sum();
    let counted = &line["metrics"]["lock-waits"]["numerator"];
    assert!(waits > 0 && Some(waits) == counted.as_u64(), "{locks:?}");
    let place = locks[0]["created_at"].as_str().expect("a place");
    assert!(place.starts_with("agents/src/systems/bridge/"), "{place}");
    let text = stdout(&rehearsal(&["run", "lock_contention"]));
    assert!(text.contains(&format!("Mutex of {place}: ")), "{text}");
}

#[test]
fn a_report_has_the_six_validations_and_what_judged_them() {
    let line = &lines(&rehearsal(&["run", "lock_contention", "--json"]))[0];
    let passed = Validation::ALL.map(|name| (name.to_string(), "passed".to_owned()));
    assert_eq!(validations(line), passed);
    let judged = line["validations"][1]["oracles"]
        .as_array()
        .expect("a list");
    assert_eq!(judged, &["no-loss", "exactly-once", "limits"]);
    let text = stdout(&rehearsal(&["run", "lock_contention"]));
    for name in Validation::ALL {
        assert!(text.contains(name.as_str()), "{name} is not in\n{text}");
    }
    assert!(text.contains("measured  makespan"), "{text}");
}

#[test]
fn a_validation_without_its_oracle_is_not_checked() {
    let line = &lines(&rehearsal(&["run", "shared_bridge", "--json"]))[0];
    let outcomes = validations(line);
    assert_eq!(
        outcomes[5],
        ("performance".to_owned(), "not checked".to_owned())
    );
    assert_eq!(line["validations"][5]["oracles"], json!([]));
    let broken = &lines(&rehearsal(&[
        "run",
        "broadcast-to-all",
        "--json",
        "--no-shrink",
    ]))[0];
    assert_eq!(line["verdict"], "pass");
    assert_eq!(broken["verdict"], "violation");
    let state = &validations(broken)[3];
    assert_eq!(
        state,
        &("state-consistency".to_owned(), "failed".to_owned())
    );
    // A run that was cut short is not judged for what is missing.
    let stuck = rehearsal(&[
        "run",
        "lock-order-inversion",
        "--seeds",
        "64",
        "--json",
        "--no-shrink",
    ]);
    let stuck = lines(&stuck);
    let stuck = stuck.iter().find(|line| line["verdict"] == "deadlock");
    let outcomes = validations(stuck.expect("a deadlock"));
    assert_eq!(outcomes[2], ("timing".to_owned(), "failed".to_owned()));
    assert_eq!(outcomes[4].1, "not checked");
}

#[test]
fn one_agent_and_a_thousand_are_run_alike() {
    for count in [1, 10, 100, 1_000] {
        let edit = format!("agents.0.count={count}");
        let output = rehearsal(&["run", "event_ordering", "--set", &edit, "--json"]);
        let line = &lines(&output)[0];
        assert_eq!(line["verdict"], "pass", "{count} agents");
        let spans = &line["metrics"]["spans:fast"]["numerator"];
        assert_eq!(spans, &json!(count));
    }
}

#[test]
fn metrics_are_held_against_a_baseline() {
    let file = fresh("baseline.toml");
    let file = file.to_str().expect("UTF-8");
    let run = |flag: &str, seeds: &str| {
        rehearsal(&[
            "run",
            "shared_bridge",
            "collision",
            "--seeds",
            seeds,
            flag,
            file,
        ])
    };
    let saved = run("--save-baseline", "4");
    assert_eq!(code(&saved), 0, "{}", stderr(&saved));
    let same = run("--baseline", "4");
    assert_eq!(code(&same), 0, "{}", stderr(&same));
    let text = stdout(&same);
    assert!(text.contains("collision  none of "), "{text}");
    // Of what was measured, half as much would have been enough.
    let written = std::fs::read_to_string(file).expect("it is written");
    let (head, makespan) = written
        .split_once("[scenario.metrics.makespan]\nsum = ")
        .expect("it");
    let (sum, tail) = makespan.split_once('\n').expect("a line");
    let half = sum.parse::<u64>().expect("a number") / 2;
    let halved = format!("{head}[scenario.metrics.makespan]\nsum = {half}\n{tail}");
    std::fs::write(file, halved).expect("it is written");
    let worse = run("--baseline", "4");
    assert_eq!(code(&worse), 10, "{}", stdout(&worse));
    let text = stdout(&worse);
    assert!(text.contains("high      makespan"), "{text}");
    assert!(text.contains("more than 1.5 times"), "{text}");
    let output = rehearsal(&[
        "run",
        "shared_bridge",
        "--seeds",
        "4",
        "--json",
        "--baseline",
        file,
    ]);
    let all = lines(&output);
    let regressions = &all[4]["regressions"];
    assert_eq!(regressions[0]["metric"], "makespan");
    assert_eq!(regressions[0]["severity"], "high");
    // Other seeds are no comparison.
    let other = run("--baseline", "5");
    assert_eq!(code(&other), 2);
    let text = stderr(&other);
    assert!(
        text.contains("error[B0005]") && text.contains("--seeds 0..4"),
        "{text}"
    );
}

#[test]
fn a_baseline_is_of_runs_that_pass_and_is_read_with_care() {
    let file = fresh("no-baseline.toml");
    let file = file.to_str().expect("UTF-8");
    let failing = rehearsal(&[
        "run",
        "double-terminal",
        "--no-shrink",
        "--save-baseline",
        file,
    ]);
    assert_eq!(code(&failing), 10);
    assert!(
        stderr(&failing).contains("is not written"),
        "{}",
        stderr(&failing)
    );
    assert!(!Path::new(file).exists());
    for (text, code_of_it) in [
        (None, "error[B0001]"),
        (Some("format = "), "error[B0002]"),
        (Some("format = 1\nspeed = 3"), "error[B0003]"),
        (Some("format = 9"), "error[B0004]"),
    ] {
        if let Some(text) = text {
            std::fs::write(file, text).expect("it is written");
        }
        let output = rehearsal(&["run", "shared_bridge", "--baseline", file]);
        assert_eq!(code(&output), 2, "{text:?}");
        assert!(stdout(&output).is_empty(), "{text:?}");
        let errors = stderr(&output);
        assert!(
            errors.contains(code_of_it) && errors.contains("help: "),
            "{errors}"
        );
    }
}

#[test]
fn a_share_of_failing_seeds_is_allowed_only_if_it_is_asked_for() {
    let run = |more: &[&str]| {
        let mut arguments = vec![
            "run",
            "sequence-apart-from-send",
            "--seeds",
            "16",
            "--no-shrink",
        ];
        arguments.extend(more);
        rehearsal(&arguments)
    };
    assert_eq!(code(&run(&[])), 10);
    let json = lines(&run(&["--json"]));
    let failed = json
        .iter()
        .filter(|line| line["verdict"] == "violation")
        .count();
    assert!((1..16).contains(&failed), "{failed} of 16");
    let share = |failed: usize| {
        let hundredths = failed * 10_000 / 16;
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    let within = run(&["--max-failure-rate", &share(failed)]);
    let beyond = run(&["--max-failure-rate", &share(failed - 1)]);
    assert_eq!(
        (code(&within), code(&beyond)),
        (0, 10),
        "{}",
        stderr(&within)
    );
    assert!(
        stderr(&within).contains("of 16 runs failed"),
        "{}",
        stderr(&within)
    );
    assert_eq!(code(&run(&["--max-failure-rate", "0.05"])), 2);
}

#[test]
fn the_guide_lists_every_metric() {
    let guide = std::fs::read_to_string("docs/guide/oracles.md").expect("there is a page");
    let table: Vec<&str> = guide
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for metric in METRICS {
        let name = format!("`{}", metric.name);
        let listed = |line: &&str| {
            let cell = line.split('|').nth(1).unwrap_or_default();
            let mut names = cell.split(", ").map(str::trim);
            names.any(|listed| {
                let rest = listed.strip_prefix(&name);
                rest.is_some_and(|rest| rest.starts_with(['`', ':']))
            })
        };
        assert!(table.iter().any(listed), "{} is not listed", metric.name);
    }
}
