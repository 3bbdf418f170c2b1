//! Operators: they use tools, one call after the other.

use std::sync::Arc;

use super::super::wire::Task;
use super::Failure;
use super::handling::Handling;

/// The type of operators.
pub(in super::super) const TYPE: &str = "operator";

/// Calls a tool as often as the task says. Each call is reported when it begins and when it
/// is complete.
pub(super) async fn handle(handling: Arc<Handling>) -> Result<(), Failure> {
    let Task::UseTools { calls, tool } = handling.message.task else {
        return Err(format!("{} only uses tools", handling.id()));
    };
    for call in 1..=calls {
        handling.tool_executing(call);
        handling.use_tool(call, tool).await?;
        handling.tool_completed(call);
    }
    Ok(())
}
