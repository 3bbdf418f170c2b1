//! Two messages that take different paths to one receiver: the order violation of TaxDC and of
//! the study of actor programs (arXiv 1706.07372).

use super::parts::{About, Outcome, Version, join, mpsc, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "overtaken",
    idea: "A second message is sent past the relay that still has the first.",
    promise: "messages-keep-their-order",
};

/// Runs a sender that pauses `size` times between its messages.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let (to_relay, mut relayed) = mpsc::channel(4);
    let (to_receiver, mut received) = mpsc::channel(4);
    let direct = to_receiver.clone();
    let relay = spawn(async move {
        while let Some(message) = relayed.recv().await {
            to_receiver.send(message).await.expect("the receiver waits");
        }
    });
    let sender = spawn(async move {
        to_relay.send(1).await.expect("the relay waits");
        for _ in 0..size {
            yield_now().await;
        }
        let path = match version {
            Version::Healthy => to_relay,
            Version::Defective => direct,
        };
        path.send(2).await.expect("the other end waits");
    });
    let receiver = spawn(async move {
        let mut seen = Vec::new();
        while let Some(message) = received.recv().await {
            seen.push(message);
        }
        seen
    });
    join([sender, relay]).await;
    let seen = join([receiver]).await.remove(0);
    promise(seen == [1, 2], || {
        format!("the messages arrived as {seen:?}")
    })
}
