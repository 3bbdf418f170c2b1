//! Sessions: the connection of one voter, which asks for announcements and sends votes.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::defects;
use super::super::rules::Ruling;
use super::super::wire::{
    Announcement, CoordinatorFrame, Cursor, Disconnected, FrameReader, FrameWriter, VoterFrame,
    VoterId,
};
use super::Coordinator;
use crate::network::Network;
use crate::record::recorder::{lock, name_task};

/// Longest time until the first frame of a voter.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves a connection to its end.
pub(super) async fn serve<N: Network>(coordinator: Arc<Coordinator<N>>, stream: N::Stream) {
    let (reading, writing) = N::split(stream);
    let mut reader = FrameReader::new(reading);
    let Some((voter, taken)) = hello(&coordinator, &mut reader).await else {
        return;
    };
    name_task(&format!("session of {voter}"));
    let end = coordinator.attach(voter);
    let session = Session {
        coordinator: Arc::clone(&coordinator),
        voter,
        taken,
        reader,
        writer: FrameWriter::new(writing),
    };
    // However it ends, the voter connects again if it needs more.
    let _ = end.run_until_cancelled(session.run()).await;
    coordinator.detach(voter, &end);
}

/// Waits for the voter's first frame.
async fn hello<N: Network>(
    coordinator: &Coordinator<N>,
    reader: &mut FrameReader<N::Reader>,
) -> Option<(VoterId, Cursor)> {
    let first = time::timeout(HELLO_TIMEOUT, reader.next());
    match coordinator.stop.run_until_cancelled(first).await {
        Some(Ok(Ok(VoterFrame::Hello { voter, taken }))) => Some((voter, taken)),
        _ => None,
    }
}

impl<N: Network> Coordinator<N> {
    /// Makes this the voter's connection. An earlier one ends: it may be half open.
    fn attach(&self, voter: VoterId) -> CancellationToken {
        let end = self.stop.child_token();
        let earlier = lock(&self.connections).insert(voter, end.clone());
        if let Some(earlier) = earlier {
            earlier.cancel();
        }
        end
    }

    /// Forgets a connection, unless the voter has a newer one.
    fn detach(&self, voter: VoterId, end: &CancellationToken) {
        // One that was replaced was cancelled.
        if !end.is_cancelled() {
            lock(&self.connections).remove(&voter);
        }
    }
}

/// The connection of one voter.
struct Session<N: Network> {
    coordinator: Arc<Coordinator<N>>,
    voter: VoterId,
    taken: Cursor,
    reader: FrameReader<N::Reader>,
    writer: FrameWriter<N::Writer>,
}

impl<N: Network> Session<N> {
    async fn run(mut self) -> Result<(), Disconnected> {
        let mut announced = self.coordinator.announced.subscribe();
        let rounds = self.coordinator.configuration.rounds;
        self.writer
            .send(&[CoordinatorFrame::Welcome { rounds }])
            .await?;
        loop {
            self.announce().await?;
            select! {
                biased;
                frame = self.reader.next() => match frame? {
                    VoterFrame::Vote { round, opinion } => {
                        let answer = self.coordinator.take_vote(self.voter, round, opinion).await;
                        let answer = CoordinatorFrame::Answer { round, answer };
                        self.writer.send(&[answer]).await?;
                    }
                    VoterFrame::Ping => self.writer.send(&[CoordinatorFrame::Pong]).await?,
                    VoterFrame::Bye => return self.writer.send(&[CoordinatorFrame::Bye]).await,
                    VoterFrame::Hello { .. } => return Err(Disconnected),
                },
                changed = announced.changed() => changed.map_err(|_| Disconnected)?,
            }
        }
    }

    /// Sends the announcements that the voter does not have.
    async fn announce(&mut self) -> Result<(), Disconnected> {
        let mut frames = Vec::new();
        for (number, announcement) in self.coordinator.ledger.after(self.taken) {
            let announcement = self.as_sent(announcement);
            frames.push(CoordinatorFrame::Announced {
                number,
                announcement,
            });
            self.taken = number;
        }
        if frames.is_empty() {
            return Ok(());
        }
        self.writer.send(&frames).await
    }

    fn as_sent(&self, announcement: Announcement) -> Announcement {
        // Seeded: each voter gets the result of a count of its own, late votes included.
        if let Announcement::Decided { round, .. } = announcement
            && self
                .coordinator
                .configuration
                .carries(defects::COUNTED_FOR_EACH_VOTER)
            && let Ruling::Decision(decision) = self
                .coordinator
                .rule(&self.coordinator.ledger.ballots(round))
        {
            return Announcement::Decided { round, decision };
        }
        announcement
    }
}
