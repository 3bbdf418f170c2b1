//! Oracles: they judge the history of a run. They draw no randomness and touch
//! nothing, so enabling one never changes a run.
//!
//! Some promises can be judged at any moment (nothing arrives twice, nothing reaches
//! another tenant); others only once everything has come to rest (nothing is
//! missing). If the engine stopped a run early, the latter oracles are
//! [not applicable](Scope::NotApplicable), and the engine's verdict stands alone.
//!
//! Oracles have no tolerances. What an oracle excuses, and why, stands at the head of
//! its module. To add one, write its file and add its line to
//! [`ORACLES`].

mod finding;
mod last_hop;
mod secrets;
#[cfg(test)]
mod tests;
mod within;

use std::fmt;

use crate::facets::{CheckedRun, Facet};
use crate::validation::Validation;

pub use crate::settings::{Setting, SettingValue, SettingValues, Settings};
pub use finding::{Finding, LISTED_MAX, Report, Scope, Violation};
pub use linearizable::{MODELS, SequentialSpec};
pub use secrets::Secrets;

/// A judge of one promise over the history of a run.
pub trait Oracle: Sync {
    /// Returns its name in scenario files, for example `exactly-once`.
    fn name(&self) -> &'static str;

    /// Returns other names that scenario files may use.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the promise, in one sentence without a full stop.
    fn claim(&self) -> &'static str;

    /// Returns the facets that a system must record to be held to it.
    fn reads(&self) -> &'static [Facet];

    /// Returns every rule that it can find broken, with an explanation of each.
    fn rules(&self) -> &'static [Rule];

    /// Returns the settings that a scenario may give it.
    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    /// Returns `true` if the oracle reports the engine's verdict, so that it need not
    /// be reported again.
    fn reports_verdict(&self) -> bool {
        false
    }

    /// Returns `true` if it has nothing to check without settings.
    fn needs_settings(&self) -> bool {
        false
    }

    /// Returns `true` if it is only applied where it is named: its default depends on the
    /// program, or there is none.
    fn is_opt_in(&self) -> bool {
        self.needs_settings()
    }

    /// Returns the aspects of a run that it validates with those settings.
    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        Vec::new()
    }

    /// Judges one finished run. The strictest settings are the default.
    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding;
}

/// One rule of an oracle. Its name is stable: it identifies failures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// The name, for example `overtaken`.
    pub name: &'static str,
    /// The explanation, in one sentence.
    pub meaning: &'static str,
}

/// Declares the module of each oracle and lists it.
macro_rules! oracles {
    ($($module:ident::$oracle:ident,)*) => {
        $(mod $module;)*
        $(pub use $module::$oracle;)*

        /// The oracles.
        pub static ORACLES: &[&dyn Oracle] = &[$(&$oracle,)*];
    };
}

oracles! {
    no_loss::NoLoss,
    exactly_once::ExactlyOnce,
    fifo::Fifo,
    causal::Causal,
    isolation::Isolation,
    hierarchy::Hierarchy,
    cancel_tree::CancelTree,
    terminal::Terminal,
    cleanup::Cleanup,
    deadlock::Deadlock,
    protocol::Protocol,
    invariants::Invariants,
    linearizable::Linearizable,
    limits::Limits,
    snapshot::Snapshot,
    read_your_writes::ReadYourWrites,
    livelock::Livelock,
    fresh::Fresh,
    retracted::Retracted,
    phantom_tool::PhantomTool,
    effect_order::EffectOrder,
    starvation::Starvation,
    progress::Progress,
}

/// A reference to an oracle of the table. Equal and ordered by its place there.
#[derive(Clone, Copy)]
pub struct OracleRef(usize);

impl OracleRef {
    /// Returns every oracle, in the order of the table.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..ORACLES.len()).map(Self)
    }

    /// Returns the oracle with that name or alias.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|oracle| oracle.name() == name || oracle.aliases().contains(&name))
    }

    /// Judges one finished run.
    pub fn judge(self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let finding = self.check(run, settings);
        // A run that was cut short may not have come to what this oracle checks;
        // that says nothing about the scenario.
        if finding.is_vacuous() && !run.at_rest() {
            return Finding::not_applicable();
        }
        finding
    }
}

impl std::ops::Deref for OracleRef {
    type Target = dyn Oracle;

    fn deref(&self) -> &Self::Target {
        ORACLES[self.0]
    }
}

impl PartialEq for OracleRef {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for OracleRef {}

impl PartialOrd for OracleRef {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OracleRef {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl std::hash::Hash for OracleRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for OracleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for OracleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
