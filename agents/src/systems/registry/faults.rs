//! The faults that the registry admits.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the service's host.
pub const REGISTRY: RoleName = "registry";

/// The role of the users' hosts.
pub const USER: RoleName = "user";

/// Every fault.
pub const FAULTS: [Fault; 7] = [
    NodeAction::Reconnect.of(USER),
    LinkAction::Reset.between(USER, REGISTRY),
    LinkAction::Partition.between(USER, REGISTRY),
    LinkAction::PartitionOneWay.between(USER, REGISTRY),
    LinkAction::PartitionOneWay.between(REGISTRY, USER),
    LinkAction::Hold.between(USER, REGISTRY),
    NodeAction::Pause.of(REGISTRY),
];
