//! The driver's interface to the programs of a deployment.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_history::{Actor, Actors};
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::mpsc;

use super::state::{ClientCommand, RunState, Work};
use crate::record::Recorder;

/// One incarnation of a server process, from its boot to its shutdown or crash.
#[derive(Clone)]
pub struct Node {
    state: Rc<RunState>,
    server: usize,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Node {
    pub(crate) fn new(state: Rc<RunState>, server: usize) -> Self {
        Self { state, server }
    }

    /// Returns the history of the run, in the terms of agents' events.
    pub fn recorder(&self) -> &Recorder {
        self.state.recorder()
    }

    /// Returns the actors of the run, for programs that learn their names as they go.
    pub fn actors(&self) -> &Actors {
        self.state.actors()
    }

    /// Returns the actor of that name, which records what it sends and receives.
    pub fn actor(&self, name: &str) -> Actor {
        self.state.actors().actor(name)
    }

    /// Returns the work that must finish.
    pub fn work(&self) -> &Arc<Work> {
        self.state.work()
    }

    /// Reports that this server can be connected to, or never will be.
    pub fn ready(&self) {
        self.state.server_ready(self.server);
    }

    /// Waits until the work starts. Returns the time.
    pub async fn started(&self) -> VirtualTime {
        self.state.started().await
    }
}

/// One client, from its start to its drain.
pub struct ClientNode {
    state: Rc<RunState>,
    commands: mpsc::Receiver<ClientCommand>,
}

impl fmt::Debug for ClientNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientNode").finish_non_exhaustive()
    }
}

impl ClientNode {
    pub(crate) fn new(state: Rc<RunState>, commands: mpsc::Receiver<ClientCommand>) -> Self {
        Self { state, commands }
    }

    /// Returns the history of the run, in the terms of agents' events.
    pub fn recorder(&self) -> &Recorder {
        self.state.recorder()
    }

    /// Returns the actor of that name, which records what it sends and receives.
    pub fn actor(&self, name: &str) -> Actor {
        self.state.actors().actor(name)
    }

    /// Returns the work that must finish.
    pub fn work(&self) -> &Arc<Work> {
        self.state.work()
    }

    /// Reports that this client is ready: the work starts once all of them are.
    pub fn ready(&self) {
        self.state.client_ready();
    }

    /// Waits until the work starts. Returns the time.
    pub async fn started(&self) -> VirtualTime {
        self.state.started().await
    }

    /// Waits for the next command. Cancel safe.
    pub async fn command(&mut self) -> ClientCommand {
        self.commands.recv().await.unwrap_or(ClientCommand::Leave)
    }

    /// Waits until the client is told to leave; other commands are ignored.
    pub async fn leave(&mut self) {
        while self.command().await != ClientCommand::Leave {}
    }
}
