//! Invariants: whenever the system was asked for its invariants, they held. Nothing is
//! excused.
//!
//! An opportunity is one check of one invariant; the rule of a violation is the name of
//! the invariant.

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::EntryKind;
use crate::facets::{CheckedRun, Facet};
use crate::validation::Validation;

/// The oracle `invariants`.
#[derive(Debug)]
pub struct Invariants;

impl Oracle for Invariants {
    fn name(&self) -> &'static str {
        "invariants"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["registry"]
    }

    fn claim(&self) -> &'static str {
        "the system's own invariants hold whenever they are checked"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Invariants]
    }

    /// None: the systems name the invariants.
    fn rules(&self) -> &'static [Rule] {
        &[]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::StateConsistency]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for entry in &run.history.entries {
            let EntryKind::Invariant { name, broken } = &entry.kind else {
                continue;
            };
            report.check(1);
            if let Some(contradiction) = broken {
                report.broken(name.clone(), [], entry.at, || {
                    format!("{name} does not hold at {}: {contradiction}", entry.at)
                });
            }
        }
        report.finish()
    }
}
