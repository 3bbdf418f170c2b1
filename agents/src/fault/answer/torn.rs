//! A write that ends halfway.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Wrong};

/// The entry of the table.
pub const TORN_WRITE: AnswerKind = AnswerKind::new(&TornWrite);

struct TornWrite;

impl AnswerFault for TornWrite {
    fn name(&self) -> &'static str {
        "torn-write"
    }

    fn summary(&self) -> &'static str {
        "The host crashes in the middle of a write, and a part of the record is on its disk."
    }

    fn call(&self) -> Call {
        Call::Write
    }

    fn strike(&self, _: Duration) -> Wrong {
        Wrong::Torn
    }
}
