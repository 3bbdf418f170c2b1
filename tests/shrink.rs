//! Shrinking: small, the same failure, the same every time.

use std::path::Path;

use rehearsal::repro::Repro;
use rehearsal::run::{self, RunOptions, RunVerdict, StrategyName};
use rehearsal::scenario::{self, Cut, Scenario, discover};
use rehearsal::shrink::{self, Limits, ShrinkError, Shrinking};
use rehearsal::signature::Signature;
use rehearsal::sim::DecisionKind;

fn defects() -> Vec<Scenario> {
    let files = discover::find(Path::new("scenarios/defects")).expect("there are some");
    let load = |file: &std::path::PathBuf| scenario::load(file).expect("a good file");
    files.iter().map(load).collect()
}

/// The repro of the first seed from `from` on that shows the scenario's defect.
fn first_failure(scenario: &Scenario, from: u64) -> Repro {
    let strategy = StrategyName::Portfolio;
    let shows = |seed: &u64| {
        let report = run::play(scenario, RunOptions::new(*seed, strategy));
        report.is_expected_violation(scenario.expect.verdict)
    };
    let seed = (from..from + 200).find(shows).expect("a seed that fails");
    let report = run::play(scenario, RunOptions::new(seed, strategy).recorded());
    Repro::of(scenario, &report).expect("it fails")
}

fn shrunk(scenario: &Scenario, repro: &Repro) -> Shrinking {
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
            let preemptions = schedule.count(DecisionKind::Preemption);
            assert!(preemptions <= 2, "{name}: {schedule:?}");
            assert_eq!(small.repro.expected.signature, repro.expected.signature);

            let staged = small.repro.stage(&scenario).expect("it fits");
            let again = small.repro.play(&staged);
            assert_eq!(again.divergence, None, "{name}");
            assert_eq!(Signature::of(&again), Some(repro.expected.signature));
            assert_eq!(
                again.fingerprint, small.repro.expected.fingerprint,
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
        let staged = small.repro.stage(scenario).expect("it fits");
        let again = small.repro.play(&staged);
        assert_eq!(again.fingerprint, small.repro.expected.fingerprint);
        assert_eq!(
            Signature::of(&again),
            Some(repro.expected.signature.clone())
        );
    }
}

/// One preemption is the whole bug, and the explanation says so.
#[test]
fn the_decisive_decision_is_named() {
    let all = defects();
    let scenario = all.iter().find(|s| s.name == "lock-order-inversion");
    let scenario = scenario.expect("such a scenario");
    let small = shrunk(scenario, &first_failure(scenario, 0));
    let decisive = small.explanation.decisive().expect("one flips the run");
    let explained = &small.explanation.decisions[decisive];
    assert_eq!(explained.without, Some(RunVerdict::Pass));
    assert!(
        explained.what.contains("gives way to"),
        "{}",
        explained.what
    );
    let without = small.repro.schedule.with_value(decisive, 0);
    let options = RunOptions::new(0, StrategyName::Fifo).replaying(without);
    assert_eq!(run::play(&small.staged, options).verdict, RunVerdict::Pass);
}

#[test]
fn what_does_not_fail_is_not_shrunk() {
    let scenario = &defects()[0];
    let repro = first_failure(scenario, 0);
    let mut healthy = scenario.clone();
    healthy.spec.defect = None;
    let error = shrink::shrink(&healthy, &repro, &Limits::runs(100)).expect_err("it passes");
    assert_eq!(error, ShrinkError::FailsNot(None));

    let misfit = Repro {
        cuts: vec![Cut::Agents { group: 9, count: 0 }],
        ..repro
    };
    let error = shrink::shrink(scenario, &misfit, &Limits::runs(100)).expect_err("no group 9");
    assert!(matches!(error, ShrinkError::Unplayable(_)), "{error}");
}
