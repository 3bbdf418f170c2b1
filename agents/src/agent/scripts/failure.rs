//! A run that fails in one of several ways after `agent_thinking`.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::ScriptInfo;
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::{AgentKind, FailureMode};

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "failure",
    summary: "fails with an error, a hang, or silence",
    parameters: &["mode"],
    build: |kind| match kind {
        AgentKind::Failure { mode } => Some(Arc::new(Failure(*mode))),
        _ => None,
    },
};

#[derive(Debug)]
struct Failure(FailureMode);

impl Failure {
    async fn script(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        context.thinking().await?;
        match self.0 {
            FailureMode::Exception => Err(AgentError("the tool raised an exception".to_owned())),
            FailureMode::Timeout => pending().await,
            FailureMode::SilentDeath => Ok(()),
        }
    }
}

impl Agent for Failure {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        3
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.script(context).boxed()
    }
}
