//! The states of a bridge.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use crate::event::ClientId;
use crate::record::recorder::lock;
use crate::systems::bridge::BridgeError;

/// The state of a bridge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BridgeState {
    /// It has not been started, or has been shut down.
    Uninitialized,
    /// Its start-up is under way.
    Initializing,
    /// It serves.
    Active,
    /// It serves, but a client has lost its connection without a goodbye and
    /// has not come back.
    Degraded,
    /// Its start-up failed; it may be tried again.
    Failed,
}

impl fmt::Display for BridgeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uninitialized => "uninitialized",
            Self::Initializing => "initializing",
            Self::Active => "active",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        })
    }
}

/// The state, and the facts that make it.
#[derive(Debug)]
pub(super) struct Lifecycle(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    phase: BridgeState,
    away: BTreeSet<ClientId>,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Inner {
            phase: BridgeState::Uninitialized,
            away: BTreeSet::new(),
        }))
    }

    pub(super) fn state(&self) -> BridgeState {
        let inner = lock(&self.0);
        match inner.phase {
            BridgeState::Active if !inner.away.is_empty() => BridgeState::Degraded,
            phase => phase,
        }
    }

    pub(super) fn enter(&self, phase: BridgeState) {
        let mut inner = lock(&self.0);
        inner.phase = phase;
        inner.away.clear();
    }

    /// Returns `Ok` if the bridge serves, else the reason.
    pub(super) fn check(&self) -> Result<(), BridgeError> {
        match self.state() {
            BridgeState::Active | BridgeState::Degraded => Ok(()),
            state => Err(BridgeError::NotServing(state)),
        }
    }

    pub(super) fn client_came(&self, client: ClientId) {
        lock(&self.0).away.remove(&client);
    }

    pub(super) fn client_lost(&self, client: ClientId) {
        lock(&self.0).away.insert(client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_that_misses_a_client_is_degraded_and_serves() {
        let lifecycle = Lifecycle::new();
        assert!(lifecycle.check().is_err());
        lifecycle.enter(BridgeState::Active);
        lifecycle.client_lost(ClientId(1));
        lifecycle.client_lost(ClientId(2));
        assert_eq!(lifecycle.state(), BridgeState::Degraded);
        assert!(lifecycle.check().is_ok());
        lifecycle.client_came(ClientId(1));
        assert_eq!(lifecycle.state(), BridgeState::Degraded);
        lifecycle.client_came(ClientId(2));
        assert_eq!(lifecycle.state(), BridgeState::Active);
    }
}
