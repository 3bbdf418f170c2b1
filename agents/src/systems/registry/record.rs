//! The history: the audit of the service, and what users receive.
//!
//! A user is an actor, a tenant, and a channel to which the events of its agents go. An
//! agent is an actor, whose events are a stream, and a span of its user.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_history::profile::AGENT_EVENTS;
use rehearsal_history::{
    Actor, Actors, Body, Draft, Invocation, Model, Phase, Receipt, Sending, Span, SpanDraft,
    SpanEnd, Value, Vocabulary,
};

use super::marks;
use super::service::{
    Agent, AgentEnd, Announced, Audit, CreationId, EventId, Held, Milestone, View,
};
use super::wire::{AgentId, Answer, Content, Event, Refusal, UserContext};
use crate::event::{EventKind, UserId};
use crate::goal::Mark;
use crate::record::recorder::lock;

/// The words and the rules of histories of the registry.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "event",
        channel: "channel",
        stream: "stream",
        actor: "actor",
        span: "agent",
        tenant: "user",
        object: "registry",
        operation: "creation",
    },
    profile: Some(&AGENT_EVENTS),
};

/// The longest time that the creation of an agent may take in the service, its waits for
/// locks included.
pub const CREATION_LIMIT: Duration = Duration::from_millis(10);

/// The events that an agent with tools must have shown before it completes, the terminal
/// one excepted.
const CRITICAL: [&str; 4] = [
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
];

/// The object that creations are operations of.
const REGISTRY: &str = "master registry";

/// Returns the name of the channel of a user.
pub(super) fn channel(user: UserId) -> String {
    format!("{user}/events")
}

/// Returns the content of an event as a history records it.
fn body(kind: EventKind, agent: &AgentId, context: &UserContext, content: &Content) -> Body {
    let mut body = Body::new(kind.name())
        .with("agent", agent.0.to_string())
        .with("conversation", context.conversation)
        .with("secret", Value::Secret(Arc::clone(&context.secret).into()));
    if let Some(call) = content.call {
        body = body.with("call", call);
    }
    if let Some(tool) = &content.tool {
        body = body.with("tool", tool.clone());
    }
    if let Some(error) = &content.error {
        body = body.with("error", error.clone());
    }
    body
}

/// Returns the receipt of an event that has reached its user.
pub(super) fn receipt(event: &Event) -> Receipt {
    let body = body(event.kind, &event.agent, &event.context, &event.content);
    Receipt::of(Arc::clone(&event.id)).with_body(body)
}

/// The secret of each user.
pub(super) type Secrets = BTreeMap<UserId, Arc<str>>;

/// The audit of the service, as a history.
pub(super) struct HistoryAudit {
    actors: Actors,
    service: Actor,
    /// The secret of each user, as it was given to it.
    secrets: Secrets,
    /// Registries that may be opened in one run.
    registries_max: u32,
    registries: AtomicU32,
    creations: AtomicU32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ids: BTreeSet<AgentId>,
    running: BTreeMap<AgentId, Running>,
    sendings: BTreeMap<EventId, Sending>,
    invocations: BTreeMap<CreationId, Invocation>,
}

struct Running {
    actor: Actor,
    span: Span,
}

impl HistoryAudit {
    pub(super) fn new(actors: Actors, secrets: Secrets, registries_max: u32) -> Self {
        Self {
            service: actors.actor("service"),
            actors,
            secrets,
            registries_max,
            registries: AtomicU32::new(0),
            creations: AtomicU32::new(0),
            state: Mutex::default(),
        }
    }

    fn mark(&self, mark: Mark) {
        self.service.reached(mark.name());
    }

    /// Records everything that the service holds once the work is done.
    pub(super) fn held(&self, held: Vec<Held>) {
        let kinds = held.into_iter().map(|held| match held {
            Held::Agent(id) => format!("registration {id}"),
            Held::Context(user) => format!("context of {user}"),
            Held::Instances(count) => format!("memory of {count} agents"),
            Held::Connection(user) => format!("connection of {user}"),
            Held::Event(id) => format!("event {id}"),
        });
        self.service.holds(Phase::Quiescent, kinds);
    }
}

/// Returns the contradiction in a registry's state, if there is one.
fn check_view(view: &View) -> Result<(), String> {
    for (agent, user, announced) in &view.agents {
        if !view.contexts.contains(user) {
            return Err(format!("{agent} is registered, and {user} has no context"));
        }
        if *announced == Announced::NotYet {
            return Err(format!("{agent} is registered, and was not announced"));
        }
    }
    let owners: BTreeSet<UserId> = view.agents.iter().map(|(_, user, _)| *user).collect();
    let idle = view.contexts.iter().find(|user| !owners.contains(user));
    idle.map_or(Ok(()), |user| {
        Err(format!("{user} has a context, and no agent"))
    })
}

