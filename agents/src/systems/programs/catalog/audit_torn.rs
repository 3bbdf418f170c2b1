//! An audit that adds up accounts while money moves between them.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "audit-torn",
    idea: "Accounts are read one by one, without the lock that transfers take.",
    promise: "sum-is-kept",
};

/// The number of accounts.
const ACCOUNTS: usize = 3;

/// Runs a transfer that does `size` operations before it moves anything.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let lock = Arc::new(Mutex::new(()));
    let accounts: Vec<_> = (0..ACCOUNTS).map(|_| Shared::new(10)).collect();
    let (of_transfer, moved) = (Arc::clone(&lock), accounts.clone());
    let audit = spawn(async move {
        let _held = match version {
            Version::Healthy => Some(lock.lock().await),
            Version::Defective => None,
        };
        let mut sum = 0;
        for account in &accounts {
            sum += account.get().await;
        }
        sum
    });
    let transfer = spawn(async move {
        work(size).await;
        let _held = of_transfer.lock().await;
        moved[0].update(|balance| *balance -= 5).await;
        moved[ACCOUNTS - 1].update(|balance| *balance += 5).await;
    });
    join([transfer]).await;
    let sum = join([audit]).await[0];
    promise(sum == 10 * ACCOUNTS, || format!("the audit found {sum}"))
}
