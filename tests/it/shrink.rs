//! ShrinkResult: small, the same failure, the same every time.

use std::path::Path;

use rehearsal::agents::sections;
use rehearsal::repro::Repro;
use rehearsal::run::{self, RunOptions, RunVerdict, StrategyName};
use rehearsal::scenario::{self, Edit, Scenario, discover};
use rehearsal::shrink::{self, Limits, ShrinkError, ShrinkResult};
use rehearsal::signature::Signature;
use rehearsal::sim::DeviationKind;

fn defects() -> Vec<Scenario> {
    let files = discover::find(Path::new("scenarios/bridge/defects")).expect("there are some");
    let load = |file: &std::path::PathBuf| scenario::load(file).expect("a good file");
    files.iter().map(load).collect()
}

/// The repro of the first seed from `from` on that shows the scenario's defect.
fn first_failure(scenario: &Scenario, from: u64) -> Repro {
    let strategy = StrategyName::PORTFOLIO;
    let shows = |seed: &u64| {
        let report = run::run_once(scenario, RunOptions::new(*seed, strategy));
        report.is_expected_violation(scenario.expect.verdict)
    };
    let seed = (from..from + 200).find(shows).expect("a seed that fails");
    let report = run::run_once(scenario, RunOptions::new(seed, strategy).recorded());
    Repro::of(scenario, &report).expect("it fails")
}

fn shrunk(scenario: &Scenario, repro: &Repro) -> ShrinkResult {
    let shrinking = shrink::shrink(scenario, repro, &Limits::runs(20_000));
    shrinking.unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
}

/// Every defect comes down to a handful of decisions; the repro does what it
/// says, and fails as the first run did.
#[test]
fn every_defect_shrinks_to_a_handful_of_decisions() {
    for scenario in defects() {
        for from in [0, 23] {
            let repro = first_failure(&scenario, from);
            let small = shrunk(&scenario, &repro);
            let name = &scenario.name;
            assert!(small.complete, "{name}: {:?}", small.repro.shrunk);
            let schedule = &small.repro.schedule;
            assert!(schedule.len() <= 5, "{name}: {schedule:?}");
            let preemptions = schedule.count(DeviationKind::Preemption);
            assert!(preemptions <= 2, "{name}: {schedule:?}");
            assert_eq!(small.repro.expected.signature, repro.expected.signature);

            let variant = small.repro.variant_of(&scenario).expect("it fits");
            let again = small.repro.run_once(&*variant);
            assert_eq!(again.outcome.divergence, None, "{name}");
            assert_eq!(Signature::of(&again), Some(repro.expected.signature));
            assert_eq!(
                again.outcome.fingerprint, small.repro.expected.fingerprint,
                "{name}"
            );
        }
    }
}

#[test]
fn the_same_repro_shrinks_to_the_same() {
    let scenario = &defects()[0];
    let repro = first_failure(scenario, 3);
    assert_eq!(
        shrunk(scenario, &repro).repro,
        shrunk(scenario, &repro).repro
    );
}

/// Whenever it is stopped, there is a repro that works, and no worse than before.
#[test]
fn stopped_anywhere_it_leaves_a_repro_that_works() {
    let all = defects();
    let scenario = all.iter().find(|s| s.name == "lock-order-inversion");
    let scenario = scenario.expect("such a scenario");
    let repro = first_failure(scenario, 0);
    for runs in [0, 1, 5, 20, 60, 150] {
        let small = shrink::shrink(scenario, &repro, &Limits::runs(runs)).expect("it fails");
        assert!(!small.complete);
        assert!(small.repro.schedule.len() <= repro.schedule.len());
        let variant = small.repro.variant_of(scenario).expect("it fits");
        let again = small.repro.run_once(&*variant);
        assert_eq!(again.outcome.fingerprint, small.repro.expected.fingerprint);
        assert_eq!(
            Signature::of(&again),
            Some(repro.expected.signature.clone())
        );
    }
}

/// One deviation is the whole bug, and the explanation says so.
#[test]
fn the_decisive_decision_is_named() {
    let all = defects();
    let scenario = all.iter().find(|s| s.name == "lock-order-inversion");
    let scenario = scenario.expect("such a scenario");
    let small = shrunk(scenario, &first_failure(scenario, 0));
    let decisive = small.explanation.decisive().expect("one flips the run");
    let explained = &small.explanation.decisions[decisive];
    assert_eq!(explained.without, Some(RunVerdict::Pass));
    let passed_over = ["gives way to", "is postponed"];
    assert!(
        passed_over
            .iter()
            .any(|words| explained.what.contains(words)),
        "{}",
        explained.what
    );
    let without = small.repro.schedule.with_value(decisive, 0);
    let options = RunOptions::new(0, StrategyName::FIFO).replaying(without);
    assert_eq!(
        run::run_once(&*small.variant, options).verdict,
        RunVerdict::Pass
    );
}

