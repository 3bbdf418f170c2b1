//! Clients: they subscribe to threads of their user and record what they receive.
//!
//! A client that loses its connection comes back and resumes after the last
//! position that it saw. When it is asked to leave it says goodbye, and is done
//! once the bridge has answered: then nothing is owed to it any more.

mod connection;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::{select, time};

use super::spec::ClientSettings;
use super::{ByteStream, ClientFrame, Position, ServerFrame};
use crate::driver::{ClientCommand, ClientNode};
use crate::event::{ClientId, Event, RunId, ThreadId, UserId};
use crate::record::marks::INTERLEAVED;
use crate::record::recorder::name_task;
use crate::record::{Epoch, Gap, Offset, Recorder};

pub use connection::{ClientConnection, ConnectionLost, Connector};

/// The identity of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Its number.
    pub client: ClientId,
    /// Its user.
    pub user: UserId,
    /// The proof that it speaks for that user.
    pub token: String,
    /// The threads that it subscribes to.
    pub threads: Vec<ThreadId>,
}

/// A client.
pub struct Client<C> {
    identity: Identity,
    settings: ClientSettings,
    recorder: Recorder,
    connector: C,
    node: ClientNode,
    subscribed: Subscribed,
    leaving: Leaving,
    seen: BTreeMap<ThreadId, Position>,
    runs: Interleaving,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaving {
    No,
    Yes,
}

/// The state of a client's first subscriptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Subscribed {
    NotYet,
    Reported,
}

/// The end of one connection.
enum Disconnect {
    /// The goodbye was answered.
    Goodbye,
    /// The bridge rejected the client.
    Rejected,
    /// The client dropped it on command, and comes back.
    Dropped,
    /// It was lost.
    Lost(&'static str),
}

impl From<ConnectionLost> for Disconnect {
    fn from(_: ConnectionLost) -> Self {
        Self::Lost("connection lost")
    }
}

impl<C> std::fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.identity)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl<C: Connector> Client<C> {
    /// A client that takes commands from the driver.
    pub fn new(
        identity: Identity,
        settings: ClientSettings,
        connector: C,
        node: ClientNode,
    ) -> Self {
        Self {
            identity,
            settings,
            recorder: node.recorder().clone(),
            connector,
            node,
            subscribed: Subscribed::NotYet,
            leaving: Leaving::No,
            seen: BTreeMap::new(),
            runs: Interleaving::default(),
        }
    }

    /// Listens until it is asked to leave and the bridge has answered its goodbye.
    pub async fn run(mut self) {
        let id = self.identity.client;
        name_task(&id.to_string());
        self.recorder
            .client_began(id, self.identity.user, self.identity.threads.clone());
        loop {
            match self.connect_and_listen().await {
                Disconnect::Goodbye => return self.recorder.finished(id),
                Disconnect::Rejected => return self.recorder.disconnected(id, "rejected"),
                Disconnect::Dropped => self.recorder.disconnected(id, "dropped"),
                Disconnect::Lost(why) => self.recorder.disconnected(id, why),
            }
            time::sleep(self.settings.reconnect_after).await;
        }
    }

    async fn connect_and_listen(&mut self) -> Disconnect {
        let idle = self.settings.idle_timeout;
        match time::timeout(idle, self.connect()).await {
            Ok(Ok((mut connection, resumed_at))) => {
                let end = self.listen(&mut connection, resumed_at).await;
                if matches!(end, Disconnect::Goodbye | Disconnect::Rejected) {
                    connection.close(idle).await;
                }
                end
            }
            Ok(Err(end)) => end,
            Err(_) => Disconnect::Lost("no answer"),
        }
    }

    /// Connects and asks for what it has not seen. When it came back, if it had
    /// been connected before.
    async fn connect(
        &mut self,
    ) -> Result<(ClientConnection<C::Stream>, Option<VirtualTime>), Disconnect> {
        let mut connection = self.connector.connect().await?;
        connection
            .send(ClientFrame::Hello {
                client: self.identity.client,
                user: self.identity.user,
                token: self.identity.token.clone(),
            })
            .await?;
        let epoch = loop {
            match connection.receive().await? {
                Some(ServerFrame::Welcome { epoch }) => break epoch,
                Some(ServerFrame::Rejected { .. }) => return Err(Disconnect::Rejected),
                Some(_) => return Err(Disconnect::Lost("no welcome")),
                None => {}
            }
        };
        for thread in self.identity.threads.clone() {
            let after = self.seen.get(&thread).copied();
            connection
                .send(ClientFrame::Subscribe { thread, after })
                .await?;
        }
        let connects = self.recorder.connected(self.identity.client, epoch);
        Ok((connection, (connects > 1).then(|| self.recorder.now())))
    }

