//! Oracles are not each other's copies: each catches some defect that no other oracle does.

use std::collections::BTreeSet;
use std::path::Path;

use rehearsal::oracle::{Finding, OracleRef};
use rehearsal::run::{Detector, RunOptions, StrategyName, run_once};
use rehearsal::scenario::{ExpectedVerdict, Scenario, discover, load};

/// The most seeds of a defect that are run.
const SEEDS: u64 = 16;

/// The seeds of a healthy twin that are run.
const TWIN_SEEDS: u64 = 4;

/// Returns the scenario with every oracle to which its system can be held: its own, and those
/// that read nothing else than what runs of the system record.
fn with_every_oracle(mut scenario: Scenario) -> Scenario {
    let records = scenario.kind.info().records;
    let applies = |oracle: &OracleRef| {
        let reads = oracle.reads();
        !oracle.is_opt_in() && reads.iter().all(|facet| records.contains(facet))
    };
    for oracle in OracleRef::all().filter(applies) {
        if !scenario.expect.oracles.contains(&oracle) {
            scenario.expect.oracles.push(oracle);
        }
    }
    scenario
}

/// Returns the oracles that find something wrong in the run of a seed.
fn fired(scenario: &Scenario, seed: u64) -> BTreeSet<OracleRef> {
    let report = run_once(scenario, RunOptions::new(seed, StrategyName::PORTFOLIO));
    let failures = report.failures.iter();
    failures
        .filter(|failure| failure.rule != Finding::VACUOUS)
        .filter_map(|failure| match failure.judge {
            Detector::Oracle(oracle) => Some(oracle),
            _ => None,
        })
        .collect()
}

/// Returns `true` if some seeds of the defect are caught, each by that oracle and no other.
/// Oracles that find something in the healthy twin do not apply to the scenario.
fn is_caught_by(oracle: OracleRef, scenario: &Scenario) -> bool {
    let seeds = u64::from(scenario.seeds).min(SEEDS);
    let ill = with_every_oracle(scenario.clone());
    let mut caught = (0..seeds).map(|seed| fired(&ill, seed));
    let Some(first) = caught.find(|fired| !fired.is_empty()) else {
        return false;
    };
    let twin = with_every_oracle(scenario.twin().expect("it has a defect"));
    let idle: BTreeSet<OracleRef> = (0..TWIN_SEEDS)
        .flat_map(|seed| fired(&twin, seed))
        .collect();
    assert!(!idle.contains(&oracle), "{}: a false alarm", twin.name);
    let is_alone = |fired: BTreeSet<OracleRef>| fired.difference(&idle).eq([&oracle]);
    is_alone(first) && caught.all(|fired| fired.is_empty() || is_alone(fired))
}

#[test]
fn each_oracle_catches_a_defect_that_no_other_does() {
    let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
    let scenarios: Vec<Scenario> = files
        .iter()
        .map(|file| load(file).expect("it is valid"))
        .filter(|scenario| scenario.spec.defect.is_some())
        .collect();
    let catches_one = |oracle: OracleRef| {
        let expected = ExpectedVerdict::Violation(oracle);
        let mut of_oracle = scenarios.iter();
        of_oracle.any(|it| it.expect.verdict == expected && is_caught_by(oracle, it))
    };
    let without: Vec<&str> = OracleRef::all()
        .filter(|it| !catches_one(*it))
        .map(|it| it.name())
        .collect();
    assert!(
        without.is_empty(),
        "each defect of {without:?} has another oracle, too"
    );
}
