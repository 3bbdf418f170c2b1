//! A connection that goes back to its pool within a transaction. Modelled on sqlx #4393: what
//! opens a transaction notes that only when the answer has come.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Version, ended, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "returned-dirty",
    idea: "A transaction is noted when its begin is answered, and not rolled back if that is cancelled.",
    promise: "connections-are-clean",
};

/// A connection, as its server and as its pool sees it.
#[derive(Default)]
struct Connection {
    in_transaction: bool,
    is_noted: bool,
}

impl Connection {
    /// Rolls back a transaction that the user before has left. Returns `true` if there is none.
    fn check_out(&mut self) -> bool {
        if std::mem::take(&mut self.is_noted) {
            self.in_transaction = false;
        }
        !self.in_transaction
    }
}

/// Runs a user with `size` transactions, and looks at the connection that comes back.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let pool = Arc::new(Mutex::new(Connection::default()));
    let of_user = Arc::clone(&pool);
    ended([spawn(async move {
        for _ in 0..size {
            let mut connection = of_user.lock().await;
            transact(&mut connection, version).await;
        }
    })])
    .await;
    let is_clean = pool.lock().await.check_out();
    promise(is_clean, || {
        "a connection comes out of the pool within a transaction".to_owned()
    })
}

async fn transact(connection: &mut Connection, version: Version) {
    match version {
        Version::Healthy => {
            connection.is_noted = true;
            connection.in_transaction = true;
            work(1).await;
        }
        Version::Defective => {
            connection.in_transaction = true;
            work(1).await;
            connection.is_noted = true;
        }
    }
    work(1).await;
    *connection = Connection::default();
}
