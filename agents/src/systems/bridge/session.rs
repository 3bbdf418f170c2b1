//! Sessions: a task that reads from a connection, and a task that writes to it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::{select, spawn, time};

use super::connections::{CloseState, Connection, Outgoing};
use super::core::Core;
use super::defects;
use super::wire::{ClientFrame, ServerFrame};
use crate::record::recorder::name_task;

/// Events of one thread that are sent before those of other threads.
const BATCH_MAX: usize = 16;

/// Longest time that a client may take to send its hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that a writer may take to close its connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The connection is gone, or as good as gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Disconnected;

/// An incoming item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Incoming {
    Frame(ClientFrame),
    /// A sign of life without content.
    Sign,
    /// Something that is no frame.
    Garbage(String),
}

/// The reading end of a connection. Reading may be given up at any time without
/// losing a frame.
pub(super) trait FrameSource: Send + 'static {
    fn next(&mut self) -> impl Future<Output = Result<Incoming, Disconnected>> + Send;
}

/// The writing end of a connection.
pub(super) trait FrameSink: Send + 'static {
    /// Interval of keep-alives on a silent connection; none: never.
    const KEEPALIVE: Option<Duration>;

    /// Sends a frame, sooner or later.
    fn feed(&mut self, frame: Outgoing) -> impl Future<Output = Result<(), Disconnected>> + Send;

    /// Sends everything now.
    fn flush(&mut self) -> impl Future<Output = Result<(), Disconnected>> + Send;

    /// Sends a sign of life.
    fn ping(&mut self) -> impl Future<Output = Result<(), Disconnected>> + Send;

    /// Ends the connection in good order.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// Serves a connection to its end.
pub(super) async fn serve<R: FrameSource, W: FrameSink>(core: Arc<Core>, mut source: R, sink: W) {
    let connection = match time::timeout(HELLO_TIMEOUT, introduce(&core, &mut source)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(Refusal::Disconnected)) | Err(_) => return,
        Ok(Err(Refusal::Because(reason))) => return refuse(sink, reason).await,
    };
    name_task(&format!("reader of {}", connection.client));
    let mut writer = spawn(write(Arc::clone(&core), Arc::clone(&connection), sink));
    let end = read(&core, &connection, &mut source).await;
    core.leave(&connection, end).await;
    // Seeded: the writer is not stopped and waits for the next event.
    if core.carries(defects::LEAK_ON_DISCONNECT) && end == End::Disconnected {
        return;
    }
    // The writer closes by itself, unless it is stuck in a dead socket.
    if end == End::Closed && time::timeout(CLOSE_TIMEOUT, &mut writer).await.is_ok() {
        return;
    }
    writer.abort();
    // Cancelled or done: it is gone either way.
    let _ = writer.await;
}

/// The end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The client left after its goodbye was taken.
    Goodbye,
    /// It was lost.
    Disconnected,
    /// The bridge closed it.
    Closed,
}

enum Refusal {
    Disconnected,
    Because(String),
}

impl From<Disconnected> for Refusal {
    fn from(_: Disconnected) -> Self {
        Self::Disconnected
    }
}

async fn introduce<R: FrameSource>(
    core: &Core,
    source: &mut R,
) -> Result<Arc<Connection>, Refusal> {
    loop {
        return match source.next().await? {
            Incoming::Sign => continue,
            Incoming::Garbage(what) => Err(Refusal::Because(what)),
            Incoming::Frame(ClientFrame::Hello {
                client,
                user,
                token,
            }) => core
                .admit(client, user, &token)
                .await
                .map_err(Refusal::Because),
            Incoming::Frame(_) => Err(Refusal::Because("say hello first".to_owned())),
        };
    }
}

async fn refuse<W: FrameSink>(mut sink: W, reason: String) {
    let rejected = Outgoing::Control(ServerFrame::Rejected { reason });
    if sink.feed(rejected).await.is_ok() && sink.flush().await.is_ok() {
        sink.close().await;
    }
}

/// Reads until the connection ends.
async fn read<R: FrameSource>(core: &Core, connection: &Arc<Connection>, source: &mut R) -> End {
    let mut end = End::Disconnected;
    let mut closing = pin!(connection.closing.notified());
    loop {
        let incoming = select! {
            biased;
            incoming = source.next() => incoming,
            () = closing.as_mut() => return End::Closed,
        };
        match incoming {
            Err(Disconnected) => return end,
            Ok(Incoming::Sign) => {}
            Ok(Incoming::Frame(ClientFrame::Subscribe { thread, after })) => {
                core.subscribe(connection, thread, after).await;
            }
            Ok(Incoming::Frame(ClientFrame::Bye)) => {
                end = End::Goodbye;
                connection.close(CloseState::Draining);
            }
            Ok(Incoming::Frame(ClientFrame::Hello { .. })) => {
                let reason = "you have said hello".to_owned();
                connection.push(ServerFrame::Rejected { reason });
            }
            Ok(Incoming::Garbage(reason)) => connection.push(ServerFrame::Rejected { reason }),
        }
    }
}

/// Writes the frames that are due, until the connection closes.
async fn write<W: FrameSink>(core: Arc<Core>, connection: Arc<Connection>, mut sink: W) {
    name_task(&format!("writer to {}", connection.client));
    // A connection that is lost during a write is handled by its reader.
    if write_all(&core, &connection, &mut sink).await.is_ok() {
        sink.close().await;
    }
}

async fn write_all<W: FrameSink>(
    core: &Core,
    connection: &Connection,
    sink: &mut W,
) -> Result<(), Disconnected> {
    let mut keepalive = pin!(pause(W::KEEPALIVE));
    let mut batch = Vec::new();
    loop {
        // Read first: frames that were owed before the goodbye are in the batch.
        let close_state = connection.close_state();
        if close_state == CloseState::Closed {
            return Ok(());
        }
        core.collect(connection, BATCH_MAX, &mut batch).await;
        if !batch.is_empty() {
            // Seeded: one slow client keeps every other task from the table.
            let _table = if core.carries(defects::LOCK_HELD_WHILE_SENDING) {
                Some(core.connections.lock().await)
            } else {
                None
            };
            for frame in batch.drain(..) {
                sink.feed(frame).await?;
            }
            sink.flush().await?;
            continue;
        }
        if close_state == CloseState::Draining {
            sink.feed(Outgoing::Control(ServerFrame::Bye)).await?;
            return sink.flush().await;
        }
        select! {
            biased;
            () = connection.wake.notified() => {}
            () = keepalive.as_mut() => {
                sink.ping().await?;
                keepalive.set(pause(W::KEEPALIVE));
            }
        }
    }
}

async fn pause(time: Option<Duration>) {
    match time {
        Some(time) => time::sleep(time).await,
        None => std::future::pending().await,
    }
}
