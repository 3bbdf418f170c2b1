//! The results of many runs, counted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rehearsal_sim::Interleaving;

use super::RunKey;
use super::coverage::{Coverage, mixed};
use crate::oracle::OracleRef;
use crate::report::summary;
use crate::run::signature::Signature;
use crate::run::{RunReport, RunVerdict, StrategyName};
use crate::scenario::{ExpectedVerdict, Goal};

/// The result of one run.
#[derive(Debug)]
pub struct Executed {
    /// The run's identity.
    pub key: RunKey,
    /// The strategy that the seed was given.
    pub strategy: StrategyName,
    /// The verdict.
    pub verdict: RunVerdict,
    /// The comparison with what the target expects.
    pub expectedness: Expectedness,
    /// The verdict and the failures, for people.
    pub verdict_text: String,
    /// The signature of its failure; none if it passed.
    pub failure: Option<Signature>,
    /// The repro that was written of this run.
    pub repro: Option<PathBuf>,
    /// The text that was asked for.
    pub text: Option<String>,
    pub(super) virtual_ms: u64,
    interleaving: Interleaving,
    pub(crate) goals: Vec<Goal>,
    /// The oracles that had something to check.
    pub(crate) exercised: Vec<OracleRef>,
    /// Deviations from the default schedule.
    pub(crate) deviations: u64,
    events: Events,
}

/// The comparison of a run's result with what its target expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expectedness {
    /// The run passes.
    Passes,
    /// The run shows the violation that the target's defect is expected to cause.
    Detects,
    /// The run fails in another way.
    Unexpected,
}

/// Events that were counted in runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Events {
    /// Emitted.
    pub emitted: u64,
    /// Delivered.
    pub delivered: u64,
}

impl Executed {
    pub(super) fn new(key: RunKey, report: &RunReport, expected: ExpectedVerdict) -> Self {
        let judged = report.judged.as_ref();
        let expectedness = if report.verdict == RunVerdict::Pass {
            Expectedness::Passes
        } else if report.is_expected_violation(expected) {
            Expectedness::Detects
        } else {
            Expectedness::Unexpected
        };
        Self {
            key,
            strategy: report.strategy,
            verdict: report.verdict,
            expectedness,
            verdict_text: summary::failure(report),
            failure: failed(report),
            repro: None,
            text: None,
            virtual_ms: report.outcome.statistics.virtual_time.as_millis(),
            interleaving: report.outcome.interleaving,
            deviations: report.outcome.statistics.deviations,
            goals: judged.map_or_else(Vec::new, |judged| judged.goals.iter().copied().collect()),
            exercised: judged.map_or_else(Vec::new, |judged| judged.exercised.clone()),
            events: judged.map_or_else(Events::default, |judged| Events {
                emitted: judged.ledger.emitted,
                delivered: judged.ledger.delivered,
            }),
        }
    }
}

impl Executed {
    /// Returns the hash of its schedule, which is evenly distributed.
    pub(crate) fn schedule_hash(&self) -> u64 {
        mixed(self.interleaving.to_bits())
    }
}

/// Returns the signature of a run that did not pass.
pub(super) fn failed(report: &RunReport) -> Option<Signature> {
    if report.verdict == RunVerdict::Pass {
        return None;
    }
    Some(Signature::of(report).unwrap_or_else(|| Signature {
        judge: report.verdict.word().to_owned(),
        rule: None,
    }))
}

/// The results of the runs of one target. Does not depend on the order in which they
/// are added.
#[derive(Debug, Default)]
pub struct Totals {
    /// Runs: seeds, or schedules in a search.
    pub runs: u64,
    /// Verdicts, counted.
    pub verdicts: BTreeMap<RunVerdict, u64>,
    /// Goals that were reached, and in how many runs.
    pub goals: BTreeMap<Goal, u64>,
    /// Oracles, and in how many runs they had something to check.
    pub exercised: BTreeMap<OracleRef, u64>,
    /// Runs that showed the violation that the target expects.
    pub detected: u64,
    /// The first of them.
    pub first_detected: Option<RunKey>,
    /// The first run that failed.
    pub first_failure: Option<RunKey>,
    /// Events in all runs.
    pub events: Events,
    /// Virtual milliseconds in all runs.
    pub virtual_ms: u64,
    /// Failures, by signature.
    pub failures: BTreeMap<Signature, FailureGroup>,
    /// The schedules that were seen.
    pub coverage: Coverage,
}

/// Failures with one signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailureGroup {
    /// The signature that they share.
    pub signature: Signature,
    /// The number of them.
    pub count: u64,
    /// The first of them.
    pub first: RunKey,
    /// The first of them in full, for people.
    pub text: String,
}

impl Totals {
    /// Counts a run. Returns the group of its failure if it is the first of it.
    pub(super) fn add(&mut self, run: &Executed) -> Option<&FailureGroup> {
        self.runs += 1;
        *self.verdicts.entry(run.verdict).or_default() += 1;
        for goal in &run.goals {
            *self.goals.entry(*goal).or_default() += 1;
        }
        for oracle in &run.exercised {
            *self.exercised.entry(*oracle).or_default() += 1;
        }
        self.events.emitted += run.events.emitted;
        self.events.delivered += run.events.delivered;
        self.virtual_ms += run.virtual_ms;
        self.coverage.add(run.strategy, run.interleaving);
        if run.expectedness == Expectedness::Detects {
            self.detected += 1;
            lower(&mut self.first_detected, &run.key);
        }
        let signature = run.failure.as_ref()?;
        lower(&mut self.first_failure, &run.key);
        let group = self.failures.entry(signature.clone());
        let group = group.or_insert_with(|| FailureGroup {
            signature: signature.clone(),
            count: 0,
            first: run.key.clone(),
            text: run.verdict_text.clone(),
        });
        group.count += 1;
        if run.key < group.first {
            group.first = run.key.clone();
            group.text = run.verdict_text.clone();
        }
        (group.count == 1).then_some(group)
    }

    /// Returns the number of runs whose verdict is not `pass`.
    pub fn failed_runs(&self) -> u64 {
        self.failures.values().map(|group| group.count).sum()
    }
}

fn lower(first: &mut Option<RunKey>, key: &RunKey) {
    if first.as_ref().is_none_or(|first| key < first) {
        *first = Some(key.clone());
    }
}
