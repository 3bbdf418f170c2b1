//! Requests to the session service, over a connection that is made anew when it is lost.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::time;

use super::super::faults::SERVICE;
use super::super::trace::{Event, Regression, SessionState, Totals};
use super::super::wire::{
    Call, Disconnected, FrameReader, FrameWriter, PORT, Refusal, Reply, Request, Serial, SessionId,
};
use super::{Connections, Log, Probe, TokenSource};

/// A client of one session.
pub(in super::super) struct Client {
    session: SessionId,
    connections: Connections,
    tokens: Arc<TokenSource>,
    probe: Arc<dyn Probe>,
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    reader: FrameReader<OwnedReadHalf>,
    writer: FrameWriter<OwnedWriteHalf>,
}

impl Client {
    /// A client without a connection.
    pub(in super::super) fn new(
        session: SessionId,
        connections: Connections,
        tokens: Arc<TokenSource>,
        probe: Arc<dyn Probe>,
    ) -> Self {
        Self {
            session,
            connections,
            tokens,
            probe,
            connection: Mutex::default(),
        }
    }

    /// Makes a call, and repeats it until it is answered.
    async fn call(&self, call: Call) -> Result<Reply, Refusal> {
        let mut refused: Option<Serial> = None;
        loop {
            let token = self.tokens.token(refused).await;
            let serial = token.serial;
            let request = Request {
                token,
                session: self.session,
                call: call.clone(),
            };
            match self.exchange(&request).await {
                Ok(Reply::Refused(Refusal::Unauthorized)) => {
                    self.probe.unauthorized(refused == Some(serial));
                    refused = Some(serial);
                }
                Ok(Reply::Refused(refusal)) => return Err(refusal),
                Ok(reply) => return Ok(reply),
                Err(Disconnected) => {
                    self.probe.repeated();
                    time::sleep(self.connections.reconnect_after).await;
                }
            }
        }
    }

    /// Sends a request and waits for its answer. A connection that does not answer in time
    /// is given up, because the answer might come to the next request.
    async fn exchange(&self, request: &Request) -> Result<Reply, Disconnected> {
        let mut held = self.connection.lock().await;
        let connection = held.take();
        let attempt = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => connect().await?,
            };
            connection.writer.send_one(request).await?;
            let reply = connection.reader.next().await?;
            Ok::<_, Disconnected>((connection, reply))
        };
        let answered = time::timeout(self.connections.answer_timeout, attempt).await;
        let (connection, reply) = answered.map_err(|_| Disconnected)??;
        *held = Some(connection);
        Ok(reply)
    }

    async fn totals(&self, call: Call) -> Result<Totals, Refusal> {
        match self.call(call).await? {
            Reply::Appended(totals) => Ok(totals),
            Reply::Session { state, .. } => Ok(state.totals),
            Reply::Refused(refusal) => Err(refusal),
        }
    }
}

async fn connect() -> Result<Connection, Disconnected> {
    let stream = TcpStream::connect((SERVICE, PORT)).await?;
    let (reading, writing) = stream.into_split();
    Ok(Connection {
        reader: FrameReader::new(reading),
        writer: FrameWriter::new(writing),
    })
}

impl Log for Client {
    fn open(
        &self,
        parent: Option<SessionId>,
        event: Event,
    ) -> BoxFuture<'_, Result<Totals, Refusal>> {
        self.totals(Call::Open { parent, event }).boxed()
    }

    fn append(&self, event: Event) -> BoxFuture<'_, Result<Totals, Refusal>> {
        self.totals(Call::Append(event)).boxed()
    }

    fn read(&self) -> BoxFuture<'_, Result<(SessionState, Vec<Regression>), Refusal>> {
        async {
            match self.call(Call::Read).await? {
                Reply::Session { state, regressions } => Ok((*state, regressions)),
                Reply::Appended(_) => Err(Refusal::Unknown),
                Reply::Refused(refusal) => Err(refusal),
            }
        }
        .boxed()
    }
}
