//! The supervisor knows the job of each worker, and the jobs that are completed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use kameo::actor::{Actor, ActorId, ActorRef, Spawn, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use kameo::mailbox;
use kameo::message::{Context, Message};
use kameo::reply::{DelegatedReply, ReplySender};
#[cfg(test)]
use rehearsal::tokio;
use tokio::sync::Mutex;

use crate::pool::{Defect, Job, Running, Totals};
use crate::worker::{Work, Worker, WorkerContext};

pub(crate) struct Supervisor {
    defect: Defect,
    context: WorkerContext,
    queue: VecDeque<(Job, bool)>,
    slots: BTreeMap<ActorId, Slot>,
    /// Jobs that were submitted and are not completed.
    open: BTreeSet<u32>,
    totals: Totals,
    draining: Option<ReplySender<Totals>>,
}

struct Slot {
    worker: ActorRef<Worker>,
    job: Option<Job>,
}

/// A job to do.
pub(crate) struct Submit(pub(crate) Job);

/// A worker can do another job.
pub(crate) struct Ready(pub(crate) ActorId);

/// The result of a job is stored.
pub(crate) struct Finished(pub(crate) u32);

/// Asks for the totals, once everything is done.
pub(crate) struct Drain;

impl Supervisor {
    async fn start_worker(&mut self) {
        let link = self.context.supervisor.clone();
        let mailbox = mailbox::bounded(1);
        let worker = Worker::spawn_link_with_mailbox(&link, self.context.clone(), mailbox).await;
        let slot = Slot {
            worker: worker.clone(),
            job: None,
        };
        self.slots.insert(worker.id(), slot);
    }

    /// Gives each idle worker a job, and answers a client that waits for the end.
    async fn assign_jobs(&mut self) {
        for slot in self.slots.values_mut().filter(|slot| slot.job.is_none()) {
            let Some((job, fresh)) = self.queue.pop_front() else {
                break;
            };
            slot.job = Some(job.clone());
            // If the worker has failed meanwhile, the job is queued again when that is known.
            let _ = slot.worker.tell(Work { job, fresh }).await;
        }
        let done = match self.defect {
            Defect::ClosesEarly => {
                self.queue.is_empty() && self.slots.values().all(|slot| slot.job.is_none())
            }
            _ => self.open.is_empty(),
        };
        if done && let Some(reply) = self.draining.take() {
            reply.send(self.totals.clone());
        }
    }
}

impl Actor for Supervisor {
    type Args = (usize, Defect, Running);
    type Error = Infallible;

    async fn on_start(
        (workers, defect, running): Self::Args,
        me: ActorRef<Self>,
    ) -> Result<Self, Infallible> {
        running.add();
        let mut supervisor = Self {
            defect,
            context: WorkerContext {
                supervisor: me,
                results: Arc::new(Mutex::new(Vec::new())),
                running,
            },
            queue: VecDeque::new(),
            slots: BTreeMap::new(),
            open: BTreeSet::new(),
            totals: Totals::default(),
            draining: None,
        };
        for _ in 0..workers {
            supervisor.start_worker().await;
        }
        Ok(supervisor)
    }

    async fn on_link_died(
        &mut self,
        _: WeakActorRef<Self>,
        id: ActorId,
        _: ActorStopReason,
    ) -> Result<ControlFlow<ActorStopReason>, Infallible> {
        let Some(slot) = self.slots.remove(&id) else {
            return Ok(ControlFlow::Continue(()));
        };
        self.totals.failures += 1;
        if let Some(job) = slot.job.filter(|job| self.open.contains(&job.id)) {
            self.totals.retries += 1;
            self.queue.push_front((job, false));
        }
        self.start_worker().await;
        self.assign_jobs().await;
        Ok(ControlFlow::Continue(()))
    }

    async fn on_stop(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorStopReason,
    ) -> Result<(), Infallible> {
        for slot in self.slots.values() {
            // One that has failed has stopped.
            let _ = slot.worker.stop_gracefully().await;
            let _ = slot.worker.wait_for_shutdown_result().await;
        }
        self.context.running.remove();
        Ok(())
    }
}

impl Message<Submit> for Supervisor {
    type Reply = ();

    async fn handle(&mut self, Submit(job): Submit, _: &mut Context<Self, ()>) {
        self.open.insert(job.id);
        self.queue.push_back((job, true));
        self.assign_jobs().await;
    }
}

impl Message<Ready> for Supervisor {
    type Reply = ();

    async fn handle(&mut self, Ready(id): Ready, _: &mut Context<Self, ()>) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.job = None;
        }
        self.assign_jobs().await;
    }
}

impl Message<Finished> for Supervisor {
    type Reply = ();

    async fn handle(&mut self, Finished(id): Finished, _: &mut Context<Self, ()>) {
        let first = self.open.remove(&id);
        if first || self.defect == Defect::CountsEachReport {
            *self.totals.completed.entry(id).or_default() += 1;
        }
        self.queue.retain(|(job, _)| job.id != id);
        self.assign_jobs().await;
    }
}

impl Message<Drain> for Supervisor {
    type Reply = DelegatedReply<Totals>;

    async fn handle(
        &mut self,
        _: Drain,
        ctx: &mut Context<Self, Self::Reply>,
    ) -> DelegatedReply<Totals> {
        let (promise, reply) = ctx.reply_sender();
        self.draining = reply;
        self.assign_jobs().await;
        promise
    }
}
