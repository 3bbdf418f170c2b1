//! The protocol between clients and the store: one JSON text a line, over TCP. A
//! connection carries one request at a time.

use std::fmt;
use std::io;

use rehearsal_sim::tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::state::{Change, Command, Query, Reply};
use crate::effect::{self, Effect};
use crate::network::ByteStream;

/// The port on which the store and its replicas listen.
pub const PORT: u16 = 9200;

/// A team, which has keys, a workspace and tasks of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TeamId(pub(super) u32);

impl fmt::Display for TeamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "team-{}", self.0)
    }
}

/// The name of a client of the store: an agent, a worker.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ClientId(pub(super) String);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a request among those of its client, from 1. A client repeats a request
/// under its number until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RequestNumber(pub(super) u64);

/// A place in the journal: the number of records up to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Position(pub(super) u64);

/// The client and the number of a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct RequestId {
    pub(super) client: ClientId,
    pub(super) number: RequestNumber,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.client, self.number.0)
    }
}

/// A request to the store or to a replica.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// Change something. The store alone takes it.
    Execute {
        team: TeamId,
        id: RequestId,
        command: Command,
    },
    /// Read something, as it is at that position of the journal or later.
    Read {
        team: TeamId,
        id: RequestId,
        query: Query,
        at_least: Position,
    },
    /// Send the records after that position. The store alone takes it.
    Follow { after: Position },
    /// Stop following once that position is reached. A replica alone takes it.
    Detach { at: Position },
}

/// The answer to a request, with the position of the journal that it shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Response {
    pub(super) position: Position,
    pub(super) answer: Answer,
}

/// The content of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The result of a command or of a query.
    Reply(Reply),
    /// Records of the journal, in order.
    Records(Vec<Record>),
    /// The replica has not come to the position that was asked for.
    Behind,
    /// The server does not take such requests, or knows no such team.
    Refused,
}

/// A record of the journal: a change of a team's state, and the answer to its cause.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) team: TeamId,
    pub(super) id: RequestId,
    pub(super) change: Change,
    pub(super) reply: Reply,
}

/// The connection is gone, or carries something that is no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Disconnected;

impl From<io::Error> for Disconnected {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Frames<S>(BufReader<S>);

impl<S: ByteStream> Frames<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// Returns the next frame. A connection on which this was given up cannot be used any
    /// more.
    pub(super) async fn next<F: DeserializeOwned>(&mut self) -> Result<F, Disconnected> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(Disconnected);
        }
        serde_json::from_str(&line).map_err(|_| Disconnected)
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, frame: &impl Serialize) -> Result<(), Disconnected> {
        let mut line = serde_json::to_vec(frame).map_err(|_| Disconnected)?;
        line.push(b'\n');
        let effect = effect::begin(Effect::Frame).await;
        self.0.get_mut().write_all(&line).await?;
        effect.end().await;
        Ok(())
    }
}
