//! The requests of users, and the unregistering of their agents when a connection ends.

use std::sync::Arc;

use rehearsal_sim::tokio::select;
use rehearsal_sim::tokio::time::{self, Instant};

use super::super::defects;
use super::super::wire::{AgentId, Answer, Refusal, Request, RequestNumber};
use super::Service;
use super::agent::Agent;
use super::audit::{AgentEnd, Milestone};
use super::manager::Connection;
use super::migration::EventRoute;
use super::registry::{Creation, MasterRegistry};
use super::tools::{ErrorReport, ExecutionEngine, Notifier};
use crate::event::UserId;
use crate::record::recorder::name_task;

impl Service {
    /// Carries a request out. Repeated, it changes nothing.
    pub(super) async fn handle(
        self: &Arc<Self>,
        user: UserId,
        number: RequestNumber,
        request: Request,
    ) -> Answer {
        let answer = match request {
            Request::Create { .. } => self.create(user, number, request).await,
            Request::Execute { agent } => self.execute(user, &agent).await,
            Request::Unregister { agent } => self.unregister(user, &agent).await,
        };
        for view in self.registries.views().await {
            self.audit.viewed(&view);
        }
        answer
    }

    async fn create(&self, user: UserId, number: RequestNumber, request: Request) -> Answer {
        let Request::Create {
            through,
            class,
            context,
        } = request
        else {
            return Answer::Done;
        };
        let began = Instant::now();
        let id = self.audit.creating(user, &class);
        let dropped = OnDrop(Some(|| self.audit.reached(Milestone::CreationDropped)));
        let registry = self.registries.behind(through).await;
        let creation = Creation {
            user,
            number,
            class,
            context,
        };
        let answer = match registry.create_agent_for_user(creation).await {
            Ok(agent) => {
                self.registries.introduce(&agent).await;
                Answer::Created(agent.description())
            }
            Err(refusal) => Answer::Refused(refusal),
        };
        dropped.disarm();
        self.audit.created(id, &answer, began.elapsed());
        answer
    }

    /// Lets an agent of that user run, in a task of its own.
    async fn execute(self: &Arc<Self>, user: UserId, id: &AgentId) -> Answer {
        let Some((owner, agent)) = self.find(user, id).await else {
            return Answer::Refused(Refusal::UnknownAgent(id.clone()));
        };
        let route = self.registries.route(Arc::clone(&owner)).await;
        let engine = self.engine(&owner, route.clone()).await;
        if agent.begin() {
            let audit = Arc::clone(&self.audit);
            self.agents.spawn(async move {
                name_task(&agent.name());
                agent.run(&route, &engine, &*audit).await;
            });
        }
        Answer::Done
    }

    async fn engine(&self, owner: &MasterRegistry, route: EventRoute) -> ExecutionEngine {
        // Seeded: without a manager at this moment there will be no events of tools.
        let silent =
            self.carries(defects::NOTIFIER_TAKEN_EARLY) && !owner.has_websocket_manager().await;
        let error_report = if self.carries(defects::TOOL_ERROR_UNREPORTED) {
            ErrorReport::None
        } else {
            ErrorReport::Event
        };
        ExecutionEngine {
            notifier: (!silent).then_some(Notifier(route)),
            error_report,
            audit: Arc::clone(&self.audit),
        }
    }

    /// Stops an agent of that user if it runs, and removes it.
    async fn unregister(self: &Arc<Self>, user: UserId, id: &AgentId) -> Answer {
        if let Some((owner, agent)) = self.find(user, id).await {
            self.end(&owner, &agent).await;
        }
        Answer::Done
    }

    async fn end(self: &Arc<Self>, owner: &Arc<MasterRegistry>, agent: &Arc<Agent>) {
        // Seeded: only the context goes.
        if self.carries(defects::LEFT_ON_UNREGISTER) && !agent.ended.is_cancelled() {
            return owner.remove_context_alone(agent).await;
        }
        agent.stop.cancel();
        if agent.begin() {
            // It has not been executed, and never will be.
            let route = self.registries.route(Arc::clone(owner)).await;
            agent
                .conclude(AgentEnd::Stopped, &route, &*self.audit)
                .await;
        }
        agent.ended.cancelled().await;
        owner.remove(agent).await;
    }

    /// Returns an agent of that user with its registry.
    async fn find(&self, user: UserId, id: &AgentId) -> Option<(Arc<MasterRegistry>, Arc<Agent>)> {
        let found = self.registries.find(id).await;
        found.filter(|(_, agent)| agent.user == user)
    }

    // Sessions ----------------------------------------------------------------

    /// Unregisters every agent of a user.
    pub(super) async fn unregister_all(self: &Arc<Self>, user: UserId) {
        for (owner, agent) in self.registries.agents_of(user).await {
            self.end(&owner, &agent).await;
        }
    }

    /// Ends a connection that was lost. If its user does not come back in time, the user's
    /// agents are unregistered.
    pub(super) fn lost(self: &Arc<Self>, connection: &Connection) {
        let Some(back) = self.manager.detach(connection) else {
            return;
        };
        let (service, user) = (Arc::clone(self), connection.user);
        self.sessions.spawn(async move {
            name_task(&format!("expiry of {user}"));
            select! {
                biased;
                () = back.cancelled() => {}
                () = service.stop.cancelled() => {}
                () = time::sleep(service.settings.registry.expiry) => {
                    service.audit.reached(Milestone::SessionExpired);
                    service.unregister_all(user).await;
                }
            }
        });
    }
}

/// Calls a function if it is dropped before it is disarmed.
struct OnDrop<F: Fn()>(Option<F>);

impl<F: Fn()> OnDrop<F> {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(dropped) = &self.0 {
            dropped();
        }
    }
}
