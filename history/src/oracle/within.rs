//! The setting `within_ms`, by which oracles bound a time.

use std::time::Duration;

use super::Settings;

/// The name of the setting.
pub(super) const WITHIN: &str = "within_ms";

/// The bound without the setting.
const DEFAULT: Duration = Duration::from_secs(10);

/// Returns the bound: 10 seconds without the setting.
pub(super) fn within(settings: &Settings) -> Duration {
    let set = settings.number(WITHIN).map(Duration::from_millis);
    set.unwrap_or(DEFAULT)
}
