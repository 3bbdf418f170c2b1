//! Clients: they subscribe to threads of their user and write down what comes.
//!
//! A client that loses its connection comes back and resumes after the last
//! position that it saw. When it is told to leave it says goodbye, and is done
//! once the bridge has answered: then nothing is owed to it any more.

mod link;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::{select, time};

use crate::bridge::{ByteStream, ClientFrame, Position, ServerFrame};
use crate::event::{ClientId, Event, RunId, ThreadId, UserId};
use crate::record::{Epoch, Gap, Mark, Offset, Recorder};
use crate::recorder::name_task;
use crate::spec::ClientSettings;

pub use link::{Dial, Link, LinkLost};

/// What a client is told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Drop the connection and come back.
    Reconnect,
    /// Say goodbye and leave.
    Leave,
}

/// Who a client is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Its number.
    pub client: ClientId,
    /// Its user.
    pub user: UserId,
    /// What shows that it speaks for that user.
    pub token: String,
    /// The threads that it subscribes to.
    pub threads: Vec<ThreadId>,
}

/// A client.
pub struct Client<D> {
    identity: Identity,
    settings: ClientSettings,
    recorder: Recorder,
    dial: D,
    orders: mpsc::Receiver<Order>,
    on_seated: Option<Box<dyn FnOnce()>>,
    leaving: Leaving,
    seen: BTreeMap<ThreadId, Position>,
    runs: Interleaving,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaving {
    No,
    Yes,
}

/// How one connection ended.
enum Parted {
    /// The goodbye was answered.
    Goodbye,
    /// The bridge wants nothing to do with this client.
    Rejected,
    /// It was told to drop it, and comes back.
    Dropped,
    /// It was lost.
    Lost(&'static str),
}

impl From<LinkLost> for Parted {
    fn from(_: LinkLost) -> Self {
        Self::Lost("connection lost")
    }
}

impl<D> std::fmt::Debug for Client<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.identity)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl<D: Dial> Client<D> {
    /// A client that takes orders.
    pub fn new(
        identity: Identity,
        settings: ClientSettings,
        recorder: Recorder,
        dial: D,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        Self {
            identity,
            settings,
            recorder,
            dial,
            orders,
            on_seated: None,
            leaving: Leaving::No,
            seen: BTreeMap::new(),
            runs: Interleaving::default(),
        }
    }

    /// Calls `tell` once, when all its subscriptions stand for the first time.
    #[must_use]
    pub fn when_seated(mut self, tell: impl FnOnce() + 'static) -> Self {
        self.on_seated = Some(Box::new(tell));
        self
    }

    /// Listens until it is told to leave and the bridge has let it go.
    pub async fn run(mut self) {
        let id = self.identity.client;
        name_task(&id.to_string());
        self.recorder
            .client_began(id, self.identity.user, self.identity.threads.clone());
        loop {
            match self.connect_and_listen().await {
                Parted::Goodbye => return self.recorder.finished(id),
                Parted::Rejected => return self.recorder.disconnected(id, "rejected"),
                Parted::Dropped => self.recorder.disconnected(id, "dropped"),
                Parted::Lost(why) => self.recorder.disconnected(id, why),
            }
            time::sleep(self.settings.reconnect_after).await;
        }
    }

    async fn connect_and_listen(&mut self) -> Parted {
        let patience = self.settings.idle_timeout;
        match time::timeout(patience, self.connect()).await {
            Ok(Ok((mut link, resumed_at))) => {
                let parted = self.listen(&mut link, resumed_at).await;
                if matches!(parted, Parted::Goodbye | Parted::Rejected) {
                    link.close(patience).await;
                }
                parted
            }
            Ok(Err(parted)) => parted,
            Err(_) => Parted::Lost("no answer"),
        }
    }

