//! The plan of a run: clients, and what each of them does. All randomness of the clients is
//! drawn here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;

use super::agents::{LIBRARIAN, OPERATOR, PLANNER, SCRIBE, WORKER};
use super::host::{RunKey, WINDOW};
use super::settings::{ClientGroup, ClientKind, RuntimeScenario, Timing, ToolName};
use super::tools::Tool;
use super::wire::{AgentId, AgentType, ClientId, Effort, MemoryKind, Task};
use crate::driver::{Planner, Tenant};

/// Time that is allowed for each request beyond its effort.
const REQUEST_TIME: Duration = Duration::from_secs(1);

/// Time that is allowed for each tool call beyond its run.
const TOOL_TIME: Duration = Duration::from_secs(5);

/// The topics that are remembered.
const TOPICS: u32 = 4;

/// One client.
#[derive(Clone, Debug)]
pub(super) struct PlannedClient {
    pub(super) id: ClientId,
    pub(super) namespace: Arc<str>,
    pub(super) secret: Arc<str>,
    pub(super) script: Script,
}

/// The work of a client.
#[derive(Clone, Debug)]
pub(super) enum Script {
    Requests(Vec<PlannedRequest>),
    Events(Vec<PlannedEvent>),
    Visits(Vec<PlannedVisit>),
    /// Tries to connect as another client, after each of these times.
    Forges(Vec<Duration>),
    /// Subscribes, and receives what comes.
    Listens,
}

impl Script {
    /// Returns `true` if the client comes and goes.
    pub(super) fn is_visiting(&self) -> bool {
        matches!(self, Self::Visits(_))
    }

    /// Returns `true` if the client subscribes before the work starts, until it leaves.
    pub(super) fn stays_subscribed(&self) -> bool {
        matches!(self, Self::Events(_) | Self::Listens)
    }
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedEvent {
    /// The time before it.
    pub(super) wait: Duration,
}

/// One visit to a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedVisit {
    /// The time before it.
    pub(super) wait: Duration,
    pub(super) stay: Duration,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct PlannedRequest {
    /// The time before it.
    pub(super) wait: Duration,
    pub(super) to: AgentId,
    pub(super) task: Task,
    pub(super) cancel_after: Option<Duration>,
    /// The time after which the caller gives up.
    pub(super) timeout: Option<Duration>,
}

/// Every client of a run, in order of declaration, one user after the other.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) key: RunKey,
    pub(super) clients: Vec<PlannedClient>,
}

impl Plan {
    /// Draws secrets, addressees and times.
    pub(super) fn draw(scenario: &RuntimeScenario, planner: &mut Planner) -> Self {
        let mut clients = Vec::new();
        let mut numbers = (1..).map(ClientId);
        for _ in 0..scenario.runtime.users {
            let tenant = planner.tenant();
            let groups = scenario.clients.iter();
            let groups = groups.flat_map(|group| (0..group.count).map(move |_| group));
            for (group, id) in groups.zip(&mut numbers) {
                let draft = Draft {
                    world: planner.world(),
                    agents: scenario.runtime.agents,
                    id,
                    tenant: &tenant,
                };
                clients.push(draft.client(group));
            }
        }
        let world = planner.world();
        let key = RunKey(world.draw(world.site("run key"), u32::MAX));
        Self { key, clients }
    }

