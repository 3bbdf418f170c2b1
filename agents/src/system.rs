//! Systems under test: what every one of them declares, and its deployment.
//!
//! # A system of your own
//!
//! One trait puts a system on the driver: it names its roles and the faults that it
//! admits, and says what runs on which host. Phases, faults, draining and the census
//! are the driver's.
//!
//! ```
//! use std::time::Duration;
//!
//! use rehearsal_agents::driver::{ClientHost, ClientNode, Deployment, Node, Planner, WorkId};
//! use rehearsal_agents::fault::NodeAction;
//! use rehearsal_agents::record::Recorder;
//! use rehearsal_agents::record::MODEL;
//! use rehearsal_agents::sections::Settings;
//! use rehearsal_agents::spec::{Extent, ScenarioSpec};
//! use rehearsal_agents::system::{self, Facet, Role, System, SystemInfo};
//! use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
//! use rehearsal_sim::{Config, Verdict};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! /// Sends back every message.
//! struct Echo;
//!
//! static INFO: SystemInfo = SystemInfo {
//!     name: "echo",
//!     summary: "Sends back every message.",
//!     roles: &[Role::server("echo"), Role::client("caller")],
//!     faults: &[NodeAction::Pause.of("echo")],
//!     records: &[Facet::Engine],
//!     needed: &[],
//!     defects: &[],
//!     marks: &[],
//!     model: &MODEL,
//! };
//!
//! /// The sections of a scenario that only this system has.
//! #[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
//! struct EchoScenario {
//!     /// The number of callers.
//!     #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
//!     callers: u32,
//! }
//!
//! impl Settings for EchoScenario {
//!     type File = Self;
//!     const TEMPLATE: &'static str = "system = { kind = \"echo\" }\ncallers = 3";
//!
//!     fn from_file(file: Self) -> Option<Self> {
//!         Some(file)
//!     }
//!
//!     fn actors(&self) -> Extent {
//!         Extent { noun: "caller", count: self.callers.into() }
//!     }
//! }
//!
//! impl System for Echo {
//!     type Settings = EchoScenario;
//!
//!     fn info(&self) -> &'static SystemInfo {
//!         &INFO
//!     }
//!
//!     fn deploy(&self, spec: &ScenarioSpec<EchoScenario>, _: &mut Planner) -> Deployment {
//!         let mut deployment = Deployment::new();
//!         deployment.server("echo", "echo", serve);
//!         for number in 1..=spec.settings.callers {
//!             let (host, work) = (format!("caller-{number}"), deployment.work());
//!             let client = move |node| call(node, work, number);
//!             deployment.client("caller", ClientHost::Own(host), client);
//!         }
//!         deployment.longest_work(Duration::from_secs(10));
//!         deployment
//!     }
//! }
//!
//! async fn serve(node: Node) {
//!     let listener = TcpListener::bind("0.0.0.0:7").await.expect("the port is free");
//!     node.ready();
//!     while let Ok((mut stream, _)) = listener.accept().await {
//!         while let Ok(message) = stream.read_u32().await {
//!             if stream.write_u32(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     }
//! }
//!
//! async fn call(mut node: ClientNode, work: WorkId, message: u32) {
//!     node.ready();
//!     node.started().await;
//!     node.work().begin(work);
//!     let mut stream = TcpStream::connect("echo:7").await.expect("a connection");
//!     stream.write_u32(message).await.expect("sent");
//!     assert_eq!(stream.read_u32().await.expect("an answer"), message);
//!     node.work().done(work);
//!     drop(stream);
//!     node.leave().await;
//! }
//!
//! let outcome = rehearsal_sim::run(Config::default(), |world| {
//!     let spec = ScenarioSpec::new(EchoScenario { callers: 3 });
//!     system::run(world, Echo, spec, Recorder::new())
//! });
//! assert_eq!(outcome.verdict, Verdict::Pass);
//! ```

use std::fmt;

use rehearsal_history::Model;
use rehearsal_sim::{Ambient, World};

use crate::capability::Capability;
use crate::defect::Defect;
use crate::driver::{self, Deployment, Planner};
use crate::fault::{Fault, RoleName};
use crate::goal::{Goal, Mark};
use crate::record::Recorder;
use crate::sections::{Path, Reader, Settings, SystemSections};
use crate::spec::{AnySpec, ScenarioSpec};

pub use rehearsal_history::Facet;

/// A system that scenarios can be run with.
pub trait System: Send + Sync + 'static {
    /// The sections of a scenario that only this system has.
    type Settings: Settings;

    /// The system's entry in the table of systems.
    fn info(&self) -> &'static SystemInfo;

    /// Returns `true` if this implementation has the capability.
    fn supports(&self, _capability: Capability) -> bool {
        true
    }

    /// Returns the capabilities that an implementation must have for a scenario to be run
    /// as it is. The needs of its oracles and goals come on top.
    fn needs(&self, _spec: &ScenarioSpec<Self::Settings>) -> Vec<Need> {
        Vec::new()
    }

    /// The source of randomness and time for code that asks the machine for them.
    fn ambient(&self) -> Ambient {
        Ambient::Hermetic
    }

    /// Deploys the system for one run. All randomness is drawn here.
    fn deploy(&self, spec: &ScenarioSpec<Self::Settings>, planner: &mut Planner) -> Deployment;
}

/// A capability that a scenario needs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Need {
    /// The capability.
    pub capability: Capability,
    /// The part of the scenario that needs it.
    pub cause: Cause,
}

/// The part of a scenario that needs a capability.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// The value of a setting.
    Setting {
        /// The place of the setting.
        path: Path,
        /// Other values with which the scenario means the same.
        others: Vec<&'static str>,
    },
    /// A fault that may strike.
    Fault(Fault),
}

