//! Strategies by name: the table is the simulator's.

pub use rehearsal_sim::StrategyName;

use rehearsal_sim::STRATEGIES;

use crate::scenario::suggest::nearest;

/// Returns a complaint about the name of a strategy with the nearest name, if one is near.
pub(crate) fn with_nearest(text: &str, complaint: &str) -> String {
    let (name, _) = text.split_once(':').unwrap_or((text, ""));
    let known = STRATEGIES.iter().any(|info| info.name == name);
    match nearest(name, STRATEGIES.iter().map(|info| info.name)) {
        Some(near) if !known => format!("did you mean `{near}`? {complaint}"),
        _ => complaint.to_owned(),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_is_near_is_suggested() {
        assert_eq!(with_nearest("pso", "no"), "did you mean `pos`? no");
        assert_eq!(with_nearest("rnadom:3", "no"), "did you mean `random`? no");
        // The name is right, and its parameter is not.
        assert_eq!(with_nearest("pct:x", "no"), "no");
        assert_eq!(with_nearest("luck", "no"), "no");
    }
}
