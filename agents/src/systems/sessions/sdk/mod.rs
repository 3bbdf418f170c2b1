//! The client library of the session service.
//!
//! | module | contents |
//! |---|---|
//! | `token` | one access token for all callers of a host, refreshed by one of them |
//! | `client` | requests, repeated until they are answered |
//! | `session` | a session that is closed on every path |
//! | `model` | models whose calls are tracked without a line in the program that makes them |

mod client;
mod model;
mod session;
mod token;

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::trace::{Event, Regression, SessionState, Totals};
use super::wire::{Refusal, Serial, SessionId};
use crate::defect::Defect;

pub(super) use client::Client;
pub(super) use model::{Instrumented, LanguageModel, ScriptedModel};
pub(super) use session::{AgentFailed, SessionHandle};
pub(super) use token::TokenSource;

/// Settings of the connections of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Connections {
    /// The time that a client waits before it connects again.
    pub(super) reconnect_after: Duration,
    /// The time that a client waits for an answer before it repeats its request.
    pub(super) answer_timeout: Duration,
    pub(super) defect: Option<Defect>,
}

/// A listener to what a client does by itself.
pub(super) trait Probe: Send + Sync {
    /// A caller asks for the token after that one.
    fn refreshing(&self, after: Serial);

    /// A request is repeated.
    fn repeated(&self);

    /// A request was refused for its token; `again` if that was refused for it before.
    fn unauthorized(&self, again: bool);
}

/// The log of one session, to which events are sent.
pub(super) trait Log: Send + Sync {
    /// Opens the session with its first event.
    fn open(
        &self,
        parent: Option<SessionId>,
        event: Event,
    ) -> BoxFuture<'_, Result<Totals, Refusal>>;

    /// Adds an event.
    fn append(&self, event: Event) -> BoxFuture<'_, Result<Totals, Refusal>>;

    /// Reads the session, with its regressions.
    fn read(&self) -> BoxFuture<'_, Result<(SessionState, Vec<Regression>), Refusal>>;
}
