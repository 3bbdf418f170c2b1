//! Contradictions between sections that are right by themselves.

use super::settings::{RegistryFile, UserGroup};
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most users in one run.
const USERS_MAX: u64 = 1_000;
/// The most events in one run.
const EVENTS_MAX: u64 = 1_000_000;

/// The oracles that need an agent that is created.
const OF_AGENTS: [&str; 7] = [
    "no-loss",
    "exactly-once",
    "fifo",
    "causal",
    "isolation",
    "terminal-exactly-once",
    "protocol",
];

/// Returns every contradiction.
pub(super) fn contradictions(file: &RegistryFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let Some(groups) = file.users.sound() else {
        return Vec::new();
    };
    let mut found: Vec<_> = size(groups).collect();
    found.extend(oracles(groups, shared));
    found
}

fn events(groups: &[UserGroup]) -> u64 {
    let of_group = |group: &UserGroup| {
        let agents = u64::from(group.count) * u64::from(group.agents);
        agents * group.class.0.0.events()
    };
    groups.iter().map(of_group).sum()
}

/// A run must fit into the memory of a laptop.
fn size(groups: &[UserGroup]) -> impl Iterator<Item = Contradiction> {
    let users = groups.iter().map(|group| u64::from(group.count)).sum();
    let limits = [
        ("users", users, USERS_MAX),
        ("events", events(groups), EVENTS_MAX),
    ];
    let limits = limits.into_iter();
    limits
        .filter(|(_, number, limit)| number > limit)
        .map(|(what, number, limit)| {
            let message = format!("{} {what} in one run", grouped(number));
            Contradiction::new(Rule::TooBig, message, Path::of("users"))
                .label("these groups")
                .help(format!("a run holds at most {} {what}", grouped(limit)))
        })
}

/// An oracle that checks nothing is an error.
fn oracles(groups: &[UserGroup], shared: &Shared<'_>) -> Vec<Contradiction> {
    if events(groups) > 0 {
        return Vec::new();
    }
    let oracles = shared.oracles.iter().enumerate();
    oracles
        .filter(|(_, oracle)| OF_AGENTS.contains(oracle))
        .map(|(index, oracle)| {
            Contradiction::idle_oracle(index, oracle, "no user asks for a class that is registered")
                .help("it needs an agent that is created; otherwise remove it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(file: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: RegistryFile = serde_json::from_value(file).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    #[test]
    fn oracles_of_agents_need_a_class_that_is_registered() {
        let oracles = ["cleanup", "protocol"];
        let shared = Shared {
            oracles: &oracles,
            ..Shared::default()
        };
        let of = |class: &str| found(json!({ "users": [{ "class": class }] }), &shared);
        assert_eq!(of("triage"), []);
        let idle = (Rule::IdleOracle, "expect.oracles.1".to_owned());
        assert_eq!(of("forecast"), [idle]);
    }

    #[test]
    fn runs_are_bounded() {
        let of = |count: u32, agents: u32| {
            let group = json!({ "class": "triage", "count": count, "agents": agents });
            found(json!({ "users": [group] }), &Shared::default())
        };
        let too_big = (Rule::TooBig, "users".to_owned());
        assert_eq!(of(1_000, 200), []);
        assert_eq!(of(1_000, 201), std::slice::from_ref(&too_big));
        let two = json!({ "class": "report", "count": 501 });
        let two = json!({ "users": [two, two] });
        assert_eq!(found(two, &Shared::default()), [too_big]);
    }
}
