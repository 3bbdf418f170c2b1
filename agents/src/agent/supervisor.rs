//! The supervisor: starts sub-agents, waits for them, reports their ends.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::context::AgentContext;
use super::{Agent, AgentError};
use crate::spec::Defect;

pub(super) struct Supervisor;

impl Supervisor {
    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        context.thinking().await?;
        let mut subagents = Vec::new();
        for child in &context.plan().children {
            subagents.push(context.start(child).await?);
        }
        for subagent in &mut subagents {
            // Seeded: a sub-agent that was started will have ended.
            if !context.crew().has(Defect::ReportBeforeJoin) {
                context.join(subagent).await;
            }
            context.report(subagent).await?;
        }
        context.completed().await
    }
}

impl Agent for Supervisor {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}
