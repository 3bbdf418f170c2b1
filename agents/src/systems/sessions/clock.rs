//! The clock of a host.

use crate::record::Recorder;

/// The clock of a host. All hosts of a run have the same time.
#[derive(Clone, Debug)]
pub(super) struct Clock(Recorder);

impl Clock {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self(recorder)
    }

    /// Returns the time in microseconds.
    pub(super) fn now_us(&self) -> u64 {
        self.0.now().as_micros()
    }
}
