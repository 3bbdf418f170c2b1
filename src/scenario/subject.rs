//! A scenario as something to play.

use std::path::Path;

use rehearsal_agents::spec::BridgeSpec;
use rehearsal_sim::{Ambient, Strategy};

use super::{Candidate, Cut, CutError, ExpectedVerdict, Scenario, names};
use crate::repro::{Origin, Repro, ScenarioRef, Unplayable};
use crate::run::{self, Books, RunOptions, RunReport};
use crate::signature::Signature;
use crate::subject::Subject;
use crate::summary::{self, counted};
use crate::system::SystemChoice;

impl Subject for Scenario {
    type Books = Books;

    fn name(&self) -> &str {
        &self.name
    }

    /// With the transport if the scenario's file asks for another one, and with a hash
    /// of the values that are set.
    fn file_stem(&self) -> String {
        let mut stem = self.name.replace('/', "-");
        if self.spec.transport != self.declared_transport {
            stem = format!("{stem}-{}", names::transport(self.spec.transport));
        }
        if self.set.is_empty() {
            return stem;
        }
        let set: Vec<String> = self.set.iter().map(ToString::to_string).collect();
        let hash = xxhash_rust::xxh3::xxh3_64(set.join("\n").as_bytes());
        format!("{stem}-set-{hash:016x}")
    }

    fn ambient(&self) -> Ambient {
        self.system.ambient()
    }

    fn perform(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport {
        run::perform(self, options, strategy)
    }

    fn expected(&self) -> ExpectedVerdict {
        self.expect.verdict
    }

    fn origin(&self) -> Origin {
        Origin::Scenario(ScenarioRef {
            name: self.file_name().to_owned(),
            file: self.file.clone(),
            hash: self.hash,
            system: self.system.name().map(str::to_owned),
            healthy: self.is_twin(),
            transport: self.spec.transport,
            set: self.set.clone(),
        })
    }

    fn has_changed(&self, repro: &Repro) -> bool {
        match &repro.origin {
            Origin::Scenario(scenario) => scenario.hash != self.hash,
            Origin::Test(_) => true,
        }
    }

    fn variant(&self, repro: &Repro) -> Result<Self, Unplayable> {
        let Origin::Scenario(scenario) = &repro.origin else {
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
        twin.with_transport(scenario.transport)
            .map_err(|_| Unplayable::NeedsNetwork)
    }

    fn focused(&self, signature: &Signature) -> Self {
        Scenario::focused(self, signature)
    }

    fn cut(&self, cuts: &[Cut]) -> Result<Self, CutError> {
        Scenario::cut(self, cuts)
    }

    fn families(&self) -> Vec<Vec<Candidate>> {
        Scenario::families(self)
    }

    fn reductions(&self) -> &[Cut] {
        Scenario::reductions(self)
    }

    fn left_of(&self, whole: &Self) -> Vec<String> {
        let (left, whole) = (&self.spec, &whole.spec);
        let of = |left: u64, whole: u64, what: &str| {
            (left != whole).then(|| format!("{left} of {}", counted(whole as usize, what)))
        };
        let agents = of(agents(left), agents(whole), "agent");
        let events = of(events(left), events(whole), "planned event");
        let faults = of(
            left.faults.budget.into(),
            whole.faults.budget.into(),
            "possible fault",
        );
        [agents, events, faults].into_iter().flatten().collect()
    }

    fn next_steps(&self, file: &Path) -> String {
        match &self.system {
            SystemChoice::Reference => summary::next_steps(file),
            SystemChoice::Named(named) => named.next_steps(file),
        }
    }
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
