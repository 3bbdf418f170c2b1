//! The plan of a run: agents, testers, tasks and workers, and everything random about them.

use std::time::Duration;

use rehearsal_sim::World;

use super::settings::{AgentGroup, AgentKind, StoreScenario, TaskSettings};
use super::state::{Task, TaskId};
use super::wire::{ClientId, TeamId};
use crate::driver::Planner;

/// Time that is allowed for each operation beyond its waiting time.
const OPERATION_TIME: Duration = Duration::from_secs(1);

/// The key of the counter that testers share.
pub(super) const TESTS_RUN: &str = "total-tests-run";

/// The key of the list that testers share.
pub(super) const TEST_RESULTS: &str = "test-results";

/// One agent.
#[derive(Clone, Debug)]
pub(super) struct PlannedAgent {
    pub(super) id: ClientId,
    pub(super) team: TeamId,
    /// The number of the replica at which it reads; none without replicas.
    pub(super) replica: Option<u32>,
    pub(super) steps: Vec<Step>,
}

/// One operation of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// The time before it.
    pub(super) wait: Duration,
    pub(super) action: Action,
}

/// An operation of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Set {
        key: String,
        value: String,
    },
    Get {
        key: String,
    },
    Increment {
        key: String,
    },
    Count {
        key: String,
    },
    Append {
        key: String,
        value: String,
    },
    List {
        key: String,
    },
    Contribute {
        test_case: String,
        edge_case: String,
    },
    Revise(Turn),
    Curate(Replacement),
}

/// The number of effects of a turn.
pub(super) const EFFECTS: usize = 3;

/// One turn of a reviser: it reads, works for a while, writes, and has effects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Turn {
    /// The number of the turn among those of its agent, from 1.
    pub(super) number: u32,
    pub(super) document: String,
    /// The text that it writes.
    pub(super) value: String,
    /// The time from its reads to its write.
    pub(super) effort: Duration,
    /// The time that each effect takes to prepare, in the order of the plan.
    pub(super) preparation: [Duration; EFFECTS],
}

/// The next statement and the next tool of a curator, in the place of the last ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Replacement {
    pub(super) statement: String,
    pub(super) tool: String,
    /// The tool that is withdrawn, if this is not the first.
    pub(super) old_tool: Option<String>,
}

/// The attempts of a turn before it is given up.
pub(super) const ATTEMPTS_MAX: u32 = 8;

/// One tester.
#[derive(Clone, Debug)]
pub(super) struct PlannedTester {
    /// Its name, which is that of its host.
    pub(super) id: ClientId,
    pub(super) team: TeamId,
    /// The time before each test.
    pub(super) waits: Vec<Duration>,
}

/// The tasks of one team, and its workers.
#[derive(Clone, Debug)]
pub(super) struct PlannedTasks {
    pub(super) team: TeamId,
    pub(super) submitter: ClientId,
    pub(super) tasks: Vec<Task>,
    /// The names of the workers, which are those of their hosts.
    pub(super) workers: Vec<String>,
}

/// The sums that the store must show at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Expected {
    /// Pairs of a count and a result.
    pub(super) tests: u32,
    /// Increments by counters.
    pub(super) increments: u32,
}

/// Every user of a run, one team after the other.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) teams: Vec<TeamId>,
    pub(super) agents: Vec<PlannedAgent>,
    pub(super) testers: Vec<PlannedTester>,
    pub(super) tasks: Vec<PlannedTasks>,
}

impl Plan {
    /// Draws keys, waiting times and efforts.
    pub(super) fn draw(scenario: &StoreScenario, planner: &mut Planner) -> Self {
        let world = planner.world();
        let teams: Vec<TeamId> = (1..=scenario.store.teams).map(TeamId).collect();
        let mut plan = Self {
            teams: teams.clone(),
            agents: Vec::new(),
            testers: Vec::new(),
            tasks: Vec::new(),
        };
        let (mut agents, mut workers) = (1_u32.., 1_u32..);
        for team in teams {
            let groups = scenario.agents.iter();
            let groups = groups.flat_map(|group| (0..group.count).map(move |_| group));
            for (group, number) in groups.zip(&mut agents) {
                let replicas = scenario.store.replicas;
                let replica = number.checked_rem(replicas).map(|index| index + 1);
                let draft = Draft::new(world, group, team, number);
                match group.kind {
                    AgentKind::Tester => plan.testers.push(draft.tester()),
                    _ => plan.agents.push(draft.agent(replica)),
                }
            }
            if let Some(settings) = &scenario.tasks {
                let names = (0..settings.workers).zip(&mut workers);
                let workers = names.map(|(_, number)| format!("worker-{number}"));
                let workers = workers.collect();
                plan.tasks.push(tasks(world, settings, team, workers));
            }
        }
        plan
    }

    /// Returns the sums that a team's keys must show at the end.
    pub(super) fn expected(&self, team: TeamId) -> Expected {
        let agents = self.agents.iter().filter(|agent| agent.team == team);
        let steps = agents.flat_map(|agent| &agent.steps);
        let increments = steps.filter(|step| matches!(step.action, Action::Increment { .. }));
        let testers = self.testers.iter().filter(|tester| tester.team == team);
        let tests = testers.map(|tester| tester.waits.len()).sum();
        let number = |count: usize| u32::try_from(count).expect("fewer than 2^32 operations");
        Expected {
            tests: number(tests),
            increments: number(increments.count()),
        }
    }

