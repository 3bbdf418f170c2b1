//! The agents of a scenario, and the chats of its users.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expectations::ChatExpectations;
use crate::units::times::{self, Delay, Window};

/// An agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    /// The key by which the rest of the file names the agent.
    #[schemars(extend("x-example" = "key = \"worker-1\""))]
    pub key: String,
    /// The name under which it is deployed, without the suffix.
    #[schemars(extend("x-example" = "name = \"multi-w1\""))]
    pub name: String,
    /// The description on its card.
    #[serde(default)]
    pub description: String,
    /// The keys of the agents that it may ask. An agent that has some is a coordinator.
    #[serde(default)]
    pub access: Vec<String>,
    /// The outputs of its model for each session, in order. `{KEY}` stands for the name of an
    /// agent, `{task-1}` for the task of the first chat.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// The time that its model takes for an output.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub service: Duration,
    /// The time that it takes to start; drawn.
    #[serde(default = "startup")]
    pub startup: Window,
    /// The agent never starts.
    #[serde(default)]
    pub never_starts: bool,
}

fn startup() -> Window {
    Window {
        from: Duration::from_millis(20),
        to: Duration::from_millis(200),
    }
}

/// A chat of each user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatSettings {
    /// The key of the agent that is asked.
    #[schemars(extend("x-example" = "to = \"coordinator\""))]
    pub to: String,
    /// The beginning of the id of the task. The rest of it is drawn.
    #[serde(default = "task")]
    pub task: String,
    /// The answer is streamed.
    #[serde(default)]
    pub stream: bool,
    /// The form in which the user reads the answer.
    #[serde(default)]
    pub reads: Reading,
    /// The key of the agent to which the task goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub delegates_to: Option<String>,
    /// The expectations of the user.
    #[serde(default)]
    pub expect: ChatExpectations,
}

fn task() -> String {
    "TASK".to_owned()
}

/// The form in which an answer is read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The form that was asked for.
    #[default]
    AsAsked,
    /// One JSON object.
    Json,
    /// An event stream.
    Stream,
}

impl ChatSettings {
    /// Returns `true` if the answer is read as an event stream.
    pub fn is_read_as_stream(&self) -> bool {
        match self.reads {
            Reading::AsAsked => self.stream,
            Reading::Json => false,
            Reading::Stream => true,
        }
    }
}
