//! The crew, as those see it who have jobs for it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kameo::Reply;
use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;

use crate::foreman::{Drain, Foreman, Submit};

/// A mistake that the crew can be built with, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Defect {
    /// The crew as it should be.
    #[default]
    None,
    /// What a worker had in hand when it broke down is done again and paid again, also
    /// if its report was on the way.
    PaysEachReport,
    /// The crew is taken for done when nobody works, also if a report is on the way.
    ClosesEarly,
    /// The crew is taken for gone when the foreman's mailbox is closed, which is what
    /// kameo's `wait_for_shutdown` waits for. The actors' `on_stop` comes after that.
    TurnsItsBack,
}

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Which.
    pub id: u32,
    /// How long it takes.
    pub takes: Duration,
    /// How long it takes to file its result.
    pub filing: Duration,
    /// Whether the first worker that does it breaks down over it.
    pub wears: bool,
}

/// What came of a crew.
#[derive(Clone, PartialEq, Eq, Debug, Default, Reply)]
pub struct Accounts {
    /// How often each job was paid.
    pub paid: BTreeMap<u32, u32>,
    /// How many workers broke down.
    pub breakdowns: u32,
    /// How many jobs were handed out again.
    pub again: u32,
}

/// The crew is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the crew is closed; hire another one")
    }
}

impl std::error::Error for Closed {}

/// How many actors run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Staff(Arc<AtomicUsize>);

impl Staff {
    pub(crate) fn comes(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn goes(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A foreman and its workers. Runs until [`Crew::close`].
#[derive(Clone, Debug)]
pub struct Crew {
    foreman: ActorRef<Foreman>,
    staff: Staff,
    defect: Defect,
}

impl Crew {
    /// Hires a foreman and so many workers.
    pub fn hire(workers: usize, defect: Defect) -> Self {
        let staff = Staff::default();
        let args = (workers, defect, staff.clone());
        let foreman = Foreman::spawn_with_mailbox(args, mailbox::bounded(4));
        Self {
            foreman,
            staff,
            defect,
        }
    }

    /// Hands in a job; waits while the foreman is busy.
    ///
    /// # Errors
    ///
    /// If the crew is closed.
    pub async fn submit(&self, job: Job) -> Result<(), Closed> {
        let submitted = self.foreman.ask(Submit(job)).await;
        submitted.map_err(|_| Closed)
    }

    /// Waits until everything is done and paid, and sends everybody home.
    ///
    /// # Errors
    ///
    /// If the crew is closed already.
    pub async fn close(&self) -> Result<Accounts, Closed> {
        let accounts = self.foreman.ask(Drain).await.map_err(|_| Closed)?;
        self.foreman.stop_gracefully().await.map_err(|_| Closed)?;
        if self.defect == Defect::TurnsItsBack {
            self.foreman.wait_for_shutdown().await;
        } else {
            let Ok(_) = self.foreman.wait_for_shutdown_result().await else {
                return Err(Closed);
            };
        }
        Ok(accounts)
    }

    /// How many actors run.
    pub fn staff(&self) -> usize {
        self.staff.0.load(Ordering::SeqCst)
    }
}
