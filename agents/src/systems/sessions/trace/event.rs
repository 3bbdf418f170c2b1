//! The events of a session.

use serde::{Deserialize, Serialize};

use super::super::wire::{EventId, SessionId};
use super::Regression;

/// An event in the log of its session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Logged {
    /// The time at which the service took it, in microseconds.
    pub(in super::super) at_us: u64,
    pub(in super::super) event: Event,
}

/// An event, as its source sends it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Event {
    pub(in super::super) id: EventId,
    /// The agent that sends it.
    pub(in super::super) source: String,
    #[serde(flatten)]
    pub(in super::super) kind: EventKind,
}

/// The kinds of events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event_type", content = "payload", rename_all = "snake_case")]
pub(in super::super) enum EventKind {
    /// The session begins.
    SessionStarted,
    /// An agent begins to work.
    AgentStart { run: u32 },
    /// An agent has done its work.
    AgentEnd { run: u32 },
    /// An agent failed.
    AgentError { run: u32, error: String },
    /// An agent called a model.
    LlmCall {
        model: Model,
        tokens: u32,
        cost_micros: u64,
    },
    /// A session for a part of the work is about to begin.
    SessionDelegated { child: SessionId },
    /// Such a session has ended.
    SessionJoined { child: SessionId },
    /// The modules of a batch are about to be worked on.
    BatchProcessingStarted { modules: u32 },
    /// Tests for a module are being written.
    TestGenerationStarted { module: u32 },
    /// Tests for a module are there.
    TestGenerationCompleted {
        module: u32,
        tests: u32,
        /// The sum of the tests' scores, each of up to 100.
        quality: u32,
    },
    /// The tests of a module are checked.
    TestVerificationStarted { module: u32 },
    /// The tests of a module failed, and are repaired.
    TestHealingTriggered { module: u32 },
    /// The state of the session was kept under this name.
    Checkpoint { name: String },
    /// The session is worse than earlier ones.
    RegressionDetected { regression: Regression },
    /// The longest gap between two checkpoints of the session.
    BottleneckDetected { checkpoint: String, gap_us: u64 },
    /// The session ends.
    SessionEnded,
    /// The session ends with an error.
    SessionFailed { error: String },
}

impl EventKind {
    /// Returns the name of the kind in histories.
    pub(in super::super) fn name(&self) -> &'static str {
        match self {
            Self::SessionStarted => "session_started",
            Self::AgentStart { .. } => "agent_start",
            Self::AgentEnd { .. } => "agent_end",
            Self::AgentError { .. } => "agent_error",
            Self::LlmCall { .. } => "llm_call",
            Self::SessionDelegated { .. } => "session_delegated",
            Self::SessionJoined { .. } => "session_joined",
            Self::BatchProcessingStarted { .. } => "batch_processing_started",
            Self::TestGenerationStarted { .. } => "test_generation_started",
            Self::TestGenerationCompleted { .. } => "test_generation_completed",
            Self::TestVerificationStarted { .. } => "test_verification_started",
            Self::TestHealingTriggered { .. } => "test_healing_triggered",
            Self::Checkpoint { .. } => "checkpoint",
            Self::RegressionDetected { .. } => "regression_detected",
            Self::BottleneckDetected { .. } => "bottleneck_detected",
            Self::SessionEnded => "session_ended",
            Self::SessionFailed { .. } => "session_failed",
        }
    }

    /// Returns the end of the session, if this event ends it.
    pub(in super::super) fn ends(&self) -> Option<SessionEnd> {
        match self {
            Self::SessionEnded => Some(SessionEnd::Completed),
            Self::SessionFailed { .. } => Some(SessionEnd::Failed),
            _ => None,
        }
    }
}

/// The ends of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum SessionEnd {
    /// All agents have done their work.
    Completed,
    /// An agent failed.
    Failed,
}

/// A language model, with its price.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Model {
    /// A cheap one.
    Small,
    /// An expensive one.
    Large,
}

impl Model {
    /// Every model.
    pub(in super::super) const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// Returns the name of the model.
    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }

    /// Returns the price of so many tokens, in millionths.
    pub(in super::super) fn cost_micros(self, tokens: u32) -> u64 {
        let of_token = match self {
            Self::Small => 2,
            Self::Large => 30,
        };
        u64::from(tokens) * of_token
    }
}
