//! Six small races in a library on plain tokio. Nothing here is the simulator's: each entry
//! spawns with tokio's own `spawn`, and panics if its race shows.

use std::sync::Arc;

use tokio::spawn;
use tokio::sync::{Mutex, Notify, broadcast, mpsc};

/// A counter that is read and written under one lock, but not in one critical section.
pub(super) async fn update_lost_under_one_lock() {
    let counter = Arc::new(Mutex::new(0));
    let add = |counter: Arc<Mutex<u32>>| async move {
        let read = *counter.lock().await;
        *counter.lock().await = read + 1;
    };
    let tasks = [
        spawn(add(Arc::clone(&counter))),
        spawn(add(Arc::clone(&counter))),
    ];
    for task in tasks {
        task.await.expect("it returns");
    }
    assert_eq!(*counter.lock().await, 2, "an update is lost");
}

/// A sum of two accounts, read in the middle of a transfer from one to the other.
pub(super) async fn update_lost_between_two_locks() {
    let (from, to) = (Arc::new(Mutex::new(10)), Arc::new(Mutex::new(0)));
    let audit = {
        let (from, to) = (Arc::clone(&from), Arc::clone(&to));
        spawn(async move {
            let received = *to.lock().await;
            let left = *from.lock().await;
            left + received
        })
    };
    let transfer = spawn(async move {
        *from.lock().await -= 5;
        *to.lock().await += 5;
    });
    transfer.await.expect("it returns");
    assert_eq!(audit.await.expect("it returns"), 10, "money is missing");
}

/// A worker that looks for a command before it takes the next job.
pub(super) async fn message_between_check_and_use() {
    let (commands, mut pause) = mpsc::channel(1);
    let (jobs, mut next_job) = mpsc::channel(1);
    jobs.send(7).await.expect("the receiver is open");
    let events = Arc::new(std::sync::Mutex::new(Vec::new()));
    let worker = {
        let events = Arc::clone(&events);
        spawn(async move {
            let must_pause = pause.try_recv().is_ok();
            let job = next_job.recv().await;
            if job.is_some() && !must_pause {
                events.lock().expect("no panic").push("job");
            }
        })
    };
    let pauser = {
        let events = Arc::clone(&events);
        spawn(async move {
            // A worker that has ended already needs no command.
            if commands.send(()).await.is_ok() {
                events.lock().expect("no panic").push("paused");
            }
        })
    };
    worker.await.expect("it returns");
    pauser.await.expect("it returns");
    let events = events.lock().expect("no panic");
    assert!(*events != ["paused", "job"], "a paused worker runs a job");
}

/// Two senders that number their messages before they send them.
pub(super) async fn order_of_two_senders() {
    let (messages, mut received) = mpsc::channel(4);
    let next = Arc::new(Mutex::new(0));
    for _ in 0..2 {
        let (messages, next) = (messages.clone(), Arc::clone(&next));
        spawn(async move {
            let number = {
                let mut next = next.lock().await;
                *next += 1;
                *next
            };
            messages.send(number).await.expect("the receiver is open");
        });
    }
    drop(messages);
    let first = received.recv().await.expect("two are sent");
    let second = received.recv().await.expect("two are sent");
    assert!(first < second, "the messages are out of order");
}

/// A waiter that looks at a flag before it waits for the signal.
pub(super) async fn signal_lost() {
    let is_set = Arc::new(Mutex::new(false));
    let signal = Arc::new(Notify::new());
    let waiter = {
        let (is_set, signal) = (Arc::clone(&is_set), Arc::clone(&signal));
        spawn(async move {
            let must_wait = !*is_set.lock().await;
            // The settings of the wait are read in between.
            let settings = Mutex::new(());
            drop(settings.lock().await);
            if must_wait {
                signal.notified().await;
            }
        })
    };
    let setter = spawn(async move {
        *is_set.lock().await = true;
        signal.notify_waiters();
    });
    setter.await.expect("it returns");
    waiter.await.expect("it returns");
}

/// A subscriber that copies the state, which is in two parts, before it subscribes to changes.
pub(super) async fn event_missed() {
    let (left, right) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let (changes, _) = broadcast::channel(4);
    let subscriber = {
        let (left, changes) = (Arc::clone(&left), changes.clone());
        spawn(async move {
            let copied = *left.lock().await;
            let mut copy = [copied, *right.lock().await];
            let mut changed = changes.subscribe();
            drop(changes);
            while let Ok(value) = changed.recv().await {
                copy[0] = value;
            }
            copy
        })
    };
    let publisher = spawn(async move {
        *left.lock().await = 1;
        // There may be no subscriber yet.
        let _ = changes.send(1);
    });
    publisher.await.expect("it returns");
    let copy = subscriber.await.expect("it returns");
    assert_eq!(copy, [1, 0], "a change is missed");
}
