//! The runtime in the terms of a history.
//!
//! Each agent has a mailbox, and each client and agent an inbox for what comes back: both
//! are channels. A request is a span: its caller begins and ends it, and the agent that
//! handles it sends its steps and its answer in it. Requests that it makes meanwhile are
//! below. The events of each publisher are a channel, to which all other clients that stay
//! subscribe. A namespace is a tenant.

use rehearsal_history::profile::AGENT_CALLS;
use rehearsal_history::{Body, Draft, Model, Value, Vocabulary};

use super::wire::AgentId;

/// The words and the rules of histories of the runtime.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "message",
        channel: "channel",
        stream: "stream",
        actor: "party",
        span: "request",
        tenant: "namespace",
        object: "object",
        operation: "operation",
    },
    profile: Some(&AGENT_CALLS),
};

/// The topic of all events.
pub(super) const TOPIC: &str = "news";

/// Returns the name of the channel with the events of a publisher.
pub(super) fn events_of(publisher: &str) -> String {
    format!("{TOPIC} of {publisher}")
}

/// Returns an event.
pub(super) fn event(secret: &str) -> Body {
    with_secret(Body::new("event"), secret)
}

/// Returns the name of the channel with the messages to an agent.
pub(super) fn mailbox(agent: &AgentId) -> String {
    format!("mailbox of {agent}")
}

/// Returns the name of the channel with what comes back to a client or an agent.
pub(super) fn inbox(name: &str) -> String {
    format!("inbox of {name}")
}

/// Returns a message that makes a request.
pub(super) fn request(number: u32, secret: &str) -> Draft {
    with_secret(Body::new("request").with("number", number), secret).into()
}

/// Returns a step that was taken for a request.
pub(super) fn progress(step: u32) -> Draft {
    Draft::new("progress").with("step", step)
}

/// Returns the beginning of a tool call.
pub(super) fn tool_executing(call: u32) -> Draft {
    Draft::new("tool_executing").with("call", call)
}

/// Returns the end of a tool call.
pub(super) fn tool_completed(call: u32) -> Draft {
    Draft::new("tool_completed").with("call", call)
}

/// Returns the name of the channel with the effects of tools in a namespace.
pub(super) fn effects_of(namespace: &str) -> String {
    format!("effects of {namespace}")
}

/// Returns the answer to a request, with the text that it recalls.
pub(super) fn response(number: u32, secret: &str, recalled: Option<&str>) -> Body {
    let body = with_secret(Body::new("response").with("number", number), secret);
    match recalled {
        Some(text) => body.with("recalled", text.to_owned()),
        None => body,
    }
}

/// Returns the name of the channel with the outputs of a namespace.
pub(super) fn outputs_of(namespace: &str) -> String {
    format!("outputs of {namespace}")
}

fn with_secret(body: Body, secret: &str) -> Body {
    body.with("secret", Value::Secret(secret.to_owned().into()))
}
