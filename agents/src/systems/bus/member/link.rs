//! The connection of a member to the broker.
//!
//! One order is in flight at a time, and is repeated after a reconnect until it is
//! answered. Of the mailbox, the member knows which message it took last, and resumes
//! after that one.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use rehearsal_history::Epoch;
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::mpsc::UnboundedReceiver;
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::{select, time};

use super::super::events::{Handled, Handlers};
use super::super::faults::BUS;
use super::super::plan::PlannedMember;
use super::super::settings::ConnectionSettings;
use super::super::wire::{
    Answer, BrokerFrame, Content, Disconnected, FrameReader, FrameWriter, MemberFrame, Message,
    Order, OrderNumber, PORT, Place,
};
use super::listener::Listener;
use super::outbox::{Outbox, Submission, Waiting};
use super::record::Record;
use super::script::{TakenRequest, respond};
use super::window::Window;
use crate::driver::{ClientCommand, ClientNode};
use crate::network::Network;

/// The connection of a member, across all its TCP connections.
pub(super) struct Link<N> {
    network: N,
    member: Arc<PlannedMember>,
    settings: ConnectionSettings,
    node: ClientNode,
    record: Arc<Record>,
    state: State,
    submissions: UnboundedReceiver<Submission>,
    /// The order that has not been answered.
    in_flight: Option<Submission>,
    /// The number of the last order.
    number: OrderNumber,
    waiting: Arc<Waiting>,
    /// The way back for responses; dropped when the member leaves.
    outbox: Option<Outbox>,
    responders: JoinSet<()>,
    handlers: Option<Handlers>,
    listener: Option<Arc<Listener>>,
    /// The messages that handlers or the listener have finished.
    handled: UnboundedReceiver<Handled>,
    /// The subscriptions that the member makes before it is ready.
    subscribing: usize,
    window: Window,
    connects: u32,
}

/// The parts of a member that its connection needs.
pub(super) struct Parts<N> {
    pub(super) network: N,
    pub(super) member: Arc<PlannedMember>,
    pub(super) settings: ConnectionSettings,
    pub(super) node: ClientNode,
    pub(super) record: Arc<Record>,
    pub(super) submissions: UnboundedReceiver<Submission>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) outbox: Outbox,
    pub(super) handlers: Option<Handlers>,
    pub(super) listener: Option<Arc<Listener>>,
    pub(super) handled: UnboundedReceiver<Handled>,
    /// The subscriptions that the member makes before it is ready.
    pub(super) subscribing: usize,
}

/// The progress of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It waits for the work to start.
    Joining,
    /// It takes commands.
    Working,
    /// It leaves when its orders are answered.
    Leaving,
    /// It leaves when its mailbox is empty.
    Draining,
}

/// The end of a TCP connection.
enum End {
    /// The broker has answered the goodbye.
    Goodbye,
    /// The connection is gone, for this reason.
    Lost(&'static str),
}

impl From<Disconnected> for End {
    fn from(_: Disconnected) -> Self {
        Self::Lost("connection lost")
    }
}

/// One TCP connection.
struct Connection<N: Network> {
    reader: FrameReader<N::Reader>,
    writer: FrameWriter<N::Writer>,
    /// The time at which the member came back, if it had been connected before.
    resumed_at: Option<VirtualTime>,
}

/// An event in the loop of a member.
enum Event {
    Frame(Result<BrokerFrame, Disconnected>),
    Started,
    Command(ClientCommand),
    Submission(Option<Submission>),
    Handled(Handled),
    Heartbeat,
}

impl<N: Network> Link<N> {
    pub(super) fn new(parts: Parts<N>) -> Self {
        Self {
            network: parts.network,
            member: parts.member,
            settings: parts.settings,
            node: parts.node,
            record: parts.record,
            state: State::Joining,
            submissions: parts.submissions,
            in_flight: None,
            number: OrderNumber(0),
            waiting: parts.waiting,
            outbox: Some(parts.outbox),
            responders: JoinSet::new(),
            handlers: parts.handlers,
            listener: parts.listener,
            handled: parts.handled,
            subscribing: parts.subscribing,
            window: Window::default(),
            connects: 0,
        }
    }

