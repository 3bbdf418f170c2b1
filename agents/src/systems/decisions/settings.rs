//! The content of a scenario of decisions, and the sections of its file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::rules::{Choice, Domain, Expert, MissingRule, RuleRef, Severity, TieRule};
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout, Window};

/// A whole scenario of decisions.
pub type DecisionsSpec = ScenarioSpec<DecisionsScenario>;

/// The sections of a scenario that only decisions have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionsScenario {
    pub(super) decision: DecisionSettings,
    pub(super) connections: ConnectionSettings,
    pub(super) mediator: MediatorSettings,
    /// The members, in order of declaration.
    pub(super) voters: Vec<VoterGroup>,
}

/// The terms of every round.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionSettings {
    /// The rule by which votes become a decision.
    #[schemars(extend("x-example" = "rule = \"majority\""))]
    pub(super) rule: Name<RuleRef>,
    /// The number of rounds, one after the other.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub(super) rounds: u32,
    /// The time from the opening of a round to its end, if votes are missing.
    #[serde(default = "deadline", with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) deadline: Duration,
    /// The share of all votes at which there is a consensus, in percent.
    #[serde(default = "threshold")]
    #[schemars(range(min = 1, max = 100))]
    pub(super) threshold: u32,
    /// The treatment of a tie.
    #[serde(default = "ties")]
    pub(super) ties: TieRule,
    /// The treatment of members that have not voted by the deadline.
    #[serde(default = "missing")]
    pub(super) missing: MissingRule,
    /// The subject, by which experts are weighted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Domain")]
    pub(super) domain: Option<Domain>,
    /// The time that the coordinator takes to write a vote to its disk.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub(super) write: Duration,
}

fn deadline() -> Duration {
    Duration::from_secs(1)
}

fn threshold() -> u32 {
    60
}

fn ties() -> TieRule {
    TieRule::Strictest
}

fn missing() -> MissingRule {
    MissingRule::Against
}

/// Settings of the voters' connections.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConnectionSettings {
    /// The time that a voter waits before it connects again.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) reconnect_after: Duration,
    /// Silence after which a voter takes its connection for dead.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) idle_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            reconnect_after: Duration::from_millis(20),
            idle_timeout: Duration::from_secs(5),
        }
    }
}

/// The mediator, which the rule `conflict` asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MediatorSettings {
    /// Its answers, one after the other: the place of the recommendation that it picks, from
    /// 1, in the order of the members.
    pub(super) picks: Vec<u32>,
    /// The time that an answer takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub(super) effort: Duration,
    /// The time after which the coordinator decides without the mediator.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) timeout: Duration,
}

impl Default for MediatorSettings {
    fn default() -> Self {
        Self {
            picks: Vec::new(),
            effort: Duration::ZERO,
            timeout: Duration::from_secs(1),
        }
    }
}

/// Voters that are set up alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct VoterGroup {
    pub(super) count: u32,
    pub(super) vote: VoteSource,
    /// In thousandths.
    pub(super) weight: u32,
    pub(super) expert: Option<Expert>,
    pub(super) veto: bool,
    /// The time from the announcement of a round to the vote; drawn.
    pub(super) delay: Window,
}

/// The origin of a voter's votes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum VoteSource {
    /// It never votes.
    None,
    /// It always votes so.
    Fixed(Choice),
    /// Each vote is drawn.
    Drawn,
    /// The findings of a review are drawn, and the vote follows from them.
    Findings,
    /// It recommends.
    Recommendation(RecommendationSource),
}

/// The content of a recommendation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RecommendationSource {
    /// Drawn from two if there is none.
    pub(super) priority: Option<u32>,
    pub(super) domain: Domain,
    pub(super) severity: Severity,
}

// The file --------------------------------------------------------------------

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionsFile {
    /// The terms of every round.
    #[schemars(extend("x-example" = "[decision]\nrule = \"majority\""))]
    pub(super) decision: Part<DecisionSettings>,
    /// Settings of the voters' connections.
    #[serde(default)]
    pub(super) connections: Part<ConnectionSettings>,
    /// The mediator, which the rule `conflict` asks.
    #[serde(default)]
    pub(super) mediator: Part<MediatorSettings>,
    /// Groups of voters.
    #[schemars(
        length(min = 1),
        extend("x-reduce" = 1, "x-example" = "[[voters]]\nvote = \"drawn\"\ncount = 3")
    )]
    pub(super) voters: Part<Vec<Group>>,
}

