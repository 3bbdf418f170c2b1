//! Connections within the process: two channels, bounded as a socket's buffers
//! are.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::task::JoinHandle;

use super::connections::Outgoing;
use super::core::Core;
use super::session::{self, Disconnected, FrameSink, FrameSource, Incoming};
use super::wire::{ClientFrame, ServerFrame};

/// Frames that are under way in each direction.
const BUFFER: usize = 8;

/// A client's end of a connection within the process. Dropped, the connection
/// is lost.
#[derive(Debug)]
pub struct MemoryConnection {
    /// To the bridge.
    pub frames_out: mpsc::Sender<ClientFrame>,
    /// From the bridge; it ends when the bridge has closed the connection.
    pub frames_in: mpsc::Receiver<ServerFrame>,
}

/// Connects; the task that serves the connection is the second.
pub(super) fn connect(core: Arc<Core>) -> (MemoryConnection, JoinHandle<()>) {
    let (frames_out, from_client) = mpsc::channel(BUFFER);
    let (to_client, frames_in) = mpsc::channel(BUFFER);
    let serving = spawn(session::serve(core, Source(from_client), Sink(to_client)));
    let connection = MemoryConnection {
        frames_out,
        frames_in,
    };
    (connection, serving)
}

struct Source(mpsc::Receiver<ClientFrame>);

impl FrameSource for Source {
    async fn next(&mut self) -> Result<Incoming, Disconnected> {
        self.0.recv().await.map(Incoming::Frame).ok_or(Disconnected)
    }
}

struct Sink(mpsc::Sender<ServerFrame>);

impl FrameSink for Sink {
    const KEEPALIVE: Option<Duration> = None;

    async fn feed(&mut self, frame: Outgoing) -> Result<(), Disconnected> {
        let frame = match frame {
            Outgoing::Control(frame) => frame,
            Outgoing::Event(logged) => ServerFrame::Event {
                epoch: logged.epoch,
                offset: logged.offset,
                event: Arc::clone(&logged.event),
            },
        };
        self.0.send(frame).await.map_err(|_| Disconnected)
    }

    async fn flush(&mut self) -> Result<(), Disconnected> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Disconnected> {
        Ok(())
    }

    /// The channel closes when the writer, which owns it, is gone.
    async fn close(&mut self) {}
}
