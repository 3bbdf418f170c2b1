//! Values, lists and counters by key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reply;

/// A change of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum ValueCommand {
    Set { key: String, value: String },
    Append { key: String, value: String },
    Increment { key: String },
}

impl ValueCommand {
    pub(in super::super) fn key(&self) -> &str {
        match self {
            Self::Set { key, .. } | Self::Append { key, .. } | Self::Increment { key } => key,
        }
    }
}

impl From<ValueCommand> for super::Command {
    fn from(command: ValueCommand) -> Self {
        Self::Value(command)
    }
}

/// A decided change of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum ValueChange {
    Set { key: String, value: String },
    Appended { key: String, value: String },
    Counted { key: String, number: u32 },
}

/// The keys of a team. Values, lists and counters do not share names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(in super::super) struct Values {
    values: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
    counters: BTreeMap<String, u32>,
}

impl Values {
    pub(in super::super) fn get(&self, key: &str) -> Option<String> {
        self.values.get(key).cloned()
    }

    pub(in super::super) fn list(&self, key: &str) -> Vec<String> {
        self.lists.get(key).cloned().unwrap_or_default()
    }

    pub(in super::super) fn count(&self, key: &str) -> u32 {
        self.counters.get(key).copied().unwrap_or_default()
    }

    pub(super) fn decide(&self, command: &ValueCommand) -> (ValueChange, Reply) {
        match command.clone() {
            ValueCommand::Set { key, value } => (ValueChange::Set { key, value }, Reply::Done),
            ValueCommand::Append { key, value } => {
                let length = self.lists.get(&key).map_or(0, Vec::len) + 1;
                let length = u32::try_from(length).expect("fewer than 2^32 elements");
                (ValueChange::Appended { key, value }, Reply::Number(length))
            }
            ValueCommand::Increment { key } => {
                let number = self.count(&key) + 1;
                (ValueChange::Counted { key, number }, Reply::Number(number))
            }
        }
    }

    pub(super) fn apply(&mut self, change: &ValueChange) {
        match change.clone() {
            ValueChange::Set { key, value } => {
                self.values.insert(key, value);
            }
            ValueChange::Appended { key, value } => {
                self.lists.entry(key).or_default().push(value);
            }
            ValueChange::Counted { key, number } => {
                self.counters.insert(key, number);
            }
        }
    }
}
