//! One access token for all callers of a host.
//!
//! Whichever caller finds that the token has expired holds the lock while it fetches
//! another one; all others wait for the lock, and find the new token under it.

use std::sync::Arc;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::sync::{Mutex, Notify};
use rehearsal_sim::tokio::time;

use super::super::clock::Clock;
use super::super::defects;
use super::super::faults::IDENTITY;
use super::super::wire::{Disconnected, FrameReader, FrameWriter, PORT, Refresh, Serial, Token};
use super::{Connections, Probe};

/// The token of a host.
pub(in super::super) struct TokenSource {
    subject: String,
    connections: Connections,
    clock: Clock,
    probe: Arc<dyn Probe>,
    held: Mutex<Held>,
    refreshed: Notify,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// A caller fetches the next token. Only a seeded bug needs to know.
    refreshing: bool,
}

impl TokenSource {
    /// A source without a token.
    pub(in super::super) fn new(
        subject: String,
        connections: Connections,
        clock: Clock,
        probe: Arc<dyn Probe>,
    ) -> Self {
        Self {
            subject,
            connections,
            clock,
            probe,
            held: Mutex::default(),
            refreshed: Notify::new(),
        }
    }

    /// Returns a token that is valid, and is not the one that was refused.
    pub(super) async fn token(&self, refused: Option<Serial>) -> Token {
        let defect = self.connections.defect;
        if defect == Some(defects::REFRESHED_BY_EACH) {
            return self.token_of_each(refused).await;
        }
        if defect == Some(defects::REFRESH_MISSED) {
            return self.token_by_notice(refused).await;
        }
        let mut held = self.held.lock().await;
        if let Some(token) = self.usable(&held, refused) {
            return token;
        }
        let token = self.fetch(&held).await;
        held.token = Some(token.clone());
        token
    }

    fn usable(&self, held: &Held, refused: Option<Serial>) -> Option<Token> {
        let token = held.token.clone()?;
        let valid = token.expires_us > self.clock.now_us();
        let overruled = self.connections.defect == Some(defects::REFUSAL_OVERRULED);
        let was_refused = Some(token.serial) == refused && !overruled;
        (valid && !was_refused).then_some(token)
    }

    async fn fetch(&self, held: &Held) -> Token {
        let after = held.token.as_ref().map(|token| token.serial);
        self.fetch_after(after.unwrap_or_default()).await
    }

    /// Fetches the next token, and repeats the request until it is answered.
    async fn fetch_after(&self, after: Serial) -> Token {
        self.probe.refreshing(after);
        let request = Refresh {
            subject: self.subject.clone(),
            after,
        };
        loop {
            let answer = time::timeout(self.connections.answer_timeout, ask(&request));
            if let Ok(Ok(token)) = answer.await {
                return token;
            }
            time::sleep(self.connections.reconnect_after).await;
        }
    }

    /// Seeded: the lock is not held while the token is fetched, so that each caller that
    /// finds it expired fetches one.
    async fn token_of_each(&self, refused: Option<Serial>) -> Token {
        let after = {
            let held = self.held.lock().await;
            if let Some(token) = self.usable(&held, refused) {
                return token;
            }
            held.token.as_ref().map(|token| token.serial)
        };
        let token = self.fetch_after(after.unwrap_or_default()).await;
        self.held.lock().await.token = Some(token.clone());
        token
    }

    /// Seeded: callers wait for a notice, which only those get that wait already.
    async fn token_by_notice(&self, refused: Option<Serial>) -> Token {
        loop {
            {
                let mut held = self.held.lock().await;
                if let Some(token) = self.usable(&held, refused) {
                    return token;
                }
                if !held.refreshing {
                    held.refreshing = true;
                    break;
                }
            }
            // The refresh may end while the caller rests.
            time::sleep(self.connections.reconnect_after).await;
            self.refreshed.notified().await;
        }
        let after = self
            .held
            .lock()
            .await
            .token
            .as_ref()
            .map(|token| token.serial);
        let token = self.fetch_after(after.unwrap_or_default()).await;
        let mut held = self.held.lock().await;
        held.token = Some(token.clone());
        held.refreshing = false;
        self.refreshed.notify_waiters();
        token
    }
}

async fn ask(request: &Refresh) -> Result<Token, Disconnected> {
    let stream = TcpStream::connect((IDENTITY, PORT)).await?;
    let (reading, writing) = stream.into_split();
    FrameWriter::new(writing).send_one(request).await?;
    FrameReader::new(reading).next().await
}
