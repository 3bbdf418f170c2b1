//! Contradictions between sections that are right by themselves.

use super::marks::{DELEGATED, HEALED, SESSION_FAILED};
use super::settings::{HostGroup, SessionsFile};
use crate::goal::Goal;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most modules in one run.
const MODULES_MAX: u64 = 20_000;

/// Returns every contradiction.
pub(super) fn contradictions(file: &SessionsFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let Some(groups) = file.hosts.sound() else {
        return Vec::new();
    };
    let mut found: Vec<_> = too_many(groups).into_iter().collect();
    found.extend(goals(groups, shared));
    found
}

fn too_many(groups: &[HostGroup]) -> Option<Contradiction> {
    let of_group = |group: &HostGroup| u64::from(group.count) * group.modules_of_host();
    let modules: u64 = groups.iter().map(of_group).sum();
    (modules > MODULES_MAX).then(|| {
        let message = format!("{modules} modules are more than one run can hold");
        Contradiction::new(Rule::TooBig, message, Path::of("hosts"))
            .label("too many modules")
            .help(format!("at most {MODULES_MAX} modules, over all sessions"))
    })
}

/// A goal that cannot be reached would fail every sweep.
fn goals(groups: &[HostGroup], shared: &Shared<'_>) -> Vec<Contradiction> {
    let any = |admits: fn(&HostGroup) -> bool| groups.iter().any(admits);
    let out_of_reach = |goal: &Goal| match goal {
        Goal::Mark(mark) if *mark == SESSION_FAILED && !any(|group| group.failing > 0) => {
            Some("no agent fails")
        }
        Goal::Mark(mark) if *mark == HEALED && !any(|group| group.healing > 0) => {
            Some("no tests are repaired")
        }
        Goal::Mark(mark) if *mark == DELEGATED && !any(|group| group.children > 0) => {
            Some("no session has others below it")
        }
        _ => None,
    };
    let goals = shared.goals.iter();
    goals
        .filter_map(|(place, goal)| {
            let label = out_of_reach(goal)?;
            Some(Contradiction::unreachable_goal(place.clone(), *goal, label))
        })
        .collect()
}
