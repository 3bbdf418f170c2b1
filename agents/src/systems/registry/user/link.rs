//! The connection of a user to the service. Requests without an answer are repeated after a
//! reconnect, and events resume after the last one that the user has seen.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::Actor;
use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::task::AbortHandle;
use rehearsal_sim::tokio::time::Instant;
use rehearsal_sim::tokio::{select, time};

use super::super::faults::REGISTRY;
use super::super::marks::REQUEST_REPEATED;
use super::super::plan::PlannedUser;
use super::super::settings::{ConnectionSettings, Handover};
use super::super::wire::{
    Disconnected, FrameReader, FrameWriter, PORT, ServiceFrame, UserFrame, split,
};
use super::inbox::Inbox;
use super::requests::Requests;
use crate::driver::{ClientCommand, ClientNode};
use crate::record::marks::RECONNECTED;
use crate::websocket;

/// Longest time that the service may take to close a connection after its goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The connection of a user, across all its TCP connections.
pub(super) struct Link {
    user: PlannedUser,
    settings: ConnectionSettings,
    node: ClientNode,
    actor: Actor,
    requests: Arc<Requests>,
    inbox: Inbox,
    state: State,
    /// The task of the script, once it runs.
    script: Option<AbortHandle>,
    connects: u32,
}

/// The progress of a user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It waits for the work to start.
    Joining,
    /// Its script runs.
    Working,
    /// It has said goodbye, and takes what it is still owed.
    Leaving,
}

/// The end of a TCP connection.
enum End {
    /// The service has answered the goodbye.
    Goodbye,
    /// The connection is gone.
    Lost,
    /// The user goes on over its next connection, and keeps this one until that stands.
    HandOver(Connection),
}

/// One TCP connection.
struct Connection {
    reader: FrameReader,
    writer: FrameWriter,
}

/// An event in the loop of a user.
enum Happened {
    Frame(Result<Option<ServiceFrame>, Disconnected>),
    Started,
    Command(ClientCommand),
    Submitted,
    Heartbeat,
}

impl Link {
    pub(super) fn new(
        user: PlannedUser,
        settings: ConnectionSettings,
        node: ClientNode,
        actor: Actor,
        requests: Arc<Requests>,
        inbox: Inbox,
    ) -> Self {
        Self {
            user,
            settings,
            node,
            actor,
            requests,
            inbox,
            state: State::Joining,
            script: None,
            connects: 0,
        }
    }

    /// Connects as often as it takes. Calls `start` when the work starts.
    pub(super) async fn run(mut self, start: impl FnOnce() -> AbortHandle) {
        let mut start = Some(start);
        let mut last = None;
        loop {
            match self.connect_and_serve(&mut last, &mut start).await {
                End::Goodbye => return self.actor.drained(),
                End::HandOver(connection) => last = Some(connection),
                End::Lost => {
                    last = None;
                    time::sleep(self.settings.reconnect_after).await;
                }
            }
            self.requests.connection_lost();
        }
    }

    /// Connects and serves the connection to its end; drops the last one once the new one
    /// stands.
    async fn connect_and_serve(
        &mut self,
        last: &mut Option<Connection>,
        start: &mut Option<impl FnOnce() -> AbortHandle>,
    ) -> End {
        let connected = time::timeout(self.settings.idle_timeout, self.connect()).await;
        *last = None;
        let Ok(Ok(connection)) = connected else {
            return End::Lost;
        };
        self.connects += 1;
        if self.connects == 1 {
            self.node.ready();
        } else {
            self.actor.reached(RECONNECTED.name());
        }
        let end = self.serve(connection, start).await;
        end.unwrap_or(End::Lost)
    }

    async fn connect(&mut self) -> Result<Connection, Disconnected> {
        let address = format!("{REGISTRY}:{PORT}");
        let stream = TcpStream::connect(&address)
            .await
            .map_err(|_| Disconnected)?;
        let config = Some(websocket::config());
        let url = format!("ws://{address}/");
        let opened = tokio_tungstenite::client_async_with_config(url, stream, config).await;
        let (socket, _) = opened.map_err(|_| Disconnected)?;
        let (mut reader, mut writer) = split(socket);
        let hello = UserFrame::Hello {
            user: self.user.id,
            token: self.user.token.clone(),
            seen: self.inbox.seen(),
        };
        writer.send(&[hello]).await?;
        match reader.next().await? {
            Some(ServiceFrame::Welcome) => Ok(Connection { reader, writer }),
            _ => Err(Disconnected),
        }
    }

