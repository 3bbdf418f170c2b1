//! A deterministic simulator for async Rust (skeleton while the engine lands).
mod fingerprint;
mod history;
mod host;
mod outcome;
mod point;
mod strategy;
mod tape;
mod time;
mod wait;
pub use fingerprint::Fingerprint;
pub use history::{Effect, Entry, History, TaskEnd};
pub use host::{HostId, HostState};
pub use outcome::{DeadlockedTask, Divergence, Outcome, PanicReport, Statistics, Verdict};
pub use point::{ResourceId, ResourceKind};
pub use strategy::{Candidates, Fifo, Random, Strategy};
pub use tape::{Choice, Draws, SiteId, Tape};
pub use time::VirtualTime;
pub use wait::{Census, LiveSocket, LiveTask, TaskId};
