//! The connection to the runtime: the library that a client program is written with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::{select, spawn, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::defects;
use super::super::faults::RUNTIME;
use super::super::host::{Fingerprint, Observer};
pub(super) use super::super::wire::Disconnected;
use super::super::wire::{
    AgentId, CallId, ClientFrame, ClientId, Event, FrameReader, FrameWriter, HostFrame, Message,
    Outcome, PORT, TopicId,
};
use crate::defect::Defect;
use crate::record::recorder::{lock, name_task};

/// The reasons for which a request has no outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallError {
    /// The caller cancelled it.
    Cancelled,
    /// The connection broke.
    Disconnected,
    /// There was no outcome in time.
    TimedOut,
}

/// The runtime on the other side of a connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct RemoteRuntime {
    frames: UnboundedSender<ClientFrame>,
    calls: Arc<Mutex<Calls>>,
}

/// A receiver of the events that come over a connection.
pub(super) trait EventSink: Send + Sync {
    /// An event came.
    fn received(&self, event: &Event);
}

/// The requests of a connection.
struct Calls {
    last: CallId,
    open: BTreeMap<CallId, Open>,
    /// The frames other than calls that are not answered.
    undone: BTreeMap<CallId, oneshot::Sender<()>>,
    events: Arc<dyn EventSink>,
    /// The connection is gone.
    closed: bool,
    defect: Option<Defect>,
}

/// A request that the runtime has not ended.
struct Open {
    observer: Arc<dyn Observer>,
    /// The caller; one that has cancelled does not wait any more.
    caller: oneshot::Sender<Outcome>,
}

/// The tasks of a connection.
pub(super) struct Connection {
    pub(super) runtime: RemoteRuntime,
    reader: JoinHandle<()>,
    writer: JoinHandle<()>,
}

impl Connection {
    /// Connects, and names the client.
    pub(super) async fn open(
        client: ClientId,
        namespace: Arc<str>,
        fingerprint: Fingerprint,
        events: Arc<dyn EventSink>,
        defect: Option<Defect>,
    ) -> Result<Self, Disconnected> {
        let stream = TcpStream::connect((RUNTIME, PORT)).await?;
        let (reading, writing) = stream.into_split();
        let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
        writer
            .send(&[ClientFrame::Hello {
                client,
                namespace,
                fingerprint,
            }])
            .await?;
        let HostFrame::Welcome = reader.next().await? else {
            return Err(Disconnected);
        };
        let (frames, outgoing) = unbounded_channel();
        let calls = Arc::new(Mutex::new(Calls::new(events, defect)));
        let lost = CancellationToken::new();
        Ok(Self {
            reader: spawn(read(client, reader, Arc::clone(&calls), lost.clone())),
            writer: spawn(write(outgoing, writer, lost)),
            runtime: RemoteRuntime { frames, calls },
        })
    }

    /// Leaves once every request has ended. Returns when the connection is closed.
    pub(super) async fn close(self) {
        self.runtime.push(ClientFrame::Bye);
        let _ = self.reader.await;
        drop(self.runtime);
        let _ = self.writer.await;
    }
}

impl Calls {
    fn new(events: Arc<dyn EventSink>, defect: Option<Defect>) -> Self {
        Self {
            last: CallId(0),
            open: BTreeMap::new(),
            undone: BTreeMap::new(),
            events,
            closed: false,
            defect,
        }
    }

    fn next(&mut self) -> CallId {
        self.last.0 += 1;
        self.last
    }

    /// Returns the request that a frame is for.
    fn entry(&self, call: CallId) -> Option<CallId> {
        // Seeded: frames name no request. Those that were cancelled are not waited for.
        if self.defect == Some(defects::ANSWERS_BY_ORDER) {
            let mut waiting = self
                .open
                .iter()
                .filter(|(_, open)| !open.caller.is_closed());
            return waiting.next().map(|(call, _)| *call);
        }
        self.open.contains_key(&call).then_some(call)
    }

    fn take(&mut self, frame: HostFrame) {
        match frame {
            HostFrame::Progress { call, progress } => {
                if let Some(open) = self.entry(call).and_then(|call| self.open.get(&call)) {
                    open.observer.progress(&progress);
                }
            }
            HostFrame::Outcome { call, outcome } => {
                if let Some(open) = self.entry(call).and_then(|call| self.open.remove(&call)) {
                    open.observer.ended(&outcome);
                    // One that was cancelled is not waited for.
                    let _ = open.caller.send(outcome);
                }
            }
            HostFrame::Done(call) => {
                if let Some(done) = self.undone.remove(&call) {
                    // One that gave up does not wait.
                    let _ = done.send(());
                }
            }
            HostFrame::Event { event, .. } => self.events.received(&event),
            HostFrame::Welcome | HostFrame::Unknown | HostFrame::Bye => {}
        }
    }
}

