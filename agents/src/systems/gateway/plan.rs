//! The plan of a run: agents, users, and everything random about them, drawn before the run
//! starts.

use std::collections::BTreeSet;
use std::time::Duration;

use hyper::StatusCode;
use rehearsal_sim::World;

use super::agent::script_name;
use super::ids::{AgentName, SessionId, TurnId};
use super::participants::{AgentSettings, ChatSettings};
use super::proxy::Transients;
use super::settings::{GatewayScenario, StartOrder};
use crate::driver::Planner;
use crate::model_service::ModelService;
use crate::scripted_model::{Script, ScriptedModel};

/// The numbers of refused attempts that are drawn; the chats take them in turn.
const BUSY_DRAWS: u32 = 8;

/// Time that is allowed for each user beyond its waiting times.
const SLACK: Duration = Duration::from_secs(10);

/// An agent that is deployed.
#[derive(Clone, Debug)]
pub(super) struct PlannedAgent {
    pub(super) name: AgentName,
    pub(super) description: String,
    pub(super) access: Vec<AgentName>,
    /// The time from the boot of its host to the end of its start; none for one that never
    /// starts.
    pub(super) startup: Option<Duration>,
    /// The beginning of the ids of its tasks.
    pub(super) task_prefix: String,
}

impl PlannedAgent {
    pub(super) fn is_coordinator(&self) -> bool {
        !self.access.is_empty()
    }
}

/// A user, with its session.
#[derive(Clone, Debug)]
pub(super) struct PlannedUser {
    pub(super) name: String,
    pub(super) session: SessionId,
    pub(super) chats: Vec<PlannedChat>,
}

/// A chat of one user.
#[derive(Clone, Debug)]
pub(super) struct PlannedChat {
    pub(super) id: TurnId,
    pub(super) to: AgentName,
    pub(super) delegates_to: Option<AgentName>,
    pub(super) remembered_by: AgentName,
    /// The id of the task, which occurs in no other chat.
    pub(super) task: String,
    pub(super) settings: ChatSettings,
}

impl PlannedChat {
    pub(super) fn prompt(&self) -> String {
        format!("Please process task {}", self.task)
    }
}

/// Everything about a run that is drawn.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) agents: Vec<PlannedAgent>,
    pub(super) users: Vec<PlannedUser>,
    pub(super) transients: Transients,
    pub(super) model: ModelService,
}

/// The names of agents by their keys.
#[derive(Clone, Debug)]
pub(super) struct Names<'a> {
    agents: &'a [AgentSettings],
    suffix: &'a str,
}

impl<'a> Names<'a> {
    pub(super) fn new(scenario: &'a GatewayScenario) -> Self {
        Self {
            agents: &scenario.agents,
            suffix: &scenario.deployment.suffix,
        }
    }

    /// Returns the name of an agent. A key that no agent has is the name of none.
    pub(super) fn of(&self, key: &str) -> AgentName {
        let agent = self.agents.iter().find(|agent| agent.key == key);
        let name = agent.map_or(key, |agent| &agent.name);
        format!("{name}{}", self.suffix).into()
    }

    /// Returns the text with each `{KEY}` replaced by the name.
    pub(super) fn fill(&self, text: &str) -> String {
        let fill = |text: String, agent: &AgentSettings| {
            let name = self.of(&agent.key);
            text.replace(&format!("{{{}}}", agent.key), name.as_str())
        };
        self.agents.iter().fold(text.to_owned(), fill)
    }
}

impl Plan {
    /// Draws start-up times, tasks and transient failures.
    pub(super) fn draw(scenario: &GatewayScenario, planner: &mut Planner) -> Self {
        let world = planner.world();
        let names = Names::new(scenario);
        let users: Vec<PlannedUser> = (1..=scenario.deployment.users)
            .map(|number| draw_user(scenario, &names, world, number))
            .collect();
        Self {
            agents: draw_agents(scenario, &names, world),
            transients: draw_transients(scenario, &names, world),
            model: model(scenario, &names, &users),
            users,
        }
    }

    /// Returns the names of all agents.
    pub(super) fn roster(&self) -> BTreeSet<AgentName> {
        self.agents.iter().map(|agent| agent.name.clone()).collect()
    }
}

/// Returns the longest time that a user takes.
pub(super) fn longest_work(scenario: &GatewayScenario) -> Duration {
    let requests = |count: usize| u32::try_from(count).expect("fewer than 2^32 chats");
    let agents = requests(scenario.agents.len());
    let chats = requests(scenario.chats.len());
    let client = &scenario.client;
    let call = client.timeout + client.backoff.saturating_mul(client.attempts);
    let readiness = scenario.deployment.timeout.saturating_mul(agents);
    readiness + call.saturating_mul(chats + agents) + SLACK
}

