//! Contradictions between sections that are right by themselves.

use super::marks;
use super::settings::{AgentKind, Group, StoreFile, TaskSettings};
use crate::goal::{Goal, Mark};
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most operations in one run.
const OPERATIONS_MAX: u64 = 100_000;

/// The parts of a scenario that an oracle or a goal may need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Agents,
    Contributors,
    Counters,
    Testers,
    Revisers,
    Curators,
    Tasks,
    Replicas,
}

/// The oracles that need a part: any of those that are named.
const ORACLES: [(&str, &[Part]); 12] = [
    ("no-loss", &[Part::Tasks]),
    ("exactly-once", &[Part::Tasks]),
    ("fifo", &[Part::Tasks]),
    ("causal", &[Part::Tasks]),
    ("isolation", &[Part::Tasks]),
    ("snapshot", &[Part::Contributors]),
    ("read-your-writes", &[Part::Agents, Part::Revisers]),
    ("fresh", &[Part::Revisers, Part::Curators]),
    ("effect-order", &[Part::Revisers]),
    ("phantom-tool", &[Part::Curators]),
    ("retracted", &[Part::Curators]),
    (
        "invariants",
        &[
            Part::Contributors,
            Part::Counters,
            Part::Testers,
            Part::Replicas,
        ],
    ),
];

/// The goals that need a part.
const GOALS: [(Mark, Part); 7] = [
    (marks::CLAIM_REFUSED, Part::Tasks),
    (marks::TASK_REASSIGNED, Part::Tasks),
    (marks::LATE_RESULT_REFUSED, Part::Tasks),
    (marks::PAIR_COMPLETED, Part::Testers),
    (marks::REPLICA_BEHIND, Part::Replicas),
    (marks::REVISION_REFUSED, Part::Revisers),
    (marks::TOOL_REFUSED, Part::Curators),
];

impl Part {
    fn noun(self) -> &'static str {
        match self {
            Self::Agents => "agents that read keys",
            Self::Contributors => "contributors",
            Self::Counters => "counters",
            Self::Testers => "testers",
            Self::Revisers => "revisers",
            Self::Curators => "curators",
            Self::Tasks => "tasks",
            Self::Replicas => "replicas",
        }
    }
}

/// The parts that a file has.
struct Present<'a> {
    groups: &'a [Group],
    tasks: Option<&'a TaskSettings>,
    replicas: u32,
    teams: u64,
}

impl<'a> Present<'a> {
    /// Returns none if a section has problems.
    fn of(file: &'a StoreFile) -> Option<Self> {
        let store = file.store.sound()?;
        let tasks = match &file.tasks {
            Some(tasks) => Some(tasks.sound()?),
            None => None,
        };
        Some(Self {
            groups: file.agents.sound()?,
            tasks,
            replicas: store.replicas,
            teams: store.teams.into(),
        })
    }

    fn has(&self, part: Part) -> bool {
        let any = |kinds: &[AgentKind]| {
            let mut groups = self.groups.iter();
            groups.any(|group| kinds.contains(&group.kind.0))
        };
        match part {
            Part::Agents => any(&[AgentKind::Writer, AgentKind::Counter, AgentKind::Appender]),
            Part::Contributors => any(&[AgentKind::Contributor]),
            Part::Counters => any(&[AgentKind::Counter]),
            Part::Testers => any(&[AgentKind::Tester]),
            Part::Revisers => any(&[AgentKind::Reviser]),
            Part::Curators => any(&[AgentKind::Curator]),
            Part::Tasks => self.tasks.is_some(),
            Part::Replicas => self.replicas > 0,
        }
    }

    fn operations(&self) -> u64 {
        let of_group = |group: &Group| u64::from(group.count) * u64::from(group.operations);
        let of_groups: u64 = self.groups.iter().map(of_group).sum();
        let tasks = self.tasks.map_or(0, |tasks| u64::from(tasks.count));
        self.teams.saturating_mul(of_groups + tasks)
    }
}

/// Returns every contradiction.
pub(super) fn contradictions(file: &StoreFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let Some(present) = Present::of(file) else {
        return Vec::new();
    };
    let mut found: Vec<_> = size(&present).into_iter().collect();
    found.extend(idle_oracles(&present, shared));
    found.extend(unreachable_goals(&present, shared));
    found
}

/// A run must fit into the memory of a laptop.
fn size(present: &Present<'_>) -> Option<Contradiction> {
    let operations = present.operations();
    if operations <= OPERATIONS_MAX {
        return None;
    }
    let message = format!("{} operations in one run", grouped(operations));
    let help = format!("a run holds at most {} operations", grouped(OPERATIONS_MAX));
    let found = Contradiction::new(Rule::TooBig, message, Path::of("agents"));
    Some(found.label("these groups, in each team").help(help))
}

fn idle_oracles(present: &Present<'_>, shared: &Shared<'_>) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (index, oracle) in shared.oracles.iter().enumerate() {
        let needed = ORACLES.iter().find(|(name, _)| name == oracle);
        let Some((name, parts)) = needed else {
            continue;
        };
        if !parts.iter().any(|part| present.has(*part)) {
            let nouns: Vec<&str> = parts.iter().map(|part| part.noun()).collect();
            let nouns = nouns.join(" or ");
            let idle = Contradiction::idle_oracle(index, name, format!("there are no {nouns}"));
            found.push(idle.help(format!("it needs {nouns}; otherwise remove it")));
        }
    }
    found
}

fn unreachable_goals(present: &Present<'_>, shared: &Shared<'_>) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (place, goal) in shared.goals {
        let needed = GOALS.iter().find(|(mark, _)| Goal::Mark(*mark) == *goal);
        let Some((_, part)) = needed else {
            continue;
        };
        if !present.has(*part) {
            let label = format!("there are no {}", part.noun());
            let place = place.clone();
            found.push(Contradiction::unreachable_goal(place, *goal, label));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(file: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: StoreFile = serde_json::from_value(file).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    fn group(kind: &str) -> Value {
        json!({ "kind": kind, "operations": 3 })
    }

    #[test]
    fn oracles_and_goals_need_their_part() {
        let oracles = ["linearizable", "exactly-once", "snapshot", "invariants"];
        let goals = [marks::CLAIM_REFUSED, marks::REQUEST_REPEATED].map(|mark| {
            let place = Path::of("expect").key("reached");
            (place, Goal::Mark(mark))
        });
        let shared = Shared {
            oracles: &oracles,
            goals: &goals,
            ..Shared::default()
        };
        let idle = |index: usize| (Rule::IdleOracle, format!("expect.oracles.{index}"));
        let unreachable = (Rule::UnreachableGoal, "expect.reached".to_owned());
        let writer = json!({ "agents": [group("writer")] });
        let expected = [idle(1), idle(2), idle(3), unreachable];
        assert_eq!(found(writer, &shared), expected);
        let whole = json!({
            "agents": [group("contributor")],
            "tasks": { "count": 1, "workers": 1 },
        });
        assert_eq!(found(whole, &shared), []);
    }

    #[test]
    fn runs_are_bounded() {
        let agents = |count: u32| {
            let group = json!({ "kind": "writer", "operations": 1_000, "count": count });
            json!({ "store": { "teams": 2 }, "agents": [group] })
        };
        let shared = Shared::default();
        assert_eq!(found(agents(50), &shared), []);
        let too_big = (Rule::TooBig, "agents".to_owned());
        assert_eq!(found(agents(51), &shared), [too_big]);
    }
}
