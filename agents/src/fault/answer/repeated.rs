//! Answers that come twice.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Wrong};

/// The entry of the table for models.
pub const MODEL_REPEATED: AnswerKind = AnswerKind::new(&ModelRepeated);

/// The entry of the table for tools.
pub const TOOL_REPEATED: AnswerKind = AnswerKind::new(&ToolRepeated);

struct ModelRepeated;

impl AnswerFault for ModelRepeated {
    fn name(&self) -> &'static str {
        "model-repeated"
    }

    fn summary(&self) -> &'static str {
        "A model answers the next request of a session with the reply to the one before."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, _: Duration) -> Wrong {
        Wrong::Repeated
    }
}

struct ToolRepeated;

impl AnswerFault for ToolRepeated {
    fn name(&self) -> &'static str {
        "tool-repeated"
    }

    fn summary(&self) -> &'static str {
        "The result of a tool is delivered twice."
    }

    fn call(&self) -> Call {
        Call::Tool
    }

    fn strike(&self, _: Duration) -> Wrong {
        Wrong::Repeated
    }
}
