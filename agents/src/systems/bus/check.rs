//! Contradictions between sections that are right by themselves.

use super::marks::{REQUEST_TIMED_OUT, RESPONSE_TOO_LATE};
use super::settings::{BusFile, Group, KindName};
use crate::goal::Goal;
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most members in one run.
const MEMBERS_MAX: u64 = 1_000;
/// The most deliveries in one run.
const DELIVERIES_MAX: u64 = 1_000_000;

/// The oracles that need an exchange of messages.
const OF_MESSAGES: [&str; 5] = ["no-loss", "exactly-once", "fifo", "causal", "isolation"];
/// The oracles that need requests.
const OF_REQUESTS: [&str; 2] = ["terminal-exactly-once", "protocol"];
/// The oracle that needs requests or events.
const INVARIANTS: &str = "invariants";

/// Returns every contradiction.
pub(super) fn contradictions(file: &BusFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let mut found: Vec<_> = times(file, shared).into_iter().collect();
    let Some(groups) = file.members.sound() else {
        return found;
    };
    if let Some(bus) = file.bus.sound() {
        found.extend(size(groups, u64::from(bus.teams)));
    }
    found.extend(oracles(groups, shared));
    found.extend(goals(groups, shared));
    found
}

/// A requester that waits longer than the run never gives up.
fn times(file: &BusFile, shared: &Shared<'_>) -> Option<Contradiction> {
    let (bus, limit) = (file.bus.sound()?, shared.virtual_time?);
    let place = Path::of("bus").key("request_timeout");
    Contradiction::after_the_end("`request_timeout`", bus.request_timeout, place, limit)
}

fn members(groups: &[Group]) -> u64 {
    groups.iter().map(|group| u64::from(group.count)).sum()
}

/// A run must fit into the memory of a laptop.
fn size(groups: &[Group], teams: u64) -> Vec<Contradiction> {
    let in_team = members(groups);
    let handlers = groups.iter().map(Group::handlers).sum();
    let deliveries = |group: &Group| {
        let each = match group.kind.0 {
            KindName::Broadcaster => in_team.saturating_sub(1),
            KindName::Requester => 2,
            KindName::Publisher => handlers,
            KindName::Notifier
            | KindName::Responder
            | KindName::Subscriber
            | KindName::Listener
            | KindName::Absent => 1,
        };
        let messages = u64::from(group.count) * u64::from(group.messages());
        messages.saturating_mul(each)
    };
    let deliveries = groups.iter().map(deliveries).fold(0, u64::saturating_add);
    let limits = [
        ("members", in_team.saturating_mul(teams), MEMBERS_MAX),
        (
            "deliveries",
            deliveries.saturating_mul(teams),
            DELIVERIES_MAX,
        ),
    ];
    limits
        .into_iter()
        .filter(|(_, number, limit)| number > limit)
        .map(|(what, number, limit)| {
            let message = format!("{} {what} in one run", grouped(number));
            Contradiction::new(Rule::TooBig, message, Path::of("members"))
                .label("these groups, in each team")
                .help(format!("a run holds at most {} {what}", grouped(limit)))
        })
        .collect()
}

fn has_requester(groups: &[Group]) -> bool {
    groups
        .iter()
        .any(|group| group.kind.0 == KindName::Requester)
}

/// Returns `true` if some invariant is checked.
fn is_observed(groups: &[Group]) -> bool {
    let listens = |group: &Group| group.handlers() > 0 || group.kind.0 == KindName::Listener;
    has_requester(groups) || groups.iter().any(listens)
}

/// Returns `true` if some member has something to send and another one to send it to.
fn exchanges(groups: &[Group]) -> bool {
    members(groups) > 1 && groups.iter().any(|group| group.messages() > 0)
}

