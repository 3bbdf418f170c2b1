//! The tools: a server on a host of its own that runs tools for agents.
//!
//! | module | contents |
//! |---|---|
//! | `server` | connections, and the runs of tools |
//! | `client` | calls, which are repeated until they are answered |
//!
//! A call has a key. A tool that was run under a key is not run again under it: the caller may
//! repeat a call as often as it takes. Effect and key are written to the disk in one step, so
//! that a crash leaves both or none.

mod client;
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

pub(super) use self::client::{GaveUp, ToolClient};
pub(super) use self::server::{Effects, Tools};

/// The port on which the tools listen.
pub(super) const PORT: u16 = 9300;

/// The key of a call: the same for all attempts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Key(pub(super) Arc<str>);

/// A run of a tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tool {
    /// A search, which takes some time.
    Search { time_ms: u32 },
    /// Code in an executor, which is stopped at its limit, and may die as often as said
    /// before it comes to an end.
    Code { time_ms: u32, deaths: u32 },
}

/// A call of a tool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ToolCall {
    pub(super) key: Key,
    pub(super) namespace: Arc<str>,
    /// The id of the effect that the tool has.
    pub(super) effect: Arc<str>,
    pub(super) tool: Tool,
}

/// The result of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToolResult {
    /// The tool has had its effect.
    Done,
    /// The executor has reached its limit and was stopped. There is no effect.
    Stopped,
}

/// The disk of the tools' host: the results by key. Survives a crash.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<BTreeMap<Key, ToolResult>>>);