    /// Returns every namespace, once.
    pub(super) fn namespaces(&self) -> Vec<Arc<str>> {
        let clients = self.clients.iter();
        let namespaces = clients.map(|client| Arc::clone(&client.namespace));
        namespaces.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns the longest time that the script of one client takes, if all workers together
    /// may call the model so often in a minute.
    pub(super) fn longest_work(&self, model_calls: u32) -> Duration {
        let of_client = |client: &PlannedClient| match &client.script {
            Script::Requests(requests) => requests.iter().map(longest).sum(),
            Script::Events(events) => {
                let waits = events.iter().map(|event| event.wait + REQUEST_TIME);
                waits.sum()
            }
            Script::Visits(visits) => {
                let waits = visits.iter();
                waits
                    .map(|visit| visit.wait + visit.stay + REQUEST_TIME)
                    .sum()
            }
            Script::Forges(waits) => waits.iter().map(|wait| *wait + REQUEST_TIME).sum(),
            Script::Listens => Duration::ZERO,
        };
        let longest: Duration = self.clients.iter().map(of_client).max().unwrap_or_default();
        longest + self.longest_wait(model_calls)
    }

    /// Returns the time after which every call of the model has been allowed.
    fn longest_wait(&self, model_calls: u32) -> Duration {
        let of_client = |client: &PlannedClient| match &client.script {
            Script::Requests(requests) => requests.len(),
            _ => 0,
        };
        let requests: usize = self.clients.iter().map(of_client).sum();
        let requests = u32::try_from(requests).expect("fewer than 2^32 requests");
        requests
            .checked_div(model_calls)
            .map_or(Duration::ZERO, |minutes| WINDOW * (minutes + 1))
    }
}

fn longest(request: &PlannedRequest) -> Duration {
    let work = match request.task {
        Task::Work(effort) | Task::Delegate { effort, .. } => {
            Duration::from_millis(effort.step_ms.into()) * effort.steps
        }
        Task::UseTools { calls, tool } => {
            let (Tool::Search { time_ms } | Tool::Code { time_ms, .. }) = tool;
            (Duration::from_millis(time_ms.into()) + TOOL_TIME) * calls
        }
        Task::Converse { .. } => TOOL_TIME,
        Task::Remember { .. } | Task::Recall { .. } => Duration::ZERO,
    };
    request.wait + work + REQUEST_TIME
}

/// A client whose script is being drawn.
struct Draft<'a> {
    world: World,
    agents: u32,
    id: ClientId,
    tenant: &'a Tenant,
}

