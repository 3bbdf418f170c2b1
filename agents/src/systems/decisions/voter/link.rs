//! The connection of a voter to the coordinator.

use rehearsal_sim::tokio::select;
use rehearsal_sim::tokio::time::{self, Instant};

use super::super::faults::COORDINATOR;
use super::super::record::VoterRecord;
use super::super::wire::{
    Announcement, Answer, CoordinatorFrame, Cursor, Disconnected, FrameReader, FrameWriter, PORT,
    Round, VoterFrame,
};
use super::{Pending, Voter, heartbeat};
use crate::driver::Node;
use crate::network::Network;
use crate::record::recorder::lock;

/// The end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The voter has finished, and the coordinator knows.
    Finished,
    /// The connection is gone.
    Lost,
}

/// The connection of a voter, across all its TCP connections in one incarnation.
pub(super) struct Link<'a, N: Network> {
    voter: &'a Voter<N>,
    node: &'a Node,
    record: &'a VoterRecord,
    /// The time at which the vote of the open round is due.
    due: Option<Instant>,
    /// The time at which the coordinator was heard last.
    heard: Instant,
    leaving: bool,
}

struct Connection<N: Network> {
    reader: FrameReader<N::Reader>,
    writer: FrameWriter<N::Writer>,
    rounds: u32,
}

/// An event in the loop of a voter.
enum Event {
    Frame(Result<CoordinatorFrame, Disconnected>),
    VoteDue,
    Heartbeat,
}

impl<'a, N: Network> Link<'a, N> {
    pub(super) fn new(voter: &'a Voter<N>, node: &'a Node, record: &'a VoterRecord) -> Self {
        let mut link = Self {
            voter,
            node,
            record,
            due: None,
            heard: Instant::now(),
            leaving: false,
        };
        // A round may have opened before the host died.
        link.schedule();
        link
    }

    /// Serves one connection to its end.
    pub(super) async fn connect_and_serve(&mut self) -> End {
        let idle_timeout = self.voter.connections.idle_timeout;
        match time::timeout(idle_timeout, self.connect()).await {
            Ok(Ok(connection)) => self.serve(connection).await.unwrap_or(End::Lost),
            Ok(Err(Disconnected)) | Err(_) => End::Lost,
        }
    }

    async fn connect(&mut self) -> Result<Connection<N>, Disconnected> {
        let stream = self.voter.network.connect(COORDINATOR, PORT).await?;
        let (reading, writing) = N::split(stream);
        let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
        let hello = VoterFrame::Hello {
            voter: self.voter.plan.id,
            taken: lock(&self.voter.disk).taken,
        };
        writer.send(&[hello]).await?;
        let CoordinatorFrame::Welcome { rounds } = reader.next().await? else {
            return Err(Disconnected);
        };
        if lock(&self.voter.disk).taken > Cursor::default() {
            self.record.reconnected();
        }
        self.node.ready();
        Ok(Connection {
            reader,
            writer,
            rounds,
        })
    }

    async fn serve(&mut self, mut connection: Connection<N>) -> Result<End, Disconnected> {
        self.heard = Instant::now();
        self.leaving = false;
        self.repeat(&mut connection).await?;
        let interval = heartbeat(self.voter.connections.idle_timeout);
        let mut beat = Instant::now() + interval;
        loop {
            self.leave_if_finished(&mut connection).await?;
            match self.next(&mut connection, beat).await {
                Event::Frame(frame) => {
                    self.heard = Instant::now();
                    match frame? {
                        CoordinatorFrame::Bye => return Ok(End::Finished),
                        frame => self.take(frame),
                    }
                }
                Event::VoteDue => self.vote(&mut connection).await?,
                Event::Heartbeat => {
                    if self.heard.elapsed() >= self.voter.connections.idle_timeout {
                        return Ok(End::Lost);
                    }
                    connection.writer.send(&[VoterFrame::Ping]).await?;
                    beat = Instant::now() + interval;
                }
            }
        }
    }

    /// Waits for the next event.
    async fn next(&self, connection: &mut Connection<N>, beat: Instant) -> Event {
        let due = self.due.unwrap_or(beat);
        select! {
            biased;
            frame = connection.reader.next() => Event::Frame(frame),
            () = time::sleep_until(due), if self.due.is_some() => Event::VoteDue,
            () = time::sleep_until(beat) => Event::Heartbeat,
        }
    }

    /// Sends the votes again that a lost connection may have swallowed.
    async fn repeat(&self, connection: &mut Connection<N>) -> Result<(), Disconnected> {
        let frames: Vec<VoterFrame> = {
            let disk = lock(&self.voter.disk);
            let pending = disk.outbox.iter();
            pending
                .map(|(round, pending)| VoterFrame::Vote {
                    round: *round,
                    opinion: pending.opinion,
                })
                .collect()
        };
        if frames.is_empty() {
            return Ok(());
        }
        self.record.repeated();
        connection.writer.send(&frames).await
    }

    async fn leave_if_finished(
        &mut self,
        connection: &mut Connection<N>,
    ) -> Result<(), Disconnected> {
        if !self.leaving && self.voter.has_finished(connection.rounds) {
            self.leaving = true;
            connection.writer.send(&[VoterFrame::Bye]).await?;
        }
        Ok(())
    }

    /// Sets the time at which the vote of the open round is due.
    fn schedule(&mut self) {
        let vote = self.voter.vote_to_send();
        self.due = vote.map(|(_, vote)| Instant::now() + vote.delay);
    }

    async fn vote(&mut self, connection: &mut Connection<N>) -> Result<(), Disconnected> {
        self.due = None;
        let Some((round, vote)) = self.voter.vote_to_send() else {
            return Ok(());
        };
        let opinion = vote.opinion;
        let sending = self.record.voting(round, opinion);
        {
            let mut disk = lock(&self.voter.disk);
            disk.voted.insert(round);
            disk.outbox.insert(round, Pending { opinion, sending });
        }
        let frame = VoterFrame::Vote { round, opinion };
        connection.writer.send(&[frame]).await
    }

    fn take(&mut self, frame: CoordinatorFrame) {
        match frame {
            CoordinatorFrame::Announced {
                number,
                announcement,
            } => self.announced(number, announcement),
            CoordinatorFrame::Answer { round, answer } => self.answered(round, answer),
            CoordinatorFrame::Welcome { .. } | CoordinatorFrame::Pong | CoordinatorFrame::Bye => {}
        }
    }

    fn announced(&mut self, number: Cursor, announcement: Announcement) {
        self.node.work().begin(self.voter.work);
        self.record.received(announcement);
        {
            let mut disk = lock(&self.voter.disk);
            disk.taken = number;
            match announcement {
                Announcement::Opened { round } => disk.open = Some(round),
                Announcement::Decided { .. } => {
                    disk.open = None;
                    disk.decided += 1;
                }
            }
        }
        self.schedule();
    }

    fn answered(&self, round: Round, answer: Answer) {
        // An answer may come twice, to a vote that was repeated.
        let pending = lock(&self.voter.disk).outbox.remove(&round);
        if let Some(Pending { sending, .. }) = pending {
            self.record.answered(round, sending, answer);
        }
    }
}
