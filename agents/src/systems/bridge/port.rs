//! The bridge as a port for agents.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Bridge, BridgeError};
use crate::event::RunId;
use crate::port::{EventPort, NewEvent, PortError, RunContext};
use crate::record::{Receipt, RunEnd};

/// A bridge that takes events from agents.
pub(super) struct BridgePort(pub(super) Arc<dyn Bridge>);

impl EventPort for BridgePort {
    fn begin(&self, context: RunContext) -> BoxFuture<'_, Result<(), PortError>> {
        let begun = self.0.register_run(context);
        async { begun.await.map_err(refused) }.boxed()
    }

    fn emit(&self, run: RunId, event: NewEvent) -> BoxFuture<'_, Result<Receipt, PortError>> {
        let answer = self.0.emit(run, event);
        async { answer.await.map_err(refused) }.boxed()
    }

    fn end(&self, run: RunId, end: RunEnd) -> BoxFuture<'_, ()> {
        self.0.finish_run(run, end)
    }
}

fn refused(error: BridgeError) -> PortError {
    PortError(error.to_string())
}
