//! A client's end of a connection, whatever it is made of.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::bridge::{ByteStream, ClientFrame, MemoryConnection, ServerFrame, websocket_config};

/// The connection is gone, or what comes out of it makes no sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkLost;

/// A way to connect.
pub trait Dial {
    /// What WebSocket connections travel over: [`TcpStream`] of the facade, or
    /// any other stream of bytes.
    type Stream: ByteStream;

    /// Connects once.
    fn dial(&self) -> impl Future<Output = Result<Link<Self::Stream>, LinkLost>>;
}

/// A connection to a bridge.
#[derive(Debug)]
pub enum Link<S = TcpStream> {
    /// Within the process.
    Memory(MemoryConnection),
    /// Over a stream of bytes, as a rule TCP.
    WebSocket(Box<WebSocketStream<S>>),
}

impl Link {
    /// Connects over TCP to `address`, as in `bridge:9000`.
    ///
    /// # Errors
    ///
    /// If there is no connection, or nobody there speaks WebSocket.
    pub async fn open(address: &str) -> Result<Self, LinkLost> {
        let stream = TcpStream::connect(address).await.map_err(|_| LinkLost)?;
        Self::over(stream, address).await
    }
}

impl<S: ByteStream> Link<S> {
    /// Shakes hands over a stream that has been opened already, to `address`, as
    /// in `bridge:9000`.
    ///
    /// # Errors
    ///
    /// If the connection is lost, or nobody there speaks WebSocket.
    pub async fn over(stream: S, address: &str) -> Result<Self, LinkLost> {
        let url = format!("ws://{address}/");
        let config = Some(websocket_config());
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, config)
            .await
            .map_err(|_| LinkLost)?;
        Ok(Self::WebSocket(Box::new(socket)))
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// If the connection is lost.
    pub async fn send(&mut self, frame: ClientFrame) -> Result<(), LinkLost> {
        match self {
            Self::Memory(link) => link.frames_out.send(frame).await.map_err(|_| LinkLost),
            Self::WebSocket(socket) => {
                let text = serde_json::to_string(&frame).map_err(|_| LinkLost)?;
                let message = Message::Text(text.into());
                socket.send(message).await.map_err(|_| LinkLost)
            }
        }
    }

    /// The next frame; none for a mere sign of life. May be given up at any time
    /// without losing a frame.
    ///
    /// # Errors
    ///
    /// If the connection is lost, or something comes that is no frame.
    pub async fn receive(&mut self) -> Result<Option<ServerFrame>, LinkLost> {
        match self {
            Self::Memory(link) => link.frames_in.recv().await.map(Some).ok_or(LinkLost),
            Self::WebSocket(socket) => match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    serde_json::from_str(&text).map(Some).map_err(|_| LinkLost)
                }
                Some(Ok(_)) => Ok(None),
                Some(Err(_)) | None => Err(LinkLost),
            },
        }
    }

    /// Whether the other end may be gone without this one noticing.
    pub fn can_be_silently_lost(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    ///
    /// If the connection is lost.
    pub async fn ping(&mut self) -> Result<(), LinkLost> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::WebSocket(socket) => {
                let ping = Message::Ping(Default::default());
                socket.send(ping).await.map_err(|_| LinkLost)
            }
        }
    }

    /// Waits for the other end to close the connection, but no longer than
    /// `patience`.
    pub async fn close(&mut self, patience: Duration) {
        let closed = async { while self.receive().await.is_ok() {} };
        // Whoever does not close is closed on.
        let _ = time::timeout(patience, closed).await;
    }
}