/// A system's entry in the table of systems.
#[derive(Clone, Copy, Debug)]
pub struct SystemInfo {
    /// The name in scenario files.
    pub name: &'static str,
    /// One line about what it does.
    pub summary: &'static str,
    /// The roles of its hosts.
    pub roles: &'static [Role],
    /// The faults that it admits.
    pub faults: &'static [Fault],
    /// The parts of a history that it records.
    pub records: &'static [Facet],
    /// The parts that it records only with a capability.
    pub needed: &'static [(Facet, Capability)],
    /// The bugs that can be seeded.
    pub defects: &'static [Defect],
    /// The marks that its runs can reach.
    pub marks: &'static [Mark],
    /// The words and the rules of its histories.
    pub model: &'static Model,
}

impl SystemInfo {
    /// Every name of every fault in scenario files: aliases first, then names by role.
    pub fn fault_names(&self) -> impl Iterator<Item = (String, Fault)> {
        let aliases = self
            .faults
            .iter()
            .filter_map(|fault| Some((fault.alias()?.to_owned(), *fault)));
        aliases.chain(self.faults.iter().map(|fault| (fault.to_string(), *fault)))
    }

    /// Returns the fault with that name.
    pub fn fault(&self, name: &str) -> Option<Fault> {
        let mut names = self.fault_names();
        names
            .find(|(known, _)| known == name)
            .map(|(_, fault)| fault)
    }

    /// Returns the capability without which it does not record that part.
    pub fn needed_for(&self, facet: Facet) -> Option<Capability> {
        let mut needed = self.needed.iter();
        needed
            .find(|(part, _)| *part == facet)
            .map(|(_, capability)| *capability)
    }

    /// Every goal with each of its names, those about faults last.
    pub fn goals(&self) -> Vec<(String, Goal)> {
        Goal::named(self.marks, self.fault_names())
    }

    /// Returns the goal with that name.
    pub fn goal(&self, name: &str) -> Option<Goal> {
        let mut goals = self.goals().into_iter();
        goals.find(|(known, _)| known == name).map(|(_, goal)| goal)
    }

    /// Returns the defect with that name.
    pub fn defect(&self, name: &str) -> Option<Defect> {
        let defects = self.defects.iter().copied();
        defects.into_iter().find(|defect| defect.name() == name)
    }
}

/// A role: hosts that run the same program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Role {
    /// The name, as in `crash:NAME`.
    pub name: RoleName,
    /// The side that the hosts are on.
    pub side: Side,
}

/// A side of the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// A part of the system under test.
    Server,
    /// A user of it.
    Client,
}

impl Role {
    /// A role of servers.
    pub const fn server(name: RoleName) -> Self {
        let side = Side::Server;
        Self { name, side }
    }

    /// A role of clients.
    pub const fn client(name: RoleName) -> Self {
        let side = Side::Client;
        Self { name, side }
    }
}

/// A system of any type. Every [`System`] is one.
pub trait AnySystem: Send + Sync {
    /// The system's entry in the table of systems.
    fn info(&self) -> &'static SystemInfo;

    /// Returns `true` if this implementation has the capability.
    fn supports(&self, capability: Capability) -> bool;

    /// The source of randomness and time for code that asks the machine for them.
    fn ambient(&self) -> Ambient;

    /// The reader of the sections that only this system has.
    fn sections(&self) -> &dyn SystemSections;

    /// As [`System::needs`]; none for a scenario of another system.
    fn needs(&self, spec: &AnySpec) -> Vec<Need>;

    /// Deploys the system for one run.
    ///
    /// # Panics
    ///
    /// If the scenario is of another system.
    fn deploy(&self, spec: &AnySpec, planner: &mut Planner) -> Deployment;
}

impl fmt::Debug for dyn AnySystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnySystem").field(&self.info().name).finish()
    }
}

impl<S: System> AnySystem for S {
    fn info(&self) -> &'static SystemInfo {
        System::info(self)
    }

    fn supports(&self, capability: Capability) -> bool {
        System::supports(self, capability)
    }

    fn ambient(&self) -> Ambient {
        System::ambient(self)
    }

    fn sections(&self) -> &dyn SystemSections {
        const { &Reader::<S::Settings>::new() }
    }

    fn needs(&self, spec: &AnySpec) -> Vec<Need> {
        let spec = spec.typed::<S::Settings>();
        spec.map_or_else(Vec::new, |spec| System::needs(self, &spec))
    }

    fn deploy(&self, spec: &AnySpec, planner: &mut Planner) -> Deployment {
        let Some(spec) = spec.typed::<S::Settings>() else {
            let name = System::info(self).name;
            panic!("a scenario of another system cannot be run with `{name}`: {spec:?}");
        };
        System::deploy(self, &spec, planner)
    }
}

/// Runs a scenario with a system, through all phases of the [driver].
/// The program of a run of the simulator:
/// `run(config, move |world| system::run(world, system, spec, recorder))`.
pub async fn run<S: System>(
    world: World,
    system: S,
    spec: ScenarioSpec<S::Settings>,
    recorder: Recorder,
) {
    driver::run(world, &spec.faults, recorder, |planner| {
        System::deploy(&system, &spec, planner)
    })
    .await;
}

/// As [`run`], with a system and a scenario of any type.
///
/// # Panics
///
/// If the scenario is of another system.
pub async fn run_any(world: World, system: &dyn AnySystem, spec: &AnySpec, recorder: Recorder) {
    driver::run(world, &spec.faults, recorder, |planner| {
        system.deploy(spec, planner)
    })
    .await;
}
