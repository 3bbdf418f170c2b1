//! A supervisor: starts sub-agents, waits for them, reports their ends.
//!
//! Whatever its policy is, every sub-agent that it has started has ended and is reported
//! before the supervisor ends itself. A policy says only whether a failure ends the others
//! early, and whether the supervisor then fails too.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, script};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::agent::defects;
use crate::agent::marks::{FAILURE_TOLERATED, SIBLINGS_CANCELLED};
use crate::agent::subagents::Subagent;
use crate::record::RunEnd;
use crate::spec::{AgentKind, OnFailure};

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "supervisor",
    summary: "starts one sub-agent of each listed kind and waits for all of them",
    parameters: &["children", "on_failure", "tolerated"],
    build: |kind| match kind {
        AgentKind::Supervisor {
            children,
            on_failure,
        } => Some(Arc::new(Supervisor {
            children: children.clone(),
            on_failure: *on_failure,
        })),
        _ => None,
    },
};

#[derive(Debug)]
struct Supervisor {
    children: Vec<AgentKind>,
    on_failure: OnFailure,
}

/// The sub-agents that failed so far.
struct Failures {
    failed: u32,
    tolerated: u32,
}

impl Failures {
    const fn new(tolerated: u32) -> Self {
        let failed = 0;
        Self { failed, tolerated }
    }

    /// Counts the end of a sub-agent.
    fn count(&mut self, end: RunEnd) {
        // One that was cancelled did not fail by itself.
        if !matches!(end, RunEnd::Completed | RunEnd::Cancelled) {
            self.failed += 1;
        }
    }

    fn are_too_many(&self) -> bool {
        self.failed > self.tolerated
    }

    /// Returns the end of the supervisor.
    fn outcome(&self, context: &AgentContext) -> Result<(), AgentError> {
        if self.are_too_many() {
            let (failed, tolerated) = (self.failed, self.tolerated);
            let error = format!("{failed} sub-agents failed, and {tolerated} may");
            return Err(AgentError(error));
        }
        if self.failed > 0 {
            context.environment().recorder.mark(FAILURE_TOLERATED);
        }
        Ok(())
    }
}

impl Supervisor {
    async fn script(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        context.thinking().await?;
        let mut subagents = Vec::new();
        for child in &context.plan().children {
            subagents.push(context.start(child).await?);
        }
        match self.on_failure {
            OnFailure::Ignore => {
                self.wait(context, subagents).await?;
            }
            OnFailure::WaitForAll { tolerated } => {
                let mut failures = Failures::new(tolerated);
                for end in self.wait(context, subagents).await? {
                    failures.count(end);
                }
                failures.outcome(context)?;
            }
            OnFailure::FailFast { tolerated } => {
                fail_fast(context, subagents, Failures::new(tolerated)).await?;
            }
        }
        context.completed().await
    }

    /// Waits for all sub-agents in their order, and reports them. Returns their ends.
    async fn wait(
        &self,
        context: &AgentContext,
        mut subagents: Vec<Subagent>,
    ) -> Result<Vec<RunEnd>, AgentError> {
        let mut ends = Vec::new();
        for subagent in &mut subagents {
            // Seeded: the supervisor reports without waiting.
            if !context.environment().carries(defects::REPORT_BEFORE_JOIN) {
                ends.push(context.join(subagent).await);
            }
            context.report(subagent).await?;
        }
        Ok(ends)
    }
}

/// Waits for sub-agents in the order in which they end, and cancels the rest when too many
/// have failed.
async fn fail_fast(
    context: &AgentContext,
    mut running: Vec<Subagent>,
    mut failures: Failures,
) -> Result<(), AgentError> {
    while let Some((ended, end)) = context.join_any(&mut running).await {
        let were_too_many = failures.are_too_many();
        failures.count(end);
        if failures.are_too_many() && !were_too_many {
            // Seeded: the failure ends the supervisor alone.
            if context
                .environment()
                .carries(defects::SIBLINGS_NOT_CANCELLED)
            {
                context.report(&ended).await?;
                return failures.outcome(context);
            }
            context.environment().recorder.mark(SIBLINGS_CANCELLED);
            running.iter().for_each(|sibling| context.cancel(sibling));
        }
        context.report(&ended).await?;
    }
    failures.outcome(context)
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
