//! The interface to a tracer, which is told what agents do. In production it would be that of a
//! tracing library; here the driver records a history.

use super::api::MemoryEvent;
use super::ids::{AgentName, SessionId, TurnId};

/// A part of a streamed answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum StreamPart {
    /// The first part, without a text.
    Opened,
    /// The text with this number, from 1.
    Chunk(u32),
    /// The answer is complete.
    Done,
    /// There is no answer, for this reason.
    Failed(String),
}

/// A streamed answer: that to one attempt at a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct StreamId {
    pub(super) agent: AgentName,
    pub(super) session: SessionId,
    pub(super) turn: TurnId,
    pub(super) attempt: u32,
}

impl StreamId {
    /// Returns the id of the part with that number, as it travels with the part.
    pub(super) fn part(&self, number: u32) -> String {
        format!("{}.{}.{number}", self.turn, self.attempt)
    }
}

/// A tracer.
pub(super) trait Observer: Send + Sync {
    /// An agent can be asked from now on.
    fn ready(&self, agent: &AgentName);

    /// An agent has read the card of one of its sub-agents.
    fn card_resolved(&self, agent: &AgentName, sub_agent: &AgentName);

    /// An agent had to ask for a card once more.
    fn card_retried(&self);

    /// An event is in the memory of an agent.
    fn remembered(&self, agent: &AgentName, event: &MemoryEvent);

    /// A turn goes on that a crash interrupted.
    fn resumed(&self);

    /// A request came again, and gets the answer of the turn that it began before.
    fn repeated(&self);

    /// The part with this number of a stream is about to be sent.
    fn streamed(&self, stream: &StreamId, number: u32, part: &StreamPart);

    /// A stream ends, in whichever way.
    fn stream_closed(&self, stream: &StreamId);

    /// The gateway has got an attempt at a request.
    fn attempted(&self, turn: &TurnId, attempt: u32);
}
