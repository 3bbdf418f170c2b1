//! Strategies by name: the table is the simulator's.

pub use rehearsal_sim::StrategyName;

/// A strategy as text, in messages between processes.
pub(crate) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::StrategyName;

    pub(crate) fn serialize<S: Serializer>(
        strategy: &StrategyName,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(strategy)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<StrategyName, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
