//! The plan: tenants, agents and start times, drawn before anything starts and in
//! order of declaration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;

use super::numbering::Numbering;
use crate::agent::{self, Agent, Delays, PlannedRun};
use crate::event::{AgentName, ClientId, RunId, ThreadId, UserId};
use crate::port::RunContext;
use crate::record::Recorder;
use crate::record::recorder::shared;
use crate::spec::{AgentGroup, ThreadPolicy};

/// A user with its thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tenant {
    /// The user.
    pub user: UserId,
    /// The user's thread.
    pub thread: ThreadId,
    /// The canary: it may appear in front of no other user.
    pub secret: Arc<str>,
    /// The proof that a client speaks for the user.
    pub token: String,
}

/// The time at which an agent's random delays are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DelaySource {
    /// Each when the agent comes to it.
    DuringRun,
    /// All with the plan: the agent will run where nothing can be drawn.
    #[cfg_attr(
        not(feature = "systems"),
        expect(dead_code, reason = "only systems of this crate run elsewhere")
    )]
    BeforeRun,
}

/// Draws the plan of a run and gives out its ids.
#[derive(Debug)]
pub struct Planner {
    world: World,
    recorder: Recorder,
    delays: DelaySource,
    tenants: Vec<Tenant>,
    numbering: Numbering,
    barriers: usize,
    names: BTreeMap<&'static str, u32>,
    shared: Option<Tenant>,
    own_agents: OwnAgents,
}

/// Agents of a user's own, by the kinds of mock agents whose place they take.
pub type OwnAgents = BTreeMap<&'static str, Arc<dyn Agent>>;

impl Planner {
    /// A planner that has drawn nothing.
    pub(crate) fn new(world: World, recorder: Recorder) -> Self {
        Self {
            world,
            recorder,
            delays: DelaySource::DuringRun,
            tenants: Vec::new(),
            numbering: Numbering::default(),
            barriers: 0,
            names: BTreeMap::new(),
            shared: None,
            own_agents: OwnAgents::new(),
        }
    }

    /// The same, which draws the agents' delays beforehand.
    #[cfg_attr(
        not(feature = "systems"),
        expect(dead_code, reason = "only systems of this crate run elsewhere")
    )]
    pub(crate) fn drawing_delays(mut self, delays: DelaySource) -> Self {
        self.delays = delays;
        self
    }

    /// The world, to draw from.
    pub fn world(&self) -> World {
        self.world
    }

    /// The history of the run.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Every tenant so far, in order.
    pub fn tenants(&self) -> &[Tenant] {
        &self.tenants
    }

    /// Plans the runs of a group of agents, with their threads and start times.
    pub fn group(&mut self, group: &AgentGroup) -> Vec<Arc<PlannedRun>> {
        let common = match group.thread {
            ThreadPolicy::Own => None,
            ThreadPolicy::Group => Some(self.tenant()),
            ThreadPolicy::Shared => {
                let shared = self.shared.take().unwrap_or_else(|| self.tenant());
                self.shared = Some(shared.clone());
                Some(shared)
            }
        };
        let script = self.agent(agent::script(&group.kind));
        let first_barrier = self.barriers;
        let size = script.barrier_size();
        let members: Vec<Arc<PlannedRun>> = (0..group.count)
            .map(|member| {
                let tenant = common.clone().unwrap_or_else(|| self.tenant());
                let barrier = size.map(|size| first_barrier + member as usize / size);
                let run = self.run(&script, &tenant, None, barrier);
                let start = self.start(&run.context.agent, group.start_within);
                Arc::new(PlannedRun { start, ..run })
            })
            .collect();
        if let Some(size) = size {
            self.barriers += members.len().div_ceil(size.get());
        }
        members
    }

    /// Plans a run and, under a supervisor, the runs below it. It starts at once.
    pub fn run(
        &mut self,
        script: &Arc<dyn Agent>,
        tenant: &Tenant,
        parent: Option<RunId>,
        barrier: Option<usize>,
    ) -> PlannedRun {
        let run = self.numbering.run(tenant.user);
        let agent = self.name(script.name());
        let delays = self.delays(&**script, &agent);
        let children = script.children();
        let children = children
            .iter()
            .map(|child| {
                let child = self.agent(Arc::clone(child));
                Arc::new(self.run(&child, tenant, Some(run), None))
            })
            .collect();
        PlannedRun {
            context: RunContext {
                run,
                thread: tenant.thread,
                user: tenant.user,
                parent,
                agent,
            },
            script: Arc::clone(script),
            secret: Arc::clone(&tenant.secret),
            start: Duration::ZERO,
            delays,
            barrier,
            children,
        }
    }

    /// Puts agents of a user's own in the place of mock agents.
    pub fn replace_agents(&mut self, agents: OwnAgents) {
        self.own_agents = agents;
    }

    /// Returns the agent that runs in the place of a mock agent: itself, unless there is one
    /// of the user's own.
    fn agent(&self, mock: Arc<dyn Agent>) -> Arc<dyn Agent> {
        let own = self.own_agents.get(mock.name());
        own.map_or(mock, Arc::clone)
    }

    /// `data-1`, `data-2`, … across all groups.
    fn name(&mut self, kind: &'static str) -> AgentName {
        let number = self.names.entry(kind).or_default();
        *number += 1;
        shared(format!("{kind}-{number}"))
    }

    fn delays(&self, script: &dyn Agent, agent: &str) -> Delays {
        let Some(delays) = script.random_delays() else {
            return Delays::None;
        };
        let site = self.world.site(&format!("delay {agent}"));
        match self.delays {
            DelaySource::DuringRun => Delays::Drawn(site),
            DelaySource::BeforeRun => {
                let least = Duration::ZERO;
                let draw = |_| self.world.draw_duration(site, least, delays.longest);
                Delays::Given((0..delays.count).map(draw).collect())
            }
        }
    }

    fn start(&self, agent: &str, within: Duration) -> Duration {
        if within.is_zero() {
            return Duration::ZERO;
        }
        let site = self.world.site(&format!("start {agent}"));
        self.world.draw_duration(site, Duration::ZERO, within)
    }

    /// Returns the id of the tenant's next client.
    pub fn client(&mut self, tenant: &Tenant) -> ClientId {
        self.numbering.client(tenant.user)
    }

    /// Adds a user with a thread, a secret and a token of its own.
    pub fn tenant(&mut self) -> Tenant {
        let (user, thread) = self.numbering.tenant();
        let site = self.world.site(&format!("secrets of {user}"));
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
        self.tenants.push(tenant.clone());
        tenant
    }
}
