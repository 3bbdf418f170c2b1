//! What was played, counted.

use std::collections::BTreeMap;

use rehearsal_sim::Interleaving;

use super::RunKey;
use super::coverage::Coverage;
use crate::run::{RunReport, RunVerdict, StrategyName};
use crate::scenario::{Goal, Scenario};
use crate::signature::Signature;
use crate::summary;

/// What is left of a run once it has been judged.
#[derive(Debug)]
pub(super) struct Played {
    key: RunKey,
    strategy: StrategyName,
    verdict: RunVerdict,
    interleaving: Interleaving,
    goals: Vec<Goal>,
    pub(super) virtual_ms: u64,
    expected: bool,
    failure: Option<(Signature, String)>,
}

impl Played {
    pub(super) fn of(scenario: &Scenario, key: RunKey, report: &RunReport) -> Self {
        Self {
            key,
            strategy: report.strategy,
            verdict: report.verdict,
            interleaving: report.interleaving,
            goals: report.books.goals.iter().copied().collect(),
            virtual_ms: report.statistics.virtual_time.as_millis(),
            expected: report.is_expected_violation(scenario.expect.verdict),
            failure: failed(report).map(|signature| (signature, summary::failure(report))),
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }
}

/// The signature of a run that did not pass.
pub(super) fn failed(report: &RunReport) -> Option<Signature> {
    if report.verdict == RunVerdict::Pass {
        return None;
    }
    Some(Signature::of(report).unwrap_or_else(|| Signature {
        judge: report.verdict.word().to_owned(),
        rule: None,
    }))
}

/// What the runs of one scenario came to. Does not depend on the order in which
/// they are added.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs played: seeds, or schedules in a search.
    pub runs: u64,
    /// Verdicts, counted.
    pub verdicts: BTreeMap<RunVerdict, u64>,
    /// Goals that were reached, and in how many runs.
    pub goals: BTreeMap<Goal, u64>,
    /// Runs that showed the violation that the scenario expects.
    pub detected: u64,
    /// The first of them.
    pub first_detected: Option<RunKey>,
    /// The first run that failed.
    pub first_failure: Option<RunKey>,
    /// Virtual milliseconds in all runs.
    pub virtual_ms: u64,
    /// What failed, by signature.
    pub findings: BTreeMap<Signature, Finding>,
    /// The schedules that were seen.
    pub coverage: Coverage,
}

/// Failures with one signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What they have in common.
    pub signature: Signature,
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: RunKey,
    /// The first of them in full, for people.
    pub block: String,
}

impl Tally {
    /// Takes a run into account. The finding, if it is the first of its kind.
    pub(super) fn add(&mut self, played: Played) -> Option<&Finding> {
        self.runs += 1;
        *self.verdicts.entry(played.verdict).or_default() += 1;
        for goal in played.goals {
            *self.goals.entry(goal).or_default() += 1;
        }
        self.virtual_ms += played.virtual_ms;
        self.coverage.add(played.strategy, played.interleaving);
        if played.expected {
            self.detected += 1;
            lower(&mut self.first_detected, &played.key);
        }
        let (signature, block) = played.failure?;
        lower(&mut self.first_failure, &played.key);
        let new = Finding {
            signature: signature.clone(),
            count: 0,
            first: played.key.clone(),
            block: block.clone(),
        };
        let finding = self.findings.entry(signature).or_insert(new);
        finding.count += 1;
        if played.key < finding.first {
            finding.first = played.key;
            finding.block = block;
        }
        (finding.count == 1).then_some(finding)
    }

    /// Runs whose verdict is not `pass`.
    pub fn failures(&self) -> u64 {
        self.findings.values().map(|finding| finding.count).sum()
    }
}

fn lower(first: &mut Option<RunKey>, key: &RunKey) {
    if first.as_ref().is_none_or(|first| key < first) {
        *first = Some(key.clone());
    }
}
