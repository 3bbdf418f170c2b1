//! Several events at once: neither happens before the other.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, critical::call};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::agent::events::with_tool;
use crate::event::{EventKind, Payload};
use crate::spec::{AgentKind, Opening};

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "burst",
    summary: "several events at once: one thought and three tool calls",
    parameters: &["opening"],
    build: |kind| match kind {
        AgentKind::Burst { opening } => Some(Arc::new(Burst { opening: *opening })),
        _ => None,
    },
};

#[derive(Debug)]
struct Burst {
    opening: Opening,
}

impl Burst {
    async fn script(&self, context: &AgentContext) -> Result<(), AgentError> {
        let tools = |kind| (0..3).map(move |number| (kind, with_tool(call(number, "lookup"))));
        let thinking = (EventKind::AgentThinking, Payload::default());
        let first = std::iter::once(thinking).chain(tools(EventKind::ToolExecuting));
        match self.opening {
            Opening::First => {
                context.started().await?;
                context.emit_at_once(first).await?;
            }
            Opening::Gathered => {
                let started = (EventKind::AgentStarted, Payload::default());
                let all = std::iter::once(started).chain(first);
                context.emit_at_once(all).await?;
            }
        }
        context
            .emit_at_once(tools(EventKind::ToolCompleted))
            .await?;
        context.completed().await
    }
}

impl Agent for Burst {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        9
    }

    fn shows_all_critical_events(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.script(context).boxed()
    }
}
