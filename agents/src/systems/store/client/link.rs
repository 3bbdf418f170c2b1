//! A link to one server, made anew whenever it is lost.

use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::stream::Connector;
use super::super::wire::{Disconnected, Frames, Request, Response};

/// A link to the server on one host.
pub(in super::super) struct Link<C: Connector> {
    connector: C,
    host: String,
    answer_timeout: Duration,
    frames: Option<Frames<C::Stream>>,
}

impl<C: Connector> Link<C> {
    /// A link that connects when it is first used.
    pub(in super::super) fn new(connector: C, host: &str, answer_timeout: Duration) -> Self {
        Self {
            connector,
            host: host.to_owned(),
            answer_timeout,
            frames: None,
        }
    }

    /// Sends a request once. Without an answer in time the connection is given up: an answer
    /// that comes later must not be taken for that to another request.
    pub(in super::super) async fn ask(
        &mut self,
        request: &Request,
    ) -> Result<Response, Disconnected> {
        // Taken out, so that it is dropped if this future is.
        let frames = self.frames.take();
        let exchange = self.exchange(frames, request);
        match time::timeout(self.answer_timeout, exchange).await {
            Ok(Ok((frames, response))) => {
                self.frames = Some(frames);
                Ok(response)
            }
            Ok(Err(Disconnected)) | Err(_) => Err(Disconnected),
        }
    }

    async fn exchange(
        &self,
        frames: Option<Frames<C::Stream>>,
        request: &Request,
    ) -> Result<(Frames<C::Stream>, Response), Disconnected> {
        let mut frames = match frames {
            Some(frames) => frames,
            None => Frames::new(self.connector.connect(&self.host).await?),
        };
        frames.send(request).await?;
        let response = frames.next().await?;
        Ok((frames, response))
    }
}
