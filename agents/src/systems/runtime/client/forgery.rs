//! Connections under the name of another client, with a fingerprint of the run before.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::marks::IDENTITY_FORGED;
use super::Shared;
use super::connection::Connection;

/// Tries to connect as each other client in turn.
pub(super) async fn run(shared: &Shared, attempts: &[Duration]) {
    let others = shared.others.clients.iter();
    let others = others.filter(|other| other.id != shared.plan.id);
    for (wait, victim) in attempts.iter().zip(others.cycle()) {
        time::sleep(*wait).await;
        let key = shared.others.key.before();
        let fingerprint = key.fingerprint(victim.id, &victim.namespace);
        let namespace = Arc::clone(&victim.namespace);
        let events = Arc::clone(&shared.incoming);
        shared.recorder.mark(IDENTITY_FORGED);
        let opened =
            Connection::open(victim.id, namespace, fingerprint, events, shared.defect).await;
        let checked = match opened {
            Err(_) => Ok(()),
            Ok(connection) => {
                connection.close().await;
                Err(format!("{} is taken for {}", shared.plan.id, victim.id))
            }
        };
        shared
            .actor
            .invariant("a fingerprint of another run is refused", checked);
    }
}
