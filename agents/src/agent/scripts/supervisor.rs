//! A supervisor: starts sub-agents, waits for them, reports their ends.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, script};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::agent::defects;
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "supervisor",
    summary: "starts one sub-agent of each listed kind and waits for all of them",
    parameters: &["children"],
    build: |kind| match kind {
        AgentKind::Supervisor { children } => Some(Arc::new(Supervisor {
            children: children.clone(),
        })),
        _ => None,
    },
};

#[derive(Debug)]
struct Supervisor {
    children: Vec<AgentKind>,
}

impl Supervisor {
    async fn script(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        context.thinking().await?;
        let mut subagents = Vec::new();
        for child in &context.plan().children {
            subagents.push(context.start(child).await?);
        }
        for subagent in &mut subagents {
            // Seeded: the supervisor reports without waiting.
            if !context.environment().carries(defects::REPORT_BEFORE_JOIN) {
                context.join(subagent).await;
            }
            context.report(subagent).await?;
        }
        context.completed().await
    }
}

impl Agent for Supervisor {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        3 + 2 * self.children.len() as u64
    }

    fn children(&self) -> Vec<Arc<dyn Agent>> {
        self.children.iter().map(script).collect()
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.script(context).boxed()
    }
}
