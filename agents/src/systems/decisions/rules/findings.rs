//! The vote that follows from the findings of a review.

use super::Choice;

/// The findings of one reviewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Findings {
    /// The number of critical findings.
    pub(in super::super) critical: u32,
    /// The number of findings of high severity.
    pub(in super::super) high: u32,
}

impl Findings {
    /// Returns the reviewer's vote.
    pub(in super::super) fn vote(self) -> Choice {
        match self {
            Self { critical: 1.., .. } => Choice::Reject,
            Self { high: 1.., .. } => Choice::RequestChanges,
            Self { .. } => Choice::Approve,
        }
    }
}
