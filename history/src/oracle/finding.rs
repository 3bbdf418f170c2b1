//! The findings of oracles.

use std::collections::BTreeMap;

use rehearsal_sim::VirtualTime;

use super::Oracle;
use crate::body::Symbol;
use crate::ids::EntityId;

/// Violations that a [`Finding`] lists at most; the others are only counted.
pub const LISTED_MAX: usize = 16;

/// A broken promise, with its witness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The broken rule: stable, documented by [`Oracle::rules`]. Together with the
    /// oracle's name it identifies the failure.
    pub rule: Symbol,
    /// The entities that show it, the most telling first.
    pub witness: Vec<EntityId>,
    /// Virtual time of the violation, where that is known.
    pub at: Option<VirtualTime>,
    /// A sentence for people, free to be improved: names the message, the channel and
    /// the span where there are any.
    pub message: String,
}

/// The extent to which an oracle could judge a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// It judged.
    #[default]
    Judged,
    /// The engine stopped the run before it came to rest, so there is nothing to say;
    /// the engine's verdict is reported by itself.
    NotApplicable,
}

/// The finding of one oracle.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Finding {
    /// Opportunities to be wrong that it checked. Zero means that the scenario gave it
    /// nothing to check, which is an error and never a pass; see
    /// [`Finding::vacuity`].
    pub checked: u64,
    /// Broken promises, the earliest first; at most [`LISTED_MAX`].
    pub violations: Vec<Violation>,
    /// Broken promises beyond those listed.
    pub unlisted: u64,
    /// The extent to which it could judge.
    pub scope: Scope,
}

impl Finding {
    /// The rule of a violation that says that an oracle had nothing to check.
    pub const VACUOUS: &'static str = "vacuous";

    /// The finding of an oracle that cannot judge a run which was cut short.
    pub fn not_applicable() -> Self {
        Self {
            scope: Scope::NotApplicable,
            ..Self::default()
        }
    }

    /// Returns the number of broken promises, listed or not.
    pub fn broken(&self) -> u64 {
        self.violations.len() as u64 + self.unlisted
    }

    /// Returns `true` if the oracle judged, had something to check, and found it in
    /// order.
    pub fn is_pass(&self) -> bool {
        self.scope == Scope::Judged && self.checked > 0 && self.violations.is_empty()
    }

    /// Returns `true` if the oracle could judge but had nothing to check.
    pub fn is_vacuous(&self) -> bool {
        self.scope == Scope::Judged && self.checked == 0 && self.violations.is_empty()
    }

    /// Returns the violation that says so, if the finding is vacuous: a scenario that
    /// never exercises an oracle must not name it.
    pub fn vacuity(&self, oracle: &dyn Oracle) -> Option<Violation> {
        self.is_vacuous().then(|| Violation {
            rule: Self::VACUOUS.into(),
            witness: Vec::new(),
            at: None,
            message: format!(
                "the run gave the oracle `{}` nothing to check",
                oracle.name()
            ),
        })
    }
}

/// Gathers the findings of one oracle; keeps the earliest violations.
#[derive(Debug, Default)]
pub struct Report {
    checked: u64,
    found: u64,
    // Violations without a time come last, whatever their number.
    listed: BTreeMap<(VirtualTime, u64), Violation>,
}

impl Report {
    /// A report of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts opportunities that were checked.
    pub fn check(&mut self, opportunities: u64) {
        self.checked += opportunities;
    }

    /// Adds a broken promise. The message is only made if it will be listed.
    pub fn broken(
        &mut self,
        rule: impl Into<Symbol>,
        witness: impl IntoIterator<Item = EntityId>,
        at: impl Into<Option<VirtualTime>>,
        message: impl FnOnce() -> String,
    ) {
        let at = at.into();
        let key = (at.unwrap_or(VirtualTime::from_micros(u64::MAX)), self.found);
        self.found += 1;
        let last = self.listed.last_key_value();
        let late = last.is_some_and(|(last, _)| *last < key);
        if self.listed.len() >= LISTED_MAX && late {
            return;
        }
        let violation = Violation {
            rule: rule.into(),
            witness: witness.into_iter().collect(),
            at,
            message: message(),
        };
        self.listed.insert(key, violation);
        if self.listed.len() > LISTED_MAX {
            self.listed.pop_last();
        }
    }

    /// Returns the finding.
    pub fn finish(self) -> Finding {
        Finding {
            checked: self.checked,
            unlisted: self.found - self.listed.len() as u64,
            violations: self.listed.into_values().collect(),
            scope: Scope::Judged,
        }
    }
}