impl Draft<'_> {
    fn client(&self, group: &ClientGroup) -> PlannedClient {
        PlannedClient {
            id: self.id,
            namespace: self.namespace(),
            secret: Arc::clone(&self.tenant.secret),
            script: match group.kind {
                ClientKind::Caller { timing, effort } => {
                    let request = || {
                        let task = Task::Work(self.effort(effort));
                        self.request(WORKER, timing, task)
                    };
                    Script::Requests((0..timing.messages).map(|_| request()).collect())
                }
                ClientKind::Delegator {
                    timing,
                    effort,
                    depth,
                    width,
                } => {
                    let request = || {
                        let task = Task::Delegate {
                            depth,
                            width,
                            effort: self.effort(effort),
                        };
                        self.request(PLANNER, timing, task)
                    };
                    Script::Requests((0..timing.messages).map(|_| request()).collect())
                }
                ClientKind::ToolUser {
                    timing,
                    calls,
                    tool,
                    run,
                    deaths,
                } => {
                    let request = || {
                        let tool = self.tool(tool, run, deaths);
                        self.request(OPERATOR, timing, Task::UseTools { calls, tool })
                    };
                    Script::Requests((0..timing.messages).map(|_| request()).collect())
                }
                ClientKind::Speaker { timing, run } => {
                    let request = || {
                        let tool = self.tool(ToolName::Search, run, 0);
                        self.request(SCRIBE, timing, Task::Converse { tool })
                    };
                    Script::Requests((0..timing.messages).map(|_| request()).collect())
                }
                ClientKind::Learner { timing } => {
                    let request = |number| self.request(LIBRARIAN, timing, self.memory(number));
                    Script::Requests((0..timing.messages).map(request).collect())
                }
                ClientKind::Impostor { timing } => {
                    let wait = |_| self.time("delay", timing.delay);
                    Script::Forges((0..timing.messages).map(wait).collect())
                }
                ClientKind::Publisher { timing } => {
                    let event = |_| PlannedEvent {
                        wait: self.time("delay", timing.delay),
                    };
                    Script::Events((0..timing.messages).map(event).collect())
                }
                ClientKind::Subscriber => Script::Listens,
                ClientKind::Visitor { timing, stay } => {
                    let visit = |_| PlannedVisit {
                        wait: self.time("delay", timing.delay),
                        stay: self.time("stay", stay),
                    };
                    Script::Visits((0..timing.messages).map(visit).collect())
                }
            },
        }
    }

    fn namespace(&self) -> Arc<str> {
        self.tenant.user.to_string().into()
    }

    fn request(&self, kind: &str, timing: Timing, task: Task) -> PlannedRequest {
        PlannedRequest {
            wait: self.time("delay", timing.delay),
            to: AgentId {
                name: self.agent().to_string().into(),
                kind: AgentType::from(kind),
                namespace: self.namespace(),
            },
            task,
            cancel_after: timing
                .cancel_within
                .map(|longest| self.time("cancel", longest)),
            timeout: timing.timeout,
        }
    }

    fn effort(&self, effort: super::settings::Effort) -> Effort {
        let step = self.time("effort", effort.step);
        Effort {
            steps: effort.steps,
            step_ms: milliseconds(step),
        }
    }

    fn tool(&self, tool: ToolName, run: Duration, deaths: u32) -> Tool {
        let time_ms = milliseconds(self.time("run", run));
        match tool {
            ToolName::Search => Tool::Search { time_ms },
            ToolName::Code => {
                let site = self.world.site(&format!("deaths {}", self.id));
                let deaths = self.world.draw(site, deaths + 1);
                Tool::Code { time_ms, deaths }
            }
        }
    }

    /// Draws what is remembered, and after each text what is recalled.
    fn memory(&self, number: u32) -> Task {
        let site = self.world.site(&format!("memory {}", self.id));
        let topic = self.world.draw(site, TOPICS).into();
        if number % 2 == 1 {
            return Task::Recall { topic };
        }
        let quality = self.world.draw(site, 101);
        let kinds = [MemoryKind::Text, MemoryKind::Entity, MemoryKind::External];
        let kind = kinds[self.world.draw(site, 3) as usize];
        Task::Remember {
            topic,
            quality,
            kind,
        }
    }

    /// Draws the number of the agent that is asked.
    fn agent(&self) -> u32 {
        let site = self.world.site(&format!("agent {}", self.id));
        self.world.draw(site, self.agents) + 1
    }

    fn time(&self, what: &str, longest: Duration) -> Duration {
        let site = self.world.site(&format!("{what} {}", self.id));
        self.world.draw_duration(site, Duration::ZERO, longest)
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).expect("less than 2^32 ms")
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::Config;

    use super::super::settings::{ContextSettings, RuntimeSettings, ToolSettings};
    use super::*;
    use crate::driver;
    use crate::record::Recorder;
    use crate::spec::FaultPlan;

    fn plan(kind: ClientKind) -> Plan {
        let scenario = RuntimeScenario {
            runtime: RuntimeSettings {
                users: 2,
                agents: 3,
                ..RuntimeSettings::default()
            },
            tools: ToolSettings::default(),
            context: ContextSettings::default(),
            clients: vec![ClientGroup { kind, count: 2 }],
        };
        let outcome = rehearsal_sim::run(Config::default(), |world| async move {
            let mut plan = None;
            driver::run(world, &FaultPlan::default(), Recorder::new(), |planner| {
                plan = Some(Plan::draw(&scenario, planner));
                driver::Deployment::new()
            })
            .await;
            plan
        });
        outcome.value.flatten().expect("a plan")
    }

    const TIMING: Timing = Timing {
        messages: 20,
        delay: Duration::from_millis(5),
        cancel_within: Some(Duration::from_millis(9)),
        timeout: None,
    };

    fn requests(client: &PlannedClient) -> &[PlannedRequest] {
        match &client.script {
            Script::Requests(requests) => requests,
            other => panic!("no requests: {other:?}"),
        }
    }

    #[test]
    fn requests_go_to_agents_of_the_own_namespace() {
        let effort = super::super::settings::Effort {
            steps: 2,
            step: Duration::from_millis(7),
        };
        let plan = plan(ClientKind::Caller {
            timing: TIMING,
            effort,
        });
        assert_eq!(plan.clients.len(), 4);
        assert_eq!(plan.namespaces().len(), 2);
        for client in &plan.clients {
            assert_eq!(requests(client).len(), 20);
            for request in requests(client) {
                assert_eq!(request.to.namespace, client.namespace);
                assert!(["1", "2", "3"].contains(&&*request.to.name), "{request:?}");
                assert!(request.wait <= TIMING.delay);
                assert!(request.cancel_after <= TIMING.cancel_within);
            }
        }
        let ids: BTreeSet<ClientId> = plan.clients.iter().map(|client| client.id).collect();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn learners_recall_after_each_text() {
        let plan = plan(ClientKind::Learner { timing: TIMING });
        for pair in requests(&plan.clients[0]).chunks(2) {
            let tasks = [&pair[0].task, &pair[1].task];
            assert!(
                matches!(tasks, [Task::Remember { .. }, Task::Recall { .. }]),
                "{tasks:?}"
            );
        }
    }
}
