//! Faults that overlap: what two faults do to one link or host ends when the
//! last of them does.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rehearsal_sim::{Direction, HostId, HostState, World};

/// What can be done to one direction of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Obstacle {
    Partition,
    Hold,
}

/// Counts the faults that lie on each link and host.
#[derive(Debug)]
pub(super) struct Obstacles {
    world: World,
    links: RefCell<BTreeMap<(Obstacle, HostId, HostId), u32>>,
    pauses: RefCell<BTreeMap<HostId, u32>>,
}

impl Obstacles {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            links: RefCell::new(BTreeMap::new()),
            pauses: RefCell::new(BTreeMap::new()),
        }
    }

    /// Puts an obstacle on a link.
    pub(super) fn put(&self, obstacle: Obstacle, a: HostId, b: HostId, direction: Direction) {
        let (forward, backward) = ways(direction);
        let forward = forward && self.count_up(obstacle, a, b);
        let backward = backward && self.count_up(obstacle, b, a);
        if let Some(direction) = joined(forward, backward) {
            match obstacle {
                Obstacle::Partition => self.world.partition(a, b, direction),
                Obstacle::Hold => self.world.hold(a, b, direction),
            }
        }
    }

    /// Takes it away again, unless another fault has put one there too.
    pub(super) fn lift(&self, obstacle: Obstacle, a: HostId, b: HostId, direction: Direction) {
        let (forward, backward) = ways(direction);
        let forward = forward && self.count_down(obstacle, a, b);
        let backward = backward && self.count_down(obstacle, b, a);
        if let Some(direction) = joined(forward, backward) {
            match obstacle {
                Obstacle::Partition => self.world.heal(a, b, direction),
                Obstacle::Hold => self.world.release(a, b, direction),
            }
        }
    }

    /// Has a host stand still. False if it is down.
    pub(super) fn pause(&self, host: HostId) -> bool {
        if self.world.host_state(host) == HostState::Down {
            return false;
        }
        *self.pauses.borrow_mut().entry(host).or_default() += 1;
        self.world.pause(host);
        true
    }

    /// Lets it go on, unless another fault has paused it too.
    pub(super) fn resume(&self, host: HostId) {
        let mut pauses = self.pauses.borrow_mut();
        let count = pauses.entry(host).or_default();
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.world.resume(host);
        }
    }

    /// True if this is the first.
    fn count_up(&self, obstacle: Obstacle, from: HostId, to: HostId) -> bool {
        let mut links = self.links.borrow_mut();
        let count = links.entry((obstacle, from, to)).or_default();
        *count += 1;
        *count == 1
    }

    /// True if this was the last.
    fn count_down(&self, obstacle: Obstacle, from: HostId, to: HostId) -> bool {
        let mut links = self.links.borrow_mut();
        let count = links.entry((obstacle, from, to)).or_default();
        *count = count.saturating_sub(1);
        *count == 0
    }
}

fn ways(direction: Direction) -> (bool, bool) {
    (
        direction != Direction::Backward,
        direction != Direction::Forward,
    )
}

fn joined(forward: bool, backward: bool) -> Option<Direction> {
    match (forward, backward) {
        (true, true) => Some(Direction::Both),
        (true, false) => Some(Direction::Forward),
        (false, true) => Some(Direction::Backward),
        (false, false) => None,
    }
}
