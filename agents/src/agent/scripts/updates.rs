//! Progress updates, which two scripts emit.

use std::time::Duration;

use crate::agent::context::{AgentContext, AgentError};

/// Returns the number of events of a run with that many updates.
pub(super) fn events(updates: u32) -> u64 {
    2 + u64::from(updates)
}

/// Emits the updates, each after a random delay if there is a longest one.
pub(super) async fn emit(
    context: &AgentContext,
    updates: u32,
    longest_delay: Option<Duration>,
) -> Result<(), AgentError> {
    context.started().await?;
    for number in 1..=updates {
        if let Some(longest) = longest_delay {
            context.pause(context.draw_delay(longest)).await;
        }
        context.progress(number).await?;
    }
    context.completed().await
}
