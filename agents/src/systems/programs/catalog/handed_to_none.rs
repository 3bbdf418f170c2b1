//! A connection that is handed to a waiter. Modelled on sqlx #83 and #620: a waiter that is
//! cancelled after it was woken takes the connection along.

use std::sync::Arc;

use super::parts::{
    About, Mutex, Outcome, Semaphore, Version, ended, oneshot, promise, spawn, work,
};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "handed-to-none",
    idea: "A connection is sent to the next waiter, and lost if that is cancelled before it has it.",
    promise: "connections-come-back",
};

/// The connections of a pool that are free, and those who wait for one.
#[derive(Default)]
struct Pool {
    free: u32,
    waiters: Vec<oneshot::Sender<()>>,
}

/// Runs a task that waits for the only connection, which is free after `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let left = match version {
        Version::Healthy => with_permits(size).await,
        Version::Defective => with_channel(size).await,
    };
    promise(left == 1, || format!("{left} of 1 connections are left"))
}

/// A permit comes back by itself, wherever its task is cancelled.
async fn with_permits(size: u32) -> usize {
    let permits = Arc::new(Semaphore::new(1));
    let of_waiter = Arc::clone(&permits);
    let permit = permits.acquire().await.expect("it is open");
    let waiter = spawn(async move {
        drop(of_waiter.acquire().await.expect("it is open"));
    });
    work(size).await;
    drop(permit);
    ended([waiter]).await;
    permits.available_permits()
}

async fn with_channel(size: u32) -> usize {
    let pool = Arc::new(Mutex::new(Pool::default()));
    let of_waiter = Arc::clone(&pool);
    let waiter = spawn(async move {
        acquire(&of_waiter).await;
        release(&of_waiter).await;
    });
    work(size).await;
    release(&pool).await;
    ended([waiter]).await;
    pool.lock().await.free as usize
}

/// Takes a connection that is free, or waits for one.
async fn acquire(pool: &Mutex<Pool>) {
    let connection = {
        let mut pool = pool.lock().await;
        if pool.free > 0 {
            pool.free -= 1;
            return;
        }
        let (sender, connection) = oneshot::channel();
        pool.waiters.push(sender);
        connection
    };
    connection.await.expect("a pool drops no waiter");
}

/// Sends a connection to the next waiter, or frees it.
async fn release(pool: &Mutex<Pool>) {
    let mut pool = pool.lock().await;
    let waiter = pool.waiters.pop();
    let is_handed = waiter.is_some_and(|waiter| waiter.send(()).is_ok());
    pool.free += u32::from(!is_handed);
}
