//! The spans and events of the crate `tracing` in the code under test, as lines of the trace.
//!
//! With [`VARIABLE`] set, recorded runs have a subscriber: those whose traces reports are made of.
//! Other runs have none, so that `tracing` costs in them what it costs without a subscriber. The
//! subscriber is made outside the run's thread, and its filter has no table with a random order: a
//! run draws the same values with it and without.

#[cfg(feature = "tracing")]
mod layer;
#[cfg(all(test, feature = "tracing"))]
mod tests;

use rehearsal_sim::Recording;

/// The variable with the filter, in the syntax of `tracing_subscriber::filter::Targets`:
/// `info`, or `my_crate=debug,hyper=off`.
pub(crate) const VARIABLE: &str = "REHEARSAL_LOG";

/// The subscriber of a run, if it has one.
pub(super) struct Logs {
    #[cfg(feature = "tracing")]
    subscriber: Option<tracing::Dispatch>,
}

#[cfg(feature = "tracing")]
impl Logs {
    /// Returns the subscriber of a run with that recording.
    pub(super) fn of(recording: Recording) -> Self {
        let value = (recording >= Recording::Full).then(|| std::env::var(VARIABLE).ok());
        let value = value.flatten().filter(|value| !value.is_empty());
        // A wrong filter has been reported before anything is run.
        let filter = value.and_then(|value| value.parse().ok());
        Self {
            subscriber: filter.map(layer::subscriber),
        }
    }

    /// Calls `body` with the subscriber as that of this thread.
    pub(super) fn during<R>(self, body: impl FnOnce() -> R) -> R {
        match self.subscriber {
            Some(subscriber) => tracing::dispatcher::with_default(&subscriber, body),
            None => body(),
        }
    }
}

#[cfg(not(feature = "tracing"))]
impl Logs {
    pub(super) fn of(_recording: Recording) -> Self {
        Self {}
    }

    pub(super) fn during<R>(self, body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// Checks the value of [`VARIABLE`].
///
/// # Errors
///
/// If it is no filter, or nothing here reads one.
#[cfg(feature = "tracing")]
pub(crate) fn check(value: &str) -> Result<(), String> {
    let filter = value.parse::<tracing_subscriber::filter::Targets>();
    filter.map(|_| ()).map_err(|error| {
        let value = value.escape_debug();
        format!("`{value}` is no filter: {error}; write `info`, or `my_crate=debug,hyper=off`")
    })
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn check(_value: &str) -> Result<(), String> {
    Err("it needs the feature `tracing` of rehearsal".to_owned())
}
