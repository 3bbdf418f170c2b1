//! The one registry of a process, opened at the first access.

use std::sync::{Arc, Mutex};

use rehearsal_sim::tokio::sync;

use super::super::defects;
use super::audit::Milestone;
use super::registry::{MasterRegistry, RegistryDeps};
use crate::record::recorder::lock;

/// A registry that is opened by the first task that asks for it, while the others wait.
///
/// This is the double-checked lock: a task that finds the registry takes no lock that is
/// held across a wait; one that does not, looks again under the lock, because another may
/// have opened it meanwhile.
pub(super) struct SharedRegistry {
    deps: RegistryDeps,
    opened: Mutex<Option<Arc<MasterRegistry>>>,
    opening: sync::Mutex<()>,
}

impl SharedRegistry {
    pub(super) fn new(deps: RegistryDeps) -> Self {
        Self {
            deps,
            opened: Mutex::default(),
            opening: sync::Mutex::default(),
        }
    }

    /// Returns the registry, if it has been opened.
    pub(super) fn opened(&self) -> Option<Arc<MasterRegistry>> {
        lock(&self.opened).clone()
    }

    /// Returns the registry.
    pub(super) async fn get(&self) -> Arc<MasterRegistry> {
        if let Some(registry) = self.opened() {
            return registry;
        }
        // Seeded: every task that found none opens one.
        if self.deps.defect == Some(defects::OPENED_WITHOUT_LOCK) {
            return self.open().await;
        }
        let _opening = self.opening.lock().await;
        if let Some(registry) = self.opened() {
            self.deps.audit.reached(Milestone::OpenedOnce);
            return registry;
        }
        self.open().await
    }

    async fn open(&self) -> Arc<MasterRegistry> {
        let registry = MasterRegistry::open(self.deps.clone()).await;
        *lock(&self.opened) = Some(Arc::clone(&registry));
        registry
    }
}
