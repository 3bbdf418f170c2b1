//! A request that is repeated because its answer is late: TaxDC's time-out after an operation
//! that has succeeded.

use super::parts::{About, Outcome, Shared, Version, join, mpsc, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "retry-applied",
    idea: "A request that is repeated under its number is applied once more.",
    promise: "applied-once",
};

/// The events that a client waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    Answer,
    Deadline,
}

/// Runs with a deadline of `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let applied = Shared::new(0);
    let (requests, mut incoming) = mpsc::channel::<(u32, mpsc::Sender<Event>)>(4);
    let of_server = applied.clone();
    let server = spawn(async move {
        let mut last = 0;
        while let Some((number, answers)) = incoming.recv().await {
            if number > last || version == Version::Defective {
                of_server.update(|applied| *applied += 1).await;
            }
            last = number;
            // The client may have its answer.
            let _ = answers.send(Event::Answer).await;
        }
    });
    let client = spawn(async move {
        let (events, mut happened) = mpsc::channel(4);
        let request = (1, events.clone());
        requests
            .send(request.clone())
            .await
            .expect("the server runs");
        let timer = spawn(async move {
            work(size).await;
            // The client may have its answer.
            let _ = events.send(Event::Deadline).await;
        });
        if happened.recv().await == Some(Event::Deadline) {
            requests.send(request).await.expect("the server runs");
            happened.recv().await;
        }
        drop(happened);
        join([timer]).await;
    });
    join([client, server]).await;
    let applied = applied.get().await;
    promise(applied == 1, || {
        format!("the request was applied {applied} times")
    })
}
