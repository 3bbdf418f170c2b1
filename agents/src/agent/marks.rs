//! The marks of what happens to agents.

use crate::goal::Mark;

/// All agents of a party left their barrier in the same instant.
pub const BARRIER_RELEASED: Mark = Mark::new("barrier-released");

/// A run was cancelled at its deadline.
pub const DEADLINE_FIRED: Mark = Mark::new("deadline-fired");

/// The death of an agent that had gone silent was reported.
pub const DEATH_NOTICED: Mark = Mark::new("death-noticed");
