//! The bridge as a system: roles, faults, defects, and its deployment.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_sim::Ambient;

use super::client::{Client, Identity};
use super::connector::{self, SimConnector};
use super::faults::{self, BRIDGE, CLIENT};
use super::incarnation::Process;
use super::plan::BridgePlan;
use super::spec::{BridgeScenario, BridgeSpec, ClientSettings, Transport};
use super::{Bridge, BridgeDeps, ReferenceBridge, Registry, defects, marks, needs};
use crate::agent::Agent;
use crate::capability::Capability;
use crate::driver::{ClientHost, ClientNode, Deployment, Node, OwnAgents, Planner};
use crate::record::recorder::{MODEL, name_task};
use crate::spec::AgentKind;
use crate::system::{AnySystem, Facet, Need, Role, System, SystemInfo};
use crate::{agent, record};

/// The bridge's entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "bridge",
    summary: "Carries the events of agents to the clients of their threads.",
    roles: &[Role::server(BRIDGE), Role::client(CLIENT)],
    faults: &faults::FAULTS,
    records: &[
        Facet::Messages,
        Facet::Spans,
        Facet::Resources,
        Facet::Invariants,
        Facet::Engine,
    ],
    needed: &[(Facet::Invariants, Capability::RegistryEvents)],
    defects: &defects::DEFECTS,
    marks: &[
        record::marks::RECONNECTED,
        record::marks::REPLAYED,
        record::marks::GAP_MARKED,
        record::marks::INTERLEAVED,
        marks::CONCURRENT_STARTUP,
        agent::marks::BARRIER_RELEASED,
        agent::marks::SIBLINGS_CANCELLED,
        agent::marks::FAILURE_TOLERATED,
        agent::marks::DEADLINE_FIRED,
        agent::marks::DEATH_NOTICED,
        marks::SWEPT,
    ],
    model: &MODEL,
};

/// The reference bridge, as the table of systems lists it.
pub static SYSTEM: &dyn AnySystem = &Reference;

/// The reference bridge.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl System for Reference {
    type Settings = BridgeScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    fn needs(&self, spec: &BridgeSpec) -> Vec<Need> {
        needs::needs(spec)
    }

    /// The runs are not hermetic: the WebSocket library draws keys and masks, which
    /// no fingerprint contains.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &BridgeSpec, planner: &mut Planner) -> Deployment {
        let defect = spec.defect;
        let make =
            move |deps| -> Arc<dyn Bridge> { Arc::new(ReferenceBridge::with_defect(deps, defect)) };
        deploy(spec, planner, make)
    }
}

type Make = dyn Fn(BridgeDeps) -> Arc<dyn Bridge> + Send + Sync;

/// A user's implementation of the bridge, in place of the reference one.
#[derive(Clone)]
pub struct BridgeSystem {
    make: Arc<Make>,
    agents: OwnAgents,
    missing: BTreeSet<Capability>,
    ambient: Ambient,
}

impl fmt::Debug for BridgeSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeSystem")
            .field("missing", &self.missing)
            .field("ambient", &self.ambient)
            .finish_non_exhaustive()
    }
}

impl BridgeSystem {
    /// A custom bridge with every capability. It is made anew for each run, and in a
    /// run after each crash of its host. Its runs are hermetic.
    pub fn new(make: impl Fn(BridgeDeps) -> Arc<dyn Bridge> + Send + Sync + 'static) -> Self {
        Self {
            make: Arc::new(make),
            agents: OwnAgents::new(),
            missing: BTreeSet::new(),
            ambient: Ambient::Hermetic,
        }
    }

    /// The reference bridge with a custom registry, made anew for each incarnation of
    /// the bridge. Its runs are hermetic.
    pub fn with_registry(make: impl Fn() -> Box<dyn Registry> + Send + Sync + 'static) -> Self {
        Self::new(move |deps| Arc::new(ReferenceBridge::with_registry(deps, make())))
    }

    /// The reference bridge without a defect. Its runs are not hermetic.
    pub fn reference() -> Self {
        let system = Self::new(|deps| Arc::new(ReferenceBridge::new(deps)));
        system.with_ambient(Ambient::Real)
    }