/// Voters that are set up alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The origin of their votes.
    #[schemars(extend("x-example" = "vote = \"drawn\""))]
    pub(super) vote: Name<VoteName>,
    /// The number of voters.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub(super) count: u32,
    /// The weight of each, in thousandths.
    #[serde(default = "full_weight")]
    #[schemars(range(min = 0, max = 1_000_000))]
    weight: u32,
    /// The field of expertise. It gives the weight, if the decision has a domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Expert")]
    expert: Option<Expert>,
    /// Makes a rejection of one of these decide by itself, under the rules `veto` and
    /// `review`.
    #[serde(default)]
    pub(super) veto: bool,
    /// The time from the announcement of a round to a vote; drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Window")]
    delay: Option<Window>,
    /// The priority of a recommendation. Without it each draws 1 or 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 100),
        extend("x-of" = { "vote": ["recommendation"] }, "x-optional" = true)
    )]
    priority: Option<u32>,
    /// The subject of a recommendation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Domain",
        extend("x-of" = { "vote": ["recommendation"] }, "x-example" = "domain = \"security\"")
    )]
    domain: Option<Domain>,
    /// The severity of a recommendation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Severity",
        extend("x-of" = { "vote": ["recommendation"] }, "x-example" = "severity = \"high\"")
    )]
    severity: Option<Severity>,
}

fn one() -> u32 {
    1
}

fn full_weight() -> u32 {
    1_000
}

/// The origins of votes by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum VoteName {
    None,
    Fixed(Choice),
    Drawn,
    Findings,
    Recommendation,
}

impl Named for VoteName {
    const NOUN: &'static str = "origin of votes";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![
            ("approve".into(), Self::Fixed(Choice::Approve)),
            (
                "request-changes".into(),
                Self::Fixed(Choice::RequestChanges),
            ),
            ("reject".into(), Self::Fixed(Choice::Reject)),
            ("drawn".into(), Self::Drawn),
            ("findings".into(), Self::Findings),
            ("recommendation".into(), Self::Recommendation),
            ("none".into(), Self::None),
        ]
    }
}

impl Group {
    /// Returns the voters as they are run; `None` if a parameter of a recommendation is
    /// missing.
    fn spec(&self) -> Option<VoterGroup> {
        let at_once = Window {
            from: Duration::ZERO,
            to: Duration::ZERO,
        };
        Some(VoterGroup {
            count: self.count,
            vote: self.source()?,
            weight: self.weight,
            expert: self.expert,
            veto: self.veto,
            delay: self.delay.unwrap_or(at_once),
        })
    }

    fn source(&self) -> Option<VoteSource> {
        Some(match self.vote.0 {
            VoteName::None => VoteSource::None,
            VoteName::Fixed(choice) => VoteSource::Fixed(choice),
            VoteName::Drawn => VoteSource::Drawn,
            VoteName::Findings => VoteSource::Findings,
            VoteName::Recommendation => VoteSource::Recommendation(RecommendationSource {
                priority: self.priority,
                domain: self.domain?,
                severity: self.severity?,
            }),
        })
    }
}

impl Settings for DecisionsScenario {
    type File = DecisionsFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: DecisionsFile) -> Option<Self> {
        let groups = file.voters.into_sound()?;
        Some(Self {
            decision: file.decision.into_sound()?,
            connections: file.connections.into_sound()?,
            mediator: file.mediator.into_sound()?,
            voters: groups.iter().map(Group::spec).collect::<Option<_>>()?,
        })
    }

    fn contradictions(file: &DecisionsFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let groups = self.voters.iter();
        Extent {
            noun: "voter",
            count: groups.map(|group| u64::from(group.count)).sum(),
        }
    }

    fn planned(&self) -> Option<Extent> {
        let groups = self.voters.iter();
        let voting = groups.filter(|group| group.vote != VoteSource::None);
        let votes: u64 = voting.map(|group| u64::from(group.count)).sum();
        Some(Extent {
            noun: "planned vote",
            count: votes * u64::from(self.decision.rounds),
        })
    }
}
