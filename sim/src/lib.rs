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
mod blocking;
pub mod cancel;
mod disk;
mod engine;
mod extensions;
#[cfg(feature = "proptest")]
mod generate;
mod ids;
mod index_vec;
mod min_queue;
mod net;
mod operation;
mod point;
mod rng;
mod run;
mod schedule;
mod shim;
mod task;
mod time;
mod trace;
mod world;

pub use ambient::{Ambient, SEEDS_TOKIO_SELECT, WALL_CLOCK_START};
pub use disk::{DISK_CAPACITY, DiskConfig, DiskFault, DiskOperation, HostDisk};
pub use engine::{
    Beat, Budget, ClockSkew, Config, Heartbeat, HostState, INTERRUPTS_PLAIN_TASKS, Leaks,
    PlainTaskPolicy, Recording, STACK_SIZE,
};
pub use ids::{HostId, ResourceId, TaskId};
pub use net::{Direction, NetConfig, Opening, TcpModel};
pub use operation::{Interleave, ResourceKind};
pub use rehearsal_hermetic as hermetic;
pub use rng::ChoiceRng;
pub use run::{run, run_hermetic};
pub use schedule::strategy::{
    Alternative, Candidates, ChoiceKind, Deviate, Exhaustive, Fifo, Order, Parameter, Pct,
    PendingOperation, Pick, PickDeviation, Picks, Pos, Profile, Random, STRATEGIES, Sampler, Scope,
    Spawn, Strategy, StrategyInfo, StrategyKind, StrategyName, Surw, Urw,
};
pub use schedule::{
    Choice, Choices, Deviation, DeviationKind, Divergence, Family, Label, Link, POSTPONED_STEPS,
    PlainPath, Schedule, Site, SiteId, SpawnPath, Tape,
};
pub use shim::{std, sync, tokio, tokio_util};
pub use task::{AbortHandle, JoinError, JoinHandle};
pub use time::VirtualTime;
pub use trace::{
    Census, CodeLine, DeadlockedTask, Decision, DiskLoss, Dropped, Effect, Entry, Fingerprint,
    Interleaving, Interruption, LeakKind, LeakReport, LivePlainTask, LiveSocket, LiveTask,
    LockChange, LockStep, LockUse, LogLine, LostChange, Meanwhile, Moment, Observed, Outcome,
    PanicReport, Postponement, Resumption, Statistics, Switch, TaskDecision, TaskEnd, TaskInfo,
    Trace, Unheard, Verdict, Wake, is_in_std,
};
pub use world::{World, current};
