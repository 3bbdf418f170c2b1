//! What oracles say.

use std::collections::BTreeMap;

use rehearsal_sim::VirtualTime;

use super::Oracle;

/// Violations that a [`Finding`] lists at most; the others are only counted.
pub const LISTED: usize = 16;

/// A broken promise, with its witness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The oracle that found it.
    pub oracle: Oracle,
    /// What is wrong: names the event, the thread and the run where there are any.
    pub message: String,
    /// When, in virtual time, where that is known.
    pub at: Option<VirtualTime>,
}

/// Whether an oracle could judge the run at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// It judged.
    #[default]
    Judged,
    /// The engine stopped the run before it came to rest, so there is nothing
    /// to say; the engine's verdict is reported by itself.
    NotApplicable,
}

/// What an oracle found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Finding {
    /// Things that it checked. Zero means that the scenario gave it nothing to
    /// check, which is an error and never a pass; see [`Finding::vacuity`].
    pub checked: u64,
    /// Broken promises, the earliest first; at most [`LISTED`].
    pub violations: Vec<Violation>,
    /// Broken promises beyond those listed.
    pub unlisted: u64,
    /// Whether it could judge.
    pub scope: Scope,
}

impl Finding {
    /// The finding of an oracle that cannot judge a run which was cut short.
    pub fn not_applicable() -> Self {
        Self {
            scope: Scope::NotApplicable,
            ..Self::default()
        }
    }

    /// All broken promises, listed or not.
    pub fn broken(&self) -> u64 {
        self.violations.len() as u64 + self.unlisted
    }

    /// Whether the oracle judged, had something to check, and found it in order.
    pub fn is_pass(&self) -> bool {
        self.scope == Scope::Judged && self.checked > 0 && self.violations.is_empty()
    }

    /// Whether the oracle could judge but had nothing to check.
    pub fn is_vacuous(&self) -> bool {
        self.scope == Scope::Judged && self.checked == 0 && self.violations.is_empty()
    }

    /// The violation that says so, if the finding is vacuous: a scenario that
    /// never exercises an oracle must not name it.
    pub fn vacuity(&self, oracle: Oracle) -> Option<Violation> {
        self.is_vacuous().then(|| Violation {
            oracle,
            message: format!("the run gave the oracle `{oracle}` nothing to check"),
            at: None,
        })
    }
}

/// Gathers what one oracle finds; keeps the earliest violations.
pub(super) struct Report {
    oracle: Oracle,
    checked: u64,
    found: u64,
    // Violations without a time come last, whatever their number.
    listed: BTreeMap<(VirtualTime, u64), Violation>,
}

impl Report {
    pub(super) fn new(oracle: Oracle) -> Self {
        Self {
            oracle,
            checked: 0,
            found: 0,
            listed: BTreeMap::new(),
        }
    }

    /// Counts things that were checked.
    pub(super) fn check(&mut self, things: usize) {
        self.checked += things as u64;
    }

    /// Notes a broken promise. The message is only made if it will be listed.
    pub(super) fn broken(
        &mut self,
        at: impl Into<Option<VirtualTime>>,
        message: impl FnOnce() -> String,
    ) {
        let at = at.into();
        let key = (at.unwrap_or(VirtualTime::from_micros(u64::MAX)), self.found);
        self.found += 1;
        let late = self
            .listed
            .last_key_value()
            .is_some_and(|(last, _)| *last < key);
        if self.listed.len() >= LISTED && late {
            return;
        }
        let violation = Violation {
            oracle: self.oracle,
            message: message(),
            at,
        };
        self.listed.insert(key, violation);
        if self.listed.len() > LISTED {
            self.listed.pop_last();
        }
    }

    pub(super) fn finish(self) -> Finding {
        Finding {
            checked: self.checked,
            unlisted: self.found - self.listed.len() as u64,
            violations: self.listed.into_values().collect(),
            scope: Scope::Judged,
        }
    }
}