    /// Connects and asks for what it has not seen. When it came back, if it had
    /// been connected before.
    async fn connect(&mut self) -> Result<(Link<D::Stream>, Option<VirtualTime>), Parted> {
        let mut link = self.dial.dial().await?;
        link.send(ClientFrame::Hello {
            client: self.identity.client,
            user: self.identity.user,
            token: self.identity.token.clone(),
        })
        .await?;
        let epoch = loop {
            match link.receive().await? {
                Some(ServerFrame::Welcome { epoch }) => break epoch,
                Some(ServerFrame::Rejected { .. }) => return Err(Parted::Rejected),
                Some(_) => return Err(Parted::Lost("no welcome")),
                None => {}
            }
        };
        for thread in self.identity.threads.clone() {
            let after = self.seen.get(&thread).copied();
            link.send(ClientFrame::Subscribe { thread, after }).await?;
        }
        let connects = self.recorder.connected(self.identity.client, epoch);
        Ok((link, (connects > 1).then(|| self.recorder.now())))
    }

    /// Takes what comes until the connection ends.
    async fn listen(
        &mut self,
        link: &mut Link<D::Stream>,
        resumed_at: Option<VirtualTime>,
    ) -> Parted {
        let idle = self.settings.idle_timeout;
        let mut heard = self.recorder.now();
        let mut look = pin!(pause(link, idle / 3));
        let mut seats = self.identity.threads.len();
        if self.leaving == Leaving::Yes && link.send(ClientFrame::Bye).await.is_err() {
            return Parted::Lost("connection lost");
        }
        loop {
            let happened = select! {
                biased;
                incoming = link.receive() => Happened::Incoming(incoming),
                order = self.orders.recv() => Happened::Order(order.unwrap_or(Order::Leave)),
                () = look.as_mut() => Happened::TimeToLook,
            };
            match happened {
                Happened::Incoming(Err(LinkLost)) => return Parted::Lost("connection lost"),
                Happened::Incoming(Ok(None)) => heard = self.recorder.now(),
                Happened::Incoming(Ok(Some(ServerFrame::Bye))) => return Parted::Goodbye,
                Happened::Incoming(Ok(Some(ServerFrame::Rejected { .. }))) => {
                    return Parted::Rejected;
                }
                Happened::Incoming(Ok(Some(ServerFrame::Subscribed { .. }))) => {
                    heard = self.recorder.now();
                    seats = seats.saturating_sub(1);
                    if seats == 0
                        && let Some(tell) = self.on_seated.take()
                    {
                        tell();
                    }
                }
                Happened::Incoming(Ok(Some(frame))) => {
                    self.take(frame, resumed_at).await;
                    heard = self.recorder.now();
                }
                Happened::Order(Order::Reconnect) => return Parted::Dropped,
                Happened::Order(Order::Leave) => {
                    if self.leaving == Leaving::No {
                        self.leaving = Leaving::Yes;
                        if link.send(ClientFrame::Bye).await.is_err() {
                            return Parted::Lost("connection lost");
                        }
                    }
                }
                Happened::TimeToLook => {
                    if self.recorder.now().since(heard) >= idle {
                        return Parted::Lost("silence");
                    }
                    if link.ping().await.is_err() {
                        return Parted::Lost("connection lost");
                    }
                    look.set(pause(link, idle / 3));
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
            self.recorder.mark(Mark::Interleaved);
        }
        let client = self.identity.client;
        self.recorder
            .delivered(client, (epoch, offset), event, resumed_at);
    }
}

/// What may happen while a client listens.
enum Happened {
    Incoming(Result<Option<ServerFrame>, LinkLost>),
    Order(Order),
    TimeToLook,
}

/// A connection that cannot go silent unnoticed needs no looking after.
fn pause<S: ByteStream>(link: &Link<S>, time: Duration) -> impl Future<Output = ()> + use<S> {
    let time = link.can_be_silently_lost().then_some(time);
    async move {
        match time {
            Some(time) => time::sleep(time).await,
            None => std::future::pending().await,
        }
    }
}

/// Where a thread goes on after a gap.
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

/// Notices when the events of one run surround those of another.
#[derive(Debug, Default)]
struct Interleaving {
    last: Option<RunId>,
    earlier: BTreeSet<RunId>,
}

impl Interleaving {
    /// Whether the run had been left for another one and comes back.
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