    /// Serves one connection to its end.
    async fn serve(
        &mut self,
        mut connection: Connection,
        start: &mut Option<impl FnOnce() -> AbortHandle>,
    ) -> Result<End, Disconnected> {
        if self.state == State::Leaving {
            connection.writer.send(&[UserFrame::Bye]).await?;
        }
        self.submit(&mut connection).await?;
        let interval = self.settings.idle_timeout / 3;
        let mut heard = Instant::now();
        let mut heartbeat = pin!(time::sleep(interval));
        loop {
            let happened = select! {
                biased;
                frame = connection.reader.next() => Happened::Frame(frame),
                happened = next_step(self.state, &mut self.node) => happened,
                () = self.requests.submitted.notified() => Happened::Submitted,
                () = heartbeat.as_mut() => Happened::Heartbeat,
            };
            match happened {
                Happened::Frame(frame) => {
                    heard = Instant::now();
                    if let Some(frame) = frame?
                        && self.take(&mut connection, frame).await?
                    {
                        close(connection).await;
                        return Ok(End::Goodbye);
                    }
                }
                Happened::Started => {
                    self.state = State::Working;
                    self.script = start.take().map(|start| start());
                }
                Happened::Command(ClientCommand::Reconnect) => return Ok(self.part(connection)),
                Happened::Command(ClientCommand::Leave) => {
                    self.leave(&mut connection).await?;
                }
                Happened::Submitted => self.submit(&mut connection).await?,
                Happened::Heartbeat => {
                    if heard.elapsed() >= self.settings.idle_timeout {
                        return Ok(End::Lost);
                    }
                    connection.writer.ping().await?;
                    heartbeat.set(time::sleep(interval));
                }
            }
        }
    }

    /// Drops the connection, or keeps it until the next one stands.
    fn part(&self, connection: Connection) -> End {
        match self.settings.handover {
            Handover::DropFirst => End::Lost,
            Handover::ConnectFirst => End::HandOver(connection),
        }
    }

    async fn leave(&mut self, connection: &mut Connection) -> Result<(), Disconnected> {
        if self.state != State::Leaving {
            self.state = State::Leaving;
            if let Some(script) = &self.script {
                script.abort();
            }
            connection.writer.send(&[UserFrame::Bye]).await?;
        }
        Ok(())
    }

    /// Sends the requests that are due.
    async fn submit(&mut self, connection: &mut Connection) -> Result<(), Disconnected> {
        let due = self.requests.due();
        if due.iter().any(|due| due.repeated) {
            self.actor.reached(REQUEST_REPEATED.name());
        }
        let frames: Vec<UserFrame> = due.into_iter().map(|due| due.frame).collect();
        connection.writer.send(&frames).await
    }

    /// Takes a frame. Returns `true` if it is the answer to the goodbye.
    async fn take(
        &mut self,
        connection: &mut Connection,
        frame: ServiceFrame,
    ) -> Result<bool, Disconnected> {
        match frame {
            ServiceFrame::Welcome => {}
            ServiceFrame::Answer { number, answer } => self.requests.answered(number, answer),
            ServiceFrame::Event { place, event } => {
                self.inbox.take(place, &event);
                if !self.user.rest.is_zero() {
                    time::sleep(self.user.rest).await;
                }
                let seen = UserFrame::Acknowledge(self.inbox.seen());
                connection.writer.send(&[seen]).await?;
            }
            ServiceFrame::Bye => return Ok(true),
        }
        Ok(false)
    }
}

/// Waits for the start of the work, then for commands.
async fn next_step(state: State, node: &mut ClientNode) -> Happened {
    if state == State::Joining {
        node.started().await;
        Happened::Started
    } else {
        Happened::Command(node.command().await)
    }
}

/// Waits for the service to close the connection.
async fn close(mut connection: Connection) {
    let closed = async { while connection.reader.next::<ServiceFrame>().await.is_ok() {} };
    // An end that does not close is dropped.
    let _ = time::timeout(CLOSE_TIMEOUT, closed).await;
}
