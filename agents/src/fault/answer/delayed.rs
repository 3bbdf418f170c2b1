//! A model whose reply comes late.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Wrong};

/// The entry of the table.
pub const MODEL_DELAYED: AnswerKind = AnswerKind::new(&ModelDelayed);

struct ModelDelayed;

impl AnswerFault for ModelDelayed {
    fn name(&self) -> &'static str {
        "model-delayed"
    }

    fn summary(&self) -> &'static str {
        "The reply of a model comes later, by the time that a fault lasts."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, lasting: Duration) -> Wrong {
        Wrong::Late(lasting)
    }
}
