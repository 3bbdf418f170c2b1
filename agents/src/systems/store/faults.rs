//! The faults that the store admits.

use crate::fault::answer;
use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role and the name of the store's host.
pub const STORE: RoleName = "store";

/// The role of the replicas' hosts.
pub const REPLICA: RoleName = "replica";

/// The role of the hosts of workers and testers, whose processes start again after a crash.
pub const WORKER: RoleName = "worker";

/// The role of the agents' hosts.
pub const AGENT: RoleName = "agent";

/// Every fault.
pub const FAULTS: [Fault; 15] = [
    NodeAction::Crash.of(STORE),
    NodeAction::Pause.of(STORE),
    NodeAction::Crash.of(WORKER),
    NodeAction::Pause.of(WORKER),
    NodeAction::Crash.of(REPLICA),
    LinkAction::Reset.between(AGENT, STORE),
    LinkAction::Partition.between(AGENT, STORE),
    LinkAction::PartitionOneWay.between(STORE, AGENT),
    LinkAction::Hold.between(AGENT, STORE),
    LinkAction::Reset.between(WORKER, STORE),
    LinkAction::Partition.between(WORKER, STORE),
    LinkAction::Hold.between(WORKER, STORE),
    LinkAction::Partition.between(REPLICA, STORE),
    LinkAction::Partition.between(AGENT, REPLICA),
    answer::TORN_WRITE.of(STORE),
];
