//! The bus in the terms of a history.
//!
//! A mailbox is a channel, and so are the broadcasts of each member, to which all others of
//! its team subscribe. The messages of one member to one channel are a stream. A team is a
//! tenant. An accepted request is a span, which ends with its response.

use rehearsal_history::profile::REQUEST_RESPONSE;
use rehearsal_history::{
    ActorId, Body, ChannelId, MessageId, Model, Position, SpanId, StreamId, TenantId, Value,
    Vocabulary,
};

use super::wire::{Channel, Content, MemberId, Message, Place, TeamId};

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
        }
    }

    /// Returns the stream of a member's messages to this channel.
    pub(super) fn stream(self, from: MemberId) -> StreamId {
        let to = match self {
            Self::Mailbox(to) => u64::from(to.0),
            Self::Broadcasts(_) => 0,
        };
        StreamId((u64::from(from.0) << 32) + to)
    }

    /// Returns the name of that stream.
    pub(super) fn stream_name(self, from: MemberId) -> String {
        match self {
            Self::Mailbox(to) => format!("{from}>{to}"),
            Self::Broadcasts(_) => format!("{from}>all"),
        }
    }

    /// Returns the name of the channel.
    pub(super) fn name(self) -> String {
        match self {
            Self::Mailbox(member) => format!("mailbox-{}", member.0),
            Self::Broadcasts(member) => format!("broadcasts-of-{member}"),
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
