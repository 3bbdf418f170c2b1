//! Systems that scenarios are played with: the reference bridge, or one of a
//! user's own in its place.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rehearsal_sim::Ambient;

use crate::bridge::{Bridge, Parts, ReferenceBridge, Registry};
use crate::spec::{BridgeSpec, FaultKind, Transport};

/// Something that a system may be unable to do. What it cannot do is left out, and
/// counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Capability {
    /// [`Bridge::connect`]: clients beside the bridge, without sockets.
    InProcess,
    /// [`Bridge::serve`]: clients on hosts of their own, over WebSocket.
    WebSocket,
    /// A client that comes back says what it saw last, and is sent what followed.
    Resume,
    /// After a crash of its host the bridge goes on from its journal
    /// ([`Parts::journal`]): in a new epoch, each run with its next number.
    Recovery,
    /// It keeps no more events of a thread than [`crate::spec::BridgeSettings::buffer`]
    /// says, and marks what it dropped unseen with a gap. A bridge that drops nothing
    /// has nothing to mark.
    Gaps,
    /// [`Bridge::snapshot`]: who is registered and connected.
    Snapshot,
    /// It shows its registry to [`Parts::observer`] whenever it has changed.
    RegistryEvents,
    /// It forgets runs that are idle for too long, and says so to [`Parts::observer`].
    Sweep,
    /// Its tasks wait for each other's locks, those of [`rehearsal_sim::tokio::sync`].
    /// A bridge that is one actor has none, and nobody waits for a lock that is never
    /// held across an `await`.
    Locks,
}

impl Capability {
    /// Every capability with its name in messages.
    pub const ALL: [(&'static str, Capability); 9] = [
        ("in-process", Capability::InProcess),
        ("websocket", Capability::WebSocket),
        ("resume", Capability::Resume),
        ("recovery", Capability::Recovery),
        ("gaps", Capability::Gaps),
        ("snapshot", Capability::Snapshot),
        ("registry-events", Capability::RegistryEvents),
        ("sweep", Capability::Sweep),
        ("locks", Capability::Locks),
    ];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, capability)| *capability == self)
            .map_or("unnamed", |(name, _)| name)
    }

    /// The one that a transport takes.
    pub fn of_transport(transport: Transport) -> Self {
        match transport {
            Transport::InProcess => Self::InProcess,
            Transport::WebSocket => Self::WebSocket,
        }
    }

    /// Those that a fault takes: what it breaks must be mended again.
    pub fn of_fault(fault: FaultKind) -> &'static [Self] {
        match fault {
            FaultKind::BridgeCrash => &[Self::Resume, Self::Recovery],
            // A client may take a silent connection for dead, and come back.
            FaultKind::ClientReconnect
            | FaultKind::ConnectionReset
            | FaultKind::Partition
            | FaultKind::PartitionToBridge
            | FaultKind::PartitionFromBridge
            | FaultKind::Hold
            | FaultKind::BridgePause => &[Self::Resume],
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What in a scenario takes a capability.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// How events reach its clients.
    Transport,
    /// A fault that may strike.
    Fault(FaultKind),
}

/// Every capability that a system must have for a scenario to be played as it is.
/// What its oracles and goals take comes on top.
pub fn needs(spec: &BridgeSpec) -> BTreeSet<(Capability, Cause)> {
    let transport = (Capability::of_transport(spec.transport), Cause::Transport);
    let faults = spec.faults.kinds.iter().flat_map(|fault| {
        let needed = Capability::of_fault(*fault).iter();
        needed.map(|capability| (*capability, Cause::Fault(*fault)))
    });
    std::iter::once(transport).chain(faults).collect()
}

type Make = dyn Fn(Parts) -> Arc<dyn Bridge> + Send + Sync;

/// A system that scenario files can be played with.
#[derive(Clone)]
pub struct System {
    make: Arc<Make>,
    missing: BTreeSet<Capability>,
    ambient: Ambient,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System")
            .field("missing", &self.missing)
            .field("ambient", &self.ambient)
            .finish_non_exhaustive()
    }
}

impl System {
    /// A bridge of one's own, which can do everything. It is made anew for each run,
    /// and in a run after each crash of its host. Its runs are hermetic.
    pub fn bridge(make: impl Fn(Parts) -> Arc<dyn Bridge> + Send + Sync + 'static) -> Self {
        Self {
            make: Arc::new(make),
            missing: BTreeSet::new(),
            ambient: Ambient::Hermetic,
        }
    }

    /// The reference bridge with a registry of one's own, made anew for each life of
    /// the bridge. Its runs are hermetic.
    pub fn registry(make: impl Fn() -> Box<dyn Registry> + Send + Sync + 'static) -> Self {
        Self::bridge(move |parts| Arc::new(ReferenceBridge::with_registry(parts, make())))
    }

    /// The reference bridge. Its runs are not hermetic: of what the WebSocket library
    /// draws, nothing is seen.
    pub fn reference() -> Self {
        let system = Self::bridge(|parts| Arc::new(ReferenceBridge::new(parts)));
        system.ambient(Ambient::Real)
    }

    /// The same, which cannot do that.
    #[must_use]
    pub fn without(mut self, capability: Capability) -> Self {
        self.missing.insert(capability);
        self
    }

    /// The same with somebody else to answer when it asks the machine for randomness
    /// or the time. [`Ambient::Real`] is faster, and right for what does not ask.
    #[must_use]
    pub fn ambient(mut self, ambient: Ambient) -> Self {
        self.ambient = ambient;
        self
    }

    /// Who answers when it asks the machine.
    pub fn asks(&self) -> Ambient {
        self.ambient
    }

    /// Whether it can do that.
    pub fn can(&self, capability: Capability) -> bool {
        !self.missing.contains(&capability)
    }

    /// A bridge that has not been started.
    pub fn make(&self, parts: Parts) -> Arc<dyn Bridge> {
        (self.make)(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{BridgeSettings, ClientSettings, FaultPlan, NetworkSettings};

    fn spec(transport: Transport, kinds: Vec<FaultKind>) -> BridgeSpec {
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
    fn a_scenario_takes_its_transport_and_what_mends_its_faults() {
        let needed = needs(&spec(Transport::InProcess, Vec::new()));
        assert!(
            needed
                .into_iter()
                .eq([(Capability::InProcess, Cause::Transport)])
        );
        let kinds = vec![FaultKind::BridgeCrash, FaultKind::Hold];
        let needed = needs(&spec(Transport::WebSocket, kinds));
        assert!(needed.into_iter().eq([
            (Capability::WebSocket, Cause::Transport),
            (Capability::Resume, Cause::Fault(FaultKind::Hold)),
            (Capability::Resume, Cause::Fault(FaultKind::BridgeCrash)),
            (Capability::Recovery, Cause::Fault(FaultKind::BridgeCrash)),
        ]));
    }

    #[test]
    fn a_system_can_do_what_it_was_not_made_without() {
        let system = System::reference().without(Capability::Sweep);
        for (_, capability) in Capability::ALL {
            assert_eq!(system.can(capability), capability != Capability::Sweep);
        }
    }

    #[test]
    fn every_capability_has_a_name() {
        for (name, capability) in Capability::ALL {
            assert_eq!(capability.to_string(), name);
        }
    }
}
