//! A model whose reply cannot be read.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Wrong};

/// The entry of the table.
pub const MODEL_MALFORMED: AnswerKind = AnswerKind::new(&ModelMalformed);

struct ModelMalformed;

impl AnswerFault for ModelMalformed {
    fn name(&self) -> &'static str {
        "model-malformed"
    }

    fn summary(&self) -> &'static str {
        "The body of a model's reply is no JSON."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, _: Duration) -> Wrong {
        Wrong::Altered(|completion, _| {
            let mut body = completion.encode();
            // Without its last brace an object is no JSON.
            body.pop();
            body
        })
    }
}