    /// The same with an agent of a user's own in the place of the mock agents of a kind, also
    /// where a supervisor starts them. Scenarios say how many there are, when they start and
    /// on which threads; their agents are called by the agent's own name.
    ///
    /// # Panics
    ///
    /// If there is no such kind of agent.
    #[must_use]
    pub fn with_agent(mut self, kind: &'static str, agent: impl Agent + 'static) -> Self {
        let known = AgentKind::NAMES;
        assert!(
            known.contains(&kind),
            "no kind of agent is called `{kind}`: {known:?}"
        );
        self.agents.insert(kind, Arc::new(agent));
        self
    }

    /// The same without a capability.
    #[must_use]
    pub fn without(mut self, capability: Capability) -> Self {
        self.missing.insert(capability);
        self
    }

    /// The same with another source of randomness and time for what the code asks of
    /// the machine. [`Ambient::Real`] is faster, and right for code that does not ask.
    #[must_use]
    pub fn with_ambient(mut self, ambient: Ambient) -> Self {
        self.ambient = ambient;
        self
    }

    /// Returns `true` if it has the capability.
    pub fn supports(&self, capability: Capability) -> bool {
        !self.missing.contains(&capability)
    }
}

impl System for BridgeSystem {
    type Settings = BridgeScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    fn supports(&self, capability: Capability) -> bool {
        Self::supports(self, capability)
    }

    fn needs(&self, spec: &BridgeSpec) -> Vec<Need> {
        needs::needs(spec)
    }

    fn ambient(&self) -> Ambient {
        self.ambient
    }

    fn deploy(&self, spec: &BridgeSpec, planner: &mut Planner) -> Deployment {
        let make = Arc::clone(&self.make);
        planner.replace_agents(self.agents.clone());
        deploy(spec, planner, move |deps| make(deps))
    }
}

/// Deploys a bridge on its host, and its clients on theirs.
fn deploy(
    spec: &BridgeSpec,
    planner: &mut Planner,
    make: impl Fn(BridgeDeps) -> Arc<dyn Bridge> + 'static,
) -> Deployment {
    let plan = BridgePlan::draw(spec, planner);
    let mut deployment = Deployment::new();
    let recorder = planner.recorder().clone();
    let process = Process::new(spec, &plan, recorder, || deployment.work());
    deployment.longest_work(process.population().longest_work());
    let process = Rc::new(process);
    let (transport, make) = (spec.settings.transport, Rc::new(make));
    deployment
        .server(BRIDGE, BRIDGE, {
            let process = Rc::clone(&process);
            move |node| boot(Rc::clone(&process), Rc::clone(&make), transport, node)
        })
        .on_crash({
            let process = Rc::clone(&process);
            move || process.crashed()
        });
    for identity in plan.clients {
        let host = match transport {
            Transport::InProcess => ClientHost::Server(0),
            Transport::WebSocket => ClientHost::Own(identity.client.to_string()),
        };
        let connector = SimConnector {
            transport,
            process: Rc::clone(&process),
        };
        let settings = spec.settings.clients.clone();
        deployment.client(CLIENT, host, move |node| {
            client(identity, settings, connector, node).run()
        });
    }
    deployment.on_snapshot({
        let process = Rc::clone(&process);
        move || {
            let process = Rc::clone(&process);
            async move { process.snapshot().await }
        }
    });
    deployment.on_shutdown(move || {
        let process = Rc::clone(&process);
        async move { process.shut_down().await }
    });
    deployment
}

async fn boot(
    process: Rc<Process>,
    make: Rc<impl Fn(BridgeDeps) -> Arc<dyn Bridge>>,
    transport: Transport,
    node: Node,
) {
    name_task("bridge");
    let bridge = make(process.deps());
    let open = connector::open(transport, Arc::clone(&bridge));
    process.run_incarnation(&node, bridge, open).await;
}

/// A client that the driver commands.
pub(super) fn client<C: super::client::Connector>(
    identity: Identity,
    settings: ClientSettings,
    connector: C,
    node: ClientNode,
) -> Client<C> {
    Client::new(identity, settings, connector, node)
}
