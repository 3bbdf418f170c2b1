//! The sections of a scenario of the bridge.

mod agents;
mod check;
mod format_1;
mod names;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Contradiction, Lowered, Name, Part, Path, Sections, Shared, SystemSections};
use crate::spec::{
    BridgeSettings, BridgeSpec, ClientSettings, Defect, FaultPlan, NetworkSettings, Transport,
};

use self::agents::Group;
use self::names::Kind;

pub use self::names::TRANSPORTS;

/// The event bridge.
pub struct Bridge;

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BridgeFile {
    /// The system under test.
    #[schemars(extend(
        "x-example" = "system = { kind = \"bridge\", transport = \"websocket\" }"
    ))]
    system: Part<System>,
    /// Settings of the bridge itself.
    #[serde(default)]
    bridge: Part<BridgeSettings>,
    /// Settings of the clients.
    #[serde(default)]
    clients: Part<ClientSettings>,
    /// Groups of agents.
    #[schemars(
        length(min = 1),
        extend("x-reduce" = 1, "x-example" = "[[agents]]\nkind = \"data\"")
    )]
    agents: Part<Vec<Group>>,
}

/// The system under test.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-noun" = "`system`"))]
struct System {
    /// The kind of system.
    #[schemars(extend("x-example" = "kind = \"bridge\""))]
    kind: Name<Kind>,
    /// The way in which events reach clients.
    #[serde(default = "default_transport")]
    transport: Name<Transport>,
    /// A seeded bug; without it, the system is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Name<Defect>")]
    defect: Option<Name<Defect>>,
}

fn default_transport() -> Name<Transport> {
    Name(Transport::WebSocket)
}

impl SystemSections for Bridge {
    fn name(&self) -> &'static str {
        "bridge"
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        BridgeFile::json_schema(generator)
    }

    fn read(&self, sections: serde_json::Value) -> Result<Box<dyn Sections>, serde_json::Error> {
        let file: BridgeFile = serde_json::from_value(sections)?;
        Ok(Box::new(file))
    }

    fn format_1_cuts(
        &self,
        cuts: &[(Path, u32)],
        document: &serde_json::Value,
    ) -> Vec<Option<Vec<Lowered>>> {
        format_1::cuts(cuts, document)
    }

    fn template(&self) -> &'static str {
        include_str!("template.toml")
    }
}

impl Sections for BridgeFile {
    fn contradictions(&self, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(self, shared)
    }

    fn spec(self: Box<Self>, network: NetworkSettings, faults: FaultPlan) -> Option<BridgeSpec> {
        let system = self.system.into_sound()?;
        let groups = self.agents.into_sound()?;
        Some(BridgeSpec {
            transport: system.transport.0,
            defect: system.defect.map(|Name(defect)| defect),
            bridge: self.bridge.into_sound()?,
            agents: groups.iter().map(Group::spec).collect::<Option<_>>()?,
            clients: self.clients.into_sound()?,
            network,
            faults,
        })
    }
}
