//! The judgement of a run of the reference bridge by every oracle.

use rehearsal_agents::bridge;
use rehearsal_history::oracle::{Finding, OracleRef, SettingValue, Settings, Violation};
use rehearsal_history::{CheckedRun, GapCause, GapPolicy, Ledger};

use super::reference;
use super::run::TestRun;

/// Oracles of what the bridge records to which a healthy run may give nothing to check: it may
/// have no sub-agents, no cancelled runs and no faults.
const MAY_BE_VACUOUS: &[&str] = &["hierarchy", "cancel-tree", "progress"];

/// Returns `true` if every healthy run of the bridge has something for the oracle to check.
fn always_applies(oracle: OracleRef) -> bool {
    let mut reads = oracle.reads().iter();
    !oracle.is_opt_in()
        && reads.all(|facet| bridge::INFO.records.contains(facet))
        && !MAY_BE_VACUOUS.contains(&oracle.name())
}

/// The policy for runs in which an incarnation of the bridge may crash.
pub fn crash() -> GapPolicy {
    GapPolicy::of(&GapPolicy::settings([GapCause::Crash]))
}

/// The policy for runs in which a thread may have more events than the bridge keeps.
pub fn overflow(buffer: usize) -> GapPolicy {
    let buffer = u64::try_from(buffer).expect("a buffer of fewer than 2^64 events");
    let mut settings = GapPolicy::settings([GapCause::Overflow]);
    settings.set("buffer", SettingValue::Number(buffer));
    GapPolicy::of(&settings)
}

/// Returns everything that is wrong with a run that may have no gaps, and in which the
/// bridge answers every event.
pub fn flaws(run: &TestRun) -> Vec<String> {
    let mut flaws = flaws_with(run, GapPolicy::default());
    let unanswered = Ledger::of(&run.view()).unanswered;
    if unanswered > 0 {
        flaws.push(format!("{unanswered} events have no answer"));
    }
    flaws
}

/// Returns everything that is wrong with a run that may have the gaps of the policy.
pub fn flaws_with(run: &TestRun, gaps: GapPolicy) -> Vec<String> {
    let run = run.checked(gaps);
    let mut flaws = Vec::new();
    if !run.at_rest() {
        flaws.push(run.verdict.to_string());
    }
    for oracle in OracleRef::all() {
        let violations = violations(&run, oracle).into_iter();
        flaws.extend(violations.map(|broken| describe(oracle, &broken)));
    }
    if run.at_rest() {
        flaws.extend(reference::flaws(&run));
    }
    flaws
}

/// Returns the violations that an oracle finds. A finding without anything checked is one,
/// if every healthy run has something that the oracle checks.
pub fn violations(run: &CheckedRun<'_>, oracle: OracleRef) -> Vec<Violation> {
    let finding: Finding = oracle.judge(run, &Settings::default());
    let vacuity = finding.vacuity(&*oracle);
    let vacuity = vacuity.filter(|_| always_applies(oracle));
    finding.violations.into_iter().chain(vacuity).collect()
}

fn describe(oracle: OracleRef, violation: &Violation) -> String {
    format!("{oracle}/{}: {}", violation.rule, violation.message)
}

/// Fails if a run has flaws, and prints them.
pub fn assert_flawless(what: &str, run: &TestRun, flaws: Vec<String>) {
    let verdict = run.outcome.verdict.as_str();
    assert!(flaws.is_empty(), "{what}: {verdict}: {flaws:#?}");
}
