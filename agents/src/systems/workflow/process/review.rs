//! A code review: the reviewers that are enabled, at once or one after the other, a score,
//! and a decision. The order of the reviewers makes no difference to the decision.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::marks;
use super::super::orchestrator::Run;
use super::super::report::Failure;
use super::super::settings::Quorum;
use super::fan_out::{findings, review};
use super::synthesis::{Severity, Synthesis};

/// The score from which on a review approves if the scenario does not say, in tenths.
const APPROVE_FROM: u32 = 90;

/// The most findings of high severity with which a review can approve.
const HIGH_MAX: u32 = 3;

/// The most findings of high severity that need no person.
const HIGH_WITHOUT_PERSON: u32 = 5;

/// The findings of a review by severity.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Counts {
    critical: u32,
    high: u32,
    medium: u32,
    low: u32,
}

/// The decisions of a review.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Reject,
    RequestChanges,
    Approve,
}

/// The reviews that a decision can go by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Present {
    /// All that the quorum asks for.
    Enough,
    /// Too few.
    TooFew,
}

impl Counts {
    fn of(synthesis: &Synthesis) -> Self {
        Self {
            critical: synthesis.count(Severity::Critical),
            high: synthesis.count(Severity::High),
            medium: synthesis.count(Severity::Medium),
            low: synthesis.count(Severity::Low),
        }
    }

    /// Returns the score in tenths of a point: ten points less the penalties, none at the
    /// least.
    fn score(self) -> u32 {
        let penalty = 30 * self.critical + 20 * self.high + 10 * self.medium + 5 * self.low;
        100_u32.saturating_sub(penalty)
    }

    fn action(self, approve_from: u32, present: Present) -> Action {
        if self.critical > 0 {
            Action::Reject
        } else if self.high > HIGH_MAX || present == Present::TooFew {
            Action::RequestChanges
        } else if self.score() >= approve_from {
            Action::Approve
        } else {
            Action::RequestChanges
        }
    }

    fn requires_person(self) -> bool {
        self.critical > 0 || self.high > HIGH_WITHOUT_PERSON
    }
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::RequestChanges => "request_changes",
            Self::Approve => "approve",
        }
    }
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let input = run.input()?;
    let reviewed = review(&run, &input).await?;
    let synthesis = Synthesis::of(&findings(&reviewed));
    let counts = Counts::of(&synthesis);
    let quorum = run.scenario.workflow.quorum.map(|quorum| quorum.0);
    let missing = reviewed.iter().any(|one| one.result.is_err());
    let present = match quorum.unwrap_or(Quorum::Answered) {
        Quorum::All if missing => Present::TooFew,
        Quorum::All | Quorum::Answered => Present::Enough,
    };
    let approve_from = run.scenario.workflow.approve_from.unwrap_or(APPROVE_FROM);
    let action = counts.action(approve_from, present);
    let requires_person = counts.requires_person();
    run.reached(match action {
        Action::Reject => marks::REJECTED,
        Action::RequestChanges => marks::CHANGES_REQUESTED,
        Action::Approve => marks::APPROVED,
    });
    if requires_person {
        run.reached(marks::HUMAN_REVIEW);
    }
    if missing {
        run.reached(marks::PARTIAL_SYNTHESIS);
    }
    Ok(json!({
        "action": action.as_str(),
        "requires_human_review": requires_person,
        "score_tenths": counts.score(),
        "agents_run": reviewed.len(),
        "synthesis": synthesis.into_value(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(critical: u32, high: u32, medium: u32, low: u32) -> Counts {
        Counts {
            critical,
            high,
            medium,
            low,
        }
    }

    #[test]
    fn score_is_ten_less_the_penalties_and_never_negative() {
        let cases = [
            (counts(0, 0, 0, 0), 100),
            (counts(1, 0, 0, 0), 70),
            (counts(0, 1, 0, 0), 80),
            (counts(0, 0, 1, 0), 90),
            (counts(0, 0, 0, 1), 95),
            (counts(1, 1, 1, 1), 35),
            (counts(0, 5, 0, 0), 0),
            (counts(3, 1, 0, 1), 0),
        ];
        for (counts, score) in cases {
            assert_eq!(counts.score(), score, "{counts:?}");
        }
    }

    #[test]
    fn decision_has_boundaries() {
        let cases = [
            (counts(1, 0, 0, 0), 90, Action::Reject),
            (counts(1, 9, 0, 0), 0, Action::Reject),
            (counts(0, 3, 0, 0), 40, Action::Approve),
            (counts(0, 4, 0, 0), 0, Action::RequestChanges),
            (counts(0, 0, 1, 0), 90, Action::Approve),
            (counts(0, 0, 1, 1), 90, Action::RequestChanges),
            (counts(0, 0, 0, 2), 90, Action::Approve),
            (counts(0, 0, 0, 3), 90, Action::RequestChanges),
            (counts(0, 0, 0, 0), 100, Action::Approve),
            (counts(0, 0, 0, 1), 100, Action::RequestChanges),
        ];
        for (counts, approve_from, action) in cases {
            let found = counts.action(approve_from, Present::Enough);
            assert_eq!(found, action, "{counts:?} from {approve_from}");
        }
        let found = counts(0, 0, 0, 0).action(90, Present::TooFew);
        assert_eq!(found, Action::RequestChanges);
    }

    #[test]
    fn person_is_required_for_critical_findings_and_for_more_than_five_high_ones() {
        let cases = [
            (counts(0, 0, 0, 0), false),
            (counts(1, 0, 0, 0), true),
            (counts(0, 5, 0, 0), false),
            (counts(0, 6, 0, 0), true),
        ];
        for (counts, person) in cases {
            assert_eq!(counts.requires_person(), person, "{counts:?}");
        }
    }
}
