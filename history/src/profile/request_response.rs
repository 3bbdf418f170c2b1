//! Requests and their responses: an accepted request begins a span that is owed one
//! response.
//!
//! The request itself stands outside the span, because a system may refuse it, and then
//! owes nothing. A span that was given up has no terminal message: nothing is owed any
//! more, although a response that was already in flight may still arrive.

use super::{KindRule, Profile, Role};
use crate::entry::SpanEnd;

/// Requests and their responses.
pub static REQUEST_RESPONSE: Profile = Profile {
    name: "request-response",
    kinds: &[KindRule {
        kind: "response",
        role: Role::Terminal {
            ends: &[SpanEnd::Completed],
            explained_by: None,
        },
    }],
};
