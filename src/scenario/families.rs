//! What can be cut from a scenario, and how deep.

use rehearsal_agents::spec::{AgentKind, BridgeSpec};

use super::Cut;

/// For each thing that can be cut, its cuts, the deepest first.
pub(crate) fn families(spec: &BridgeSpec) -> Vec<Vec<Cut>> {
    let mut families = Vec::new();
    for (group, agents) in spec.agents.iter().enumerate() {
        let parties = match agents.kind {
            AgentKind::Collision { party } => agents.count / party.max(1),
            _ => agents.count,
        };
        families.push(steps(parties, 0, |count| Cut::Agents { group, count }));
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    families.push(steps(spec.faults.budget, 0, |count| Cut::Faults { count }));
    if let kinds @ 2.. = spec.faults.kinds.len() {
        families.push((0..kinds).map(|only| Cut::FaultKinds { only }).collect());
    }
    for (group, agents) in spec.agents.iter().enumerate() {
        match &agents.kind {
            AgentKind::Hammer { events } | AgentKind::Stress { events, .. } => {
                families.push(steps(*events, 0, |count| Cut::Events { group, count }));
            }
            AgentKind::Supervisor { children } => {
                let children = count(children.len());
                families.push(steps(children, 0, |count| Cut::Children { group, count }));
            }
            AgentKind::Collision { party } => {
                families.push(steps(*party, 1, |count| Cut::Party { group, count }));
            }
            _ => {}
        }
    }
    if spec.faults.budget > 0 {
        // A time of no whole milliseconds can still be cut to the last one.
        let from = u32::try_from(spec.faults.from.as_millis()).unwrap_or(u32::MAX);
        families.push(steps(from, 0, |ms| Cut::FaultsFrom { ms }));
    }
    families.push(steps(spec.clients.per_thread, 1, |count| Cut::Clients {
        count,
    }));
    families
}

/// What could be left of `had`: `least`, then more and more, in the end one less.
fn steps(had: u32, least: u32, cut: impl Fn(u32) -> Cut) -> Vec<Cut> {
    let mut left: Vec<u32> = std::iter::successors(Some(1u32), |left| left.checked_mul(2))
        .take_while(|left| *left < had)
        .chain(had.checked_sub(1))
        .chain([least])
        .filter(|left| (least..had).contains(left))
        .collect();
    left.sort_unstable();
    left.dedup();
    left.into_iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_begin_with_the_least_and_end_with_one_less() {
        let left = |had, least| -> Vec<u32> {
            let cuts = steps(had, least, |count| Cut::Clients { count });
            cuts.into_iter().map(Cut::left).collect()
        };
        assert_eq!(left(50, 0), [0, 1, 2, 4, 8, 16, 32, 49]);
        assert_eq!(left(5, 1), [1, 2, 4]);
        assert!(left(1, 1).is_empty());
        assert_eq!(left(1, 0), [0]);
        assert!(left(0, 0).is_empty());
    }
}
