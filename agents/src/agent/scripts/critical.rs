//! The five critical events, which several scripts emit.

use std::time::Duration;

use crate::agent::context::{AgentContext, AgentError};
use crate::event::ToolCall;

/// The number of critical events.
pub(super) const EVENTS: u64 = 5;

pub(super) fn call(call: u32, name: &str) -> ToolCall {
    ToolCall {
        call,
        name: name.to_owned(),
    }
}

/// Emits the five critical events; the tool takes `work`.
pub(super) async fn emit(
    context: &AgentContext,
    tool: &str,
    work: Duration,
) -> Result<(), AgentError> {
    emit_with_pauses(context, tool, [Duration::ZERO, Duration::ZERO, work]).await
}

/// Emits the five critical events, with pauses after the first three.
pub(super) async fn emit_with_pauses(
    context: &AgentContext,
    tool: &str,
    [start, thought, work]: [Duration; 3],
) -> Result<(), AgentError> {
    context.started().await?;
    context.pause(start).await;
    context.thinking().await?;
    context.pause(thought).await;
    context.tool_executing(call(0, tool)).await?;
    context.pause(work).await;
    context.tool_completed(call(0, tool)).await?;
    context.completed().await
}
