//! Words of letters over a stream, and the regular expressions that they match.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value as Json;

thread_local! {
    static PATTERNS: RefCell<BTreeMap<&'static str, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

/// Returns `true` if the whole word matches.
pub(super) fn matches(pattern: &'static str, word: &str) -> bool {
    PATTERNS.with_borrow_mut(|patterns| {
        let compiled = patterns.entry(pattern).or_insert_with(|| {
            Regex::new(&format!("^(?:{pattern})$")).expect("a regular expression")
        });
        compiled.is_match(word)
    })
}

/// Returns the letters of the messages that have one.
pub(super) fn word(stream: &[Json], letter: impl Fn(&Json) -> Option<char>) -> String {
    stream.iter().filter_map(letter).collect()
}

/// Returns the different values at a path, in order.
pub(super) fn values(stream: &[Json], path: &str) -> Vec<Json> {
    let mut found: Vec<Json> = Vec::new();
    for value in stream.iter().filter_map(|message| message.pointer(path)) {
        if !found.contains(value) {
            found.push(value.clone());
        }
    }
    found
}

/// Returns `true` if the value at a path is a text.
pub(super) fn is_text(message: &Json, path: &str) -> bool {
    message.pointer(path).is_some_and(Json::is_string)
}

/// Returns `true` if the value at a path is a text or a whole number.
pub(super) fn is_id(message: &Json, path: &str) -> bool {
    let value = message.pointer(path);
    value.is_some_and(|value| value.is_string() || value.is_i64() || value.is_u64())
}
