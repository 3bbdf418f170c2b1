//! The six aspects of a run that a report accounts for, whatever its oracles are called.

use std::fmt;

/// An aspect of a run. Oracles name those that they validate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Validation {
    /// The share of work that was completed.
    SuccessRate,
    /// The messages that there are, each once and no other.
    EventCount,
    /// The order of messages, and the times that things took.
    Timing,
    /// The state of the system.
    StateConsistency,
    /// The resources that are left when the work is done.
    ResourceCleanup,
    /// The load that the system carried, and its queues.
    Performance,
}

impl Validation {
    /// Every validation.
    pub const ALL: [Self; 6] = [
        Self::SuccessRate,
        Self::EventCount,
        Self::Timing,
        Self::StateConsistency,
        Self::ResourceCleanup,
        Self::Performance,
    ];

    /// Returns its name, for example `success-rate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SuccessRate => "success-rate",
            Self::EventCount => "event-count",
            Self::Timing => "timing",
            Self::StateConsistency => "state-consistency",
            Self::ResourceCleanup => "resource-cleanup",
            Self::Performance => "performance",
        }
    }
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
