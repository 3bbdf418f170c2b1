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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::marks::SESSIONS_OVERLAPPED;
    use super::*;

    fn found(host: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: SessionsFile =
            serde_json::from_value(json!({ "hosts": [host] })).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    #[test]
    fn runs_are_bounded() {
        let with = |modules: u32| {
            let host = json!({ "agents": 100, "children": 1, "modules": modules });
            found(host, &Shared::default())
        };
        assert_eq!(with(100), []);
        assert_eq!(with(101), [(Rule::TooBig, "hosts".to_owned())]);
    }

    #[test]
    fn goals_need_what_leads_to_them() {
        let goals = [SESSION_FAILED, HEALED, DELEGATED, SESSIONS_OVERLAPPED].map(|mark| {
            let place = Path::of("expect").key(mark.name());
            (place, Goal::Mark(mark))
        });
        let shared = Shared {
            goals: &goals,
            ..Shared::default()
        };
        let places = |host: Value| {
            let found = found(host, &shared).into_iter();
            found.map(|(_, place)| place).collect::<Vec<_>>()
        };
        let all = ["expect.session-failed", "expect.healed", "expect.delegated"];
        assert_eq!(places(json!({})), all);
        let enough = json!({ "failing": 1, "healing": 1, "children": 1 });
        assert!(places(enough).is_empty());
    }
}
