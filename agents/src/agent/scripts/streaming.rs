//! Five progress updates, 20 % to 100 %, 20 ms apart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::ScriptInfo;
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "streaming",
    summary: "five progress updates, 20 ms apart",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Streaming => Some(Arc::new(Streaming)),
        _ => None,
    },
};

#[derive(Debug)]
struct Streaming;

impl Streaming {
    async fn script(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        for fifth in 1..=5 {
            if fifth > 1 {
                context.pause(Duration::from_millis(20)).await;
            }
            context.progress(fifth * 20).await?;
        }
        context.completed().await
    }
}

impl Agent for Streaming {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        7
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.script(context).boxed()
    }
}
