//! The races of `desk`, each found by one test.

use std::sync::Arc;

use desk::{Accounts, Counter, Gate, Log, Ticket};
use tokio::runtime::Handle;

#[rehearsal::test(seeds = 300)]
async fn counter_loses_no_update() {
    let counter = Arc::new(Counter::default());
    let tasks = [1, 2].map(|amount| {
        let counter = Arc::clone(&counter);
        tokio::spawn(async move { counter.add(amount).await })
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(counter.value().await, 3);
}

#[rehearsal::test(seeds = 300)]
async fn accounts_lose_no_money() {
    let accounts = Arc::new(Accounts::new(5));
    let tasks = [(); 2].map(|()| {
        let accounts = Arc::clone(&accounts);
        Handle::current().spawn(async move { accounts.transfer_all().await })
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(accounts.second().await, 5);
}

#[rehearsal::test(seeds = 300)]
async fn ticket_is_taken_once() {
    let ticket = Arc::new(Ticket::new());
    let tasks = [0, 6].map(|turns| {
        let ticket = Arc::clone(&ticket);
        tokio::spawn(async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            ticket.take().await;
            for _ in 0..6 {
                tokio::task::yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert!(ticket.taken().await <= 1);
}

#[rehearsal::test(seeds = 300)]
async fn conversation_begins_with_a_greeting() {
    assert_eq!(desk::conversation().await, ["hello", "and goodbye"]);
}

#[rehearsal::test(seeds = 300)]
async fn gate_lets_everybody_pass() {
    let gate = Arc::new(Gate::default());
    let visitor = Arc::clone(&gate);
    let visitor = tokio::spawn(async move { visitor.pass().await });
    gate.open().await;
    visitor.await.unwrap();
}

#[rehearsal::test(seeds = 300)]
async fn reader_gets_every_line() {
    let log = Arc::new(Log::new());
    let writer = Arc::clone(&log);
    let writer = tokio::spawn(async move { writer.write(1).await });
    let (mut lines, mut news) = log.read().await;
    writer.await.unwrap();
    while let Ok(line) = news.try_recv() {
        lines.push(line);
    }
    assert!(lines.contains(&1), "the reader has {lines:?}");
}
