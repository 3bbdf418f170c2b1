//! Traces: the events of a session, and everything that is computed from them.
//!
//! | module | contents |
//! |---|---|
//! | `event` | events, as the agents of a session send them |
//! | `state` | the state of a session, a fold over its events |
//! | `timeline` | checkpoints, and the longest gap between two of them |
//! | `metrics` | totals over all sessions |
//! | `regression` | a session compared with a baseline |
//! | `export` | a session as JSON, with spans in the terms of OpenTelemetry |

mod event;
mod export;
mod metrics;
mod regression;
mod state;
mod timeline;

pub(super) use event::{Event, EventKind, Logged, Model, SessionEnd};
pub(super) use export::{Export, export};
pub(super) use metrics::Metrics;
pub(super) use regression::{Baseline, Regression, regressions};
pub(super) use state::{SessionState, Totals};

#[cfg(test)]
mod tests;
