//! What `--json` prints: one object a line. The fields are a contract.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rehearsal_agents::spec::Defect;
use serde::Serialize;

use crate::explore::{Exploration, RunKey, Shard};
use crate::replay::{Replay, Replayed};
use crate::repro::Repro;
use crate::run::{Failure, RunReport};
use crate::scenario::{Scenario, names};
use crate::signature::Signature;

/// One line of `rehearsal run --json`: one seed.
#[derive(Serialize, Debug)]
pub struct RunLine<'a> {
    scenario: &'a str,
    seed: u64,
    strategy: String,
    transport: &'static str,
    verdict: &'static str,
    fingerprint: String,
    choices: u64,
    steps: u64,
    virtual_ms: u64,
    emitted: u64,
    delivered: u64,
    gap_marked: u64,
    violations: Vec<ViolationEntry<'a>>,
    /// The repro file; null if the run passed, or none could be written.
    repro: Option<String>,
}

/// One entry of `violations`.
#[derive(Serialize, Debug)]
struct ViolationEntry<'a> {
    oracle: &'static str,
    message: &'a str,
    at_ms: Option<u64>,
}

impl<'a> From<&'a Failure> for ViolationEntry<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            oracle: failure.judge.name(),
            message: &failure.message,
            at_ms: failure.at.map(|at| at.as_millis()),
        }
    }
}

impl<'a> RunLine<'a> {
    /// The line of a run, and its repro file if there is one.
    pub fn new(report: &'a RunReport, repro: Option<&Path>) -> Self {
        Self {
            scenario: &report.name,
            seed: report.seed,
            strategy: report.strategy.to_string(),
            transport: names::transport(report.books.transport),
            verdict: report.verdict.word(),
            fingerprint: report.fingerprint.to_string(),
            choices: report.statistics.choices,
            steps: report.statistics.steps,
            virtual_ms: report.statistics.virtual_time.as_millis(),
            emitted: report.books.ledger.emitted,
            delivered: report.books.ledger.delivered,
            gap_marked: report.books.ledger.gap_marked,
            violations: report.violations.iter().map(ViolationEntry::from).collect(),
            repro: repro.map(|path| path.display().to_string()),
        }
    }
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
    /// What the run came to; null if it could not be played.
    verdict: Option<&'static str>,
    fingerprint: Option<String>,
    expected_fingerprint: String,
    /// Decisions in the file.
    choices: usize,
    divergence: Option<DivergenceEntry<'a>>,
    violations: Vec<ViolationEntry<'a>>,
}

/// Where a replay left its repro.
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
    /// The line of a replay of the repro in `file`.
    pub fn new(file: &Path, repro: &Repro, replay: &'a Replay) -> Self {
        let report = replay.report.as_ref();
        Self {
            file: file.display().to_string(),
            scenario: repro.played_name(),
            seed: repro.seed,
            strategy: repro.strategy.to_string(),
            result: replay.result.word(),
            verdict: report.map(|report| report.verdict.word()),
            fingerprint: report.map(|report| report.fingerprint.to_string()),
            expected_fingerprint: repro.expected.fingerprint.to_string(),
            choices: repro.schedule.len(),
            divergence: divergence(replay),
            violations: report
                .map(|report| report.violations.iter().map(ViolationEntry::from).collect())
                .unwrap_or_default(),
        }
    }
}

/// Also of a changed scenario: it helps to see what the change did.
fn divergence(replay: &Replay) -> Option<DivergenceEntry<'_>> {
    let at = match &replay.result {
        Replayed::Diverged { at, .. } => at,
        _ => replay.report.as_ref()?.divergence.as_ref()?,
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
    transport: &'static str,
    defect: Option<&'static str>,
    oracles: Vec<&'static str>,
    agents: u32,
    seeds: u32,
}

impl<'a> From<&'a Scenario> for ListLine<'a> {
    fn from(scenario: &'a Scenario) -> Self {
        Self {
            name: &scenario.name,
            file: scenario.file.display().to_string(),
            claim: &scenario.claim,
            system: "bridge",
            transport: names::transport(scenario.spec.transport),
            defect: scenario.spec.defect.map(Defect::name),
            oracles: scenario
                .expect
                .oracles
                .iter()
                .map(|oracle| oracle.name())
                .collect(),
            agents: scenario.spec.agents.iter().map(|group| group.count).sum(),
            seeds: scenario.seeds,
        }
    }
}

