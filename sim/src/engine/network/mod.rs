//! The run's side of the network: the kernel that sockets use, packets on the links, and the
//! effects of faults on both.

mod faults;
mod links;
mod travel;

pub(crate) use self::travel::Advance;

use std::net::{IpAddr, SocketAddr};

use turmoil_net::shim::tokio::net::TcpStream;

use crate::engine::context;
use crate::ids::HostId;
use crate::net::pipes::Pipes;
use crate::net::{Network, Stack, TcpModel};

use super::{Core, Engine};

/// Returns the host of the running task; none outside a run.
pub(crate) fn current_host() -> Option<HostId> {
    context::with(Engine::current_host)
}

/// Makes the host's kernel the one that turmoil-net's sockets use. Returns `false` if the run
/// with that serial is not the one that this thread is in.
pub(crate) fn pin(host: HostId, serial: u32) -> bool {
    context::with(|engine| {
        let alive = engine.serial() == serial;
        if alive {
            engine.core.borrow_mut().network().pin(host);
        }
        alive
    })
    .unwrap_or(false)
}

/// Marks the network as having something to send, perhaps.
pub(crate) fn dirty() {
    context::with(|engine| {
        engine.core.borrow_mut().network().dirty = true;
        engine.wakes.wake_driver();
    });
}

/// Keeps the socket of a connection that its program has closed, and that its peer has not.
pub(crate) fn adopt(host: HostId, stream: TcpStream) {
    context::with(|engine| {
        engine.core.borrow_mut().network().adopt(host, stream);
        engine.wakes.wake_driver();
    });
}

/// Returns the simulation of TCP in the current run.
pub(crate) fn tcp_model() -> TcpModel {
    context::with(|engine| engine.core.borrow().net_config.tcp).unwrap_or_default()
}

/// Accesses the pipes of the run with that serial. Returns `None` if this thread is in another.
pub(crate) fn pipes<R>(serial: u32, f: impl FnOnce(&mut Pipes) -> R) -> Option<R> {
    context::with(|engine| {
        if engine.serial() != serial {
            return None;
        }
        let mut core = engine.core.borrow_mut();
        let pipes = &mut core.network().pipes;
        let result = f(pipes);
        if pipes.has_output() {
            engine.wakes.wake_driver();
        }
        Some(result)
    })
    .flatten()
}

/// Returns the serial of the run that this thread is in.
pub(crate) fn serial() -> Option<u32> {
    context::with(Engine::serial)
}

/// Returns `true` if a connection of `host` to `peer` has timed out since the last call.
/// turmoil-net has resets only; the facade replaces the error.
pub(crate) fn timed_out(host: HostId, peer: SocketAddr) -> bool {
    context::with(|engine| {
        let mut core = engine.core.borrow_mut();
        core.network().timed_out.remove(&(host, peer))
    })
    .unwrap_or(false)
}

/// Returns the address of the host with that name.
pub(crate) fn lookup(name: &str) -> Option<IpAddr> {
    context::with(|engine| {
        let mut core = engine.core.borrow_mut();
        // Addresses are handed out when the network is first needed: now.
        core.ensure_network();
        core.hosts
            .iter()
            .find(|host| host.name == name)
            .and_then(|host| host.kernel)
            .map(|(_, address)| address)
    })
    .flatten()
}

impl Core {
    /// Returns the network, which is made when it is first needed.
    pub(super) fn network(&mut self) -> &mut Network {
        let running = |network: &Network| matches!(network.stack, Stack::Running(_));
        if !self.network.as_ref().is_some_and(running) {
            self.ensure_network();
        }
        match &mut self.network {
            Some(network) => network,
            None => unreachable!("the network was just made"),
        }
    }

    pub(super) fn ensure_network(&mut self) {
        self.build_network();
        let spare = self.net_config.spare_hosts;
        if let Some(network) = &mut self.network {
            network.enter(spare);
        }
    }

    /// Makes the network with a kernel for each host, but does not enter it yet.
    pub(super) fn build_network(&mut self) {
        if self.network.is_none() {
            self.network = Some(Network::new(self.net_config.tcp));
            for host in self.hosts.ids() {
                self.attach(host);
            }
        }
    }

    /// Gives a host its kernel. While there is no network, only the name is kept; addresses are
    /// handed out in the order of the hosts.
    pub(crate) fn attach(&mut self, id: HostId) {
        let host = &mut self.hosts[id];
        if let (Some(network), None) = (&mut self.network, host.kernel) {
            host.kernel = Some(network.add_kernel(&host.name));
        }
    }
}
