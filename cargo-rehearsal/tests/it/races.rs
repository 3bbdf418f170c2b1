//! Six races in a library on plain tokio, found through the shim.

use crate::support::{Project, build_lock, text};

/// The tests of the project, each of which finds a race.
const RACES: [&str; 6] = [
    "accounts_lose_no_money",
    "conversation_begins_with_a_greeting",
    "counter_loses_no_update",
    "gate_lets_everybody_pass",
    "reader_gets_every_line",
    "ticket_is_taken_once",
];

/// Every strategy that leaves the order in which tasks become ready.
const STRATEGIES: [&str; 7] = [
    "random",
    "pct:2",
    "pos",
    "urw",
    "surw",
    "order:3",
    "portfolio",
];

/// Returns the tests that a test program has reported as passed, or as failed.
pub(crate) fn ended<'a>(output: &'a str, how: &str) -> Vec<&'a str> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    let mut names: Vec<&str> = lines
        .filter_map(|line| line.split_once(" ... "))
        .filter_map(|(name, found)| (found == how).then_some(name))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn races_of_a_plain_library_are_found_by_each_strategy_but_fifo() {
    let _lock = build_lock();
    let project = Project::copy("races");
    // Cargo adds the packages of the checkout to a lock file from elsewhere, once.
    project.cargo_rehearsal(".", &["tree"], &[]);
    let (manifest, lock) = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    let explore = |strategy| {
        let words = ["test", "--locked", "-p", "checks", "--test", "races"];
        let output = project.cargo_rehearsal(".", &words, &[("REHEARSAL_STRATEGY", strategy)]);
        text(&output)
    };
    for strategy in STRATEGIES {
        let output = explore(strategy);
        assert_eq!(ended(&output, "FAILED"), RACES, "{strategy}\n{output}");
        assert!(output.contains("desk/src/lib.rs:"), "{output}");
        assert!(
            output.contains(" cargo rehearsal test -p checks "),
            "{output}"
        );
    }
    let output = explore("fifo");
    assert_eq!(ended(&output, "ok"), RACES, "{output}");
    assert_eq!(project.read("Cargo.toml"), manifest);
    assert_eq!(project.read("Cargo.lock"), lock);
}

#[test]
fn tests_outside_a_run_go_on_working() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let output = project.cargo_rehearsal("desk", &["test"], &[]);
    let output = text(&output);
    let passed = ["one_task_counts", "runtime_of_several_threads_spawns"];
    assert_eq!(ended(&output, "ok"), passed, "{output}");
}
