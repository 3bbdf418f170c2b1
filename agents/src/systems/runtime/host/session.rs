//! Sessions: the connection of one client, with a task that reads from it, a task that
//! writes to it, and a task for each request under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rehearsal_sim::tokio::{select, spawn, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use super::super::defects;
use super::super::wire::{
    CallId, ClientFrame, Disconnected, Event, FrameReader, FrameWriter, HostFrame, Outcome,
    Progress, Refusal, TopicId,
};
use super::Runtime;
use super::call::{Observer, Request, Sender};
use super::topics::Subscriber;
use crate::record::recorder::{lock, name_task};

/// Longest time that a client may take to name itself.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Time before a request can be cancelled, for the seeded bug.
const REGISTRATION: Duration = Duration::from_millis(20);

/// The tokens of the requests of a session that are under way.
type Calls = Mutex<BTreeMap<CallId, CancellationToken>>;

/// The state that the tasks of a session share.
struct Session {
    runtime: Arc<Runtime>,
    sender: Sender,
    frames: UnboundedSender<HostFrame>,
    calls: Calls,
    tasks: TaskTracker,
    /// Cancelled when the session ends.
    end: CancellationToken,
}

/// Serves a connection to its end.
pub(super) async fn serve(runtime: Arc<Runtime>, stream: TcpStream) {
    let (reading, writing) = stream.into_split();
    let mut reader = FrameReader::new(reading);
    let Some(sender) = hello(&runtime, &mut reader).await else {
        let mut writer = FrameWriter::new(writing);
        // A connection that has gone needs no answer.
        let _ = writer.send(&[HostFrame::Unknown]).await;
        writer.close().await;
        return;
    };
    name_task(&format!("reader of {}", sender.name));
    let (frames, outgoing) = unbounded_channel();
    let session = Arc::new(Session {
        end: runtime.stop.child_token(),
        runtime,
        sender,
        frames,
        calls: Calls::default(),
        tasks: TaskTracker::new(),
    });
    session.push(HostFrame::Welcome);
    let end = session.end.clone();
    let writer = spawn(write(outgoing, FrameWriter::new(writing), end));
    let read = session.read(&mut reader).await;
    session.close(read).await;
    drop(session);
    // It ends with the last frame, or with the connection.
    let _ = writer.await;
}

/// Waits for the client's first frame. Returns the client if it is the one that it says.
async fn hello(runtime: &Runtime, reader: &mut FrameReader<OwnedReadHalf>) -> Option<Sender> {
    let first = time::timeout(HELLO_TIMEOUT, reader.next());
    match runtime.stop.run_until_cancelled(first).await {
        Some(Ok(Ok(ClientFrame::Hello {
            client,
            namespace,
            fingerprint,
        }))) => {
            let fits = fingerprint == runtime.key.fingerprint(client, &namespace);
            // Seeded: nothing is compared.
            let known = fits || runtime.carries(defects::FINGERPRINT_NOT_COMPARED);
            known.then(|| Sender {
                name: client.to_string().into(),
                namespace,
            })
        }
        _ => None,
    }
}

/// Writes frames until there are no more, or the session ends.
async fn write(
    mut outgoing: UnboundedReceiver<HostFrame>,
    mut stream: FrameWriter<OwnedWriteHalf>,
    end: CancellationToken,
) {
    let writing = async {
        while let Some(frame) = outgoing.recv().await {
            let mut frames = vec![frame];
            while let Ok(frame) = outgoing.try_recv() {
                frames.push(frame);
            }
            stream.send(&frames).await?;
        }
        Ok::<(), Disconnected>(())
    };
    // A connection that is lost during a write is noticed by the reader.
    if let Some(Ok(())) = end.run_until_cancelled(writing).await {
        stream.close().await;
    }
}

impl Session {
    /// Queues a frame for the writer. If the writer has ended, the session has too.
    fn push(&self, frame: HostFrame) {
        let _ = self.frames.send(frame);
    }

