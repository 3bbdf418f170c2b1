//! A bank behind `Mutex`es, with a lost update.
use std::sync::Arc;

use rehearsal::tokio::sync::Mutex;
use rehearsal::tokio::task::spawn;

#[rehearsal::test(seeds = 100)]
async fn no_money_is_lost() {
    let balance = Arc::new(Mutex::new(100));
    let tellers: Vec<_> = (0..2)
        .map(|_| {
            let balance = Arc::clone(&balance);
            spawn(async move {
                let seen = *balance.lock().await;
                *balance.lock().await = seen - 10;
            })
        })
        .collect();
    for teller in tellers {
        teller.await.expect("no teller fails");
    }
    assert_eq!(*balance.lock().await, 80);
}
