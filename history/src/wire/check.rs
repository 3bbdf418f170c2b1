//! Reading a stream and checking it.

use std::io::{self, BufRead};

use serde_json::Value as Json;

use super::{Findings, LINE_BYTES_MAX, Stop, WireProfile, WireViolation};
use crate::jsonl::{JsonlProblem, Line, Lines};

/// The finding of a profile on one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamFinding {
    /// Messages that were checked. A stream without any is no pass.
    pub messages: u64,
    /// Broken rules in the order of their lines; at most
    /// [`LISTED_MAX`](super::LISTED_MAX).
    pub violations: Vec<WireViolation>,
    /// Broken rules beyond those listed.
    pub unlisted: u64,
    /// The reason for which the rest of the stream was not checked, if it was not.
    pub stop: Option<Stop>,
}

impl StreamFinding {
    /// Returns `true` if the whole stream was checked, has a message, and breaks no rule.
    pub fn is_pass(&self) -> bool {
        self.messages > 0 && self.violations.is_empty() && self.stop.is_none()
    }
}

/// Reads a stream once, line by line, and checks it. Stops at the first line that is no
/// JSON, with the violations up to there.
///
/// # Errors
///
/// Fails if the reader does.
pub fn check_stream(profile: &WireProfile, reader: impl BufRead) -> io::Result<StreamFinding> {
    let mut lines = Lines::new(reader, LINE_BYTES_MAX);
    let mut machine = (profile.machine)();
    let mut findings = Findings::default();
    let mut messages = 0;
    while !findings.has_stopped()
        && let Some(line) = lines.next_line()?
    {
        match line.and_then(message_of) {
            Ok(None) => {}
            Ok(Some((number, message))) => {
                findings.at_line(number);
                messages += 1;
                machine.step(&message, &mut findings);
            }
            Err(problem) => findings.unreadable(problem),
        }
    }
    if messages > 0 && !findings.has_stopped() {
        machine.end(&mut findings);
    }
    let (violations, unlisted, stop) = findings.into_parts();
    Ok(StreamFinding {
        messages,
        violations,
        unlisted,
        stop,
    })
}

/// The mark at the end of some streams of server-sent events; the only data that is no JSON.
pub(super) const DONE: &str = "[DONE]";

/// Returns the message of a line with the line's number; none if the line carries no
/// message.
fn message_of(line: Line<'_>) -> Result<Option<(u64, Json)>, JsonlProblem> {
    let text = line.text.trim_end();
    let Some(data) = data_of(text) else {
        return Ok(None);
    };
    if data == DONE {
        return Ok(Some((line.number, DONE.into())));
    }
    match serde_json::from_str(data) {
        Ok(message) => Ok(Some((line.number, message))),
        Err(error) => Err(JsonlProblem {
            line: line.number,
            column: text.len() - data.len() + error.column().max(1),
            message: complaint(&error, text, line.is_ended),
        }),
    }
}

/// Returns the data of a line: the whole line, or the value of the field `data` of a
/// server-sent event. Other fields, comments and blank lines have none.
fn data_of(line: &str) -> Option<&str> {
    let fields = [":", "event:", "id:", "retry:"];
    if line.trim_start().is_empty() || fields.iter().any(|field| line.starts_with(field)) {
        return None;
    }
    let data = line.strip_prefix("data:").unwrap_or(line);
    Some(data.trim_start())
}

fn complaint(error: &serde_json::Error, text: &str, is_ended: bool) -> String {
    if text.contains('\0') {
        "the line has a byte 0: this is no text".to_owned()
    } else if error.is_eof() && !is_ended {
        "the file is cut off: it ends within a message".to_owned()
    } else if error.is_eof() {
        "the line ends within a message; each message has one line".to_owned()
    } else {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        format!("the line is not JSON: {message}")
    }
}
