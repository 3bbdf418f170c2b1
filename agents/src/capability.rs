//! Capabilities that a user's implementation of a system may lack.

use std::fmt;

/// A part of a system's contract that an implementation may leave out. Checks that
/// need it are then skipped, and counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Capability {
    /// Clients within the process, without sockets (`Bridge::connect`).
    InProcess,
    /// Clients on hosts of their own, over WebSocket (`Bridge::serve`).
    WebSocket,
    /// A client that comes back names the last position it saw, and is sent what
    /// followed.
    Resume,
    /// After a crash of its host the system continues from its journal
    /// (`BridgeDeps::journal`): in a new epoch, each run with its next number.
    Recovery,
    /// It keeps no more events of a thread than `BridgeSettings::buffer`
    /// says, and marks what it dropped unseen with a gap. A system that drops nothing
    /// has nothing to mark.
    Gaps,
    /// A snapshot of its registrations and connections (`Bridge::snapshot`).
    Snapshot,
    /// It shows its registry to `BridgeDeps::observer` after every change.
    RegistryEvents,
    /// It forgets runs that are idle for too long, and reports so to
    /// `BridgeDeps::observer`.
    Sweep,
    /// Its tasks wait for each other's locks, those of [`rehearsal_sim::tokio::sync`].
    /// A system that is one actor has none, and no task waits for a lock that is never
    /// held across an `await`.
    Locks,
}

impl Capability {
    /// Every capability with its name in messages.
    pub const ALL: [(&'static str, Capability); 9] = [
        ("in-process", Capability::InProcess),
        ("websocket", Capability::WebSocket),
        ("resume", Capability::Resume),
        ("recovery", Capability::Recovery),
        ("gaps", Capability::Gaps),
        ("snapshot", Capability::Snapshot),
        ("registry-events", Capability::RegistryEvents),
        ("sweep", Capability::Sweep),
        ("locks", Capability::Locks),
    ];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, capability)| *capability == self)
            .map_or("unnamed", |(name, _)| name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_a_name() {
        for (name, capability) in Capability::ALL {
            assert_eq!(capability.to_string(), name);
        }
    }
}
