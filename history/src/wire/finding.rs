//! The violations that a machine reports.

use super::WireRule;

/// Violations that are listed; the others are only counted.
pub const LISTED_MAX: usize = 100;

/// A broken rule, with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WireViolation {
    /// The rule.
    pub rule: WireRule,
    /// The line with the message, from 1; the last one if a message is missing at the end.
    pub line: u64,
    /// The details of this violation, which add to the rule's meaning: for people, and free to
    /// be improved.
    pub message: String,
}

/// The reason for which the rest of a stream is not checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// A line is no message.
    Unreadable(crate::jsonl::JsonlProblem),
    /// A limit of the checker was reached.
    Limit {
        /// The line that reached it, from 1.
        line: u64,
        /// The limit, in one sentence.
        message: String,
    },
}

/// The violations so far. Lists the first [`LISTED_MAX`] and counts the others.
#[derive(Debug, Default)]
pub struct Findings {
    line: u64,
    listed: Vec<WireViolation>,
    unlisted: u64,
    stop: Option<Stop>,
}

impl Findings {
    /// Moves to the line of the next message.
    pub(super) fn at_line(&mut self, line: u64) {
        self.line = line;
    }

    /// Returns the line of the message that is checked.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Adds a broken rule at the line of the message that is checked. The text is only made
    /// if it will be listed.
    pub(super) fn broken(&mut self, rule: WireRule, message: impl FnOnce() -> String) {
        if self.listed.len() < LISTED_MAX {
            self.listed.push(WireViolation {
                rule,
                line: self.line,
                message: message(),
            });
        } else {
            self.unlisted += 1;
        }
    }

    /// Ends the check at the line of the message that is checked.
    pub(super) fn exhausted(&mut self, message: String) {
        let line = self.line;
        self.stop.get_or_insert(Stop::Limit { line, message });
    }

    /// Ends the check at a line that is no message.
    pub(super) fn unreadable(&mut self, problem: crate::jsonl::JsonlProblem) {
        self.stop.get_or_insert(Stop::Unreadable(problem));
    }

    /// Returns `true` if the rest of the stream is not checked.
    pub(super) fn has_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Returns the listed violations, the number of the others, and the reason to stop.
    pub(super) fn into_parts(self) -> (Vec<WireViolation>, u64, Option<Stop>) {
        (self.listed, self.unlisted, self.stop)
    }
}
