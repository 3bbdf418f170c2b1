//! Observed runs: what they add to the outcome, and that they change nothing.

use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::tokio::{spawn, task};
use rehearsal_sim::{Config, Fifo, Outcome, Recording, Verdict, World, run};

fn observed<F>(recording: Recording, program: impl FnOnce(World) -> F + 'static) -> Outcome<()>
where
    F: Future<Output = ()> + 'static,
{
    let config = Config {
        strategy: Box::new(Fifo),
        recording,
        ..Config::default()
    };
    let outcome = run(config, program);
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome
}

/// A `Notified` takes part in `notify_waiters` before it is polled.
async fn heard(_: World) {
    let notify = Notify::new();
    let notified = notify.notified();
    notify.notify_waiters();
    notified.await;
}

async fn unheard(_: World) {
    let notify = std::sync::Arc::new(Notify::new());
    notify.notify_waiters();
    let late = spawn({
        let notify = std::sync::Arc::clone(&notify);
        async move { notify.notified().await }
    });
    task::yield_now().await;
    notify.notify_one();
    late.await.expect("no panic");
    // Nothing waits any more.
    notify.notify_waiters();
}

#[test]
fn notification_that_reaches_nothing_is_unheard() {
    assert_eq!(observed(Recording::Observed, heard).unheard, []);
    assert_eq!(observed(Recording::Observed, unheard).unheard.len(), 2);
    assert_eq!(observed(Recording::Full, unheard).unheard, []);
}

#[test]
fn observations_change_no_fingerprint() {
    let full = observed(Recording::Full, unheard);
    let observed = observed(Recording::Observed, unheard);
    assert_eq!(full.fingerprint, observed.fingerprint);
    assert_eq!(full.trace, observed.trace);
}
