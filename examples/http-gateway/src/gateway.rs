//! The gateway gives each job to the worker that has least to do.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Serialize;

use crate::http::{self, Failure, Patience};
use crate::job::{Done, Job, Rejection};
use crate::tokio;
use crate::tokio::net::TcpListener;
use crate::tokio::sync::Mutex;

/// Whom the gateway asks when a worker that has a job keeps silent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnSilence {
    /// The other worker: the defect. It does not know what the first one does.
    AskElsewhere,
    /// The same worker, which knows the job by its id.
    AskAgain,
}

/// The way in which the gateway takes a place at a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choosing {
    /// Looks, lets the lock go, and takes it again: the defect.
    LookThenTake,
    /// Under one lock.
    TakeAtOnce,
}

/// The settings of a gateway.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The workers' addresses.
    pub workers: Vec<String>,
    /// The most jobs that a worker has from here at once.
    pub limit: u32,
    /// The time to wait for a worker.
    pub patience: Patience,
    /// The treatment of a silent worker.
    pub on_silence: OnSilence,
    /// The way in which a worker is chosen.
    pub choosing: Choosing,
}

/// The number of jobs that a worker has from here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Load {
    /// Now.
    pub now: u32,
    /// At most, so far.
    pub peak: u32,
}

impl Load {
    fn take(&mut self) {
        self.now += 1;
        self.peak = self.peak.max(self.now);
    }
}

/// The counters of a gateway.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Account {
    /// Of each worker.
    pub loads: Vec<Load>,
    /// The times that a silent worker's job was asked for once more.
    pub after_silence: u32,
    /// The times that a worker could not be reached.
    pub unreached: u32,
}

/// A gateway.
#[derive(Debug)]
pub struct Gateway {
    settings: Settings,
    account: Mutex<Account>,
}

impl Gateway {
    /// A gateway that has done nothing yet.
    pub fn new(settings: Settings) -> Arc<Self> {
        let account = Account {
            loads: vec![Load::default(); settings.workers.len()],
            ..Account::default()
        };
        Arc::new(Self {
            settings,
            account: Mutex::new(account),
        })
    }

    /// Its counters.
    pub async fn account(&self) -> Account {
        self.account.lock().await.clone()
    }

    /// Takes jobs for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let handle = move |job| {
            // A task of its own: a client that goes away does not stop it halfway.
            let dispatch = tokio::spawn(Arc::clone(&self).dispatch(job));
            async move {
                match dispatch.await {
                    Ok(Ok(done)) => (StatusCode::OK, Answer::Done(done)),
                    Ok(Err(rejection)) => (status(rejection), Answer::Rejected(rejection)),
                    Err(_) => {
                        let unknown = Rejection::Unknown;
                        (StatusCode::INTERNAL_SERVER_ERROR, Answer::Rejected(unknown))
                    }
                }
            }
        };
        http::serve(listener, handle).await;
    }

    async fn dispatch(self: Arc<Self>, job: Job) -> Result<Done, Rejection> {
        let first = self.take(None).await.ok_or(Rejection::Busy)?;
        let mut answer = self.ask(first, &job).await;
        let silent = matches!(answer, Err(Failure::Unanswered));
        if silent {
            self.account.lock().await.after_silence += 1;
        }
        if silent && self.settings.on_silence == OnSilence::AskAgain {
            answer = self.ask(first, &job).await;
        }
        self.give_back(first).await;
        match answer {
            Ok(done) => Ok(done),
            // It has the job. No other worker may do it.
            Err(_) if silent && self.settings.on_silence == OnSilence::AskAgain => {
                Err(Rejection::Unknown)
            }
            Err(_) => self.dispatch_elsewhere(first, &job, silent).await,
        }
    }

    async fn dispatch_elsewhere(
        &self,
        not: usize,
        job: &Job,
        silent: bool,
    ) -> Result<Done, Rejection> {
        let sure = |rejection| {
            if silent {
                Rejection::Unknown
            } else {
                rejection
            }
        };
        let other = self.take(Some(not)).await;
        let other = other.ok_or(sure(Rejection::Busy))?;
        let answer = self.ask(other, job).await;
        self.give_back(other).await;
        answer.map_err(|failure| match failure {
            Failure::Unreached => sure(Rejection::Unreachable),
            Failure::Unanswered => Rejection::Unknown,
        })
    }

    async fn ask(&self, worker: usize, job: &Job) -> Result<Done, Failure> {
        let Settings {
            workers, patience, ..
        } = &self.settings;
        match http::post(&workers[worker], job, *patience).await {
            Ok((StatusCode::OK, body)) => {
                serde_json::from_slice(&body).map_err(|_| Failure::Unanswered)
            }
            Ok(_) => Err(Failure::Unanswered),
            Err(failure) => {
                if matches!(failure, Failure::Unreached) {
                    self.account.lock().await.unreached += 1;
                }
                Err(failure)
            }
        }
    }

    /// Takes a place at the worker that has least to do, if one has room.
    async fn take(&self, not: Option<usize>) -> Option<usize> {
        match self.settings.choosing {
            Choosing::TakeAtOnce => {
                let mut account = self.account.lock().await;
                let chosen = self.least(&account, not)?;
                account.loads[chosen].take();
                Some(chosen)
            }
            Choosing::LookThenTake => {
                let chosen = self.least(&*self.account.lock().await, not)?;
                self.account.lock().await.loads[chosen].take();
                Some(chosen)
            }
        }
    }

    fn least(&self, account: &Account, not: Option<usize>) -> Option<usize> {
        let loads = account.loads.iter().enumerate();
        loads
            .filter(|(worker, load)| Some(*worker) != not && load.now < self.settings.limit)
            .min_by_key(|(_, load)| load.now)
            .map(|(worker, _)| worker)
    }

    async fn give_back(&self, worker: usize) {
        self.account.lock().await.loads[worker].now -= 1;
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Done(Done),
    Rejected(Rejection),
}

fn status(rejection: Rejection) -> StatusCode {
    match rejection {
        Rejection::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Rejection::Unreachable => StatusCode::BAD_GATEWAY,
        Rejection::Unknown => StatusCode::GATEWAY_TIMEOUT,
    }
}
