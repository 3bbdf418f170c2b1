//! The store: the spaces of the teams, each behind a lock, and the journal.
//!
//! A command holds the lock of its space from its decision to its last effect. A request
//! is answered when the journal has its change, so that a crash loses nothing that a client
//! knows of; and the answer is written with the change, so that a request which is repeated
//! after a crash is answered and not executed again.

use std::collections::BTreeMap;

use rehearsal_history::{Resource, TenantId};
use rehearsal_sim::tokio::sync::{Mutex, watch};

use super::super::defects;
use super::super::settings::StoreSpec;
use super::super::state::{
    BoardChange, BoardCommand, Change, Command, CurationCommand, Decision, Query, Recall, Reply,
    State, ValueCommand,
};
use super::super::wire::{Answer, Position, Record, Request, RequestId, Response, TeamId};
use super::journal::Journal;
use super::space::{Copies, Space};
use super::{Service, Sessions};
use crate::defect::Defect;

/// One incarnation of the store.
pub(in super::super) struct Primary {
    defect: Option<Defect>,
    /// The workers that take tasks.
    workers: u32,
    spaces: BTreeMap<TeamId, Mutex<Space>>,
    journal: Journal,
    /// The latest position that a replica has.
    followed: watch::Sender<Position>,
    pub(in super::super) sessions: Sessions,
}

impl Primary {
    /// A store with everything that the journal has.
    pub(in super::super) fn open(spec: &StoreSpec, journal: Journal) -> Self {
        let settings = &spec.settings.store;
        let tasks = spec.settings.tasks.as_ref();
        let keep_torn = spec.defect == Some(defects::TORN_RECORD_KEPT);
        let records = journal.open(keep_torn);
        let space = |team| {
            let of_team = records.iter().filter(|record| record.team == team);
            (team, Mutex::new(Space::restore(of_team, settings.lease)))
        };
        Self {
            defect: spec.defect,
            workers: tasks.map_or(0, |tasks| tasks.workers),
            spaces: (1..=settings.teams).map(TeamId).map(space).collect(),
            journal,
            followed: watch::Sender::new(Position::default()),
            sessions: Sessions::new(spec.settings.connections.idle_timeout),
        }
    }

    /// Returns `true` if the store has this seeded bug.
    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn team(&self, team: TeamId) -> TeamId {
        // Seeded: keys go without the name of their team.
        match self.carries(defects::NAMESPACE_LEFT_OUT) {
            true => TeamId(1),
            false => team,
        }
    }

    /// Returns the snapshots that have not been released.
    pub(in super::super) async fn held(&self) -> Vec<Resource> {
        let mut held = Vec::new();
        for (team, space) in &self.spaces {
            let space = space.lock().await;
            held.extend(space.snapshots().map(|_| Resource {
                kind: "snapshot".into(),
                holder: TenantId(team.0.into()).into(),
                target: None,
            }));
        }
        held
    }

    /// Executes a command, once, however often it is repeated.
    async fn execute(&self, team: TeamId, id: RequestId, command: &Command) -> Option<Response> {
        let team = self.team(team);
        let place = self.spaces.get(&team)?;
        let mut space = place.lock().await;
        match space.state.recall(&id) {
            // Seeded: a request that is repeated is executed again.
            _ if self.carries(defects::RETRY_APPLIED_TWICE) => {}
            Recall::New => {}
            Recall::Answered(reply) => return Some(self.reply(reply)),
            Recall::Outdated => return None,
        }
        let (change, reply) = self.decide(&space.state, command);
        let Some(change) = change else {
            return Some(self.reply(reply));
        };
        let record = Record {
            team,
            id,
            change,
            reply: reply.clone(),
        };
        // Seeded: the client is answered while the record is being written.
        if self.carries(defects::ANSWER_BEFORE_JOURNAL) {
            space.apply(&record);
            let journal = self.journal.clone();
            self.sessions.spawn(async move {
                journal.write(record).await;
            });
            return Some(self.reply(reply));
        }
        // Seeded: what was decided under the lock is written and applied without it.
        if self.decides_apart(command) {
            let read = space.state.workspace.clone();
            drop(space);
            self.journal.write(record.clone()).await;
            let mut space = place.lock().await;
            if let Command::Contribute(_) = command {
                space.state.workspace = read;
            }
            space.apply(&record);
            return Some(self.reply(reply));
        }
        let position = self.journal.write(record.clone()).await;
        space.apply(&record);
        // Seeded: a replica must have the change first.
        if self.carries(defects::ANSWER_WAITS_FOR_REPLICA) {
            let mut followed = self.followed.subscribe();
            let _ = followed.wait_for(|followed| *followed >= position).await;
        }
        Some(response(position, reply))
    }

