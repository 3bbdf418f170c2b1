//! Deadlock: nothing waits for ever. The engine sees that; this oracle makes its
//! verdict one that a scenario can ask for. Nothing is excused.
//!
//! Its opportunities are the times that a task had to wait for anything but a timer: each
//! of them could have been for ever. A run in which nothing waits does not exercise it.

use rehearsal_sim::Verdict;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::facets::{CheckedRun, Facet};
use crate::validation::Validation;

/// The oracle `deadlock`.
#[derive(Debug)]
pub struct Deadlock;

impl Oracle for Deadlock {
    fn name(&self) -> &'static str {
        "deadlock"
    }

    fn claim(&self) -> &'static str {
        "nothing waits for ever"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Engine]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "deadlock",
                meaning: "Tasks wait for each other, or for something that can never happen.",
            },
            Rule {
                name: "livelock",
                meaning: "Tasks keep running without virtual time ever going on.",
            },
            Rule {
                name: "timeout",
                meaning: "Virtual time ran out before the run came to its end.",
            },
        ]
    }

    fn reports_verdict(&self) -> bool {
        true
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::Timing]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        report.check(run.statistics.waits);
        if let Some(rule) = rule_of(run.verdict) {
            report.broken(rule, [], run.verdict.at(), || run.verdict.to_string());
        }
        report.finish()
    }
}

fn rule_of(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Deadlock { .. } => Some("deadlock"),
        Verdict::Livelock { .. } => Some("livelock"),
        Verdict::Timeout { .. } => Some("timeout"),
        _ => None,
    }
}
