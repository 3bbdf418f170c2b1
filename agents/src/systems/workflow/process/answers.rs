//! Answers of supervisors, as far as they have a meaning.

use serde_json::Value;

/// Returns a text of an answer.
pub(super) fn text<'a>(answer: &'a Value, field: &str) -> Option<&'a str> {
    answer.get(field)?.as_str()
}

/// Returns a flag of an answer.
pub(super) fn flag(answer: &Value, field: &str) -> Option<bool> {
    answer.get(field)?.as_bool()
}

/// Returns a number of an answer.
pub(super) fn number(answer: &Value, field: &str) -> Option<i64> {
    answer.get(field)?.as_i64()
}
