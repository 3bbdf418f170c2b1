//! The plan of a run: clients, and what each of them does. All randomness of the clients is
//! drawn here.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;

use super::agents::{PLANNER, WORKER};
use super::settings::{ClientGroup, ClientKind, RuntimeScenario, Timing};
use super::wire::{AgentId, AgentType, ClientId, Effort, Task};
use crate::driver::{Planner, Tenant};

/// Time that is allowed for each request beyond its effort.
const REQUEST_TIME: Duration = Duration::from_secs(1);

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
}

/// Every client of a run, in order of declaration, one user after the other.
#[derive(Debug)]
pub(super) struct Plan {
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
        Self { clients }
    }

    /// Returns the longest time that the script of one client takes.
    pub(super) fn longest_work(&self) -> Duration {
        let of_client = |client: &PlannedClient| match &client.script {
            Script::Requests(requests) => requests.iter().map(longest).sum(),
            Script::Events(events) => {
                let waits = events.iter().map(|event| event.wait + REQUEST_TIME);
                waits.sum()
            }
            Script::Visits(visits) => {
                let waits = visits.iter();
                waits.map(|visit| visit.wait + visit.stay + REQUEST_TIME).sum()
            }
            Script::Listens => Duration::ZERO,
        };
        self.clients.iter().map(of_client).max().unwrap_or_default()
    }
}

fn longest(request: &PlannedRequest) -> Duration {
    let (Task::Work(effort) | Task::Delegate { effort, .. }) = request.task;
    let step = Duration::from_millis(effort.step_ms.into());
    request.wait + step * effort.steps + REQUEST_TIME
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
                    let request = || self.request(WORKER, timing, |effort| Task::Work(effort), effort);
                    Script::Requests((0..timing.messages).map(|_| request()).collect())
                }
                ClientKind::Delegator {
                    timing,
                    effort,
                    depth,
                    width,
                } => {
                    let task = |effort| Task::Delegate {
                        depth,
                        width,
                        effort,
                    };
                    let request = || self.request(PLANNER, timing, task, effort);
                    Script::Requests((0..timing.messages).map(|_| request()).collect())
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

    fn request(
        &self,
        kind: &str,
        timing: Timing,
        task: impl Fn(Effort) -> Task,
        effort: super::settings::Effort,
    ) -> PlannedRequest {
        let step = self.time("effort", effort.step);
        PlannedRequest {
            wait: self.time("delay", timing.delay),
            to: AgentId {
                name: self.agent().to_string().into(),
                kind: AgentType::from(kind),
                namespace: self.namespace(),
            },
            task: task(Effort {
                steps: effort.steps,
                step_ms: u32::try_from(step.as_millis()).expect("less than 2^32 ms"),
            }),
            cancel_after: timing
                .cancel_within
                .map(|longest| self.time("cancel", longest)),
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
