//! The execution engine: runs the tools of an agent, each call between two events.

use std::sync::Arc;

use rehearsal_sim::tokio::time;

use super::super::wire::Content;
use super::agent::Agent;
use super::audit::{Audit, Milestone};
use super::classes::{ToolResult, ToolSpec};
use super::migration::EventRoute;
use crate::event::EventKind;

/// A tool failed, for this reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ToolError(&'static str);

/// The way of tool calls into events.
#[derive(Clone)]
pub(super) struct Notifier(pub(super) EventRoute);

/// The handling of a tool's error between its two events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ErrorReport {
    /// The second event says it.
    Event,
    /// Seeded: the second event is left out.
    None,
}

/// Runs the tools of one agent.
pub(super) struct ExecutionEngine {
    /// The notifier. It is there from the beginning, and needs no WebSocket manager: events
    /// wait in the registry until there is one. None is a seeded bug.
    pub(super) notifier: Option<Notifier>,
    pub(super) error_report: ErrorReport,
    pub(super) audit: Arc<dyn Audit>,
}

impl ExecutionEngine {
    /// Runs one call of a tool.
    ///
    /// # Errors
    ///
    /// If the tool fails.
    pub(super) async fn execute(
        &self,
        agent: &Agent,
        call: u32,
        tool: &'static ToolSpec,
    ) -> Result<(), ToolError> {
        self.notify(agent, EventKind::ToolExecuting, call, tool, None)
            .await;
        let result = run(tool).await;
        if result.is_err() {
            self.audit.reached(Milestone::ToolFailed);
            if self.error_report == ErrorReport::None {
                return result;
            }
        }
        let error = result.err();
        self.notify(agent, EventKind::ToolCompleted, call, tool, error)
            .await;
        result
    }

    async fn notify(
        &self,
        agent: &Agent,
        kind: EventKind,
        call: u32,
        tool: &ToolSpec,
        error: Option<ToolError>,
    ) {
        if let Some(Notifier(route)) = &self.notifier {
            let content = Content {
                call: Some(call),
                tool: Some(tool.name.to_owned()),
                error: error.map(|ToolError(reason)| reason.to_owned()),
            };
            route.emit(agent, kind, content).await;
        }
    }
}

async fn run(tool: &ToolSpec) -> Result<(), ToolError> {
    time::sleep(tool.takes).await;
    match tool.result {
        ToolResult::Success => Ok(()),
        ToolResult::Failure(reason) => Err(ToolError(reason)),
    }
}
