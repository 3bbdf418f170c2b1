//! Delegated tasks as messages to workers, whose turns are parts of those of the coordinators.

use std::sync::Arc;

use rehearsal_history::SpanEnd;

use super::super::api::{DelegationStatus, MemoryEvent};
use super::super::ids::{AgentName, SessionId, TurnId};
use super::super::{marks, model};
use super::{ACCESS, Record, Task, UNIQUE, key};
use crate::record::recorder::lock;

impl Record {
    /// Records a task that has reached its worker.
    pub(super) fn task_received(&self, agent: &AgentName, from: &AgentName, event: &MemoryEvent) {
        let allowed = self.rules.access.get(from);
        let is_allowed = allowed.is_some_and(|allowed| allowed.contains(agent));
        self.check(ACCESS, is_allowed, || format!("{from} asked {agent}"));
        let message = {
            let state = lock(&self.state);
            let task = state.tasks.get(&event.turn);
            task.map(|task| Arc::clone(&task.message))
        };
        if let Some(message) = message {
            let tasks = model::tasks(agent, &event.session);
            self.agent(agent, &event.session).received(&tasks, &message);
        }
        self.begin_turn(agent, event);
        self.send_in_turn(agent, event);
    }

    /// Records a task that is about to be sent. The turn of the worker begins.
    pub(super) fn task_sent(
        &self,
        agent: &AgentName,
        worker: &AgentName,
        id: &TurnId,
        event: &MemoryEvent,
    ) {
        let is_new = !lock(&self.state).tasks.contains_key(id);
        self.check(UNIQUE, is_new, || {
            format!("{agent} delegates a second {id}")
        });
        let parent_key = key(agent, event);
        let child_key = (worker.clone(), event.session.clone(), id.clone());
        let parent = lock(&self.state).turns.remove(&parent_key);
        let child = self.begin(worker, &event.session, parent.as_ref());
        let actor = self.agent(agent, &event.session);
        let tasks = model::tasks(worker, &event.session);
        let task = Task {
            child: (&child).into(),
            sending: None,
            message: Arc::default(),
        };
        {
            let mut state = lock(&self.state);
            state.tasks.insert(id.clone(), task);
            state.turns.insert(child_key, child);
            if let Some(parent) = parent {
                state.turns.insert(parent_key, parent);
            }
        }
        self.send_in_turn(agent, event);
        let sending = actor.sending(&tasks, "task");
        if let Some(task) = lock(&self.state).tasks.get_mut(id) {
            task.message = Arc::clone(sending.id());
            task.sending = Some(sending);
        }
    }

    /// Records the end of a delegation.
    pub(super) fn task_ended(
        &self,
        agent: &AgentName,
        worker: &AgentName,
        (id, status): (&TurnId, DelegationStatus),
        event: &MemoryEvent,
    ) {
        let sending = {
            let mut state = lock(&self.state);
            let task = state.tasks.get_mut(id);
            task.and_then(|task| task.sending.take())
        };
        let actor = self.agent(agent, &event.session);
        match status {
            DelegationStatus::Answered | DelegationStatus::Failed => {
                actor.follows(&self.agent(worker, &event.session));
                self.mark(marks::DELEGATED);
                if let Some(sending) = sending {
                    sending.accepted();
                }
            }
            DelegationStatus::Unreached | DelegationStatus::Unanswered => {
                self.give_up(worker, &event.session, id);
                if let Some(sending) = sending
                    && status == DelegationStatus::Unreached
                {
                    sending.rejected("unreached");
                }
            }
        }
        self.send_in_turn(agent, event);
    }

    /// Records that nothing more is heard of the turn of a sub-agent.
    fn give_up(&self, worker: &AgentName, session: &SessionId, id: &TurnId) {
        let key = (worker.clone(), session.clone(), id.clone());
        let child = lock(&self.state).turns.remove(&key);
        if let Some(child) = child {
            child.end(SpanEnd::HostDied);
        }
    }
}
