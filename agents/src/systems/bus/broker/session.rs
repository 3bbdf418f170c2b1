//! Sessions: the connection of one member, with a task that reads from it and a task that
//! writes to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rehearsal_sim::tokio::io::{AsyncRead, AsyncWrite};
use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rehearsal_sim::tokio::{select, spawn, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::defects;
use super::super::wire::{
    BrokerFrame, Cursor, Disconnected, FrameReader, FrameWriter, MemberFrame, MemberId,
};
use super::Broker;
use super::registration::Registration;
use crate::network::Network;
use crate::record::recorder::name_task;

/// Longest time that a member may take to say who it is.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// The state that both tasks of a session share.
#[derive(Debug)]
pub(super) struct Session {
    /// There may be a message to deliver.
    pub(super) wake: Notify,
    /// The session has to end.
    pub(super) end: CancellationToken,
    /// The member leaves once its mailbox is empty.
    leaving: AtomicBool,
}

/// A session that a member has. Dropped, also with the task that serves it, it ends and is the
/// member's no longer.
struct Attached {
    member: Arc<Registration>,
    session: Arc<Session>,
}

impl Attached {
    fn new(member: &Arc<Registration>, session: &Arc<Session>) -> Self {
        member.attach(session);
        Self {
            member: Arc::clone(member),
            session: Arc::clone(session),
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if !self.session.end.is_cancelled() {
            self.session.end.cancel();
        }
        self.member.detach(&self.session);
    }
}

/// Serves a connection to its end.
pub(super) async fn serve<N: Network>(broker: Arc<Broker>, stream: N::Stream) {
    let (reading, writing) = N::split(stream);
    let mut reader = FrameReader::new(reading);
    let Some((id, taken)) = hello(&broker, &mut reader).await else {
        return;
    };
    let Some(member) = broker.register(id).await else {
        return;
    };
    name_task(&format!("reader of {id}"));
    let session = Arc::new(Session {
        wake: Notify::new(),
        end: broker.stop.child_token(),
        leaving: AtomicBool::new(false),
    });
    let _attached = Attached::new(&member, &session);
    let (frames, outgoing) = unbounded_channel();
    push(
        &frames,
        BrokerFrame::Welcome {
            epoch: broker.epoch,
        },
    );
    let sent = resume(&broker, &member, taken, &frames).await;
    let writer = Writer {
        broker: Arc::clone(&broker),
        member: Arc::clone(&member),
        session: Arc::clone(&session),
        outgoing,
        sent,
    };
    let writer = spawn(writer.run(FrameWriter::new(writing)));
    read(&broker, &member, &session, &mut reader, &frames).await;
    session.end.cancel();
    // It ends at once, and nothing depends on how.
    let _ = writer.await;
}

/// Waits for the member's first frame.
async fn hello(
    broker: &Broker,
    reader: &mut FrameReader<impl AsyncRead + Unpin>,
) -> Option<(MemberId, Cursor)> {
    let first = time::timeout(HELLO_TIMEOUT, reader.next());
    match broker.stop.run_until_cancelled(first).await {
        Some(Ok(Ok(MemberFrame::Hello { member, taken }))) => Some((member, taken)),
        _ => None,
    }
}

/// Returns the message after which a member is served.
async fn resume(
    broker: &Arc<Broker>,
    member: &Arc<Registration>,
    taken: Cursor,
    frames: &UnboundedSender<BrokerFrame>,
) -> Cursor {
    // Seeded: the broker knows better than the member.
    if broker.carries(defects::REDELIVERY) {
        return member.mailbox.lock().await.taken();
    }
    broker.take(member, taken).await;
    // Seeded: new messages are sent while the backlog is being read.
    if broker.carries(defects::LIVE_BEFORE_BACKLOG) {
        return read_backlog_apart(broker, member, taken, frames).await;
    }
    taken
}

/// Sends the backlog from a task of its own. Returns the newest message.
async fn read_backlog_apart(
    broker: &Arc<Broker>,
    member: &Registration,
    mut cursor: Cursor,
    frames: &UnboundedSender<BrokerFrame>,
) -> Cursor {
    let mailbox = member.mailbox.lock().await;
    let mut backlog = Vec::new();
    while let Some((next, stored)) = mailbox.after(cursor) {
        let (place, message) = (stored.place, stored.message.clone());
        backlog.push(BrokerFrame::Deliver {
            cursor: next,
            place,
            message,
        });
        cursor = next;
    }
    let (journal, frames) = (broker.journal.clone(), frames.clone());
    broker.sessions.spawn(async move {
        journal.wait().await;
        backlog.into_iter().for_each(|frame| push(&frames, frame));
    });
    cursor
}

/// Queues a frame for the writer. If the writer has ended, the session has too.
fn push(frames: &UnboundedSender<BrokerFrame>, frame: BrokerFrame) {
    let _ = frames.send(frame);
}

/// Reads until the connection or the session ends.
async fn read(
    broker: &Arc<Broker>,
    member: &Arc<Registration>,
    session: &Session,
    reader: &mut FrameReader<impl AsyncRead + Unpin>,
    frames: &UnboundedSender<BrokerFrame>,
) {
    loop {
        let frame = select! {
            biased;
            () = session.end.cancelled() => return,
            frame = reader.next() => frame,
        };
        match frame {
            Ok(MemberFrame::Submit { number, order }) => {
                let answer = broker.execute(member, number, order).await;
                push(frames, BrokerFrame::Answer { number, answer });
            }
            Ok(MemberFrame::Taken(cursor)) => {
                broker.take(member, cursor).await;
                session.wake.notify_one();
            }
            Ok(MemberFrame::Ping) => push(frames, BrokerFrame::Pong),
            Ok(MemberFrame::Bye) => {
                session.leaving.store(true, Ordering::Relaxed);
                session.wake.notify_one();
            }
            Ok(MemberFrame::Hello { .. }) | Err(Disconnected) => return,
        }
    }
}

/// The writing task of a session.
struct Writer {
    broker: Arc<Broker>,
    member: Arc<Registration>,
    session: Arc<Session>,
    outgoing: UnboundedReceiver<BrokerFrame>,
    /// The last message that was sent.
    sent: Cursor,
}

impl Writer {
    async fn run(mut self, mut stream: FrameWriter<impl AsyncWrite + Unpin>) {
        name_task(&format!("writer to {}", self.member.id));
        let end = self.session.end.clone();
        // A connection that is lost during a write is noticed by the reader.
        let _ = end.run_until_cancelled(self.write(&mut stream)).await;
    }

    /// Writes answers and messages until the member has said goodbye and has taken
    /// everything.
    async fn write(
        &mut self,
        stream: &mut FrameWriter<impl AsyncWrite + Unpin>,
    ) -> Result<(), Disconnected> {
        loop {
            let mut frames = Vec::new();
            while let Ok(frame) = self.outgoing.try_recv() {
                frames.push(frame);
            }
            let is_empty = self.collect(&mut frames).await;
            if !frames.is_empty() {
                stream.send(&frames).await?;
                continue;
            }
            if is_empty && self.session.leaving.load(Ordering::Relaxed) {
                stream.send(&[BrokerFrame::Bye]).await?;
                stream.close().await;
                return Ok(());
            }
            select! {
                biased;
                frame = self.outgoing.recv() => {
                    let frame = frame.ok_or(Disconnected)?;
                    stream.send(&[frame]).await?;
                }
                () = self.session.wake.notified() => {}
            }
        }
    }

    /// Adds the messages that may be sent now. Returns `true` if the mailbox is empty.
    async fn collect(&mut self, frames: &mut Vec<BrokerFrame>) -> bool {
        let mailbox = self.member.mailbox.lock().await;
        let limit = mailbox.taken().0 + u64::from(self.broker.settings.prefetch);
        while self.sent.0 < limit
            && let Some((cursor, stored)) = mailbox.after(self.sent)
        {
            let (place, message) = (stored.place, stored.message.clone());
            frames.push(BrokerFrame::Deliver {
                cursor,
                place,
                message,
            });
            self.sent = cursor;
        }
        mailbox.is_empty()
    }
}
