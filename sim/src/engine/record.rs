//! The record of a run: its fingerprint and, with full recording, its trace.

use std::cell::Cell;
use std::rc::Rc;

use crate::ids::TaskId;
use crate::schedule::ChoiceSource;
use crate::time::VirtualTime;
use crate::trace::{Effect, Fingerprinter, Postponement, Switch, TaskInfo, Trace, Wake};

use super::Recording;
use super::observations::Observations;

/// The parts of a run that are kept, so far.
pub(super) struct Record {
    pub(super) recording: Recording,
    pub(super) fingerprint: Fingerprinter,
    pub(super) stamped: VirtualTime,
    pub(super) trace: Trace,
    /// The number of effects in the trace, for those who wake tasks.
    pub(super) effects: Rc<Cell<usize>>,
    pub(super) switches: Vec<Switch>,
    pub(super) postponements: Vec<Postponement>,
    pub(super) observations: Observations,
    pub(super) tasks: Vec<TaskInfo>,
}

/// The most elements for which a list reserves room: a run may be far shorter than the one
/// before it.
const RESERVED_MOST: usize = 1 << 16;

/// The lengths of the lists that a full recording makes.
#[derive(Clone, Copy, Default)]
pub(super) struct Lengths {
    entries: usize,
    locks: usize,
    wakes: usize,
    switches: usize,
    choices: usize,
}

// Tags of effects in the fingerprint; part of its specification.
pub(super) const TAG_TIME: u8 = 1;
pub(super) const TAG_POLL: u8 = 2;
pub(super) const TAG_SPAWN: u8 = 3;
pub(super) const TAG_END: u8 = 4;
pub(super) const TAG_PACKET: u8 = 5;
pub(super) const TAG_ARRIVAL: u8 = 6;
pub(super) const TAG_FAULT: u8 = 7;
pub(super) const TAG_NOTE: u8 = 8;
pub(super) const TAG_TOTAL: u8 = 9;
pub(super) const TAG_INTERRUPTION: u8 = 10;

impl Record {
    /// Reserves room in the lists of a full recording, which are probably as long as those of the
    /// run before.
    pub(super) fn reserve(&mut self, draws: &mut ChoiceSource, lengths: Lengths) {
        let most = |length: usize| length.min(RESERVED_MOST);
        self.trace.entries.reserve(most(lengths.entries));
        self.trace.locks.reserve(most(lengths.locks));
        self.trace.wakes.reserve(most(lengths.wakes));
        self.switches.reserve(most(lengths.switches));
        draws.reserve(most(lengths.choices));
    }

    /// Returns the lengths of the lists.
    pub(super) fn lengths(&self, draws: &ChoiceSource) -> Lengths {
        Lengths {
            entries: self.trace.entries.len(),
            locks: self.trace.locks.len(),
            wakes: self.trace.wakes.len(),
            switches: self.switches.len(),
            choices: draws.recorded(),
        }
    }

    /// Hashes the time of the next effect, if it differs from the time of the last.
    #[inline]
    pub(super) fn stamp(&mut self, at: VirtualTime) {
        if at != self.stamped {
            self.stamped = at;
            self.hash_time(at);
        }
    }

    #[inline(never)]
    fn hash_time(&mut self, at: VirtualTime) {
        self.fingerprint.tag(TAG_TIME).u64(at.as_micros());
    }

    /// Records a wake after so many effects that made a task ready, if the recording is full.
    #[inline(always)]
    pub(super) fn wake(&mut self, task: TaskId, effects: usize) {
        if self.recording >= Recording::Full {
            self.push_wake(Wake { effects, task });
        }
    }

    #[inline(never)]
    fn push_wake(&mut self, wake: Wake) {
        self.trace.wakes.push(wake);
    }

    /// Hashes that a plain task was interrupted: its path, the poll and the operation.
    pub(super) fn interruption(&mut self, at: VirtualTime, path: u64, poll: u32, operation: u32) {
        if self.recording != Recording::Off {
            self.stamp(at);
            let hash = self.fingerprint.tag(TAG_INTERRUPTION);
            hash.u64(path).u32(poll).u32(operation);
        }
    }

    pub(super) fn absorb(&mut self, at: VirtualTime, effect: &Effect) {
        if self.recording == Recording::Off {
            return;
        }
        self.stamp(at);
        let hash = &mut self.fingerprint;
        match effect {
            // `Core::record_poll` does the same.
            Effect::Poll { task } => hash.tagged(TAG_POLL, [task.0]),
            Effect::Spawn { task, parent, host } => {
                let parent = parent.map_or(u32::MAX, |parent| parent.0);
                hash.tagged(TAG_SPAWN, [task.0, parent, host.0])
            }
            Effect::End { task, how } => hash.tagged(TAG_END, [task.0, *how as u32]),
            Effect::Packet {
                from,
                to,
                len,
                arrives,
            } => {
                let arrives = arrives.map_or(u64::MAX, VirtualTime::as_micros);
                let halves = [arrives as u32, (arrives >> 32) as u32];
                hash.tagged(TAG_PACKET, [from.0, to.0, *len, halves[0], halves[1]])
            }
            Effect::Arrival { from, to, len } => hash.tagged(TAG_ARRIVAL, [from.0, to.0, *len]),
            Effect::Fault { what } => hash.tag(TAG_FAULT).bytes(what.as_bytes()),
            Effect::Note { task, label, text } => hash
                .tag(TAG_NOTE)
                .u32(task.map_or(u32::MAX, |task| task.0))
                .bytes(label.as_bytes())
                .bytes(text.as_bytes()),
        };
    }
}
