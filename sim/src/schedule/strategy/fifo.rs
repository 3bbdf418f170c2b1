//! The default schedule.

use super::{Candidates, ChoiceKind, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "fifo",
    parameter: None,
    summary: "Runs each task until it has to wait, then the one that is ready longest.",
    paper: None,
    kind: StrategyKind::Sampler(Sampler {
        build: |_, _| Box::new(Fifo),
        needs_profile: false,
        portfolio: &[],
    }),
};

impl StrategyName {
    /// The default schedule.
    pub const FIFO: Self = Self::of(&INFO);
}

/// First in, first out; a task runs until it has to wait. The default schedule.
#[derive(Debug, Default)]
pub struct Fifo;

impl Strategy for Fifo {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, _seed: u64) {}

    fn receives_steps(&self) -> bool {
        false
    }

    fn pick(&mut self, _candidates: &Candidates<'_>) -> usize {
        0
    }

    fn choose(&mut self, _kind: ChoiceKind, _bound: u32) -> Option<u32> {
        Some(0)
    }
}