    /// Returns the longest time that the work of one agent or of the workers takes.
    pub(super) fn longest_work(&self, lease: Duration) -> Duration {
        let of_step = |step: &Step| match &step.action {
            Action::Revise(turn) => {
                let attempt = turn.effort + 4 * OPERATION_TIME;
                let effects = turn.preparation.iter().sum::<Duration>() + 3 * OPERATION_TIME;
                step.wait + ATTEMPTS_MAX * attempt + effects
            }
            Action::Curate(_) => step.wait + 4 * OPERATION_TIME,
            _ => step.wait + OPERATION_TIME,
        };
        let of_agent = |agent: &PlannedAgent| agent.steps.iter().map(of_step).sum();
        let of_task =
            |task: &Task| Duration::from_millis(task.effort_ms.into()) + lease + OPERATION_TIME;
        let of_tasks = |tasks: &PlannedTasks| tasks.tasks.iter().map(of_task).sum();
        // A pair of writes, before and after a crash.
        let of_wait = |wait: &Duration| *wait + 4 * OPERATION_TIME;
        let of_tester = |tester: &PlannedTester| tester.waits.iter().map(of_wait).sum();
        let agents = self.agents.iter().map(of_agent);
        let testers = self.testers.iter().map(of_tester);
        let tasks = self.tasks.iter().map(of_tasks);
        agents.chain(testers).chain(tasks).max().unwrap_or_default()
    }
}

/// An agent whose steps are being drawn.
struct Draft<'a> {
    world: World,
    group: &'a AgentGroup,
    team: TeamId,
    name: String,
}

impl<'a> Draft<'a> {
    fn new(world: World, group: &'a AgentGroup, team: TeamId, number: u32) -> Self {
        let noun = match group.kind {
            AgentKind::Tester => "tester",
            _ => "agent",
        };
        Self {
            world,
            group,
            team,
            name: format!("{noun}-{number}"),
        }
    }

    fn agent(self, replica: Option<u32>) -> PlannedAgent {
        let steps = (1..=self.group.operations).filter_map(|number| self.step(number));
        let mut steps: Vec<Step> = steps.collect();
        steps.extend(self.last_steps());
        PlannedAgent {
            id: ClientId(self.name),
            team: self.team,
            replica,
            steps,
        }
    }

    fn tester(self) -> PlannedTester {
        let waits = (0..self.group.operations).map(|_| self.wait()).collect();
        PlannedTester {
            id: ClientId(self.name),
            team: self.team,
            waits,
        }
    }

    fn wait(&self) -> Duration {
        let site = self.world.site(&format!("delay {}", self.name));
        let delay = self.group.delay;
        self.world.draw_duration(site, Duration::ZERO, delay)
    }

    /// Returns an operation; none for a tester, which has pairs of them.
    fn step(&self, number: u32) -> Option<Step> {
        let value = format!("{}:{number}", self.name);
        let action = match self.group.kind {
            AgentKind::Writer => {
                let key = self.key("value");
                match self.choose("operation", 2) {
                    0 => Action::Set { key, value },
                    _ => Action::Get { key },
                }
            }
            AgentKind::Counter => Action::Increment {
                key: self.key("counter"),
            },
            AgentKind::Appender => Action::Append {
                key: self.key("list"),
                value,
            },
            AgentKind::Contributor => Action::Contribute {
                test_case: value,
                edge_case: self.key("edge-case"),
            },
            AgentKind::Reviser => Action::Revise(self.turn(number, value)),
            AgentKind::Curator => {
                let tool = |number: u32| format!("tool-{number} of {}", self.name);
                Action::Curate(Replacement {
                    statement: value,
                    tool: tool(number),
                    old_tool: number.checked_sub(1).filter(|old| *old > 0).map(tool),
                })
            }
            AgentKind::Tester => return None,
        };
        let wait = self.wait();
        Some(Step { wait, action })
    }

    fn turn(&self, number: u32, value: String) -> Turn {
        Turn {
            number,
            document: self.key("document"),
            value,
            effort: self.wait(),
            preparation: std::array::from_fn(|_| self.wait()),
        }
    }

    /// Returns the reads with which an agent ends.
    fn last_steps(&self) -> Vec<Step> {
        let keys = |noun: &'static str| (1..=self.group.keys).map(move |key| name(noun, key));
        let actions: Vec<Action> = match self.group.kind {
            AgentKind::Writer => keys("value").map(|key| Action::Get { key }).collect(),
            AgentKind::Counter => keys("counter").map(|key| Action::Count { key }).collect(),
            AgentKind::Appender => keys("list").map(|key| Action::List { key }).collect(),
            AgentKind::Reviser => keys("document").map(|key| Action::Get { key }).collect(),
            AgentKind::Contributor | AgentKind::Tester | AgentKind::Curator => Vec::new(),
        };
        let step = |action| Step {
            wait: Duration::ZERO,
            action,
        };
        actions.into_iter().map(step).collect()
    }

    fn key(&self, noun: &'static str) -> String {
        name(noun, self.choose("key", self.group.keys) + 1)
    }

    fn choose(&self, what: &str, count: u32) -> u32 {
        let site = self.world.site(&format!("{what} {}", self.name));
        self.world.draw(site, count)
    }
}

/// Returns the name of a key.
pub(super) fn name(noun: &'static str, number: u32) -> String {
    format!("{noun}-{number}")
}

fn tasks(
    world: World,
    settings: &TaskSettings,
    team: TeamId,
    workers: Vec<String>,
) -> PlannedTasks {
    let site = world.site(&format!("efforts of {team}"));
    let task = |number| {
        let effort = world.draw_duration(site, Duration::ZERO, settings.effort);
        Task {
            id: TaskId(number),
            effort_ms: u32::try_from(effort.as_millis()).expect("less than 2^32 ms"),
        }
    };
    PlannedTasks {
        team,
        submitter: ClientId(format!("submitter-{}", team.0)),
        tasks: (1..=settings.count).map(task).collect(),
        workers,
    }
}
