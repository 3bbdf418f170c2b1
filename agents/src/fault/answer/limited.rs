//! A model that refuses calls because there were too many (429), with and without a
//! `Retry-After`.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Refusal, Wrong};

/// The entry of the table for a refusal that names the time.
pub const MODEL_LIMITED: AnswerKind = AnswerKind::new(&ModelLimited);

/// The entry of the table for one that does not.
pub const MODEL_LIMITED_SILENT: AnswerKind = AnswerKind::new(&ModelLimitedSilent);

/// The HTTP status.
const TOO_MANY_REQUESTS: u16 = 429;

struct ModelLimited;

impl AnswerFault for ModelLimited {
    fn name(&self) -> &'static str {
        "model-limited"
    }

    fn summary(&self) -> &'static str {
        "A model answers 429 with `Retry-After`, for as long as a fault lasts."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, lasting: Duration) -> Wrong {
        limited(lasting, true)
    }
}

struct ModelLimitedSilent;

impl AnswerFault for ModelLimitedSilent {
    fn name(&self) -> &'static str {
        "model-limited-silent"
    }

    fn summary(&self) -> &'static str {
        "A model answers 429 without `Retry-After`, for as long as a fault lasts."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, lasting: Duration) -> Wrong {
        limited(lasting, false)
    }
}

fn limited(lasting: Duration, names_pause: bool) -> Wrong {
    Wrong::Refused(Refusal {
        status: TOO_MANY_REQUESTS,
        lasting,
        names_pause,
    })
}
