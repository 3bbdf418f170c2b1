//! The state of a team: values by key, a workspace, and tasks.
//!
//! | module | contents |
//! |---|---|
//! | `values` | values, lists and counters by key |
//! | `workspace` | the contributions of a team to one design, and snapshots of them |
//! | `board` | tasks, their claims and results |
//! | `curation` | documents that are revised with tools on offer and statements that hold |
//!
//! A command is decided against the state, which gives a change and a reply; the change is
//! written to the journal, and then applied. Changes hold results and not questions, so
//! that a replica and a restarted store come to the same state.

mod board;
mod curation;
mod values;
mod workspace;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire::{ClientId, Record, RequestId, RequestNumber};

pub(super) use board::{Board, BoardChange, BoardCommand, Claim, Completion, Offer, Task, TaskId};
pub(super) use curation::{Curation, CurationChange, CurationCommand, Revision};
pub(super) use values::{ValueChange, ValueCommand, Values};
pub(super) use workspace::{Contents, Contribution, Workspace};

/// A request for a change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Command {
    Value(ValueCommand),
    Contribute(Contribution),
    Board(BoardCommand),
    Curation(CurationCommand),
    Revise(Revision),
}

/// A question that changes nothing which a crash could lose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Query {
    /// The value of a key.
    Get(String),
    /// The list of a key.
    List(String),
    /// The counter of a key.
    Count(String),
    /// The workspace; the store keeps it under the request's id until it is released.
    TakeSnapshot,
    /// The content of a snapshot.
    Look(RequestId),
    /// Nothing: the snapshot is not needed any more.
    Release(RequestId),
    /// The tasks that a worker may claim.
    Offers,
    /// The results of all tasks, in the order in which the tasks were submitted.
    Results,
    /// The tools on offer.
    Tools,
    /// All of the state, as a text that is equal for equal states.
    Everything,
}

/// The result of a command or of a query.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Done,
    Value(Option<String>),
    List(Vec<String>),
    Number(u32),
    /// The answer to a condition: the claim was granted, the result was taken, the element
    /// is new.
    Flag(bool),
    Contents(Contents),
    Offers {
        offers: Vec<Offer>,
        /// No task will be offered any more.
        closed: bool,
    },
    /// The results of all tasks; none while a task has none.
    Results(Option<Vec<Completion>>),
    /// The snapshot was released, or a crash has taken it.
    UnknownSnapshot,
}

/// A decided change of a team's state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    Value(ValueChange),
    Contributed(Contribution),
    Board(BoardChange),
    Curated(CurationChange),
}

/// A change with the reply to its cause. A command that changes nothing has a reply alone.
pub(super) type Decision = (Option<Change>, Reply);

/// The place of a request among those of its client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Recall {
    /// It comes after all that were executed.
    New,
    /// It is the last one that was executed, with this reply.
    Answered(Reply),
    /// It comes before one that was executed: its client has its answer already, or no
    /// longer waits for it. It may have been in flight on a connection that was given up.
    Outdated,
}

/// The state of a team.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(super) struct State {
    pub(super) values: Values,
    pub(super) workspace: Workspace,
    pub(super) board: Board,
    #[serde(skip_serializing_if = "Curation::is_empty")]
    pub(super) curation: Curation,
    /// The last request of each client that changed something, with its reply.
    answered: BTreeMap<ClientId, (RequestNumber, Reply)>,
}

impl State {
    /// Compares a request with those that were executed.
    pub(super) fn recall(&self, id: &RequestId) -> Recall {
        match self.answered.get(&id.client) {
            Some((last, reply)) if *last == id.number => Recall::Answered(reply.clone()),
            Some((last, _)) if *last > id.number => Recall::Outdated,
            Some(_) | None => Recall::New,
        }
    }

    /// Decides a command.
    pub(super) fn decide(&self, command: &Command) -> Decision {
        match command {
            Command::Value(command) => {
                let (change, reply) = self.values.decide(command);
                (Some(Change::Value(change)), reply)
            }
            Command::Contribute(contribution) => {
                let is_new = self.workspace.is_new(contribution);
                let change = is_new.then(|| Change::Contributed(contribution.clone()));
                (change, Reply::Flag(is_new))
            }
            Command::Board(command) => {
                let (change, reply) = self.board.decide(command);
                (change.map(Change::Board), reply)
            }
            Command::Curation(command) => {
                let (change, acts) = self.curation.decide(command);
                (change.map(Change::Curated), Reply::Flag(acts))
            }
            Command::Revise(revision) => {
                let is_fresh = self.values.get(&revision.document) == revision.from;
                self.revise(revision, is_fresh && self.curation.holds(revision))
            }
        }
    }

    /// Decides a revision that was compared with the state.
    pub(super) fn revise(&self, revision: &Revision, is_taken: bool) -> Decision {
        let change = is_taken.then(|| ValueChange::Set {
            key: revision.document.clone(),
            value: revision.value.clone(),
        });
        (change.map(Change::Value), Reply::Flag(is_taken))
    }

    /// Applies a record of the journal.
    pub(super) fn apply(&mut self, record: &Record) {
        match &record.change {
            Change::Value(change) => self.values.apply(change),
            Change::Contributed(contribution) => self.workspace.apply(contribution),
            Change::Board(change) => self.board.apply(change),
            Change::Curated(change) => self.curation.apply(change),
        }
        let RequestId { client, number } = record.id.clone();
        self.answered.insert(client, (number, record.reply.clone()));
    }

    /// Answers a query that needs nothing beside the state.
    pub(super) fn read(&self, query: &Query) -> Reply {
        match query {
            Query::Get(key) => Reply::Value(self.values.get(key)),
            Query::List(key) => Reply::List(self.values.list(key)),
            Query::Count(key) => Reply::Number(self.values.count(key)),
            Query::Tools => Reply::List(self.curation.tools()),
            Query::Results => Reply::Results(self.board.results()),
            Query::Everything => Reply::Value(serde_json::to_string(self).ok()),
            Query::TakeSnapshot | Query::Look(_) | Query::Release(_) => Reply::UnknownSnapshot,
            Query::Offers => Reply::Offers {
                offers: Vec::new(),
                closed: self.board.is_closed(),
            },
        }
    }
}
