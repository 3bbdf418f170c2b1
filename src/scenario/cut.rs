//! Cuts: what a shrunk failure leaves out of its scenario.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rehearsal_agents::spec::{AgentKind, BridgeSpec};

use super::Scenario;

/// One thing that there is less of than in the scenario's file. Groups of agents
/// are numbered as in the file, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cut {
    /// Agents of a group. With 0 the group is not there.
    Agents {
        /// The group.
        group: usize,
        /// How many are left; for agents that meet at barriers, parties.
        count: u32,
    },
    /// Events of each agent of a group.
    Events {
        /// The group.
        group: usize,
        /// How many are left.
        count: u32,
    },
    /// Sub-agents of each supervisor of a group.
    Children {
        /// The group.
        group: usize,
        /// How many are left, the first ones.
        count: u32,
    },
    /// Agents that meet at one barrier.
    Party {
        /// The group.
        group: usize,
        /// How many are left.
        count: u32,
    },
    /// Clients for each thread.
    Clients {
        /// How many are left.
        count: u32,
    },
    /// Faults, at most and at least.
    Faults {
        /// How many are left.
        count: u32,
    },
    /// Time that passes before a fault may strike.
    FaultsFrom {
        /// How many milliseconds are left.
        ms: u32,
    },
    /// Kinds of faults.
    FaultKinds {
        /// The only kind that is left, by its number in the file, from 0.
        only: usize,
    },
}

/// A cut that its scenario has no place for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CutError {
    /// The cut.
    pub cut: Cut,
    /// Why it cannot be made.
    pub reason: &'static str,
}

impl fmt::Display for CutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.cut, self.reason)
    }
}

impl std::error::Error for CutError {}

impl Cut {
    /// What is cut, apart from how much of it is left.
    pub fn place(self) -> (u8, usize) {
        match self {
            Self::Agents { group, .. } => (0, group),
            Self::Events { group, .. } => (1, group),
            Self::Children { group, .. } => (2, group),
            Self::Party { group, .. } => (3, group),
            Self::Clients { .. } => (4, 0),
            Self::Faults { .. } => (5, 0),
            Self::FaultsFrom { .. } => (6, 0),
            Self::FaultKinds { .. } => (7, 0),
        }
    }

    /// How much is left of what is cut.
    pub fn left(self) -> u32 {
        match self {
            Self::Agents { count, .. }
            | Self::Events { count, .. }
            | Self::Children { count, .. }
            | Self::Party { count, .. }
            | Self::Clients { count }
            | Self::Faults { count } => count,
            Self::FaultsFrom { ms } => ms,
            Self::FaultKinds { only } => u32::try_from(only).unwrap_or(u32::MAX),
        }
    }

    fn apply(self, spec: &mut BridgeSpec) -> Result<(), &'static str> {
        const NO_GROUP: &str = "there is no such group of agents";
        const NOT_LESS: &str = "that is not less than in the scenario";
        let less = |count: u32, had: u32| {
            if count < had { Ok(()) } else { Err(NOT_LESS) }
        };
        match self {
            Self::Agents { group, count } => {
                let group = spec.agents.get_mut(group).ok_or(NO_GROUP)?;
                let party = match group.kind {
                    AgentKind::Collision { party } => party.max(1),
                    _ => 1,
                };
                let left = count.saturating_mul(party);
                less(left, group.count)?;
                group.count = left;
            }
            Self::Events { group, count } => {
                match &mut spec.agents.get_mut(group).ok_or(NO_GROUP)?.kind {
                    AgentKind::Hammer { events } | AgentKind::Stress { events, .. } => {
                        less(count, *events)?;
                        *events = count;
                    }
                    _ => return Err("these agents have no number of events"),
                }
            }
            Self::Children { group, count } => {
                match &mut spec.agents.get_mut(group).ok_or(NO_GROUP)?.kind {
                    AgentKind::Supervisor { children } => {
                        less(count, u32::try_from(children.len()).unwrap_or(u32::MAX))?;
                        children.truncate(count as usize);
                    }
                    _ => return Err("these agents have no sub-agents"),
                }
            }
            Self::Party { group, count } => {
                let group = spec.agents.get_mut(group).ok_or(NO_GROUP)?;
                match &mut group.kind {
                    AgentKind::Collision { party } if count > 0 => {
                        less(count, *party)?;
                        let parties = group.count / (*party).max(1);
                        group.count = parties.saturating_mul(count);
                        *party = count;
                    }
                    _ => return Err("these agents meet at no barrier"),
                }
            }
            Self::Clients { count } => {
                less(count, spec.clients.per_thread)?;
                if count == 0 {
                    return Err("each thread needs a client");
                }
                spec.clients.per_thread = count;
            }
            Self::Faults { count } => {
                less(count, spec.faults.budget)?;
                spec.faults.budget = count;
                spec.faults.at_least = spec.faults.at_least.min(count);
                if count == 0 {
                    spec.faults.kinds.clear();
                }
            }
            Self::FaultsFrom { ms } => {
                let from = Duration::from_millis(ms.into());
                if from >= spec.faults.from {
                    return Err(NOT_LESS);
                }
                spec.faults.from = from;
            }
            Self::FaultKinds { only } => {
                let kind = spec.faults.kinds.get(only).copied();
                let kind = kind.ok_or("there is no such kind of fault")?;
                less(
                    1,
                    u32::try_from(spec.faults.kinds.len()).unwrap_or(u32::MAX),
                )?;
                spec.faults.kinds = vec![kind];
            }
        }
        Ok(())
    }
}

