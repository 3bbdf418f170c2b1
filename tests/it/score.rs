//! `rehearsal score`: its lines, its page, and the page that is part of the project.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rehearsal::run::StrategyName;
use rehearsal::scenario::{discover, load};
use serde_json::Value;

use crate::support::{code, stderr, stdout};

fn score(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("score")
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Returns the names of the scenarios that carry a defect.
fn defects() -> BTreeSet<String> {
    let files = discover::find(Path::new("scenarios")).expect("scenario files");
    let scenarios = files.iter().map(|file| load(file).expect("it is valid"));
    scenarios
        .filter(|scenario| scenario.spec.defect.is_some())
        .map(|scenario| scenario.name)
        .collect()
}

#[test]
fn a_line_is_a_defect_under_a_strategy() {
    let given = [
        "lost-update",
        "sequence-apart-from-send",
        "--seeds",
        "40",
        "--json",
    ];
    let output = score(&[&given[..], &["--strategy", "fifo", "--strategy", "random"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = lines(&output);
    let who = |line: &Value| (line["scenario"].clone(), line["strategy"].clone());
    let expected = [
        ("lost-update", "fifo"),
        ("lost-update", "random"),
        ("sequence-apart-from-send", "fifo"),
        ("sequence-apart-from-send", "random"),
    ];
    let expected = expected.map(|(scenario, strategy)| (scenario.into(), strategy.into()));
    assert_eq!(lines.iter().map(who).collect::<Vec<_>>(), expected);
    for line in &lines {
        assert_eq!(line["seeds"], 40);
        assert_eq!(line["false_alarms"], 0);
        assert_eq!(line["other_failures"], 0);
        let counts = line["signatures"].as_array().expect("a list").iter();
        let counted: u64 = counts.filter_map(|entry| entry["count"].as_u64()).sum();
        assert_eq!(line["detected"], counted);
        assert_eq!(line["runs_to_first"].is_null(), counted == 0, "{line}");
        let bounds = |place: usize| line["interval"][place].as_u64().expect("a number");
        let rate = counted * 10_000 / 40;
        assert!(bounds(0) <= rate && rate <= bounds(1), "{line}");
    }
    // The default schedule never shows this one.
    assert_eq!(lines[2]["detected"], 0);
    assert_ne!(lines[1]["detected"], 0);
    assert_eq!(lines[1]["oracle"], "linearizable");
}

#[test]
fn workers_change_nothing() {
    let given = ["lost-update", "double-claim", "--seeds", "60", "--json"];
    let with = |jobs| stdout(&score(&[&given[..], &["--jobs", jobs]].concat()));
    let one = with("1");
    assert_eq!(one.lines().count(), 2);
    assert_eq!(with("4"), one);
}

#[test]
fn strategies_may_have_seeds_of_their_own() {
    let given = ["lost-update", "--strategy", "fifo", "--strategy", "random"];
    let seeds = ["--seeds", "random=30", "--seeds", "20", "--json"];
    let output = score(&[given, seeds].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = lines(&output);
    let seeds: Vec<&Value> = lines.iter().map(|line| &line["seeds"]).collect();
    assert_eq!(seeds, [20, 30]);
    let other = score(&["lost-update", "--seeds", "pos=3"]);
    assert_eq!(code(&other), 2);
    assert!(stderr(&other).contains("--strategy pos"));
}

/// Two hundred runs that show a defect say enough of it. Its twin must pass all seeds.
#[test]
fn defect_that_was_seen_often_is_run_no_more() {
    let line = |jobs| {
        let given = [
            "threshold-exceeded",
            "--seeds",
            "350",
            "--json",
            "--jobs",
            jobs,
        ];
        lines(&score(&given)).remove(0)
    };
    let one = line("1");
    assert_eq!(one["detected"], 200, "{one}");
    assert_eq!(one["seeds"], 200);
    assert_eq!(one["twin_seeds"], 350);
    assert_eq!(one["false_alarms"], 0);
    assert_eq!(line("3"), one);
}

/// Failures are counted, and leave no files: neither where repros go, nor beside.
#[test]
fn nothing_is_kept() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("score-keeps-nothing");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["score", "lost-update", "--seeds", "5"])
        .args(["--out".as_ref(), directory.join("out").as_os_str()])
        .args(["--scenarios".as_ref(), scenarios.as_os_str()])
        .current_dir(&directory)
        .output()
        .expect("the binary starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("linearizable/no-order"));
    let mut kept = fs::read_dir(&directory).expect("the directory");
    assert!(kept.next().is_none(), "{kept:?}");
}

/// Enough of the defects measure strategies: the default schedule never shows them, and
/// fewer than one in a hundred random ones do.
#[test]
fn thirty_defects_need_a_schedule() {
    let given = [
        "scenarios/programs",
        "--no-twins",
        "--json",
        "--seeds",
        "400",
    ];
    let output = score(&[&given[..], &["--strategy", "fifo", "--strategy", "random"]].concat());
    let lines = lines(&output);
    let found = |strategy: &str| -> Vec<u64> {
        let of_strategy = lines.iter().filter(|line| line["strategy"] == strategy);
        of_strategy
            .map(|line| line["detected"].as_u64().expect("a number"))
            .collect()
    };
    let both = found("fifo").into_iter().zip(found("random"));
    let hard = both.filter(|&(default, random)| default == 0 && random * 100 < 400);
    let hard = hard.count();
    assert!(hard >= 30, "{hard} defects need a schedule");
}

#[test]
fn the_exit_code_says_what_was_not_found() {
    let unknown = score(&[
        "sequence-apart-from-send",
        "--seeds",
        "10",
        "--strategy",
        "fifo",
    ]);
    assert_eq!(code(&unknown), 3);
    assert!(stdout(&unknown).contains("not detected: sequence-apart-from-send"));
    let healthy = score(&["collision"]);
    assert_eq!(code(&healthy), 4);
    assert!(stderr(&healthy).contains("carries a defect"));
    let search = score(&["lost-update", "--strategy", "exhaustive"]);
    assert_eq!(code(&search), 2);
}

/// A twin that fails is a false alarm, and worse than a defect that is not found.
#[test]
fn a_false_alarm_is_a_violation() {
    // Healthy, this scenario needs more time than it is given here.
    let output = score(&[
        "lost-update",
        "--seeds",
        "3",
        "--json",
        "--set",
        "budget.virtual_time=20ms",
    ]);
    let line = &lines(&output)[0];
    assert_eq!(line["false_alarms"], 3, "{line}");
    assert_eq!(line["detected"], 0);
    assert_eq!(line["other_failures"], 3);
    assert_eq!(code(&output), 11);
}

#[test]
fn results_of_several_measurements_make_one_page() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str| directory.join(name).display().to_string();
    let (first, second, page) = (
        file("score-1.jsonl"),
        file("score-2.jsonl"),
        file("from.md"),
    );
    for (scenario, into) in [("lost-update", &first), ("double-claim", &second)] {
        let output = score(&[scenario, "--seeds", "9", "--json"]);
        fs::write(into, output.stdout).expect("a file");
    }
    let output = score(&["--from", &first, "--from", &second, "--page", &page]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let whole = file("whole.md");
    let given = ["double-claim", "lost-update", "--seeds", "9"];
    score(&[&given[..], &["--page", &whole]].concat());
    let read = |file: &str| fs::read_to_string(file).expect("it was written");
    assert_eq!(read(&page), read(&whole));
    fs::write(&first, "{\"defect\":\"lost-update\"}\n").expect("a file");
    let output = score(&["--from", &second, "--from", &first]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("score-1.jsonl:1: missing field"));
    assert!(stderr(&output).contains("hint:"));
}

#[test]
fn a_page_has_every_defect_and_strategy_that_was_measured() {
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join("score.md");
    let given = [
        "scenarios/store/defects",
        "--seeds",
        "3",
        "--strategy",
        "all",
    ];
    let file = page.display().to_string();
    let output = score(&[&given[..], &["--no-twins", "--page", &file]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = fs::read_to_string(page).expect("it was written");
    assert!(text.contains("| `lost-update` |"), "{text}");
    for strategy in StrategyName::samplers() {
        assert!(text.contains(&format!("| `{strategy}` |")), "{strategy}");
    }
}

/// The page of the project names what there is to be measured. Its numbers are not compared:
/// a change to a strategy or to a system moves them.
#[test]
fn the_page_of_the_project_is_complete() {
    let text = fs::read_to_string("docs/score.md").expect("the page");
    let (_, tables) = text.split_once("## Rates").expect("the last section");
    let mut rows = tables.lines().filter(|line| line.starts_with('|'));
    let head = rows.next().expect("a head");
    let strategies: BTreeSet<&str> = head.split('`').skip(1).step_by(2).collect();
    let mut all = StrategyName::samplers();
    all.push(StrategyName::default());
    let all: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(strategies, all.iter().map(String::as_str).collect());
    let named = rows.filter_map(|row| row.split('`').nth(1));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(named, defects(), "write it anew, as it says itself");
}

/// Holds that the page of patterns and the scenario files name each other.
#[test]
fn every_defect_has_a_pattern_and_every_pattern_a_defect() {
    let text = fs::read_to_string("docs/defects.md").expect("the page");
    let defects = defects();
    let mut found = BTreeSet::new();
    let mut rows = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let mut cells = row.split(" | ");
        let (pattern, named) = (cells.next(), cells.next().expect("a second cell"));
        if named.starts_with("scenarios") {
            continue;
        }
        rows += 1;
        let named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{pattern:?} has no defect");
        for name in named {
            assert!(defects.contains(name), "{pattern:?}: there is no {name}");
            found.insert(name.to_owned());
        }
    }
    assert!(rows >= 70, "{rows} patterns");
    assert_eq!(found, defects);
}
