//! The agents of the scenarios: what the runtime hosts. They record what they receive and
//! what they send; the runtime between them records nothing.
//!
//! | module | contents |
//! |---|---|
//! | `effects` | the world that tools act on |
//! | `handling` | a message that is being handled, and the requests that are made for it |
//! | `librarian` | remembers texts, and recalls them |
//! | `model_calls` | the model that agents call |
//! | `operator` | uses tools |
//! | `scribe` | holds a conversation |
//! | `worker` | works on its own, step by step |
//! | `planner` | hands its work on to agents below |

mod effects;
mod handling;
mod librarian;
mod model_calls;
mod operator;
mod planner;
mod scribe;
mod worker;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rehearsal_history::{Actor, Actors};
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::time;

use self::handling::Handling;
use self::model_calls::ModelCalls;
use super::host::{Agent, Context, Factories, Factory, Responder};
use super::marks::FIRST_MESSAGES_MET;
use super::memory::ModelContext;
use super::model::{inbox, mailbox};
use super::settings::{ContextPolicy, RuntimeSettings};
use super::wire::{AgentId, AgentType, Message, Outcome};
use crate::defect::Defect;
use crate::record::Recorder;
use crate::record::recorder::lock;

/// The types of agents, each with what its agents do with a message.
const TYPES: [(&str, Handler); 5] = [
    (worker::TYPE, |handling| Box::pin(worker::handle(handling))),
    (librarian::TYPE, |handling| {
        Box::pin(librarian::handle(handling))
    }),
    (scribe::TYPE, |handling| Box::pin(scribe::handle(handling))),
    (operator::TYPE, |handling| {
        Box::pin(operator::handle(handling))
    }),
    (planner::TYPE, |handling| {
        Box::pin(planner::handle(handling))
    }),
];

pub(super) use self::effects::World;
pub(super) use self::librarian::TYPE as LIBRARIAN;
pub(super) use self::operator::TYPE as OPERATOR;
pub(super) use self::planner::TYPE as PLANNER;
pub(super) use self::scribe::TYPE as SCRIBE;
pub(super) use self::worker::TYPE as WORKER;

/// The work of an agent of one type for one message.
type Handler = fn(Arc<Handling>) -> BoxFuture<'static, Result<(), Failure>>;

/// The reason for which an agent could not do its work.
pub(super) type Failure = String;

/// The agents of a run.
pub(super) struct Agents {
    recorder: Recorder,
    actors: Actors,
    /// Time that a factory takes.
    start: Duration,
    model_calls: ModelCalls,
    stores_outputs: bool,
    context: ContextPolicy,
    defect: Option<Defect>,
    /// Messages that agents have received.
    received: AtomicU64,
    /// Each agent that was created.
    created: Mutex<BTreeMap<AgentId, Created>>,
}

/// One agent over the run.
struct Created {
    actor: Actor,
    times: u32,
}

impl Agents {
    pub(super) fn new(
        recorder: Recorder,
        actors: Actors,
        settings: &RuntimeSettings,
        context: ContextPolicy,
        defect: Option<Defect>,
    ) -> Self {
        Self {
            actors,
            recorder,
            start: settings.start,
            model_calls: ModelCalls::new(settings.model_calls),
            stores_outputs: settings.output_batch > 0,
            context,
            defect,
            received: AtomicU64::new(0),
            created: Mutex::default(),
        }
    }

    /// Returns the factories of every type.
    pub(super) fn factories(self: &Arc<Self>) -> Factories {
        let factory = |(kind, handler): (&'static str, Handler)| {
            let (agents, handler) = (Arc::clone(self), handler);
            let factory: Arc<dyn Factory> = Arc::new(OfType { agents, handler });
            (AgentType::from(kind), factory)
        };
        TYPES.into_iter().map(factory).collect()
    }

    /// Returns how many messages agents have received.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Records that every agent has received what it is owed.
    pub(super) fn drained(&self) {
        for created in lock(&self.created).values() {
            created.actor.drained();
        }
    }

    /// Records that the factory of an agent is called.
    fn creating(&self, id: &AgentId) -> Actor {
        let mut created = lock(&self.created);
        let created = created.entry(id.clone()).or_insert_with(|| Created {
            actor: self.introduce(id),
            times: 0,
        });
        created.times += 1;
        let checked = match created.times {
            1 => Ok(()),
            times => Err(format!("{id} is created for the {times}th time")),
        };
        created
            .actor
            .invariant("the factory is called once for each agent", checked);
        created.actor.clone()
    }

    /// Returns the actor of a new agent, which reads its mailbox and its inbox.
    fn introduce(&self, id: &AgentId) -> Actor {
        let name = id.to_string();
        let actor = self.actors.actor(&name).of(&id.namespace);
        actor.subscribed_from_start(&mailbox(id));
        actor.subscribed_from_start(&inbox(&name));
        actor
    }
}

/// The factory of one type.
struct OfType {
    agents: Arc<Agents>,
    handler: Handler,
}

impl Factory for OfType {
    fn create(&self, id: AgentId) -> BoxFuture<'static, Arc<dyn Agent>> {
        let (agents, handler) = (Arc::clone(&self.agents), self.handler);
        Box::pin(async move {
            let actor = agents.creating(&id);
            time::sleep(agents.start).await;
            let agent: Arc<dyn Agent> = Arc::new(Member {
                created_at: agents.recorder.now(),
                waited: Mutex::new(0),
                state: Arc::new(State::new(agents.context, agents.defect)),
                agents,
                actor,
                handler,
            });
            agent
        })
    }
}

/// One agent.
struct Member {
    agents: Arc<Agents>,
    actor: Actor,
    handler: Handler,
    created_at: VirtualTime,
    /// Messages that had waited for the agent to be created.
    waited: Mutex<u32>,
    state: Arc<State>,
}

/// The state of one agent.
struct State(Mutex<Conversation>);

/// The conversation of an agent with a model.
struct Conversation {
    conversation: ModelContext,
    /// Tool calls of the model.
    calls: u64,
}

impl State {
    fn new(policy: ContextPolicy, defect: Option<Defect>) -> Self {
        Self(Mutex::new(Conversation {
            conversation: ModelContext::new(policy, defect),
            calls: 0,
        }))
    }

    fn with_context<R>(&self, f: impl FnOnce(&mut Conversation) -> R) -> R {
        f(&mut lock(&self.0))
    }
}

impl Member {
    fn received(&self, id: &AgentId, message: &Message) {
        self.actor.received(&mailbox(id), &message.id);
        self.agents.received.fetch_add(1, Ordering::Relaxed);
        if self.agents.recorder.now() == self.created_at {
            let mut waited = lock(&self.waited);
            *waited += 1;
            if *waited == 2 {
                self.agents.recorder.mark(FIRST_MESSAGES_MET);
            }
        }
    }
}

impl Agent for Member {
    fn on_message(
        self: Arc<Self>,
        context: Context,
        message: Message,
        responder: Responder,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.received(context.id(), &message);
            let agents = Arc::clone(&self.agents);
            let (actor, state) = (self.actor.clone(), Arc::clone(&self.state));
            let handling = Handling::new(agents, actor, state, context, message, responder);
            let handling = Arc::new(handling);
            match (self.handler)(Arc::clone(&handling)).await {
                Ok(()) => {
                    handling.store_output();
                    handling.answer();
                }
                Err(failure) => handling.end(Outcome::Failed(failure)),
            }
        })
    }
}
