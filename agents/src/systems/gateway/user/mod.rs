//! Users: each waits for the agents that it needs, looks at them, chats, reads what they
//! remember, and checks what it finds. Everything is recorded here, at the edge of the system.
//!
//! | module | contents |
//! |---|---|
//! | `api` | the requests |
//! | `checks` | the promises, by name |

mod api;
mod checks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use rehearsal_history::{Actor, Body, Draft, Receipt, Value};
use rehearsal_sim::tokio::time::{self, Instant};

use self::api::{Api, ChatEnd};
use self::checks::{Checks, DelegationMemories};
use super::api::MemoryEvents;
use super::expectations::{ChatOutcome, Expectations};
use super::faults::GATEWAY;
use super::ids::AgentName;
use super::marks;
use super::model;
use super::plan::{Names, PlannedChat, PlannedUser};
use super::record::Record;
use super::settings::{ClientSettings, GatewayScenario};
use crate::driver::{ClientNode, WorkId};
use crate::record::recorder::lock;

/// A user with everything that it needs.
pub(super) struct User {
    plan: PlannedUser,
    agents: Vec<KnownAgent>,
    api: Api,
    checks: Checks,
    actor: Actor,
    /// The part of the user that reads memories, long after the answers that streamed in.
    reader: Actor,
    record: Arc<Record>,
    settings: ClientSettings,
    readiness_timeout: Duration,
    /// The size of each memory when it was read last.
    sizes: Mutex<BTreeMap<AgentName, usize>>,
}

/// An agent as users know it.
#[derive(Clone, Debug)]
struct KnownAgent {
    name: AgentName,
    has_sub_agents: bool,
    is_expected: bool,
}

impl ChatEnd {
    fn is_answered(&self) -> bool {
        self.outcome == ChatOutcome::Answered
    }
}

impl User {
    pub(super) fn new(plan: PlannedUser, scenario: &GatewayScenario, record: Arc<Record>) -> Self {
        let names = Names::new(scenario);
        let never_ready = &scenario.expectations.never_ready;
        let agents = scenario.agents.iter().map(|agent| KnownAgent {
            name: names.of(&agent.key),
            has_sub_agents: !agent.access.is_empty(),
            is_expected: !never_ready.contains(&agent.key),
        });
        let actor = record.user(&plan.name, &plan.session);
        let reader = record.user(&format!("{}/reader", plan.name), &plan.session);
        let expectations = Expectations {
            task_answer: names.fill(&scenario.expectations.task_answer),
            ..scenario.expectations.clone()
        };
        Self {
            agents: agents.collect(),
            api: Api::new(GATEWAY, &scenario.deployment.namespace, &scenario.client),
            checks: Checks {
                actor: actor.clone(),
                expectations,
            },
            actor,
            reader,
            record,
            settings: scenario.client.clone(),
            readiness_timeout: scenario.deployment.timeout,
            sizes: Mutex::default(),
            plan,
        }
    }

    /// Runs the user from its readiness to its drain.
    pub(super) async fn run(self, mut node: ClientNode, work: WorkId) {
        for agent in &self.agents {
            let memory = model::memory(&agent.name, &self.plan.session);
            self.reader.subscribed_from_start(&memory);
        }
        let streams = model::streams(&self.plan.session);
        self.actor.subscribed_from_start(&streams);
        node.ready();
        node.started().await;
        node.work().begin(work);
        self.work().await;
        node.work().done(work);
        node.leave().await;
        time::sleep(self.settings.drain).await;
        self.drain().await;
    }

    async fn work(&self) {
        let needed = self.needed();
        for agent in &needed {
            self.await_ready(agent).await;
        }
        if self.plan.chats.is_empty() {
            for agent in &needed {
                self.look_at(agent).await;
            }
        }
        let chats = self.plan.chats.iter().map(|chat| self.chat(chat));
        if self.settings.at_once {
            join_all(chats).await;
        } else {
            for chat in chats {
                chat.await;
            }
        }
        self.compare_memories().await;
    }

    /// Returns the agents that the user asks; all, if it only looks at them.
    fn needed(&self) -> Vec<KnownAgent> {
        let asked = |agent: &&KnownAgent| {
            let mut chats = self.plan.chats.iter();
            self.plan.chats.is_empty() || chats.any(|chat| chat.to == agent.name)
        };
        let needed: Vec<KnownAgent> = self.agents.iter().filter(asked).cloned().collect();
        let unknown = self.plan.chats.iter().map(|chat| &chat.to);
        let unknown = unknown.filter(|to| self.agents.iter().all(|agent| agent.name != **to));
        let unknown = unknown.map(|to| KnownAgent {
            name: to.clone(),
            has_sub_agents: false,
            is_expected: true,
        });
        needed.iter().cloned().chain(unknown).collect()
    }

    async fn await_ready(&self, agent: &KnownAgent) {
        let begun = Instant::now();
        let ready = async {
            while !self.api.is_ready(&agent.name).await {
                time::sleep(self.settings.poll).await;
            }
        };
        let ready = time::timeout(self.readiness_timeout, ready).await.is_ok();
        if !ready {
            self.record.mark(marks::NEVER_READY);
            self.checks.readiness_deadline(begun.elapsed());
        }
        self.checks.readiness(&agent.name, ready, agent.is_expected);
    }

