//! Replies of a model, as they travel.

use std::time::Duration;

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
    /// The body; that of a [`Completion`](crate::fault::answer::Completion) if all went well.
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
