//! The sections of a scenario of the bridge, as a file has them.

mod agents;
mod check;
mod format_1;
mod names;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::agents::Group;
use super::spec::{BridgeScenario, BridgeSettings, ClientSettings, Transport};
use crate::sections::{Contradiction, Lowered, Name, Part, Path, Settings, Shared};
use crate::spec::{AgentGroup, Extent};

pub(super) use self::names::TRANSPORTS;

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BridgeFile {
    /// The system under test.
    #[serde(default)]
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
#[serde(default, deny_unknown_fields)]
struct System {
    /// The way in which events reach clients.
    transport: Name<Transport>,
}

impl Default for System {
    fn default() -> Self {
        let transport = Name(Transport::WebSocket);
        Self { transport }
    }
}

impl Settings for BridgeScenario {
    type File = BridgeFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: BridgeFile) -> Option<Self> {
        let groups = file.agents.into_sound()?;
        Some(Self {
            transport: file.system.into_sound()?.transport.0,
            bridge: file.bridge.into_sound()?,
            agents: groups.iter().map(Group::spec).collect::<Option<_>>()?,
            clients: file.clients.into_sound()?,
        })
    }

    fn contradictions(file: &BridgeFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let groups = self.agents.iter();
        Extent {
            noun: "agent",
            count: groups.map(|group| u64::from(group.count)).sum(),
        }
    }

    fn planned(&self) -> Option<Extent> {
        let of_group = |group: &AgentGroup| u64::from(group.count) * group.kind.events();
        Some(Extent {
            noun: "planned event",
            count: self.agents.iter().map(of_group).sum(),
        })
    }

    fn format_1_cuts(
        cuts: &[(Path, u32)],
        document: &serde_json::Value,
    ) -> Vec<Option<Vec<Lowered>>> {
        format_1::cuts(cuts, document)
    }
}
