//! The master registry: classes, the contexts of users, agents, and the one way of every
//! event to its user.
//!
//! **Locks** are taken in one order: the classes, then the state. A lock is held for the
//! change of a map, and never while an instance is built or a connection is written to.
//!
//! **A creation is one change.** The class is looked up and the instance is built first;
//! then agent and context are stored and `agent_started` is emitted under one lock, without
//! a wait in between. So a creation that is refused, or dropped with its connection, leaves
//! nothing, and no observer finds an agent that is not announced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rehearsal_sim::tokio::sync::{Mutex, MutexGuard, RwLock};
use rehearsal_sim::tokio::time::{self, Instant};

use super::super::defects;
use super::super::settings::{ContextPolicy, RegistrySettings};
use super::super::wire::{AgentId, Content, Event, Place, Refusal, RequestNumber, UserContext};
use super::agent::{Agent, LiveAgents};
use super::audit::{Audit, EventId, Milestone};
use super::classes::AgentClass;
use super::manager::WebSocketManager;
use super::state::{Announced, Registration, State, View};
use crate::defect::Defect;
use crate::event::{EventKind, UserId};
use crate::record::recorder::lock;

/// The parts that every registry of a service has.
#[derive(Clone)]
pub(super) struct RegistryDeps {
    pub(super) settings: RegistrySettings,
    pub(super) defect: Option<Defect>,
    pub(super) audit: Arc<dyn Audit>,
    pub(super) live: LiveAgents,
    /// The beginning of the service.
    pub(super) began: Instant,
}

/// A request for an agent.
#[derive(Clone, Debug)]
pub(super) struct Creation {
    pub(super) user: UserId,
    pub(super) number: RequestNumber,
    pub(super) class: String,
    pub(super) context: UserContext,
}

/// A registry of agents.
pub(super) struct MasterRegistry {
    deps: RegistryDeps,
    classes: RwLock<BTreeMap<&'static str, Arc<AgentClass>>>,
    state: Mutex<State>,
}

impl MasterRegistry {
    /// Opens a registry with every class of the service.
    pub(super) async fn open(deps: RegistryDeps) -> Arc<Self> {
        time::sleep(deps.settings.opening).await;
        deps.audit.opened();
        let registry = Arc::new(Self {
            deps,
            classes: RwLock::default(),
            state: Mutex::default(),
        });
        for class in AgentClass::registered(1) {
            registry.register_agent_class(class).await;
        }
        registry
    }

    fn carries(&self, defect: Defect) -> bool {
        self.deps.defect == Some(defect)
    }

    // Classes -----------------------------------------------------------------

    /// Registers a class. A newer version takes the place of an older one, for agents that
    /// are created from then on; an older one is ignored.
    pub(super) async fn register_agent_class(&self, class: Arc<AgentClass>) {
        // Seeded: the two locks are taken in the other order.
        let _state = if self.carries(defects::LOCKS_REVERSED) {
            Some(self.state.lock().await)
        } else {
            None
        };
        let mut classes = self.classes.write().await;
        let known = classes.get(class.spec.name);
        if known.is_none_or(|known| known.version < class.version) {
            classes.insert(class.spec.name, class);
        }
    }

    /// Returns the class of that name.
    async fn class(&self, name: &str) -> Result<Arc<AgentClass>, Refusal> {
        let classes = self.classes.read().await;
        let class = classes.get(name).cloned();
        class.ok_or_else(|| Refusal::UnknownClass(name.to_owned()))
    }

    // Agents ------------------------------------------------------------------

