//! The bridge's part of the plan: the directory and the clients.

use std::sync::Arc;

use super::Directory;
use super::client::Identity;
use super::spec::BridgeSpec;
use crate::agent::PlannedRun;
use crate::driver::Planner;

/// The plan of one run.
#[derive(Debug)]
pub(super) struct BridgePlan {
    /// The runs that no supervisor starts, in order.
    pub(super) runs: Vec<Arc<PlannedRun>>,
    pub(super) clients: Vec<Identity>,
    pub(super) directory: Arc<Directory>,
}

impl BridgePlan {
    /// Draws start times and secrets.
    pub(super) fn draw(spec: &BridgeSpec, planner: &mut Planner) -> Self {
        let groups = spec.settings.agents.iter();
        let runs = groups.flat_map(|group| planner.group(group)).collect();
        Self {
            runs,
            clients: clients(planner, spec.settings.clients.per_thread),
            directory: Arc::new(directory(planner)),
        }
    }
}

fn directory(planner: &Planner) -> Directory {
    let mut directory = Directory::new();
    for tenant in planner.tenants() {
        directory.add_user(tenant.user, tenant.token.clone());
        directory.add_thread(tenant.thread, tenant.user);
    }
    directory
}

/// The clients of every tenant, in order.
fn clients(planner: &mut Planner, per_thread: u32) -> Vec<Identity> {
    let tenants = planner.tenants().to_vec();
    let tenants = tenants
        .iter()
        .flat_map(|tenant| (0..per_thread).map(move |_| tenant));
    tenants
        .map(|tenant| Identity {
            client: planner.client(tenant),
            user: tenant.user,
            token: tenant.token.clone(),
            threads: vec![tenant.thread],
        })
        .collect()
}
