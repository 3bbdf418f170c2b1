//! The lines of `--json`: one object each. The fields are a contract.

use std::collections::BTreeMap;
use std::path::Path;

use rehearsal_agents::spec::Defect;
use serde::Serialize;

use super::records::{self, LockRecord, MetricRecord, RunRecord, ValidationRecord};
use crate::repro::Repro;
use crate::repro::replay::{Replay, Replayed};
use crate::run::{Failure, Judged, RunReport};
use crate::scenario::Scenario;

/// One line of `rehearsal run --json`: one seed.
#[derive(Serialize, Debug)]
pub struct RunLine<'a> {
    scenario: &'a str,
    seed: u64,
    strategy: String,
    /// The settings of a scenario's `system`.
    options: Option<&'a BTreeMap<String, String>>,
    verdict: &'static str,
    fingerprint: String,
    choices: u64,
    steps: u64,
    virtual_ms: u64,
    emitted: u64,
    delivered: u64,
    gap_marked: u64,
    violations: Vec<ViolationEntry<'a>>,
    /// The oracles that this run gave nothing to check.
    vacuous: Vec<&'static str>,
    /// The spans, in the words of the history.
    runs: Vec<RunRecord>,
    /// The metrics that have samples, by their names in limits.
    metrics: BTreeMap<String, MetricRecord>,
    /// The locks that tasks had to wait for, the most contended first.
    locks: Vec<LockRecord>,
    /// The six validations.
    validations: Vec<ValidationRecord>,
    /// The repro file; null if the run passed, none could be written, or as many seeds before it
    /// failed alike as have one.
    repro: Option<String>,
}

/// One entry of `violations`.
#[derive(Serialize, Debug)]
struct ViolationEntry<'a> {
    oracle: &'static str,
    rule: &'a str,
    message: &'a str,
    at_ms: Option<u64>,
}

impl<'a> From<&'a Failure> for ViolationEntry<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            oracle: failure.judge.name(),
            rule: failure.rule.as_str(),
            message: &failure.message,
            at_ms: failure.at.map(|at| at.as_millis()),
        }
    }
}

impl<'a> RunLine<'a> {
    /// Returns the line of a run, and its repro file if there is one.
    pub fn new(report: &'a RunReport, repro: Option<&Path>) -> Self {
        let outcome = &report.outcome;
        let judged = report.judged.as_ref();
        let run = judged.map(|judged| judged.run(outcome));
        Self {
            scenario: &report.target,
            seed: report.seed,
            strategy: report.strategy.to_string(),
            options: judged.map(|judged| &judged.options),
            verdict: report.verdict.word(),
            fingerprint: outcome.fingerprint.to_string(),
            choices: outcome.statistics.choices,
            steps: outcome.statistics.steps,
            virtual_ms: outcome.statistics.virtual_time.as_millis(),
            emitted: judged.map_or(0, |judged| judged.ledger.emitted),
            delivered: judged.map_or(0, |judged| judged.ledger.delivered),
            gap_marked: judged.map_or(0, |judged| judged.ledger.gap_marked),
            violations: report.failures.iter().map(ViolationEntry::from).collect(),
            vacuous: judged.map(vacuous).unwrap_or_default(),
            runs: run.as_ref().map(records::runs).unwrap_or_default(),
            metrics: run.as_ref().map(records::metrics).unwrap_or_default(),
            locks: outcome.locks.iter().map(LockRecord::from).collect(),
            validations: judged.map(records::validations).unwrap_or_default(),
            repro: repro.map(|path| path.display().to_string()),
        }
    }
}

fn vacuous(judged: &Judged) -> Vec<&'static str> {
    judged.vacuous.iter().map(|oracle| oracle.name()).collect()
}

/// The line of `rehearsal replay --json`.
#[derive(Serialize, Debug)]
pub struct ReplayLine<'a> {
    file: String,
    scenario: String,
    seed: u64,
    strategy: String,
    /// One word: see [`Replayed::word`].
    result: &'static str,
    /// The verdict of the run; null if it could not be run.
    verdict: Option<&'static str>,
    fingerprint: Option<String>,
    expected_fingerprint: String,
    /// Decisions in the file.
    choices: usize,
    divergence: Option<DivergenceEntry<'a>>,
    violations: Vec<ViolationEntry<'a>>,
}

/// The place at which a replay left its repro.
#[derive(Serialize, Debug)]
struct DivergenceEntry<'a> {
    /// The choice's place in the file's list, from 1.
    choice: usize,
    site: String,
    /// Its number at the site, from 0.
    nth: u32,
    expected: &'a str,
    found: &'a str,
}

impl<'a> ReplayLine<'a> {
    /// Returns the line of a replay of the repro in `file`.
    pub fn new(file: &Path, repro: &Repro, replay: &'a Replay) -> Self {
        let report = replay.report.as_ref();
        Self {
            file: file.display().to_string(),
            scenario: repro.target_name(),
            seed: repro.seed,
            strategy: repro.strategy.to_string(),
            result: replay.result.word(),
            verdict: report.map(|report| report.verdict.word()),
            fingerprint: report.map(|report| report.outcome.fingerprint.to_string()),
            expected_fingerprint: repro.expected.fingerprint.to_string(),
            choices: replay.deviations(repro).len(),
            divergence: divergence(replay),
            violations: report
                .map(|report| report.failures.iter().map(ViolationEntry::from).collect())
                .unwrap_or_default(),
        }
    }
}

/// Also of a changed scenario: it helps to see what the change did.
fn divergence(replay: &Replay) -> Option<DivergenceEntry<'_>> {
    let at = match &replay.result {
        Replayed::Diverged { at, .. } => at,
        _ => replay.report.as_ref()?.outcome.divergence.as_ref()?,
    };
    Some(DivergenceEntry {
        choice: at.deviation + 1,
        site: at.site.to_string(),
        nth: at.nth,
        expected: &at.expected,
        found: &at.found,
    })
}

/// One line of `rehearsal list --json`: one scenario.
#[derive(Serialize, Debug)]
pub struct ListLine<'a> {
    name: &'a str,
    file: String,
    claim: &'a str,
    system: &'static str,
    /// The settings of `system`.
    options: &'a BTreeMap<String, String>,
    defect: Option<&'static str>,
    oracles: Vec<&'static str>,
    agents: u64,
    seeds: u32,
}

impl<'a> From<&'a Scenario> for ListLine<'a> {
    fn from(scenario: &'a Scenario) -> Self {
        Self {
            name: &scenario.name,
            file: scenario.file.display().to_string(),
            claim: &scenario.claim,
            system: scenario.kind.name(),
            options: &scenario.options,
            defect: scenario.spec.defect.map(Defect::name),
            oracles: scenario
                .expect
                .oracles
                .iter()
                .map(|oracle| oracle.name())
                .collect(),
            agents: scenario.spec.settings.actors().count,
            seeds: scenario.seeds,
        }
    }
}
