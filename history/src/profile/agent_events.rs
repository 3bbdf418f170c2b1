//! The events of an agent's run: start, thinking, tool calls, sub-agents, progress,
//! and one terminal event.

use super::{KindRule, Part, Profile, Role};
use crate::entry::SpanEnd;

const TOOL_CALL: Part = Part {
    name: "tool call",
    field: "call",
};

const fn rule(kind: &'static str, role: Role) -> KindRule {
    KindRule { kind, role }
}

/// The events of an agent's run.
pub static AGENT_EVENTS: Profile = Profile {
    name: "agent-events",
    kinds: &[
        rule("agent_started", Role::Opening),
        rule("agent_thinking", Role::Plain),
        rule("tool_executing", Role::BeginsPart(TOOL_CALL)),
        rule("tool_completed", Role::EndsPart(TOOL_CALL)),
        rule("progress", Role::Increases { field: "progress" }),
        rule("subagent_started", Role::BeginsChild { field: "subagent" }),
        rule("subagent_completed", Role::EndsChild { field: "subagent" }),
        rule(
            "agent_completed",
            Role::Terminal {
                ends: &[SpanEnd::Completed],
                explained_by: None,
            },
        ),
        rule(
            "agent_error",
            Role::Terminal {
                ends: &[SpanEnd::Failed, SpanEnd::TimedOut, SpanEnd::Cancelled],
                explained_by: Some("error"),
            },
        ),
        rule(
            "agent_death",
            Role::Terminal {
                ends: &[SpanEnd::DiedSilently, SpanEnd::HostDied],
                explained_by: None,
            },
        ),
    ],
};