#[test]
fn passing_runs_are_not_shrunk() {
    let scenario = &defects()[0];
    let repro = first_failure(scenario, 0);
    let mut healthy = scenario.clone();
    healthy.spec.defect = None;
    let error = shrink::shrink(&healthy, &repro, &Limits::runs(100)).expect_err("it passes");
    assert_eq!(error, ShrinkError::DoesNotFail(None));

    let misfit = Repro {
        cuts: vec![Edit::removed(sections::Path::of("agents").index(9))],
        ..repro
    };
    let error = shrink::shrink(scenario, &misfit, &Limits::runs(100)).expect_err("no group 9");
    assert!(matches!(error, ShrinkError::VariantError(_)), "{error}");
}

/// The command, in a directory of its own.
mod command {
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output};

    fn rehearsal(out: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .arg("--out")
            .arg(out)
            .args(arguments)
            .output()
            .expect("it starts")
    }

    fn text(output: &Output) -> String {
        String::from_utf8(output.stdout.clone()).expect("UTF-8")
    }

    /// A fresh directory, and in it the repro of a failing seed, not shrunk.
    fn failing(name: &str, scenario: &str, seed: &str) -> (PathBuf, PathBuf) {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // There may be none from an earlier run.
        let _ = std::fs::remove_dir_all(&out);
        let ran = rehearsal(&out, &["run", scenario, "--seed", seed, "--no-shrink"]);
        assert!(ran.status.code() >= Some(10), "{}", text(&ran));
        let file = out.join(format!("{scenario}-seed-{seed}.repro"));
        (out, file)
    }

    #[test]
    fn shrink_replaces_the_file_by_one_that_replays() {
        let (out, file) = failing("shrink-replaces", "lock-order-inversion", "0");
        let path = file.to_str().expect("UTF-8");
        let before = std::fs::read_to_string(&file).expect("there");
        let shrunk = rehearsal(&out, &["shrink", path]);
        assert_eq!(shrunk.status.code(), Some(0), "{}", text(&shrunk));
        assert!(text(&shrunk).contains("Without the deviation marked » the run passes."));
        let after = std::fs::read_to_string(&file).expect("there");
        assert!(after.len() < before.len());
        // The repro and its page, and nothing of the one that was replaced.
        let page = std::fs::read_to_string(file.with_extension("html")).expect("a page");
        assert!(page.starts_with("<!doctype html>"));
        assert_eq!(std::fs::read_dir(&out).expect("there").count(), 2);
        let replayed = rehearsal(&out, &["replay", path]);
        assert_eq!(replayed.status.code(), Some(11), "{}", text(&replayed));
        let told = rehearsal(&out, &["report", path]);
        assert_eq!(told.status.code(), Some(11));
        assert!(text(&told).contains("The shrunk run"), "{}", text(&told));
    }

    #[test]
    fn run_shrinks_what_fails_and_says_so() {
        let (out, file) = failing("run-shrinks", "sequence-apart-from-send", "0");
        let ran = rehearsal(&out, &["run", "sequence-apart-from-send", "--seed", "0"]);
        assert_eq!(ran.status.code(), Some(10));
        let text = text(&ran);
        assert!(
            text.contains("1 deviation, 0 preemptions, 1 postponement, of "),
            "{text}"
        );
        assert!(text.contains(&format!("keep    rehearsal keep {}", file.display())));
    }

    #[test]
    fn passing_repro_is_left_untouched() {
        let (out, file) = failing("shrink-passes", "double-terminal", "0");
        let text = std::fs::read_to_string(&file).expect("there");
        let other = text.replace("rule = \"", "rule = \"other-");
        assert_ne!(text, other);
        std::fs::write(&file, &other).expect("written");
        let path = file.to_str().expect("UTF-8");
        for command in ["shrink", "report"] {
            let refused = rehearsal(&out, &[command, path]);
            assert_eq!(refused.status.code(), Some(13), "{command}");
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(said.contains("it fails in another way"), "{said}");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("there"), other);
    }

    #[test]
    fn other_files_than_repros_are_refused() {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for command in ["shrink", "report"] {
            for file in ["Cargo.toml", "no-such.repro", "scenarios", "/dev/null"] {
                let refused = rehearsal(out, &[command, file]);
                assert_eq!(refused.status.code(), Some(2), "{command} {file}");
                assert!(!refused.stderr.is_empty());
            }
        }
    }
}
