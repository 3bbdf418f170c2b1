//! Recommendations that contradict each other.
//!
//! They do if their priorities differ. Security comes first, then what is critical; else the
//! mediator picks one. Among several the most severe is taken, and among equally severe ones
//! that of the member with the lowest number: never the one that came first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::wire::VoterId;
use super::{Ground, Opinion, Outcome, Poll, Reason, Rule, Ruling};

/// All recommendations, or one of them.
pub(super) const CONFLICT: Rule = Rule {
    name: "conflict",
    decide: resolve,
};

/// The subject of a decision or of a recommendation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum Domain {
    /// Security.
    Security,
    /// Performance.
    Performance,
    /// Accessibility.
    Accessibility,
    /// The quality of code.
    CodeQuality,
}

/// The severity of a finding, the gravest first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum Severity {
    /// It must not stay.
    Critical,
    /// High.
    High,
    /// Medium.
    Medium,
    /// Low.
    Low,
}

/// A recommendation of one member.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Recommendation {
    pub(in super::super) priority: u32,
    pub(in super::super) domain: Domain,
    pub(in super::super) severity: Severity,
}

fn resolve(poll: &Poll<'_>) -> Ruling {
    let recommendations: Vec<(VoterId, Recommendation)> = poll
        .ballots
        .iter()
        .filter_map(|(voter, opinion)| match opinion {
            Opinion::Recommendation(recommendation) => Some((*voter, *recommendation)),
            Opinion::Vote(_) => None,
        })
        .collect();
    let Some((_, first)) = recommendations.first() else {
        return Outcome::Undecided(Reason::NoVotes).into();
    };
    let mut others = recommendations.iter();
    if others.all(|(_, other)| other.priority == first.priority) {
        return Outcome::AllRecommended.into();
    }
    let security = |it: &Recommendation| it.domain == Domain::Security;
    let critical = |it: &Recommendation| it.severity == Severity::Critical;
    gravest(&recommendations, security, Ground::Security)
        .or_else(|| gravest(&recommendations, critical, Ground::Severity))
        .map_or_else(|| Ruling::Mediation(recommendations.clone()), Into::into)
}

/// Returns the most severe of those recommendations, of the lowest member if several are.
fn gravest(
    recommendations: &[(VoterId, Recommendation)],
    admits: impl Fn(&Recommendation) -> bool,
    ground: Ground,
) -> Option<Outcome> {
    let admitted = recommendations.iter().filter(|(_, it)| admits(it));
    let (by, _) = admitted.min_by_key(|(voter, it)| (it.severity, *voter))?;
    Some(Outcome::Recommended { by: *by, ground })
}
