//! The faults that the bridge admits, and their names in `format = 1` files.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the bridge's host.
pub const BRIDGE: RoleName = "bridge";

/// The role of the clients.
pub const CLIENT: RoleName = "client";

/// One client drops its connection and comes back.
pub const CLIENT_RECONNECT: Fault = NodeAction::Reconnect
    .of(CLIENT)
    .with_alias("client-reconnect");

/// The network resets one client's connections.
pub const CONNECTION_RESET: Fault = LinkAction::Reset
    .between(CLIENT, BRIDGE)
    .with_alias("connection-reset");

/// No packets between one client and the bridge, either way.
pub const PARTITION: Fault = LinkAction::Partition
    .between(CLIENT, BRIDGE)
    .with_alias("partition");

/// No packets from one client to the bridge.
pub const PARTITION_TO_BRIDGE: Fault = LinkAction::PartitionOneWay
    .between(CLIENT, BRIDGE)
    .with_alias("partition-to-bridge");

/// No packets from the bridge to one client.
pub const PARTITION_FROM_BRIDGE: Fault = LinkAction::PartitionOneWay
    .between(BRIDGE, CLIENT)
    .with_alias("partition-from-bridge");

/// Packets between one client and the bridge are held, then released.
pub const HOLD: Fault = LinkAction::Hold.between(CLIENT, BRIDGE).with_alias("hold");

/// The bridge's host dies silently and starts again.
pub const BRIDGE_CRASH: Fault = NodeAction::Crash.of(BRIDGE).with_alias("bridge-crash");

/// The bridge's host stands still (a long garbage collection).
pub const BRIDGE_PAUSE: Fault = NodeAction::Pause.of(BRIDGE).with_alias("bridge-pause");

/// Every fault.
pub const FAULTS: [Fault; 8] = [
    CLIENT_RECONNECT,
    CONNECTION_RESET,
    PARTITION,
    PARTITION_TO_BRIDGE,
    PARTITION_FROM_BRIDGE,
    HOLD,
    BRIDGE_CRASH,
    BRIDGE_PAUSE,
];

/// Every name in scenario files: the old ones, then those by role.
pub const NAMES: [(&str, Fault); 16] = [
    ("client-reconnect", CLIENT_RECONNECT),
    ("connection-reset", CONNECTION_RESET),
    ("partition", PARTITION),
    ("partition-to-bridge", PARTITION_TO_BRIDGE),
    ("partition-from-bridge", PARTITION_FROM_BRIDGE),
    ("hold", HOLD),
    ("bridge-crash", BRIDGE_CRASH),
    ("bridge-pause", BRIDGE_PAUSE),
    ("reconnect:client", CLIENT_RECONNECT),
    ("reset:client-bridge", CONNECTION_RESET),
    ("partition:client-bridge", PARTITION),
    ("partition-one-way:client-bridge", PARTITION_TO_BRIDGE),
    ("partition-one-way:bridge-client", PARTITION_FROM_BRIDGE),
    ("hold:client-bridge", HOLD),
    ("crash:bridge", BRIDGE_CRASH),
    ("pause:bridge", BRIDGE_PAUSE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_two_names() {
        for (index, fault) in FAULTS.into_iter().enumerate() {
            assert_eq!(NAMES[index], (fault.alias().expect("an alias"), fault));
            let (name, by_role) = NAMES[FAULTS.len() + index];
            assert_eq!((name, by_role), (fault.to_string().as_str(), fault));
        }
    }
}
