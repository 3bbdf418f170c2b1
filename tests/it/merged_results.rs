//! Results of explorations that are merged and resumed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{code, stderr, stdout};

const SEEDS: &str = "400";

const SCENARIO: [&str; 3] = ["double-terminal", "--transport", "in-process"];

/// A directory of that test's own, empty.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("merged-results")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn rehearsal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .output()
        .expect("the command starts")
}

fn explore(out: &Path, more: &[&str]) -> Output {
    let out = ["--out", out.to_str().expect("UTF-8"), "explore"];
    rehearsal(&[&out[..], &SCENARIO, &["--no-shrink", "--json"], more].concat())
}

/// Returns the line of `merge --json` of one program.
fn merged(directories: &[&Path]) -> String {
    let mut arguments = vec!["merge", "--json"];
    arguments.extend(directories.iter().map(|path| path.to_str().expect("UTF-8")));
    let output = rehearsal(&arguments);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// Returns the seeds of each line of an exploration.
fn seeds(output: &Output) -> Vec<u64> {
    let text = stdout(output);
    let seeds = |line| parsed(line)["seeds"].as_u64().expect("a number");
    text.lines().map(seeds).collect()
}

#[test]
fn shards_merge_to_the_result_of_the_whole() {
    let whole = directory("whole");
    let seeds = ["--seeds", SEEDS];
    assert_eq!(code(&explore(&whole, &seeds)), 10);
    let shards = [0, 1, 2].map(|index| {
        let out = directory(&format!("shard_{index}"));
        let shard = format!("{index}/3");
        let output = explore(&out, &[&seeds[..], &["--shard", &shard]].concat());
        assert_eq!(code(&output), 10);
        out
    });
    let [first, second, third] = &shards;
    let all = merged(&[first, second, third]);
    assert_eq!(all, merged(&[&whole]));
    assert_eq!(all, merged(&[third, first, second, first, &whole]));
    let line = parsed(&all);
    assert_eq!(line["seeds"], serde_json::json!(["0..400"]));
    assert_eq!(line["runs"], 400);
    // Together in one file they are the same.
    let into = directory("merged");
    let paths = [first, second, third].map(|path| path.to_str().expect("UTF-8"));
    let arguments = [
        &["merge", "--into", into.to_str().expect("UTF-8")],
        &paths[..],
    ]
    .concat();
    assert_eq!(code(&rehearsal(&arguments)), 10);
    assert_eq!(merged(&[&into]), all);
}

#[test]
fn resumed_exploration_runs_only_the_seeds_that_are_missing() {
    let (whole, resumed) = (directory("unbroken"), directory("resumed"));
    assert_eq!(code(&explore(&whole, &["--seeds", SEEDS])), 10);
    assert_eq!(code(&explore(&resumed, &["--seeds", "100..150"])), 10);
    let path = resumed.to_str().expect("UTF-8");
    let again = ["--resume", path, "--seeds", SEEDS];
    let output = explore(&resumed, &again);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("50 seeds of this program"), "{told}");
    assert_eq!(seeds(&output), [100, 250]);
    assert_eq!(merged(&[&resumed]), merged(&[&whole]));
    // Nothing is left; what was found before is still the result.
    let output = explore(&resumed, &again);
    assert_eq!((code(&output), seeds(&output)), (10, vec![0]));
    let success = explore(&resumed, &[&again[..], &["--found-is-success"]].concat());
    assert_eq!(code(&success), 0, "{}", stderr(&success));
    let merge = rehearsal(&["merge", "--found-is-success", path]);
    assert_eq!(code(&merge), 0, "{}", stderr(&merge));
}

