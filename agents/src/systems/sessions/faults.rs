//! The faults that the sessions admit.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the session service's host.
pub const SERVICE: RoleName = "service";

/// The role of the identity provider's host.
pub const IDENTITY: RoleName = "identity";

/// The role of the agents' hosts.
pub const AGENT: RoleName = "agent";

/// Every fault.
pub const FAULTS: [Fault; 10] = [
    LinkAction::Reset.between(AGENT, SERVICE),
    LinkAction::Partition.between(AGENT, SERVICE),
    LinkAction::Hold.between(AGENT, SERVICE),
    LinkAction::Reset.between(AGENT, IDENTITY),
    LinkAction::Partition.between(AGENT, IDENTITY),
    NodeAction::Crash.of(SERVICE),
    NodeAction::Pause.of(SERVICE),
    NodeAction::Crash.of(IDENTITY),
    NodeAction::Pause.of(AGENT),
    NodeAction::Skew.of(AGENT),
];
