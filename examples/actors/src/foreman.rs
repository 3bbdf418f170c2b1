//! The foreman knows who does what, and what is paid.

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

use crate::crew::{Accounts, Defect, Job, Staff};
use crate::worker::{Kit, Work, Worker};

pub(crate) struct Foreman {
    defect: Defect,
    kit: Kit,
    queue: VecDeque<(Job, bool)>,
    hands: BTreeMap<ActorId, Hand>,
    /// Jobs that were handed in and are not paid.
    open: BTreeSet<u32>,
    accounts: Accounts,
    draining: Option<ReplySender<Accounts>>,
}

struct Hand {
    worker: ActorRef<Worker>,
    job: Option<Job>,
}

/// A job to do.
pub(crate) struct Submit(pub(crate) Job);

/// A worker can do another job.
pub(crate) struct Ready(pub(crate) ActorId);

/// The result of a job is filed.
pub(crate) struct Finished(pub(crate) u32);

/// Asks for the accounts, once everything is done.
pub(crate) struct Drain;

impl Foreman {
    async fn hire(&mut self) {
        let link = self.kit.foreman.clone();
        let mailbox = mailbox::bounded(1);
        let worker = Worker::spawn_link_with_mailbox(&link, self.kit.clone(), mailbox).await;
        let hand = Hand {
            worker: worker.clone(),
            job: None,
        };
        self.hands.insert(worker.id(), hand);
    }

    /// Gives everybody who has nothing to do a job, and tells who waits for the end.
    async fn go_on(&mut self) {
        for hand in self.hands.values_mut().filter(|hand| hand.job.is_none()) {
            let Some((job, fresh)) = self.queue.pop_front() else {
                break;
            };
            hand.job = Some(job.clone());
            // To one that has broken down meanwhile: it is requeued when that is known.
            let _ = hand.worker.tell(Work { job, fresh }).await;
        }
        let done = match self.defect {
            Defect::ClosesEarly => {
                self.queue.is_empty() && self.hands.values().all(|hand| hand.job.is_none())
            }
            _ => self.open.is_empty(),
        };
        if done && let Some(reply) = self.draining.take() {
            reply.send(self.accounts.clone());
        }
    }
}

impl Actor for Foreman {
    type Args = (usize, Defect, Staff);
    type Error = Infallible;

    async fn on_start(
        (workers, defect, staff): Self::Args,
        me: ActorRef<Self>,
    ) -> Result<Self, Infallible> {
        staff.comes();
        let mut foreman = Self {
            defect,
            kit: Kit {
                foreman: me,
                cabinet: Arc::new(Mutex::new(Vec::new())),
                staff,
            },
            queue: VecDeque::new(),
            hands: BTreeMap::new(),
            open: BTreeSet::new(),
            accounts: Accounts::default(),
            draining: None,
        };
        for _ in 0..workers {
            foreman.hire().await;
        }
        Ok(foreman)
    }

    async fn on_link_died(
        &mut self,
        _: WeakActorRef<Self>,
        id: ActorId,
        _: ActorStopReason,
    ) -> Result<ControlFlow<ActorStopReason>, Infallible> {
        let Some(hand) = self.hands.remove(&id) else {
            return Ok(ControlFlow::Continue(()));
        };
        self.accounts.breakdowns += 1;
        if let Some(job) = hand.job.filter(|job| self.open.contains(&job.id)) {
            self.accounts.again += 1;
            self.queue.push_front((job, false));
        }
        self.hire().await;
        self.go_on().await;
        Ok(ControlFlow::Continue(()))
    }

    async fn on_stop(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorStopReason,
    ) -> Result<(), Infallible> {
        for hand in self.hands.values() {
            // One that has broken down needs no telling.
            let _ = hand.worker.stop_gracefully().await;
            let _ = hand.worker.wait_for_shutdown_result().await;
        }
        self.kit.staff.goes();
        Ok(())
    }
}

impl Message<Submit> for Foreman {
    type Reply = ();

    async fn handle(&mut self, Submit(job): Submit, _: &mut Context<Self, ()>) {
        self.open.insert(job.id);
        self.queue.push_back((job, true));
        self.go_on().await;
    }
}

impl Message<Ready> for Foreman {
    type Reply = ();

    async fn handle(&mut self, Ready(id): Ready, _: &mut Context<Self, ()>) {
        if let Some(hand) = self.hands.get_mut(&id) {
            hand.job = None;
        }
        self.go_on().await;
    }
}

impl Message<Finished> for Foreman {
    type Reply = ();

    async fn handle(&mut self, Finished(id): Finished, _: &mut Context<Self, ()>) {
        let first = self.open.remove(&id);
        if first || self.defect == Defect::PaysEachReport {
            *self.accounts.paid.entry(id).or_default() += 1;
        }
        self.queue.retain(|(job, _)| job.id != id);
        self.go_on().await;
    }
}

impl Message<Drain> for Foreman {
    type Reply = DelegatedReply<Accounts>;

    async fn handle(
        &mut self,
        _: Drain,
        ctx: &mut Context<Self, Self::Reply>,
    ) -> DelegatedReply<Accounts> {
        let (promise, reply) = ctx.reply_sender();
        self.draining = reply;
        self.go_on().await;
        promise
    }
}
