//! The same seed gives the same run: in this process and another, alone and
//! among others, after other scenarios, on several threads at once.

use std::path::Path;
use std::process::Command;

use rehearsal::determinism::run_twice;
use rehearsal::run::{RunOptions, StrategyName, run_once};
use rehearsal::scenario::{discover, load};

use crate::support::scenario;

fn fingerprint(name: &str, seed: u64) -> String {
    let report = run_once(&scenario(name), RunOptions::new(seed, StrategyName::RANDOM));
    report.outcome.fingerprint.to_string()
}

/// Fingerprints by seed as another process prints them.
fn printed(arguments: &[&str]) -> Vec<(u64, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "--json", "--strategy", "random"])
        .args(arguments)
        .output()
        .expect("the command starts");
    let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let seed = line["seed"].as_u64().expect("a seed");
        let fingerprint = line["fingerprint"].as_str().expect("a fingerprint");
        (seed, fingerprint.to_owned())
    });
    lines.collect()
}

#[test]
fn another_process_gives_the_same_fingerprint() {
    let alone = printed(&["lock_contention", "--seed", "7"]);
    assert_eq!(alone, [(7, fingerprint("lock_contention", 7))]);
}

#[test]
fn a_seed_among_others_gives_the_same_fingerprint() {
    let among = printed(&["shared_bridge", "collision", "--seeds", "5..9"]);
    assert_eq!(among.len(), 8);
    for (index, (seed, found)) in among.iter().enumerate() {
        let name = if index < 4 {
            "shared_bridge"
        } else {
            "collision"
        };
        assert_eq!(*found, fingerprint(name, *seed), "{name} seed {seed}");
    }
}

#[test]
fn different_seeds_differ() {
    assert_ne!(
        fingerprint("lock_contention", 7),
        fingerprint("lock_contention", 8)
    );
}

#[test]
fn threads_do_not_disturb_each_other() {
    let expected: Vec<String> = (0..4)
        .map(|seed| fingerprint("shared_bridge", seed))
        .collect();
    let found: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|seed| scope.spawn(move || fingerprint("shared_bridge", seed)))
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|found| found.expect("no panic")).collect()
    });
    assert_eq!(found, expected);
}

#[test]
fn every_scenario_passes_the_check() {
    let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
    for file in files {
        let scenario = load(&file).expect("it is valid");
        for strategy in [StrategyName::FIFO, StrategyName::RANDOM, StrategyName::URW] {
            let report = run_twice(&scenario, RunOptions::new(1, strategy));
            assert_ne!(
                report.verdict.word(),
                "nondeterminism",
                "{:?}",
                report.failures
            );
        }
    }
}

/// The choices alone give the run again, faults and sockets included, without
/// the strategy that made them and under another seed.
#[test]
fn a_tape_replays_a_whole_scenario() {
    for name in ["shared_bridge", "bridge_crash", "client_reconnect"] {
        let scenario = scenario(name);
        for seed in 0..3 {
            let original = run_once(
                &scenario,
                RunOptions::new(seed, StrategyName::RANDOM).recorded(),
            );
            let options = RunOptions::new(99, StrategyName::FIFO).recorded();
            let replayed = run_once(
                &scenario,
                options.replaying(original.outcome.tape.schedule()),
            );
            assert_eq!(
                original.outcome.fingerprint, replayed.outcome.fingerprint,
                "{name} {seed}"
            );
            assert_eq!(
                original.outcome.trace, replayed.outcome.trace,
                "{name} {seed}"
            );
        }
    }
}
