//! A search through cancellations: the default schedule, with a future dropped at each await in
//! turn.

use super::{Exhaustive, Parameter, Scope, StrategyInfo, StrategyKind, StrategyName};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "cancel",
    parameter: Some(Parameter {
        name: "cancellations",
        range: 1..=4,
        default: 1,
    }),
    summary: "Runs the default schedule of a seed once for each await, and cancels what waits there.",
    paper: None,
    kind: StrategyKind::Search(|bound| Exhaustive::within(Scope::Cancellations, bound)),
};

impl StrategyName {
    /// One run for each await at which something can be cancelled. A search, as
    /// [`StrategyName::exhaustive`].
    pub const CANCEL: Self = Self::of(&INFO);
}