    async fn look_at(&self, agent: &KnownAgent) {
        if !agent.is_expected {
            return;
        }
        let health = self.api.health(&agent.name).await;
        self.checks.health(&agent.name, &health);
        let card = self.api.card(&agent.name).await;
        self.checks.card(&agent.name, agent.has_sub_agents, &card);
    }

    async fn chat(&self, chat: &PlannedChat) {
        let worker = chat.delegates_to.as_ref();
        let worker_before = match worker {
            Some(worker) => self.read(worker, None).await.map(|memory| memory.total),
            None => None,
        };
        let end = self.ask(chat).await;
        self.checks.chat(chat, &end);
        if let Some(worker) = worker
            && end.is_answered()
        {
            self.check_delegation(chat, worker, worker_before.unwrap_or_default())
                .await;
        }
    }

    async fn ask(&self, chat: &PlannedChat) -> ChatEnd {
        let prompts = model::prompts(&chat.to, &self.plan.session);
        let secret = Value::Secret(chat.task.clone().into());
        let prompt = Draft::new("prompt").with("task", secret);
        let prompt = prompt.named(chat.id.as_str());
        let sending = self.actor.sending(&prompts, prompt);
        let streams = model::streams(&self.plan.session);
        let begun = Instant::now();
        let received = |part: &str| self.actor.received(&streams, part);
        let end = self.api.chat(&self.plan.session, chat, received).await;
        if end.outcome == ChatOutcome::TimedOut {
            self.checks.answer_deadline(begun.elapsed());
        }
        match end.outcome {
            ChatOutcome::TimedOut | ChatOutcome::Other => sending.unanswered(),
            ChatOutcome::Unavailable if end.may_have_reached => sending.unanswered(),
            ChatOutcome::Unavailable => sending.rejected("unavailable"),
            _ => {
                let agent = self.record.agent(&chat.to, &self.plan.session);
                self.actor.follows(&agent);
                sending.accepted();
            }
        }
        self.mark(&end);
        end
    }

    fn mark(&self, end: &ChatEnd) {
        let marks = [
            (end.attempts > 1, marks::REQUEST_RETRIED),
            (end.is_ended_stream, marks::STREAMED),
            (
                end.outcome == ChatOutcome::TimedOut,
                marks::ANSWER_TIMED_OUT,
            ),
            (
                end.outcome == ChatOutcome::Unavailable,
                marks::BUDGET_EXHAUSTED,
            ),
        ];
        for (is_reached, mark) in marks {
            if is_reached {
                self.record.mark(mark);
            }
        }
    }

    async fn check_delegation(&self, chat: &PlannedChat, worker: &AgentName, before: usize) {
        let (requests, responses) = ("delegation_request", "delegation_response");
        let session = &self.plan.session;
        let requests = self.api.memory(&chat.to, session, Some(requests)).await;
        let responses = self.api.memory(&chat.to, session, Some(responses)).await;
        let worker = self.read(worker, None).await;
        if let (Some(requests), Some(responses), Some(worker)) = (requests, responses, worker) {
            let memories = DelegationMemories {
                requests,
                responses,
                worker,
                worker_before: before,
            };
            self.checks.delegation(chat, &memories);
        }
    }

    /// Compares all memories with the chats that were answered.
    async fn compare_memories(&self) {
        let has_chats = !self.plan.chats.is_empty();
        for agent in self.agents.iter().filter(|_| has_chats) {
            if let Some(memory) = self.read(&agent.name, None).await {
                let answered =
                    |chat: &&PlannedChat| chat.settings.expect.outcome == ChatOutcome::Answered;
                for chat in self.plan.chats.iter().filter(answered) {
                    self.checks.isolation(chat, &memory);
                }
            }
        }
    }

    /// Reads a memory, and records the operation.
    async fn read(&self, agent: &AgentName, kind: Option<&str>) -> Option<MemoryEvents> {
        let session = &self.plan.session;
        let list = self
            .reader
            .invoke(&model::memory(agent, session), Body::new("list"));
        let Some(memory) = self.api.memory(agent, session, kind).await else {
            list.failed("no answer");
            return None;
        };
        let ids = memory.events.iter().map(|event| event.id.to_string());
        list.returned(&ids.collect::<Vec<String>>());
        let before = lock(&self.sizes).insert(agent.clone(), memory.total);
        self.checks.growth(before.unwrap_or_default(), &memory);
        Some(memory)
    }

    /// Reads all memories for the last time, and records their events in the order of time.
    async fn drain(&self) {
        let mut events = Vec::new();
        for agent in self.agents.iter().filter(|agent| agent.is_expected) {
            let Some(memory) = self.read(&agent.name, None).await else {
                // It is not drained, and the record shows that.
                return;
            };
            let of_agent = memory.events.into_iter();
            events.extend(of_agent.map(|event| (agent.name.clone(), event)));
        }
        events.sort_by_key(|(_, event)| event.at_us);
        for (agent, event) in events {
            let memory = model::memory(&agent, &self.plan.session);
            let receipt = Receipt::of(event.id.as_str());
            let body = self.record.body(&event.event);
            self.reader.received(&memory, receipt.with_body(body));
        }
        self.reader.drained();
        self.actor.drained();
    }
}
