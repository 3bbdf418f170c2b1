//! A link to one server, made anew whenever it is lost.

use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::wire::{Disconnected, Frames, PORT, Request, Response};
use crate::network::Network;

/// A link to the server on one host.
pub(in super::super) struct Link<N: Network> {
    network: N,
    host: String,
    answer_timeout: Duration,
    frames: Option<Frames<N::Stream>>,
}

impl<N: Network> Link<N> {
    /// A link that connects when it is first used.
    pub(in super::super) fn new(network: N, host: &str, answer_timeout: Duration) -> Self {
        Self {
            network,
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
        let answer_timeout = self.answer_timeout;
        let exchange = self.exchange(frames, request);
        match time::timeout(answer_timeout, exchange).await {
            Ok(Ok((frames, response))) => {
                self.frames = Some(frames);
                Ok(response)
            }
            Ok(Err(Disconnected)) | Err(_) => Err(Disconnected),
        }
    }

    async fn exchange(
        &mut self,
        frames: Option<Frames<N::Stream>>,
        request: &Request,
    ) -> Result<(Frames<N::Stream>, Response), Disconnected> {
        let mut frames = match frames {
            Some(frames) => frames,
            None => Frames::new(self.network.connect(&self.host, PORT).await?),
        };
        frames.send(request).await?;
        let response = frames.next().await?;
        Ok((frames, response))
    }
}
