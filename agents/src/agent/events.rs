//! The events of the vocabulary, one method each.

use rehearsal_sim::tokio::spawn;

use super::context::{AgentContext, AgentError};
use super::defects;
use crate::event::{EventKind, Payload, ToolCall};

impl AgentContext {
    /// Emits `agent_started`.
    ///
    /// # Errors
    ///
    /// If the system rejects it, as for the other events below.
    pub async fn started(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentStarted, Payload::default()).await
    }

    /// Emits `agent_thinking`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn thinking(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentThinking, Payload::default())
            .await
    }

    /// Emits `tool_executing`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn tool_executing(&self, tool: ToolCall) -> Result<(), AgentError> {
        self.emit(EventKind::ToolExecuting, with_tool(tool)).await
    }

    /// Emits `tool_completed`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn tool_completed(&self, tool: ToolCall) -> Result<(), AgentError> {
        // Seeded: the event is sent by a task that is not awaited.
        if self.environment().carries(defects::UNAWAITED_TOOL_EVENT) {
            let context = self.clone();
            spawn(async move {
                context
                    .emit(EventKind::ToolCompleted, with_tool(tool))
                    .await
            });
            return Ok(());
        }
        self.emit(EventKind::ToolCompleted, with_tool(tool)).await
    }

    /// Emits `progress`: a percentage, or the number of the update.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn progress(&self, progress: u32) -> Result<(), AgentError> {
        let payload = Payload {
            progress: Some(progress),
            ..Payload::default()
        };
        self.emit(EventKind::Progress, payload).await
    }

    /// Emits `agent_completed`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn completed(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentCompleted, Payload::default())
            .await
    }

    pub(super) async fn failed(&self, error: &str) -> Result<(), AgentError> {
        let payload = Payload {
            error: Some(error.to_owned()),
            ..Payload::default()
        };
        self.emit(EventKind::AgentError, payload).await
    }

    pub(super) async fn died(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentDeath, Payload::default()).await
    }
}

pub(super) fn with_tool(tool: ToolCall) -> Payload {
    Payload {
        tool: Some(tool),
        ..Payload::default()
    }
}
