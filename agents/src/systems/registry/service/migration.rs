//! The migration: the master registry, the old interface, and the flag
//! `use_master_registry` between them.
//!
//! An agent stays with the registry that created it until it is unregistered. The flag
//! decides on new agents only, so that it may be switched at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::defects;
use super::super::settings::{Interface, OldRegistry};
use super::super::wire::{AgentId, Content};
use super::agent::Agent;
use super::classes::AgentClass;
use super::manager::WebSocketManager;
use super::registry::{MasterRegistry, RegistryDeps};
use super::singleton::SharedRegistry;
use super::state::View;
use crate::event::{EventKind, UserId};

/// The registries of a service.
pub(super) struct Registries {
    master: SharedRegistry,
    /// The registry behind the old interface, unless that is a shim.
    old: Option<SharedRegistry>,
    use_master: AtomicBool,
    routes: RouteChoice,
}

/// The registry that takes an agent's events.
enum RouteChoice {
    /// The one that created the agent.
    Owner,
    /// Seeded: one of the agents' factory.
    Factory(Box<SharedRegistry>),
    /// Seeded: the one that the flag names when the event is emitted.
    Flag,
}

impl Registries {
    pub(super) fn new(deps: &RegistryDeps, old: OldRegistry, use_master: bool) -> Self {
        let routes = match deps.defect {
            Some(defects::TWO_REGISTRIES) => {
                RouteChoice::Factory(Box::new(SharedRegistry::new(deps.clone())))
            }
            Some(defects::SHIM_WITH_OWN_MAP) => RouteChoice::Flag,
            _ => RouteChoice::Owner,
        };
        let separate = old == OldRegistry::Separate || matches!(routes, RouteChoice::Flag);
        Self {
            master: SharedRegistry::new(deps.clone()),
            old: separate.then(|| SharedRegistry::new(deps.clone())),
            use_master: AtomicBool::new(use_master),
            routes,
        }
    }

    /// Switches the flag on. Returns `true` if the old interface has agents.
    pub(super) async fn use_master(&self) -> bool {
        self.use_master.store(true, Ordering::Relaxed);
        match self.old.as_ref().unwrap_or(&self.master).opened() {
            Some(old) => !old.view().await.agents.is_empty(),
            None => false,
        }
    }

    /// Returns the registry behind an interface.
    pub(super) async fn behind(&self, interface: Interface) -> Arc<MasterRegistry> {
        let interface = match interface {
            Interface::Flag if self.use_master.load(Ordering::Relaxed) => Interface::Master,
            Interface::Flag => Interface::Old,
            named => named,
        };
        match (interface, &self.old) {
            (Interface::Old, Some(old)) => old.get().await,
            // The shim: the old interface has nothing of its own.
            _ => self.master.get().await,
        }
    }

    /// Returns every registry that has been opened and that agents are created in.
    pub(super) fn opened(&self) -> Vec<Arc<MasterRegistry>> {
        let registries = [Some(&self.master), self.old.as_ref()];
        let registries = registries.into_iter().flatten();
        registries.filter_map(SharedRegistry::opened).collect()
    }

    /// Returns an agent with the registry that it is registered in.
    pub(super) async fn find(&self, id: &AgentId) -> Option<(Arc<MasterRegistry>, Arc<Agent>)> {
        for registry in self.opened() {
            if let Some(agent) = registry.agent(id).await {
                return Some((registry, agent));
            }
        }
        None
    }

    /// Returns the agents of a user, each with its registry.
    pub(super) async fn agents_of(&self, user: UserId) -> Vec<(Arc<MasterRegistry>, Arc<Agent>)> {
        let mut agents = Vec::new();
        for registry in self.opened() {
            let of_user = registry.agents_of(user).await.into_iter();
            agents.extend(of_user.map(|agent| (Arc::clone(&registry), agent)));
        }
        agents
    }

    /// Gives every registry its WebSocket manager.
    pub(super) async fn set_websocket_manager(&self, manager: &Arc<WebSocketManager>) {
        for registry in [Some(&self.master), self.old.as_ref()]
            .into_iter()
            .flatten()
        {
            let registry = registry.get().await;
            registry.set_websocket_manager(Arc::clone(manager)).await;
        }
    }

    /// Registers every class in that version, in every registry.
    pub(super) async fn renew_classes(&self, version: u32) {
        for registry in self.opened() {
            for class in AgentClass::registered(version) {
                registry.register_agent_class(class).await;
            }
        }
    }

    /// Returns the state of every registry.
    pub(super) async fn views(&self) -> Vec<View> {
        let mut views = Vec::new();
        for registry in self.opened() {
            views.push(registry.view().await);
        }
        views
    }

    /// Returns the way of an agent's events.
    pub(super) async fn route(self: &Arc<Self>, owner: Arc<MasterRegistry>) -> EventRoute {
        match &self.routes {
            RouteChoice::Owner => EventRoute::Registry(owner),
            RouteChoice::Factory(factory) => EventRoute::Registry(factory.get().await),
            RouteChoice::Flag => EventRoute::Flag(Arc::clone(self)),
        }
    }

    /// Makes an agent known where its events go.
    pub(super) async fn introduce(&self, agent: &Arc<Agent>) {
        if let RouteChoice::Factory(factory) = &self.routes {
            factory.get().await.adopt(agent).await;
        }
    }
}

/// The way of an agent's events.
#[derive(Clone)]
pub(super) enum EventRoute {
    /// The registry that created the agent.
    Registry(Arc<MasterRegistry>),
    /// Whichever registry the flag names at that moment. A seeded bug.
    Flag(Arc<Registries>),
}

impl EventRoute {
    /// Emits an event. One of an agent that is no longer registered is refused.
    pub(super) async fn emit(&self, agent: &Agent, kind: EventKind, content: Content) {
        let registry = match self {
            Self::Registry(registry) => Arc::clone(registry),
            Self::Flag(registries) => registries.behind(Interface::Flag).await,
        };
        // The audit has the answer.
        let _ = registry.emit(agent, kind, content).await;
    }
}
