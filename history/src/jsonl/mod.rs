//! Histories as JSON Lines: one entry a line, to be read and written by programs in any
//! language.
//!
//! ```json
//! {"kind":"profile","name":"agent-events"}
//! {"at":0,"actor":"alice","kind":"subscribed","channel":"orders","tenant":"acme"}
//! {"at":10,"kind":"began","span":"run-1","label":"data-1","owner":"acme","channel":"orders"}
//! {"at":20,"actor":"data-1","kind":"sent","message":"m1","tenant":"acme","channel":"orders","stream":"run-1","span":"run-1","body":{"kind":"agent_started","fields":{"secret":{"secret":"c4n4ry"}}}}
//! {"at":30,"kind":"accepted","message":"m1","channel":"orders","offset":1,"seq":1}
//! {"at":40,"actor":"alice","kind":"received","message":"m1","offset":1,"seq":1}
//! {"at":50,"actor":"data-1","kind":"invoked","operation":1,"object":"total","call":{"kind":"add","fields":{"amount":3,"of":{"message":"m1"}}}}
//! {"at":60,"actor":"data-1","kind":"returned","operation":1,"value":{"kind":"ok"}}
//! {"at":70,"kind":"ended","span":"run-1","end":"failed"}
//! {"at":80,"actor":"alice","kind":"drained"}
//! ```
//!
//! - `at` is a time in microseconds that never goes back; every line but `profile` has one.
//! - Ids are texts, or whole numbers below 2^63. Texts are numbered in the order of their
//!   first appearance, and printed as they are.
//! - A body has a `kind` and `fields`: whole numbers, booleans, texts, lists, secrets as
//!   `{"secret": "…"}` and entities as `{"message": "m1"}`. The order of fields is not kept.
//! - `received` may leave out the sender's `tenant`, `channel`, `stream`, `span`, `parent`,
//!   `sender`, `sent_ms` and `body`: they are then as sent.
//! - `sent` may leave out `sender`: it is then the `label` of its span.
//! - `epoch` is 1 where it is left out.
//! - `accepted` and `received` may leave out `offset` and `seq`, where the system says none;
//!   `accepted` needs a `channel` only for an `offset`.
//! - `subscribed` may say `"since": "now"`: messages that were sent before are not owed.
//! - `missed` has a `channel` and a `count`, where a system says how many messages are
//!   missing and not which.
//!
//! The kinds of lines are those of [`EntryKind`](crate::EntryKind), with the same fields.

mod decode;
mod lines;
mod read;
mod write;

use std::fmt;
use std::io::{self, BufRead};

use rehearsal_sim::{Statistics, Verdict};

use crate::facets::CheckedRun;
use crate::facets::gaps::GapPolicy;
use crate::history::History;
use crate::oracle::{Finding, NoLoss, Oracle, OracleRef, Settings};

pub(crate) use lines::{Line, Lines};
pub use read::read_jsonl;
pub use write::write_jsonl;

/// The bytes that a line may have.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// The problems that are listed before reading stops.
pub const PROBLEMS_MAX: usize = 100;

/// The depth to which lists may be nested.
pub const NESTING_MAX: usize = 32;

/// A problem of one line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct JsonlProblem {
    /// The line, from 1.
    pub line: u64,
    /// The byte in the line, from 1.
    pub column: usize,
    /// The contradiction.
    pub message: String,
}

impl fmt::Display for JsonlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column, message) = (self.line, self.column, &self.message);
        write!(f, "line {line}, column {column}: {message}")
    }
}

/// The reasons for which a history cannot be read.
#[derive(Debug)]
pub enum JsonlError {
    /// The lines could not be read.
    Io(io::Error),
    /// Lines are wrong: at least one problem, at most [`PROBLEMS_MAX`].
    Problems(Vec<JsonlProblem>),
}

impl fmt::Display for JsonlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the history cannot be read: {error}"),
            Self::Problems(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for JsonlError {}

impl From<io::Error> for JsonlError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a history once, line by line, and judges it by each of the oracles, in their
/// order. The run counts as one that came to its own end. The engine saw nothing of it, so
/// that oracles about tasks and locks have nothing to check.
///
/// # Errors
///
/// Fails if the lines cannot be read or are wrong.
pub fn judge_jsonl(
    reader: impl BufRead,
    oracles: &[(OracleRef, Settings)],
) -> Result<Vec<(OracleRef, Finding)>, JsonlError> {
    let history = read_jsonl(reader)?;
    Ok(judge_history(&history, oracles))
}

/// Judges a history that no engine watched, as [`judge_jsonl`] does.
pub fn judge_history(
    history: &History,
    oracles: &[(OracleRef, Settings)],
) -> Vec<(OracleRef, Finding)> {
    let gaps = oracles
        .iter()
        .find(|(oracle, _)| oracle.name() == NoLoss.name())
        .map(|(_, settings)| GapPolicy::of(settings))
        .unwrap_or_default();
    let statistics = Statistics::default();
    let run = CheckedRun::new(history, &Verdict::Pass, &statistics).with_gaps(gaps);
    oracles
        .iter()
        .map(|(oracle, settings)| (*oracle, oracle.judge(&run, settings)))
        .collect()
}

#[cfg(test)]
mod tests;
