//! The task board: tasks, the workers that have claimed them, and their results.
//!
//! A claim is granted against the claim that the worker has seen, as a compare-and-swap,
//! and has a generation one higher. A result is taken from the present claim alone: the
//! generation is a fence against a worker that was given up and comes back.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::wire::ClientId;
use super::Reply;

/// The number of a task among those of its team, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct TaskId(pub(in super::super) u32);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task-{}", self.0)
    }
}

/// The number of a claim among those of its task, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct Generation(pub(in super::super) u32);

/// A piece of work for one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Task {
    pub(in super::super) id: TaskId,
    /// Milliseconds that the work takes.
    pub(in super::super) effort_ms: u32,
}

/// The right of a worker to give the result of a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Claim {
    pub(in super::super) worker: ClientId,
    pub(in super::super) generation: Generation,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} generation {}", self.worker, self.generation.0)
    }
}

/// A task that a worker may claim.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Offer {
    pub(in super::super) task: Task,
    /// The claim of a worker that has been given up.
    pub(in super::super) held: Option<Claim>,
}

impl Offer {
    /// Returns the claim that a worker makes in answer to the offer.
    pub(in super::super) fn claim(&self, worker: &ClientId) -> Claim {
        let before = self.held.as_ref().map_or(0, |claim| claim.generation.0);
        Claim {
            worker: worker.clone(),
            generation: Generation(before + 1),
        }
    }
}

/// A result of a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Completion {
    pub(in super::super) task: TaskId,
    pub(in super::super) claim: Claim,
    pub(in super::super) result: String,
}

/// A change of the board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum BoardCommand {
    /// Adds tasks.
    Submit(Vec<Task>),
    /// Claims a task, if its claim is still the one that the worker has seen.
    Claim {
        task: TaskId,
        seen: Option<Claim>,
        claim: Claim,
    },
    /// Gives the result of a task.
    Complete(Completion),
    /// Takes no more tasks.
    Close,
}

/// A decided change of the board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum BoardChange {
    Submitted(Vec<Task>),
    Claimed { task: TaskId, claim: Claim },
    Completed(Completion),
    Closed,
}

/// A task with its progress.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Entry {
    task: Task,
    claim: Option<Claim>,
    /// At most one, unless a bug is seeded.
    results: Vec<Completion>,
}

/// The tasks of a team.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(in super::super) struct Board {
    tasks: BTreeMap<TaskId, Entry>,
    closed: bool,
}

impl Board {
    /// Returns the tasks without a result, each with its claim.
    pub(in super::super) fn open(&self) -> impl Iterator<Item = Offer> + '_ {
        let open = self.tasks.values().filter(|entry| entry.results.is_empty());
        open.map(|entry| Offer {
            task: entry.task,
            held: entry.claim.clone(),
        })
    }

    /// Returns `true` if no task will be offered any more.
    pub(in super::super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns all results in the order of the tasks; none while a task has none.
    pub(in super::super) fn results(&self) -> Option<Vec<Completion>> {
        let mut results = Vec::new();
        for entry in self.tasks.values() {
            if entry.results.is_empty() {
                return None;
            }
            results.extend_from_slice(&entry.results);
        }
        Some(results)
    }

    pub(super) fn decide(&self, command: &BoardCommand) -> (Option<BoardChange>, Reply) {
        match command {
            BoardCommand::Submit(tasks) => {
                (Some(BoardChange::Submitted(tasks.clone())), Reply::Done)
            }
            BoardCommand::Claim { task, seen, claim } => {
                let entry = self.tasks.get(task);
                let granted =
                    entry.is_some_and(|entry| entry.results.is_empty() && entry.claim == *seen);
                let change = granted.then(|| BoardChange::Claimed {
                    task: *task,
                    claim: claim.clone(),
                });
                (change, Reply::Flag(granted))
            }
            BoardCommand::Complete(completion) => {
                let entry = self.tasks.get(&completion.task);
                let taken = entry.is_some_and(|entry| {
                    entry.results.is_empty() && entry.claim.as_ref() == Some(&completion.claim)
                });
                let change = taken.then(|| BoardChange::Completed(completion.clone()));
                (change, Reply::Flag(taken))
            }
            BoardCommand::Close => (Some(BoardChange::Closed), Reply::Done),
        }
    }

    pub(super) fn apply(&mut self, change: &BoardChange) {
        match change {
            BoardChange::Submitted(tasks) => {
                for task in tasks {
                    let entry = Entry {
                        task: *task,
                        claim: None,
                        results: Vec::new(),
                    };
                    self.tasks.insert(task.id, entry);
                }
            }
            BoardChange::Claimed { task, claim } => {
                if let Some(entry) = self.tasks.get_mut(task) {
                    entry.claim = Some(claim.clone());
                }
            }
            BoardChange::Completed(completion) => {
                if let Some(entry) = self.tasks.get_mut(&completion.task) {
                    entry.results.push(completion.clone());
                }
            }
            BoardChange::Closed => self.closed = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(number: u32) -> Task {
        Task {
            id: TaskId(number),
            effort_ms: 0,
        }
    }

    fn board(tasks: u32) -> Board {
        let mut board = Board::default();
        board.apply(&BoardChange::Submitted((1..=tasks).map(task).collect()));
        board
    }

    fn execute(board: &mut Board, command: &BoardCommand) -> Reply {
        let (change, reply) = board.decide(command);
        if let Some(change) = change {
            board.apply(&change);
        }
        reply
    }

    fn claim(board: &mut Board, worker: &str) -> (Claim, Reply) {
        let offer = board.open().next().expect("an open task");
        let claim = offer.claim(&ClientId(worker.to_owned()));
        let command = BoardCommand::Claim {
            task: offer.task.id,
            seen: offer.held,
            claim: claim.clone(),
        };
        (claim, execute(board, &command))
    }

    fn complete(board: &mut Board, claim: &Claim) -> Reply {
        let completion = Completion {
            task: TaskId(1),
            claim: claim.clone(),
            result: String::new(),
        };
        execute(board, &BoardCommand::Complete(completion))
    }

    #[test]
    fn result_of_a_claim_that_was_taken_over_is_refused() {
        let mut board = board(1);
        let (first, granted) = claim(&mut board, "one");
        assert_eq!(granted, Reply::Flag(true));
        let (second, granted) = claim(&mut board, "other");
        assert_eq!(granted, Reply::Flag(true));
        assert_eq!(second.generation, Generation(2));
        assert_eq!(complete(&mut board, &first), Reply::Flag(false));
        assert_eq!(board.results(), None);
        assert_eq!(complete(&mut board, &second), Reply::Flag(true));
        assert_eq!(complete(&mut board, &second), Reply::Flag(false));
        assert_eq!(board.results().map(|results| results.len()), Some(1));
    }

    #[test]
    fn claim_against_an_older_claim_is_refused() {
        let mut board = board(1);
        let offer = board.open().next().expect("an open task");
        let (_, granted) = claim(&mut board, "one");
        assert_eq!(granted, Reply::Flag(true));
        let stale = BoardCommand::Claim {
            task: offer.task.id,
            claim: offer.claim(&ClientId("other".to_owned())),
            seen: offer.held,
        };
        assert_eq!(execute(&mut board, &stale), Reply::Flag(false));
    }
}
