//! The pool as its clients see it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kameo::Reply;
use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;

use crate::supervisor::{Drain, Submit, Supervisor};

/// A mistake that the pool can be built with, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Defect {
    /// The pool as it should be.
    #[default]
    None,
    /// The job of a worker that failed is done again and counted again, also if its report
    /// was in flight.
    CountsEachReport,
    /// The pool counts as done when no worker has a job, also if a report is in flight.
    ClosesEarly,
    /// The pool counts as stopped when the supervisor's mailbox is closed, which is what
    /// kameo's `wait_for_shutdown` waits for. The actors' `on_stop` comes after that.
    SkipsOnStop,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Its number.
    pub id: u32,
    /// The time that it takes.
    pub takes: Duration,
    /// The time that it takes to store its result.
    pub storing: Duration,
    /// `true` if the first worker that does it fails after it.
    pub breaks_worker: bool,
}

/// The totals of a pool.
#[derive(Clone, PartialEq, Eq, Debug, Default, Reply)]
pub struct Totals {
    /// For each job, the number of times that it was counted as completed.
    pub completed: BTreeMap<u32, u32>,
    /// Workers that failed.
    pub failures: u32,
    /// Jobs that were given to a second worker.
    pub retries: u32,
}

/// The pool is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed")
    }
}

impl std::error::Error for Closed {}

/// The number of actors that run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running(Arc<AtomicUsize>);

impl Running {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn remove(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A supervisor and its workers. Runs until [`Pool::close`].
#[derive(Clone, Debug)]
pub struct Pool {
    supervisor: ActorRef<Supervisor>,
    running: Running,
    defect: Defect,
}

impl Pool {
    /// Starts a supervisor and its workers.
    pub fn start(workers: usize, defect: Defect) -> Self {
        let running = Running::default();
        let args = (workers, defect, running.clone());
        let supervisor = Supervisor::spawn_with_mailbox(args, mailbox::bounded(4));
        Self {
            supervisor,
            running,
            defect,
        }
    }

    /// Submits a job; waits while the supervisor is busy.
    ///
    /// # Errors
    ///
    /// If the pool is closed.
    pub async fn submit(&self, job: Job) -> Result<(), Closed> {
        let submitted = self.supervisor.ask(Submit(job)).await;
        submitted.map_err(|_| Closed)
    }

    /// Waits until every job is completed, and stops all actors.
    ///
    /// # Errors
    ///
    /// If the pool is closed already.
    pub async fn close(&self) -> Result<Totals, Closed> {
        let totals = self.supervisor.ask(Drain).await.map_err(|_| Closed)?;
        self.supervisor
            .stop_gracefully()
            .await
            .map_err(|_| Closed)?;
        if self.defect == Defect::SkipsOnStop {
            self.supervisor.wait_for_shutdown().await;
        } else {
            let Ok(_) = self.supervisor.wait_for_shutdown_result().await else {
                return Err(Closed);
            };
        }
        Ok(totals)
    }

    /// Returns the number of actors that run.
    pub fn running(&self) -> usize {
        self.running.0.load(Ordering::SeqCst)
    }
}
