//! The protocol between members and the broker: one JSON text a line, over TCP.

use std::fmt;

use rehearsal_history::{Epoch, MessageId, Offset};
use serde::{Deserialize, Serialize};

use super::events::EventType;

pub(super) use crate::lines::{Disconnected, FrameReader, FrameWriter};

/// The port on which the broker listens.
pub(super) const PORT: u16 = 9100;

/// A member of a team, the owner of one mailbox.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct MemberId(pub(super) u32);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member-{}", self.0)
    }
}

/// Members that can send to each other, and to no other member.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TeamId(pub(super) u32);

/// The number of a handler among those of its member, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct HandlerNumber(pub(super) u32);

/// A log in which a message has its position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(super) enum Channel {
    /// Messages to one member.
    Mailbox(MemberId),
    /// Broadcasts of one member to all others of its team.
    Broadcasts(MemberId),
    /// Events of one type in a team.
    Events(TeamId, EventType),
}

/// A message from one member to one or all others of its team.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) from: MemberId,
    pub(super) team: TeamId,
    pub(super) sent_ms: u64,
    /// A text that only the team may see.
    pub(super) secret: String,
    pub(super) content: Content,
}

/// The kinds of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    /// Asks another member for a response.
    Request {
        to: MemberId,
        /// A number that the response repeats.
        number: u32,
        /// Milliseconds that the work takes.
        effort_ms: u32,
    },
    /// Answers a request.
    Response {
        to: MemberId,
        request: MessageId,
        number: u32,
    },
    /// Tells another member something, without a response.
    Notification { to: MemberId, number: u32 },
    /// Tells all others something.
    Broadcast { number: u32 },
    /// Tells all handlers of its type that something has happened.
    Event {
        event: EventType,
        /// The handler of the member that publishes it; none for the member itself.
        publisher: Option<HandlerNumber>,
        number: u32,
        /// The event that the handler was handling.
        cause: Option<MessageId>,
    },
}

impl Message {
    /// Returns the log in which the message gets its position.
    pub(super) fn channel(&self) -> Channel {
        match self.content {
            Content::Request { to, .. }
            | Content::Response { to, .. }
            | Content::Notification { to, .. } => Channel::Mailbox(to),
            Content::Broadcast { .. } => Channel::Broadcasts(self.from),
            Content::Event { event, .. } => Channel::Events(self.team, event),
        }
    }
}

/// The position of an accepted message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) channel: Channel,
    /// The incarnation of the broker that accepted it.
    pub(super) epoch: Epoch,
    /// The place in its channel, from 1.
    pub(super) offset: Offset,
    /// The number among its sender's messages to that channel, from 1.
    pub(super) seq: u64,
}

/// The number of an order among those of its member, from 1. A member repeats an order
/// under its number until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OrderNumber(pub(super) u64);

/// A place in a mailbox: the number of messages that were put there up to this one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Cursor(pub(super) u64);

/// An order of a member to the broker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Send a message.
    Send(Message),
    /// Expect no response to this request of the member's any more.
    Withdraw(MessageId),
    /// Send the member every event of this type from now on.
    Subscribe(EventType),
    /// Count the events of the team that some handler has not finished.
    CountUnhandled,
    /// Accept no more messages to the member.
    Stop,
}

/// The broker's answer to an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The message is in the journal, and in every mailbox that it goes to.
    Accepted(Place),
    /// The message is in no mailbox.
    Rejected(Refusal),
    /// No response to the request will be accepted any more.
    Withdrawn,
    /// The member subscribes. The bus does not keep that many of the events before.
    Subscribed { missed: u64 },
    /// That many events wait for a handler.
    Unhandled(u64),
    /// The bus accepts no more messages to the member after this one.
    Stopped { last: Cursor },
}

/// The reasons for which a message is rejected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    /// A mailbox has no room.
    MailboxFull(MemberId),
    /// No such member is registered in the sender's team.
    UnknownMember(MemberId),
    /// The request is not waiting for a response of this member.
    NotAwaited(MessageId),
    /// No member of the team subscribes to the event.
    NoSubscriber,
    /// The member was stopped.
    Stopped(MemberId),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MailboxFull(member) => write!(f, "the mailbox of {member} is full"),
            Self::UnknownMember(member) => write!(f, "{member} is not registered"),
            Self::NotAwaited(request) => {
                write!(f, "message-{} waits for no response", request.0)
            }
            Self::Stopped(member) => write!(f, "{member} was stopped"),
            Self::NoSubscriber => f.write_str("the event has no subscriber"),
        }
    }
}

/// A frame from a member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MemberFrame {
    /// Registers the member, or resumes after the last message that it has taken.
    Hello { member: MemberId, taken: Cursor },
    /// Gives an order.
    Submit { number: OrderNumber, order: Order },
    /// Frees the room of every message up to this one.
    Taken(Cursor),
    /// Asks for a sign of life.
    Ping,
    /// Asks to leave once the mailbox is empty.
    Bye,
}

/// A frame from the broker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BrokerFrame {
    /// The member is registered.
    Welcome { epoch: Epoch },
    /// Answers an order.
    Answer { number: OrderNumber, answer: Answer },
    /// Hands over a message from the mailbox.
    Deliver {
        cursor: Cursor,
        place: Place,
        message: Message,
    },
    /// A sign of life.
    Pong,
    /// The mailbox is empty, and the connection ends.
    Bye,
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::tokio;

    use super::*;

    #[tokio::test]
    async fn frames_come_back_as_they_were_sent() {
        let frames = [
            MemberFrame::Hello {
                member: MemberId(3),
                taken: Cursor(7),
            },
            MemberFrame::Taken(Cursor(8)),
            MemberFrame::Bye,
        ];
        let mut bytes = Vec::new();
        let sent = FrameWriter::new(&mut bytes).send(&frames).await;
        assert_eq!(sent, Ok(()));
        let mut reader = FrameReader::new(bytes.as_slice());
        for frame in frames {
            assert_eq!(reader.next().await, Ok(frame));
        }
        assert_eq!(reader.next::<MemberFrame>().await, Err(Disconnected));
    }

    #[tokio::test]
    async fn text_that_is_no_frame_ends_the_connection() {
        let mut reader = FrameReader::new(&b"{\"hello\"\n"[..]);
        assert_eq!(reader.next::<MemberFrame>().await, Err(Disconnected));
    }
}
