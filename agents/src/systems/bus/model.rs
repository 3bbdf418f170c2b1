//! The bus in the terms of a history.
//!
//! A mailbox is a channel, and so are the broadcasts of each member, to which all others of
//! its team subscribe. The messages of one member to one channel are a stream. A team is a
//! tenant. An accepted request is a span, which ends with its response.
//!
//! The events of one type in a team are a channel, too. Its subscribers are not members but
//! their handlers: each is an actor of its own, with a stream of its own for each type that
//! it publishes. A member that publishes is its handler 0.

use rehearsal_history::profile::REQUEST_RESPONSE;
use rehearsal_history::{
    ActorId, Body, ChannelId, Envelope, MessageId, Model, Position, SpanId, StreamId, TenantId,
    Value, Vocabulary,
};

use super::events::EventType;
use super::wire::{Channel, Content, HandlerNumber, MemberId, Message, Place, TeamId};

/// The words and the rules of histories of the bus.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "message",
        channel: "mailbox",
        stream: "stream",
        actor: "member",
        span: "request",
        tenant: "team",
        object: "object",
        operation: "operation",
    },
    profile: Some(&REQUEST_RESPONSE),
};

/// The first number of channels with broadcasts, above those of mailboxes.
const BROADCASTS: u64 = 1 << 32;
/// The first number of channels with events, above those.
const EVENTS: u64 = 1 << 40;
/// The first number of streams of events, above those of other messages.
const EVENT_STREAMS: u64 = 1 << 62;

impl MemberId {
    pub(super) fn actor(self) -> ActorId {
        ActorId(self.0.into())
    }
}

impl TeamId {
    pub(super) fn tenant(self) -> TenantId {
        TenantId(self.0.into())
    }
}

impl Channel {
    pub(super) fn id(self) -> ChannelId {
        match self {
            Self::Mailbox(member) => ChannelId(member.0.into()),
            Self::Broadcasts(member) => ChannelId(BROADCASTS + u64::from(member.0)),
            Self::Events(team, event) => {
                ChannelId(EVENTS + (u64::from(team.0) << 20) + u64::from(event.0))
            }
        }
    }

    /// Returns the stream of a member's messages to this channel; of its events, those that
    /// it publishes outside of its handlers.
    pub(super) fn stream(self, from: MemberId) -> StreamId {
        let to = match self {
            Self::Mailbox(to) => u64::from(to.0),
            Self::Broadcasts(_) => 0,
            Self::Events(_, event) => return event_stream(from, None, event),
        };
        StreamId((u64::from(from.0) << 32) + to)
    }

    /// Returns the name of that stream.
    pub(super) fn stream_name(self, from: MemberId) -> String {
        match self {
            Self::Mailbox(to) => format!("{from}>{to}"),
            Self::Broadcasts(_) => format!("{from}>all"),
            Self::Events(_, event) => format!("{from}>events-{}", event.0),
        }
    }

    /// Returns the name of the channel.
    pub(super) fn name(self) -> String {
        match self {
            Self::Mailbox(member) => format!("mailbox-{}", member.0),
            Self::Broadcasts(member) => format!("broadcasts-of-{member}"),
            Self::Events(team, event) => format!("events-{}-of-team-{}", event.0, team.0),
        }
    }
}

impl Place {
    pub(super) fn position(self) -> Position {
        Position {
            channel: self.channel.id(),
            epoch: self.epoch,
            offset: self.offset,
        }
    }
}

/// Returns the stream of the events of one type that a member or one of its handlers
/// publishes.
fn event_stream(from: MemberId, handler: Option<HandlerNumber>, event: EventType) -> StreamId {
    let handler = handler.map_or(0, |HandlerNumber(number)| number);
    let (from, handler) = (u64::from(from.0) << 40, u64::from(handler) << 20);
    StreamId(EVENT_STREAMS + from + handler + u64::from(event.0))
}

/// Returns the actor that a handler is.
pub(super) fn handler_actor(member: MemberId, handler: HandlerNumber) -> ActorId {
    ActorId((u64::from(member.0) << 32) + u64::from(handler.0))
}

/// Returns the name of that actor.
pub(super) fn handler_name(member: MemberId, handler: HandlerNumber) -> String {
    format!("{member}.{}", handler.0)
}

/// Returns the span that a request begins.
pub(super) fn span_of(request: MessageId) -> SpanId {
    SpanId(request.0)
}

impl Message {
    /// Returns the span that the message belongs to: a response to that of its request.
    pub(super) fn span(&self) -> Option<SpanId> {
        match self.content {
            Content::Response { request, .. } => Some(span_of(request)),
            _ => None,
        }
    }

    /// Returns the stream that the message belongs to.
    pub(super) fn stream(&self) -> StreamId {
        match self.content {
            Content::Event {
                event, publisher, ..
            } => event_stream(self.from, publisher, event),
            _ => self.channel().stream(self.from),
        }
    }

    /// Returns the name of that stream.
    pub(super) fn stream_name(&self) -> String {
        match self.content {
            Content::Event {
                event,
                publisher: Some(handler),
                ..
            } => format!("{}>events-{}", handler_name(self.from, handler), event.0),
            _ => self.channel().stream_name(self.from),
        }
    }

    /// Returns the name of the sender.
    pub(super) fn sender(&self) -> String {
        match self.content {
            Content::Event {
                publisher: Some(handler),
                ..
            } => handler_name(self.from, handler),
            _ => self.from.to_string(),
        }
    }

    /// Returns sender and address.
    pub(super) fn envelope(&self) -> Envelope {
        Envelope {
            tenant: self.team.tenant(),
            channel: self.channel().id(),
            stream: self.stream(),
            span: self.span(),
            parent: None,
            sender: self.sender().into(),
            sent_ms: Some(self.sent_ms),
        }
    }

    /// Returns kind and fields.
    pub(super) fn body(&self) -> Body {
        let body = match self.content {
            Content::Request {
                number, effort_ms, ..
            } => Body::new("request")
                .with("number", number)
                .with("effort_ms", effort_ms),
            Content::Response {
                request, number, ..
            } => Body::new("response")
                .with("request", Value::Entity(span_of(request).into()))
                .with("number", number),
            Content::Notification { number, .. } => {
                Body::new("notification").with("number", number)
            }
            Content::Broadcast { number } => Body::new("broadcast").with("number", number),
            Content::Event { number, cause, .. } => {
                let body = Body::new("event").with("number", number);
                match cause {
                    Some(cause) => body.with("cause", Value::Entity(cause.into())),
                    None => body,
                }
            }
        };
        body.with("secret", Value::Secret(self.secret.clone().into()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_of_different_channels_and_streams_differ() {
        let members = [1, 2, 3].map(MemberId);
        let channels = members
            .into_iter()
            .flat_map(|member| [Channel::Mailbox(member), Channel::Broadcasts(member)]);
        let channels: Vec<Channel> = channels.collect();
        let ids: BTreeSet<ChannelId> = channels.iter().map(|channel| channel.id()).collect();
        assert_eq!(ids.len(), channels.len());
        let streams = members.into_iter().flat_map(|from| {
            let own = [Channel::Broadcasts(from)];
            let to = members.map(Channel::Mailbox).into_iter();
            to.chain(own).map(move |channel| channel.stream(from))
        });
        let streams: BTreeSet<StreamId> = streams.collect();
        assert_eq!(streams.len(), members.len() * (members.len() + 1));
    }
}
