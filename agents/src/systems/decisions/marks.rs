//! The marks of the decisions.

use crate::goal::Mark;

/// Several choices had the most votes.
pub const TIE: Mark = Mark::new("tie");

/// A veto changed the decision.
pub const VETOED: Mark = Mark::new("vetoed");

/// A choice reached exactly the threshold.
pub const AT_THRESHOLD: Mark = Mark::new("at-threshold");

/// A round was decided without the vote of a member.
pub const VOTER_MISSING: Mark = Mark::new("voter-missing");

/// A missing member changed the decision: were it left out, another one would follow.
pub const MISSING_DECIDES: Mark = Mark::new("missing-decides");

/// A vote came after the decision.
pub const VOTE_TOO_LATE: Mark = Mark::new("vote-too-late");

/// A voter repeated a vote that it had no answer to after a reconnect.
pub const VOTE_REPEATED: Mark = Mark::new("vote-repeated");

/// A round ended without a decision.
pub const UNDECIDED: Mark = Mark::new("undecided");

/// A round was decided by a choice.
pub const DECIDED: Mark = Mark::new("decided");

/// Recommendations had one priority.
pub const NO_CONFLICT: Mark = Mark::new("no-conflict");

/// A recommendation about security was preferred.
pub const SECURITY_FIRST: Mark = Mark::new("security-first");

/// A critical recommendation was preferred.
pub const CRITICAL_FIRST: Mark = Mark::new("critical-first");

/// The mediator picked a recommendation.
pub const MEDIATED: Mark = Mark::new("mediated");

/// The mediator picked nothing.
pub const MEDIATION_FAILED: Mark = Mark::new("mediation-failed");
