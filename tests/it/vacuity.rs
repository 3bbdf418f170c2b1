//! An oracle that had nothing to check: a remark on one run, a failure of all seeds.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{code, stderr, stdout};

const SEEDS: u64 = 8;

/// Makes a directory with a scenario in which nothing is ever cancelled, and which names the
/// oracle of cancellations all the same.
fn project(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("vacuity")
        .join(name);
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(root.join("scenarios")).expect("a directory");
    let text = std::fs::read_to_string("scenarios/bridge/shared_bridge.toml").expect("a scenario");
    let (_, text) = text
        .split_once("\nname = \"shared_bridge\"")
        .expect("a name");
    let text = text.replace("oracles = [", "oracles = [\"cancel-tree\", ");
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("seeds = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let text = format!("format = 1\nseeds = {SEEDS}\nname = \"vacuous\"{text}");
    std::fs::write(root.join("scenarios/vacuous.toml"), text).expect("a file");
    root
}

fn rehearsal(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .current_dir(root)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("the command starts")
}

fn line(output: &Output) -> Value {
    let text = stdout(output);
    serde_json::from_str(text.lines().next().expect("a line")).expect("JSON")
}

#[test]
fn one_run_passes_and_says_so() {
    let root = project("one");
    let output = rehearsal(&root, &["run", "vacuous", "--seed", "3"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("\n  vacuous   cancel-tree: nothing to check in this run\n"),
        "{text}"
    );
    let output = rehearsal(&root, &["run", "vacuous", "--json"]);
    assert_eq!(line(&output)["verdict"], "pass");
    assert_eq!(line(&output)["vacuous"][0], "cancel-tree");
}

#[test]
fn all_seeds_of_the_scenario_fail() {
    let root = project("all");
    for command in ["run", "explore"] {
        let arguments = [command, "vacuous", "--seeds", "8", "--junit", "junit.xml"];
        let output = rehearsal(&root, &arguments);
        assert_eq!(code(&output), 10, "{}", stderr(&output));
        let remedy = "none of 8 seeds gave `cancel-tree` anything to check; nothing is said";
        assert!(stderr(&output).contains(remedy), "{}", stderr(&output));
        assert!(stdout(&output).contains("  vacuous   cancel-tree: nothing to check in any run"));
        let junit = std::fs::read_to_string(root.join("junit.xml")).expect("a file");
        assert!(junit.contains(remedy), "{junit}");
    }
    // Fewer seeds than the scenario has are too few to know.
    let output = rehearsal(&root, &["explore", "vacuous", "--seeds", "7", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(line(&output)["oracles_vacuous"][0], "cancel-tree");
}

/// Each shard has too few seeds to know; together they have enough.
#[test]
fn shards_are_judged_when_they_are_merged() {
    let root = project("shards");
    for shard in ["0/2", "1/2"] {
        let arguments = ["--out", "sums", "explore", "vacuous", "--seeds", "8"];
        let output = rehearsal(&root, &[&arguments[..], &["--shard", shard]].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    let output = rehearsal(&root, &["merge", "sums", "--json"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let merged = line(&output);
    assert_eq!(merged["oracles_vacuous"][0], "cancel-tree", "{merged}");
    assert_eq!(merged["exercised"]["fifo"], SEEDS, "{merged}");
    let arguments = ["--out", "sums", "explore", "vacuous", "--seeds", "8"];
    let resumed = rehearsal(&root, &[&arguments[..], &["--resume", "sums"]].concat());
    assert_eq!(code(&resumed), 10, "{}", stderr(&resumed));
    assert!(
        stderr(&resumed).contains("anything to check"),
        "{}",
        stderr(&resumed)
    );
}

/// A system of many seeds meets what one seed misses.
#[test]
fn rare_run_with_nothing_to_check_is_no_failure() {
    let output = rehearsal(
        Path::new(env!("CARGO_MANIFEST_DIR")),
        &[
            "run",
            "programs_cancelled",
            "--seeds",
            "10700..10800",
            "--json",
        ],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let vacuous = |line: &str| line.contains("\"vacuous\":[\"deadlock\"]");
    let count = stdout(&output).lines().filter(|line| vacuous(line)).count();
    assert!(count < 100, "{count}");
}