/// An oracle that checks nothing is an error.
fn oracles(groups: &[Group], shared: &Shared<'_>) -> Vec<Contradiction> {
    let oracles = shared.oracles.iter().enumerate();
    oracles
        .filter_map(|(index, oracle)| {
            let (label, needed) = if OF_MESSAGES.contains(oracle) && !exchanges(groups) {
                (
                    "no member has a message for another",
                    "two members, one of which sends",
                )
            } else if OF_REQUESTS.contains(oracle) && !has_requester(groups) {
                ("no member sends requests", "a requester")
            } else if *oracle == INVARIANTS && !is_observed(groups) {
                (
                    "no member sends requests, listens or handles events",
                    "a requester, a listener or a handler",
                )
            } else {
                return None;
            };
            let problem = Contradiction::idle_oracle(index, oracle, label);
            Some(problem.help(format!("it needs {needed}; otherwise remove it")))
        })
        .collect()
}

/// A goal that cannot be reached would fail every sweep.
fn goals(groups: &[Group], shared: &Shared<'_>) -> Vec<Contradiction> {
    let about_requests = |goal: &Goal| {
        let marks = [REQUEST_TIMED_OUT, RESPONSE_TOO_LATE];
        matches!(goal, Goal::Mark(mark) if marks.contains(mark))
    };
    let goals = shared.goals.iter();
    goals
        .filter(|(_, goal)| about_requests(goal) && !has_requester(groups))
        .map(|(place, goal)| {
            Contradiction::unreachable_goal(place.clone(), *goal, "no member sends requests")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::marks::MAILBOX_FULL;
    use super::*;

    fn found(file: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: BusFile = serde_json::from_value(file).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    #[test]
    fn oracles_and_goals_of_requests_need_a_requester() {
        let oracles = ["no-loss", "protocol", "cleanup"];
        let goals = [REQUEST_TIMED_OUT, MAILBOX_FULL].map(|mark| {
            let place = Path::of("expect").key("reached");
            (place, Goal::Mark(mark))
        });
        let shared = Shared {
            oracles: &oracles,
            goals: &goals,
            ..Shared::default()
        };
        let of = |kind: &str| {
            let group = json!({ "kind": kind, "count": 2, "messages": 3 });
            found(json!({ "members": [group] }), &shared)
        };
        let idle = (Rule::IdleOracle, "expect.oracles.1".to_owned());
        let unreachable = (Rule::UnreachableGoal, "expect.reached".to_owned());
        assert_eq!(of("notifier"), [idle, unreachable]);
        assert_eq!(of("requester"), []);
    }

    #[test]
    fn oracles_of_messages_need_two_members() {
        let oracles = ["cleanup", "no-loss"];
        let shared = Shared {
            oracles: &oracles,
            ..Shared::default()
        };
        let alone = json!({ "members": [{ "kind": "broadcaster", "messages": 1 }] });
        let idle = (Rule::IdleOracle, "expect.oracles.1".to_owned());
        assert_eq!(found(alone, &shared), std::slice::from_ref(&idle));
        let silent = json!({ "members": [{ "kind": "responder", "count": 5 }] });
        assert_eq!(found(silent, &shared), [idle]);
    }

    #[test]
    fn runs_are_bounded() {
        let group = |count: u32, messages: u32| {
            let group = json!({ "kind": "broadcaster", "count": count, "messages": messages });
            json!({ "bus": { "teams": 2 }, "members": [group] })
        };
        let shared = Shared::default();
        let too_big = (Rule::TooBig, "members".to_owned());
        assert_eq!(found(group(500, 1), &shared), []);
        assert_eq!(
            found(group(501, 1), &shared),
            std::slice::from_ref(&too_big)
        );
        assert_eq!(found(group(11, 5_000), &shared), [too_big]);
    }

    #[test]
    fn requester_must_give_up_within_the_run() {
        let shared = Shared {
            virtual_time: Some(std::time::Duration::from_secs(1)),
            ..Shared::default()
        };
        let file = json!({
            "bus": { "request_timeout": "1s" },
            "members": [{ "kind": "requester", "messages": 1 }],
        });
        let late = (Rule::TimesOutOfOrder, "bus.request_timeout".to_owned());
        assert_eq!(found(file, &shared), [late]);
    }
}
