//! Contradictions between sections that are right by themselves.

use super::file::{Group, KindName, RuntimeFile};
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most requests in one run, those below others counted.
const REQUESTS_MAX: u64 = 100_000;

/// Returns every contradiction.
pub(super) fn contradictions(file: &RuntimeFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let Some(groups) = file.clients.sound() else {
        return Vec::new();
    };
    let users = file.runtime.sound().map_or(1, |runtime| runtime.users);
    let mut found: Vec<_> = size(groups, users.into()).into_iter().collect();
    found.extend(oracles(groups, shared));
    found
}

/// A run must fit into the memory of a laptop.
fn size(groups: &[Group], users: u64) -> Option<Contradiction> {
    let requests = groups.iter().map(requests).fold(0, u64::saturating_add);
    let requests = requests.saturating_mul(users);
    (requests > REQUESTS_MAX).then(|| {
        let message = format!("{} requests in one run", grouped(requests));
        let limit = grouped(REQUESTS_MAX);
        Contradiction::new(Rule::TooBig, message, Path::of("clients"))
            .label("these groups, for each user")
            .help(format!("a run holds at most {limit} requests"))
    })
}

/// Returns the requests of a group, with those that planners make.
fn requests(group: &Group) -> u64 {
    let depth = match group.kind.0 {
        KindName::Delegator => group.depth.unwrap_or(1),
        _ => 0,
    };
    let width = u64::from(group.width.unwrap_or(1));
    let tree = (0..=depth).map(|level| width.saturating_pow(level));
    let tree = tree.fold(0, u64::saturating_add);
    let messages = u64::from(group.count) * u64::from(group.messages());
    messages.saturating_mul(tree)
}

/// An oracle that checks nothing is an error.
fn oracles(groups: &[Group], shared: &Shared<'_>) -> Vec<Contradiction> {
    let below = groups
        .iter()
        .any(|group| group.kind.0 == KindName::Delegator);
    let oracles = shared.oracles.iter().enumerate();
    oracles
        .filter(|(_, oracle)| **oracle == "hierarchy" && !below)
        .map(|(index, oracle)| {
            let label = "no request is made for another";
            let problem = Contradiction::idle_oracle(index, oracle, label);
            problem.help("it needs a delegator; otherwise remove it".to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(file: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: RuntimeFile = serde_json::from_value(file).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    #[test]
    fn hierarchy_needs_a_delegator() {
        let oracles = ["no-loss", "hierarchy"];
        let shared = Shared {
            oracles: &oracles,
            ..Shared::default()
        };
        let caller = json!({ "kind": "caller", "messages": 3 });
        let idle = (Rule::IdleOracle, "expect.oracles.1".to_owned());
        assert_eq!(found(json!({ "clients": [caller] }), &shared), [idle]);
        let delegator = json!({ "kind": "delegator", "messages": 3 });
        assert_eq!(found(json!({ "clients": [delegator] }), &shared), []);
    }

    #[test]
    fn requests_of_planners_are_counted() {
        let of = |depth: u32| {
            let group = json!({
                "kind": "delegator", "messages": 10, "depth": depth, "width": 10
            });
            found(json!({ "clients": [group] }), &Shared::default())
        };
        let too_big = (Rule::TooBig, "clients".to_owned());
        assert_eq!(of(3), []);
        assert_eq!(of(4), [too_big]);
    }
}
