//! The frames between a user and the service, as texts of a WebSocket connection.

use std::fmt;
use std::sync::Arc;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rehearsal_sim::tokio::net::TcpStream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::settings::Interface;
use crate::event::{EventKind, UserId};

/// The port of the service.
pub(super) const PORT: u16 = 8003;

/// The id of an agent, as in `user-2:triage:0b8e3c5a-…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct AgentId(pub(super) Arc<str>);

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a request of one user, from 1. A request that is repeated keeps it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RequestNumber(pub(super) u32);

/// The place of an event among those of its user, from 1, without holes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Place(pub(super) u64);

impl Place {
    /// Returns the place after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The context in which an agent of a user works.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct UserContext {
    /// The number of the conversation.
    pub(super) conversation: u32,
    /// A text that no other user may ever see.
    pub(super) secret: Arc<str>,
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// Asks for an agent of a class.
    Create {
        /// The interface through which the service creates it.
        through: Interface,
        class: String,
        context: UserContext,
    },
    /// Lets an agent run, once.
    Execute { agent: AgentId },
    /// Stops an agent if it runs, and removes it.
    Unregister { agent: AgentId },
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The agent that was created.
    Created(CreatedAgent),
    /// It is done.
    Done,
    /// It is refused, and nothing of it is left.
    Refused(Refusal),
}

/// An agent as its user is told of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct CreatedAgent {
    pub(super) agent: AgentId,
    /// The conversation in whose context it works.
    pub(super) conversation: u32,
    /// The version of its class.
    pub(super) version: u32,
}

/// The reason of a refusal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    /// No class is registered under that name.
    UnknownClass(String),
    /// No agent is registered under that id.
    UnknownAgent(AgentId),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownClass(class) => write!(f, "unknown class of agents: {class}"),
            Self::UnknownAgent(agent) => write!(f, "unknown agent: {agent}"),
        }
    }
}

/// The content of an event, by kind as far as it has any.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    /// The number of the tool call in its agent.
    pub(super) call: Option<u32>,
    pub(super) tool: Option<String>,
    /// The reason of a failure: of the tool, or of the agent.
    pub(super) error: Option<String>,
}

impl Content {
    /// The content of an event that says why its agent ended early.
    pub(super) fn error(reason: &str) -> Self {
        Self {
            error: Some(reason.to_owned()),
            ..Self::default()
        }
    }
}

/// An event of an agent for the agent's user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Event {
    /// The id that its sender gave it.
    pub(super) id: Arc<str>,
    pub(super) user: UserId,
    pub(super) agent: AgentId,
    #[serde(rename = "type")]
    pub(super) kind: EventKind,
    /// Microseconds since the service began.
    pub(super) timestamp: u64,
    pub(super) context: UserContext,
    pub(super) content: Content,
}

/// From a user to the service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UserFrame {
    /// The first frame: the user, the proof, and the last event that the user has seen.
    Hello {
        user: UserId,
        token: String,
        seen: Place,
    },
    /// A request, to which the answer has the same number.
    Request {
        number: RequestNumber,
        request: Request,
    },
    /// The user has seen all events up to that place.
    Acknowledge(Place),
    /// The user leaves, and wants everything that is still owed.
    Bye,
}

/// From the service to a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServiceFrame {
    /// Answers a hello.
    Welcome,
    /// Answers a request.
    Answer {
        number: RequestNumber,
        answer: Answer,
    },
    /// An event.
    Event { place: Place, event: Arc<Event> },
    /// Answers a goodbye: nothing is owed any more.
    Bye,
}

/// The connection is gone, or carries something that is no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Disconnected;

/// The reading end of a connection. Reading may be given up at any time without losing a
/// frame.
pub(super) struct FrameReader(SplitStream<WebSocketStream<TcpStream>>);

/// The writing end of a connection.
pub(super) struct FrameWriter(SplitSink<WebSocketStream<TcpStream>, Message>);

/// Returns both ends of a connection.
pub(super) fn split(socket: WebSocketStream<TcpStream>) -> (FrameReader, FrameWriter) {
    let (sink, stream) = socket.split();
    (FrameReader(stream), FrameWriter(sink))
}

impl FrameReader {
    /// Waits for the next frame; none for a mere sign of life.
    pub(super) async fn next<F: DeserializeOwned>(&mut self) -> Result<Option<F>, Disconnected> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| Disconnected),
            Some(Ok(_)) => Ok(None),
            Some(Err(_)) | None => Err(Disconnected),
        }
    }
}

impl FrameWriter {
    /// Sends frames, all of them in one piece.
    pub(super) async fn send<F: Serialize>(&mut self, frames: &[F]) -> Result<(), Disconnected> {
        for frame in frames {
            let text = serde_json::to_string(frame).map_err(|_| Disconnected)?;
            let message = Message::Text(text.into());
            self.0.feed(message).await.map_err(|_| Disconnected)?;
        }
        self.0.flush().await.map_err(|_| Disconnected)
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&mut self) -> Result<(), Disconnected> {
        let ping = Message::Ping(Default::default());
        self.0.send(ping).await.map_err(|_| Disconnected)
    }

    /// Ends the connection in good order.
    pub(super) async fn close(&mut self) {
        // A connection that cannot be closed is gone.
        let _ = self.0.close().await;
    }
}
