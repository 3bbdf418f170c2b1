//! The service: the master registry behind a WebSocket server.
//!
//! | module | contents |
//! |---|---|
//! | `registry` | classes, contexts, agents, and the one way of every event |
//! | `state` | the maps of a registry, and what an observer finds in them |
//! | `singleton` | the registry of the process, opened at the first access |
//! | `migration` | the old interface beside it, and the flag between them |
//! | `classes` | the table of classes, and a class as a registry knows it |
//! | `agent`, `tools` | an agent of one user, and the engine that runs its tools |
//! | `manager` | events until they are acknowledged, and connections |
//! | `requests` | what users ask for, and the end of their connections |
//! | `session` | a connection: one task that reads, one that writes |
//! | `audit` | what the service reports of itself |

mod agent;
mod audit;
mod classes;
mod manager;
mod migration;
mod registry;
mod requests;
mod session;
mod singleton;
mod state;
#[cfg(test)]
mod tests;
mod tools;

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::time::Instant;
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use self::agent::LiveAgents;
use self::manager::{Removal, WebSocketManager};
use self::migration::Registries;
use self::registry::RegistryDeps;
use super::defects;
use super::settings::{Interface, MigrationSettings, RegistrySettings};
use super::wire::AgentId;
use crate::defect::Defect;
use crate::event::UserId;
use crate::record::recorder::name_task;

pub(super) use self::agent::Agent;
pub(super) use self::audit::{AgentEnd, Audit, CreationId, EventId, Milestone};
pub(super) use self::classes::{CLASSES, ClassSpec};
pub(super) use self::state::{Announced, View};

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: time::Duration = time::Duration::from_millis(10);

/// The proof of each user.
pub(super) type Tokens = BTreeMap<UserId, String>;

/// The settings of a service.
pub(super) struct ServiceSettings {
    pub(super) registry: RegistrySettings,
    pub(super) migration: MigrationSettings,
    /// Silence after which a connection is taken for dead.
    pub(super) idle_timeout: time::Duration,
    pub(super) handler: HandlerStart,
    pub(super) tokens: Tokens,
    pub(super) defect: Option<Defect>,
}

/// The time at which the registries are given the WebSocket manager.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HandlerStart {
    /// By the first connections, before they are welcomed.
    WithFirstConnection,
    /// By a task of its own, whatever has been created by then.
    ByItself,
}

/// A change of the service while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// The registries are given the WebSocket manager.
    WebSocketManager,
    /// The flag `use_master_registry` is switched on.
    UseMasterRegistry,
    /// Every class is registered again, in the next version.
    RenewClasses,
}

/// The service.
pub(super) struct Service {
    settings: ServiceSettings,
    audit: Arc<dyn Audit>,
    manager: Arc<WebSocketManager>,
    registries: Arc<Registries>,
    live: LiveAgents,
    sessions: TaskTracker,
    agents: TaskTracker,
    stop: CancellationToken,
}

/// Something that the service holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// An agent that is registered.
    Agent(AgentId),
    /// The context of a user.
    Context(UserId),
    /// Instances in memory, be they registered or not.
    Instances(u32),
    /// The connection of a user.
    Connection(UserId),
    /// An event that was not acknowledged.
    Event(Arc<str>),
}

impl Service {
    pub(super) fn new(settings: ServiceSettings, audit: Arc<dyn Audit>) -> Arc<Self> {
        let removal = match settings.defect {
            Some(defects::CONNECTION_REMOVED_BY_USER) => Removal::ByUser,
            _ => Removal::ById,
        };
        let live = LiveAgents::default();
        let deps = RegistryDeps {
            settings: settings.registry.clone(),
            defect: settings.defect,
            audit: Arc::clone(&audit),
            live: live.clone(),
            began: Instant::now(),
        };
        let use_master = settings.migration.flag_within.is_zero();
        Arc::new(Self {
            manager: Arc::new(WebSocketManager::new(settings.registry.window, removal)),
            registries: Arc::new(Registries::new(&deps, settings.migration.old, use_master)),
            settings,
            audit,
            live,
            sessions: TaskTracker::new(),
            agents: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Returns `true` if the service has this seeded bug.
    fn carries(&self, defect: Defect) -> bool {
        self.settings.defect == Some(defect)
    }

    // Process -----------------------------------------------------------------

    /// Serves connections until the service is shut down.
    pub(super) async fn serve(self: &Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let session = session::serve(Arc::clone(self), stream);
                    self.sessions.spawn(session);
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Changes the service after that time, in a task of its own.
    pub(super) fn schedule(self: &Arc<Self>, after: time::Duration, change: Change) {
        let service = Arc::clone(self);
        self.sessions.spawn(async move {
            name_task("change of the service");
            select! {
                biased;
                () = service.stop.cancelled() => return,
                () = time::sleep(after) => {}
            }
            match change {
                Change::WebSocketManager => service.set_websocket_manager().await,
                Change::UseMasterRegistry => service.use_master_registry().await,
                Change::RenewClasses => service.renew_classes().await,
            }
        });
    }

    /// Gives the registries the WebSocket manager. The first caller opens them.
    async fn set_websocket_manager(&self) {
        self.registries.set_websocket_manager(&self.manager).await;
    }

    /// Gives the registries what a connection needs of them.
    async fn introduce_connection(&self) {
        match self.settings.handler {
            HandlerStart::WithFirstConnection => self.set_websocket_manager().await,
            HandlerStart::ByItself => {
                self.registries.behind(Interface::default()).await;
            }
        }
    }

    /// Switches the flag `use_master_registry` on.
    async fn use_master_registry(&self) {
        if self.registries.use_master().await {
            self.audit.reached(Milestone::FlagSwitched);
        }
    }

    /// Registers every class again, in the next version.
    async fn renew_classes(&self) {
        self.registries.renew_classes(2).await;
        self.audit.reached(Milestone::ClassesRenewed);
    }

    /// Ends every session and every agent. Returns once their tasks have ended.
    pub(super) async fn shut_down(&self) {
        self.stop.cancel();
        for registry in self.registries.opened() {
            for (id, _, _) in registry.view().await.agents {
                if let Some(agent) = registry.agent(&id).await {
                    agent.stop.cancel();
                }
            }
        }
        for tasks in [&self.sessions, &self.agents] {
            tasks.close();
            tasks.wait().await;
        }
    }

    /// Returns everything that the service holds for its users.
    pub(super) async fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for view in self.registries.views().await {
            held.extend(view.agents.into_iter().map(|(id, ..)| Held::Agent(id)));
            held.extend(view.contexts.into_iter().map(Held::Context));
        }
        let live = self.live.count();
        held.extend((live > 0).then_some(Held::Instances(live)));
        let (connected, waiting) = self.manager.held();
        held.extend(connected.into_iter().map(Held::Connection));
        held.extend(waiting.into_iter().map(Held::Event));
        held
    }
}
