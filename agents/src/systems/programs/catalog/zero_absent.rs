//! Requests with numbers from 0. Modelled on typescript-sdk #2654: a cancellation of request 0
//! was ignored, because 0 was taken for no number.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "zero-absent",
    idea: "The number 0 of a request is taken for no number, so that it is not cancelled.",
    promise: "cancelled-requests-end",
};

/// The next number, and the requests that are open.
#[derive(Clone, Default)]
struct Requests {
    next: u32,
    open: Vec<u32>,
}

impl Requests {
    fn open(&mut self) -> u32 {
        let number = self.next;
        self.next += 1;
        self.open.push(number);
        number
    }

    fn close(&mut self, number: u32) {
        self.open.retain(|open| *open != number);
    }
}

/// Runs two clients, the second of which cancels its request, after `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let requests = Shared::new(Requests::default());
    let (of_first, of_second) = (requests.clone(), requests.clone());
    let first = spawn(async move {
        let number = of_first.update(Requests::open).await;
        of_first.update(|requests| requests.close(number)).await;
    });
    let second = spawn(async move {
        work(size).await;
        let number = of_second.update(Requests::open).await;
        let is_named = number > 0 || version == Version::Healthy;
        if is_named {
            of_second.update(|requests| requests.close(number)).await;
        }
    });
    join([first, second]).await;
    let open = requests.get().await.open;
    promise(open.is_empty(), || {
        format!("{open:?} is cancelled and open")
    })
}
