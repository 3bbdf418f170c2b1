//! A replica: a copy of the state of all teams, which follows the journal of the store and
//! answers reads.
//!
//! It may be behind. A client that names the position which it has seen is told so, and
//! never shown anything older: that makes a session of reads at several replicas.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::tokio::{select, time};

use super::super::client::Link;
use super::super::defects;
use super::super::faults::STORE;
use super::super::settings::StoreSpec;
use super::super::state::{Query, State};
use super::super::wire::{Answer, Disconnected, Position, Record, Request, Response, TeamId};
use super::{Service, Sessions};
use crate::defect::Defect;
use crate::network::Network;
use crate::record::recorder::lock;

/// One incarnation of a replica. It has no disk.
pub(in super::super) struct Replica {
    /// The time between two looks at the journal.
    sync: Duration,
    answer_timeout: Duration,
    defect: Option<Defect>,
    copy: Mutex<Copy>,
    detached: Notify,
    pub(in super::super) sessions: Sessions,
}

/// The state of all teams at one position of the journal.
#[derive(Default)]
struct Copy {
    teams: BTreeMap<TeamId, State>,
    position: Position,
    /// The position at which the replica stops following.
    detach_at: Option<Position>,
}

impl Copy {
    fn apply(&mut self, records: &[Record]) {
        for record in records {
            self.teams.entry(record.team).or_default().apply(record);
            self.position.0 += 1;
        }
    }

    fn is_complete(&self) -> bool {
        self.detach_at.is_some_and(|at| self.position >= at)
    }
}

impl Replica {
    /// An empty copy.
    pub(in super::super) fn new(spec: &StoreSpec) -> Self {
        Self {
            sync: spec.settings.store.sync,
            answer_timeout: spec.settings.connections.answer_timeout,
            defect: spec.defect,
            copy: Mutex::default(),
            detached: Notify::new(),
            sessions: Sessions::new(spec.settings.connections.idle_timeout),
        }
    }

    /// Follows the store until the replica is detached.
    pub(in super::super) async fn follow(&self, network: impl Network) {
        let mut link = Link::new(network, STORE, self.answer_timeout);
        let mut has_lost_link = false;
        while !lock(&self.copy).is_complete() {
            has_lost_link = self.pull(&mut link, has_lost_link).await.is_err();
            select! {
                biased;
                () = self.detached.notified() => {}
                () = time::sleep(self.sync) => {}
            }
        }
    }

    async fn pull(
        &self,
        link: &mut Link<impl Network>,
        has_lost_link: bool,
    ) -> Result<(), Disconnected> {
        let after = lock(&self.copy).position;
        let response = link.ask(&Request::Follow { after }).await?;
        let Answer::Records(records) = response.answer else {
            return Err(Disconnected);
        };
        let mut copy = lock(&self.copy);
        // Seeded: after a lost link the replica goes on with what comes next.
        if has_lost_link && self.defect == Some(defects::REPLICA_RESUMES_FROM_NOW) {
            copy.position = response.position;
            return Ok(());
        }
        copy.apply(&records);
        Ok(())
    }

    fn read(&self, team: TeamId, query: &Query, at_least: Position) -> Response {
        let copy = lock(&self.copy);
        let position = copy.position;
        if position < at_least {
            let answer = Answer::Behind;
            return Response { position, answer };
        }
        let state = copy.teams.get(&team);
        let reply = match state {
            Some(state) => state.read(query),
            None => State::default().read(query),
        };
        let answer = Answer::Reply(reply);
        Response { position, answer }
    }

    fn detach(&self, at: Position) -> Response {
        let mut copy = lock(&self.copy);
        copy.detach_at = Some(at);
        self.detached.notify_one();
        let position = copy.position;
        let answer = match copy.is_complete() {
            true => Answer::Records(Vec::new()),
            false => Answer::Behind,
        };
        Response { position, answer }
    }
}

impl Service for Replica {
    async fn answer(&self, request: Request) -> Response {
        match request {
            Request::Read {
                team,
                query,
                at_least,
                ..
            } => self.read(team, &query, at_least),
            Request::Detach { at } => self.detach(at),
            Request::Execute { .. } | Request::Follow { .. } => Response {
                position: lock(&self.copy).position,
                answer: Answer::Refused,
            },
        }
    }
}
