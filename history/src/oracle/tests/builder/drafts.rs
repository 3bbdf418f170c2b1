//! The parts of a history in the making, and its messages.

use rehearsal_sim::VirtualTime;

use crate::{
    Accepted, ActorId, Began, Body, ChannelId, MessageId, Received, Sent, SpanEnd, SpanId, Symbol,
    TenantId, Value, VectorClock,
};

/// The fields of a body.
pub(in super::super) type Fields = Vec<(Symbol, Value)>;

/// Channel `n` belongs to tenant `n`.
pub(in super::super) fn owner(channel: ChannelId) -> TenantId {
    TenantId(channel.0)
}

/// The secret of `user-1` is part of that of `user-10`, as in a careless scenario.
pub(in super::super) fn secret(tenant: TenantId) -> String {
    format!("canary of user-{}", tenant.0)
}

pub(in super::super) fn tool(call: u32) -> Fields {
    vec![
        ("call".into(), call.into()),
        ("tool".into(), "search".into()),
    ]
}

pub(in super::super) fn progress(progress: u32) -> Fields {
    vec![("progress".into(), progress.into())]
}

pub(in super::super) fn about(span: SpanId) -> Fields {
    vec![("subagent".into(), Value::Entity(span.into()))]
}

pub(in super::super) fn error(error: &str) -> Fields {
    vec![("error".into(), error.to_owned().into())]
}

/// Sets a field of a body, in the place of an older value.
pub(in super::super) fn set(body: &mut Body, field: &'static str, value: impl Into<Value>) {
    unset(body, field);
    body.fields.push((field.into(), value.into()));
}

pub(in super::super) fn unset(body: &mut Body, field: &str) {
    body.fields.retain(|(name, _)| *name != field);
}

/// The system's answer to a message of the builder.
#[derive(Clone, Debug)]
pub(in super::super) enum Answer {
    None,
    Accepted(Accepted),
    Rejected(&'static str),
}

#[derive(Clone, Debug)]
pub(in super::super) struct SendingDraft {
    pub(in super::super) at: VirtualTime,
    pub(in super::super) clock: VectorClock,
    pub(in super::super) sent: Sent,
    pub(in super::super) answer: Answer,
}

impl SendingDraft {
    pub(in super::super) fn id(&self) -> MessageId {
        self.sent.message
    }

    pub(in super::super) fn span(&self) -> SpanId {
        self.sent.envelope.span.expect("every message has a span")
    }

    pub(in super::super) fn kind(&self) -> &str {
        self.sent.body.kind.as_str()
    }
}

#[derive(Clone, Debug)]
pub(in super::super) struct DeliveryDraft {
    pub(in super::super) actor: ActorId,
    pub(in super::super) at: VirtualTime,
    pub(in super::super) received: Received,
}

#[derive(Clone, Debug)]
pub(in super::super) struct SpanDraft {
    pub(in super::super) began: Began,
    pub(in super::super) began_at: VirtualTime,
    pub(in super::super) end: Option<SpanEnd>,
    /// The time of its end, if that is not the end of the run.
    pub(in super::super) ended_at: Option<VirtualTime>,
    /// Further ends at the end of the run.
    pub(in super::super) repeated: Vec<SpanEnd>,
}

#[derive(Clone, Debug)]
pub(in super::super) struct SubscriberDraft {
    pub(in super::super) actor: ActorId,
    pub(in super::super) tenant: TenantId,
    pub(in super::super) channels: Vec<ChannelId>,
    pub(in super::super) drained: bool,
}
