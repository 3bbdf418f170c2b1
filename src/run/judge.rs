//! The judging of a run, of a scenario and of a test alike.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_agents::system::SystemInfo;
use rehearsal_history::facets::marks::{DERIVED_MARKS, derived_marks};
use rehearsal_history::{CheckedRun, GapPolicy, History, Ledger, Mark};
use rehearsal_sim::{Outcome, Verdict};

use super::validation::Validations;
use super::{Detector, Failure, Judged, RunReport, RunVerdict, StrategyName, verdict};
use crate::oracle::{OracleRef, Scope, Settings};
use crate::scenario::Goal;

/// The oracles and goals that a run is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Criteria<'a> {
    /// The oracles, in order.
    pub oracles: &'a [OracleRef],
    /// The settings of the oracles that have some.
    pub settings: &'a BTreeMap<OracleRef, Settings>,
    /// The goals that the run must reach.
    pub reached: &'a [Goal],
}

/// A run that has ended.
pub(crate) struct Finished {
    /// The name of its target.
    pub target: String,
    /// Its seed.
    pub seed: u64,
    /// Its strategy.
    pub strategy: StrategyName,
    /// The engine's account of it.
    pub outcome: Outcome<()>,
    /// The record of its actors.
    pub history: History,
    /// The settings of `system`, of a scenario.
    pub options: BTreeMap<String, String>,
    /// The system whose marks the history has, of a scenario.
    pub info: Option<&'static SystemInfo>,
    /// The failure that the program itself reported.
    pub error: Option<Failure>,
}

/// Judges a run by every criterion.
pub(crate) fn judge(criteria: &Criteria<'_>, finished: Finished) -> RunReport {
    let Finished {
        target,
        seed,
        strategy,
        outcome,
        history,
        options,
        info,
        error,
    } = finished;
    let gaps = OracleRef::parse("no-loss").and_then(|oracle| criteria.settings.get(&oracle));
    let gaps = gaps.map(GapPolicy::of).unwrap_or_default();
    let run = CheckedRun::new(&history, &outcome.verdict, &outcome.statistics).with_gaps(gaps);
    let mut findings = Findings::of(&run, criteria);
    let engine_failed = outcome.verdict != Verdict::Pass;
    if engine_failed && !findings.verdict_reported {
        let failure = Failure::of_engine(&outcome.verdict);
        findings.failures.insert(0, failure);
    }
    if let Some(error) = error {
        findings.failures.insert(0, error);
    }
    let goals = reached(&run, info);
    if !engine_failed {
        findings.failures.extend(unreached(criteria, &goals));
    }
    let ledger = Ledger::of(&run);
    RunReport {
        target,
        seed,
        strategy,
        verdict: match verdict(&outcome.verdict) {
            RunVerdict::Pass if !findings.failures.is_empty() => RunVerdict::Violation,
            verdict => verdict,
        },
        outcome,
        failures: findings.failures,
        judged: Some(Judged {
            options,
            ledger,
            checked: findings.checked,
            exercised: findings.exercised,
            vacuous: findings.vacuous,
            validations: findings.validations.into_all(),
            goals,
            history,
        }),
    }
}

/// The findings of all oracles.
struct Findings {
    failures: Vec<Failure>,
    checked: Vec<(OracleRef, u64)>,
    exercised: Vec<OracleRef>,
    vacuous: Vec<OracleRef>,
    validations: Validations,
    /// An oracle has reported the engine's verdict.
    verdict_reported: bool,
}

impl Findings {
    fn of(run: &CheckedRun<'_>, criteria: &Criteria<'_>) -> Self {
        let strict = Settings::default();
        let mut findings = Self {
            failures: Vec::new(),
            checked: Vec::new(),
            exercised: Vec::new(),
            vacuous: Vec::new(),
            validations: Validations::new(),
            verdict_reported: false,
        };
        for oracle in criteria.oracles {
            let settings = criteria.settings.get(oracle).unwrap_or(&strict);
            let finding = oracle.judge(run, settings);
            findings.checked.push((*oracle, finding.checked));
            let stands_for = oracle.validates(settings);
            findings.validations.add(*oracle, &stands_for, &finding);
            // One run alone may give an oracle nothing to check: that is judged over all runs.
            match (finding.scope, finding.is_vacuous()) {
                (Scope::NotApplicable, _) => {}
                (Scope::Judged, true) => findings.vacuous.push(*oracle),
                (Scope::Judged, false) => findings.exercised.push(*oracle),
            }
            let found = finding.violations;
            findings.verdict_reported |= oracle.reports_verdict() && !found.is_empty();
            findings
                .failures
                .extend(found.into_iter().map(|violation| Failure {
                    judge: Detector::Oracle(*oracle),
                    rule: violation.rule,
                    witness: violation.witness,
                    message: violation.message,
                    at: violation.at,
                }));
        }
        findings
    }
}

fn reached(run: &CheckedRun<'_>, info: Option<&SystemInfo>) -> BTreeSet<Goal> {
    // What follows from the messages is not taken from a recorded mark, which might
    // stand for nothing.
    let is_derived = |mark: &&Mark| DERIVED_MARKS.iter().any(|derived| mark.0 == derived.name);
    let recorded = run
        .history
        .marks()
        .filter(|mark| !is_derived(mark))
        .cloned();
    let marks = recorded.chain(derived_marks(run));
    let marks = marks.filter_map(|mark| info?.goal(mark.0.as_str()));
    let contended = (run.statistics.lock_waits > 0).then_some(Goal::LockContended);
    marks.chain(contended).collect()
}

/// A run that passes has reached what its scenario claims.
fn unreached<'a>(
    criteria: &'a Criteria<'_>,
    goals: &'a BTreeSet<Goal>,
) -> impl Iterator<Item = Failure> + 'a {
    criteria
        .reached
        .iter()
        .filter(|goal| !goals.contains(goal))
        .map(|goal| Failure {
            judge: Detector::Goal(*goal),
            rule: goal.name().into(),
            witness: Vec::new(),
            message: format!("the run must reach `{goal}` and did not"),
            at: None,
        })
}
