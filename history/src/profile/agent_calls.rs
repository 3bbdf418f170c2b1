//! Calls of agents: the steps that an agent reports while it works on a request, and one
//! response.
//!
//! As with plain requests, the request itself stands outside the span, and a span that was
//! given up needs no terminal message.

use super::{KindRule, Profile, Role};
use crate::entry::SpanEnd;

/// Requests to agents, with the steps in between.
pub static AGENT_CALLS: Profile = Profile {
    name: "agent-calls",
    kinds: &[
        KindRule {
            kind: "progress",
            role: Role::Increases { field: "step" },
        },
        KindRule {
            kind: "response",
            role: Role::Terminal {
                ends: &[SpanEnd::Completed],
                explained_by: None,
            },
        },
    ],
};
