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
//! use rehearsal_agents::system::{self, Facet, Role, ScenarioSpec, System, SystemInfo};
//! use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
//! use rehearsal_sim::{Config, Verdict};
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
//!     defects: &[],
//!     goals: &[],
//! };
//!
//! /// The system's section of a scenario.
//! #[derive(Clone, Debug)]
//! struct Settings {
//!     callers: u32,
//! }
//!
//! impl System for Echo {
//!     type Spec = ScenarioSpec<Settings>;
//!
//!     fn info(&self) -> &'static SystemInfo {
//!         &INFO
//!     }
//!
//!     fn deploy(&self, spec: &Self::Spec, _planner: &mut Planner) -> Deployment {
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
//!     let spec = ScenarioSpec::new(Settings { callers: 3 });
//!     system::run(world, Echo, spec, Recorder::new())
//! });
//! assert_eq!(outcome.verdict, Verdict::Pass);
//! ```

use std::any::Any;
use std::fmt;

use rehearsal_sim::{Ambient, World};

use crate::capability::Capability;
use crate::defect::Defect;
use crate::driver::{self, Deployment, Planner};
use crate::fault::{Fault, RoleName};
use crate::record::{Mark, Recorder};
use crate::spec::{FaultPlan, NetworkSettings};

/// A system that scenarios can be run with.
pub trait System: Send + Sync + 'static {
    /// The content of a scenario of this system.
    type Spec: Spec;

    /// The system's entry in the table of systems.
    fn info(&self) -> &'static SystemInfo;

    /// Returns `true` if this implementation has the capability.
    fn supports(&self, _capability: Capability) -> bool {
        true
    }

    /// The source of randomness and time for code that asks the machine for them.
    fn ambient(&self) -> Ambient {
        Ambient::Hermetic
    }

    /// Deploys the system for one run. All randomness is drawn here.
    fn deploy(&self, spec: &Self::Spec, planner: &mut Planner) -> Deployment;
}

/// The parts of a scenario that every system has.
pub trait Spec: Any + fmt::Debug + Send + Sync {
    /// The links between hosts.
    fn network(&self) -> &NetworkSettings;

    /// The faults that may strike.
    fn faults(&self) -> &FaultPlan;

    /// The seeded bug, or none for the healthy system.
    fn defect(&self) -> Option<Defect>;
}

/// A scenario of a system with one section of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioSpec<S> {
    /// The system's own section.
    pub settings: S,
    /// The links between hosts.
    pub network: NetworkSettings,
    /// The faults that may strike.
    pub faults: FaultPlan,
    /// The seeded bug, or none for the healthy system.
    pub defect: Option<Defect>,
}

impl<S> ScenarioSpec<S> {
    /// A scenario of the healthy system without faults.
    pub fn new(settings: S) -> Self {
        Self {
            settings,
            network: NetworkSettings::default(),
            faults: FaultPlan::default(),
            defect: None,
        }
    }
}

impl<S: Any + fmt::Debug + Send + Sync> Spec for ScenarioSpec<S> {
    fn network(&self) -> &NetworkSettings {
        &self.network
    }

    fn faults(&self) -> &FaultPlan {
        &self.faults
    }

    fn defect(&self) -> Option<Defect> {
        self.defect
    }
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
    /// The bugs that can be seeded.
    pub defects: &'static [Defect],
    /// Goals that its runs can reach, besides those about faults.
    pub goals: &'static [Mark],
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

/// A part of a history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Facet {
    /// Messages: sent, answered, received.
    Messages,
    /// Operations on shared objects.
    Operations,
    /// Spans: runs, sessions, calls.
    Spans,
    /// Resources that the system holds.
    Resources,
    /// The engine's verdict, census and waits.
    Engine,
}

/// A system of any type. Every [`System`] is one.
pub trait AnySystem: Send + Sync {
    /// The system's entry in the table of systems.
    fn info(&self) -> &'static SystemInfo;

    /// Returns `true` if this implementation has the capability.
    fn supports(&self, capability: Capability) -> bool;

    /// The source of randomness and time for code that asks the machine for them.
    fn ambient(&self) -> Ambient;

    /// Returns `true` if the scenario is one of this system.
    fn accepts(&self, spec: &dyn Spec) -> bool;

    /// Deploys the system for one run.
    ///
    /// # Panics
    ///
    /// If the scenario is of another system.
    fn deploy(&self, spec: &dyn Spec, planner: &mut Planner) -> Deployment;
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

    fn accepts(&self, spec: &dyn Spec) -> bool {
        let any: &dyn Any = spec;
        any.is::<S::Spec>()
    }

    fn deploy(&self, spec: &dyn Spec, planner: &mut Planner) -> Deployment {
        let any: &dyn Any = spec;
        let Some(spec) = any.downcast_ref::<S::Spec>() else {
            let name = System::info(self).name;
            panic!("a scenario of another system cannot be run with `{name}`: {spec:?}");
        };
        System::deploy(self, spec, planner)
    }
}

/// Runs a scenario with a system, through all phases of the [driver].
/// The program of a run of the simulator:
/// `run(config, move |world| system::run(world, system, spec, recorder))`.
pub async fn run<S: System>(world: World, system: S, spec: S::Spec, recorder: Recorder) {
    run_any(world, &system, &spec, recorder).await;
}

/// As [`run`], with a system and a scenario of any type.
///
/// # Panics
///
/// If the scenario is of another system.
pub async fn run_any(world: World, system: &dyn AnySystem, spec: &dyn Spec, recorder: Recorder) {
    driver::run(world, spec.faults(), recorder, |planner| {
        system.deploy(spec, planner)
    })
    .await;
}
