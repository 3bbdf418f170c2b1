//! What is told beside a result: on standard error, with colours if that is a terminal.

use std::io::Write;

/// Prints to standard error, where a failure to print can no longer be told.
pub(crate) fn complain(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// A text without colours, for where somebody else shows it.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
