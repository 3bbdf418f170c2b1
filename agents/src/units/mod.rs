//! Units in scenario files: durations, and ranges of them.

pub mod durations;
pub mod times;
