//! A subscriber and a publisher that start at the same time: TaxDC's order violation between a
//! registration and the first message.

use super::parts::{About, Outcome, Shared, Version, join, mpsc, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "subscribed-late",
    idea: "A subscriber gets what is published from then on, and no replay.",
    promise: "first-event-arrives",
};

/// A topic: its subscribers, and the events so far.
#[derive(Clone, Default)]
struct Topic {
    subscribers: Vec<mpsc::Sender<u32>>,
    log: Vec<u32>,
}

/// Runs a publisher that does `size` operations before it publishes.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let topic = Shared::new(Topic::default());
    let of_subscriber = topic.clone();
    let subscriber = spawn(async move {
        let (sender, mut receiver) = mpsc::channel(4);
        let subscribe = |topic: &mut Topic| {
            topic.subscribers.push(sender);
            match version {
                Version::Healthy => topic.log.clone(),
                Version::Defective => Vec::new(),
            }
        };
        let replayed = of_subscriber.update(subscribe).await;
        let first = replayed.first().copied();
        drop(of_subscriber);
        match first {
            Some(event) => Some(event),
            None => receiver.recv().await,
        }
    });
    let publisher = spawn(async move {
        work(size).await;
        let publish = |topic: &mut Topic| {
            topic.log.push(7);
            std::mem::take(&mut topic.subscribers)
        };
        for subscriber in topic.update(publish).await {
            // The subscriber may have gone.
            let _ = subscriber.send(7).await;
        }
    });
    join([publisher]).await;
    let first = join([subscriber]).await[0];
    promise(first == Some(7), || {
        "the subscriber never got the event".to_owned()
    })
}
