//! Wire profiles: published protocols between agents, each as a state machine over one
//! stream of messages, so that a recorded stream can be checked without the system that
//! wrote it.
//!
//! A stream is text with one JSON message on each line; [`check_stream`] reads it once, line
//! by line. Lines of server-sent events may be left as they were recorded: `data:` in front
//! of a message is skipped, and so are lines of other fields, comments and blank lines.
//!
//! A machine keeps state for what is open and forgets what has ended, so that a stream of
//! any length is checked in bounded memory. [`OPEN_MAX`] ids of one kind may be open at once;
//! a stream that opens more is not checked any further, which is reported and is no pass.
//! The last [`RECENT_MAX`] ids that ended are remembered, to tell an id that is used again
//! from one that was never there.
//!
//! To add a profile, write its file and add its line to [`WIRE_PROFILES`].

mod a2a;
mod ag_ui;
mod agent_client;
mod chat_completions;
mod check;
mod cloud_events;
mod exchange;
mod fields;
mod finding;
mod json_rpc;
mod mcp_2025;
mod mcp_2026;
mod open;
mod otel_genai;
mod spans;
#[cfg(test)]
mod tests;

use serde_json::Value as Json;

pub use check::{StreamFinding, check_stream};
pub use finding::{Findings, LISTED_MAX, Stop, WireViolation};
pub use open::{OPEN_MAX, RECENT_MAX};

/// The bytes that a line of a stream may have.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// One protocol, or one version or strictness of it.
#[derive(Debug)]
pub struct WireProfile {
    /// The name on the command line, for example `ag-ui-spec`.
    pub name: &'static str,
    /// The contents of a stream, in one sentence without a full stop.
    pub claim: &'static str,
    /// The document with the rules, and its version.
    pub specification: &'static str,
    /// The rules, in lists that profiles may share.
    rules: &'static [&'static [WireRule]],
    /// Returns a machine that has seen nothing.
    pub machine: fn() -> Box<dyn WireMachine>,
}

impl WireProfile {
    /// Returns every rule, each once.
    pub fn rules(&self) -> impl Iterator<Item = &'static WireRule> {
        self.rules.iter().copied().flatten()
    }
}

/// The state of a protocol after the messages so far.
pub trait WireMachine {
    /// Takes the next message and reports the rules that it breaks.
    fn step(&mut self, message: &Json, findings: &mut Findings);

    /// Reports the rules that are broken because the stream ends here.
    fn end(&mut self, findings: &mut Findings);
}

/// A rule of a protocol. Its name is stable: it identifies a violation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WireRule {
    /// The name, for example `not-open`; unique in its profile.
    pub name: &'static str,
    /// The violation, in one sentence.
    pub meaning: &'static str,
    /// The section of the specification.
    pub section: &'static str,
}

impl WireRule {
    const fn new(name: &'static str, section: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            meaning,
            section,
        }
    }
}

/// The wire profiles.
pub static WIRE_PROFILES: &[WireProfile] = &[
    a2a::V0_3_PROFILE,
    a2a::V1_0_PROFILE,
    ag_ui::SDK,
    ag_ui::SPEC,
    agent_client::PROFILE,
    chat_completions::PROFILE,
    cloud_events::PROFILE,
    mcp_2025::PROFILE,
    mcp_2026::PROFILE,
    otel_genai::PROFILE,
    spans::AGENT_EVENTS,
    spans::AGENT_CALLS,
    spans::REQUEST_RESPONSE,
];

/// Returns the profile with that name.
pub fn wire_profile(name: &str) -> Option<&'static WireProfile> {
    WIRE_PROFILES.iter().find(|profile| profile.name == name)
}