    /// Connects as often as it takes. Calls `start` when the work starts.
    pub(super) async fn run(mut self, start: impl FnOnce()) {
        let mut start = Some(start);
        loop {
            match self.connect_and_serve(&mut start).await {
                End::Goodbye => return self.drained(),
                End::Lost(reason) => self.record.disconnected(reason),
            }
            time::sleep(self.settings.reconnect_after).await;
        }
    }

    fn drained(&self) {
        self.record.drained();
        if let Some(handlers) = &self.handlers {
            handlers.drained();
        }
        if let Some(listener) = &self.listener {
            listener.check();
        }
    }

    async fn connect_and_serve(&mut self, start: &mut Option<impl FnOnce()>) -> End {
        match time::timeout(self.settings.idle_timeout, self.connect()).await {
            Ok(Ok(mut connection)) => match self.serve(&mut connection, start).await {
                Ok(end) => end,
                Err(Disconnected) => Disconnected.into(),
            },
            Ok(Err(Disconnected)) => Disconnected.into(),
            Err(_) => End::Lost("no answer"),
        }
    }

    async fn connect(&mut self) -> Result<Connection<N>, Disconnected> {
        let stream = self.network.connect(BUS, PORT).await?;
        let (reading, writing) = N::split(stream);
        let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
        let hello = MemberFrame::Hello {
            member: self.member.id,
            taken: self.window.done(),
        };
        writer.send(&[hello]).await?;
        let BrokerFrame::Welcome { epoch } = reader.next().await? else {
            return Err(Disconnected);
        };
        Ok(Connection {
            reader,
            writer,
            resumed_at: self.connected(epoch),
        })
    }

    fn connected(&mut self, epoch: Epoch) -> Option<VirtualTime> {
        self.connects += 1;
        self.record.connected(epoch, self.connects);
        if self.connects == 1 {
            if self.subscribing == 0 {
                self.node.ready();
            }
            return None;
        }
        Some(self.record.now())
    }

    /// Serves one connection to its end.
    async fn serve(
        &mut self,
        connection: &mut Connection<N>,
        start: &mut Option<impl FnOnce()>,
    ) -> Result<End, Disconnected> {
        self.repeat(connection).await?;
        let interval = self.settings.idle_timeout / 3;
        let mut heard = self.record.now();
        let mut heartbeat = pin!(time::sleep(interval));
        loop {
            match self.next(connection, heartbeat.as_mut()).await {
                Event::Frame(frame) => {
                    let frame = frame?;
                    if frame == BrokerFrame::Bye {
                        return Ok(End::Goodbye);
                    }
                    self.take(connection, frame).await?;
                    heard = self.record.now();
                }
                Event::Started => {
                    self.state = State::Working;
                    if let Some(start) = start.take() {
                        start();
                    }
                }
                Event::Command(ClientCommand::Reconnect) => return Ok(End::Lost("dropped")),
                Event::Command(ClientCommand::Leave) => self.leave(),
                Event::Submission(Some(submission)) => {
                    self.number.0 += 1;
                    self.submit(connection, submission).await?;
                }
                Event::Submission(None) => {
                    self.state = State::Draining;
                    connection.writer.send(&[MemberFrame::Bye]).await?;
                }
                Event::Handled(handled) => {
                    self.window.unfinished.remove(&handled.cursor);
                    self.answer(handled.request);
                    self.acknowledge(connection).await?;
                }
                Event::Heartbeat => {
                    if self.record.now().since(heard) >= self.settings.idle_timeout {
                        return Ok(End::Lost("silence"));
                    }
                    connection.writer.send(&[MemberFrame::Ping]).await?;
                    heartbeat.set(time::sleep(interval));
                }
            }
        }
    }

    /// Waits for the next event.
    async fn next(
        &mut self,
        connection: &mut Connection<N>,
        heartbeat: impl Future<Output = ()>,
    ) -> Event {
        let has_local = self.handlers.is_some() || self.listener.is_some();
        let takes_orders = self.in_flight.is_none() && self.state != State::Draining;
        select! {
            biased;
            frame = connection.reader.next() => Event::Frame(frame),
            event = command(&mut self.node, self.state) => event,
            submission = self.submissions.recv(), if takes_orders => {
                Event::Submission(submission)
            }
            Some(handled) = self.handled.recv(), if has_local => Event::Handled(handled),
            () = heartbeat => Event::Heartbeat,
        }
    }

