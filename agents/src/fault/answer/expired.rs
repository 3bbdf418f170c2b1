//! A token that expires at a call.

use std::time::Duration;

use super::{AnswerFault, AnswerKind, Call, Wrong};

/// The entry of the table.
pub const TOKEN_EXPIRED: AnswerKind = AnswerKind::new(&TokenExpired);

struct TokenExpired;

impl AnswerFault for TokenExpired {
    fn name(&self) -> &'static str {
        "token-expired"
    }

    fn summary(&self) -> &'static str {
        "The token of a caller expires at its call of a model, which answers 401 until the caller \
         has another one."
    }

    fn call(&self) -> Call {
        Call::Model
    }

    fn strike(&self, _: Duration) -> Wrong {
        Wrong::Expired
    }
}
