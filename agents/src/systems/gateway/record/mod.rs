//! The history: what agents remember and stream, as the tracer of the agents is told.
//!
//! | module | contents |
//! |---|---|
//! | `tasks` | delegated tasks |
//! | `streams` | streamed answers |

mod streams;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rehearsal_history::{Actor, Actors, Body, Draft, EntityId, Sending, Span, SpanDraft, SpanEnd};

use super::api::{Event, MemoryEvent};
use super::ids::{AgentName, SessionId, TurnId};
use super::marks;
use super::model::{self, participant};
use super::observer::{Observer, StreamId, StreamPart};
use crate::goal::Mark;
use crate::record::Recorder;
use crate::record::recorder::lock;

/// The promise that readiness keeps.
const READY_FIRST: &str = "a card is read only from an agent that has become ready";

/// The promise that access lists keep.
const ACCESS: &str = "an agent is asked only by those whose access list has it";

/// The promise of the ids of tasks.
const UNIQUE: &str = "no two tasks have one id";

/// The promise of the retry budgets.
const BUDGET: &str = "no request is sent more often than its budget allows";

/// The rules that the record holds agents to.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// The agents that each agent may ask.
    pub(super) access: BTreeMap<AgentName, Vec<AgentName>>,
    /// The greatest number of attempts at a user's request.
    pub(super) request_attempts: u32,
    /// The greatest number of attempts at a delegated task.
    pub(super) task_attempts: u32,
}

/// The record of a run.
pub(super) struct Record {
    actors: Actors,
    recorder: Recorder,
    rules: Rules,
    state: Mutex<State>,
}

/// A turn of an agent, by the agent, the session and the id.
type TurnKey = (AgentName, SessionId, TurnId);

#[derive(Default)]
struct State {
    /// The agents that have become ready. A card may still be in flight when its agent dies.
    ready: BTreeSet<AgentName>,
    turns: BTreeMap<TurnKey, Span>,
    tasks: BTreeMap<TurnId, Task>,
    streams: BTreeMap<StreamId, Span>,
}

/// A delegated task.
struct Task {
    /// The turn of the sub-agent.
    child: EntityId,
    /// The message with the task; none when the answer is recorded.
    sending: Option<Sending>,
    message: Arc<str>,
}

impl Record {
    pub(super) fn new(recorder: Recorder, rules: Rules) -> Self {
        Self {
            actors: Actors::new(recorder.history().clone()),
            recorder,
            rules,
            state: Mutex::default(),
        }
    }

    /// Returns a user as a participant.
    pub(super) fn user(&self, name: &str, session: &SessionId) -> Actor {
        self.actors.actor(name).of(session.as_str())
    }

    /// Returns an agent as a participant of a session.
    pub(super) fn agent(&self, agent: &AgentName, session: &SessionId) -> Actor {
        let actor = self.actors.actor(&participant(agent, session));
        actor.of(session.as_str())
    }

    /// Records that an agent takes part in a session.
    pub(super) fn joins(&self, agent: &AgentName, session: &SessionId) {
        let actor = self.agent(agent, session);
        actor.subscribed_from_start(&model::prompts(agent, session));
        actor.subscribed_from_start(&model::tasks(agent, session));
    }

    /// Records that an agent has everything that it will get.
    pub(super) fn drained(&self, agent: &AgentName, session: &SessionId) {
        self.agent(agent, session).drained();
    }

    pub(super) fn mark(&self, mark: Mark) {
        self.recorder.mark(mark);
    }

    /// Returns the body of an event as it was remembered.
    pub(super) fn body(&self, event: &Event) -> Body {
        let task = match event {
            Event::DelegationRequest { task_id, .. }
            | Event::DelegationResponse { task_id, .. } => {
                lock(&self.state).tasks.get(task_id).map(|task| task.child)
            }
            _ => None,
        };
        model::body(event, task)
    }

    /// Records an invariant that agents are held to.
    fn check(&self, name: &'static str, holds: bool, contradiction: impl FnOnce() -> String) {
        let checked = if holds { Ok(()) } else { Err(contradiction()) };
        self.actors.actor("gateway").invariant(name, checked);
    }

