//! A client's end of a connection, in memory or over a stream of bytes.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::effect::{self, Effect};
use crate::systems::bridge::{ByteStream, ClientFrame, MemoryConnection, ServerFrame};
use crate::websocket;

/// The connection is gone, or carries something that is no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionLost;

/// A way to connect.
pub trait Connector {
    /// The stream under a WebSocket connection: [`TcpStream`] of the facade, or any
    /// other stream of bytes.
    type Stream: ByteStream;

    /// Connects once.
    fn connect(
        &self,
    ) -> impl Future<Output = Result<ClientConnection<Self::Stream>, ConnectionLost>>;
}

/// A connection to a bridge.
#[derive(Debug)]
pub enum ClientConnection<S = TcpStream> {
    /// Within the process.
    Memory(MemoryConnection),
    /// Over a stream of bytes, as a rule TCP.
    WebSocket(Box<WebSocketStream<S>>),
}

impl ClientConnection {
    /// Connects over TCP to `address`, as in `bridge:9000`.
    ///
    /// # Errors
    ///
    /// If there is no connection, or the other end does not speak WebSocket.
    pub async fn open(address: &str) -> Result<Self, ConnectionLost> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|_| ConnectionLost)?;
        Self::over(stream, address).await
    }
}

impl<S: ByteStream> ClientConnection<S> {
    /// Performs the handshake over a stream that has been opened already, to `address`, as
    /// in `bridge:9000`.
    ///
    /// # Errors
    ///
    /// If the connection is lost, or the other end does not speak WebSocket.
    pub async fn over(stream: S, address: &str) -> Result<Self, ConnectionLost> {
        let url = format!("ws://{address}/");
        let config = Some(websocket::config());
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, config)
            .await
            .map_err(|_| ConnectionLost)?;
        Ok(Self::WebSocket(Box::new(socket)))
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// If the connection is lost.
    pub async fn send(&mut self, frame: ClientFrame) -> Result<(), ConnectionLost> {
        match self {
            Self::Memory(connection) => connection
                .frames_out
                .send(frame)
                .await
                .map_err(|_| ConnectionLost),
            Self::WebSocket(socket) => {
                let text = serde_json::to_string(&frame).map_err(|_| ConnectionLost)?;
                let message = Message::Text(text.into());
                let effect = effect::begin(Effect::Frame).await;
                socket.send(message).await.map_err(|_| ConnectionLost)?;
                effect.end().await;
                Ok(())
            }
        }
    }

    /// The next frame; none for a mere sign of life. May be given up at any time
    /// without losing a frame.
    ///
    /// # Errors
    ///
    /// If the connection is lost, or something comes that is no frame.
    pub async fn receive(&mut self) -> Result<Option<ServerFrame>, ConnectionLost> {
        match self {
            Self::Memory(connection) => connection
                .frames_in
                .recv()
                .await
                .map(Some)
                .ok_or(ConnectionLost),
            Self::WebSocket(socket) => match socket.next().await {
                Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
                    .map(Some)
                    .map_err(|_| ConnectionLost),
                Some(Ok(_)) => Ok(None),
                Some(Err(_)) | None => Err(ConnectionLost),
            },
        }
    }

    /// Returns `true` if the other end may be gone without this one noticing.
    pub fn can_be_silently_lost(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    ///
    /// If the connection is lost.
    pub async fn ping(&mut self) -> Result<(), ConnectionLost> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::WebSocket(socket) => {
                let ping = Message::Ping(Default::default());
                socket.send(ping).await.map_err(|_| ConnectionLost)
            }
        }
    }

    /// Waits for the other end to close the connection, but no longer than
    /// `longest`.
    pub async fn close(&mut self, longest: Duration) {
        let closed = async { while self.receive().await.is_ok() {} };
        // An end that does not close is dropped.
        let _ = time::timeout(longest, closed).await;
    }
}
