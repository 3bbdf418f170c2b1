use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The crate's own types, compiled over the facade: their waits are points.
pub(super) async fn program() {
    let (token, tracker) = (CancellationToken::new(), TaskTracker::new());
    let ended = Arc::new(AtomicU32::new(0));
    for _ in 0..3 {
        let (token, ended) = (token.clone(), Arc::clone(&ended));
        tracker.spawn(async move {
            token.cancelled().await;
            tokio::task::yield_now().await;
            ended.fetch_add(1, Ordering::Relaxed);
        });
    }
    tokio::task::yield_now().await;
    token.cancel();
    tracker.close();
    tracker.wait().await;
    assert_eq!(ended.load(Ordering::Relaxed), 3);
}
