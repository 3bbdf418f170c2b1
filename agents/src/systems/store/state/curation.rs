//! What a curator keeps for a team: tools on offer, and statements that were retracted. And
//! documents, which agents revise with them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A change of what the curator keeps, or the use of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum CurationCommand {
    /// Takes a statement back for good.
    Retract(String),
    /// Offers a tool.
    Offer(String),
    /// Offers a tool no longer.
    Withdraw(String),
    /// Uses a tool, if it is on offer.
    Use(String),
}

impl From<CurationCommand> for super::Command {
    fn from(command: CurationCommand) -> Self {
        Self::Curation(command)
    }
}

/// A decided change of what the curator keeps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum CurationChange {
    Retracted(String),
    Offered(String),
    Withdrawn(String),
}

/// A new version of a document. It is taken if the document is as the agent has read it, and
/// the statements that it was derived from still hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Revision {
    pub(in super::super) document: String,
    /// The version that it was produced from; none if there was none.
    pub(in super::super) from: Option<String>,
    /// The statements that it was derived from.
    pub(in super::super) uses: Vec<String>,
    pub(in super::super) value: String,
}

/// The tools and the retractions of a team.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(in super::super) struct Curation {
    tools: BTreeSet<String>,
    retracted: BTreeSet<String>,
}

impl Curation {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the tools on offer.
    pub(in super::super) fn tools(&self) -> Vec<String> {
        self.tools.iter().cloned().collect()
    }

    /// Returns `true` if no statement that the revision uses was retracted.
    pub(in super::super) fn holds(&self, revision: &Revision) -> bool {
        let mut uses = revision.uses.iter();
        !uses.any(|statement| self.retracted.contains(statement))
    }

    /// Returns the change, if there is one, and `true` if the command does something.
    pub(super) fn decide(&self, command: &CurationCommand) -> (Option<CurationChange>, bool) {
        let (change, acts) = match command.clone() {
            CurationCommand::Retract(statement) => {
                let is_new = !self.retracted.contains(&statement);
                (CurationChange::Retracted(statement), is_new)
            }
            CurationCommand::Offer(tool) => {
                let is_new = !self.tools.contains(&tool);
                (CurationChange::Offered(tool), is_new)
            }
            CurationCommand::Withdraw(tool) => {
                let is_there = self.tools.contains(&tool);
                (CurationChange::Withdrawn(tool), is_there)
            }
            CurationCommand::Use(tool) => return (None, self.tools.contains(&tool)),
        };
        (acts.then_some(change), acts)
    }

    pub(super) fn apply(&mut self, change: &CurationChange) {
        match change.clone() {
            CurationChange::Retracted(statement) => self.retracted.insert(statement),
            CurationChange::Offered(tool) => self.tools.insert(tool),
            CurationChange::Withdrawn(tool) => self.tools.remove(&tool),
        };
    }
}
