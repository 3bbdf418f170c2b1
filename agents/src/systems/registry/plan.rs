//! The plan of a run: users, and what each of them asks for. All randomness of the users is
//! drawn here.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::World;

use super::record::Secrets;
use super::service::{ClassSpec, Tokens};
use super::settings::{Interface, RegistryScenario, UserGroup};
use super::wire::UserContext;
use crate::driver::Planner;
use crate::event::UserId;

/// Time that is allowed for each agent beyond its own.
const AGENT_TIME: Duration = Duration::from_secs(5);

/// One user.
#[derive(Clone, Debug)]
pub(super) struct PlannedUser {
    pub(super) id: UserId,
    pub(super) token: String,
    /// A text that no other user may ever see.
    pub(super) secret: Arc<str>,
    /// Rest after each event that the user receives.
    pub(super) rest: Duration,
    /// Agents that the user has at once.
    pub(super) at_once: usize,
    pub(super) agents: Vec<PlannedAgent>,
}

/// One agent that a user asks for.
#[derive(Clone, Debug)]
pub(super) struct PlannedAgent {
    /// The time before the request.
    pub(super) wait: Duration,
    pub(super) class: &'static ClassSpec,
    pub(super) through: Interface,
    pub(super) context: UserContext,
    /// The time after which the user stops it, if it does.
    pub(super) stop_after: Option<Duration>,
}

/// The moments of the service, counted from the start of the work. None: not at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    /// The registry is given its WebSocket manager; none: by the first connections.
    pub(super) manager: Option<Duration>,
    /// The flag is switched on.
    pub(super) flag: Option<Duration>,
    /// The classes are registered again.
    pub(super) renewal: Option<Duration>,
}

/// Everything that is drawn for a run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) users: Vec<PlannedUser>,
    pub(super) moments: Moments,
}

impl Plan {
    /// Draws secrets, proofs, waiting times and the moments of the service.
    pub(super) fn draw(scenario: &RegistryScenario, planner: &mut Planner) -> Self {
        let world = planner.world();
        let mut users = Vec::new();
        for group in &scenario.users {
            for _ in 0..group.count {
                users.push(user(group, planner));
            }
        }
        let (registry, migration) = (&scenario.registry, &scenario.migration);
        let moments = Moments {
            manager: moment(world, "time of the manager", registry.manager_within),
            flag: moment(world, "time of the flag", migration.flag_within),
            renewal: moment(world, "time of the renewal", registry.renewal_within),
        };
        Self { users, moments }
    }

    /// Returns the proof of each user.
    pub(super) fn tokens(&self) -> Tokens {
        let users = self.users.iter();
        users.map(|user| (user.id, user.token.clone())).collect()
    }

    /// Returns the secret of each user.
    pub(super) fn secrets(&self) -> Secrets {
        let users = self.users.iter();
        users
            .map(|user| (user.id, Arc::clone(&user.secret)))
            .collect()
    }

    /// Returns the longest time that the agents of one user take.
    pub(super) fn longest_work(&self) -> Duration {
        let of_agent = |agent: &PlannedAgent| agent.wait + AGENT_TIME;
        let users = self.users.iter();
        let of_users = users.map(|user| {
            let rest = user.rest * u32::try_from(user.agents.len() * 16).unwrap_or(u32::MAX);
            user.agents.iter().map(of_agent).sum::<Duration>() + rest
        });
        of_users.max().unwrap_or_default()
    }
}

fn user(group: &UserGroup, planner: &mut Planner) -> PlannedUser {
    let tenant = planner.tenant();
    let world = planner.world();
    let agents = (1..=group.agents).map(|conversation| PlannedAgent {
        wait: drawn(world, &format!("delay {}", tenant.user), group.delay),
        class: group.class.0.0,
        through: group.through,
        context: UserContext {
            conversation,
            secret: tenant.secret.clone(),
        },
        stop_after: (!group.stop_after.is_zero()).then_some(group.stop_after),
    });
    PlannedUser {
        id: tenant.user,
        token: tenant.token.clone(),
        secret: tenant.secret.clone(),
        rest: group.rest,
        at_once: group.at_once as usize,
        agents: agents.collect(),
    }
}

fn moment(world: World, site: &str, within: Duration) -> Option<Duration> {
    (!within.is_zero()).then(|| drawn(world, site, within))
}

fn drawn(world: World, site: &str, longest: Duration) -> Duration {
    if longest.is_zero() {
        return Duration::ZERO;
    }
    world.draw_duration(world.site(site), Duration::ZERO, longest)
}
