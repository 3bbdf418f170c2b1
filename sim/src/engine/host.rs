//! Hosts: where tasks run and sockets live.

use std::net::IpAddr;
use std::rc::Rc;

use crate::ids::TaskId;

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
