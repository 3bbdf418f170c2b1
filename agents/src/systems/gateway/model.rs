//! The gateway in the terms of a history.
//!
//! A session is a tenant. The memory of an agent for a session is a channel, whose messages
//! are the events, and an object, whose operations are appending and listing. A turn of an
//! agent is a span: its events open and end it, and announce and report the turns of
//! sub-agents. Prompts, delegated tasks and the parts of a streamed answer are messages too.

use rehearsal_history::profile::{KindRule, Profile, Role};
use rehearsal_history::{Body, EntityId, Model, SpanEnd, Value, Vocabulary};

use super::api::Event;
use super::ids::{AgentName, SessionId};

/// The field with the turn of a sub-agent.
const TASK: &str = "task";

/// The kind of the first part of a streamed answer.
pub(super) const STREAM_OPENED: &str = "stream_opened";

/// The kind of a part with a text.
pub(super) const CHUNK: &str = "chunk";

/// The kind of the end of a turn, and of its answer as a stream.
pub(super) const ANSWERED: &str = "agent_response";

/// The kind of the end of a turn that failed, and of its answer as a stream.
pub(super) const FAILED: &str = "error";

/// The field with the number of a chunk.
pub(super) const INDEX: &str = "index";

/// The field with the reason of a failure.
pub(super) const REASON: &str = "reason";

const fn rule(kind: &'static str, role: Role) -> KindRule {
    KindRule { kind, role }
}

const fn terminal(ends: &'static [SpanEnd], explained_by: Option<&'static str>) -> Role {
    Role::Terminal { ends, explained_by }
}

/// The events of a turn, and the parts of a streamed answer.
static TURNS: Profile = Profile {
    name: "turns",
    kinds: &[
        rule("user_message", Role::Opening),
        rule("task_delegation_received", Role::Opening),
        rule("delegation_request", Role::BeginsChild { field: TASK }),
        rule("delegation_response", Role::EndsChild { field: TASK }),
        rule(STREAM_OPENED, Role::Opening),
        rule(CHUNK, Role::Increases { field: INDEX }),
        rule(ANSWERED, terminal(&[SpanEnd::Completed], None)),
        rule(FAILED, terminal(&[SpanEnd::Failed], Some(REASON))),
    ],
};

/// The words and the rules of histories of the gateway.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "message",
        channel: "channel",
        stream: "stream",
        actor: "participant",
        span: "turn",
        tenant: "session",
        object: "memory",
        operation: "operation",
    },
    profile: Some(&TURNS),
};

/// The name of an agent as a participant of a session.
pub(super) fn participant(agent: &AgentName, session: &SessionId) -> String {
    format!("{agent}/{session}")
}

/// The channel of the prompts to an agent.
pub(super) fn prompts(agent: &AgentName, session: &SessionId) -> String {
    format!("prompts/{agent}/{session}")
}

/// The channel of the tasks for an agent.
pub(super) fn tasks(agent: &AgentName, session: &SessionId) -> String {
    format!("tasks/{agent}/{session}")
}

/// The channel and the object of an agent's memory.
pub(super) fn memory(agent: &AgentName, session: &SessionId) -> String {
    format!("memory/{agent}/{session}")
}

/// The channel of the streamed answers to a user.
pub(super) fn streams(session: &SessionId) -> String {
    format!("streams/{session}")
}

/// Returns an event as the body of a message; `task` is the turn of the sub-agent, if the event
/// is about one.
pub(super) fn body(event: &Event, task: Option<EntityId>) -> Body {
    let body = Body::new(event.kind());
    let text = if matches!(event, Event::Error { .. }) {
        REASON
    } else {
        "content"
    };
    let body = body.with(text, event.content().to_owned());
    match task {
        Some(task) => body.with(TASK, Value::Entity(task)),
        None => body,
    }
}
