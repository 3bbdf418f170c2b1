//! Scribes: they hold a conversation with a model, which uses a tool for each message.

use std::sync::Arc;

use super::super::memory::Item;
use super::super::wire::Task;
use super::Failure;
use super::handling::Handling;

/// The type of scribes.
pub(in super::super) const TYPE: &str = "scribe";

/// The tokens of a message or a result.
const TOKENS: u32 = 10;

/// Adds the message, uses the tool that the model calls, and shows the result to the model.
/// Other messages to the same scribe come in between.
pub(super) async fn handle(handling: Arc<Handling>) -> Result<(), Failure> {
    let Task::Converse { tool } = handling.message.task else {
        return Err(format!("{} only converses", handling.id()));
    };
    let message = Item::Message { tokens: TOKENS };
    let call = handling.state.with_context(|context| {
        context.conversation.add(message);
        context.calls += 1;
        let call = context.calls;
        context.conversation.add(Item::ToolCall { call });
        call
    });
    handling.use_tool(1, tool).await?;
    let result = Item::ToolResult {
        call,
        tokens: TOKENS,
    };
    let shown = handling.state.with_context(|context| {
        context.conversation.add(result);
        let shown = context.conversation.show();
        context.conversation.add(message);
        shown
    });
    let checked = match shown.contains(&result) {
        true => Ok(()),
        false => Err(format!("the model is not shown the result of call {call}")),
    };
    handling.check("a pending tool result is shown to the model", checked);
    handling.check("each tool result comes with its call", paired(&shown));
    Ok(())
}

fn paired(shown: &[Item]) -> Result<(), String> {
    let calls = shown.iter().filter_map(|item| match item {
        Item::ToolResult { call, .. } => Some(*call),
        _ => None,
    });
    let mut calls = calls.filter(|call| !shown.contains(&Item::ToolCall { call: *call }));
    match calls.next() {
        None => Ok(()),
        Some(call) => Err(format!("the model is shown a result of call {call} alone")),
    }
}
