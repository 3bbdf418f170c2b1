//! The counts of runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::schedules::Schedules;
use crate::explore::{Executed, Totals};
use crate::run::RunVerdict;
use crate::run::seeds::Seeds;
use crate::run::signature::Signature;

/// The counts of some runs. Those of disjoint runs add up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    /// Runs.
    pub(crate) runs: u64,
    /// Verdicts, by their words.
    pub(crate) verdicts: BTreeMap<String, u64>,
    /// Goals, and in how many runs they were reached.
    pub(crate) goals: BTreeMap<String, u64>,
    /// Oracles, and in how many runs they had something to check.
    pub(crate) exercised: BTreeMap<String, u64>,
    /// Failures, by signature.
    pub(crate) failures: Failures,
    /// A sample of the schedules.
    pub(crate) schedules: Schedules,
}

/// The failures of each signature.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<FailureEntry>", into = "Vec<FailureEntry>")]
pub(crate) struct Failures(pub(crate) BTreeMap<Signature, FailureCount>);

/// The failures of one signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailureCount {
    /// The number of them.
    pub(crate) count: u64,
    /// The lowest seed.
    pub(crate) lowest_seed: u64,
    /// The run with the fewest deviations, and among these the lowest seed.
    pub(crate) smallest: Smallest,
}

/// A run by its size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smallest {
    /// Deviations from the default schedule.
    pub(crate) deviations: u64,
    /// The seed.
    pub(crate) seed: u64,
}

/// One entry of `failures`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureEntry {
    judge: String,
    rule: Option<String>,
    count: u64,
    lowest_seed: u64,
    smallest: Smallest,
}

impl From<Vec<FailureEntry>> for Failures {
    fn from(entries: Vec<FailureEntry>) -> Self {
        let mut failures = Self::default();
        for entry in entries {
            let signature = Signature {
                judge: entry.judge,
                rule: entry.rule,
            };
            failures.add(
                signature,
                FailureCount {
                    count: entry.count,
                    lowest_seed: entry.lowest_seed,
                    smallest: entry.smallest,
                },
            );
        }
        failures
    }
}

impl From<Failures> for Vec<FailureEntry> {
    fn from(failures: Failures) -> Self {
        let entry = |(signature, found): (Signature, FailureCount)| FailureEntry {
            judge: signature.judge,
            rule: signature.rule,
            count: found.count,
            lowest_seed: found.lowest_seed,
            smallest: found.smallest,
        };
        failures.0.into_iter().map(entry).collect()
    }
}

impl Failures {
    fn add(&mut self, signature: Signature, found: FailureCount) {
        let known = self.0.entry(signature);
        known
            .and_modify(|known| {
                known.count = known.count.saturating_add(found.count);
                known.lowest_seed = known.lowest_seed.min(found.lowest_seed);
                known.smallest = known.smallest.min(found.smallest);
            })
            .or_insert(found);
    }
}

impl Counts {
    /// Adds a run.
    pub(crate) fn add(&mut self, run: &Executed) {
        self.runs += 1;
        let verdict = run.verdict.word().to_owned();
        *self.verdicts.entry(verdict).or_default() += 1;
        for goal in &run.goals {
            *self.goals.entry(goal.name()).or_default() += 1;
        }
        for oracle in &run.exercised {
            *self.exercised.entry(oracle.name().to_owned()).or_default() += 1;
        }
        if let Some(signature) = &run.failure {
            let seed = run.key.seed;
            let found = FailureCount {
                count: 1,
                lowest_seed: seed,
                smallest: Smallest {
                    deviations: run.deviations,
                    seed,
                },
            };
            self.failures.add(signature.clone(), found);
        }
        let strategy = run.strategy.to_string();
        self.schedules.add(&strategy, run.schedule_hash());
    }

    /// Returns the counts of a search. Of its schedules, which are no draws, there is no sample.
    pub(crate) fn of_search(totals: &Totals) -> Self {
        let mut failures = Failures::default();
        for (signature, group) in &totals.failures {
            let seed = group.first.seed;
            let found = FailureCount {
                count: group.count,
                lowest_seed: seed,
                smallest: Smallest {
                    deviations: group.first.deviations().len() as u64,
                    seed,
                },
            };
            failures.add(signature.clone(), found);
        }
        let verdicts = totals.verdicts.iter();
        let goals = totals.goals.iter();
        let exercised = totals.exercised.iter();
        Self {
            runs: totals.runs,
            verdicts: verdicts.map(|(v, n)| (v.word().to_owned(), *n)).collect(),
            goals: goals.map(|(goal, n)| (goal.name(), *n)).collect(),
            exercised: exercised.map(|(o, n)| (o.name().to_owned(), *n)).collect(),
            failures,
            schedules: Schedules::default(),
        }
    }

    /// Adds the counts of other runs.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.runs = self.runs.saturating_add(other.runs);
        add_all(&mut self.verdicts, &other.verdicts);
        add_all(&mut self.goals, &other.goals);
        add_all(&mut self.exercised, &other.exercised);
        for (signature, found) in &other.failures.0 {
            self.failures.add(signature.clone(), *found);
        }
        self.schedules.merge(&other.schedules);
    }

    /// Returns the verdicts. The words of those that were read have been checked.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = RunVerdict> + '_ {
        self.verdicts.keys().filter_map(|word| verdict(word))
    }

    /// Returns what no runs of those seeds can have counted; none if all is right.
    pub(super) fn problem(&self, seeds: &Seeds) -> Option<String> {
        let runs = self.runs;
        let failures = self.failures.0.values();
        let failed = sum(failures.clone().map(|found| found.count));
        let is_seed = |seed: u64| (seeds.first()..=seeds.last()).contains(&seed);
        if let Some(word) = self.verdicts.keys().find(|word| verdict(word).is_none()) {
            return Some(format!("there is no verdict `{word}`"));
        }
        if sum(self.verdicts.values().copied()) != Some(runs) {
            return Some(format!("the verdicts are not those of {runs} runs"));
        }
        if failed != Some(runs - self.passed()) {
            return Some("the failures are not those of the verdicts".to_owned());
        }
        if let Some((goal, _)) = self.goals.iter().find(|(_, count)| **count > runs) {
            return Some(format!(
                "the goal `{goal}` is reached in more than all runs"
            ));
        }
        if let Some((oracle, _)) = self.exercised.iter().find(|(_, count)| **count > runs) {
            return Some(format!("`{oracle}` checked more than all runs"));
        }
        let mut failures = failures;
        let is_outside =
            |found: &FailureCount| !(is_seed(found.lowest_seed) && is_seed(found.smallest.seed));
        failures
            .any(is_outside)
            .then(|| "a failure has a seed that was not run".to_owned())
    }

    pub(super) fn passed(&self) -> u64 {
        let passed = self.verdicts.get(RunVerdict::Pass.word());
        passed.copied().unwrap_or_default()
    }
}

/// Returns the sum; none if it is too large.
fn sum(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0, u64::checked_add)
}

fn verdict(word: &str) -> Option<RunVerdict> {
    let mut all = RunVerdict::ALL.into_iter();
    all.find(|verdict| verdict.word() == word)
}

fn add_all(sums: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (key, count) in others {
        let sum = sums.entry(key.clone()).or_default();
        *sum = sum.saturating_add(*count);
    }
}
