//! The five critical events, which several scripts emit.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::event::ToolCall;

/// The number of critical events.
pub(super) const EVENTS: u64 = 5;

/// An agent that emits the five critical events once and nothing else.
#[derive(Debug)]
pub(super) struct Critical {
    pub(super) name: &'static str,
    pub(super) tool: &'static str,
    /// Pauses after the first three events.
    pub(super) pauses: [Duration; 3],
}

impl Agent for Critical {
    fn name(&self) -> &'static str {
        self.name
    }

    fn planned_events(&self) -> u64 {
        EVENTS
    }

    fn shows_all_critical_events(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        emit(context, self.tool, self.pauses).boxed()
    }
}

pub(super) fn call(call: u32, name: &str) -> ToolCall {
    ToolCall {
        call,
        name: name.to_owned(),
    }
}

/// Emits the five critical events, with pauses after the first three.
pub(super) async fn emit(
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
