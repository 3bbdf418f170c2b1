//! The client library: requests that are repeated until they are answered, and reads at a
//! replica that never show less than the client has seen.

mod link;

use rehearsal_sim::tokio::time;

use super::settings::ConnectionSettings;
use super::state::{Command, Query, Reply};
use super::wire::{
    Answer, ClientId, Disconnected, Position, Request, RequestId, RequestNumber, Response, TeamId,
};

pub(super) use self::link::Link;
use crate::network::Network;

/// Reads at a replica that is behind, before the store itself is asked.
const REPLICA_READS_MAX: u32 = 5;

/// A client of the store, in the name of a team. It has one request in flight at a time.
pub(super) struct Client<N: Network> {
    id: ClientId,
    team: TeamId,
    settings: ConnectionSettings,
    store: Link<N>,
    /// The number of the last request.
    number: RequestNumber,
    /// The latest position that an answer has shown.
    seen: Position,
    /// Attempts beyond the first of each request.
    repeats: u64,
    /// Reads that found a replica behind.
    behind: u64,
}

/// The position that a read at a replica names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Session {
    /// The latest that the client has seen.
    Kept,
    /// None.
    Dropped,
}

impl<N: Network> Client<N> {
    /// A client that has sent nothing.
    pub(super) fn new(
        id: ClientId,
        team: TeamId,
        settings: ConnectionSettings,
        store: Link<N>,
    ) -> Self {
        Self {
            id,
            team,
            settings,
            store,
            number: RequestNumber::default(),
            seen: Position::default(),
            repeats: 0,
            behind: 0,
        }
    }

    /// The same client, after the request of that number.
    #[must_use]
    pub(super) fn after(self, number: RequestNumber) -> Self {
        Self { number, ..self }
    }

    pub(super) fn id(&self) -> &ClientId {
        &self.id
    }

    /// Returns the attempts beyond the first of each request, so far.
    pub(super) fn repeats(&self) -> u64 {
        self.repeats
    }

    /// Returns the reads that found a replica behind, so far.
    pub(super) fn behind(&self) -> u64 {
        self.behind
    }

    /// Returns the latest position that an answer has shown.
    pub(super) fn seen(&self) -> Position {
        self.seen
    }

    /// Leaves out the next requests of that number.
    pub(super) fn skip_requests(&mut self, count: u64) {
        self.number.0 += count;
    }

    fn next_id(&mut self) -> RequestId {
        self.number.0 += 1;
        RequestId {
            client: self.id.clone(),
            number: self.number,
        }
    }

    /// Has the store execute a command. Returns none if the store does not take it.
    pub(super) async fn execute(&mut self, command: Command) -> Option<Reply> {
        let (team, id) = (self.team, self.next_id());
        self.request(Request::Execute { team, id, command }).await
    }

    /// Asks the store. Returns none if the store does not take it.
    pub(super) async fn read(&mut self, query: Query) -> Option<Reply> {
        let id = self.next_id();
        self.read_as(id, query).await
    }

    /// Takes a snapshot of the workspace. Returns its id with the first look at it.
    pub(super) async fn take_snapshot(&mut self) -> (RequestId, Option<Reply>) {
        let id = self.next_id();
        let reply = self.read_as(id.clone(), Query::TakeSnapshot).await;
        (id, reply)
    }

    async fn read_as(&mut self, id: RequestId, query: Query) -> Option<Reply> {
        let request = Request::Read {
            team: self.team,
            id,
            query,
            at_least: self.seen,
        };
        self.request(request).await
    }

    /// Sends a request until it is answered.
    async fn request(&mut self, request: Request) -> Option<Reply> {
        loop {
            match self.store.ask(&request).await {
                Ok(response) => return self.reply(response),
                Err(Disconnected) => {
                    self.repeats += 1;
                    time::sleep(self.settings.retry_after).await;
                }
            }
        }
    }

    fn reply(&mut self, response: Response) -> Option<Reply> {
        self.seen = self.seen.max(response.position);
        match response.answer {
            Answer::Reply(reply) => Some(reply),
            Answer::Records(_) | Answer::Behind | Answer::Refused => None,
        }
    }

    /// Asks a replica, and if that does not answer or is behind, the store.
    pub(super) async fn read_at(
        &mut self,
        replica: &mut Link<N>,
        query: Query,
        session: Session,
    ) -> Option<Reply> {
        let at_least = match session {
            Session::Kept => self.seen,
            Session::Dropped => Position::default(),
        };
        let request = Request::Read {
            team: self.team,
            id: self.next_id(),
            query: query.clone(),
            at_least,
        };
        for _ in 0..REPLICA_READS_MAX {
            let Ok(response) = replica.ask(&request).await else {
                break;
            };
            if response.answer != Answer::Behind {
                return self.reply(response);
            }
            self.behind += 1;
            time::sleep(self.settings.retry_after).await;
        }
        self.read(query).await
    }
}