    /// Takes what comes until the connection ends.
    async fn listen(
        &mut self,
        connection: &mut ClientConnection<C::Stream>,
        resumed_at: Option<VirtualTime>,
    ) -> Disconnect {
        let idle = self.settings.idle_timeout;
        let mut heard = self.recorder.now();
        let mut idle_check = pin!(pause(connection, idle / 3));
        let mut missing = self.identity.threads.len();
        if self.leaving == Leaving::Yes && connection.send(ClientFrame::Bye).await.is_err() {
            return Disconnect::Lost("connection lost");
        }
        loop {
            let happened = select! {
                biased;
                incoming = connection.receive() => Happened::Incoming(incoming),
                command = self.node.command() => Happened::Command(command),
                () = idle_check.as_mut() => Happened::IdleCheck,
            };
            match happened {
                Happened::Incoming(Err(ConnectionLost)) => {
                    return Disconnect::Lost("connection lost");
                }
                Happened::Incoming(Ok(None)) => heard = self.recorder.now(),
                Happened::Incoming(Ok(Some(ServerFrame::Bye))) => return Disconnect::Goodbye,
                Happened::Incoming(Ok(Some(ServerFrame::Rejected { .. }))) => {
                    return Disconnect::Rejected;
                }
                Happened::Incoming(Ok(Some(ServerFrame::Subscribed { .. }))) => {
                    heard = self.recorder.now();
                    missing = missing.saturating_sub(1);
                    if missing == 0 && self.subscribed == Subscribed::NotYet {
                        self.subscribed = Subscribed::Reported;
                        self.node.ready();
                    }
                }
                Happened::Incoming(Ok(Some(frame))) => {
                    self.take(frame, resumed_at).await;
                    heard = self.recorder.now();
                }
                Happened::Command(ClientCommand::Reconnect) => return Disconnect::Dropped,
                Happened::Command(ClientCommand::Leave) => {
                    if self.leaving == Leaving::No {
                        self.leaving = Leaving::Yes;
                        if connection.send(ClientFrame::Bye).await.is_err() {
                            return Disconnect::Lost("connection lost");
                        }
                    }
                }
                Happened::IdleCheck => {
                    if self.recorder.now().since(heard) >= idle {
                        return Disconnect::Lost("silence");
                    }
                    if connection.ping().await.is_err() {
                        return Disconnect::Lost("connection lost");
                    }
                    idle_check.set(pause(connection, idle / 3));
                }
            }
        }
    }

    async fn take(&mut self, frame: ServerFrame, resumed_at: Option<VirtualTime>) {
        let client = self.identity.client;
        match frame {
            ServerFrame::Event {
                epoch,
                offset,
                event,
            } => {
                self.take_event(epoch, offset, &event, resumed_at);
                if !self.settings.read_delay.is_zero() {
                    time::sleep(self.settings.read_delay).await;
                }
            }
            ServerFrame::Gap(gap) => {
                self.seen.insert(gap.thread, after(&gap));
                self.recorder.gap(client, gap);
            }
            // Answers to nothing that was asked.
            ServerFrame::Welcome { .. }
            | ServerFrame::Subscribed { .. }
            | ServerFrame::Rejected { .. }
            | ServerFrame::Bye => {}
        }
    }

    fn take_event(
        &mut self,
        epoch: Epoch,
        offset: Offset,
        event: &Event,
        resumed_at: Option<VirtualTime>,
    ) {
        self.seen.insert(event.thread, Position { epoch, offset });
        if self.runs.next(event.run) {
            self.recorder.mark(INTERLEAVED);
        }
        let client = self.identity.client;
        self.recorder
            .delivered(client, (epoch, offset), event, resumed_at);
    }
}

/// An event in a client's loop.
enum Happened {
    Incoming(Result<Option<ServerFrame>, ConnectionLost>),
    Command(ClientCommand),
    IdleCheck,
}

/// A connection that cannot go silent unnoticed needs no looking after.
fn pause<S: ByteStream>(
    connection: &ClientConnection<S>,
    time: Duration,
) -> impl Future<Output = ()> + use<S> {
    let time = connection.can_be_silently_lost().then_some(time);
    async move {
        match time {
            Some(time) => time::sleep(time).await,
            None => std::future::pending().await,
        }
    }
}

/// The position of a thread after a gap.
fn after(gap: &Gap) -> Position {
    match gap.to {
        Some(to) => Position {
            epoch: gap.epoch,
            offset: to,
        },
        None => Position {
            epoch: Epoch(gap.epoch.0.saturating_add(1)),
            offset: Offset(0),
        },
    }
}

/// A detector of runs whose events surround those of another.
#[derive(Debug, Default)]
struct Interleaving {
    last: Option<RunId>,
    earlier: BTreeSet<RunId>,
}

impl Interleaving {
    /// Returns `true` if the run comes back after another one.
    fn next(&mut self, run: RunId) -> bool {
        if self.last == Some(run) {
            return false;
        }
        self.earlier.extend(self.last.replace(run));
        self.earlier.contains(&run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaving_needs_a_run_to_come_back() {
        let notice = |runs: &[u32]| {
            let mut interleaving = Interleaving::default();
            runs.iter().any(|run| interleaving.next(RunId(*run)))
        };
        assert!(!notice(&[1, 1, 2, 2, 3]));
        assert!(notice(&[1, 2, 1]));
    }

    #[test]
    fn after_an_endless_gap_comes_the_next_epoch() {
        let mut gap = Gap {
            thread: ThreadId(1),
            epoch: Epoch(1),
            from: Offset(4),
            to: None,
        };
        let (epoch, offset) = (Epoch(2), Offset(0));
        assert_eq!(after(&gap), Position { epoch, offset });
        gap.to = Some(Offset(9));
        let (epoch, offset) = (Epoch(1), Offset(9));
        assert_eq!(after(&gap), Position { epoch, offset });
    }
}
