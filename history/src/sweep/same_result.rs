//! Same result: runs that were given the same work come to the same result, whatever the
//! order in which they did it.
//!
//! The result of a run are the values that the calls of one kind returned, or, where the
//! setting names none, the marks that it reached. Neither their order nor the number of
//! times that a mark was reached counts. A run without a result is not compared.

use std::collections::{BTreeMap, BTreeSet};

use super::{SweepCheck, SweepFinding, SweepRun, SweepState, SweepViolation};
use crate::body::Body;
use crate::entry::EntryKind;
use crate::history::History;
use crate::ids::OperationId;
use crate::oracle::{Rule, Setting, SettingValues, Settings};

/// The check `same-result`.
#[derive(Debug)]
pub struct SameResult;

impl SweepCheck for SameResult {
    fn name(&self) -> &'static str {
        "same-result"
    }

    fn claim(&self) -> &'static str {
        "the same work comes to the same result in every order"
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "differs",
            meaning: "Two runs of the same work came to different results.",
        }]
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting {
            name: "call",
            meaning: "The kind of the calls whose returned values are the result.",
            values: SettingValues::Text,
        }]
    }

    fn start(&self, settings: &Settings) -> Box<dyn SweepState> {
        Box::new(State {
            call: settings.text("call").map(str::to_owned),
            plans: BTreeMap::new(),
        })
    }
}

struct State {
    call: Option<String>,
    /// The results of each plan, each with the seeds that came to it.
    plans: BTreeMap<u64, BTreeMap<Vec<String>, BTreeSet<u64>>>,
}

impl SweepState for State {
    fn add(&mut self, run: &SweepRun<'_>) {
        let result = match &self.call {
            Some(call) => returned(run.history, call),
            None => marks(run.history),
        };
        if !result.is_empty() {
            let results = self.plans.entry(run.plan).or_default();
            results.entry(result).or_default().insert(run.seed);
        }
    }

    fn finding(&self) -> SweepFinding {
        let runs = |results: &BTreeMap<Vec<String>, BTreeSet<u64>>| -> u64 {
            results.values().map(|seeds| seeds.len() as u64).sum()
        };
        let comparisons = self.plans.values().map(|results| runs(results) - 1);
        SweepFinding {
            checked: comparisons.sum(),
            violations: self.plans.values().filter_map(differing).collect(),
            measured: Vec::new(),
        }
    }
}

/// Returns the violation of a plan with more than one result.
fn differing(results: &BTreeMap<Vec<String>, BTreeSet<u64>>) -> Option<SweepViolation> {
    if results.len() < 2 {
        return None;
    }
    // One seed for each result.
    let mut shown: Vec<(u64, &Vec<String>)> = results
        .iter()
        .filter_map(|(result, seeds)| Some((*seeds.first()?, result)))
        .collect();
    shown.sort_unstable();
    let texts = shown
        .iter()
        .map(|(seed, result)| format!("seed {seed} came to [{}]", result.join(", ")));
    Some(SweepViolation {
        rule: "differs".into(),
        seeds: shown.iter().map(|(seed, _)| *seed).collect(),
        message: texts.collect::<Vec<String>>().join("; "),
    })
}

/// Returns the values that the calls of that kind returned, sorted.
fn returned(history: &History, call: &str) -> Vec<String> {
    let mut invoked: BTreeMap<OperationId, &Body> = BTreeMap::new();
    let mut values = Vec::new();
    for entry in &history.entries {
        match &entry.kind {
            EntryKind::Invoked {
                operation, call, ..
            } => {
                invoked.insert(*operation, call);
            }
            EntryKind::Returned { operation, value } => {
                let body = invoked.get(operation);
                if let Some(body) = body.filter(|body| body.kind == *call) {
                    values.push(format!("{body} = {value}"));
                }
            }
            _ => {}
        }
    }
    values.sort_unstable();
    values
}

/// Returns the marks that were reached, sorted, each once.
fn marks(history: &History) -> Vec<String> {
    let marks: BTreeSet<String> = history.marks().map(ToString::to_string).collect();
    marks.into_iter().collect()
}
