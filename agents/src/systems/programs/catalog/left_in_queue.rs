//! A mailbox that is closed while a message comes in. Modelled on kameo #362: a message that
//! is accepted after the last look of the reader is never handled.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "left-in-queue",
    idea: "A sender sees an open mailbox, and puts its message in after the reader has left.",
    promise: "accepted-messages-are-handled",
};

/// A mailbox and its messages.
#[derive(Clone, Copy, Default)]
struct Mailbox {
    is_closed: bool,
    messages: u32,
}

/// Runs a stop that comes after `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let mailbox = Shared::new(Mailbox::default());
    let (filled, closed) = (mailbox.clone(), mailbox.clone());
    let sender = spawn(async move {
        let put = |mailbox: &mut Mailbox| mailbox.messages += u32::from(!mailbox.is_closed);
        match version {
            Version::Healthy => filled.update(put).await,
            Version::Defective => {
                if !filled.get().await.is_closed {
                    filled.update(|mailbox| mailbox.messages += 1).await;
                }
            }
        }
    });
    let reader = spawn(async move {
        work(size).await;
        let close = |mailbox: &mut Mailbox| {
            mailbox.is_closed = true;
            // The last look: everything is handled.
            mailbox.messages = 0;
        };
        closed.update(close).await;
    });
    join([sender, reader]).await;
    let left = mailbox.get().await.messages;
    promise(left == 0, || {
        format!("{left} messages were accepted and not handled")
    })
}