    /// Creates an agent of a user. A request that is repeated gets the agent that it got
    /// before.
    ///
    /// # Errors
    ///
    /// If no class is registered under that name. Nothing is left of the creation then.
    pub(super) async fn create_agent_for_user(
        &self,
        creation: Creation,
    ) -> Result<Arc<Agent>, Refusal> {
        // Seeded: the context stays if the class is unknown.
        if self.carries(defects::CONTEXT_BEFORE_CLASS) {
            let context = creation.context.clone();
            let mut state = self.state.lock().await;
            state.contexts.entry(creation.user).or_insert(context);
        }
        let class = self.class(&creation.class).await?;
        // Seeded: agent and context are there before the instance is.
        if self.carries(defects::TORN_CREATION) {
            return Ok(self.create_in_steps(creation, class).await);
        }
        // Seeded: see where it is taken.
        if self.carries(defects::CONTEXT_IN_CLASS) {
            *lock(&class.last_context) = Some(creation.context.clone());
        }
        // Seeded: the classes stay locked until the agent is stored.
        let _classes = if self.carries(defects::LOCKS_REVERSED) {
            Some(self.classes.read().await)
        } else {
            None
        };
        time::sleep(self.deps.settings.construction).await;
        let mut state = self.state.lock().await;
        if let Some(before) = state.created_by(creation.user, creation.number) {
            return Ok(before);
        }
        let agent = self.store(&mut state, creation, class);
        let place = self.announce(&mut state, &agent);
        // Seeded: the lock is held until a connection has been written to.
        if self.carries(defects::EMISSION_UNDER_LOCK)
            && let (Some(manager), Some(place)) = (state.manager.clone(), place)
        {
            manager.written(agent.user, place).await;
        }
        Ok(agent)
    }

    /// A creation whose steps can be seen, and torn apart.
    async fn create_in_steps(&self, creation: Creation, class: Arc<AgentClass>) -> Arc<Agent> {
        let mut state = self.state.lock().await;
        if let Some(before) = state.created_by(creation.user, creation.number) {
            return before;
        }
        let agent = self.store(&mut state, creation, class);
        drop(state);
        time::sleep(self.deps.settings.construction).await;
        let mut state = self.state.lock().await;
        self.announce(&mut state, &agent);
        agent
    }

    /// Stores an agent, and the context of its user.
    fn store(
        &self,
        state: &mut MutexGuard<'_, State>,
        creation: Creation,
        class: Arc<AgentClass>,
    ) -> Arc<Agent> {
        let Creation {
            user,
            number,
            context,
            ..
        } = creation;
        // Seeded: the last creation of the class may have been another user's.
        let context = if self.carries(defects::CONTEXT_IN_CLASS) {
            class.take_context().unwrap_or(context)
        } else {
            context
        };
        let first = state.contexts.entry(user).or_insert(context.clone());
        let context = match self.deps.settings.contexts {
            ContextPolicy::KeepFirst => first.clone(),
            ContextPolicy::OfRequest => context,
        };
        let agent = Arc::new(Agent::new(user, number, class, context, &self.deps.live));
        let registration = Registration {
            agent: Arc::clone(&agent),
            announced: Announced::NotYet,
        };
        state.agents.insert(agent.id.clone(), registration);
        agent
    }

    /// Emits `agent_started` of an agent that has just been stored.
    fn announce(&self, state: &mut MutexGuard<'_, State>, agent: &Arc<Agent>) -> Option<Place> {
        if let Some(registration) = state.agents.get_mut(&agent.id) {
            registration.announced = Announced::Yes;
        }
        self.deps.audit.registered(agent);
        let content = Content::default();
        let kind = EventKind::AgentStarted;
        let id = self.deps.audit.emitting(agent, kind, &content);
        let place = self.deliver(state, self.event(&id, agent, kind, content));
        self.deps.audit.answered(&id, &Ok(()));
        place
    }

    /// Returns the agent of that id.
    pub(super) async fn agent(&self, id: &AgentId) -> Option<Arc<Agent>> {
        let state = self.state.lock().await;
        let registration = state.agents.get(id);
        registration.map(|registration| Arc::clone(&registration.agent))
    }

