//! A driver that is stopped while a request comes in. Modelled on `bluetooth_driver` of
//! SCTBench: a request checks that the driver runs, and is counted afterwards.

use std::sync::Arc;

use super::parts::{About, Notify, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "checked-stop",
    idea: "A request checks that the service runs, and is counted as pending afterwards.",
    promise: "stopped-service-serves-nothing",
};

/// A service that may be stopping, and its pending requests.
#[derive(Clone, Copy, Default)]
struct Service {
    stopping: bool,
    pending: u32,
}

/// Runs a stop that does `size` operations before it begins.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let (service, stopped) = (Shared::new(Service::default()), Shared::new(false));
    let changed = Arc::new(Notify::new());
    let ended = Arc::clone(&changed);
    let (of_request, seen) = (service.clone(), stopped.clone());
    let request = spawn(async move {
        let admit = |service: &mut Service| {
            service.pending += u32::from(!service.stopping);
            !service.stopping
        };
        let admitted = match version {
            Version::Healthy => of_request.update(admit).await,
            Version::Defective => {
                let running = !of_request.get().await.stopping;
                if running {
                    of_request.update(|service| service.pending += 1).await;
                }
                running
            }
        };
        if !admitted {
            return false;
        }
        let too_late = seen.get().await;
        of_request.update(|service| service.pending -= 1).await;
        ended.notify_one();
        too_late
    });
    let stop = spawn(async move {
        work(size).await;
        service.update(|service| service.stopping = true).await;
        while service.get().await.pending > 0 {
            changed.notified().await;
        }
        stopped.set(true).await;
    });
    join([stop]).await;
    let too_late = join([request]).await[0];
    promise(!too_late, || {
        "a request was served after the stop".to_owned()
    })
}
