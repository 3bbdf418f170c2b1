//! The faults that the gateway and its agents admit.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the gateway's host.
pub const GATEWAY: RoleName = "gateway";

/// The role of the hosts of agents with sub-agents.
pub const COORDINATOR: RoleName = "coordinator";

/// The role of the hosts of agents without sub-agents.
pub const WORKER: RoleName = "worker";

/// The role of the users' hosts.
pub const CLIENT: RoleName = "client";

/// Every fault.
pub const FAULTS: [Fault; 9] = [
    NodeAction::Crash.of(WORKER),
    NodeAction::Crash.of(COORDINATOR),
    NodeAction::Crash.of(GATEWAY),
    NodeAction::Pause.of(WORKER),
    LinkAction::Reset.between(CLIENT, GATEWAY),
    LinkAction::Reset.between(WORKER, GATEWAY),
    LinkAction::Partition.between(CLIENT, GATEWAY),
    LinkAction::Partition.between(WORKER, GATEWAY),
    LinkAction::Hold.between(WORKER, GATEWAY),
];
