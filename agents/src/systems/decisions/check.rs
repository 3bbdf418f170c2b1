//! Contradictions between sections that are right by themselves.

use super::rules::RuleRef;
use super::settings::{DecisionSettings, DecisionsFile, Group, VoteName};
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most votes in one run.
const VOTES_MAX: u64 = 100_000;

/// Returns every contradiction.
pub(super) fn contradictions(file: &DecisionsFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let (Some(decision), Some(groups)) = (file.decision.sound(), file.voters.sound()) else {
        return Vec::new();
    };
    let mut found: Vec<_> = too_many(decision, groups).into_iter().collect();
    found.extend(after_the_end(decision, shared));
    found.extend(votes_that_do_not_count(decision.rule.0, groups));
    found
}

fn too_many(decision: &DecisionSettings, groups: &[Group]) -> Option<Contradiction> {
    let voters: u64 = groups.iter().map(|group| u64::from(group.count)).sum();
    let votes = voters * u64::from(decision.rounds);
    (votes > VOTES_MAX).then(|| {
        let message = format!("{votes} votes are more than one run can hold");
        Contradiction::new(Rule::TooBig, message, Path::of("voters"))
            .label("too many voters")
            .help(format!("at most {VOTES_MAX} votes, over all rounds"))
    })
}

fn after_the_end(decision: &DecisionSettings, shared: &Shared<'_>) -> Option<Contradiction> {
    let place = Path::of("decision").key("deadline");
    let end = shared.virtual_time?;
    Contradiction::after_the_end("the deadline of a round", decision.deadline, place, end)
}

/// A rule that chooses among recommendations counts no votes, and the other way round.
fn votes_that_do_not_count(rule: RuleRef, groups: &[Group]) -> Vec<Contradiction> {
    let recommends = rule.is_of_recommendations();
    let counts = |vote: VoteName| match vote {
        VoteName::None => true,
        VoteName::Recommendation => recommends,
        VoteName::Fixed(_) | VoteName::Drawn | VoteName::Findings => !recommends,
    };
    let groups = groups.iter().enumerate();
    groups
        .filter(|(_, group)| !counts(group.vote.0))
        .map(|(index, _)| {
            let place = Path::of("voters").index(index).key("vote");
            let message = "the rule does not count votes of this kind";
            Contradiction::new(Rule::UnreachableGoal, message, place)
                .label("counts for nothing")
                .also(Path::of("decision").key("rule"), "the rule")
                .help("the rule `conflict` takes recommendations, the others take votes")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn found(file: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: DecisionsFile = serde_json::from_value(file).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    fn file(rule: &str, vote: &Value) -> Value {
        let decision = json!({ "rule": rule, "rounds": 10 });
        json!({ "decision": decision, "voters": [{ "vote": "none" }, vote] })
    }

    #[test]
    fn rules_count_votes_of_their_kind() {
        let idle = [(Rule::UnreachableGoal, "voters.1.vote".to_owned())];
        let recommendation =
            json!({ "vote": "recommendation", "domain": "security", "severity": "low" });
        let vote = json!({ "vote": "drawn" });
        let shared = Shared::default();
        assert_eq!(found(file("conflict", &recommendation), &shared), []);
        assert_eq!(found(file("veto", &vote), &shared), []);
        assert_eq!(found(file("conflict", &vote), &shared), idle);
        assert_eq!(found(file("majority", &recommendation), &shared), idle);
    }

    #[test]
    fn runs_are_bounded() {
        let with = |count: u32| {
            let voters = json!({ "vote": "drawn", "count": count });
            found(file("majority", &voters), &Shared::default())
        };
        assert_eq!(with(9_999), []);
        assert_eq!(with(10_000), [(Rule::TooBig, "voters".to_owned())]);
    }

    #[test]
    fn round_must_end_within_the_run() {
        let shared = Shared {
            virtual_time: Some(Duration::from_secs(1)),
            ..Shared::default()
        };
        let late = (Rule::TimesOutOfOrder, "decision.deadline".to_owned());
        let vote = json!({ "vote": "approve" });
        assert_eq!(found(file("majority", &vote), &shared), [late]);
    }
}
