//! A client with a set of requests that wait for their responses. Modelled on the rust-sdk of
//! agent-client-protocol, #107, and nats.rs #1617: only a response removes an entry.

use std::collections::BTreeSet;

use super::parts::{About, Outcome, Shared, Version, ended, mpsc, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "entry-of-dropped",
    idea: "The entry of a request goes when the response comes, and stays if the request is dropped.",
    promise: "entries-go-with-requests",
};

/// The requests that wait for a response.
type Pending = Shared<BTreeSet<u32>>;

/// A request that reports its end when it is dropped, in whichever way.
struct Request {
    number: u32,
    ended: mpsc::Sender<u32>,
}

impl Drop for Request {
    fn drop(&mut self) {
        // There is room for every request, as long as the client is there.
        let _ = self.ended.try_send(self.number);
    }
}

/// Runs `size` requests.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let pending = Pending::new(BTreeSet::new());
    let (ends, mut of_requests) = mpsc::channel(size as usize);
    let requests: Vec<_> = (0..size)
        .map(|number| {
            let (pending, ended) = (pending.clone(), ends.clone());
            spawn(async move {
                match version {
                    Version::Healthy => {
                        let request = Request { number, ended };
                        send(&pending, request.number).await;
                    }
                    Version::Defective => {
                        send(&pending, number).await;
                        pending.update(|pending| pending.remove(&number)).await;
                    }
                }
            })
        })
        .collect();
    drop(ends);
    ended(requests).await;
    while let Some(number) = of_requests.recv().await {
        pending.update(|pending| pending.remove(&number)).await;
    }
    let left = pending.get().await.len();
    promise(left == 0, || format!("{left} entries are of no request"))
}

/// Sends a request, and waits for the response.
async fn send(pending: &Pending, number: u32) {
    pending.update(|pending| pending.insert(number)).await;
    work(1).await;
}