impl Audit for HistoryAudit {
    fn opened(&self) {
        let count = self.registries.fetch_add(1, Ordering::Relaxed) + 1;
        let (max, found) = (self.registries_max, format!("{count} were opened"));
        let checked = if count > max { Err(found) } else { Ok(()) };
        self.service.invariant("one-registry", checked);
    }

    fn creating(&self, user: UserId, class: &str) -> CreationId {
        let id = CreationId(self.creations.fetch_add(1, Ordering::Relaxed) + 1);
        let call = Body::new("create_agent_for_user")
            .with("user", user.to_string())
            .with("class", class.to_owned());
        let invocation = self.service.invoke(REGISTRY, call);
        lock(&self.state).invocations.insert(id, invocation);
        id
    }

    fn created(&self, creation: CreationId, answer: &Answer, took: Duration) {
        let invocation = lock(&self.state).invocations.remove(&creation);
        match (invocation, answer) {
            (Some(invocation), Answer::Created(created)) => {
                invocation.returned(&created.agent.0.to_string());
            }
            (Some(invocation), Answer::Refused(refusal)) => {
                self.mark(marks::CLASS_REFUSED);
                invocation.failed(refusal);
            }
            _ => {}
        }
        let (took_us, limit) = (took.as_micros(), CREATION_LIMIT.as_micros());
        let checked = if took < CREATION_LIMIT {
            Ok(())
        } else {
            Err(format!("it took {took_us} us, and the limit is {limit} us"))
        };
        self.service.invariant("creation-under-10ms", checked);
    }

    fn registered(&self, agent: &Agent) {
        let spec = agent.class.spec;
        let user = agent.user;
        let actor = self.actors.actor(&agent.name()).of(&user.to_string());
        let mut draft = SpanDraft::new(spec.name)
            .on(channel(user))
            .planning(spec.events());
        if spec.has_tools() {
            draft = CRITICAL.into_iter().fold(draft, SpanDraft::requiring);
        }
        let span = actor.begin(draft);
        let id = agent.id.clone();
        let is_new = {
            let mut state = lock(&self.state);
            state.running.insert(id.clone(), Running { actor, span });
            state.ids.insert(id)
        };
        let expected = format!("{user}:{}:", spec.name);
        let checked = if !is_new {
            Err(format!("{} was given twice", agent.id))
        } else if !agent.id.0.starts_with(&expected) {
            Err(format!("{} does not begin with {expected}", agent.id))
        } else {
            Ok(())
        };
        self.service.invariant("unique-agent-ids", checked);
    }

    fn emitting(&self, agent: &Agent, kind: EventKind, content: &Content) -> EventId {
        // The secret is that which the user's agents ought to have, whatever this one has.
        let context = UserContext {
            secret: self.secrets.get(&agent.user).cloned().unwrap_or_default(),
            ..agent.context.clone()
        };
        let body = body(kind, &agent.id, &context, content);
        let mut state = lock(&self.state);
        let sending = match state.running.get(&agent.id) {
            Some(running) => {
                let draft = Draft::from(body).in_span(&running.span);
                running.actor.sending(&channel(agent.user), draft)
            }
            None => self.service.sending(&channel(agent.user), body),
        };
        let id = EventId(Arc::clone(sending.id()));
        state.sendings.insert(id.clone(), sending);
        id
    }

    fn answered(&self, event: &EventId, answer: &Result<(), Refusal>) {
        let sending = lock(&self.state).sendings.remove(event);
        match (sending, answer) {
            (Some(sending), Ok(())) => sending.accepted(),
            (Some(sending), Err(refusal)) => sending.rejected(refusal),
            (None, _) => {}
        }
    }

    fn ended(&self, agent: &AgentId, end: AgentEnd) {
        let running = lock(&self.state).running.remove(agent);
        if let Some(running) = running {
            running.span.end(match end {
                AgentEnd::Completed => SpanEnd::Completed,
                AgentEnd::Stopped => SpanEnd::Cancelled,
            });
        }
        if end == AgentEnd::Stopped {
            self.mark(marks::AGENT_STOPPED);
        }
    }

    fn viewed(&self, view: &View) {
        self.service
            .invariant("creation-in-one-change", check_view(view));
    }

    fn reached(&self, milestone: Milestone) {
        self.mark(match milestone {
            Milestone::EmittedEarly => marks::EMITTED_EARLY,
            Milestone::OpenedOnce => marks::OPENED_ONCE,
            Milestone::FlagSwitched => marks::FLAG_SWITCHED,
            Milestone::ClassesRenewed => marks::CLASSES_RENEWED,
            Milestone::CreationDropped => marks::CREATION_DROPPED,
            Milestone::SessionExpired => marks::SESSION_EXPIRED,
            Milestone::ToolFailed => marks::TOOL_FAILED,
            Milestone::WindowFull => marks::WINDOW_FULL,
        });
    }
}
