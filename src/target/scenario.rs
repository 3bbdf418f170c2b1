//! A scenario as a target.

use std::sync::Arc;

use rehearsal_agents::bridge::BridgeSpec;
use rehearsal_agents::spec::Defect;
use rehearsal_sim::{Ambient, Strategy};

use super::{
    About, Expectation, Extent, Identity, Origin, ScenarioRef, Selection, Target, Unplayable,
};
use crate::run::{self, RunOptions, RunReport};
use crate::scenario::{Candidate, Cut, Scenario, names};
use crate::system::SystemChoice;

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
        self.system.ambient(&self.spec)
    }

    fn run(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport {
        run::perform(self, options, strategy)
    }

    fn expected(&self) -> Expectation<'_> {
        Expectation {
            verdict: self.expect.verdict,
            sometimes: &self.expect.sometimes,
            seeds: self.seeds.into(),
        }
    }

    /// The variant is the transport, if the scenario's file declares another one, and a
    /// hash of the values that are set.
    fn identity(&self) -> Identity {
        let origin = Origin::Scenario(ScenarioRef {
            name: self.file_name().to_owned(),
            file: self.file.clone(),
            hash: self.hash,
            system: self.system.name().map(str::to_owned),
            healthy: self.is_twin(),
            transport: self.spec.transport,
            set: self.set.clone(),
        });
        Identity {
            origin,
            variant: variant(self),
            regressions: match &self.system {
                SystemChoice::Reference => None,
                SystemChoice::Named(named) => Some(named.regressions().to_owned()),
            },
        }
    }

    fn reductions(&self) -> Vec<Vec<Candidate>> {
        Scenario::families(self)
    }

    fn reduced_by(&self) -> &[Cut] {
        Scenario::made_reductions(self)
    }

    fn reduced(&self, selection: &Selection<'_>) -> Result<Arc<dyn Target>, Unplayable> {
        let Origin::Scenario(scenario) = selection.origin else {
            return Err(Unplayable::NotOfThis);
        };
        if scenario.system.as_deref() != self.system.name() {
            return Err(Unplayable::NotOfThis);
        }
        let twin = if scenario.healthy && !self.is_twin() {
            self.twin().ok_or(Unplayable::NoTwin)?
        } else {
            self.clone()
        };
        let twin = twin.with_set(&scenario.set).map_err(|problems| {
            let first = problems.first().map(|problem| problem.message.clone());
            Unplayable::Set(first.unwrap_or_default())
        })?;
        let variant = twin
            .with_transport(scenario.transport)
            .map_err(|_| Unplayable::NeedsNetwork)?;
        let cut = variant.cut(selection.cuts).map_err(Unplayable::Cut)?;
        Ok(Arc::new(match selection.failure {
            Some(signature) => cut.focused(signature),
            None => cut,
        }))
    }

    fn extent(&self) -> Vec<Extent> {
        let count = |noun, count| Extent { noun, count };
        vec![
            count("agent", agents(&self.spec)),
            count("planned event", events(&self.spec)),
            count("possible fault", self.spec.faults.budget.into()),
        ]
    }
}

/// Returns the suffix of the names of a scenario's files, if it is not run as declared.
fn variant(scenario: &Scenario) -> Option<String> {
    let as_declared = scenario.spec.transport == scenario.declared_transport;
    let transport = (!as_declared).then(|| names::transport(scenario.spec.transport).to_owned());
    let set: Vec<String> = scenario.set.iter().map(ToString::to_string).collect();
    let hash = xxhash_rust::xxh3::xxh3_64(set.join("\n").as_bytes());
    let set = (!set.is_empty()).then(|| format!("set-{hash:016x}"));
    let parts: Vec<String> = transport.into_iter().chain(set).collect();
    (!parts.is_empty()).then(|| parts.join("-"))
}

fn agents(spec: &BridgeSpec) -> u64 {
    spec.agents.iter().map(|group| u64::from(group.count)).sum()
}

fn events(spec: &BridgeSpec) -> u64 {
    let groups = spec.agents.iter();
    groups
        .map(|group| u64::from(group.count) * group.kind.events())
        .sum()
}
