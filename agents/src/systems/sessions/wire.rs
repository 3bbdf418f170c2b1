//! The protocols of the session service and of the identity provider: one frame in JSON on
//! each line.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::trace::{Event, Regression, SessionState, Totals};

pub(super) use crate::lines::{Disconnected, FrameReader, FrameWriter};

/// The port of the session service and of the identity provider.
pub(super) const PORT: u16 = 7_300;

/// The number of a session, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SessionId(pub(super) u32);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session-{}", self.0)
    }
}

/// The id of an event, by which a repeated one is known.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct EventId(pub(super) String);

/// The number of an access token of one subject, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Serial(pub(super) u32);

/// An access token. A newer one of its subject replaces it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) subject: String,
    pub(super) serial: Serial,
    pub(super) expires_us: u64,
}

/// A request to the session service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) token: Token,
    pub(super) session: SessionId,
    pub(super) call: Call,
}

/// A call of the session service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// Opens the session.
    Open {
        parent: Option<SessionId>,
        event: Event,
    },
    /// Adds an event to its log.
    Append(Event),
    /// Reads the session.
    Read,
}

/// The answer of the session service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// The event is in the log. These are the sums after it.
    Appended(Totals),
    /// The session as it is, compared with the baseline.
    Session {
        state: Box<SessionState>,
        regressions: Vec<Regression>,
    },
    /// The call had no effect.
    Refused(Refusal),
}

/// The reasons for which a call is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    /// The token has expired, or was replaced.
    Unauthorized,
    /// There is no such session.
    Unknown,
    /// The session is closed.
    Closed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "the token is not valid",
            Self::Unknown => "there is no such session",
            Self::Closed => "the session is closed",
        })
    }
}

/// A request to the identity provider: a token after that one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Refresh {
    pub(super) subject: String,
    pub(super) after: Serial,
}
