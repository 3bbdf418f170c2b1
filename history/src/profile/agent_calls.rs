//! Calls of agents: the steps and tool calls that an agent reports while it works on a
//! request, and one response.
//!
//! As with plain requests, the request itself stands outside the span, and a span that was
//! given up needs no terminal message.

use super::{KindRule, Part, Profile, Role};
use crate::entry::SpanEnd;

const TOOL_CALL: Part = Part {
    name: "tool call",
    field: "call",
};

/// Requests to agents, with the steps in between.
pub static AGENT_CALLS: Profile = Profile {
    name: "agent-calls",
    kinds: &[
        KindRule {
            kind: "progress",
            role: Role::Increases { field: "step" },
        },
        KindRule {
            kind: "tool_executing",
            role: Role::BeginsPart(TOOL_CALL),
        },
        KindRule {
            kind: "tool_completed",
            role: Role::EndsPart(TOOL_CALL),
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
