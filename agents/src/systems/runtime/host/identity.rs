//! The identity of clients: a fingerprint over the client, its namespace and the run. One of
//! another run, or of another client, does not fit.
//!
//! The hash is FNV-1a over a text that only runtime and client know; outside of tests it would
//! be a keyed one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::wire::ClientId;

/// The key of one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct RunKey(pub(in super::super) u32);

/// The proof that a client is the one that it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct Fingerprint(u64);

impl RunKey {
    /// Returns the key of the run before.
    pub(in super::super) fn before(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// Returns the fingerprint of a client in this run.
    pub(in super::super) fn fingerprint(
        self,
        client: ClientId,
        namespace: &Arc<str>,
    ) -> Fingerprint {
        let text = format!("{:08x} {client} {namespace}", self.0);
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Fingerprint(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_fits_one_client_of_one_namespace_in_one_run() {
        let (key, namespace) = (RunKey(7), Arc::from("user-1"));
        let own = key.fingerprint(ClientId(1), &namespace);
        assert_eq!(own, RunKey(7).fingerprint(ClientId(1), &namespace));
        let others = [
            key.before().fingerprint(ClientId(1), &namespace),
            key.fingerprint(ClientId(2), &namespace),
            key.fingerprint(ClientId(1), &Arc::from("user-2")),
        ];
        assert!(!others.contains(&own));
    }
}
