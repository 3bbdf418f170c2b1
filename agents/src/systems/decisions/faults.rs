//! The faults that the decisions admit.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the coordinator's host.
pub const COORDINATOR: RoleName = "coordinator";

/// The role of the voters' hosts.
pub const VOTER: RoleName = "voter";

/// The role of the mediator's host.
pub const MEDIATOR: RoleName = "mediator";

/// Every fault.
pub const FAULTS: [Fault; 9] = [
    LinkAction::Reset.between(VOTER, COORDINATOR),
    LinkAction::Partition.between(VOTER, COORDINATOR),
    LinkAction::PartitionOneWay.between(VOTER, COORDINATOR),
    LinkAction::PartitionOneWay.between(COORDINATOR, VOTER),
    LinkAction::Hold.between(VOTER, COORDINATOR),
    NodeAction::Crash.of(VOTER),
    NodeAction::Pause.of(VOTER),
    NodeAction::Crash.of(COORDINATOR),
    NodeAction::Crash.of(MEDIATOR),
];
