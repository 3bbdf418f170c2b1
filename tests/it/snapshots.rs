//! Reviewed snapshots: each healthy scenario's timeline at seed 0, and the
//! fingerprints of all scenarios. A changed fingerprint means that saved seeds
//! no longer reproduce what they reproduced before; say so in the changelog.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use rehearsal::report::golden;
use rehearsal::run::{RunOptions, RunVerdict, StrategyName, run_once};
use rehearsal::scenario::{Scenario, discover, load};

use crate::support::over;

const STRATEGIES: [StrategyName; 2] = [StrategyName::RANDOM, StrategyName::FIFO];

const TRANSPORTS: [&str; 2] = ["websocket", "in-process"];

fn scenarios() -> Vec<Scenario> {
    let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
    files
        .iter()
        .map(|file| load(file).expect("scenario files are valid"))
        .collect()
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn timelines() {
    for scenario in scenarios().iter().filter(|s| s.spec.defect.is_none()) {
        let report = run_once(scenario, RunOptions::new(0, StrategyName::RANDOM));
        let name = format!("timeline-{}", scenario.name);
        settings().bind(|| insta::assert_snapshot!(name, golden::canonical(&report)));
    }
}

#[test]
fn fingerprints() {
    let mut golden = String::new();
    for scenario in scenarios() {
        // A scenario whose faults need a network has no form without one.
        let variants: Vec<(&str, Scenario)> = match scenario.options.get("transport") {
            Some(_) => TRANSPORTS
                .iter()
                .filter_map(|name| Some((*name, over(&scenario, name).ok()?)))
                .collect(),
            None => vec![("", scenario)],
        };
        for (transport, scenario) in variants {
            for strategy in STRATEGIES {
                let report = run_once(&scenario, RunOptions::new(0, strategy));
                writeln!(
                    golden,
                    "{:<28} {transport:<10} {:<6} {} {}",
                    scenario.name,
                    strategy.to_string(),
                    report.outcome.fingerprint,
                    report.verdict
                )
                .expect("a string takes everything");
            }
        }
    }
    settings().bind(|| insta::assert_snapshot!("fingerprints", golden));
}

/// The file is compared on every machine: a line is a scenario, how it was run, a hash of
/// effects and a verdict, and nothing else.
#[test]
fn golden_fingerprints_have_no_part_of_a_machine() {
    let text = std::fs::read_to_string("snapshots/fingerprints.snap").expect("the golden file");
    let (_, lines) = text.split_once("\n---\n").expect("the end of its head");
    let names: BTreeSet<String> = scenarios().into_iter().map(|it| it.name).collect();
    let strategies = STRATEGIES.map(|strategy| strategy.to_string());
    for line in lines.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, transport @ .., strategy, fingerprint, verdict] = words.as_slice() else {
            panic!("{line}");
        };
        assert!(names.contains(*name), "{line}");
        assert!(
            matches!(transport, []) || TRANSPORTS.iter().any(|known| transport == [*known]),
            "{line}"
        );
        assert!(strategies.iter().any(|known| known == strategy), "{line}");
        let is_hash = fingerprint.len() == 32 && fingerprint.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(is_hash, "{line}");
        assert!(
            RunVerdict::ALL.iter().any(|known| known.word() == *verdict),
            "{line}"
        );
    }
}
