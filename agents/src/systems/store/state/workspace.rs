//! The workspace: contributions of a team to one design.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::wire::ClientId;

/// An addition to the workspace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Contribution {
    /// A test case.
    TestCase(String),
    /// An edge case. Several agents may find the same one.
    EdgeCase(String),
    /// A suggestion about a test case.
    Suggestion { agent: ClientId, about: String },
}

/// Everything in a workspace.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in super::super) struct Contents {
    pub(in super::super) test_cases: Vec<String>,
    pub(in super::super) edge_cases: BTreeSet<String>,
    pub(in super::super) suggestions: Vec<(ClientId, String)>,
}

/// The workspace of a team.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(in super::super) struct Workspace {
    contents: Contents,
}

impl Workspace {
    /// Returns a copy of everything in it.
    pub(in super::super) fn contents(&self) -> Contents {
        self.contents.clone()
    }

    /// Returns `true` unless the contribution is an edge case that is known.
    pub(super) fn is_new(&self, contribution: &Contribution) -> bool {
        match contribution {
            Contribution::EdgeCase(case) => !self.contents.edge_cases.contains(case),
            Contribution::TestCase(_) | Contribution::Suggestion { .. } => true,
        }
    }

    pub(super) fn apply(&mut self, contribution: &Contribution) {
        match contribution.clone() {
            Contribution::TestCase(case) => self.contents.test_cases.push(case),
            Contribution::EdgeCase(case) => {
                self.contents.edge_cases.insert(case);
            }
            Contribution::Suggestion { agent, about } => {
                self.contents.suggestions.push((agent, about));
            }
        }
    }
}
