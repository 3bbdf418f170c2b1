//! The faults that workflows admit.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the orchestrator's host.
pub const ORCHESTRATOR: RoleName = "orchestrator";

/// The role of the hosts of agents.
pub const WORKER: RoleName = "worker";

/// The role of the users' hosts.
pub const USER: RoleName = "user";

/// Every fault.
pub const FAULTS: [Fault; 6] = [
    NodeAction::Crash.of(WORKER),
    NodeAction::Pause.of(WORKER),
    LinkAction::Reset.between(ORCHESTRATOR, WORKER),
    LinkAction::Partition.between(ORCHESTRATOR, WORKER),
    LinkAction::PartitionOneWay.between(WORKER, ORCHESTRATOR),
    LinkAction::Hold.between(ORCHESTRATOR, WORKER),
];