/// Of a scenario with other values, nothing is resumed and nothing refused: it is another
/// exploration, whose results may be in the same directory.
#[test]
fn results_of_other_explorations_are_no_part_of_it() {
    let out = directory("others");
    let path = out.to_str().expect("UTF-8");
    assert_eq!(code(&explore(&out, &["--seeds", "40"])), 10);
    for other in [
        &["--strategy", "random"][..],
        &["--set", "claim=\"Another claim.\""],
    ] {
        let resume = [&["--resume", path, "--seeds", "40"], other].concat();
        let output = explore(&out, &resume);
        assert_eq!(seeds(&output), [40], "{other:?}: {}", stderr(&output));
    }
    let output = rehearsal(&["merge", path, "--json"]);
    assert_eq!(stdout(&output).lines().count(), 3, "{}", stderr(&output));
}

/// The scenario file is another one, of the same name.
#[test]
fn results_of_another_program_are_refused() {
    let out = directory("another_program");
    let scenarios = out.join("scenarios");
    std::fs::create_dir(&scenarios).expect("a directory");
    let found = rehearsal::scenario::discover::resolve(Path::new("scenarios"), "double-terminal");
    let text = std::fs::read_to_string(found.expect("it exists")).expect("UTF-8");
    let file = scenarios.join("double-terminal.toml");
    let explore = |text: &str, more: &[&str]| {
        std::fs::write(&file, text).expect("a file");
        let (root, out) = (scenarios.to_str(), out.to_str());
        let arguments = [
            "--scenarios",
            root.expect("UTF-8"),
            "--out",
            out.expect("UTF-8"),
        ];
        let explore = ["explore", "double-terminal", "--seeds", "8", "--no-shrink"];
        rehearsal(&[&arguments[..], &explore, more].concat())
    };
    let path = out.to_str().expect("UTF-8");
    assert!([0, 10].contains(&code(&explore(&text, &[]))));
    let changed = format!("{text}\n# changed\n");
    let refused = explore(&changed, &["--resume", path]);
    assert_eq!(code(&refused), 2, "{}", stdout(&refused));
    let told = stderr(&refused);
    for expected in [
        "M0004",
        "the scenario file differs",
        "a directory of its own",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
    // Explored anew, it leaves both results, which are not added up.
    assert!([0, 10].contains(&code(&explore(&changed, &[]))));
    let merged = rehearsal(&["merge", path]);
    assert_eq!((code(&merged), stdout(&merged)), (2, String::new()));
    assert!(stderr(&merged).contains("M0004"), "{}", stderr(&merged));
}

#[test]
fn directory_without_results_is_no_pass() {
    let empty = directory("empty");
    let path = empty.to_str().expect("UTF-8");
    assert_eq!(code(&rehearsal(&["merge", path])), 4);
    std::fs::write(empty.join("a.results"), "{").expect("a file");
    std::fs::write(empty.join("b.results"), "[]").expect("a file");
    let output = rehearsal(&["merge", path]);
    assert_eq!(code(&output), 2);
    let told = stderr(&output);
    for expected in ["a.results", "b.results", "M0001"] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
    let resumed = explore(&empty, &["--seeds", "1", "--resume", path]);
    assert_eq!((code(&resumed), stdout(&resumed)), (2, String::new()));
    // A directory that is not there is a slip, but for the one that is about to be made.
    let missing = empty.join("missing");
    let path = missing.to_str().expect("UTF-8");
    let resumed = explore(&empty, &["--seeds", "40", "--resume", path]);
    assert_eq!(code(&resumed), 2, "{}", stdout(&resumed));
    let resumed = explore(&missing, &["--seeds", "40", "--resume", path]);
    assert_eq!(code(&resumed), 10, "{}", stderr(&resumed));
}

/// Its schedules are known only as it runs, so that there are no results to go on from.
#[test]
fn exhaustive_search_is_not_resumed() {
    let out = directory("exhaustive");
    let path = out.to_str().expect("UTF-8");
    let arguments = ["--strategy", "exhaustive:1", "--resume", path];
    let output = explore(&out, &arguments);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("it begins anew"),
        "{}",
        stderr(&output)
    );
}
