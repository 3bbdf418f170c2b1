//! The maps of a registry, and what an observer finds in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::wire::{AgentId, Event, RequestNumber, UserContext};
use super::agent::Agent;
use super::manager::WebSocketManager;
use crate::event::UserId;

/// The maps of a registry.
#[derive(Default)]
pub(super) struct State {
    pub(super) manager: Option<Arc<WebSocketManager>>,
    /// The events that were emitted before there was a WebSocket manager.
    pub(super) waiting: Vec<Event>,
    pub(super) agents: BTreeMap<AgentId, Registration>,
    pub(super) contexts: BTreeMap<UserId, UserContext>,
}

/// An agent that is registered.
pub(super) struct Registration {
    pub(super) agent: Arc<Agent>,
    pub(super) announced: Announced,
}

/// The progress of a registration, as an observer finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Announced {
    /// `agent_started` has not been emitted.
    NotYet,
    /// It has.
    Yes,
}

/// The state of a registry under its lock.
#[derive(Clone, Debug)]
pub(in super::super) struct View {
    /// Every agent, with its user.
    pub(in super::super) agents: Vec<(AgentId, UserId, Announced)>,
    /// The users that have a context.
    pub(in super::super) contexts: BTreeSet<UserId>,
}

impl State {
    /// Returns the agent that a request has created.
    pub(super) fn created_by(&self, user: UserId, number: RequestNumber) -> Option<Arc<Agent>> {
        let mut agents = self.agents.values().map(|registration| &registration.agent);
        agents
            .find(|agent| agent.user == user && agent.request == number)
            .cloned()
    }

    /// Forgets the context of a user that has no agents.
    pub(super) fn release_context(&mut self, user: UserId) {
        let mut agents = self.agents.values();
        if !agents.any(|registration| registration.agent.user == user) {
            self.contexts.remove(&user);
        }
    }

    /// Returns the state as an observer finds it.
    pub(super) fn view(&self) -> View {
        let agents = self.agents.values().map(|registration| {
            let agent = &registration.agent;
            (agent.id.clone(), agent.user, registration.announced)
        });
        View {
            agents: agents.collect(),
            contexts: self.contexts.keys().copied().collect(),
        }
    }
}
