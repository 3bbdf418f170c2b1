//! A worker does one job at a time.

use std::sync::Arc;
use std::time::Duration;

use kameo::actor::{Actor, ActorRef, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use kameo::message::{Context, Message};
#[cfg(test)]
use rehearsal::tokio;
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::pool::{Job, Running};
use crate::supervisor::{Finished, Ready, Supervisor};

/// The time that a worker cleans up after a job.
const CLEANING: Duration = Duration::from_millis(5);

/// The jobs whose results are stored, one at a time, in that order.
pub(crate) type Results = Arc<Mutex<Vec<u32>>>;

/// The parts of the pool that each worker uses.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    pub(crate) supervisor: ActorRef<Supervisor>,
    pub(crate) results: Results,
    pub(crate) running: Running,
}

pub(crate) struct Worker {
    context: WorkerContext,
}

/// A job for a worker; `fresh` if none has done it before.
pub(crate) struct Work {
    pub(crate) job: Job,
    pub(crate) fresh: bool,
}

/// A worker has failed and stops.
#[derive(Debug)]
pub(crate) struct WorkerFailed;

impl Actor for Worker {
    type Args = WorkerContext;
    type Error = Infallible;

    async fn on_start(context: WorkerContext, _: ActorRef<Self>) -> Result<Self, Infallible> {
        context.running.add();
        Ok(Self { context })
    }

    async fn on_stop(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorStopReason,
    ) -> Result<(), Infallible> {
        self.context.running.remove();
        Ok(())
    }
}

impl Message<Work> for Worker {
    type Reply = Result<(), WorkerFailed>;

    async fn handle(
        &mut self,
        Work { job, fresh }: Work,
        ctx: &mut Context<Self, Self::Reply>,
    ) -> Result<(), WorkerFailed> {
        sleep(job.takes).await;
        let breaks = fresh && job.breaks_worker;
        // Storing is slow; the next job need not wait for it.
        tokio::spawn(report(self.context.clone(), job));
        sleep(CLEANING).await;
        if breaks {
            return Err(WorkerFailed);
        }
        // A supervisor that has stopped has no more jobs.
        let _ = self
            .context
            .supervisor
            .tell(Ready(ctx.actor_ref().id()))
            .await;
        Ok(())
    }
}

/// Stores the result and tells the supervisor.
async fn report(context: WorkerContext, job: Job) {
    let mut results = context.results.lock().await;
    sleep(job.storing).await;
    results.push(job.id);
    drop(results);
    let _ = context.supervisor.tell(Finished(job.id)).await;
}