    /// Reads until the client says goodbye, or the connection or the session ends.
    async fn read(
        self: &Arc<Self>,
        reader: &mut FrameReader<OwnedReadHalf>,
    ) -> Result<(), Disconnected> {
        loop {
            let frame = select! {
                biased;
                () = self.end.cancelled() => return Err(Disconnected),
                frame = reader.next() => frame?,
            };
            match frame {
                ClientFrame::Call { call, to, message } => {
                    let observer: Arc<dyn Observer> = Arc::new(Outgoing {
                        call,
                        frames: self.frames.clone(),
                    });
                    let request = Request {
                        sender: self.sender.clone(),
                        to,
                        message,
                        observer,
                    };
                    self.begin(call, request);
                }
                ClientFrame::Cancel(call) => self.cancel(call),
                ClientFrame::Publish { call, topic, event } => {
                    self.publish(&topic, event).await;
                    self.push(HostFrame::Done(call));
                }
                ClientFrame::Subscribe { call, topic } => {
                    let subscriber = Arc::new(Events(self.frames.clone()));
                    let topics = &self.runtime.topics;
                    topics.subscribe(&self.sender, &topic, subscriber);
                    self.push(HostFrame::Done(call));
                }
                ClientFrame::Unsubscribe { call, topic } => {
                    self.runtime.topics.unsubscribe(&self.sender, &topic);
                    self.push(HostFrame::Done(call));
                }
                ClientFrame::Bye => return Ok(()),
                ClientFrame::Hello { .. } => return Err(Disconnected),
            }
        }
    }

    /// Starts a request.
    fn begin(self: &Arc<Self>, call: CallId, request: Request) {
        if request.to.namespace != self.sender.namespace {
            let refusal = Refusal::ForeignNamespace(Arc::clone(&request.to.namespace));
            let outcome = Outcome::Refused(refusal);
            return self.push(HostFrame::Outcome { call, outcome });
        }
        // Seeded: what is left of a broken connection goes on.
        let token = if self.runtime.carries(defects::DISCONNECT_LEAVES_REQUESTS) {
            self.runtime.stop.child_token()
        } else {
            self.end.child_token()
        };
        let session = Arc::clone(self);
        // Seeded: a request can be cancelled once its task runs.
        let late = self.runtime.carries(defects::CANCEL_BEFORE_REGISTRATION);
        if !late {
            lock(&self.calls).insert(call, token.clone());
        }
        self.tasks.spawn(async move {
            if late {
                time::sleep(REGISTRATION).await;
                lock(&session.calls).insert(call, token.clone());
            }
            let outcome = session.runtime.send_message(request, &token).await;
            lock(&session.calls).remove(&call);
            // The other outcomes were sent when they came.
            if outcome == Outcome::Cancelled {
                session.push(HostFrame::Outcome { call, outcome });
            }
        });
    }

    /// Hands an event to its subscribers, in the name of this client.
    async fn publish(&self, topic: &TopicId, event: Event) {
        let event = Event {
            publisher: Arc::clone(&self.sender.name),
            ..event
        };
        let topics = &self.runtime.topics;
        topics.publish(&self.sender, topic, &event).await;
    }

    /// Cancels a request. One that has ended, or was cancelled before, stays as it is.
    fn cancel(&self, call: CallId) {
        let token = lock(&self.calls).get(&call).cloned();
        if let Some(token) = token {
            token.cancel();
        }
    }

    /// Ends the session: after a goodbye when every request has ended and every output is
    /// written, else at once.
    async fn close(&self, read: Result<(), Disconnected>) {
        self.runtime.topics.leave(&self.sender);
        if read.is_err() {
            self.end.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
        if read.is_ok() {
            self.runtime.outputs.flush().await;
        }
        self.push(HostFrame::Bye);
    }
}

/// Sends what an agent sends for a request over the connection.
struct Outgoing {
    call: CallId,
    frames: UnboundedSender<HostFrame>,
}

impl Observer for Outgoing {
    fn progress(&self, progress: &Progress) {
        let (call, progress) = (self.call, progress.clone());
        // Without a connection, the request is being cancelled.
        let _ = self.frames.send(HostFrame::Progress { call, progress });
    }

    fn ended(&self, outcome: &Outcome) {
        let (call, outcome) = (self.call, outcome.clone());
        let _ = self.frames.send(HostFrame::Outcome { call, outcome });
    }
}

/// Sends the events of a topic over the connection.
struct Events(UnboundedSender<HostFrame>);

impl Subscriber for Events {
    fn notify(&self, topic: &TopicId, event: &Event) {
        let (topic, event) = (topic.clone(), event.clone());
        // Without a connection, the session is ending.
        let _ = self.0.send(HostFrame::Event { topic, event });
    }
}
