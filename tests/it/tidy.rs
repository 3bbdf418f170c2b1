//! Project rules that no compiler checks.

mod language;

use std::path::{Path, PathBuf};

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = ["src", "hermetic", "sim", "agents", "tests", "benches"]
        .iter()
        .map(PathBuf::from)
        .collect();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn offences(rule: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut offences = Vec::new();
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for (number, line) in text.lines().enumerate() {
            if rule(&path, line) {
                offences.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    offences
}

#[track_caller]
fn none(offences: &[String]) {
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

/// It polls its branches in an order that tokio draws.
#[test]
fn tokios_own_select_stays_in_the_facade() {
    let name = concat!("tokio::", "select!");
    none(&offences(|path, line| {
        let facade = path.starts_with("sim/src/tokio") || path.starts_with("sim/tests");
        let comment = line.trim_start().starts_with("//");
        line.contains(name) && !facade && !comment
    }));
}

#[test]
fn no_test_is_passed_over_and_nothing_is_left_to_do() {
    let banned = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
    ];
    none(&offences(|_, line| {
        banned.iter().any(|word| line.contains(word))
    }));
}

/// Files are read and text is printed by the root crate only.
#[test]
fn the_simulator_and_the_agents_touch_no_files_and_print_nothing() {
    let banned = [
        concat!("std::", "fs"),
        concat!("std::", "env"),
        concat!("println", "!("),
        concat!("eprint", "ln!("),
    ];
    none(&offences(|path, line| {
        let inside = ["hermetic/src", "sim/src", "agents/src"]
            .iter()
            .any(|crate_| path.starts_with(crate_));
        let comment = line.trim_start().starts_with("//");
        inside && !comment && banned.iter().any(|word| line.contains(word))
    }));
}
