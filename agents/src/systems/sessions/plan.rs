//! The plan of a run: the sessions of every host, their agents, and what each model call
//! takes. All randomness is drawn here.

use std::time::Duration;

use rehearsal_sim::World;

use super::settings::{HostGroup, SessionsScenario};
use super::trace::Model;
use super::wire::SessionId;
use crate::driver::Planner;

/// One host with its sessions, one after the other.
#[derive(Clone, Debug)]
pub(super) struct PlannedHost {
    pub(super) name: String,
    pub(super) start: Duration,
    pub(super) sessions: Vec<PlannedSession>,
}

/// One session.
#[derive(Clone, Debug)]
pub(super) struct PlannedSession {
    pub(super) id: SessionId,
    pub(super) agents: Vec<PlannedAgent>,
    /// The sessions below it.
    pub(super) children: Vec<Self>,
}

/// One agent of a session.
#[derive(Clone, Debug)]
pub(super) struct PlannedAgent {
    /// Its number in the session.
    pub(super) run: u32,
    pub(super) model: Model,
    pub(super) modules: Vec<PlannedModule>,
    /// The model's script lacks the last answer.
    pub(super) fails: bool,
}

/// The work on one module.
#[derive(Clone, Debug)]
pub(super) struct PlannedModule {
    pub(super) number: u32,
    /// The model calls, each with its time and tokens. The ones after the first are repairs.
    pub(super) calls: Vec<(Duration, u32)>,
    pub(super) tests: u32,
    /// The sum of the tests' scores.
    pub(super) quality: u32,
}

impl PlannedSession {
    /// Returns the number of modules of its agents.
    pub(super) fn modules(&self) -> u32 {
        let agents = self.agents.iter();
        let count: usize = agents.map(|agent| agent.modules.len()).sum();
        u32::try_from(count).expect("fewer than 2^32 modules")
    }
}

/// Draws the plan of a run.
pub(super) fn draw(scenario: &SessionsScenario, planner: &Planner) -> Vec<PlannedHost> {
    let groups = scenario.hosts.iter();
    let groups = groups.flat_map(|group| (0..group.count).map(move |_| group));
    let mut sessions = (1..).map(SessionId);
    let hosts = (1..).zip(groups).map(|(number, group)| {
        let draft = Draft {
            world: planner.world(),
            name: format!("agent-{number}"),
            group,
        };
        draft.host(&mut sessions)
    });
    hosts.collect()
}

/// A host, as it is drawn.
struct Draft<'a> {
    world: World,
    name: String,
    group: &'a HostGroup,
}

impl Draft<'_> {
    fn host(&self, ids: &mut impl Iterator<Item = SessionId>) -> PlannedHost {
        let sessions = (0..self.group.sessions).filter_map(|_| self.session(ids, true));
        PlannedHost {
            name: self.name.clone(),
            start: self.time("start", Duration::ZERO, self.group.start_within),
            sessions: sessions.collect(),
        }
    }

    fn session(
        &self,
        ids: &mut impl Iterator<Item = SessionId>,
        delegates: bool,
    ) -> Option<PlannedSession> {
        let id = ids.next()?;
        let agents = (1..=self.group.agents).map(|run| self.agent(run));
        let agents = agents.collect();
        let children = if delegates { self.group.children } else { 0 };
        let children = (0..children).filter_map(|_| self.session(ids, false));
        Some(PlannedSession {
            id,
            agents,
            children: children.collect(),
        })
    }

    fn agent(&self, run: u32) -> PlannedAgent {
        let model = Model::ALL[self.number("model", 2) as usize];
        let first = (run - 1) * self.group.modules;
        let numbers = first + 1..=first + self.group.modules;
        PlannedAgent {
            run,
            model,
            modules: numbers.map(|number| self.module(number)).collect(),
            fails: self.chance("failure", self.group.failing),
        }
    }

    fn module(&self, number: u32) -> PlannedModule {
        let answer = self.group.answer;
        let repairs = u32::from(self.chance("repair", self.group.healing));
        let call = |_| {
            let time = self.time("answer", answer.from, answer.to);
            (time, 1 + self.number("tokens", self.group.most_tokens))
        };
        let tests = 1 + self.number("tests", 4);
        PlannedModule {
            number,
            calls: (0..=repairs).map(call).collect(),
            tests,
            quality: tests * self.group.quality,
        }
    }

    fn chance(&self, what: &str, percent: u32) -> bool {
        percent > 0 && self.number(what, 100) >= 100 - percent
    }

    fn number(&self, what: &str, count: u32) -> u32 {
        let site = self.world.site(&format!("{what} {}", self.name));
        self.world.draw(site, count)
    }

    fn time(&self, what: &str, from: Duration, to: Duration) -> Duration {
        let site = self.world.site(&format!("{what} {}", self.name));
        self.world.draw_duration(site, from, to)
    }
}
