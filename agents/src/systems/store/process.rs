//! The processes of the store and of its replicas, across their incarnations.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_history::{EntryKind, Phase};

use super::server::{Journal, Primary, Replica, Sessions};
use super::settings::StoreSpec;
use super::wire::PORT;
use crate::driver::Node;
use crate::network::Network;
use crate::record::Recorder;
use crate::record::recorder::name_task;

/// The store's process.
pub(super) struct StoreProcess {
    spec: StoreSpec,
    recorder: Recorder,
    /// The disk of the host.
    journal: Journal,
    /// The store of the present incarnation.
    primary: RefCell<Option<Arc<Primary>>>,
}

impl StoreProcess {
    /// A process that has not booted, with an empty disk.
    pub(super) fn new(spec: &StoreSpec, recorder: Recorder) -> Self {
        Self {
            journal: Journal::new(spec.settings.store.write),
            spec: spec.clone(),
            recorder,
            primary: RefCell::default(),
        }
    }

    /// Runs one incarnation of the store.
    pub(super) async fn boot<N: Network>(self: Rc<Self>, node: Node, network: N) {
        name_task("store");
        let primary = Arc::new(Primary::open(&self.spec, self.journal.clone()));
        self.replace(Some(Arc::clone(&primary)));
        let listener = network.listen(PORT).await;
        node.ready();
        if let Ok(listener) = listener {
            let sessions = primary.sessions.clone();
            sessions.serve(listener, primary).await;
        }
    }

    fn replace(&self, primary: Option<Arc<Primary>>) {
        // The old one is dropped outside the borrow.
        let _old = self.primary.replace(primary);
    }

    fn primary(&self) -> Option<Arc<Primary>> {
        self.primary.borrow().clone()
    }

    /// Drops everything but the disk.
    pub(super) fn crashed(&self) {
        self.replace(None);
        if let Some(epoch) = self.journal.epoch() {
            let crashed = EntryKind::Crashed { epoch };
            self.recorder.history().record(None, crashed);
        }
    }

    /// Records the snapshots that the store still keeps.
    pub(super) async fn snapshot(&self) {
        if let Some(primary) = self.primary() {
            let holds = EntryKind::Holds {
                resources: primary.held().await,
                phase: Phase::Quiescent,
            };
            self.recorder.history().record(None, holds);
        }
    }

    pub(super) async fn shut_down(&self) {
        // Dropped on a time-out too.
        let primary = self.primary.take();
        if let Some(primary) = primary {
            primary.sessions.end().await;
        }
    }
}

/// A replica's process.
pub(super) struct ReplicaProcess {
    spec: StoreSpec,
    /// The sessions of the present incarnation.
    sessions: RefCell<Option<Sessions>>,
}

impl ReplicaProcess {
    /// A process that has not booted.
    pub(super) fn new(spec: &StoreSpec) -> Self {
        Self {
            spec: spec.clone(),
            sessions: RefCell::default(),
        }
    }

    /// Runs one incarnation of the replica.
    pub(super) async fn boot<N: Network>(self: Rc<Self>, node: Node, network: N) {
        name_task("replica");
        let replica = Arc::new(Replica::new(&self.spec));
        let sessions = replica.sessions.clone();
        self.sessions.replace(Some(sessions.clone()));
        let listener = network.listen(PORT).await;
        node.ready();
        let Ok(listener) = listener else {
            return;
        };
        let following = Arc::clone(&replica);
        sessions.spawn(async move { following.follow(network).await });
        sessions.serve(listener, replica).await;
    }

    pub(super) async fn shut_down(&self) {
        let sessions = self.sessions.take();
        if let Some(sessions) = sessions {
            sessions.end().await;
        }
    }
}
