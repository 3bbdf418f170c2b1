//! The clock of a host.

use rehearsal_sim::current;

use crate::record::Recorder;

/// The clock of a host: the time of the run, with the error of the host's own wall clock.
#[derive(Clone, Debug)]
pub(super) struct Clock(Recorder);

impl Clock {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self(recorder)
    }

    /// Returns the time in microseconds.
    pub(super) fn now_us(&self) -> u64 {
        let shift = current().map_or(0, |world| world.clock_shift());
        self.0.now().as_micros().saturating_add_signed(shift)
    }
}
