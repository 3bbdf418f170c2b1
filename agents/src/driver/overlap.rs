//! Faults that overlap: the effect of two faults on one link or host ends when the
//! later of them does.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rehearsal_sim::{ClockSkew, Direction, HostId, HostState, Opening, World};

/// A fault on one direction of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum LinkFault {
    Partition,
    Hold,
    Refuse,
    Hang,
}

/// The number of faults that are active on each link and host.
#[derive(Debug)]
pub(super) struct ActiveFaults {
    world: World,
    links: RefCell<BTreeMap<(LinkFault, HostId, HostId), u32>>,
    pauses: RefCell<BTreeMap<HostId, u32>>,
    skews: RefCell<BTreeMap<HostId, u32>>,
}

impl ActiveFaults {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            links: RefCell::new(BTreeMap::new()),
            pauses: RefCell::new(BTreeMap::new()),
            skews: RefCell::new(BTreeMap::new()),
        }
    }

    /// Begins a fault on a link.
    pub(super) fn begin(&self, fault: LinkFault, a: HostId, b: HostId, direction: Direction) {
        let (forward, backward) = ways(direction);
        let forward = forward && self.count_up(fault, a, b);
        let backward = backward && self.count_up(fault, b, a);
        if let Some(direction) = joined(forward, backward) {
            match fault {
                LinkFault::Partition => self.world.partition(a, b, direction),
                LinkFault::Hold => self.world.hold(a, b, direction),
                LinkFault::Refuse | LinkFault::Hang => self.set_opening(a, b, direction),
            }
        }
    }

    /// Ends a fault on a link, unless another of that kind is active there.
    pub(super) fn end(&self, fault: LinkFault, a: HostId, b: HostId, direction: Direction) {
        let (forward, backward) = ways(direction);
        let forward = forward && self.count_down(fault, a, b);
        let backward = backward && self.count_down(fault, b, a);
        if let Some(direction) = joined(forward, backward) {
            match fault {
                LinkFault::Partition => self.world.heal(a, b, direction),
                LinkFault::Hold => self.world.release(a, b, direction),
                LinkFault::Refuse | LinkFault::Hang => self.set_opening(a, b, direction),
            }
        }
    }

    /// Applies the faults that concern connections from one host to another: of two, a refusal.
    fn set_opening(&self, a: HostId, b: HostId, direction: Direction) {
        let (forward, backward) = ways(direction);
        for (concerned, from, to) in [(forward, a, b), (backward, b, a)] {
            if concerned {
                self.world.set_opening(from, to, self.opening(from, to));
            }
        }
    }

    fn opening(&self, from: HostId, to: HostId) -> Opening {
        let links = self.links.borrow();
        let is_active = |fault| {
            links
                .get(&(fault, from, to))
                .is_some_and(|count| *count > 0)
        };
        if is_active(LinkFault::Refuse) {
            Opening::Refused
        } else if is_active(LinkFault::Hang) {
            Opening::Hangs
        } else {
            Opening::Works
        }
    }

    /// Pauses a host. Returns `false` if it is down.
    pub(super) fn pause(&self, host: HostId) -> bool {
        if self.world.host_state(host) == HostState::Down {
            return false;
        }
        *self.pauses.borrow_mut().entry(host).or_default() += 1;
        self.world.pause(host);
        true
    }

    /// Resumes a host, unless another fault has paused it too.
    pub(super) fn resume(&self, host: HostId) {
        let mut pauses = self.pauses.borrow_mut();
        let count = pauses.entry(host).or_default();
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.world.resume(host);
        }
    }

    /// Sets the wall clock of a host wrong by so many microseconds. Of two skews the later one
    /// counts.
    pub(super) fn skew(&self, host: HostId, offset_micros: i64) {
        *self.skews.borrow_mut().entry(host).or_default() += 1;
        self.set_clock(host, offset_micros);
    }

    /// Sets the wall clock of a host right, unless another fault has set it wrong too.
    pub(super) fn end_skew(&self, host: HostId) {
        let is_last = {
            let mut skews = self.skews.borrow_mut();
            let count = skews.entry(host).or_default();
            *count = count.saturating_sub(1);
            *count == 0
        };
        if is_last {
            self.set_clock(host, 0);
        }
    }

    fn set_clock(&self, host: HostId, offset_micros: i64) {
        let skew = ClockSkew {
            offset_micros,
            ..ClockSkew::default()
        };
        self.world.set_clock(host, skew);
    }

    /// Returns `true` if this is the first.
    fn count_up(&self, fault: LinkFault, from: HostId, to: HostId) -> bool {
        let mut links = self.links.borrow_mut();
        let count = links.entry((fault, from, to)).or_default();
        *count += 1;
        *count == 1
    }

    /// Returns `true` if this was the last.
    fn count_down(&self, fault: LinkFault, from: HostId, to: HostId) -> bool {
        let mut links = self.links.borrow_mut();
        let count = links.entry((fault, from, to)).or_default();
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