fn draw_agents(scenario: &GatewayScenario, names: &Names<'_>, world: World) -> Vec<PlannedAgent> {
    let deployment = &scenario.deployment;
    let is_deployed =
        |key: &String| deployment.deploy.is_empty() || deployment.deploy.contains(key);
    let draw = |agent: &AgentSettings| {
        let site = |what: &str| world.site(&format!("{what} of {}", agent.key));
        let (from, to) = (agent.startup.from, agent.startup.to);
        let startup = world.draw_duration(site("start"), from, to);
        let token = world.draw(site("tasks"), u32::MAX);
        PlannedAgent {
            name: names.of(&agent.key),
            description: agent.description.clone(),
            access: agent.access.iter().map(|key| names.of(key)).collect(),
            startup: (is_deployed(&agent.key) && !agent.never_starts).then_some(startup),
            task_prefix: format!("task-{token:08x}"),
        }
    };
    let mut agents: Vec<PlannedAgent> = scenario.agents.iter().map(draw).collect();
    delay_second(deployment.order, &mut agents);
    agents
}

/// Starts the agents that come second after the last of those that come first.
fn delay_second(order: StartOrder, agents: &mut [PlannedAgent]) {
    let coordinators_second = match order {
        StartOrder::Drawn => return,
        StartOrder::WorkersFirst => true,
        StartOrder::CoordinatorFirst => false,
    };
    let is_second = |agent: &PlannedAgent| agent.is_coordinator() == coordinators_second;
    let first = agents.iter().filter(|agent| !is_second(agent));
    let last_of_first = first.filter_map(|agent| agent.startup).max();
    let delay = last_of_first.unwrap_or_default();
    for agent in agents.iter_mut().filter(|agent| is_second(agent)) {
        agent.startup = agent.startup.map(|startup| startup + delay);
    }
}

fn draw_user(
    scenario: &GatewayScenario,
    names: &Names<'_>,
    world: World,
    number: u32,
) -> PlannedUser {
    let chat = |(index, chat): (u32, &ChatSettings)| {
        let token = world.draw(
            world.site(&format!("task {index} of user {number}")),
            u32::MAX,
        );
        PlannedChat {
            id: format!("request-{number}-{index}").into(),
            to: names.of(&chat.to),
            delegates_to: chat.delegates_to.as_ref().map(|key| names.of(key)),
            remembered_by: names.of(chat.expect.remembered_by.as_ref().unwrap_or(&chat.to)),
            task: format!("{}_{token:08x}", chat.task),
            settings: chat.clone(),
        }
    };
    PlannedUser {
        name: format!("client-{number}"),
        session: format!("session-{number}").into(),
        chats: (1..).zip(&scenario.chats).map(chat).collect(),
    }
}

fn draw_transients(scenario: &GatewayScenario, names: &Names<'_>, world: World) -> Transients {
    let gateway = &scenario.gateway;
    let between = |site: String, least: u32, most: u32| {
        let spread = most.saturating_sub(least).saturating_add(1);
        least + world.draw(world.site(&site), spread)
    };
    let unready = |agent: &AgentSettings| {
        let site = format!("refusals of {}", agent.key);
        let (least, most) = (gateway.unready_at_least, gateway.unready);
        (names.of(&agent.key), between(site, least, most))
    };
    let busy = |number| {
        let site = format!("refusals {number}");
        between(site, gateway.busy_at_least, gateway.busy)
    };
    let status = u16::try_from(gateway.transient_status).ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    Transients {
        unready: scenario.agents.iter().map(unready).collect(),
        busy: (0..BUSY_DRAWS).map(busy).collect(),
        status: status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Returns the model with a script for each agent and session.
fn model(scenario: &GatewayScenario, names: &Names<'_>, users: &[PlannedUser]) -> ModelService {
    let mut model = ScriptedModel::new();
    for user in users {
        for agent in &scenario.agents {
            let outputs = agent.outputs.iter().map(|output| {
                let tasks = (1..).zip(&user.chats);
                tasks.fold(names.fill(output), |text, (number, chat): (u32, _)| {
                    text.replace(&format!("{{task-{number}}}"), &chat.task)
                })
            });
            let script = Script::new(outputs).each_after(agent.service);
            model = model.with(script_name(&names.of(&agent.key), &user.session), script);
        }
    }
    ModelService::new(model)
}
