//! A worker does each job that it is given once, however often it is asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;

use crate::http;
use crate::job::{Done, Job};
use crate::tokio;
use crate::tokio::net::TcpListener;
use crate::tokio::sync::{Mutex, watch};
use crate::tokio::time::sleep;

/// The jobs that a worker has done. It outlives the worker's process, as a disk does.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Vec<Done>>);

impl Ledger {
    /// Every job done so far, in that order.
    pub async fn jobs(&self) -> Vec<Done> {
        self.0.lock().await.clone()
    }

    async fn find(&self, id: &str) -> Option<Done> {
        self.0
            .lock()
            .await
            .iter()
            .find(|done| done.id == id)
            .cloned()
    }
}

/// A worker.
#[derive(Debug)]
pub struct Worker {
    name: String,
    ledger: Arc<Ledger>,
    /// The jobs in progress.
    open: Mutex<BTreeMap<String, watch::Receiver<Option<Done>>>>,
}

impl Worker {
    /// A worker that goes on from that ledger.
    pub fn new(name: &str, ledger: Arc<Ledger>) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            ledger,
            open: Mutex::default(),
        })
    }

    /// Takes jobs for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let handle = move |job| {
            let worker = Arc::clone(&self);
            async move {
                match worker.work(job).await {
                    Some(done) => (StatusCode::OK, Some(done)),
                    None => (StatusCode::INTERNAL_SERVER_ERROR, None),
                }
            }
        };
        http::serve(listener, handle).await;
    }

    async fn work(self: Arc<Self>, job: Job) -> Option<Done> {
        let mut result = {
            let mut open = self.open.lock().await;
            if let Some(done) = self.ledger.find(&job.id).await {
                return Some(done);
            }
            match open.get(&job.id) {
                Some(result) => result.clone(),
                None => {
                    let (sender, result) = watch::channel(None);
                    open.insert(job.id.clone(), result.clone());
                    // The job goes on, whether a client waits for it or not.
                    tokio::spawn(Arc::clone(&self).perform(job, sender));
                    result
                }
            }
        };
        result.wait_for(Option::is_some).await.ok()?.clone()
    }

    async fn perform(self: Arc<Self>, job: Job, result: watch::Sender<Option<Done>>) {
        sleep(Duration::from_millis(job.work)).await;
        let done = Done {
            id: job.id,
            worker: self.name.clone(),
        };
        let mut open = self.open.lock().await;
        self.ledger.0.lock().await.push(done.clone());
        open.remove(&done.id);
        result.send_replace(Some(done));
    }
}
