//! An agent of a user's own: it reviews a change with one tool.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal::agents::agent::{Agent, AgentContext, AgentError};
use rehearsal::agents::event::ToolCall;

/// The flaw that a reviewer may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Haste {
    /// None.
    None,
    /// It reports the result of its tool before it has called it.
    ResultFirst,
}

/// Reviews a change.
#[derive(Debug)]
pub(crate) struct Reviewer(pub(crate) Haste);

impl Reviewer {
    async fn review(&self, context: &AgentContext) -> Result<(), AgentError> {
        let tool = ToolCall {
            call: 0,
            name: "linter".to_owned(),
        };
        context.started().await?;
        context.thinking().await?;
        if self.0 == Haste::ResultFirst {
            context.tool_completed(tool.clone()).await?;
            context.tool_executing(tool).await?;
        } else {
            context.tool_executing(tool.clone()).await?;
            context.pause(Duration::from_millis(7)).await;
            context.tool_completed(tool).await?;
        }
        context.completed().await
    }
}

impl Agent for Reviewer {
    fn name(&self) -> &'static str {
        "reviewer"
    }

    fn planned_events(&self) -> u64 {
        5
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.review(context).boxed()
    }
}
