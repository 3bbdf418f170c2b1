//! The promises that a user holds the agents to, each with its name.

use rehearsal_history::Actor;

use super::super::api::{Capability, Card, Event, Health, HealthStatus, MemoryEvents};
use super::super::expectations::Expectations;
use super::super::ids::AgentName;
use super::super::plan::PlannedChat;
use super::api::{ChatEnd, Fetched};

/// The type of the events with tasks.
const TASK_RECEIVED: &str = "task_delegation_received";

/// A user's checks.
#[derive(Clone, Debug)]
pub(super) struct Checks {
    pub(super) actor: Actor,
    pub(super) expectations: Expectations,
}

impl Checks {
    fn record(&self, name: &'static str, checked: Result<(), String>) {
        self.actor.invariant(name, checked);
    }

    fn holds(&self, name: &'static str, holds: bool, contradiction: impl FnOnce() -> String) {
        let checked = if holds { Ok(()) } else { Err(contradiction()) };
        self.record(name, checked);
    }

    // Agents ----------------------------------------------------------------------

    pub(super) fn readiness(&self, agent: &AgentName, is_ready: bool, is_expected: bool) {
        self.holds(
            "an agent is ready if it is started",
            is_ready == is_expected,
            || format!("{agent} is ready: {is_ready}"),
        );
    }

    pub(super) fn readiness_deadline(&self, waited: std::time::Duration) {
        self.holds(
            "an agent that is not ready is given up at its deadline",
            waited == self.expectations.readiness_deadline,
            || format!("it was given up after {waited:?}"),
        );
    }

    pub(super) fn answer_deadline(&self, waited: std::time::Duration) {
        self.holds(
            "a request without an answer is given up at its deadline",
            waited == self.expectations.answer_deadline,
            || format!("it was given up after {waited:?}"),
        );
    }

    pub(super) fn health(&self, agent: &AgentName, health: &Fetched<Health>) {
        let status = health.status.map_or(0, |status| status.as_u16().into());
        self.record(
            "health has the expected status",
            self.expectations.health_status.check(status),
        );
        let state = health.body.map(|health| health.status);
        self.holds(
            "an agent that is ready is healthy",
            state == Some(HealthStatus::Healthy),
            || format!("{agent} is {state:?}"),
        );
    }

    pub(super) fn card(&self, agent: &AgentName, has_sub_agents: bool, card: &Fetched<Card>) {
        let status = card.status.map_or(0, |status| status.as_u16().into());
        self.record(
            "a card has the expected status",
            self.expectations.card_status.check(status),
        );
        let name = card.body.as_ref().map(|card| &card.name);
        let relation = self.expectations.card_name;
        self.holds(
            "a card names its agent",
            name.is_some_and(|name| relation.holds(name, agent)),
            || format!("the card of {agent} is that of {name:?}"),
        );
        let body = card.body.as_ref();
        let lists = |capability| body.is_some_and(|card| card.capabilities.contains(&capability));
        self.holds(
            "every agent can process messages",
            lists(Capability::MessageProcessing),
            || format!("{agent} does not list it"),
        );
        self.holds(
            "agents with sub-agents, and no others, can delegate tasks",
            lists(Capability::TaskDelegation) == has_sub_agents,
            || format!("{agent} has sub-agents: {has_sub_agents}"),
        );
    }

    // Chats -----------------------------------------------------------------------

    pub(super) fn chat(&self, chat: &PlannedChat, end: &ChatEnd) {
        let expect = &chat.settings.expect;
        self.holds(
            "a chat ends as expected",
            end.outcome == expect.outcome,
            || format!("{} ended as {:?}", chat.id, end.outcome),
        );
        if let Some(status) = expect.status(chat.settings.stream) {
            let found = end.status.map_or(0, |status| status.as_u16().into());
            self.record("a chat has the expected status", status.check(found));
        }
        if end.is_answered() {
            let length = end.answer.as_ref().map(|answer| answer.chars().count());
            let checked = match length {
                Some(length) => expect.answer_length.check(length),
                None => Err(format!("there is no choice {}", expect.answer_index)),
            };
            self.record("an answer has the expected choice and length", checked);
        }
    }

    /// Checks what coordinator and worker remember of a task that was delegated.
    pub(super) fn delegation(&self, chat: &PlannedChat, memories: &DelegationMemories) {
        let expect = &self.expectations;
        let requests = &memories.requests;
        self.record(
            "a coordinator remembers its delegation requests",
            expect.delegation_requests.check(requests.total),
        );
        self.holds(
            "a delegation request names its task",
            requests
                .events
                .iter()
                .any(|event| event.event.content().contains(&chat.task)),
            || format!("none of {} names {}", requests.total, chat.task),
        );
        self.record(
            "a coordinator remembers the responses to its delegations",
            expect.delegation_responses.check(memories.responses.total),
        );
        let worker = &memories.worker;
        let is_task = |event: &&Event| expect.task_type.holds(&event.kind(), &TASK_RECEIVED);
        let events = worker.events.iter().map(|event| &event.event);
        let tasks = events.filter(is_task).count();
        self.record(
            "a worker remembers the tasks that it received",
            expect.tasks_received.check(tasks),
        );
        self.holds(
            "the memory of a worker grows with its task",
            expect
                .memory_growth
                .holds(&worker.total, &memories.worker_before),
            || format!("from {} to {} events", memories.worker_before, worker.total),
        );
        let mut events = worker.events.iter().map(|event| &event.event);
        let wanted = &expect.task_answer;
        let is_answer = |event: &Event| matches!(event, Event::AgentResponse { content } if content.contains(wanted));
        self.holds(
            "a worker answers in its own name",
            wanted.is_empty() || events.any(is_answer),
            || format!("no answer contains `{wanted}`"),
        );
    }

    /// Checks that the agents that had a task remember it, and no others.
    pub(super) fn isolation(&self, chat: &PlannedChat, memory: &MemoryEvents) {
        let agent = &memory.agent;
        let is_holder = chat.remembered_by == *agent || chat.delegates_to.as_ref() == Some(agent);
        let mut contents = memory.events.iter().map(|event| event.event.content());
        let has_it = contents.any(|content| content.contains(&chat.task));
        let name = if is_holder {
            "an agent remembers its own tasks"
        } else {
            "an agent remembers no task of another"
        };
        self.holds(name, has_it == is_holder, || {
            format!("{} in the memory of {agent}: {has_it}", chat.task)
        });
    }

    pub(super) fn growth(&self, before: usize, memory: &MemoryEvents) {
        self.holds("a memory never shrinks", memory.total >= before, || {
            let MemoryEvents { agent, total, .. } = memory;
            format!("{agent} had {before} events, and has {total}")
        });
    }
}

/// The memories after a chat whose task was delegated.
#[derive(Debug)]
pub(super) struct DelegationMemories {
    pub(super) requests: MemoryEvents,
    pub(super) responses: MemoryEvents,
    pub(super) worker: MemoryEvents,
    pub(super) worker_before: usize,
}
