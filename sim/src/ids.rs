//! The ids of a run's tasks, hosts and resources.

use std::fmt;

use crate::index_vec::Id;

/// A task of a run; numbered from 0 (the program itself) in order of spawning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(pub(crate) u32);

impl TaskId {
    /// The program itself.
    pub const PROGRAM: Self = Self(0);

    /// Returns the number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

/// A simulated machine; number 0 is the world itself, on which the program runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostId(pub(crate) u32);

impl HostId {
    /// The host of the program itself.
    pub const WORLD: Self = Self(0);

    /// Returns the number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}", self.0)
    }
}

/// Something that tasks contend for, numbered in order of first use in its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceId(pub(crate) u32);

impl ResourceId {
    /// Returns the number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl Id for TaskId {
    fn from_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Id for HostId {
    fn from_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Id for ResourceId {
    fn from_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    fn index(self) -> usize {
        self.0 as usize
    }
}
