//! The capabilities that a scenario needs of a bridge.

use super::faults;
use super::file::TRANSPORTS;
use super::spec::{BridgeSpec, Transport};
use crate::capability::Capability;
use crate::fault::Fault;
use crate::sections::Path;
use crate::system::{Cause, Need};

/// Returns the capability that a transport needs.
fn of_transport(transport: Transport) -> Capability {
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
pub(super) fn needs(spec: &BridgeSpec) -> Vec<Need> {
    let transport = spec.settings.transport;
    let others = TRANSPORTS.iter().filter(|(_, other)| *other != transport);
    let transport = Need {
        capability: of_transport(transport),
        cause: Cause::Setting {
            path: Path::of("system").key("transport"),
            others: others.map(|(name, _)| *name).collect(),
        },
    };
    let faults = spec.faults.kinds.iter().flat_map(|fault| {
        let needed = of_fault(*fault).iter();
        needed.map(|capability| Need {
            capability: *capability,
            cause: Cause::Fault(*fault),
        })
    });
    std::iter::once(transport).chain(faults).collect()
}

#[cfg(test)]
mod tests {
    use super::super::spec::{BridgeScenario, BridgeSettings, ClientSettings};
    use super::*;
    use crate::spec::{FaultPlan, ScenarioSpec};

    fn spec(transport: Transport, kinds: Vec<Fault>) -> BridgeSpec {
        BridgeSpec {
            faults: FaultPlan {
                kinds,
                ..FaultPlan::default()
            },
            ..ScenarioSpec::new(BridgeScenario {
                transport,
                bridge: BridgeSettings::default(),
                agents: Vec::new(),
                clients: ClientSettings::default(),
            })
        }
    }

    fn transport(capability: Capability, other: &'static str) -> Need {
        let path = Path::of("system").key("transport");
        let others = vec![other];
        Need {
            capability,
            cause: Cause::Setting { path, others },
        }
    }

    #[test]
    fn a_scenario_needs_its_transport_and_the_repair_of_its_faults() {
        let needed = needs(&spec(Transport::InProcess, Vec::new()));
        assert_eq!(needed, [transport(Capability::InProcess, "websocket")]);
        let kinds = vec![faults::BRIDGE_CRASH, faults::HOLD];
        let needed = needs(&spec(Transport::WebSocket, kinds));
        let fault = |capability, fault| Need {
            capability,
            cause: Cause::Fault(fault),
        };
        let expected = [
            transport(Capability::WebSocket, "in-process"),
            fault(Capability::Resume, faults::BRIDGE_CRASH),
            fault(Capability::Recovery, faults::BRIDGE_CRASH),
            fault(Capability::Resume, faults::HOLD),
        ];
        assert_eq!(needed, expected);
    }
}
