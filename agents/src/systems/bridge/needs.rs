//! The capabilities that a scenario needs of a bridge.

use std::collections::BTreeSet;

use super::faults;
use crate::capability::Capability;
use crate::fault::Fault;
use crate::spec::{BridgeSpec, Transport};

/// The part of a scenario that needs a capability.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// The transport of events to clients.
    Transport,
    /// A fault that may strike.
    Fault(Fault),
}

/// Returns the capability that a transport needs.
pub fn transport_capability(transport: Transport) -> Capability {
    match transport {
        Transport::InProcess => Capability::InProcess,
        Transport::WebSocket => Capability::WebSocket,
    }
}

/// The capabilities that a fault needs: the damage must be repaired afterwards.
fn of_fault(fault: Fault) -> &'static [Capability] {
    if fault == faults::BRIDGE_CRASH {
        &[Capability::Resume, Capability::Recovery]
    } else {
        // A client may take a silent connection for dead, and come back.
        &[Capability::Resume]
    }
}

/// Every capability that a bridge must have for a scenario to be run as it is. The
/// needs of its oracles and goals come on top.
pub fn needs(spec: &BridgeSpec) -> BTreeSet<(Capability, Cause)> {
    let transport = (transport_capability(spec.transport), Cause::Transport);
    let faults = spec.faults.kinds.iter().flat_map(|fault| {
        let needed = of_fault(*fault).iter();
        needed.map(|capability| (*capability, Cause::Fault(*fault)))
    });
    std::iter::once(transport).chain(faults).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{BridgeSettings, ClientSettings, FaultPlan, NetworkSettings};

    fn spec(transport: Transport, kinds: Vec<Fault>) -> BridgeSpec {
        BridgeSpec {
            transport,
            defect: None,
            bridge: BridgeSettings::default(),
            agents: Vec::new(),
            clients: ClientSettings::default(),
            network: NetworkSettings::default(),
            faults: FaultPlan {
                kinds,
                ..FaultPlan::default()
            },
        }
    }

    #[test]
    fn a_scenario_needs_its_transport_and_the_repair_of_its_faults() {
        let needed = needs(&spec(Transport::InProcess, Vec::new()));
        assert!(
            needed
                .into_iter()
                .eq([(Capability::InProcess, Cause::Transport)])
        );
        let kinds = vec![faults::BRIDGE_CRASH, faults::HOLD];
        let needed: BTreeSet<_> = needs(&spec(Transport::WebSocket, kinds));
        let expected = BTreeSet::from([
            (Capability::WebSocket, Cause::Transport),
            (Capability::Resume, Cause::Fault(faults::HOLD)),
            (Capability::Resume, Cause::Fault(faults::BRIDGE_CRASH)),
            (Capability::Recovery, Cause::Fault(faults::BRIDGE_CRASH)),
        ]);
        assert_eq!(needed, expected);
    }
}
