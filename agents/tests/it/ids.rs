//! Ids are drawn apart: a system that takes the number of a user, a thread, a run or a client
//! for that of another kind finds nothing, or what belongs to another user.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_agents::bridge::defects;
use rehearsal_agents::bridge::{BridgeSpec, Transport};
use rehearsal_agents::spec::AgentKind;
use rehearsal_history::oracle::OracleRef;
use rehearsal_history::{EntryKind, History};

use crate::common::{
    ORDERS, Order, group, populations, run_spec, shared, spec, supervisor, together, violations,
    with_defect,
};

/// The numbers that belong to one user, by kind, in order of declaration.
#[derive(Debug, Default)]
struct Numbers {
    threads: BTreeSet<u64>,
    runs: BTreeSet<u64>,
    clients: BTreeSet<u64>,
}

impl Numbers {
    fn all(&self, user: u64) -> Vec<u64> {
        let Self {
            threads,
            runs,
            clients,
        } = self;
        let of_user = [threads, runs, clients].into_iter().flatten().copied();
        std::iter::once(user).chain(of_user).collect()
    }
}

/// Returns the numbers in a history, by user.
fn numbers(history: &History) -> BTreeMap<u64, Numbers> {
    let mut users: BTreeMap<u64, Numbers> = BTreeMap::new();
    for entry in &history.entries {
        match &entry.kind {
            EntryKind::Began(began) => {
                let numbers = users.entry(began.owner.0).or_default();
                numbers.runs.insert(began.span.0);
                numbers.threads.extend(began.channel.map(|thread| thread.0));
            }
            EntryKind::Subscribed {
                channel, tenant, ..
            } => {
                let numbers = users.entry(tenant.0).or_default();
                numbers.threads.insert(channel.0);
                numbers.clients.extend(entry.actor.map(|client| client.0));
            }
            _ => {}
        }
    }
    users
}

/// Populations with threads of their own, of groups and shared, sub-agents, and several
/// clients for each thread.
fn specs() -> Vec<BridgeSpec> {
    let mixed = vec![
        group(AgentKind::Fast, 3),
        together(AgentKind::Fast, 4),
        shared(supervisor(), 2),
        shared(AgentKind::Fast, 1),
        group(supervisor(), 2),
    ];
    let mut specs: Vec<BridgeSpec> = populations(Transport::InProcess)
        .into_iter()
        .map(|(_, spec, _)| spec)
        .collect();
    specs.push(spec(Transport::InProcess, mixed));
    for per_thread in [2, 3] {
        let mut several = specs.clone();
        for spec in &mut several {
            spec.settings.clients.per_thread = per_thread;
            // The numbers are those of the plan, however little the agents do.
            for group in &mut spec.settings.agents {
                if let AgentKind::Stress { events, .. } | AgentKind::Hammer { events } =
                    &mut group.kind
                {
                    *events = 1;
                }
            }
        }
        specs.extend(several);
    }
    specs
}

#[test]
fn no_user_bears_a_number_in_two_kinds() {
    for spec in specs() {
        let users = numbers(&run_spec(&spec, 0, Order::Fifo).history);
        assert!(!users.is_empty());
        for (user, numbers) in users {
            assert!(!numbers.runs.is_empty() && !numbers.clients.is_empty());
            let all = numbers.all(user);
            let distinct: BTreeSet<_> = all.iter().collect();
            assert_eq!(distinct.len(), all.len(), "user-{user}: {numbers:?}");
        }
    }
}

#[test]
fn mistaken_numbers_are_those_of_other_users() {
    let two = spec(Transport::InProcess, vec![group(AgentKind::Fast, 2)]);
    let users = numbers(&run_spec(&two, 0, Order::Fifo).history);
    let threads: BTreeSet<u64> = users.values().flat_map(|of| of.threads.clone()).collect();
    let runs = users.values().flat_map(|of| of.runs.clone());
    let clients = users.values().flat_map(|of| of.clients.clone());
    let owners: BTreeSet<u64> = users.keys().copied().collect();
    assert_eq!(runs.filter(|run| threads.contains(run)).count(), 1);
    assert_eq!(owners.intersection(&threads).count(), 1);
    assert_eq!(clients.filter(|client| owners.contains(client)).count(), 1);
}

#[test]
fn events_routed_by_another_number_reach_another_user() {
    let isolation = OracleRef::parse("isolation").expect("an oracle of that name");
    for defect in [
        defects::ROUTED_BY_RUN_NUMBER,
        defects::ROUTED_BY_USER_NUMBER,
    ] {
        let two = spec(Transport::InProcess, vec![group(AgentKind::Fast, 2)]);
        for order in ORDERS {
            let run = run_spec(&with_defect(two.clone(), defect), 0, order);
            let violations = violations(&run.view(), isolation);
            let is_foreign = |rule: &str| ["foreign-secret", "foreign-tenant"].contains(&rule);
            let found = violations
                .iter()
                .any(|broken| is_foreign(broken.rule.as_str()));
            assert!(found, "{defect}: {violations:#?}");
        }
    }
}
