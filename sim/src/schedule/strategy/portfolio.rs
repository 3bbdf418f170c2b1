//! The portfolio: another strategy for each seed.

use super::{StrategyInfo, StrategyKind, StrategyName};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "portfolio",
    parameter: None,
    summary: "Gives each seed one of several strategies: none is best everywhere.",
    paper: None,
    kind: StrategyKind::Portfolio,
};

impl StrategyName {
    /// One of several strategies for each seed. None of them is best everywhere: `pct`
    /// is blind where `urw` is strong, and the reverse.
    pub const PORTFOLIO: Self = Self::of(&INFO);
}

impl Default for StrategyName {
    fn default() -> Self {
        Self::PORTFOLIO
    }
}
