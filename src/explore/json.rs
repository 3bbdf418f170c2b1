//! The line of an exploration with `--json`, and those of its log. The fields are a contract.

use std::collections::BTreeMap;
use std::io;

use rehearsal_sim::Alternative;
use serde::Serialize;

use super::{Exploration, RunKey, Search, Shard};
use crate::run::RunReport;
use crate::run::signature::Signature;
use crate::target::{Origin, Target};

/// The target of a line.
#[derive(Serialize, Debug)]
#[serde(untagged)]
enum TargetEntry<'a> {
    /// A scenario.
    Scenario {
        scenario: &'a str,
        /// The values that were set to others than the file's.
        set: Vec<String>,
    },
    /// A test.
    Test { test: &'a str },
}

impl<'a> TargetEntry<'a> {
    fn new(target: &'a dyn Target) -> Self {
        match target.identity().origin {
            Origin::Scenario(scenario) => Self::Scenario {
                scenario: target.name(),
                set: scenario.set.iter().map(ToString::to_string).collect(),
            },
            Origin::Test(_) => Self::Test {
                test: target.name(),
            },
        }
    }
}

/// One line of `rehearsal explore --json`: one scenario, or one test.
#[derive(Serialize, Debug)]
pub(crate) struct ExploreLine<'a> {
    #[serde(flatten)]
    target: TargetEntry<'a>,
    strategy: String,
    shard: Option<String>,
    seeds: u64,
    distinct_schedules: u64,
    /// Of so many schedules one is remembered. With 1 the numbers of schedules are exact, else
    /// they are estimates.
    schedules_one_in: u64,
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
    /// Oracles that no run gave anything to check.
    oracles_vacuous: Vec<&'static str>,
    coverage: Vec<CoverageEntry>,
    exhaustive: Option<SearchEntry>,
    /// The search before the seeds; null if there was none.
    begun_with: Option<BegunWithEntry>,
    /// Seeds that were not run, because the exploration was cut short.
    remaining: Option<String>,
    wall_ms: u64,
    runs_per_s: u64,
}

/// One entry of `signatures`.
#[derive(Serialize, Debug)]
struct SignatureEntry<'a> {
    judge: &'a str,
    rule: Option<&'a str>,
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

/// The contents of `exhaustive`.
#[derive(Serialize, Debug)]
struct SearchEntry {
    bound: u32,
    schedules: u64,
    estimate: u64,
    complete: bool,
}

impl From<Search> for SearchEntry {
    fn from(search: Search) -> Self {
        Self {
            bound: search.bound,
            schedules: search.schedules,
            estimate: search.estimate,
            complete: search.complete,
        }
    }
}

/// The contents of `begun_with`.
#[derive(Serialize, Debug)]
struct BegunWithEntry {
    seed: u64,
    failures: u64,
    #[serde(flatten)]
    search: SearchEntry,
}

impl<'a> ExploreLine<'a> {
    /// Returns the line of an exploration of that target.
    pub(crate) fn new(
        target: &'a dyn Target,
        found: &'a Exploration,
        shard: Option<Shard>,
    ) -> Self {
        let totals = &found.totals;
        let sampled = found.search.is_none();
        let unreached = found.unreached(target);
        Self {
            target: TargetEntry::new(target),
            strategy: found.strategy.to_string(),
            shard: shard.map(|shard| shard.to_string()),
            seeds: found.seeds,
            distinct_schedules: totals.coverage.distinct(),
            schedules_one_in: totals.coverage.one_in(),
            failures: totals.failed_runs(),
            first_failing_seed: totals.first_failure.as_ref().map(|key| key.seed),
            verdicts: totals
                .verdicts
                .iter()
                .map(|(v, n)| (v.word(), *n))
                .collect(),
            signatures: found
                .failures()
                .into_iter()
                .map(|(signature, finding)| SignatureEntry {
                    judge: &signature.judge,
                    rule: signature.rule.as_deref(),
                    count: finding.count,
                    first_seed: finding.first.seed,
                    repro: found
                        .repros
                        .get(signature)
                        .map(|path| path.display().to_string()),
                })
                .collect(),
            detected: totals.detected,
            goals_reached: totals.goals.iter().map(|(g, n)| (g.name(), *n)).collect(),
            goals_missed: unreached.goals.iter().map(|goal| goal.name()).collect(),
            oracles_vacuous: unreached.vacuous.iter().map(|o| o.name()).collect(),
            coverage: totals
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
            exhaustive: found.search.map(SearchEntry::from),
            begun_with: found.begun_with.as_ref().map(|begun| BegunWithEntry {
                seed: begun.seed,
                failures: begun.totals.failed_runs(),
                search: begun.search.into(),
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
    #[serde(flatten)]
    target: TargetEntry<'a>,
    /// The file of the scenario or test, since two may have one name.
    file: String,
    seed: u64,
    strategy: String,
    verdict: &'static str,
    judge: &'a str,
    rule: Option<&'a str>,
    message: &'a str,
    /// The deviations of a search: picks and the alternatives taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deviations: Vec<(u32, Instead)>,
}

/// The alternative of a deviation: the number of the candidate, or the word `postpone`.
#[derive(Serialize, Debug)]
#[serde(untagged)]
enum Instead {
    Take(u32),
    Postpone(&'static str),
}

impl From<Alternative> for Instead {
    fn from(instead: Alternative) -> Self {
        match instead {
            Alternative::Take(candidate) => Self::Take(candidate),
            Alternative::Postpone => Self::Postpone("postpone"),
        }
    }
}

impl<'a> FailureLine<'a> {
    pub(crate) fn new(
        target: &'a dyn Target,
        report: &'a RunReport,
        signature: &'a Signature,
        key: &RunKey,
    ) -> Self {
        let deviations = key.deviations().iter();
        let message = report.failures.first().map(|first| &first.message);
        Self {
            target: TargetEntry::new(target),
            file: target.identity().origin.file().display().to_string(),
            seed: report.seed,
            strategy: report.strategy.to_string(),
            verdict: report.verdict.word(),
            judge: &signature.judge,
            rule: signature.rule.as_deref(),
            message: message.map_or("", String::as_str),
            deviations: deviations.map(|d| (d.pick, d.instead.into())).collect(),
        }
    }

    /// The line with its line break.
    pub(crate) fn to_line(&self) -> io::Result<String> {
        Ok(format!("{}\n", serde_json::to_string(self)?))
    }
}
