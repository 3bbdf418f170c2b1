//! Hosts: where tasks run and sockets live.

use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use crate::wait::TaskId;

/// A simulated machine; number 0 is the world itself, on which the program runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostId(pub(crate) u32);

impl HostId {
    /// The host of the program itself.
    pub const WORLD: Self = Self(0);

    /// The number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}", self.0)
    }
}

/// Whether a host runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostState {
    /// It runs.
    Up,
    /// It stands still: its tasks do not run, its kernel still answers.
    Paused,
    /// It is down: its tasks are gone and packets to it go nowhere.
    Down,
}

/// What runs on a host when it starts, and again when it starts again.
pub(crate) type Boot = Rc<dyn Fn()>;

pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) state: HostState,
    /// Tasks that were woken while the host stood still.
    pub(crate) parked: Vec<TaskId>,
    pub(crate) boot: Option<Boot>,
    /// Its kernel in the simulated network, once there is one.
    pub(crate) kernel: Option<(turmoil_net::HostId, IpAddr)>,
}

impl Host {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            state: HostState::Up,
            parked: Vec::new(),
            boot: None,
            kernel: None,
        }
    }
}
