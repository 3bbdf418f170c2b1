//! A deployment: what a system puts on which hosts during one run.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use rehearsal_sim::tokio::time;

use super::node::{ClientNode, Node};
use super::state::{RunState, SHUTDOWN_TIMEOUT, WorkId};
use crate::fault::RoleName;
use crate::record::Recorder;

type Program<N> = dyn Fn(N) -> LocalBoxFuture<'static, ()>;
type ClientProgram = dyn FnOnce(ClientNode) -> LocalBoxFuture<'static, ()>;
type Closing = dyn Fn() -> LocalBoxFuture<'static, ()>;

/// The hosts of a system by role, the program that boots on each, the clients, and
/// the work that must finish. All randomness is drawn while it is built.
#[derive(Default)]
pub struct Deployment {
    pub(crate) servers: Vec<Server>,
    pub(crate) clients: Vec<Client>,
    pub(super) work: Vec<WorkId>,
    pub(crate) longest_work: Duration,
    snapshot: Option<Box<Closing>>,
    shutdown: Option<Box<Closing>>,
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment")
            .field("servers", &self.servers)
            .field("clients", &self.clients)
            .field("work", &self.work.len())
            .field("longest_work", &self.longest_work)
            .finish_non_exhaustive()
    }
}

/// A server: one host, and the program that boots on it.
pub struct Server {
    pub(super) role: RoleName,
    pub(crate) host: String,
    boot: Box<Program<Node>>,
    crashed: Option<Box<dyn Fn()>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("role", &self.role)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Calls `crashed` whenever the host has died, to drop what the process knew.
    /// State that is not dropped there survives, as a disk does.
    pub fn on_crash(&mut self, crashed: impl Fn() + 'static) -> &mut Self {
        self.crashed = Some(Box::new(crashed));
        self
    }

    pub(crate) fn incarnation(&self, node: Node) -> LocalBoxFuture<'static, ()> {
        (self.boot)(node)
    }

    pub(super) fn crashed(&self) {
        if let Some(crashed) = &self.crashed {
            crashed();
        }
    }
}

/// The place where a client runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientHost {
    /// A host of its own, with this name.
    Own(String),
    /// The host of the server with this index, in the order of
    /// [`Deployment::server`].
    Server(usize),
}

/// A client: one task that runs from readiness to drain.
pub(crate) struct Client {
    pub(super) role: RoleName,
    pub(super) host: ClientHost,
    /// Taken when the client starts.
    program: RefCell<Option<Box<ClientProgram>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("role", &self.role)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// The name of its host, if that is its own.
    pub(crate) fn own_host(&self) -> Option<&str> {
        match &self.host {
            ClientHost::Own(name) => Some(name),
            ClientHost::Server(_) => None,
        }
    }

    pub(crate) fn program(&self, node: ClientNode) -> LocalBoxFuture<'static, ()> {
        let program = self.program.take();
        let program = program.expect("a client starts once");
        program(node)
    }
}

impl Deployment {
    /// A deployment without hosts and work.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a server: `boot` runs on its host from the start, and again after each
    /// crash.
    pub fn server<F>(
        &mut self,
        role: RoleName,
        host: impl Into<String>,
        boot: impl Fn(Node) -> F + 'static,
    ) -> &mut Server
    where
        F: Future<Output = ()> + 'static,
    {
        let server = Server {
            role,
            host: host.into(),
            boot: Box::new(move |node| boot(node).boxed_local()),
            crashed: None,
        };
        self.servers.push(server);
        self.servers.last_mut().expect("just added")
    }

    /// Adds a client.
    pub fn client<F>(
        &mut self,
        role: RoleName,
        host: ClientHost,
        program: impl FnOnce(ClientNode) -> F + 'static,
    ) where
        F: Future<Output = ()> + 'static,
    {
        let program: Box<ClientProgram> = Box::new(move |node| program(node).boxed_local());
        self.clients.push(Client {
            role,
            host,
            program: RefCell::new(Some(program)),
        });
    }

    /// Adds one piece of work that must finish before the clients drain.
    pub fn work(&mut self) -> WorkId {
        let id = WorkId(u32::try_from(self.work.len()).expect("fewer than 2^32 pieces of work"));
        self.work.push(id);
        id
    }

    /// Sets the longest time that all work takes in a run without faults. Work that
    /// takes longer is not waited for.
    pub fn longest_work(&mut self, longest: Duration) {
        self.longest_work = longest;
    }

    /// Calls `snapshot` when the clients have drained, to record how the system
    /// describes itself.
    pub fn on_snapshot<F>(&mut self, snapshot: impl Fn() -> F + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        self.snapshot = Some(Box::new(move || snapshot().boxed_local()));
    }

    /// Calls `shutdown` after the snapshot. It ends when the system has ended every
    /// task that it started.
    pub fn on_shutdown<F>(&mut self, shutdown: impl Fn() -> F + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        self.shutdown = Some(Box::new(move || shutdown().boxed_local()));
    }

    /// Returns the state of a run of this deployment that has not begun.
    pub(crate) fn state(&self, recorder: Recorder) -> RunState {
        RunState::new(
            recorder,
            self.work.iter().copied(),
            self.servers.len(),
            self.clients.len(),
        )
    }

    pub(crate) async fn take_snapshot(&self) {
        if let Some(snapshot) = &self.snapshot {
            close(snapshot()).await;
        }
    }

    pub(crate) async fn shut_down(&self) {
        if let Some(shutdown) = &self.shutdown {
            close(shutdown()).await;
        }
    }
}

/// Bounds a step of the end: a system that does not answer is recorded as it is.
async fn close(step: LocalBoxFuture<'static, ()>) {
    let _ = time::timeout(SHUTDOWN_TIMEOUT, step).await;
}
