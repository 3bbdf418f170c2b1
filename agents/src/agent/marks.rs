//! The marks of what happens to agents.

use crate::goal::Mark;

/// All agents of a party left their barrier in the same instant.
pub const BARRIER_RELEASED: Mark = Mark::new("barrier-released");

/// A supervisor cancelled sub-agents because others had failed.
pub const SIBLINGS_CANCELLED: Mark = Mark::new("siblings-cancelled");

/// A supervisor completed although sub-agents had failed, because it tolerates that many.
pub const FAILURE_TOLERATED: Mark = Mark::new("failure-tolerated");

/// A run was cancelled at its deadline.
pub const DEADLINE_FIRED: Mark = Mark::new("deadline-fired");

/// The death of an agent that had gone silent was reported.
pub const DEATH_NOTICED: Mark = Mark::new("death-noticed");
