//! The agents of the scenarios: what the runtime hosts. They record what they receive and
//! what they send; the runtime between them records nothing.
//!
//! | module | contents |
//! |---|---|
//! | `handling` | a message that is being handled, and the requests that are made for it |
//! | `worker` | works on its own, step by step |
//! | `planner` | hands its work on to agents below |

mod handling;
mod planner;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rehearsal_history::{Actor, Actors};
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::time;

use self::handling::Handling;
use super::host::{Agent, Context, Factories, Factory, Responder};
use super::marks::FIRST_MESSAGES_MET;
use super::model::{inbox, mailbox};
use super::wire::{AgentId, AgentType, Message, Outcome};
use crate::record::Recorder;
use crate::record::recorder::lock;

/// The types of agents, each with what its agents do with a message.
const TYPES: [(&str, Handler); 2] = [
    (worker::TYPE, |handling| Box::pin(worker::handle(handling))),
    (planner::TYPE, |handling| Box::pin(planner::handle(handling))),
];

pub(super) use self::planner::TYPE as PLANNER;
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
    /// How often each agent was created, with its actor.
    created: Mutex<BTreeMap<AgentId, Created>>,
}

/// One agent over the run.
struct Created {
    actor: Actor,
    times: u32,
}

impl Agents {
    pub(super) fn new(recorder: Recorder, actors: Actors, start: Duration) -> Self {
        Self {
            actors,
            recorder,
            start,
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
}

impl Member {
    fn received(&self, id: &AgentId, message: &Message) {
        self.actor.received(&mailbox(id), &message.id);
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
            let handling = Handling::new(self.actor.clone(), context, message, responder);
            let handling = Arc::new(handling);
            match (self.handler)(Arc::clone(&handling)).await {
                Ok(()) => handling.answer(),
                Err(failure) => handling.end(Outcome::Failed(failure)),
            }
        })
    }
}