    /// Returns the agents of a user.
    pub(super) async fn agents_of(&self, user: UserId) -> Vec<Arc<Agent>> {
        let state = self.state.lock().await;
        let agents = state
            .agents
            .values()
            .map(|registration| &registration.agent);
        agents.filter(|agent| agent.user == user).cloned().collect()
    }

    /// Removes an agent that is over, and with the last agent of a user its context.
    pub(super) async fn remove(&self, agent: &Agent) {
        let mut state = self.state.lock().await;
        state.agents.remove(&agent.id);
        state.release_context(agent.user);
    }

    /// Takes the context of an agent's user away, whatever agents it has. A seeded bug.
    pub(super) async fn remove_context_alone(&self, agent: &Agent) {
        self.state.lock().await.contexts.remove(&agent.user);
    }

    /// Takes an agent of another registry in. A seeded bug.
    pub(super) async fn adopt(&self, agent: &Arc<Agent>) {
        let registration = Registration {
            agent: Arc::clone(agent),
            announced: Announced::Yes,
        };
        let mut state = self.state.lock().await;
        state.agents.insert(agent.id.clone(), registration);
    }

    // Events ------------------------------------------------------------------

    /// Gives the registry its WebSocket manager. It gets the events that have waited for it,
    /// in order.
    pub(super) async fn set_websocket_manager(&self, manager: Arc<WebSocketManager>) {
        let mut state = self.state.lock().await;
        for event in std::mem::take(&mut state.waiting) {
            manager.send_to_user(event);
        }
        state.manager = Some(manager);
    }

    /// Returns `true` if the registry has its WebSocket manager.
    pub(super) async fn has_websocket_manager(&self) -> bool {
        self.state.lock().await.manager.is_some()
    }

    /// Takes an event of an agent: every event of every agent goes through here.
    ///
    /// # Errors
    ///
    /// If the agent is not registered.
    pub(super) async fn emit(
        &self,
        agent: &Agent,
        kind: EventKind,
        content: Content,
    ) -> Result<(), Refusal> {
        let id = self.deps.audit.emitting(agent, kind, &content);
        let mut state = self.state.lock().await;
        let answer = if state.agents.contains_key(&agent.id) {
            let event = self.event(&id, agent, kind, content);
            self.deliver(&mut state, event);
            Ok(())
        } else {
            Err(Refusal::UnknownAgent(agent.id.clone()))
        };
        self.deps.audit.answered(&id, &answer);
        answer
    }

    /// Returns an event of this moment. It is called under the lock, so that no event of a
    /// user is older than the one before it.
    fn event(&self, id: &EventId, agent: &Agent, kind: EventKind, content: Content) -> Event {
        let elapsed = self.deps.began.elapsed().as_micros();
        let now = u64::try_from(elapsed).expect("less than 2^64 microseconds");
        if kind == EventKind::ToolExecuting {
            agent.call_began.store(now, Ordering::Relaxed);
        }
        // Seeded: the event was made when the call began.
        let is_stale = self.carries(defects::TIMESTAMP_OF_CALL) && kind == EventKind::ToolCompleted;
        let timestamp = if is_stale {
            agent.call_began.load(Ordering::Relaxed)
        } else {
            now
        };
        Event {
            id: Arc::clone(&id.0),
            user: agent.user,
            agent: agent.id.clone(),
            kind,
            timestamp,
            context: agent.context.clone(),
            content,
        }
    }

    fn deliver(&self, state: &mut MutexGuard<'_, State>, event: Event) -> Option<Place> {
        match &state.manager {
            Some(manager) => Some(manager.send_to_user(event)),
            None => {
                self.deps.audit.reached(Milestone::EmittedEarly);
                state.waiting.push(event);
                None
            }
        }
    }

    // Observation -------------------------------------------------------------

    /// Returns the state as an observer finds it.
    pub(super) async fn view(&self) -> View {
        self.state.lock().await.view()
    }
}