impl RemoteRuntime {
    fn push(&self, frame: ClientFrame) {
        // Without a writer, the connection is gone, and the reader says so.
        let _ = self.frames.send(frame);
    }

    /// Sends a message to an agent, and waits for the outcome. If the token is cancelled or
    /// this future dropped, the request is cancelled; `observer` sees what still comes.
    pub(super) async fn send_message(
        &self,
        to: AgentId,
        message: Message,
        observer: Arc<dyn Observer>,
        token: &CancellationToken,
    ) -> Result<Outcome, CallError> {
        let (caller, mut outcome) = oneshot::channel();
        let call = {
            let mut calls = lock(&self.calls);
            if calls.closed {
                return Err(CallError::Disconnected);
            }
            let call = calls.next();
            calls.open.insert(call, Open { observer, caller });
            call
        };
        self.push(ClientFrame::Call { call, to, message });
        let mut cancelled_if_dropped = Cancelling {
            runtime: self,
            call: Some(call),
        };
        let result = select! {
            biased;
            () = token.cancelled() => return Err(CallError::Cancelled),
            outcome = &mut outcome => outcome.map_err(|_| CallError::Disconnected),
        };
        cancelled_if_dropped.call = None;
        result
    }
}

impl RemoteRuntime {
    /// As [`RemoteRuntime::send_message`], but gives up after that time, if there is one.
    pub(super) async fn send_within(
        &self,
        to: AgentId,
        message: Message,
        observer: Arc<dyn Observer>,
        token: &CancellationToken,
        timeout: Option<Duration>,
    ) -> Result<Outcome, CallError> {
        let sending = self.send_message(to, message, observer, token);
        match timeout {
            None => sending.await,
            Some(timeout) => time::timeout(timeout, sending)
                .await
                .unwrap_or(Err(CallError::TimedOut)),
        }
    }

    /// Publishes an event. Returns when every subscriber's queue has it.
    pub(super) async fn publish_message(
        &self,
        topic: TopicId,
        event: Event,
    ) -> Result<(), Disconnected> {
        self.ask(|call| ClientFrame::Publish { call, topic, event })
            .await
    }

    /// Subscribes to a topic. What is published from the return on comes.
    pub(super) async fn subscribe(&self, topic: TopicId) -> Result<(), Disconnected> {
        self.ask(|call| ClientFrame::Subscribe { call, topic })
            .await
    }

    /// Ends a subscription. Nothing comes after the return.
    pub(super) async fn unsubscribe(&self, topic: TopicId) -> Result<(), Disconnected> {
        self.ask(|call| ClientFrame::Unsubscribe { call, topic })
            .await
    }

    /// Sends a frame and waits until it is done.
    async fn ask(&self, frame: impl FnOnce(CallId) -> ClientFrame) -> Result<(), Disconnected> {
        let (done, waiting) = oneshot::channel();
        let call = {
            let mut calls = lock(&self.calls);
            if calls.closed {
                return Err(Disconnected);
            }
            let call = calls.next();
            calls.undone.insert(call, done);
            call
        };
        self.push(frame(call));
        waiting.await.map_err(|_| Disconnected)
    }
}

/// Cancels a request when its caller goes.
struct Cancelling<'a> {
    runtime: &'a RemoteRuntime,
    call: Option<CallId>,
}

impl Drop for Cancelling<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.runtime.push(ClientFrame::Cancel(call));
        }
    }
}

/// Reads frames until the connection ends. Requests that are still open have no outcome.
async fn read(
    client: ClientId,
    mut reader: FrameReader<OwnedReadHalf>,
    calls: Arc<Mutex<Calls>>,
    lost: CancellationToken,
) {
    name_task(&format!("reader of {client}"));
    while let Ok(frame) = reader.next().await {
        if frame == HostFrame::Bye {
            break;
        }
        lock(&calls).take(frame);
    }
    lost.cancel();
    let mut calls = lock(&calls);
    calls.closed = true;
    calls.open.clear();
    calls.undone.clear();
}

/// Writes frames until there are no more, or the connection is gone.
async fn write(
    mut outgoing: UnboundedReceiver<ClientFrame>,
    mut writer: FrameWriter<OwnedWriteHalf>,
    lost: CancellationToken,
) {
    let writing = async {
        while let Some(frame) = outgoing.recv().await {
            if writer.send(&[frame]).await.is_err() {
                return;
            }
        }
    };
    // The reader sees the end of the connection.
    let _ = lost.run_until_cancelled(writing).await;
    writer.close().await;
}
