//! The systems that a harness knows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal_agents::system::AnySystem;

use crate::regression;
use crate::scenario::{Kinds, Scenario};
use crate::system::{RegisteredSystem, check_name};

/// The systems of a harness, and the directories of scenarios.
#[derive(Clone, Debug, Default)]
pub(super) struct Systems {
    pub(super) roots: Vec<PathBuf>,
    /// The kinds of systems that scenarios can be of.
    pub(super) kinds: Kinds,
    /// Names of kinds that were defined although they are taken.
    pub(super) taken: Vec<&'static str>,
    /// Custom implementations, in order.
    pub(super) registered: Vec<(String, Arc<dyn AnySystem>)>,
}

impl Systems {
    pub(super) fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Checks that every name is valid and of one system.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(name) = self.taken.first() {
            return Err(format!("there is a system `{name}` already"));
        }
        let mut names = BTreeSet::new();
        for (name, _) in &self.registered {
            check_name(name).map_err(|bad| bad.to_string())?;
            if !names.insert(name) {
                return Err(format!("two systems are registered as `{name}`"));
            }
        }
        Ok(())
    }

    /// The scenario, with the directory of its kept repros if only this binary has its
    /// kind.
    pub(super) fn kept_with(&self, mut scenario: Scenario) -> Scenario {
        if Kinds::shipped().find(scenario.kind.name()).is_none() {
            scenario.regressions = self.regressions(&scenario.file);
        }
        scenario
    }

    /// The directory of the kept repros of a scenario's file.
    fn regressions(&self, file: &Path) -> Option<PathBuf> {
        let mut roots = self.roots.iter();
        let root = roots.find(|root| file.starts_with(root));
        let root = root.or(self.roots.first())?;
        Some(root.join(regression::DIRECTORY))
    }

    /// A registered system, for the scenario in `file`.
    pub(super) fn find(&self, name: &str, file: &Path) -> Option<Arc<RegisteredSystem>> {
        let mut registered = self.registered.iter();
        let (name, system) = registered.find(|(known, _)| known == name)?;
        let regressions = self.regressions(file)?;
        Some(RegisteredSystem::new(name, Arc::clone(system), regressions))
    }

    /// Returns the registered names, for a message.
    pub(super) fn known(&self) -> String {
        let names = self.registered.iter().map(|(name, _)| format!("`{name}`"));
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return "there is none but the reference".to_owned();
        }
        format!("registered: {}", names.join(", "))
    }
}
