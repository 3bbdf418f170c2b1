//! A model that is overloaded (503).

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Refusal, Wrong};

/// The entry of the table.
pub const MODEL_UNAVAILABLE: AnswerKind = AnswerKind::new(&ModelUnavailable);

/// The HTTP status.
const SERVICE_UNAVAILABLE: u16 = 503;

struct ModelUnavailable;

impl AnswerFault for ModelUnavailable {
    fn name(&self) -> &'static str {
        "model-unavailable"
    }

    fn summary(&self) -> &'static str {
        "A model answers 503, for as long as a fault lasts."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, lasting: Duration) -> Wrong {
        Wrong::Refused(Refusal {
            status: SERVICE_UNAVAILABLE,
            lasting,
            names_pause: false,
        })
    }
}
