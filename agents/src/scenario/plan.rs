//! The plan: who takes part, under which numbers, decided before anything
//! starts and in order of declaration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;

use crate::agent::{Delays, PlannedRun};
use crate::bridge::{Directory, RunContext};
use crate::client::Identity;
use crate::event::{AgentName, ClientId, RunId, ThreadId, UserId};
use crate::recorder::shared;
use crate::spec::{AgentGroup, AgentKind, BridgeSpec, ThreadPolicy};

/// Who takes part.
#[derive(Debug)]
pub(super) struct Plan {
    /// The runs that nobody starts but the director, in order.
    pub(super) runs: Vec<Arc<PlannedRun>>,
    pub(super) clients: Vec<Identity>,
    pub(super) directory: Arc<Directory>,
}

impl Plan {
    /// Draws what is to be drawn (start times, secrets) from the world.
    pub(super) fn new(world: World, spec: &BridgeSpec, delays: When) -> Self {
        let mut planner = Planner::new(world, delays);
        let runs = spec
            .agents
            .iter()
            .flat_map(|group| planner.group(group))
            .collect();
        Self {
            runs,
            clients: planner.clients(spec.clients.per_thread),
            directory: Arc::new(planner.directory),
        }
    }

    /// Every run, sub-agents included, by number.
    pub(super) fn all_runs(&self) -> BTreeMap<RunId, Arc<PlannedRun>> {
        self.runs
            .iter()
            .flat_map(PlannedRun::family)
            .map(|run| (run.id(), run))
            .collect()
    }

    /// The latest start of a run.
    pub(super) fn last_start(&self) -> Duration {
        let starts = self.runs.iter().map(|run| run.start);
        starts.max().unwrap_or_default()
    }

    /// The most levels of supervisors in a run.
    pub(super) fn levels(&self) -> u32 {
        let levels = self.runs.iter().map(|run| run.levels());
        levels.max().unwrap_or(1)
    }
}

/// When an agent's random delays are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// Each when the agent comes to it.
    OnTheWay,
    /// All with the plan: the agent will run where nothing can be drawn.
    Beforehand,
}

/// Gives out numbers.
struct Planner {
    world: World,
    delays: When,
    directory: Directory,
    tenants: Vec<Tenant>,
    runs: u32,
    parties: usize,
    names: BTreeMap<&'static str, u32>,
    shared: Option<Tenant>,
}

/// A user with its thread.
#[derive(Clone)]
struct Tenant {
    user: UserId,
    thread: ThreadId,
    secret: Arc<str>,
    token: String,
}

impl Planner {
    fn new(world: World, delays: When) -> Self {
        Self {
            world,
            delays,
            directory: Directory::new(),
            tenants: Vec::new(),
            runs: 0,
            parties: 0,
            names: BTreeMap::new(),
            shared: None,
        }
    }

    fn group(&mut self, group: &AgentGroup) -> Vec<Arc<PlannedRun>> {
        let policy = group.thread;
        let common = match policy {
            ThreadPolicy::Own => None,
            ThreadPolicy::Group => Some(self.tenant()),
            ThreadPolicy::Shared => {
                let shared = self.shared.take().unwrap_or_else(|| self.tenant());
                self.shared = Some(shared.clone());
                Some(shared)
            }
        };
        let first_party = self.parties;
        let size = party_size(&group.kind);
        let members: Vec<Arc<PlannedRun>> = (0..group.count)
            .map(|member| {
                let tenant = common.clone().unwrap_or_else(|| self.tenant());
                let party = size.map(|size| first_party + member as usize / size);
                let run = self.run(&group.kind, &tenant, None, party);
                let start = self.start(&run.context.agent, group.start_within);
                Arc::new(PlannedRun { start, ..run })
            })
            .collect();
        if let Some(size) = size {
            self.parties += members.len().div_ceil(size);
        }
        members
    }

    /// A run and, under a supervisor, the runs below it.
    fn run(
        &mut self,
        kind: &AgentKind,
        tenant: &Tenant,
        parent: Option<RunId>,
        party: Option<usize>,
    ) -> PlannedRun {
        self.runs += 1;
        let run = RunId(self.runs);
        let agent = self.name(kind);
        let delays = self.delays(kind, &agent);
        let children = match kind {
            AgentKind::Supervisor { children } => children.as_slice(),
            _ => &[],
        };
        let children = children
            .iter()
            .map(|child| Arc::new(self.run(child, tenant, Some(run), None)))
            .collect();
        PlannedRun {
            context: RunContext {
                run,
                thread: tenant.thread,
                user: tenant.user,
                parent,
                agent,
            },
            kind: kind.clone(),
            secret: Arc::clone(&tenant.secret),
            start: Duration::ZERO,
            delays,
            party,
            children,
        }
    }

    /// `data-1`, `data-2`, … across all groups.
    fn name(&mut self, kind: &AgentKind) -> AgentName {
        let number = self.names.entry(kind.name()).or_default();
        *number += 1;
        shared(format!("{}-{number}", kind.name()))
    }

    fn delays(&self, kind: &AgentKind, agent: &str) -> Delays {
        let AgentKind::Stress { events, delay } = kind else {
            return Delays::None;
        };
        let site = self.world.site_in("delay", agent);
        let draw = |_| self.world.draw_duration(site, Duration::ZERO, *delay);
        match self.delays {
            When::OnTheWay => Delays::Drawn(site),
            When::Beforehand => Delays::Given((0..*events).map(draw).collect()),
        }
    }

    fn start(&self, agent: &str, within: Duration) -> Duration {
        if within.is_zero() {
            return Duration::ZERO;
        }
        let site = self.world.site_in("start", agent);
        self.world.draw_duration(site, Duration::ZERO, within)
    }

    /// A new user with a thread, a secret and a token of its own.
    fn tenant(&mut self) -> Tenant {
        let number = u32::try_from(self.tenants.len()).unwrap_or(u32::MAX - 1) + 1;
        let (user, thread) = (UserId(number), ThreadId(number));
        let site = self.world.site_in("secrets of", user);
        let (secret, token) = (
            self.world.draw(site, u32::MAX),
            self.world.draw(site, u32::MAX),
        );
        let tenant = Tenant {
            user,
            thread,
            secret: shared(format!("canary-{user}-{secret:08x}")),
            token: format!("token-{user}-{token:08x}"),
        };
        self.directory.add_user(user, tenant.token.clone());
        self.directory.add_thread(thread, user);
        self.tenants.push(tenant.clone());
        tenant
    }

    fn clients(&self, per_thread: u32) -> Vec<Identity> {
        let seats = self
            .tenants
            .iter()
            .flat_map(|tenant| (0..per_thread).map(move |_| tenant));
        seats
            .zip(1..)
            .map(|(tenant, number)| Identity {
                client: ClientId(number),
                user: tenant.user,
                token: tenant.token.clone(),
                threads: vec![tenant.thread],
            })
            .collect()
    }
}

/// How many agents of that kind meet at one barrier.
fn party_size(kind: &AgentKind) -> Option<usize> {
    match kind {
        AgentKind::Collision { party } => Some(usize::try_from(*party).unwrap_or(1).max(1)),
        _ => None,
    }
}
