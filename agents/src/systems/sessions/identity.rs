//! The identity provider: issues access tokens.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::time;
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::settings::TokenSettings;
use super::wire::{Disconnected, FrameReader, FrameWriter, PORT, Refresh, Serial, Token};
use crate::driver::Node;
use crate::record::recorder::{lock, name_task};

/// The identity provider across the incarnations of its process.
pub(super) struct Identity {
    issuer: Arc<Issuer>,
    stop: CancellationToken,
}

/// The tokens that were issued. They survive a crash of the host.
struct Issuer {
    settings: TokenSettings,
    clock: Clock,
    newest: Mutex<BTreeMap<String, Token>>,
}

impl Identity {
    /// A provider that has issued nothing.
    pub(super) fn new(settings: TokenSettings, clock: Clock) -> Self {
        Self {
            issuer: Arc::new(Issuer {
                settings,
                clock,
                newest: Mutex::default(),
            }),
            stop: CancellationToken::new(),
        }
    }

    /// Ends the present incarnation.
    pub(super) fn shut_down(&self) {
        self.stop.cancel();
    }

    /// Runs one incarnation.
    pub(super) async fn run(self: Rc<Self>, node: Node) {
        name_task("identity provider");
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            self.stop.run_until_cancelled(self.serve(listener)).await;
        }
    }

    async fn serve(&self, listener: TcpListener) {
        let mut answers = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let issuer = Arc::clone(&self.issuer);
            answers.spawn(async move {
                // A request whose connection is gone comes again.
                let _ = issuer.answer(stream).await;
            });
            while answers.try_join_next().is_some() {}
        }
    }
}

impl Issuer {
    async fn answer(&self, stream: TcpStream) -> Result<(), Disconnected> {
        name_task("issue");
        let (reading, writing) = stream.into_split();
        let request: Refresh = FrameReader::new(reading).next().await?;
        if self.settings.effort > Duration::ZERO {
            time::sleep(self.settings.effort).await;
        }
        let token = self.issue(request);
        FrameWriter::new(writing).send_one(&token).await
    }

    /// Returns a token after the one that the request names. A request that is repeated
    /// gets the same one again.
    fn issue(&self, request: Refresh) -> Token {
        let mut newest = lock(&self.newest);
        let now_us = self.clock.now_us();
        let issued = newest.get(&request.subject);
        if let Some(token) = issued
            && token.serial > request.after
            && token.expires_us > now_us
        {
            return token.clone();
        }
        let serial = issued.map_or(request.after, |token| token.serial);
        let lifetime = u64::try_from(self.settings.lifetime.as_micros());
        let token = Token {
            subject: request.subject,
            serial: Serial(serial.0 + 1),
            expires_us: now_us + lifetime.expect("a lifetime of fewer than 2^64 microseconds"),
        };
        newest.insert(token.subject.clone(), token.clone());
        token
    }
}
