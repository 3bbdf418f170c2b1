//! The work of a session: agents write tests for modules.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::task::{JoinHandle, JoinSet};

use super::super::defects;
use super::super::plan::{PlannedAgent, PlannedModule, PlannedSession};
use super::super::record::SessionRecord;
use super::super::sdk::{AgentFailed, Instrumented, LanguageModel, ScriptedModel, SessionHandle};
use super::super::trace::EventKind;
use super::super::wire::SessionId;
use super::Environment;
use crate::record::recorder::name_task;

type Outcome = Result<(), AgentFailed>;

/// Runs a session from its opening to the reading of its trace.
pub(super) fn run_session(
    environment: Arc<Environment>,
    session: PlannedSession,
    record: Arc<SessionRecord>,
    parent: Option<SessionId>,
) -> BoxFuture<'static, Outcome> {
    async move {
        name_task(&session.id.to_string());
        let log = environment.log(session.id, &record);
        let defect = environment.connections.defect;
        let lead = SessionHandle::open(session.id, "lead", parent, Arc::clone(&log), defect);
        let lead = lead.await?;
        let result = work(&environment, &session, &record, &lead).await;
        let result = lead.close(result).await;
        if record.ended() {
            let (trace, _) = log.read().await?;
            record.read(trace);
        }
        result
    }
    .boxed()
}

/// Does the work of a session. The first failure is that of the session, which still waits
/// for everything that it has begun.
async fn work(
    environment: &Arc<Environment>,
    session: &PlannedSession,
    record: &Arc<SessionRecord>,
    lead: &SessionHandle,
) -> Outcome {
    let modules = session.modules();
    lead.track(EventKind::BatchProcessingStarted { modules })
        .await?;
    checkpoint(lead, "planned").await?;
    let mut children = Vec::new();
    for child in &session.children {
        children.push(delegate(environment, child, record, lead).await?);
    }
    let mut agents = JoinSet::new();
    for agent in &session.agents {
        let source = format!("writer-{}", agent.run);
        let handle = lead.of(&source, environment.log(session.id, record));
        agents.spawn(write_tests(handle, agent.clone()));
    }
    let mut result = Ok(());
    while let Some(joined) = agents.join_next().await {
        result = result.and(joined.unwrap_or_else(|error| Err(AgentFailed(error.to_string()))));
    }
    checkpoint(lead, "generated").await?;
    // Seeded: the session does not wait for those below it.
    if environment.connections.defect == Some(defects::CHILD_NOT_JOINED) {
        return result;
    }
    for child in children {
        result = result.and(child.join(record, lead).await?);
    }
    result
}

async fn checkpoint(handle: &SessionHandle, name: &str) -> Outcome {
    let name = name.to_owned();
    handle.track(EventKind::Checkpoint { name }).await?;
    Ok(())
}

/// A session below another one.
struct Child {
    id: SessionId,
    record: Arc<SessionRecord>,
    task: JoinHandle<Outcome>,
}

/// Begins a session below another one.
async fn delegate(
    environment: &Arc<Environment>,
    child: &PlannedSession,
    record: &Arc<SessionRecord>,
    lead: &SessionHandle,
) -> Result<Child, AgentFailed> {
    let id = child.id;
    let record = environment.record(child, Some(record));
    lead.track(EventKind::SessionDelegated { child: id })
        .await?;
    record.follows_announcement();
    let environment = Arc::clone(environment);
    let session = run_session(
        environment,
        child.clone(),
        Arc::clone(&record),
        Some(lead.id),
    );
    let task = spawn(session);
    Ok(Child { id, record, task })
}

impl Child {
    /// Waits for the end of the session, and reports it. The outer result is that of the
    /// report.
    async fn join(
        self,
        parent: &SessionRecord,
        lead: &SessionHandle,
    ) -> Result<Outcome, AgentFailed> {
        let outcome = self.task.await;
        parent.joined(&self.record);
        lead.track(EventKind::SessionJoined { child: self.id })
            .await?;
        Ok(outcome.unwrap_or_else(|error| Err(AgentFailed(error.to_string()))))
    }
}

/// The work of one agent.
async fn write_tests(session: SessionHandle, plan: PlannedAgent) -> Outcome {
    name_task(&format!("writer {} of {}", plan.run, session.id));
    let modules = plan.modules.iter();
    let mut answers: Vec<_> = modules.flat_map(|module| module.calls.clone()).collect();
    if plan.fails {
        answers.pop();
    }
    let model = ScriptedModel::new(plan.model, answers);
    let model = Instrumented::new(model, session.clone());
    let work = async {
        for module in &plan.modules {
            write_module(&session, &model, module).await?;
        }
        Ok(())
    };
    session.agent(plan.run, work).await
}

async fn write_module(
    session: &SessionHandle,
    model: &impl LanguageModel,
    plan: &PlannedModule,
) -> Outcome {
    let module = plan.number;
    session
        .track(EventKind::TestGenerationStarted { module })
        .await?;
    model.complete("write tests").await?;
    session
        .track(EventKind::TestVerificationStarted { module })
        .await?;
    for _ in plan.calls.iter().skip(1) {
        session
            .track(EventKind::TestHealingTriggered { module })
            .await?;
        model.complete("repair the tests").await?;
    }
    let (tests, quality) = (plan.tests, plan.quality);
    session
        .track(EventKind::TestGenerationCompleted {
            module,
            tests,
            quality,
        })
        .await?;
    checkpoint(session, &format!("module-{module}")).await
}
