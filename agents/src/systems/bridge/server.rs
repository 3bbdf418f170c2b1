//! The WebSocket server: each connection is served as one within the process
//! would be, its frames being text messages.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rehearsal_sim::tokio::{select, spawn, time};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::connections::Outgoing;
use super::core::Core;
use super::session::{self, Disconnected, FrameSink, FrameSource, Incoming};
use super::{ByteStream, Listener};
use crate::effect::{self, Effect};
use crate::websocket;

/// Longest time that a client may take for the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);

/// Accepts connections until the bridge stops.
pub(super) async fn serve<L: Listener>(core: Arc<Core>, mut listener: L) {
    loop {
        let accepted = select! {
            biased;
            () = core.stop_listening.notified() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let connection = spawn(shake_hands(Arc::clone(&core), stream));
                core.track(connection);
            }
            Err(_) => time::sleep(ACCEPT_BACKOFF).await,
        }
    }
}

async fn shake_hands<S: ByteStream>(core: Arc<Core>, stream: S) {
    let config = Some(websocket::config());
    let handshake = tokio_tungstenite::accept_async_with_config(stream, config);
    if let Ok(Ok(socket)) = time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
        let (sink, source) = socket.split();
        session::serve(core, Source(source), Sink(sink)).await;
    }
}

struct Source<S>(SplitStream<WebSocketStream<S>>);

impl<S: ByteStream> FrameSource for Source<S> {
    async fn next(&mut self) -> Result<Incoming, Disconnected> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(match serde_json::from_str(&text) {
                Ok(frame) => Incoming::Frame(frame),
                Err(error) => Incoming::Garbage(format!("this is no frame: {error}")),
            }),
            Some(Ok(_)) => Ok(Incoming::Sign),
            Some(Err(_)) | None => Err(Disconnected),
        }
    }
}

struct Sink<S>(SplitSink<WebSocketStream<S>, Message>);

impl<S: ByteStream> FrameSink for Sink<S> {
    const KEEPALIVE: Option<Duration> = Some(Duration::from_secs(20));

    async fn feed(&mut self, frame: Outgoing) -> Result<(), Disconnected> {
        let text = match frame {
            Outgoing::Control(frame) => serde_json::to_string(&frame)
                .map_err(|_| Disconnected)?
                .into(),
            Outgoing::Event(logged) => logged.text(),
        };
        self.0
            .feed(Message::Text(text))
            .await
            .map_err(|_| Disconnected)
    }

    async fn flush(&mut self) -> Result<(), Disconnected> {
        let effect = effect::begin(Effect::Frame).await;
        self.0.flush().await.map_err(|_| Disconnected)?;
        effect.end().await;
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Disconnected> {
        let ping = Message::Ping(Default::default());
        self.0.send(ping).await.map_err(|_| Disconnected)
    }

    async fn close(&mut self) {
        // A connection that cannot be closed is gone.
        let _ = self.0.close().await;
    }
}
