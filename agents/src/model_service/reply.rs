//! Replies of a model, as they travel.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The HTTP statuses of replies.
pub mod status {
    /// The reply has an output.
    pub const OK: u16 = 200;
    /// The token is not valid.
    pub const UNAUTHORIZED: u16 = 401;
    /// There were too many calls.
    pub const TOO_MANY_REQUESTS: u16 = 429;
    /// The least status of a failure of the model itself.
    pub const FAILURES: u16 = 500;
}

/// The text in the body of a refusal.
const REFUSED: &str = "{\"error\":\"the model cannot answer now\"}";

/// A reply of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The time after which another call may succeed.
    pub retry_after: Option<Duration>,
    /// The body; that of a [`Completion`] if all went well.
    pub body: String,
}

impl Reply {
    /// A reply with that body.
    pub fn of(body: String) -> Self {
        Self {
            status: status::OK,
            retry_after: None,
            body,
        }
    }

    /// A reply without an output.
    pub fn refused(status: u16, retry_after: Option<Duration>) -> Self {
        Self {
            status,
            retry_after,
            body: REFUSED.to_owned(),
        }
    }
}

/// An output of a model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The id, which no other output has.
    pub id: String,
    /// The reason for which the text ends.
    pub finish_reason: FinishReason,
    /// The text.
    pub content: String,
}

/// The reason for which a text ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The text is whole.
    Stop,
    /// The text breaks off: it would have been too long.
    Length,
}

impl Completion {
    /// An output with its whole text.
    pub fn whole(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            finish_reason: FinishReason::Stop,
            content: content.into(),
        }
    }

    /// Returns `true` if the text does not break off.
    pub fn is_whole(&self) -> bool {
        self.finish_reason == FinishReason::Stop
    }

    /// Returns the output as the body of a reply.
    ///
    /// # Panics
    ///
    /// Never: texts and names are JSON.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("an output is JSON")
    }

    /// Reads the body of a reply. `None` if it is no output.
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}
