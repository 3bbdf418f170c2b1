//! The faults that the bus admits.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the broker's host.
pub const BUS: RoleName = "bus";

/// The role of the members' hosts.
pub const MEMBER: RoleName = "member";

/// Every fault.
pub const FAULTS: [Fault; 8] = [
    NodeAction::Reconnect.of(MEMBER),
    LinkAction::Reset.between(MEMBER, BUS),
    LinkAction::Partition.between(MEMBER, BUS),
    LinkAction::PartitionOneWay.between(MEMBER, BUS),
    LinkAction::PartitionOneWay.between(BUS, MEMBER),
    LinkAction::Hold.between(MEMBER, BUS),
    NodeAction::Crash.of(BUS),
    NodeAction::Pause.of(BUS),
];
