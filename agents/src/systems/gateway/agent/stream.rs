//! Answers as event streams: an opening part, the text in pieces, and the end.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::{spawn, time};
use serde::Serialize;

use super::super::api::{ChatChunk, ChunkChoice, Delta, FinishReason, Refusal, Role};
use super::super::defects::STREAM_WITHOUT_END;
use super::super::http::sse::{DONE, ServerEvent};
use super::super::http::{self, BoxError, Reply};
use super::super::ids::TurnId;
use super::super::observer::{Observer, StreamId, StreamPart};
use super::turn::Turn;
use super::{Agent, Outcome};
use crate::record::recorder::name_task;

/// The greatest number of characters in one part.
const CHUNK_MAX: usize = 16;

/// The greatest number of parts that wait for the client.
const PENDING_MAX: usize = 4;

impl Agent {
    /// Answers with a stream, which begins before the answer is there.
    pub(super) fn streamed(self: Arc<Self>, id: StreamId, turn: Turn) -> Reply {
        let (sender, receiver) = mpsc::channel(PENDING_MAX);
        let writer = Writer {
            observer: Arc::clone(&self.observer),
            parts: 0,
            id,
            sender,
        };
        spawn(async move {
            name_task(&format!("stream of {}", turn.id));
            let stop = self.stop.clone();
            stop.run_until_cancelled(self.write(writer, turn)).await;
        });
        let frames = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Bytes>| {
            let bytes = receiver.recv().await?;
            Some((Ok::<_, BoxError>(Frame::data(bytes)), receiver))
        });
        http::event_stream(StreamBody::new(frames).boxed_unsync())
    }

    /// Writes the answer to the stream, unless the client goes away.
    async fn write(self: Arc<Self>, mut writer: Writer, turn: Turn) -> Option<()> {
        writer.part(StreamPart::Opened, &opening(&turn.id)).await?;
        let outcome = Arc::clone(&self).outcome(turn.clone()).await;
        let is_cut_short = self.defect == Some(STREAM_WITHOUT_END) && outcome.is_err();
        if is_cut_short {
            return None;
        }
        self.write_outcome(&mut writer, &turn.id, outcome).await
    }

    async fn write_outcome(
        &self,
        writer: &mut Writer,
        turn: &TurnId,
        outcome: Outcome,
    ) -> Option<()> {
        match outcome {
            Ok(content) => {
                for (number, text) in (1..).zip(pieces(&content)) {
                    time::sleep(self.chunk_interval).await;
                    let chunk = chunk(turn, text, None);
                    writer.part(StreamPart::Chunk(number), &chunk).await?;
                }
                let finish = chunk(turn, String::new(), Some(FinishReason::Stop));
                writer.unrecorded(&finish).await?;
                writer.done().await
            }
            Err(error) => {
                let part = StreamPart::Failed(error.message.clone());
                writer.part(part, &Refusal { error }).await?;
                writer.unrecorded_end().await
            }
        }
    }
}

/// The sending side of a stream.
struct Writer {
    id: StreamId,
    observer: Arc<dyn Observer>,
    parts: u32,
    sender: mpsc::Sender<Bytes>,
}

impl Writer {
    async fn part(&mut self, part: StreamPart, data: &impl Serialize) -> Option<()> {
        let text = serde_json::to_string(data).expect("parts of this crate are JSON");
        self.numbered(part, text).await
    }

    async fn done(&mut self) -> Option<()> {
        self.numbered(StreamPart::Done, DONE.to_owned()).await
    }

    async fn numbered(&mut self, part: StreamPart, data: String) -> Option<()> {
        self.parts += 1;
        self.observer.streamed(&self.id, self.parts, &part);
        let id = Some(self.id.part(self.parts));
        self.send(&ServerEvent { id, data }).await
    }

    /// Sends the part that says only why the answer ends.
    async fn unrecorded(&mut self, data: &impl Serialize) -> Option<()> {
        let data = serde_json::to_string(data).expect("parts of this crate are JSON");
        self.send(&ServerEvent { id: None, data }).await
    }

    /// Sends the end of a stream that has reported an error.
    async fn unrecorded_end(&mut self) -> Option<()> {
        let data = DONE.to_owned();
        self.send(&ServerEvent { id: None, data }).await
    }

    async fn send(&mut self, event: &ServerEvent) -> Option<()> {
        self.sender.send(event.encode()).await.ok()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.observer.stream_closed(&self.id);
    }
}

fn opening(turn: &TurnId) -> ChatChunk {
    let delta = Delta {
        role: Some(Role::Assistant),
        content: String::new(),
    };
    one_choice(turn, delta, None)
}

fn chunk(turn: &TurnId, content: String, finish_reason: Option<FinishReason>) -> ChatChunk {
    let role = None;
    one_choice(turn, Delta { role, content }, finish_reason)
}

fn one_choice(turn: &TurnId, delta: Delta, finish_reason: Option<FinishReason>) -> ChatChunk {
    ChatChunk {
        id: turn.clone(),
        choices: vec![ChunkChoice {
            index: 0,
            delta,
            finish_reason,
        }],
    }
}

/// Returns the text in pieces of at most [`CHUNK_MAX`] characters.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces = characters.chunks(CHUNK_MAX);
    pieces.map(|piece| piece.iter().collect()).collect()
}
