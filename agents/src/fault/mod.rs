//! Faults by role: an action, and the role, the link or the calls that it strikes.
//!
//! Faults of hosts and links are few and the driver's own; those of the answers to calls of
//! models and tools are an open set, in [`answer`].

pub mod answer;

use std::cmp::Ordering;
use std::fmt;

use self::answer::AnswerKind;

/// The name of a role: every host of a system has one.
pub type RoleName = &'static str;

/// An action on one host of a role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeAction {
    /// A client drops its connection and comes back.
    Reconnect,
    /// The host dies silently and starts again.
    Crash,
    /// The host stands still, as in a long garbage collection.
    Pause,
    /// The wall clock of the host is ahead or behind, by as much as a fault lasts.
    Skew,
}

/// An action on the link between one host of one role and one of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkAction {
    /// The network resets the connections.
    Reset,
    /// No packets either way.
    Partition,
    /// No packets from the first role to the second.
    PartitionOneWay,
    /// Packets either way are held, then released.
    Hold,
    /// The host of the first role forgets its connections, and that of the second learns of it
    /// only when it writes.
    HalfOpen,
    /// Connections from the first role to the second are refused.
    Refuse,
    /// Connections from the first role to the second are not answered.
    Hang,
}

/// The part of a system that a fault strikes, with the action on it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FaultTarget {
    /// One host of a role.
    Node {
        /// The action.
        action: NodeAction,
        /// The role.
        role: RoleName,
    },
    /// The link between a host of one role and a host of another.
    Link {
        /// The action.
        action: LinkAction,
        /// The role at one end; the sender, where the direction matters.
        from: RoleName,
        /// The role at the other end.
        to: RoleName,
    },
    /// The answer to a call by a host of a role.
    Answer {
        /// The kind of fault.
        kind: AnswerKind,
        /// The role of the caller.
        role: RoleName,
    },
}

/// A fault that may strike, as `crash:bridge` or `partition:client-bridge`.
///
/// Two faults are equal if they do the same to the same role. An alias is
/// another spelling and makes no difference.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    target: FaultTarget,
    alias: Option<&'static str>,
}

impl NodeAction {
    /// The fault that does this to a host of the role.
    pub const fn of(self, role: RoleName) -> Fault {
        Fault {
            target: FaultTarget::Node { action: self, role },
            alias: None,
        }
    }

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reconnect => "reconnect",
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Skew => "skew",
        }
    }
}

impl LinkAction {
    /// The fault that does this to the link between hosts of the two roles.
    pub const fn between(self, from: RoleName, to: RoleName) -> Fault {
        Fault {
            target: FaultTarget::Link {
                action: self,
                from,
                to,
            },
            alias: None,
        }
    }

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Partition => "partition",
            Self::PartitionOneWay => "partition-one-way",
            Self::Hold => "hold",
            Self::HalfOpen => "half-open",
            Self::Refuse => "refuse",
            Self::Hang => "hang",
        }
    }
}

impl AnswerKind {
    /// The fault that does this to the answer to a call by a host of the role.
    pub const fn of(self, role: RoleName) -> Fault {
        Fault {
            target: FaultTarget::Answer { kind: self, role },
            alias: None,
        }
    }
}

impl Fault {
    /// The same fault, which `format = 1` files and repros call `alias`.
    #[must_use]
    pub const fn with_alias(self, alias: &'static str) -> Self {
        Self {
            target: self.target,
            alias: Some(alias),
        }
    }

    /// The action and its target.
    pub const fn target(self) -> FaultTarget {
        self.target
    }

    /// The name in `format = 1` files, if it has one.
    pub const fn alias(self) -> Option<&'static str> {
        self.alias
    }

    /// The name that is printed: the alias if there is one, so that what is
    /// printed can be copied into a `format = 1` file.
    pub fn name(self) -> String {
        match self.alias {
            Some(alias) => alias.to_owned(),
            None => self.to_string(),
        }
    }

    /// The roles that it strikes.
    pub fn roles(self) -> impl Iterator<Item = RoleName> {
        let (first, second) = match self.target {
            FaultTarget::Node { role, .. } | FaultTarget::Answer { role, .. } => (role, None),
            FaultTarget::Link { from, to, .. } => (from, Some(to)),
        };
        std::iter::once(first).chain(second)
    }

    /// Returns `true` if the fault strikes hosts or links, which exist only with a
    /// network.
    pub const fn needs_network(self) -> bool {
        !matches!(
            self.target,
            FaultTarget::Node {
                action: NodeAction::Reconnect,
                ..
            } | FaultTarget::Answer { .. }
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            FaultTarget::Node { action, role } => write!(f, "{}:{role}", action.name()),
            FaultTarget::Link { action, from, to } => {
                write!(f, "{}:{from}-{to}", action.name())
            }
            FaultTarget::Answer { kind, role } => write!(f, "{}:{role}", kind.name()),
        }
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target
    }
}

impl Eq for Fault {}

impl PartialOrd for Fault {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fault {
    fn cmp(&self, other: &Self) -> Ordering {
        self.target.cmp(&other.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_by_action_and_role() {
        let names = [
            (NodeAction::Crash.of("bus"), "crash:bus"),
            (
                LinkAction::Partition.between("member", "bus"),
                "partition:member-bus",
            ),
            (
                LinkAction::PartitionOneWay.between("bus", "member"),
                "partition-one-way:bus-member",
            ),
            (
                answer::MODEL_TRUNCATED.of("worker"),
                "model-truncated:worker",
            ),
        ];
        for (fault, name) in names {
            assert_eq!(fault.to_string(), name);
            assert_eq!(fault.name(), name);
        }
    }

    #[test]
    fn an_alias_is_printed_and_changes_no_identity() {
        let plain = NodeAction::Crash.of("bridge");
        let aliased = plain.with_alias("bridge-crash");
        assert_eq!(plain, aliased);
        assert_eq!(aliased.name(), "bridge-crash");
        assert_eq!(aliased.to_string(), "crash:bridge");
    }

    #[test]
    fn reconnects_and_faults_of_answers_need_no_network() {
        assert!(!NodeAction::Reconnect.of("client").needs_network());
        assert!(!answer::MODEL_DELAYED.of("worker").needs_network());
        assert!(NodeAction::Pause.of("bus").needs_network());
        assert!(LinkAction::Reset.between("member", "bus").needs_network());
    }
}
