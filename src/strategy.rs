//! Strategies by name: the table is the simulator's.

pub use rehearsal_sim::StrategyName;
