//! Scenarios made from others.

use std::fmt;
use std::sync::Arc;

use rehearsal_agents::spec::{Fault, Transport};

use super::{ExpectedVerdict, Scenario};
use crate::system::{Named, SystemChoice};

/// What the name of a healthy twin ends in.
pub const HEALTHY: &str = "+healthy";

/// Why a scenario cannot do without a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NeedsNetwork {
    /// Its faults that only a network can have.
    pub faults: Vec<Fault>,
}

impl fmt::Display for NeedsNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.faults.iter().map(|kind| kind.name()).collect();
        write!(f, "the faults {} need a network", names.join(", "))
    }
}

impl std::error::Error for NeedsNetwork {}

impl Scenario {
    /// The same scenario without its defect, which every seed must pass. `None`
    /// for a scenario that carries none.
    pub fn twin(&self) -> Option<Scenario> {
        self.spec.defect?;
        let mut twin = self.clone();
        twin.name.push_str(HEALTHY);
        twin.spec.defect = None;
        twin.expect.verdict = ExpectedVerdict::Pass;
        Some(twin)
    }

    /// Whether this is the healthy twin of the scenario in its file.
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

    /// The same scenario, played with that system.
    #[must_use]
    pub fn on(&self, named: &Arc<Named>) -> Scenario {
        let twin = if self.is_twin() { HEALTHY } else { "" };
        let mut scenario = self.clone();
        scenario.name = format!("{}/{}{twin}", named.name(), self.file_name());
        scenario.system = SystemChoice::Named(Arc::clone(named));
        scenario
    }

    /// The same scenario over another transport.
    ///
    /// # Errors
    ///
    /// If the transport has no network and the scenario has faults that need one.
    pub fn with_transport(&self, transport: Transport) -> Result<Scenario, NeedsNetwork> {
        let faults: Vec<Fault> = self
            .spec
            .faults
            .kinds
            .iter()
            .copied()
            .filter(|kind| kind.needs_network())
            .collect();
        if transport == Transport::InProcess && !faults.is_empty() {
            return Err(NeedsNetwork { faults });
        }
        let mut scenario = self.clone();
        scenario.spec.transport = transport;
        Ok(scenario)
    }
}
