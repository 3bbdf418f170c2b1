//! The output of a model, as it travels.

use serde::{Deserialize, Serialize};

/// An output of a model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The id, which no other output has.
    pub id: String,
    /// The reason for which the text ends.
    pub finish_reason: FinishReason,
    /// The text.
    pub content: String,
}

/// The reason for which a text ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The text is whole.
    Stop,
    /// The text breaks off: it would have been too long.
    Length,
}

impl Completion {
    /// An output with its whole text.
    pub fn whole(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            finish_reason: FinishReason::Stop,
            content: content.into(),
        }
    }

    /// Returns `true` if the text does not break off.
    pub fn is_whole(&self) -> bool {
        self.finish_reason == FinishReason::Stop
    }

    /// Returns the output as the body of a reply.
    ///
    /// # Panics
    ///
    /// Never: texts and names are JSON.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("an output is JSON")
    }

    /// Reads the body of a reply. `None` if it is no output.
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}
