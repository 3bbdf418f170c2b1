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

use crate::crew::{Job, Staff};
use crate::foreman::{Finished, Foreman, Ready};

/// How long a worker cleans up after a job.
const CLEANING: Duration = Duration::from_millis(5);

/// Where results are filed, one at a time; which jobs, in that order.
pub(crate) type Cabinet = Arc<Mutex<Vec<u32>>>;

/// What every worker needs.
#[derive(Clone)]
pub(crate) struct Kit {
    pub(crate) foreman: ActorRef<Foreman>,
    pub(crate) cabinet: Cabinet,
    pub(crate) staff: Staff,
}

pub(crate) struct Worker {
    kit: Kit,
}

/// The first time a job is done it is fresh.
pub(crate) struct Work {
    pub(crate) job: Job,
    pub(crate) fresh: bool,
}

/// A worker that has broken down is of no more use.
#[derive(Debug)]
pub(crate) struct BrokenDown;

impl Actor for Worker {
    type Args = Kit;
    type Error = Infallible;

    async fn on_start(kit: Kit, _: ActorRef<Self>) -> Result<Self, Infallible> {
        kit.staff.comes();
        Ok(Self { kit })
    }

    async fn on_stop(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorStopReason,
    ) -> Result<(), Infallible> {
        self.kit.staff.goes();
        Ok(())
    }
}

impl Message<Work> for Worker {
    type Reply = Result<(), BrokenDown>;

    async fn handle(
        &mut self,
        Work { job, fresh }: Work,
        ctx: &mut Context<Self, Self::Reply>,
    ) -> Result<(), BrokenDown> {
        sleep(job.takes).await;
        let breaks = fresh && job.wears;
        // Filing is slow; the next job need not wait for it.
        tokio::spawn(report(self.kit.clone(), job));
        sleep(CLEANING).await;
        if breaks {
            return Err(BrokenDown);
        }
        // A foreman that is gone has no more jobs.
        let _ = self.kit.foreman.tell(Ready(ctx.actor_ref().id())).await;
        Ok(())
    }
}

/// Files the result and tells the foreman.
async fn report(kit: Kit, job: Job) {
    let mut cabinet = kit.cabinet.lock().await;
    sleep(job.filing).await;
    cabinet.push(job.id);
    drop(cabinet);
    let _ = kit.foreman.tell(Finished(job.id)).await;
}
