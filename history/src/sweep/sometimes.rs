//! Sometimes: each mark is reached in at least one run.

use std::collections::BTreeMap;

use super::{SweepCheck, SweepFinding, SweepRun, SweepState, SweepViolation, reached};
use crate::oracle::{Rule, Setting, SettingValues, Settings};

/// The check `sometimes`.
#[derive(Debug)]
pub struct Sometimes;

impl SweepCheck for Sometimes {
    fn name(&self) -> &'static str {
        "sometimes"
    }

    fn claim(&self) -> &'static str {
        "each mark is reached in at least one run"
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "never",
            meaning: "No run reached the mark.",
        }]
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting {
            name: "marks",
            meaning: "The marks that must be reached.",
            values: SettingValues::Words(&[]),
        }]
    }

    fn start(&self, settings: &Settings) -> Box<dyn SweepState> {
        let marks = settings.words("marks").iter().cloned();
        Box::new(State {
            runs: 0,
            reached: marks.map(|mark| (mark, 0)).collect(),
        })
    }
}

struct State {
    runs: u64,
    /// Runs that reached each mark.
    reached: BTreeMap<String, u64>,
}

impl SweepState for State {
    fn add(&mut self, run: &SweepRun<'_>) {
        self.runs += 1;
        for (mark, count) in &mut self.reached {
            *count += u64::from(reached(run.history, mark));
        }
    }

    fn finding(&self) -> SweepFinding {
        let runs = self.runs;
        let never = self.reached.iter().filter(|(_, count)| **count == 0);
        let violations = never.map(|(mark, _)| SweepViolation {
            rule: "never".into(),
            seeds: Vec::new(),
            message: format!("none of {runs} runs reached `{mark}`"),
        });
        let counts = self.reached.iter();
        SweepFinding {
            checked: self.reached.len() as u64,
            violations: violations.collect(),
            measured: counts
                .map(|(mark, count)| format!("{mark}: reached in {count} of {runs} runs"))
                .collect(),
        }
    }
}
