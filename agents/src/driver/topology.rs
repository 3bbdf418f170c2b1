//! The hosts of a run, by role.

use rehearsal_sim::{HostId, World};

use super::deployment::{ClientHost, Deployment};
use crate::fault::RoleName;

/// A server's host.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerHostId {
    role: RoleName,
    /// The host.
    pub(super) id: HostId,
}

/// A client's host.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientHostId {
    role: RoleName,
    /// Its own host, if it has one.
    own: Option<HostId>,
    /// Returns the host on which it runs.
    pub(super) runs_on: HostId,
}

/// A member of a role, as the target of faults.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    /// A server, by its index.
    Server(usize, HostId),
    /// A client, by its index, with its own host if it has one.
    Client(usize, Option<HostId>),
}

impl Member {
    /// Returns its own host, if it has one.
    pub(super) fn host(self) -> Option<HostId> {
        match self {
            Self::Server(_, host) => Some(host),
            Self::Client(_, host) => host,
        }
    }
}

/// Every host of a run.
#[derive(Debug)]
pub(super) struct Topology {
    servers: Vec<ServerHostId>,
    clients: Vec<ClientHostId>,
}

impl Topology {
    /// Creates the hosts: those of servers first, each in order of declaration.
    pub(super) fn new(world: World, deployment: &Deployment) -> Self {
        let servers: Vec<ServerHostId> = deployment
            .servers
            .iter()
            .map(|server| ServerHostId {
                role: server.role,
                id: world.host(&server.host),
            })
            .collect();
        let client_host = |client: &super::deployment::Client| {
            let (own, runs_on) = match &client.host {
                ClientHost::Own(name) => {
                    let host = world.host(name);
                    (Some(host), host)
                }
                ClientHost::Server(index) => (None, servers[*index].id),
            };
            ClientHostId {
                role: client.role,
                own,
                runs_on,
            }
        };
        let clients = deployment.clients.iter().map(client_host).collect();
        Self { servers, clients }
    }

    pub(super) fn servers(&self) -> &[ServerHostId] {
        &self.servers
    }

    pub(super) fn clients(&self) -> &[ClientHostId] {
        &self.clients
    }

    /// Returns `true` if every client has a host of its own. Clients within a server crash with
    /// it and have no link to it.
    pub(super) fn is_networked(&self) -> bool {
        self.clients.iter().all(|client| client.own.is_some())
    }

    /// Returns every host with its role.
    pub(super) fn roles(&self) -> impl Iterator<Item = (HostId, RoleName)> {
        let servers = self.servers.iter().map(|server| (server.id, server.role));
        let clients = self.clients.iter();
        let clients = clients.filter_map(|client| Some((client.own?, client.role)));
        servers.chain(clients)
    }

    /// Returns the members of a role, in order of declaration.
    pub(super) fn members(&self, role: RoleName) -> Vec<Member> {
        let servers = self.servers.iter().enumerate();
        let servers = servers
            .filter(|(_, server)| server.role == role)
            .map(|(index, server)| Member::Server(index, server.id));
        let clients = self.clients.iter().enumerate();
        let clients = clients
            .filter(|(_, client)| client.role == role)
            .map(|(index, client)| Member::Client(index, client.own));
        servers.chain(clients).collect()
    }

    /// Returns the bound of a fault's draw of its target: one draw serves every role.
    pub(super) fn targets(&self) -> usize {
        self.clients.len().max(self.servers.len())
    }
}
