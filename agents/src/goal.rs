//! Goals: what a run may be required to reach.

use std::fmt;

use crate::capability::Capability;
use crate::fault::Fault;

/// The start of the names of goals about faults.
const FAULT: &str = "fault:";

/// The name of the goal that a task waits for a lock.
const LOCK_CONTENDED: &str = "lock-contended";

/// A moment that the history of a run can mark. Each part declares its own beside the
/// code that records them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark {
    name: &'static str,
    needs: Option<Capability>,
}

impl Mark {
    /// A mark with its name in scenario files, for example `gap-marked`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, needs: None }
    }

    /// The same mark, which a run reaches only if the system has the capability.
    #[must_use]
    pub const fn needing(self, capability: Capability) -> Self {
        Self {
            name: self.name,
            needs: Some(capability),
        }
    }

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// A goal: something that must have happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Goal {
    /// This fault struck while work was under way.
    Fault(Fault),
    /// The history marks this.
    Mark(Mark),
    /// A task had to wait for a lock.
    LockContended,
}

impl Goal {
    /// Returns every goal with each of its names, those about faults last: faults have a
    /// name by role, and some an older one too.
    pub fn named(
        marks: &[Mark],
        faults: impl Iterator<Item = (String, Fault)>,
    ) -> Vec<(String, Self)> {
        let plain = marks.iter().map(|mark| Self::Mark(*mark));
        let plain = plain.chain([Self::LockContended]);
        let faults = faults.map(|(name, fault)| (format!("{FAULT}{name}"), Self::Fault(fault)));
        plain
            .map(|goal| (goal.name(), goal))
            .chain(faults)
            .collect()
    }

    /// Returns the name in scenario files, for example `gap-marked` or `fault:partition`.
    pub fn name(self) -> String {
        match self {
            Self::Mark(mark) => mark.name.to_owned(),
            Self::LockContended => LOCK_CONTENDED.to_owned(),
            Self::Fault(fault) => format!("{FAULT}{}", fault.name()),
        }
    }

    /// Returns the capability without which no run can reach the goal. A fault's are
    /// those of the scenario that has it.
    pub fn needs(self) -> Option<Capability> {
        match self {
            Self::Mark(mark) => mark.needs,
            Self::LockContended => Some(Capability::Locks),
            Self::Fault(_) => None,
        }
    }
}

impl From<Mark> for Goal {
    fn from(mark: Mark) -> Self {
        Self::Mark(mark)
    }
}

impl From<Fault> for Goal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