    fn decides_apart(&self, command: &Command) -> bool {
        match command {
            Command::Value(ValueCommand::Increment { .. }) => self.carries(defects::LOST_UPDATE),
            Command::Contribute(_) => self.carries(defects::WORKSPACE_PUT_BACK),
            Command::Board(BoardCommand::Claim { .. }) => self.carries(defects::DOUBLE_CLAIM),
            _ => false,
        }
    }

    fn decide(&self, state: &State, command: &Command) -> Decision {
        match command {
            // Seeded: the claim that the result comes from is not looked at.
            Command::Board(BoardCommand::Complete(completion))
                if self.carries(defects::LATE_RESULT_ACCEPTED) =>
            {
                let change = BoardChange::Completed(completion.clone());
                (Some(Change::Board(change)), Reply::Flag(true))
            }
            // Seeded: each task goes with one worker, and what has none is left out.
            Command::Board(BoardCommand::Submit(tasks))
                if self.carries(defects::TASKS_ZIPPED_WITH_WORKERS) =>
            {
                let pairs = tasks.iter().zip(1..=self.workers);
                let change = BoardChange::Submitted(pairs.map(|(task, _)| *task).collect());
                (Some(Change::Board(change)), Reply::Done)
            }
            // Seeded: the version that it was produced from is not compared.
            Command::Revise(revision) if self.carries(defects::REVISED_BLINDLY) => {
                state.revise(revision, state.curation.holds(revision))
            }
            // Seeded: the statements that it uses are not looked at.
            Command::Revise(revision) if self.carries(defects::RETRACTION_IGNORED) => {
                let is_fresh = state.values.get(&revision.document) == revision.from;
                state.revise(revision, is_fresh)
            }
            // Seeded: a tool is found by its name, on offer or not.
            Command::Curation(CurationCommand::Use(_))
                if self.carries(defects::WITHDRAWN_TOOL_USED) =>
            {
                (None, Reply::Flag(true))
            }
            _ => state.decide(command),
        }
    }

    async fn read(&self, team: TeamId, id: &RequestId, query: &Query) -> Option<Response> {
        let mut space = self.spaces.get(&self.team(team))?.lock().await;
        // Seeded: the outer table is copied, the lists in it are not.
        let copies = match self.carries(defects::SHALLOW_SNAPSHOT) {
            true => Copies::Shallow,
            false => Copies::Deep,
        };
        Some(self.reply(space.read(id, query, copies)))
    }

    /// Returns the records that a replica does not have.
    fn records(&self, after: Position) -> Response {
        if self.carries(defects::ANSWER_WAITS_FOR_REPLICA) {
            self.followed.send_replace(after);
        }
        Response {
            position: self.journal.position(),
            answer: Answer::Records(self.journal.after(after)),
        }
    }

    fn reply(&self, reply: Reply) -> Response {
        response(self.journal.position(), reply)
    }
}

fn response(position: Position, reply: Reply) -> Response {
    let answer = Answer::Reply(reply);
    Response { position, answer }
}

impl Service for Primary {
    async fn answer(&self, request: Request) -> Response {
        let answered = match request {
            Request::Execute { team, id, command } => self.execute(team, id, &command).await,
            Request::Read {
                team, id, query, ..
            } => self.read(team, &id, &query).await,
            Request::Follow { after } => Some(self.records(after)),
            Request::Detach { .. } => None,
        };
        answered.unwrap_or_else(|| Response {
            position: self.journal.position(),
            answer: Answer::Refused,
        })
    }
}
