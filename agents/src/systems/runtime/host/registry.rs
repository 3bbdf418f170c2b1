//! The registry of agents: each is created by the factory of its type when the first
//! message to it comes, once, however many first messages there are.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

use rehearsal_sim::tokio::sync::SetOnce;
use rehearsal_sim::tokio_util::task::TaskTracker;

use super::super::defects;
use super::super::wire::{AgentId, AgentType, Refusal};
use super::call::{Agent, Factory};
use crate::defect::Defect;
use crate::record::recorder::lock;

/// The factories, by the type that they create.
pub(in super::super) type Factories = BTreeMap<AgentType, Arc<dyn Factory>>;

/// An agent that exists, or is being created.
type Creation = Arc<SetOnce<Arc<dyn Agent>>>;

/// The agents of a runtime.
pub(super) struct Registry {
    factories: Factories,
    agents: Mutex<BTreeMap<AgentId, Creation>>,
    defect: Option<Defect>,
}

impl Registry {
    pub(super) fn new(factories: Factories, defect: Option<Defect>) -> Self {
        Self {
            factories,
            agents: Mutex::default(),
            defect,
        }
    }

    /// Returns the agent of that id, created if there is none yet.
    pub(super) async fn agent(
        &self,
        id: &AgentId,
        tasks: &TaskTracker,
    ) -> Result<Arc<dyn Agent>, Refusal> {
        let factory = self.factories.get(&id.kind);
        let factory = factory.ok_or_else(|| Refusal::UnknownType(id.kind.clone()))?;
        // Seeded: the agent is entered once it is there.
        if self.defect == Some(defects::FACTORY_CALLED_AGAIN) {
            return Ok(self.created_apart(id, factory).await);
        }
        let creation = self.creation(id, factory, tasks);
        Ok(Arc::clone(creation.wait().await))
    }

    /// Returns the creation of an agent, begun if it has not been.
    fn creation(&self, id: &AgentId, factory: &Arc<dyn Factory>, tasks: &TaskTracker) -> Creation {
        match lock(&self.agents).entry(id.clone()) {
            Entry::Occupied(entry) => Arc::clone(entry.get()),
            Entry::Vacant(entry) => {
                let creation = Arc::clone(entry.insert(Creation::default()));
                let (created, agent) = (Arc::clone(&creation), factory.create(id.clone()));
                // A task of its own: the message that began it may be cancelled, while
                // others wait for the agent.
                tasks.spawn(async move {
                    // There is one creation for each entry, and it ends once.
                    let _ = created.set(agent.await);
                });
                creation
            }
        }
    }

    /// Looks, creates, and enters.
    async fn created_apart(&self, id: &AgentId, factory: &Arc<dyn Factory>) -> Arc<dyn Agent> {
        let known = lock(&self.agents).get(id).cloned();
        if let Some(agent) = known.as_ref().and_then(|creation| creation.get()) {
            return Arc::clone(agent);
        }
        let agent = factory.create(id.clone()).await;
        let creation = Creation::new(SetOnce::new_with(Some(Arc::clone(&agent))));
        lock(&self.agents).insert(id.clone(), creation);
        agent
    }
}
