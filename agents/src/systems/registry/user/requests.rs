//! The requests of a user until they are answered, across all its connections, and the ends
//! of its agents.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rehearsal_sim::tokio::sync::{Notify, oneshot};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::wire::{AgentId, Answer, Request, RequestNumber, UserFrame};
use crate::record::recorder::lock;

/// The requests of a user.
#[derive(Debug, Default)]
pub(super) struct Requests {
    state: Mutex<State>,
    /// Notified when there is a request to send.
    pub(super) submitted: Notify,
}

#[derive(Debug, Default)]
struct State {
    last: u32,
    waiting: BTreeMap<RequestNumber, Waiting>,
    /// Cancelled when an agent has come to its end.
    ends: BTreeMap<AgentId, CancellationToken>,
}

#[derive(Debug)]
struct Waiting {
    request: Request,
    progress: Progress,
    answer: oneshot::Sender<Answer>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    /// It was never sent.
    New,
    /// It was sent over the connection that stands.
    Sent,
    /// It was sent over one that was lost.
    Unsure,
}

/// A request to send.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) frame: UserFrame,
    /// It was sent before.
    pub(super) repeated: bool,
}

impl Requests {
    /// Makes a request, and waits for its answer; none if the user leaves before.
    pub(super) async fn ask(&self, request: Request) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            state.last += 1;
            let number = RequestNumber(state.last);
            let waiting = Waiting {
                request,
                progress: Progress::New,
                answer,
            };
            state.waiting.insert(number, waiting);
        }
        self.submitted.notify_one();
        answered.await.ok()
    }

    /// Takes an answer. One that comes twice is ignored.
    pub(super) fn answered(&self, number: RequestNumber, answer: Answer) {
        let waiting = lock(&self.state).waiting.remove(&number);
        if let Some(waiting) = waiting {
            // The script may have ended.
            let _ = waiting.answer.send(answer);
        }
    }

    /// Returns the requests that have to be sent, in order.
    pub(super) fn due(&self) -> Vec<Due> {
        let mut state = lock(&self.state);
        let due = state.waiting.iter_mut();
        let due = due.filter(|(_, waiting)| waiting.progress != Progress::Sent);
        due.map(|(number, waiting)| {
            let before = std::mem::replace(&mut waiting.progress, Progress::Sent);
            let (number, request) = (*number, waiting.request.clone());
            Due {
                frame: UserFrame::Request { number, request },
                repeated: before == Progress::Unsure,
            }
        })
        .collect()
    }

    /// Takes note that a connection was lost: what was sent over it may not have arrived.
    pub(super) fn connection_lost(&self) {
        for waiting in lock(&self.state).waiting.values_mut() {
            if waiting.progress == Progress::Sent {
                waiting.progress = Progress::Unsure;
            }
        }
    }

    /// Takes note that an agent has come to its end.
    pub(super) fn ended(&self, agent: &AgentId) {
        self.end_of(agent).cancel();
    }

    /// Returns the token that is cancelled when an agent has come to its end.
    pub(super) fn end_of(&self, agent: &AgentId) -> CancellationToken {
        let mut state = lock(&self.state);
        state.ends.entry(agent.clone()).or_default().clone()
    }
}
