//! Hosts: where tasks run and sockets live.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::ids::TaskId;
use crate::time::{VirtualTime, micros};

/// The state of a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostState {
    /// Its tasks run.
    Up,
    /// Its tasks do not run, its kernel still answers.
    Paused,
    /// Its tasks are gone and packets to it go nowhere.
    Down,
}

/// The error of a host's wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClockSkew {
    /// Microseconds by which it is ahead, or behind if they are negative.
    pub offset_micros: i64,
    /// Microseconds that it gains in each second, or loses if they are negative.
    pub drift_ppm: i32,
}

/// The wall clock of a host: its error, and the time from which it drifts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SkewedClock {
    pub(crate) skew: ClockSkew,
    pub(crate) since: VirtualTime,
}

impl SkewedClock {
    /// Returns the microseconds by which it is ahead, or behind if they are negative.
    pub(crate) fn shift(self, now: VirtualTime) -> i64 {
        let elapsed: Duration = now.since(self.since);
        let drifted = i128::from(micros(elapsed)) * i128::from(self.skew.drift_ppm) / 1_000_000;
        let drifted = i64::try_from(drifted).expect("a run is shorter than 2^63 microseconds");
        self.skew.offset_micros.saturating_add(drifted)
    }
}

/// The program of a host, which runs each time that the host starts.
pub(crate) type Boot = Rc<dyn Fn()>;

pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) state: HostState,
    /// Tasks that were woken while the host was paused.
    pub(crate) parked: Vec<TaskId>,
    pub(crate) boot: Option<Boot>,
    /// Its kernel in the simulated network, once there is one.
    pub(crate) kernel: Option<(turmoil_net::HostId, IpAddr)>,
    /// Its wall clock, if that is wrong.
    pub(crate) clock: Option<SkewedClock>,
}

impl Host {
    /// Keeps a task that is ready until the host goes on.
    #[cold]
    pub(super) fn park(&mut self, task: TaskId) {
        self.parked.push(task);
    }

    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            state: HostState::Up,
            parked: Vec::new(),
            boot: None,
            kernel: None,
            clock: None,
        }
    }

    /// Returns the microseconds by which its wall clock is ahead, or behind if they are negative.
    pub(crate) fn clock_shift(&self, now: VirtualTime) -> i64 {
        self.clock.map_or(0, |clock| clock.shift(now))
    }
}
