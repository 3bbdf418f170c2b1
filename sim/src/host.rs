//! Hosts: where tasks run and sockets live.

use std::fmt;

/// A simulated machine; number 0 is the world itself, on which the program runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostId(pub(crate) u32);

impl HostId {
    /// The host of the program itself.
    pub const WORLD: Self = Self(0);

    /// The number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}", self.0)
    }
}

/// Whether a host runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostState {
    /// It runs.
    Up,
    /// It stands still: its tasks do not run, its kernel still answers.
    Paused,
    /// It is down: its tasks are gone and packets to it go nowhere.
    Down,
}
