//! Hosts of agents: the programs whose sessions are tracked.
//!
//! A host runs its sessions one after the other. The agents of a session work at the same
//! time, each over a connection of its own, and so do the sessions below it. Everything is
//! recorded here, at the edge of the service.

mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_history::Actor;
use rehearsal_sim::tokio::time;

use self::work::run_session;
use super::clock::Clock;
use super::plan::{PlannedHost, PlannedSession};
use super::record::{HostRecord, Recorded, SessionActors, SessionRecord, Shared};
use super::sdk::{Client, Connections, Log, Probe, TokenSource};
use super::wire::SessionId;
use crate::driver::{ClientNode, WorkId};
use crate::record::recorder::name_task;

/// A host with everything that it needs.
pub(super) struct Host {
    pub(super) plan: PlannedHost,
    pub(super) connections: Connections,
    pub(super) clock: Clock,
    pub(super) shared: Arc<Shared>,
    pub(super) work: WorkId,
}

/// The parts of a host that the tasks of its sessions share.
struct Environment {
    connections: Connections,
    tokens: Arc<TokenSource>,
    probe: Arc<dyn Probe>,
    shared: Arc<Shared>,
    actors: BTreeMap<SessionId, SessionActors>,
}

impl Host {
    /// Runs the sessions of the host.
    pub(super) async fn run(self, mut node: ClientNode) {
        name_task(&self.plan.name);
        let environment = Arc::new(self.environment(|name| node.actor(name)));
        node.ready();
        node.started().await;
        node.work().begin(self.work);
        time::sleep(self.plan.start).await;
        for session in self.plan.sessions {
            let record = environment.record(&session, None);
            // The result is in the trace.
            let _ = run_session(Arc::clone(&environment), session, record, None).await;
        }
        drop(environment);
        node.work().done(self.work);
        node.leave().await;
    }

    fn environment(&self, actor_of: impl Fn(&str) -> Actor) -> Environment {
        let name = &self.plan.name;
        let probe: Arc<dyn Probe> = Arc::new(HostRecord::new(actor_of(name)));
        let tokens = TokenSource::new(
            name.clone(),
            self.connections,
            self.clock.clone(),
            Arc::clone(&probe),
        );
        let sessions = self.plan.sessions.iter();
        let sessions =
            sessions.flat_map(|session| std::iter::once(session).chain(&session.children));
        let actors =
            sessions.map(|session| (session.id, SessionActors::new(session.id, &actor_of)));
        Environment {
            connections: self.connections,
            tokens: Arc::new(tokens),
            probe,
            shared: Arc::clone(&self.shared),
            actors: actors.collect(),
        }
    }
}

impl Environment {
    /// Begins the record of a session.
    fn record(
        &self,
        session: &PlannedSession,
        parent: Option<&SessionRecord>,
    ) -> Arc<SessionRecord> {
        let actors = self.actors.get(&session.id);
        let actors = actors.expect("every planned session has actors").clone();
        let shared = Arc::clone(&self.shared);
        Arc::new(SessionRecord::begin(session.id, actors, shared, parent))
    }

    /// Returns a recorded log of a session, over a connection of its own.
    fn log(&self, session: SessionId, record: &Arc<SessionRecord>) -> Arc<dyn Log> {
        let inner = Client::new(
            session,
            self.connections,
            Arc::clone(&self.tokens),
            Arc::clone(&self.probe),
        );
        let record = Arc::clone(record);
        Arc::new(Recorded { inner, record })
    }
}
