//! A chat over WebSockets on axum, under test.
//!
//! Everyone in the room hears everyone, over one `broadcast` channel. A client that is
//! too slow for its buffer misses messages; the seeded defect is not to say so.

#[cfg(not(test))]
use ::tokio;
#[cfg(test)]
use rehearsal::tokio;

mod line;
mod listener;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::ws::{self, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast::{self, error::RecvError};

pub use line::{Line, NotALine};
pub use listener::AxumListener;

/// The answer to a client that was too slow and has missed messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnLag {
    /// Nothing: the defect.
    Skip,
    /// The number of messages that it has missed.
    TellClient,
}

/// A chat room.
#[derive(Clone)]
struct Room {
    said: broadcast::Sender<Line>,
    on_lag: OnLag,
}

/// The service: `/chat/NAME` is a WebSocket. `buffer` is the number of messages that the
/// room keeps for clients that are behind.
///
/// # Panics
///
/// If `buffer` is 0.
pub fn router(buffer: usize, on_lag: OnLag) -> Router {
    let (said, _) = broadcast::channel(buffer);
    Router::new()
        .route("/chat/{name}", any(enter))
        .with_state(Room { said, on_lag })
}

async fn enter(
    upgrade: WebSocketUpgrade,
    Path(name): Path<String>,
    State(room): State<Room>,
) -> Response {
    upgrade.on_upgrade(async move |socket| {
        // A task of this crate's own, not of axum's: under test the simulator
        // schedules it.
        tokio::spawn(attend(room, name, socket));
    })
}

/// From the welcome until the client goes.
async fn attend(room: Room, name: String, socket: WebSocket) {
    let heard = room.said.subscribe();
    let (to_client, from_client) = socket.split();
    let hearing = tokio::spawn(hear(heard, to_client, room.on_lag));
    speak(&room, &name, from_client).await;
    hearing.abort();
}

/// Says in the room what the client sends.
async fn speak(room: &Room, name: &str, mut from_client: SplitStream<WebSocket>) {
    while let Some(Ok(message)) = from_client.next().await {
        if let ws::Message::Text(text) = message {
            let (who, text) = (name.to_owned(), text.to_string());
            // It cannot fail: the speaker listens too.
            let _ = room.said.send(Line::Said { who, text });
        }
    }
}

/// Sends the client what is said in the room.
async fn hear(
    mut heard: broadcast::Receiver<Line>,
    mut to_client: SplitSink<WebSocket, ws::Message>,
    on_lag: OnLag,
) {
    let mut line = Line::Welcome;
    loop {
        let text = ws::Message::Text(line.to_string().into());
        if to_client.send(text).await.is_err() {
            return; // the client is gone
        }
        line = loop {
            match heard.recv().await {
                Ok(line) => break line,
                Err(RecvError::Lagged(missed)) => match on_lag {
                    OnLag::Skip => continue,
                    OnLag::TellClient => break Line::Gap(missed),
                },
                Err(RecvError::Closed) => return,
            }
        };
    }
}
