//! Messages beside a result: on standard error, with colours if that is a terminal.

use std::io::Write;

/// Prints to standard error; a failure to print has no further place to go.
pub(crate) fn print_error(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Returns a text without colours.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
