//! A model whose reply breaks off.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Completion, Draw, FinishReason, Wrong};

/// The entry of the table.
pub const MODEL_TRUNCATED: AnswerKind = AnswerKind::new(&ModelTruncated);

struct ModelTruncated;

impl AnswerFault for ModelTruncated {
    fn name(&self) -> &'static str {
        "model-truncated"
    }

    fn summary(&self) -> &'static str {
        "The text of a model's reply breaks off at a place that is drawn, for the reason `length`."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, _: Duration) -> Wrong {
        Wrong::Altered(truncated)
    }
}

fn truncated(completion: &Completion, draw: Draw<'_>) -> String {
    let length = completion.content.chars().count();
    let bound = u32::try_from(length).expect("a text is shorter than 2^32 characters");
    let kept = draw(bound.max(1)) as usize;
    let cut = Completion {
        content: completion.content.chars().take(kept).collect(),
        finish_reason: FinishReason::Length,
        ..completion.clone()
    };
    cut.encode()
}
