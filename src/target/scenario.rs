//! A scenario as a target.

use std::sync::Arc;

use rehearsal_agents::sections::Step;
use rehearsal_agents::spec::{Defect, Extent};
use rehearsal_sim::{Ambient, Strategy};

use super::{About, Expectation, Identity, Origin, ScenarioRef, Selection, Target, VariantError};
use crate::run::{self, RunOptions, RunReport};
use crate::scenario::{Candidate, Cut, Edit, Scenario};
use crate::system::SystemRef;

impl Target for Scenario {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> About<'_> {
        About {
            claim: Some(&self.claim),
            defect: self.spec.defect.map(Defect::name),
        }
    }

    fn ambient(&self) -> Ambient {
        self.implementation().ambient()
    }

    fn run(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport {
        run::run_scenario(self, options, strategy)
    }

    fn observe(&self, options: RunOptions, strategy: Box<dyn Strategy>) {
        run::observe_scenario(self, options, strategy);
    }

    fn expected(&self) -> Expectation<'_> {
        Expectation {
            verdict: self.expect.verdict,
            sometimes: &self.expect.sometimes,
            oracles: &self.expect.oracles,
            seeds: self.seeds.into(),
        }
    }

    /// The variant is made of the values that are set.
    fn identity(&self) -> Identity {
        let origin = Origin::Scenario(ScenarioRef {
            name: self.file_name().to_owned(),
            file: self.file.clone(),
            hash: self.hash,
            kind: Some(self.kind.name().to_owned()),
            system: self.system.name().map(str::to_owned),
            healthy: self.is_twin(),
            set: self.set.clone(),
        });
        Identity {
            origin,
            variant: variant(&self.set),
            regressions: match &self.system {
                SystemRef::Reference => self.regressions.clone(),
                SystemRef::Registered(named) => Some(named.regressions().to_owned()),
            },
        }
    }

    fn reductions(&self) -> Vec<Vec<Candidate>> {
        Scenario::families(self)
    }

    fn reduced_by(&self) -> &[Cut] {
        Scenario::made_reductions(self)
    }

    fn reduced(&self, selection: &Selection<'_>) -> Result<Arc<dyn Target>, VariantError> {
        let Origin::Scenario(scenario) = selection.origin else {
            return Err(VariantError::NotOfThis);
        };
        if scenario.system.as_deref() != self.system.name() {
            return Err(VariantError::NotOfThis);
        }
        let twin = if scenario.healthy && !self.is_twin() {
            self.twin().ok_or(VariantError::NoTwin)?
        } else {
            self.clone()
        };
        let twin = twin.with_set(&scenario.set).map_err(|problems| {
            let first = problems.first().map(|problem| problem.message.clone());
            VariantError::Set(first.unwrap_or_default())
        })?;
        let cut = twin.cut(selection.cuts).map_err(VariantError::Cut)?;
        Ok(Arc::new(match selection.failure {
            Some(signature) => cut.focused(signature),
            None => cut,
        }))
    }

    fn extent(&self) -> Vec<Extent> {
        let settings = &self.spec.settings;
        let faults = Extent {
            noun: "possible fault",
            count: self.spec.faults.most().into(),
        };
        [settings.actors()]
            .into_iter()
            .chain(settings.planned())
            .chain([faults])
            .collect()
    }
}

/// Longest suffix that spells the values out.
const SUFFIX_MAX: usize = 40;

/// Returns the suffix of the names of a scenario's files, if it is not run as declared.
fn variant(set: &[Edit]) -> Option<String> {
    if set.is_empty() {
        return None;
    }
    let spelled: Option<Vec<String>> = set.iter().map(spelled).collect();
    let spelled = spelled.map(|parts| parts.join("-"));
    Some(
        spelled
            .filter(|text| text.len() <= SUFFIX_MAX)
            .unwrap_or_else(|| {
                let set: Vec<String> = set.iter().map(ToString::to_string).collect();
                let hash = xxhash_rust::xxh3::xxh3_64(set.join("\n").as_bytes());
                format!("set-{hash:016x}")
            }),
    )
}

/// Returns a value as a part of a file's name, if it is a word: the last key, and the
/// word.
fn spelled(change: &Edit) -> Option<String> {
    let word = change.as_text()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_word = !word.is_empty() && word.chars().all(plain);
    match change.path.steps().last()? {
        Step::Key(key) if is_word => Some(format!("{key}-{word}")),
        Step::Key(_) | Step::Index(_) => None,
    }
}