    /// Says again what a lost connection may have swallowed.
    async fn repeat(&mut self, connection: &mut Connection<N>) -> Result<(), Disconnected> {
        if let Some(submission) = self.in_flight.take() {
            self.record.repeated();
            self.submit(connection, submission).await?;
        }
        if self.state == State::Draining {
            connection.writer.send(&[MemberFrame::Bye]).await?;
        }
        Ok(())
    }

    /// Sends an order under the last number.
    async fn submit(
        &mut self,
        connection: &mut Connection<N>,
        submission: Submission,
    ) -> Result<(), Disconnected> {
        let frame = MemberFrame::Submit {
            number: self.number,
            order: submission.order.clone(),
        };
        self.in_flight = Some(submission);
        connection.writer.send(&[frame]).await
    }

    /// Stops working: requests that are still being answered have been given up.
    fn leave(&mut self) {
        if self.state == State::Working {
            self.state = State::Leaving;
            self.outbox = None;
            self.responders.abort_all();
            if let Some(handlers) = &mut self.handlers {
                handlers.finish();
            }
        }
    }

    async fn take(
        &mut self,
        connection: &mut Connection<N>,
        frame: BrokerFrame,
    ) -> Result<(), Disconnected> {
        match frame {
            BrokerFrame::Answer { number, answer } => {
                self.answered(number, answer);
                Ok(())
            }
            BrokerFrame::Deliver {
                cursor, message, ..
            } if matches!(message.content, Content::Event { .. }) => {
                if let Some(listener) = &self.listener {
                    listener.pass(cursor);
                }
                if self.window.hold(cursor)
                    && let Some(handlers) = &self.handlers
                {
                    handlers.deliver(cursor, message);
                }
                Ok(())
            }
            BrokerFrame::Deliver {
                cursor,
                place,
                message,
            } if self.listener.is_some() => {
                if self.window.hold(cursor)
                    && let Some(listener) = &self.listener
                {
                    listener.deliver(cursor, place, message);
                }
                Ok(())
            }
            BrokerFrame::Deliver {
                cursor,
                place,
                message,
            } => {
                self.window.taken = cursor.max(self.window.taken);
                self.received(place, &message, connection.resumed_at);
                if !self.member.rest.is_zero() {
                    time::sleep(self.member.rest).await;
                }
                self.acknowledge(connection).await
            }
            BrokerFrame::Welcome { .. } | BrokerFrame::Pong | BrokerFrame::Bye => Ok(()),
        }
    }

    /// Tells the broker which messages are done with.
    async fn acknowledge(&self, connection: &mut Connection<N>) -> Result<(), Disconnected> {
        let taken = MemberFrame::Taken(self.window.done());
        connection.writer.send(&[taken]).await
    }

    fn answered(&mut self, number: OrderNumber, answer: Answer) {
        // An answer may come twice, to an order that was repeated.
        if number != self.number {
            return;
        }
        let Some(Submission { order, answered }) = self.in_flight.take() else {
            return;
        };
        match &order {
            Order::Send(message) => self.record.answered(message, answer),
            Order::Subscribe(_) => self.subscribed(),
            Order::Withdraw(_) | Order::CountUnhandled | Order::Stop => {}
        }
        // A responder that was aborted does not wait for it.
        let _ = answered.send(answer);
    }

    /// Counts a subscription: with the last, the member is ready.
    fn subscribed(&mut self) {
        if self.subscribing > 0 {
            self.subscribing -= 1;
            if self.subscribing == 0 {
                self.node.ready();
            }
        }
    }

    /// Begins to answer a request.
    fn answer(&mut self, request: Option<TakenRequest>) {
        // While it leaves, all requests have been given up.
        if let (Some(request), Some(outbox)) = (request, &self.outbox) {
            self.responders.spawn(respond(outbox.clone(), request));
        }
    }

    fn received(&mut self, place: Place, message: &Message, resumed_at: Option<VirtualTime>) {
        self.record.received(place, message, resumed_at);
        self.answer(TakenRequest::of(message));
        if let Content::Response {
            request, number, ..
        } = message.content
        {
            self.waiting.respond(request, number);
        }
    }
}

/// Waits for the start of the work, and from then on for commands. Cancel safe.
async fn command(node: &mut ClientNode, state: State) -> Event {
    match state {
        State::Joining => {
            node.started().await;
            Event::Started
        }
        State::Working | State::Leaving | State::Draining => Event::Command(node.command().await),
    }
}
