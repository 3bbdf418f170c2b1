//! The scripts of the mock agents: one file each, with the row that the table
//! [`SCRIPTS`] lists.

mod burst;
mod collision;
mod critical;
mod data;
mod failure;
mod fast;
mod hammer;
mod optimization;
mod reporting;
mod slow;
mod streaming;
mod stress;
mod success;
mod supervisor;
mod updates;

use std::sync::Arc;

use super::context::Agent;
use crate::spec::AgentKind;

/// The row of one kind of mock agent.
#[derive(Clone, Copy, Debug)]
pub struct ScriptInfo {
    /// The name in scenario files.
    pub name: &'static str,
    /// One line about its behaviour.
    pub summary: &'static str,
    /// The keys of its parameters in scenario files.
    pub parameters: &'static [&'static str],
    /// Returns the agent of a kind, if the kind is the row's.
    build: fn(&AgentKind) -> Option<Arc<dyn Agent>>,
}

/// Every kind of mock agent, in the order of their documentation.
pub const SCRIPTS: [ScriptInfo; 13] = [
    data::INFO,
    optimization::INFO,
    reporting::INFO,
    supervisor::INFO,
    fast::INFO,
    slow::INFO,
    burst::INFO,
    streaming::INFO,
    hammer::INFO,
    success::INFO,
    failure::INFO,
    collision::INFO,
    stress::INFO,
];

/// Returns the mock agent of that kind.
pub fn script(kind: &AgentKind) -> Arc<dyn Agent> {
    SCRIPTS
        .iter()
        .find_map(|info| (info.build)(kind))
        .expect("every kind has a script")
}

impl AgentKind {
    /// Returns every name, in the order of [`SCRIPTS`].
    pub const NAMES: [&'static str; SCRIPTS.len()] = {
        let mut names = [""; SCRIPTS.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = SCRIPTS[index].name;
            index += 1;
        }
        names
    };

    /// Returns the name in scenario files and of its agents (`data` names `data-1`, …).
    pub fn name(&self) -> &'static str {
        script(self).name()
    }

    /// Returns `true` if a run of this kind must show all five critical events.
    pub fn shows_all_critical_events(&self) -> bool {
        script(self).shows_all_critical_events()
    }

    /// Returns the number of events that one healthy run of this kind emits, with its terminal
    /// event, without the events of its sub-agents' runs.
    pub fn events(&self) -> u64 {
        script(self).planned_events()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::spec::{FailureMode, OnFailure, Opening};

    fn burst() -> AgentKind {
        let opening = Opening::First;
        AgentKind::Burst { opening }
    }

    fn every_kind() -> [AgentKind; 13] {
        let mode = FailureMode::Timeout;
        let delay = Duration::from_millis(1);
        [
            AgentKind::Data,
            AgentKind::Optimization,
            AgentKind::Reporting,
            AgentKind::Supervisor {
                children: vec![AgentKind::Fast, burst()],
                on_failure: OnFailure::Ignore,
            },
            AgentKind::Fast,
            AgentKind::Slow,
            burst(),
            AgentKind::Streaming,
            AgentKind::Hammer { events: 2 },
            AgentKind::Success,
            AgentKind::Failure { mode },
            AgentKind::Collision { party: 2 },
            AgentKind::Stress { events: 2, delay },
        ]
    }

    #[test]
    fn every_kind_is_built_by_its_own_row_and_no_other() {
        for (kind, row) in every_kind().iter().zip(SCRIPTS) {
            let built: Vec<&str> = SCRIPTS
                .iter()
                .filter(|info| (info.build)(kind).is_some())
                .map(|info| info.name)
                .collect();
            assert_eq!(built, [row.name]);
            assert_eq!(script(kind).name(), row.name);
        }
    }

    #[test]
    fn names_are_unique() {
        for (index, name) in AgentKind::NAMES.iter().enumerate() {
            assert!(!AgentKind::NAMES[..index].contains(name), "{name}");
        }
    }
}
