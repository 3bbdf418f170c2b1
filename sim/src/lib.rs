//! A deterministic simulator for async Rust.
//!
//! A [`run`] is a pure function of a program, a world and a tape of choices.
//! One thread polls every task; virtual time jumps from timer to timer; sockets
//! are simulated; and each choice (which task runs next, how long a packet
//! travels, when a fault strikes) is drawn from one [`Tape`], so that the same
//! seed gives the same run, byte for byte.
//!
//! Code under test imports [`tokio`] from here instead of the crate of that
//! name, and what it uses of `tokio-util` from [`tokio_util`]. Inside a run every operation is a scheduling point; outside a run it
//! is plain tokio.

mod ambient;
mod arrivals;
mod context;
mod deadlock;
mod engine;
mod fingerprint;
mod history;
mod host;
mod leak;
mod net;
mod operation;
mod outcome;
mod panics;
mod point;
mod ready;
mod schedule;
mod site;
mod strategy;
mod tape;
mod task;
mod time;
pub mod tokio;
pub mod tokio_util;
mod wait;
mod wake;
mod world;

pub use ambient::{Ambient, SEEDS_TOKIO_SELECT, WALL_CLOCK_START, run_hermetic};
pub use engine::{Budget, Config, Interleaving, Recording, run};
pub use fingerprint::Fingerprint;
pub use history::{Effect, Entry, History, TaskEnd};
pub use host::{HostId, HostState};
pub use leak::{LeakKind, LeakReport, Leaks};
pub use net::{Direction, NetConfig};
pub use outcome::{
    CastMember, DeadlockedTask, Divergence, Outcome, PanicReport, Statistics, Switch, Verdict,
};
pub use point::{Resource, ResourceId, ResourceKind};
pub use rehearsal_hermetic as hermetic;
pub use schedule::{Decision, DecisionKind, Schedule};
pub use site::{Family, Label, Link, Site, SpawnPath};
pub use strategy::{
    Candidates, Deviate, Deviation, Exhaustive, Fifo, Parameter, Pct, Picks, Pos, Profile,
    Profiler, Random, STRATEGIES, Sampler, SharedProfile, Strategy, StrategyInfo, StrategyKind,
    StrategyName, Urw,
};
pub use tape::{Choice, Choices, SiteId, Tape};
pub use task::{AbortHandle, JoinError, JoinHandle};
pub use time::VirtualTime;
pub use wait::{Census, LiveSocket, LiveTask, TaskId};
pub use world::{World, current};