    fn begin(&self, agent: &AgentName, session: &SessionId, parent: Option<&Span>) -> Span {
        let draft = SpanDraft::new("turn").on(model::memory(agent, session));
        let draft = match parent {
            Some(parent) => draft.within(parent),
            None => draft,
        };
        self.agent(agent, session).begin(draft)
    }

    /// Records the message that an event is.
    fn send(&self, agent: &AgentName, event: &MemoryEvent, span: Option<&Span>) {
        let actor = self.agent(agent, &event.session);
        let draft = Draft::from(self.body(&event.event)).named(event.id.as_str());
        let draft = match span {
            Some(span) => draft.in_span(span),
            None => draft,
        };
        let memory = model::memory(agent, &event.session);
        actor.sending(&memory, draft).accepted();
        let append = Body::new("append").with("value", event.id.to_string());
        actor.invoke(&memory, append).returned(&());
    }

    /// Records an event of a turn that is under way.
    fn send_in_turn(&self, agent: &AgentName, event: &MemoryEvent) {
        let key = key(agent, event);
        // The turn is out of the table meanwhile, because recording takes the table's lock.
        let span = lock(&self.state).turns.remove(&key);
        self.send(agent, event, span.as_ref());
        if let Some(span) = span {
            lock(&self.state).turns.insert(key, span);
        }
    }

    fn begin_turn(&self, agent: &AgentName, event: &MemoryEvent) {
        let key = key(agent, event);
        let is_known = lock(&self.state).turns.contains_key(&key);
        if !is_known {
            let span = self.begin(agent, &event.session, None);
            lock(&self.state).turns.insert(key, span);
        }
    }

    fn end_turn(&self, agent: &AgentName, event: &MemoryEvent, end: SpanEnd) {
        self.send_in_turn(agent, event);
        let span = lock(&self.state).turns.remove(&key(agent, event));
        if let Some(span) = span {
            span.end(end);
        }
    }
}

fn key(agent: &AgentName, event: &MemoryEvent) -> TurnKey {
    (agent.clone(), event.session.clone(), event.turn.clone())
}

impl Observer for Record {
    fn ready(&self, agent: &AgentName) {
        lock(&self.state).ready.insert(agent.clone());
    }

    fn card_resolved(&self, agent: &AgentName, sub_agent: &AgentName) {
        let is_ready = lock(&self.state).ready.contains(sub_agent);
        self.check(READY_FIRST, is_ready, || {
            format!("{agent} has read the card of {sub_agent}")
        });
    }

    fn card_retried(&self) {
        self.mark(marks::CARD_RETRIED);
    }

    fn remembered(&self, agent: &AgentName, event: &MemoryEvent) {
        match &event.event {
            Event::UserMessage { .. } => {
                let prompts = model::prompts(agent, &event.session);
                let actor = self.agent(agent, &event.session);
                actor.received(&prompts, event.turn.as_str());
                self.begin_turn(agent, event);
                self.send_in_turn(agent, event);
            }
            Event::TaskDelegationReceived { from, .. } => self.task_received(agent, from, event),
            Event::DelegationRequest {
                task_id,
                agent: worker,
                ..
            } => self.task_sent(agent, worker, task_id, event),
            Event::DelegationResponse {
                task_id,
                agent: worker,
                status,
                ..
            } => self.task_ended(agent, worker, (task_id, *status), event),
            Event::AgentResponse { .. } => self.end_turn(agent, event, SpanEnd::Completed),
            Event::Error { .. } => {
                self.mark(marks::TURN_FAILED);
                self.end_turn(agent, event, SpanEnd::Failed);
            }
        }
    }

    fn resumed(&self) {
        self.mark(marks::TURN_RESUMED);
    }

    fn repeated(&self) {
        self.mark(marks::REQUEST_REPEATED);
    }

    fn streamed(&self, stream: &StreamId, number: u32, part: &StreamPart) {
        self.record_part(stream, number, part);
    }

    fn stream_closed(&self, stream: &StreamId) {
        self.record_closed(stream);
    }

    fn attempted(&self, turn: &TurnId, attempt: u32) {
        let is_task = lock(&self.state).tasks.contains_key(turn);
        let budget = if is_task {
            self.rules.task_attempts
        } else {
            self.rules.request_attempts
        };
        self.check(BUDGET, attempt <= budget, || {
            format!("attempt {attempt} at {turn}, of {budget}")
        });
    }
}
