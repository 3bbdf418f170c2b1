//! The boring schedule.

use super::{Candidates, Strategy};

/// First in, first out; a task runs until it has to wait. The boring schedule.
#[derive(Debug, Default)]
pub struct Fifo;

impl Strategy for Fifo {
    fn name(&self) -> &str {
        "fifo"
    }

    fn start(&mut self, _seed: u64) {}

    fn pick(&mut self, _candidates: &Candidates<'_>) -> usize {
        0
    }
}