/// One line of `rehearsal explore --json`: one scenario.
#[derive(Serialize, Debug)]
pub struct ExploreLine<'a> {
    scenario: &'a str,
    strategy: String,
    transport: &'static str,
    shard: Option<String>,
    seeds: u64,
    distinct_schedules: u64,
    failures: u64,
    first_failing_seed: Option<u64>,
    verdicts: BTreeMap<&'static str, u64>,
    signatures: Vec<SignatureEntry<'a>>,
    /// Runs that showed the violation that the scenario expects of its defect.
    detected: u64,
    /// Goals, and in how many runs they were reached.
    goals_reached: BTreeMap<String, u64>,
    /// `sometimes` goals that no run reached.
    goals_missed: Vec<String>,
    coverage: Vec<CoverageEntry>,
    exhaustive: Option<SearchEntry>,
    /// Seeds that were not played, because the exploration was cut short.
    remaining: Option<String>,
    wall_ms: u64,
    runs_per_s: u64,
}

/// One entry of `signatures`.
#[derive(Serialize, Debug)]
struct SignatureEntry<'a> {
    judge: &'a str,
    message: &'a str,
    count: u64,
    first_seed: u64,
    repro: Option<String>,
}

/// One entry of `coverage`.
#[derive(Serialize, Debug)]
struct CoverageEntry {
    strategy: String,
    runs: u64,
    distinct: u64,
    once: u64,
    /// About the chance that the next run shows a new schedule; null if there
    /// were too few runs to say.
    chance_of_new: Option<f64>,
}

/// What `exhaustive` holds.
#[derive(Serialize, Debug)]
struct SearchEntry {
    bound: u32,
    schedules: u64,
    estimate: u64,
    complete: bool,
}

impl<'a> ExploreLine<'a> {
    /// The line of an exploration of that scenario.
    pub fn new(scenario: &'a Scenario, found: &'a Exploration, shard: Option<Shard>) -> Self {
        let tally = &found.tally;
        let sampled = found.search.is_none();
        Self {
            scenario: &scenario.name,
            strategy: found.strategy.to_string(),
            transport: names::transport(scenario.spec.transport),
            shard: shard.map(|shard| shard.to_string()),
            seeds: found.seeds,
            distinct_schedules: tally.coverage.distinct(),
            failures: tally.failures(),
            first_failing_seed: tally.first_failure.as_ref().map(|key| key.seed),
            verdicts: tally.verdicts.iter().map(|(v, n)| (v.word(), *n)).collect(),
            signatures: tally
                .findings
                .values()
                .map(|finding| SignatureEntry {
                    judge: &finding.signature.judge,
                    message: &finding.signature.message,
                    count: finding.count,
                    first_seed: finding.first.seed,
                    repro: found
                        .repros
                        .get(&finding.signature)
                        .map(|path| path.display().to_string()),
                })
                .collect(),
            detected: tally.detected,
            goals_reached: tally.goals.iter().map(|(g, n)| (g.name(), *n)).collect(),
            goals_missed: found
                .unreached(scenario)
                .into_iter()
                .map(|goal| goal.name())
                .collect(),
            coverage: tally
                .coverage
                .unseen()
                // A search draws nothing, so there is nothing to estimate from.
                .filter(|_| sampled)
                .map(|unseen| CoverageEntry {
                    strategy: unseen.strategy.to_string(),
                    runs: unseen.runs,
                    distinct: unseen.distinct,
                    once: unseen.once,
                    chance_of_new: unseen.chance(),
                })
                .collect(),
            exhaustive: found.search.map(|search| SearchEntry {
                bound: search.bound,
                schedules: search.schedules,
                estimate: search.estimate,
                complete: search.complete,
            }),
            remaining: found.remaining.as_ref().map(ToString::to_string),
            wall_ms: u64::try_from(found.wall.as_millis()).unwrap_or(u64::MAX),
            runs_per_s: found.runs_per_second().round() as u64,
        }
    }
}

/// One line of the log of failures that an exploration keeps: one run.
#[derive(Serialize, Debug)]
pub(crate) struct FailureLine<'a> {
    scenario: &'a str,
    seed: u64,
    strategy: String,
    transport: &'static str,
    verdict: &'static str,
    judge: &'a str,
    message: &'a str,
    /// Where a search left the boring schedule: picks and what they took.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deviations: Vec<(u32, u32)>,
}

impl<'a> FailureLine<'a> {
    pub(crate) fn new(report: &'a RunReport, signature: &'a Signature, key: &RunKey) -> Self {
        let deviations = key.deviations().iter();
        let message = report.violations.first().map(|first| &first.message);
        Self {
            scenario: &report.name,
            seed: report.seed,
            strategy: report.strategy.to_string(),
            transport: names::transport(report.books.transport),
            verdict: report.verdict.word(),
            judge: &signature.judge,
            message: message.map_or("", String::as_str),
            deviations: deviations.map(|d| (d.pick, d.value)).collect(),
        }
    }

    /// The line with its line break.
    pub(crate) fn to_line(&self) -> io::Result<String> {
        Ok(format!("{}\n", serde_json::to_string(self)?))
    }
}
