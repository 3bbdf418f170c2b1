//! Scenarios made from others.

use std::sync::Arc;

use rehearsal_agents::sections::Path;
use rehearsal_agents::system::AnySystem;

use super::decode;
use super::diagnostic::Diagnostic;
use super::edit::{self, CutError, Edit};
use super::kind::Kinds;
use super::schema::{self, SYSTEM};
use super::{Candidate, ExpectedVerdict, Scenario};
use crate::system::{RegisteredSystem, SystemRef};

/// The end of the name of a healthy twin.
pub const HEALTHY: &str = "+healthy";

/// Returns the edits that set a place to its other names.
fn others(kinds: &Kinds, place: &Path, current: &str) -> Vec<Edit> {
    let names = schema::choices(kinds, place).into_iter();
    names
        .filter(|name| *name != current)
        .map(|name| Edit::text(place.clone(), name))
        .collect()
}

impl Scenario {
    /// The same scenario without its defect, which every seed must pass. `None`
    /// for a scenario that carries none.
    pub fn twin(&self) -> Option<Scenario> {
        self.spec.defect?;
        let mut twin = self.clone();
        twin.name.push_str(HEALTHY);
        twin.spec.defect = None;
        let defect = Path::of("system").key("defect");
        edit::add(&mut twin.variant, Edit::removed(defect));
        twin.expect.verdict = ExpectedVerdict::Pass;
        Some(twin)
    }

    /// Returns `true` for the healthy twin of the scenario in its file.
    pub fn is_twin(&self) -> bool {
        self.name.ends_with(HEALTHY)
    }

    /// The name of the scenario in its file, be this it or its twin.
    pub fn file_name(&self) -> &str {
        let name = self.name.strip_suffix(HEALTHY).unwrap_or(&self.name);
        let own = self.system.name().and_then(|system| {
            let name = name.strip_prefix(system)?;
            name.strip_prefix('/')
        });
        own.unwrap_or(name)
    }

    /// The implementation that it is run with.
    pub(crate) fn implementation(&self) -> &dyn AnySystem {
        match &self.system {
            SystemRef::Reference => self.kind.system(),
            SystemRef::Registered(named) => named.system(),
        }
    }

    /// The same scenario, run with that system.
    #[must_use]
    pub fn on(&self, named: &Arc<RegisteredSystem>) -> Scenario {
        let twin = if self.is_twin() { HEALTHY } else { "" };
        let mut scenario = self.clone();
        scenario.name = format!("{}/{}{twin}", named.name(), self.file_name());
        scenario.system = SystemRef::Registered(Arc::clone(named));
        scenario
    }

    /// The same scenario with some values set to others than the file's.
    ///
    /// # Errors
    ///
    /// Every problem of the values, or of what they contradict.
    pub fn with_set(&self, set: &[Edit]) -> Result<Scenario, Vec<Diagnostic>> {
        if set == self.set {
            return Ok(self.clone());
        }
        let read = decode::decode(&self.source, set, &Kinds::of(self.kind))?;
        let twin = if self.is_twin() { read.twin() } else { None };
        let mut scenario = twin.unwrap_or(read);
        scenario.name = self.name.clone();
        scenario.system = self.system.clone();
        scenario.regressions.clone_from(&self.regressions);
        Ok(scenario)
    }

    /// The same scenario with other names in the settings that have a fixed set of them: one
    /// of its system's, the simulation of TCP, or both. What contradicts the rest of the file
    /// is left out.
    pub(crate) fn alternatives(&self) -> Vec<Scenario> {
        let kind = Kinds::of(self.kind);
        let system = self.options.iter().flat_map(|(key, current)| {
            let place = Path::of(SYSTEM).key(key);
            others(&kind, &place, current)
        });
        let current = self.spec.network.tcp.as_str();
        let tcp = others(&kind, &Path::of("network").key("tcp"), current);
        let systems: Vec<Option<Edit>> = std::iter::once(None).chain(system.map(Some)).collect();
        let mut alternatives = Vec::new();
        for system in &systems {
            for tcp in std::iter::once(None).chain(tcp.iter().map(Some)) {
                let edits: Vec<Edit> = system.iter().chain(tcp).cloned().collect();
                if edits.is_empty() {
                    continue;
                }
                let set = [self.set.as_slice(), &edits].concat();
                alternatives.extend(self.with_set(&set));
            }
        }
        alternatives
    }

    /// The same scenario with less in it. Goals and expectations stay as they are; a
    /// scenario that is reduced may well miss them.
    ///
    /// # Errors
    ///
    /// If a change does not fit the scenario, does not make it smaller, or leaves
    /// nothing to run.
    pub fn cut(&self, cuts: &[Edit]) -> Result<Scenario, CutError> {
        if cuts.is_empty() {
            return Ok(self.clone());
        }
        let changes = [self.set.as_slice(), &self.variant].concat();
        let reduced = decode::reduce(&self.source, self.kind, &changes, cuts)?;
        let mut scenario = self.clone();
        scenario.spec = reduced.spec;
        scenario.reductions = reduced.reductions;
        Ok(scenario)
    }

    /// The reductions that it was made with.
    pub(crate) fn made_reductions(&self) -> &[Edit] {
        &self.reductions
    }

    /// For each value that can be reduced, its candidates, the deepest first.
    pub(crate) fn families(&self) -> Vec<Vec<Candidate>> {
        let changes = [self.set.as_slice(), &self.variant].concat();
        decode::families(&self.source, self.kind, &changes, &self.reductions)
    }
}