/// As a key and a value in a repro file: `agents.0.count = 1`.
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agents { group, count } => write!(f, "agents.{group}.count = {count}"),
            Self::Events { group, count } => write!(f, "agents.{group}.events = {count}"),
            Self::Children { group, count } => write!(f, "agents.{group}.children = {count}"),
            Self::Party { group, count } => write!(f, "agents.{group}.party = {count}"),
            Self::Clients { count } => write!(f, "clients.per_thread = {count}"),
            Self::Faults { count } => write!(f, "faults.budget = {count}"),
            Self::FaultsFrom { ms } => write!(f, "faults.from_ms = {ms}"),
            Self::FaultKinds { only } => write!(f, "faults.kind = {only}"),
        }
    }
}

impl FromStr for Cut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "`{text}` is no cut; cuts look like `agents.0.count = 1`, and there are count, \
                 events, children and party of agents, clients.per_thread, faults.budget, \
                 faults.from_ms and faults.kind"
            )
        };
        let (key, value) = text.split_once('=').ok_or_else(unknown)?;
        let count: u32 = value.trim().parse().map_err(|_| unknown())?;
        let parts: Vec<&str> = key.trim().split('.').collect();
        let cut = match parts.as_slice() {
            ["agents", group, what] => {
                let group = group.parse().map_err(|_| unknown())?;
                match *what {
                    "count" => Self::Agents { group, count },
                    "events" => Self::Events { group, count },
                    "children" => Self::Children { group, count },
                    "party" => Self::Party { group, count },
                    _ => return Err(unknown()),
                }
            }
            ["clients", "per_thread"] => Self::Clients { count },
            ["faults", "budget"] => Self::Faults { count },
            ["faults", "from_ms"] => Self::FaultsFrom { ms: count },
            ["faults", "kind"] => Self::FaultKinds {
                only: count as usize,
            },
            _ => return Err(unknown()),
        };
        Ok(cut)
    }
}

impl Scenario {
    /// The same scenario with less in it. Goals and expectations stay as they
    /// are; a scenario that is cut may well miss them.
    ///
    /// # Errors
    ///
    /// If a cut does not fit the scenario, or nobody is left to act.
    pub fn cut(&self, cuts: &[Cut]) -> Result<Scenario, CutError> {
        let mut scenario = self.clone();
        // Parties before their number, which is counted in parties.
        let mut ordered = cuts.to_vec();
        ordered.sort_by_key(|cut| (!matches!(cut, Cut::Party { .. }), *cut));
        for cut in ordered {
            let fits = cut.apply(&mut scenario.spec);
            fits.map_err(|reason| CutError { cut, reason })?;
        }
        scenario.spec.agents.retain(|group| group.count > 0);
        match cuts.first() {
            Some(cut) if scenario.spec.agents.is_empty() => Err(CutError {
                cut: *cut,
                reason: "no agent is left",
            }),
            _ => Ok(scenario),
        }
    }
}
