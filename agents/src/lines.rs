//! Frames over a connection, each a line of JSON, as several systems of this crate send them.

use std::io;
use std::time::Duration;

use rehearsal_sim::tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, Lines,
};
use rehearsal_sim::tokio::time::timeout;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::effect::{self, Effect};

/// The connection is gone, or carries something that is no frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Disconnected;

impl From<io::Error> for Disconnected {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// The reading end of a connection.
#[derive(Debug)]
pub(crate) struct FrameReader<R>(Lines<BufReader<R>>);

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self(BufReader::new(stream).lines())
    }

    /// Returns the next frame. Cancel safe.
    pub(crate) async fn next<F: DeserializeOwned>(&mut self) -> Result<F, Disconnected> {
        let line = self.0.next_line().await?.ok_or(Disconnected)?;
        serde_json::from_str(&line).map_err(|_| Disconnected)
    }

    /// As [`Self::next`], for a peer that is never silent for longer than that.
    pub(crate) async fn next_within<F: DeserializeOwned>(
        &mut self,
        silence: Duration,
    ) -> Result<F, Disconnected> {
        let next = timeout(silence, self.next()).await;
        next.unwrap_or(Err(Disconnected))
    }
}

/// The writing end of a connection.
#[derive(Debug)]
pub(crate) struct FrameWriter<W>(W);

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    pub(crate) fn new(stream: W) -> Self {
        Self(stream)
    }

    /// Sends frames in one write.
    pub(crate) async fn send(&mut self, frames: &[impl Serialize]) -> Result<(), Disconnected> {
        let mut lines = Vec::new();
        for frame in frames {
            serde_json::to_writer(&mut lines, frame).map_err(|_| Disconnected)?;
            lines.push(b'\n');
        }
        let effect = effect::begin(Effect::Frame).await;
        self.0.write_all(&lines).await?;
        effect.end().await;
        Ok(())
    }

    /// Sends one frame.
    pub(crate) async fn send_one(&mut self, frame: &impl Serialize) -> Result<(), Disconnected> {
        self.send(std::slice::from_ref(frame)).await
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(&mut self) {
        // A connection that cannot be closed is gone.
        let _ = self.0.shutdown().await;
    }
}
