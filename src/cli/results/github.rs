//! Annotations on GitHub: workflow commands, which the runner of an action reads from what a
//! step prints, and shows at the file that they name.

use std::borrow::Cow;
use std::fmt::Write;

use super::headline;
use crate::console::print_error;
use crate::environment;
use crate::exit::Exit;
use crate::explore::Exploration;
use crate::scenario::Scenario;

/// Prints the annotation of a scenario that did not pass, if a workflow of GitHub's runs this. It
/// goes to standard error, where the runner reads it too, and leaves lines of JSON alone.
pub(super) fn annotate(scenario: &Scenario, found: &Exploration, exit: Exit) {
    if !environment::is_github_workflow() {
        return;
    }
    if let Some(level) = level(exit) {
        print_error(&annotation(
            level,
            scenario,
            &headline(scenario, found, exit),
        ));
    }
}

/// Returns the level of an annotation; none for a pass.
fn level(exit: Exit) -> Option<&'static str> {
    match exit {
        Exit::Pass => None,
        Exit::Unknown | Exit::NothingSelected => Some("warning"),
        _ => Some("error"),
    }
}

fn annotation(level: &str, scenario: &Scenario, message: &str) -> String {
    format!(
        "::{level} file={},title={}::{}\n",
        property(&scenario.file.display().to_string()),
        property(&format!("rehearsal: {}", scenario.name)),
        data(message)
    )
}

/// Returns a text as the message of a workflow command: nothing in it ends the line, or is taken
/// for an escape.
fn data(text: &str) -> Cow<'_, str> {
    escaped(text, &['%', '\r', '\n'])
}

/// Returns a text as the value of a property of a workflow command.
fn property(text: &str) -> Cow<'_, str> {
    escaped(text, &['%', '\r', '\n', ':', ','])
}

/// Returns a text with those characters, all ASCII, as `%` and two hexadecimal digits.
fn escaped<'a>(text: &'a str, special: &[char]) -> Cow<'a, str> {
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if special.contains(&character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{:02X}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_command_or_begin_another() {
        let hostile = "100%\r\n::set-env name=PATH::/x, a:b";
        assert_eq!(data(hostile), "100%25%0D%0A::set-env name=PATH::/x, a:b");
        assert_eq!(
            property(hostile),
            "100%25%0D%0A%3A%3Aset-env name=PATH%3A%3A/x%2C a%3Ab"
        );
        assert!(matches!(data("plain: text"), Cow::Borrowed(_)));
    }
}
